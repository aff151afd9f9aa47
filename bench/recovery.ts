// How long a start takes when a whole log has to be walked: no clean marker, no recovery points. Each server gets its own copy.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { BenchOptions, BenchRow, BenchSize } from './bench.ts';
import { createTopic, fillPartition, waitForEnd } from './log-data.ts';
import { alternate, cpuSeconds, residentMegabytes, rowOf, startServer } from './side-by-side.ts';

const TOPIC = 'recovered';
const MIB = 1_048_576;
const MEGABYTES: Readonly<Record<BenchSize, number>> = { smoke: 8, quick: 512, full: 10_240 };
const START_TIMEOUT_MS = 600_000;

export async function benchRecovery({ size }: BenchOptions): Promise<BenchRow[]> {
  const batchSize = 16_384;
  const count = Math.floor((MEGABYTES[size] * MIB) / batchSize);
  const shape = { count, batchSize, recordSize: 1024, keyCount: 0 };
  const samples = await alternate(1, async (kind) => {
    const broker = await startServer(kind, {}, { startTimeoutMs: START_TIMEOUT_MS });
    try {
      await createTopic(broker, TOPIC, {});
      await waitForEnd(broker, TOPIC);
      await broker.stop();
      const endOffset = await fillPartition(broker.dataPath, TOPIC, shape, {});
      const start = async (): Promise<number> => {
        const startMs = performance.now();
        await broker.restart();
        const found = await waitForEnd(broker, TOPIC);
        if (found !== endOffset) throw new Error(`${kind}: the log ends at ${found}, not at ${endOffset}`);
        return performance.now() - startMs;
      };
      const clean = await start();
      await broker.stop();
      for (const name of ['.kafka_cleanshutdown', 'recovery-point-offset-checkpoint']) {
        rmSync(join(broker.dataPath, name), { force: true });
      }
      const unclean = await start();
      return {
        unclean,
        clean,
        rate: MEGABYTES[size] / (unclean / 1000),
        cpu: cpuSeconds(broker.pid),
        memory: residentMegabytes(broker.pid),
      };
    } finally {
      await broker.remove();
    }
  });
  const what = `of ${MEGABYTES[size].toLocaleString('en')} MiB`;
  return [
    rowOf(samples, 'unclean', { name: `recovery ${what}: start until the log serves`, unit: 'ms', target: 1 }),
    rowOf(samples, 'rate', { name: `recovery ${what}: rate, with the start`, unit: 'MiB/s' }),
    rowOf(samples, 'cpu', { name: `recovery ${what}: processor time of that start`, unit: 's' }),
    rowOf(samples, 'memory', { name: `recovery ${what}: resident after it`, unit: 'MB' }),
    rowOf(samples, 'clean', { name: 'the same start after a clean stop', unit: 'ms' }),
  ];
}
