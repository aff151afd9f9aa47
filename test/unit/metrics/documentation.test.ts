import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { renderMetrics } from '../../../scripts/generate-metrics-table.ts';
import { type MetricRow, metricTable } from '../../../src/metrics/metric-table.ts';

const root = new URL('../../../', import.meta.url);

test('docs/metrics.md says what the code says (npm run docs)', () => {
  expect(readFileSync(new URL('docs/metrics.md', root), 'utf8')).toBe(renderMetrics());
});

test('each metric of the table is collected somewhere', () => {
  const source = readdirSync(new URL('src/', root), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !path.endsWith('metric-table.ts'))
    .map((path) => readFileSync(new URL(`src/${path}`, root), 'utf8'))
    .join('\n');
  expect(Object.keys(metricTable).filter((name) => !new RegExp(`\\b${name}\\b`).test(source))).toEqual([]);
});

test('names are of a form that Prometheus takes, and counters end as counters do', () => {
  for (const [name, { kind }] of Object.entries<MetricRow>(metricTable)) {
    expect(name).toMatch(/^[a-z][a-z0-9_]*$/);
    if (kind === 'counter') expect(name).toMatch(/_(total|count)$/);
    else expect(name).not.toMatch(/_total$/);
  }
});
