/**
 * What clients have pushed, for `/metrics`: each series with the client's id and instance id as labels.
 *
 * Names: dots become underscores. Kafka's own begin with `org_apache_kafka_`; any other name gets `client_` in front, so that
 * no client can write into a family of the broker's. What is a delta on the wire is added up, as Prometheus wants it.
 *
 * Invariant: the memory is bounded, whatever is pushed: clients, series of one client, series of all, and the length of each
 * text. What finds no room is counted and dropped; a client that no longer pushes goes after its time, the oldest first.
 */
import type { Clock } from '../base/clock.ts';
import type { Uuid } from '../base/uuid.ts';
import {
  addHistogramSamples,
  type Labels,
  type MetricCollection,
  type MetricFamily,
} from '../metrics/metric-family.ts';
import type { MetricKind } from '../metrics/metric-table.ts';
import type { OtlpPoint, OtlpValue } from './otlp-decoder.ts';

const CLIENTS_MAX = 1000;
const SERIES_PER_CLIENT_MAX = 1000;
const SERIES_MAX = 50_000;
const TEXT_LENGTH_MAX = 256;
const OWN_NAMES = 'org_apache_kafka_';
const OTHER_NAMES = 'client_';

interface HistogramState {
  count: number;
  sum: number;
  readonly bounds: readonly number[];
  readonly bucketCounts: number[];
}

interface Series {
  readonly name: string;
  readonly kind: MetricKind;
  readonly help: string;
  readonly labels: Labels;
  value: number;
  histogram: HistogramState | null;
}

interface Client {
  expiresAtMs: number;
  readonly series: Map<string, Series>;
}

export interface PushingClient {
  readonly clientInstanceId: Uuid;
  readonly clientId: string | null;
}

export class PushedMetrics {
  readonly #clock: Clock;
  /** The one that has not pushed for longest first. */
  readonly #clients = new Map<Uuid, Client>();
  #seriesCount = 0;
  #droppedSeries = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get clientCount(): number {
    return this.#clients.size;
  }

  get seriesCount(): number {
    return this.#seriesCount;
  }

  get droppedSeries(): number {
    return this.#droppedSeries;
  }

  push(pushing: PushingClient, points: readonly OtlpPoint[], keepMs: number): void {
    this.#expire();
    const { clientInstanceId } = pushing;
    const client: Client = this.#clients.get(clientInstanceId) ?? { expiresAtMs: 0, series: new Map() };
    client.expiresAtMs = this.#clock.monotonicMs() + keepMs;
    this.#clients.delete(clientInstanceId);
    if (this.#clients.size >= CLIENTS_MAX) this.#removeOldest();
    this.#clients.set(clientInstanceId, client);
    for (const point of points) this.#take(client, pushing, point);
  }

  readonly collect = (samples: MetricCollection): void => {
    this.#expire();
    samples.add('ottla_client_metrics_dropped_series_total', this.#droppedSeries);
    const families = new Map<string, MetricFamily>();
    for (const { series } of this.#clients.values()) {
      for (const one of series.values()) {
        let family = families.get(one.name);
        if (family === undefined) {
          family = { name: one.name, kind: one.kind, help: one.help, samples: [] };
          families.set(one.name, family);
        }
        // Clients may disagree about what a name is; the first one has the say.
        if (family.kind === one.kind) addSamples(family, one);
      }
    }
    for (const family of families.values()) samples.addFamily(family);
  };

  #take(client: Client, { clientInstanceId, clientId }: PushingClient, point: OtlpPoint): void {
    const name = familyName(point.name);
    const labels: Record<string, string> = {};
    for (const [label, value] of point.attributes) labels[labelName(label)] = short(value);
    labels['client_id'] = short(clientId ?? '');
    labels['client_instance_id'] = clientInstanceId;
    const key = JSON.stringify([name, Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))]);
    const kind = kindOf(point.value);
    let series = client.series.get(key);
    if (series === undefined) {
      if (client.series.size >= SERIES_PER_CLIENT_MAX || this.#seriesCount >= SERIES_MAX) {
        this.#droppedSeries++;
        return;
      }
      series = { name, kind, help: helpOf(point), labels, value: 0, histogram: null };
      client.series.set(key, series);
      this.#seriesCount++;
    }
    if (series.kind !== kind || !update(series, point.value)) this.#droppedSeries++;
  }

  #expire(): void {
    const nowMs = this.#clock.monotonicMs();
    for (const [clientInstanceId, client] of this.#clients) {
      if (client.expiresAtMs <= nowMs) this.#remove(clientInstanceId, client);
    }
  }

  #removeOldest(): void {
    for (const [clientInstanceId, client] of this.#clients) {
      this.#remove(clientInstanceId, client);
      return;
    }
  }

  #remove(clientInstanceId: Uuid, client: Client): void {
    this.#clients.delete(clientInstanceId);
    this.#seriesCount -= client.series.size;
  }
}

/** False where the value does not fit what was there. */
function update(series: Series, value: OtlpValue): boolean {
  switch (value.kind) {
    case 'gauge':
      series.value = value.number;
      return true;
    case 'sum':
      series.value = value.delta ? series.value + value.number : value.number;
      return true;
    case 'histogram': {
      const { bounds, bucketCounts, count, sum, delta } = value;
      const known = series.histogram;
      if (!delta || known === null) {
        series.histogram = { count, sum, bounds, bucketCounts: [...bucketCounts] };
        return true;
      }
      if (known.bounds.length !== bounds.length || known.bounds.some((bound, index) => bound !== bounds[index]))
        return false;
      known.count += count;
      known.sum += sum;
      bucketCounts.forEach((added, index) => {
        known.bucketCounts[index]! += added;
      });
      return true;
    }
  }
}

function addSamples(family: MetricFamily, { labels, value, histogram }: Series): void {
  if (histogram === null) {
    family.samples.push({ labels, value });
    return;
  }
  let total = 0;
  addHistogramSamples(family, labels, {
    bounds: histogram.bounds,
    cumulativeCounts: histogram.bounds.map((_bound, index) => {
      total += histogram.bucketCounts[index] ?? 0;
      return total;
    }),
    count: histogram.count,
    sum: histogram.sum,
  });
}

function kindOf(value: OtlpValue): MetricKind {
  switch (value.kind) {
    case 'gauge':
      return 'gauge';
    case 'sum':
      return value.monotonic ? 'counter' : 'gauge';
    case 'histogram':
      return 'histogram';
  }
}

function familyName(name: string): string {
  const plain = short(name).replace(/[^a-zA-Z0-9_]/g, '_');
  return plain.startsWith(OWN_NAMES) ? plain : `${OTHER_NAMES}${plain}`;
}

function labelName(name: string): string {
  const plain = short(name).replace(/[^a-zA-Z0-9_]/g, '_');
  // `le` is the bound of a histogram's bucket, and two underscores in front are Prometheus' own.
  return /^[a-zA-Z]/.test(plain) && plain !== 'le' ? plain : `attribute_${plain}`;
}

function helpOf({ name, description }: OtlpPoint): string {
  return description === '' ? `Pushed by clients as ${short(name)}.` : short(description);
}

function short(text: string): string {
  return text.length <= TEXT_LENGTH_MAX ? text : text.slice(0, TEXT_LENGTH_MAX);
}
