// Loaded into a broker's process before its own code (node --import): measures the event loop's delay and writes it down whenever
// SIGUSR2 asks, as one JSON file beside the last one's place, then begins anew.
import { renameSync, writeFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';

const RESOLUTION_MS = 10;
const path = process.env['OTTLA_BENCH_PROBE'];

if (path !== undefined) {
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delays.enable();
  // From one tick of the timer to the next: its own interval is in there.
  const delayMs = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e6 - RESOLUTION_MS);
  process.on('SIGUSR2', () => {
    const taken = { p999Ms: delayMs(delays.percentile(99.9)), maxMs: delayMs(delays.max), count: delays.count };
    delays.reset();
    writeFileSync(`${path}.written`, JSON.stringify(taken));
    renameSync(`${path}.written`, path);
  });
}
