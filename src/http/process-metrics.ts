/** What a scrape says of the process. With several brokers in one process each of them tells the same. */
import type { MetricSource } from '../metrics/metric-family.ts';

export interface ProcessView {
  readonly nodeVersion: string;
  readonly startedAtMs: number;
  cpuMicroseconds(): { readonly user: number; readonly system: number };
  memory(): {
    readonly rss: number;
    readonly heapTotal: number;
    readonly heapUsed: number;
    readonly external: number;
    readonly arrayBuffers: number;
  };
  eventLoopMs(): { readonly active: number; readonly idle: number };
  /** Delays since the last call, in milliseconds. */
  takeEventLoopDelays(): {
    readonly mean: number;
    readonly max: number;
    readonly p50: number;
    readonly p90: number;
    readonly p99: number;
  };
}

export interface BuildView {
  readonly version: string;
  readonly kafkaRelease: string;
  readonly nodeId: number;
  readonly clusterId: () => string;
  /** Kafka's number. */
  readonly brokerState: () => number;
}

export function buildMetrics(view: BuildView): MetricSource {
  return (samples) => {
    samples.add('kafka_server_kafkaserver_brokerstate', view.brokerState());
    samples.add('ottla_build_info', 1, {
      version: view.version,
      kafka_release: view.kafkaRelease,
      node_id: view.nodeId,
      cluster_id: view.clusterId(),
    });
  };
}

export function processMetrics(view: ProcessView): MetricSource {
  return (samples) => {
    samples.add('process_start_time_seconds', view.startedAtMs / 1000);
    const cpu = view.cpuMicroseconds();
    samples.add('process_cpu_user_seconds_total', cpu.user / 1e6);
    samples.add('process_cpu_system_seconds_total', cpu.system / 1e6);
    const memory = view.memory();
    samples.add('process_resident_memory_bytes', memory.rss);
    samples.add('nodejs_heap_size_total_bytes', memory.heapTotal);
    samples.add('nodejs_heap_size_used_bytes', memory.heapUsed);
    samples.add('nodejs_external_memory_bytes', memory.external);
    samples.add('nodejs_arraybuffer_memory_bytes', memory.arrayBuffers);
    const delays = view.takeEventLoopDelays();
    samples.add('nodejs_eventloop_lag_mean_seconds', delays.mean / 1000);
    samples.add('nodejs_eventloop_lag_max_seconds', delays.max / 1000);
    samples.add('nodejs_eventloop_lag_p50_seconds', delays.p50 / 1000);
    samples.add('nodejs_eventloop_lag_p90_seconds', delays.p90 / 1000);
    samples.add('nodejs_eventloop_lag_p99_seconds', delays.p99 / 1000);
    const loop = view.eventLoopMs();
    samples.add('nodejs_eventloop_active_seconds_total', loop.active / 1000);
    samples.add('nodejs_eventloop_idle_seconds_total', loop.idle / 1000);
    samples.add('nodejs_version_info', 1, { version: view.nodeVersion });
  };
}
