/**
 * The monitoring port of a node: who is asked on a scrape, and what state the node is in. The port is open from the start on,
 * so that whoever looks sees a long recovery; a part of the broker joins when it exists.
 */

import type { Clock, Timer } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { Random } from '../base/random.ts';
import type { Endpoint } from '../config/listeners.ts';
import type { MetricSource } from '../metrics/metric-family.ts';
import { RequestMetricsTable } from '../metrics/request-metrics.ts';
import { ClientTelemetry } from '../telemetry/client-telemetry.ts';
import { KAFKA_RELEASE, version } from './version.ts';

/** Kafka's numbers of a broker's states. */
export const nodeState = { STARTING: 1, RECOVERY: 2, RUNNING: 3, CONTROLLED_SHUTDOWN: 6, SHUTTING_DOWN: 7 } as const;
export type NodeState = keyof typeof nodeState;

const REASONS: Readonly<Record<NodeState, string | null>> = {
  STARTING: 'the broker is starting',
  RECOVERY: 'the broker is opening its logs',
  RUNNING: null,
  CONTROLLED_SHUTDOWN: 'the broker is stopping',
  SHUTTING_DOWN: 'the broker is stopping',
};

/** The port cannot be had; the message is a sentence for the user. */
export class MonitoringPortError extends Error {
  override name = 'MonitoringPortError';
}

export interface MonitoringOptions {
  /** Null: nothing is served. */
  readonly endpoint: Endpoint | null;
  readonly nodeId: number;
  readonly clusterId: () => string;
  /** `telemetry.max.bytes` */
  readonly telemetryMaxBytes: number;
  readonly clock: Clock;
  readonly timer: Timer;
  readonly random: Random;
  readonly logger: Logger;
}

export class Monitoring {
  /** Null while metrics are off: then requests are not measured. */
  readonly requests: RequestMetricsTable | null;
  state: NodeState = 'STARTING';
  readonly #options: MonitoringOptions;
  readonly #sources: MetricSource[] = [];
  readonly #unready: (() => string | null)[] = [];
  #server: { readonly port: number; stop(): Promise<void> } | null = null;
  #closeProcessView: (() => void) | null = null;
  #telemetry: ClientTelemetry | null = null;

  constructor(options: MonitoringOptions) {
    this.#options = options;
    this.requests = options.endpoint === null ? null : new RequestMetricsTable();
    if (this.requests !== null) this.#sources.push(this.requests.collect);
  }

  /** Null while nothing is served. */
  get port(): number | null {
    return this.#server?.port ?? null;
  }

  /** Receives what clients push; null while nothing is served. */
  get telemetry(): ClientTelemetry | null {
    return this.#telemetry;
  }

  get isOn(): boolean {
    return this.requests !== null;
  }

  addSources(...sources: readonly MetricSource[]): void {
    this.#sources.push(...sources);
  }

  /** `reason` says why the broker does not serve, or null. */
  addReadiness(reason: () => string | null): void {
    this.#unready.push(reason);
  }

  /** Opens the port, where one is set. What it needs is loaded only then: most brokers start without. */
  async start(): Promise<void> {
    const { endpoint, logger, nodeId, clusterId, clock, timer, random, telemetryMaxBytes } = this.#options;
    if (endpoint === null) return;
    const [{ MonitoringServer }, { loadExposition }, { buildMetrics, processMetrics }, { openProcessView }] =
      await Promise.all([
        import('../http/monitoring-server.ts'),
        import('../metrics/exposition.ts'),
        import('../http/process-metrics.ts'),
        import('./process-view.ts'),
      ]);
    const telemetry = new ClientTelemetry({ clock, timer, random, logger, maxBytes: telemetryMaxBytes });
    this.#telemetry = telemetry;
    const view = openProcessView();
    this.#closeProcessView = () => view.close();
    this.addSources(
      buildMetrics({
        version,
        kafkaRelease: KAFKA_RELEASE,
        nodeId,
        clusterId,
        brokerState: () => nodeState[this.state],
      }),
      processMetrics(view),
      telemetry.collect,
    );
    const exposition = loadExposition(this.#sources, timer);
    try {
      this.#server = await MonitoringServer.start({
        ...endpoint,
        exposition,
        notReadyBecause: () => this.#notReadyBecause(),
        logger,
      });
    } catch (error) {
      view.close();
      const reason = error instanceof Error ? error.message : String(error);
      throw new MonitoringPortError(`Cannot serve metrics on ${endpoint.host}, port ${endpoint.port}: ${reason}`);
    }
    logger.info('serving metrics and health', { host: endpoint.host, port: this.#server.port });
  }

  async stop(): Promise<void> {
    this.#telemetry?.close();
    this.#closeProcessView?.();
    await this.#server?.stop();
    this.#server = null;
  }

  #notReadyBecause(): string | null {
    const byState = REASONS[this.state];
    if (byState !== null) return byState;
    for (const unready of this.#unready) {
      const reason = unready();
      if (reason !== null) return reason;
    }
    return null;
  }
}
