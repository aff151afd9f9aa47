// kafka-consumer-perf-test against both servers: a log from its start, and its tail while a producer writes.
import type { BenchOptions, BenchRow } from './bench.ts';
import { receiverFloor, senderFloor } from './floors.ts';
import { produceRecords } from './produce.ts';
import { alternate, cpuSeconds, ROUNDS, rowOf, runTool, startServer } from './side-by-side.ts';

const RECORD_BYTES = 1024;
const GIGABYTE = 1e9;
const FLOOR_TARGET = 1.5;
const workload = { recordBytes: RECORD_BYTES, acks: 'all', batchBytes: 16_384, compression: 'none' } as const;

/** Records per second while records were fetched, without the time of joining a group. */
async function consumeRecords(bootstrap: string, topic: string, records: number): Promise<number> {
  const output = await runTool('org.apache.kafka.tools.ConsumerPerformance', [
    ...['--bootstrap-server', bootstrap, '--topic', topic, '--num-records', String(records), '--timeout', '60000'],
    '--hide-header',
  ]);
  const columns = output.trimEnd().split('\n').at(-1)?.split(', ') ?? [];
  const [consumed, fetchRate] = [Number(columns[4]), Number(columns[9])];
  if (!(consumed >= records && fetchRate > 0)) throw new Error(`not all records were consumed: ${output}`);
  return fetchRate;
}

export async function benchConsume({ size }: BenchOptions): Promise<BenchRow[]> {
  const records = Math.round({ smoke: 1e6, quick: 2e8, full: 1e9 }[size] / RECORD_BYTES);
  const gigabytes = (records * RECORD_BYTES) / GIGABYTE;
  const samples = await alternate(ROUNDS[size], async (kind) => {
    const broker = await startServer(kind);
    try {
      await produceRecords(broker.bootstrap, 'consumed', workload, { records });
      // Once to warm up, which is also the longest that any consumer waits for a first broker.
      await consumeRecords(broker.bootstrap, 'consumed', records);
      const before = cpuSeconds(broker.pid);
      const start = await consumeRecords(broker.bootstrap, 'consumed', records);
      const startCpu = (cpuSeconds(broker.pid) - before) / gigabytes;
      const between = cpuSeconds(broker.pid);
      const [tail] = await Promise.all([
        consumeRecords(broker.bootstrap, 'followed', records),
        produceRecords(broker.bootstrap, 'followed', workload, { records }),
      ]);
      return { start, startCpu, tail, tailCpu: (cpuSeconds(broker.pid) - between) / gigabytes };
    } finally {
      await broker.remove();
    }
  });
  const startCpu = rowOf(samples, 'startCpu', {
    name: 'consume 1 KiB from the start: broker CPU',
    unit: 's/GB',
    target: 1,
  });
  const tailCpu = rowOf(samples, 'tailCpu', {
    name: 'producer and consumer at the tail: broker CPU',
    unit: 's/GB',
    target: 1,
  });
  const floorBytes = { smoke: 1e8, quick: 1e9, full: 4e9 }[size];
  const [receiver, sender] = [await receiverFloor(floorBytes), await senderFloor(floorBytes)];
  const inUnits = { unit: '×', target: FLOOR_TARGET };
  return [
    rowOf(samples, 'start', { name: 'consume 1 KiB from the start', unit: 'records/s', targetAtLeast: 1 }),
    startCpu,
    rowOf(samples, 'tail', { name: 'consume 1 KiB at the tail of a producer', unit: 'records/s', targetAtLeast: 1 }),
    tailCpu,
    { name: 'bare Node program that reads a file and sends it: CPU', value: sender, unit: 's/GB' },
    { name: `${startCpu.name}, in units of that`, value: startCpu.value / sender, ...inUnits },
    {
      name: `${tailCpu.name}, in units of that and of one that receives`,
      value: tailCpu.value / (sender + receiver),
      ...inUnits,
    },
  ];
}
