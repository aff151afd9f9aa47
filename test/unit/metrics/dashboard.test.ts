import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type MetricRow, metricTable } from '../../../src/metrics/metric-table.ts';

interface Dashboard {
  readonly panels: readonly {
    readonly title: string;
    readonly type: string;
    readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
  }[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly definition?: string }[] };
}

const dashboard = JSON.parse(
  readFileSync(new URL('../../../docs/grafana/ottla.json', import.meta.url), 'utf8'),
) as Dashboard;

/** Names that a scrape shows, with the labels that each has. */
const shown = new Map<string, readonly string[]>();
for (const [name, { kind, labels }] of Object.entries<MetricRow>(metricTable)) {
  if (kind !== 'histogram') shown.set(name, labels);
  else {
    shown.set(`${name}_bucket`, [...labels, 'le']);
    shown.set(`${name}_sum`, labels);
    shown.set(`${name}_count`, labels);
  }
}

const expressions = [
  ...dashboard.panels.flatMap((panel) => (panel.targets ?? []).map(({ expr }) => expr)),
  ...dashboard.templating.list.flatMap(({ definition }) => (definition === undefined ? [] : [definition])),
];

test('every expression of the dashboard asks for metrics and labels that exist', () => {
  const wrong: string[] = [];
  let metricCount = 0;
  for (const expression of expressions) {
    const metrics = [...expression.matchAll(/\b([a-z]+_[a-z0-9_]{4,})(?:\{([^}]*)\}|\s*,)/g)].filter(
      ([, name]) => name !== 'histogram_quantile' && name !== 'label_values',
    );
    if (metrics.length === 0) wrong.push(`no metric in ${expression}`);
    for (const [, name, matchers] of metrics) {
      metricCount++;
      const labels = shown.get(name!);
      if (labels === undefined) {
        wrong.push(`${name} does not exist`);
        continue;
      }
      const grouping = /\bby \(([^)]*)\)/.exec(expression)?.[1] ?? '';
      const asked = [...(matchers ?? '').matchAll(/(\w+)(?:=~|!=|=)"/g), ...grouping.matchAll(/(\w+)/g)].map(
        ([, label]) => label!,
      );
      // Prometheus itself adds `instance`.
      for (const label of asked)
        if (label !== 'instance' && !labels.includes(label)) wrong.push(`${name} has no ${label}`);
    }
  }
  expect(wrong).toEqual([]);
  expect(metricCount).toBeGreaterThan(30);
});

test('legends name labels that the expression keeps', () => {
  for (const { title, targets } of dashboard.panels) {
    for (const { expr, legendFormat } of targets ?? []) {
      for (const [, label] of legendFormat.matchAll(/\{\{(\w+)\}\}/g)) {
        const kept = /\bby \(([^)]*)\)/.exec(expr)?.[1];
        expect(kept === undefined || kept.split(/,\s*/).includes(label!), `${title}: ${legendFormat}`).toBe(true);
      }
    }
  }
});
