// A transactional producer of the official client: transactions of 100 records, one after the other.
import type { BenchOptions, BenchRow } from './bench.ts';
import { alternate, ROUNDS_UNJUDGED, rowOf, runProgram, startServer } from './side-by-side.ts';

const RECORDS = 100;

export async function benchTransactions({ size }: BenchOptions): Promise<BenchRow[]> {
  const transactions = { smoke: 20, quick: 1500, full: 5000 }[size];
  const samples = await alternate(ROUNDS_UNJUDGED[size], async (kind) => {
    const broker = await startServer(kind, { 'num.partitions': '3' });
    try {
      const warmUp = Math.ceil(transactions / 3);
      const args = [broker.bootstrap, 'transactions', String(warmUp), String(transactions), String(RECORDS)];
      const printed = await runProgram('TransactionsProgram', args);
      const [rate, p50, p99] = printed.trim().split(' ').map(Number);
      return { rate: rate!, p50: p50!, p99: p99! };
    } finally {
      await broker.remove();
    }
  });
  const what = `transactions of ${RECORDS} records`;
  return [
    rowOf(samples, 'rate', { name: what, unit: 'transactions/s', targetAtLeast: 1 }),
    rowOf(samples, 'p50', { name: `${what}: p50`, unit: 'µs' }),
    rowOf(samples, 'p99', { name: `${what}: p99`, unit: 'µs', target: 1 }),
  ];
}
