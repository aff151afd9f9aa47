// What a broker costs that nobody uses, and how long it takes to be there: start to serving, memory, processor time.
import { Broker } from '../src/index.ts';
import { type BenchOptions, type BenchRow, median } from './bench.ts';
import { alternate, cpuSeconds, ROUNDS_UNJUDGED, residentMegabytes, rowOf, startServer } from './side-by-side.ts';

const SETTLE_MS = 5000;
const EMBEDDED_ROUNDS = 9;

async function embeddedStartMs(): Promise<number> {
  const samples: number[] = [];
  for (let round = 0; round < EMBEDDED_ROUNDS; round++) {
    const start = performance.now();
    const broker = await Broker.start({ port: 0, ephemeral: true });
    samples.push(performance.now() - start);
    await broker.stop();
  }
  return median(samples);
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export async function benchIdle({ size }: BenchOptions): Promise<BenchRow[]> {
  const idleMs = { smoke: 1000, quick: 12_000, full: 60_000 }[size];
  const samples = await alternate(ROUNDS_UNJUDGED[size], async (kind) => {
    // Nothing is in the process that a user's has not.
    const broker = await startServer(kind, {}, { isProbed: false });
    try {
      await broker.stop();
      const start = performance.now();
      await broker.restart();
      const startMs = performance.now() - start;
      await sleep(SETTLE_MS);
      const before = cpuSeconds(broker.pid);
      await sleep(idleMs);
      const cpu = ((cpuSeconds(broker.pid) - before) * 1e6) / idleMs;
      return { start: startMs, cpu, memory: residentMegabytes(broker.pid) };
    } finally {
      await broker.remove();
    }
  });
  const memory = rowOf(samples, 'memory', { name: 'resident memory, idle', unit: 'MB' });
  return [
    rowOf(samples, 'start', { name: 'start of the process to serving', unit: 'ms', target: 0.1 }),
    rowOf(samples, 'cpu', { name: 'processor time, idle', unit: 'ms/s', target: 0.2 }),
    memory,
    { name: 'resident memory, idle: of Ottla alone', value: memory.value, unit: 'MB', target: 80 },
    { name: 'embedded: Broker.start() to serving', value: await embeddedStartMs(), unit: 'ms', target: 50 },
  ];
}
