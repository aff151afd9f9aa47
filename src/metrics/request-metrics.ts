/**
 * What a broker counts of its requests, by API (Kafka's RequestMetrics): how many of each version, errors, and the time
 * spent in each phase.
 *
 *     received ──queue──> dispatched ──local──> handler returned ──remote──> answered ──response queue──> written ──send──> sent
 *
 * Nothing of this exists unless somebody looks: then each request has one `RequestTimes`, which net and apis fill in.
 */
import type { Clock } from '../base/clock.ts';
import { Histogram } from './histogram.ts';
import type { MetricCollection } from './metric-family.ts';

const TIME_BOUNDS_MS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000];
const SIZE_BOUNDS = [100, 1000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000];

export class RequestMetrics {
  readonly name: string;
  /** Requests by API version. */
  readonly countByVersion = new Map<number, number>();
  readonly countByError = new Map<string, number>();
  readonly requestBytes = new Histogram(SIZE_BOUNDS);
  readonly queueMs = new Histogram(TIME_BOUNDS_MS);
  readonly localMs = new Histogram(TIME_BOUNDS_MS);
  readonly remoteMs = new Histogram(TIME_BOUNDS_MS);
  readonly throttleMs = new Histogram(TIME_BOUNDS_MS);
  readonly responseQueueMs = new Histogram(TIME_BOUNDS_MS);
  readonly responseSendMs = new Histogram(TIME_BOUNDS_MS);
  readonly totalMs = new Histogram(TIME_BOUNDS_MS);

  constructor(name: string) {
    this.name = name;
  }

  countError(error: string): void {
    this.countByError.set(error, (this.countByError.get(error) ?? 0) + 1);
  }

  record(times: RequestTimes): void {
    const { apiVersion, phases } = times;
    this.countByVersion.set(apiVersion, (this.countByVersion.get(apiVersion) ?? 0) + 1);
    this.requestBytes.record(times.requestBytes);
    this.queueMs.record(phases.queueMs);
    this.localMs.record(phases.localMs);
    this.remoteMs.record(phases.remoteMs);
    this.throttleMs.record(times.throttleMs);
    this.responseQueueMs.record(phases.responseQueueMs);
    this.responseSendMs.record(phases.responseSendMs);
    this.totalMs.record(phases.totalMs);
  }
}

export interface RequestPhases {
  readonly queueMs: number;
  readonly localMs: number;
  readonly remoteMs: number;
  readonly responseQueueMs: number;
  readonly responseSendMs: number;
  readonly totalMs: number;
}

export interface RequestTimesOptions {
  readonly clock: Clock;
  /** Empty where only the request log wants the times. */
  readonly metrics: readonly RequestMetrics[];
  readonly apiVersion: number;
  readonly requestBytes: number;
}

/** When one request entered each phase, in monotonic milliseconds. A phase that was passed over takes no time. */
export class RequestTimes {
  readonly apiVersion: number;
  readonly requestBytes: number;
  throttleMs = 0;
  /** What the request log shows of the response; null where there was none, or nobody asked. */
  response: unknown = null;
  /** Told once, when the response has been sent or there is none. */
  onFinished: ((times: RequestTimes) => void) | null = null;
  readonly #clock: Clock;
  #metrics: readonly RequestMetrics[];
  #receivedMs: number;
  readonly #startMs: number;
  #localEndMs = 0;
  #answeredMs = 0;
  #writtenMs = 0;
  #endMs = 0;

  constructor(options: RequestTimesOptions) {
    this.#clock = options.clock;
    this.#metrics = options.metrics;
    this.apiVersion = options.apiVersion;
    this.requestBytes = options.requestBytes;
    this.#startMs = options.clock.monotonicMs();
    this.#receivedMs = this.#startMs;
  }

  /** Counted under one more name, as Kafka does with FetchConsumer and FetchFollower. */
  alsoAs(metrics: RequestMetrics): void {
    this.#metrics = [...this.#metrics, metrics];
  }

  get metrics(): readonly RequestMetrics[] {
    return this.#metrics;
  }

  received(atMs: number): void {
    this.#receivedMs = Math.min(atMs, this.#startMs);
  }

  /** The handler has returned, perhaps with a promise. */
  handled(): void {
    this.#localEndMs = this.#clock.monotonicMs();
  }

  answered(): void {
    this.#answeredMs = this.#clock.monotonicMs();
  }

  written(): void {
    this.#writtenMs = this.#clock.monotonicMs();
  }

  finished(): void {
    if (this.#endMs !== 0) return;
    this.#endMs = this.#clock.monotonicMs();
    for (const metrics of this.#metrics) metrics.record(this);
    this.onFinished?.(this);
  }

  get phases(): RequestPhases {
    const localEndMs = Math.max(this.#localEndMs, this.#startMs);
    const answeredMs = Math.max(this.#answeredMs, localEndMs);
    const writtenMs = Math.max(this.#writtenMs, answeredMs);
    const endMs = Math.max(this.#endMs, writtenMs);
    return {
      queueMs: this.#startMs - this.#receivedMs,
      localMs: localEndMs - this.#startMs,
      remoteMs: answeredMs - localEndMs,
      responseQueueMs: writtenMs - answeredMs,
      responseSendMs: endMs - writtenMs,
      totalMs: endMs - this.#receivedMs,
    };
  }
}

/** The APIs that were asked for so far. */
export class RequestMetricsTable {
  readonly #byName = new Map<string, RequestMetrics>();

  /** `name` is an API's, so there are only so many. */
  of(name: string): RequestMetrics {
    let metrics = this.#byName.get(name);
    if (metrics === undefined) {
      metrics = new RequestMetrics(name);
      this.#byName.set(name, metrics);
    }
    return metrics;
  }

  readonly collect = (samples: MetricCollection): void => {
    for (const metrics of this.#byName.values()) {
      const labels = { request: metrics.name };
      for (const [version, count] of metrics.countByVersion) {
        samples.add('kafka_network_requestmetrics_requests_total', count, { ...labels, version });
      }
      for (const [error, count] of metrics.countByError) {
        samples.add('kafka_network_requestmetrics_errors_total', count, { ...labels, error });
      }
      samples.addHistogram('kafka_network_requestmetrics_requestbytes', metrics.requestBytes, labels);
      samples.addHistogram('kafka_network_requestmetrics_requestqueuetimems', metrics.queueMs, labels);
      samples.addHistogram('kafka_network_requestmetrics_localtimems', metrics.localMs, labels);
      samples.addHistogram('kafka_network_requestmetrics_remotetimems', metrics.remoteMs, labels);
      samples.addHistogram('kafka_network_requestmetrics_throttletimems', metrics.throttleMs, labels);
      samples.addHistogram('kafka_network_requestmetrics_responsequeuetimems', metrics.responseQueueMs, labels);
      samples.addHistogram('kafka_network_requestmetrics_responsesendtimems', metrics.responseSendMs, labels);
      samples.addHistogram('kafka_network_requestmetrics_totaltimems', metrics.totalMs, labels);
    }
  };
}
