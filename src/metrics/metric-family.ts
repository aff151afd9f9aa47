/** What a scrape collects: families of samples. Counting itself happens elsewhere, in plain number fields. */
import type { Histogram } from './histogram.ts';
import { type MetricKind, type MetricName, type MetricRow, metricTable } from './metric-table.ts';

export type Labels = Readonly<Record<string, string | number>>;

export interface MetricSample {
  /** Where it is not the family's own: `…_bucket`, `…_sum`, `…_count`. */
  readonly name?: string;
  readonly labels: Labels;
  readonly value: number;
}

export interface MetricFamily {
  readonly name: string;
  readonly kind: MetricKind;
  readonly help: string;
  readonly samples: MetricSample[];
}

/** Adds its samples; called once per scrape. */
export type MetricSource = (samples: MetricCollection) => void | Promise<void>;

const noLabels: Labels = {};

/** The samples of one scrape. */
export class MetricCollection {
  readonly #families = new Map<string, MetricFamily>();

  add(name: MetricName, value: number, labels: Labels = noLabels): void {
    this.#family(name).samples.push({ labels, value });
  }

  addHistogram(name: MetricName, histogram: Histogram, labels: Labels = noLabels): void {
    addHistogramSamples(this.#family(name), labels, {
      bounds: histogram.bounds,
      cumulativeCounts: histogram.cumulativeCounts(),
      count: histogram.count,
      sum: histogram.sum,
    });
  }

  /** A family of which the table knows nothing: what clients push. Its name is not one of the table's. */
  addFamily(family: MetricFamily): void {
    this.#families.set(family.name, family);
  }

  families(): MetricFamily[] {
    return [...this.#families.values()];
  }

  #family(name: MetricName): MetricFamily {
    let family = this.#families.get(name);
    if (family === undefined) {
      const row: MetricRow = metricTable[name];
      family = { name, kind: row.kind, help: row.help, samples: [] };
      this.#families.set(name, family);
    }
    return family;
  }
}

export interface HistogramCounts {
  readonly bounds: readonly number[];
  readonly cumulativeCounts: readonly number[];
  readonly count: number;
  readonly sum: number;
}

export function addHistogramSamples(family: MetricFamily, labels: Labels, counts: HistogramCounts): void {
  const { samples } = family;
  const bucket = `${family.name}_bucket`;
  counts.bounds.forEach((bound, index) => {
    samples.push({ name: bucket, labels: { ...labels, le: bound }, value: counts.cumulativeCounts[index]! });
  });
  samples.push({ name: bucket, labels: { ...labels, le: '+Inf' }, value: counts.count });
  samples.push({ name: `${family.name}_sum`, labels, value: counts.sum });
  samples.push({ name: `${family.name}_count`, labels, value: counts.count });
}
