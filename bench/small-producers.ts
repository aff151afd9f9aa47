// 200 producers, each with a connection of its own and one record a request.
import type { BenchOptions, BenchRow } from './bench.ts';
import { alternate, cpuSeconds, ROUNDS, rowOf, runProgram, startServer } from './side-by-side.ts';

const PRODUCERS = 200;

export async function benchSmallProducers({ size }: BenchOptions): Promise<BenchRow[]> {
  const records = { smoke: 5, quick: 100, full: 2000 }[size];
  const samples = await alternate(ROUNDS[size], async (kind) => {
    const broker = await startServer(kind, { 'num.partitions': '12' });
    try {
      const args = [broker.bootstrap, 'small', String(PRODUCERS), String(records)];
      await runProgram('SmallProducersProgram', args);
      const before = cpuSeconds(broker.pid);
      const rate = Number(await runProgram('SmallProducersProgram', args));
      return { rate, cpu: ((cpuSeconds(broker.pid) - before) * 1e6) / (PRODUCERS * records) };
    } finally {
      await broker.remove();
    }
  });
  return [
    rowOf(samples, 'rate', { name: '200 one-record producers', unit: 'records/s', targetAtLeast: 1.5 }),
    rowOf(samples, 'cpu', { name: '200 one-record producers: broker CPU per record', unit: 'µs' }),
  ];
}
