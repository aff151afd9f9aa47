// Time from send to receipt of single records through the official clients, on an idle broker and beside 50 MB/s of other traffic.
import type { RunningBroker } from '../test/support/brokers.ts';
import type { BenchOptions, BenchRow, BenchSize } from './bench.ts';
import { produceRecords } from './produce.ts';
import { alternate, ROUNDS, rowOf, runProgram, runTool, startServer } from './side-by-side.ts';

const WARM_UP_RECORDS: Readonly<Record<BenchSize, number>> = { smoke: 50, quick: 1500, full: 3000 };
const LOAD_RECORDS_PER_SECOND = 50_000;
const load = { recordBytes: 1000, acks: 'all', batchBytes: 16_384, compression: 'none' } as const;

async function quantiles(
  { bootstrap }: RunningBroker,
  topic: string,
  { records, warmUp }: { records: number; warmUp: number },
): Promise<number[]> {
  const printed = await runProgram('LatencyProgram', [bootstrap, topic, String(warmUp), String(records)]);
  const figures = printed.trim().split(' ').map(Number);
  if (figures.length !== 3 || figures.some(Number.isNaN)) throw new Error(`not three quantiles: ${printed}`);
  return figures;
}

/** The average that kafka-e2e-latency prints, in milliseconds. */
async function officialAverage({ bootstrap }: RunningBroker, records: number): Promise<number> {
  const printed = await runTool('org.apache.kafka.tools.EndToEndLatency', [
    ...['--bootstrap-server', bootstrap, '--topic', 'official', '--num-records', String(records)],
    ...['--producer-acks', 'all', '--record-size', '100'],
  ]);
  const average = /Avg latency: ([\d.]+) ms/.exec(printed)?.[1];
  if (average === undefined) throw new Error(`not an average: ${printed}`);
  return Number(average);
}

export async function benchLatency({ size }: BenchOptions): Promise<BenchRow[]> {
  const records = { smoke: 50, quick: 2500, full: 20_000 }[size];
  const warmUp = WARM_UP_RECORDS[size];
  const loadSeconds = { smoke: 1, quick: 6, full: 60 }[size];
  const samples = await alternate(ROUNDS[size], async (kind) => {
    const broker = await startServer(kind);
    try {
      const [p50, p99, p999] = await quantiles(broker, 'unloaded', { records, warmUp });
      const average = await officialAverage(broker, records);
      const options = { records: LOAD_RECORDS_PER_SECOND * loadSeconds, recordsPerSecond: LOAD_RECORDS_PER_SECOND };
      const traffic = produceRecords(broker.bootstrap, 'traffic', load, options);
      const [loadedP50, loadedP99, loadedP999] = await quantiles(broker, 'loaded', { records: records / 5, warmUp });
      await traffic;
      return {
        ...{ p50: p50!, p99: p99!, p999: p999!, average: average * 1000 },
        ...{ loadedP50: loadedP50!, loadedP99: loadedP99!, loadedP999: loadedP999! },
      };
    } finally {
      await broker.remove();
    }
  });
  const unit = 'µs';
  return [
    rowOf(samples, 'p50', { name: 'end to end, unloaded: p50', unit, target: 0.6 }),
    rowOf(samples, 'p99', { name: 'end to end, unloaded: p99', unit, target: 0.6 }),
    rowOf(samples, 'p999', { name: 'end to end, unloaded: p99.9', unit }),
    rowOf(samples, 'average', { name: 'kafka-e2e-latency, unloaded: average', unit }),
    rowOf(samples, 'loadedP50', { name: 'end to end beside 50 MB/s: p50', unit }),
    rowOf(samples, 'loadedP99', { name: 'end to end beside 50 MB/s: p99', unit }),
    rowOf(samples, 'loadedP999', { name: 'end to end beside 50 MB/s: p99.9', unit }),
  ];
}
