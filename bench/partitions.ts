// Many partitions on one broker: creating them, describing them all, starting again with them.
import type { BenchOptions, BenchRow } from './bench.ts';
import { alternate, ROUNDS, residentMegabytes, rowOf, runProgram, startServer } from './side-by-side.ts';

async function measure(partitions: number, rounds: number): Promise<BenchRow[]> {
  const samples = await alternate(rounds, async (kind) => {
    const broker = await startServer(kind);
    try {
      const program = async (action: string): Promise<number[]> =>
        (await runProgram('PartitionsProgram', [broker.bootstrap, action, String(partitions)]))
          .trim()
          .split(' ')
          .map(Number);
      const [create, describe] = await program('create');
      const memory = residentMegabytes(broker.pid);
      await broker.stop();
      const start = performance.now();
      await broker.restart();
      await program('wait');
      return { create: create!, describe: describe!, memory, restart: performance.now() - start };
    } finally {
      await broker.remove();
    }
  });
  const name = `${partitions.toLocaleString('en')} partitions`;
  const target = partitions === 1000 ? {} : { target: 0.5 };
  return [
    rowOf(samples, 'create', { name: `${name}: create`, unit: 'ms', ...target }),
    rowOf(samples, 'describe', { name: `${name}: describe all`, unit: 'ms' }),
    rowOf(samples, 'restart', { name: `${name}: start until all have leaders`, unit: 'ms', ...target }),
    rowOf(samples, 'memory', { name: `${name}: resident`, unit: 'MB' }),
  ];
}

export async function benchPartitions({ size }: BenchOptions): Promise<BenchRow[]> {
  if (size === 'smoke') return measure(100, 1);
  return [
    ...(await measure(1000, size === 'quick' ? 1 : ROUNDS[size])),
    ...(await measure(10_000, size === 'quick' ? 1 : 2)),
  ];
}
