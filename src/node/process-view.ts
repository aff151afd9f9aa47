// The process behind `http/process-metrics.ts`.
import type { ProcessView } from '../http/process-metrics.ts';

const RESOLUTION_MS = 10;

/** Measures the event loop until `close`. */
export function openProcessView(): ProcessView & { close(): void } {
  // Loaded with the metrics, not with the bundle that holds this file.
  const { monitorEventLoopDelay } = process.getBuiltinModule('node:perf_hooks');
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delays.enable();
  // Node measures from one tick of its timer to the next, so the timer's own interval is in there.
  const delayMs = (nanoseconds: number): number =>
    Number.isFinite(nanoseconds) ? Math.max(0, nanoseconds / 1e6 - RESOLUTION_MS) : 0;
  return {
    nodeVersion: process.version,
    startedAtMs: performance.timeOrigin,
    cpuMicroseconds: () => process.cpuUsage(),
    memory: () => process.memoryUsage(),
    eventLoopMs: () => performance.eventLoopUtilization(),
    takeEventLoopDelays() {
      const taken = {
        mean: delayMs(delays.mean),
        max: delayMs(delays.max),
        p50: delayMs(delays.percentile(50)),
        p90: delayMs(delays.percentile(90)),
        p99: delayMs(delays.percentile(99)),
      };
      delays.reset();
      return taken;
    },
    close: () => void delays.disable(),
  };
}
