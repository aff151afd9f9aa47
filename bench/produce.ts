// kafka-producer-perf-test against both servers: records per second from a cold and from a warm broker, its processor time and memory.
import type { BenchOptions, BenchRow, BenchSize } from './bench.ts';
import { receiverFloor } from './floors.ts';
import {
  alternate,
  cpuSeconds,
  ROUNDS,
  ROUNDS_UNJUDGED,
  residentMegabytes,
  rowOf,
  runTool,
  startServer,
} from './side-by-side.ts';

interface Workload {
  readonly recordBytes: number;
  readonly acks: '1' | 'all';
  readonly batchBytes: number;
  readonly compression: 'none' | 'lz4';
  readonly partitions: number;
}

/** A broker is warm in the third run. */
const RUNS = 3;
const runsOf = (size: BenchSize): number => (size === 'smoke' ? 1 : RUNS);
const GIGABYTE = 1e9;

const plain = { acks: 'all', batchBytes: 16_384, compression: 'none', partitions: 1 } as const;
const quickWorkloads: readonly Workload[] = [
  { ...plain, recordBytes: 100 },
  { ...plain, recordBytes: 1024 },
  { ...plain, recordBytes: 1024, batchBytes: 131_072, compression: 'lz4', partitions: 12 },
];

function allWorkloads(): Workload[] {
  const workloads: Workload[] = [];
  for (const recordBytes of [100, 1024])
    for (const acks of ['1', 'all'] as const)
      for (const batchBytes of [16_384, 131_072])
        for (const compression of ['none', 'lz4'] as const)
          for (const partitions of [1, 12]) workloads.push({ recordBytes, acks, batchBytes, compression, partitions });
  return workloads;
}

/** Gives records per second. */
export async function produceRecords(
  bootstrap: string,
  topic: string,
  { recordBytes, acks, batchBytes, compression }: Omit<Workload, 'partitions'>,
  { records, recordsPerSecond = -1 }: { records: number; recordsPerSecond?: number },
): Promise<number> {
  const output = await runTool('org.apache.kafka.tools.ProducerPerformance', [
    ...['--bootstrap-server', bootstrap, '--topic', topic, '--num-records', String(records)],
    ...['--record-size', String(recordBytes), '--throughput', String(recordsPerSecond), '--command-property'],
    ...[`acks=${acks}`, `batch.size=${batchBytes}`, `compression.type=${compression}`],
  ]);
  const summary = output.trimEnd().split('\n').at(-1) ?? '';
  const rate = /records sent, ([\d.]+) records\/sec/.exec(summary)?.[1];
  if (rate === undefined || !summary.startsWith(`${records} records sent`))
    throw new Error(`not a summary: ${summary}`);
  return Number(rate);
}

interface Measuring {
  readonly rounds: number;
  readonly runs: number;
  readonly bytes: number;
  readonly properties?: Readonly<Record<string, string>>;
}

const isPlain = ({ acks, batchBytes, compression, partitions }: Workload): boolean =>
  acks === plain.acks && batchBytes === plain.batchBytes && compression === 'none' && partitions === 1;

async function measureWorkload(
  workload: Workload,
  { rounds, runs, bytes, properties }: Measuring,
): Promise<BenchRow[]> {
  const records = Math.round(bytes / workload.recordBytes);
  const samples = await alternate(rounds, async (kind) => {
    const broker = await startServer(kind, { 'num.partitions': String(workload.partitions), ...properties });
    try {
      const rates: number[] = [];
      let warmCpuSeconds = 0;
      for (let run = 0; run < runs; run++) {
        const before = cpuSeconds(broker.pid);
        rates.push(await produceRecords(broker.bootstrap, 'produced', workload, { records }));
        warmCpuSeconds = cpuSeconds(broker.pid) - before;
      }
      return {
        cold: rates[0]!,
        warm: rates.at(-1)!,
        cpu: (warmCpuSeconds * GIGABYTE) / (records * workload.recordBytes),
        memory: residentMegabytes(broker.pid),
      };
    } finally {
      await broker.remove();
    }
  });
  const { recordBytes, acks, batchBytes, compression, partitions } = workload;
  const name = `${recordBytes} B, acks=${acks}, batch ${batchBytes >> 10} KiB, ${compression}, ${partitions} partition${partitions === 1 ? '' : 's'}`;
  const isJudged = isPlain(workload);
  const targetOf = (small: number, large: number): { targetAtLeast?: number } =>
    isJudged ? { targetAtLeast: recordBytes === 100 ? small : large } : {};
  return [
    rowOf(samples, 'cold', {
      name: `${name}: cold`,
      unit: 'records/s',
      ...(isJudged && recordBytes === 100 ? { targetAtLeast: 1.5 } : {}),
    }),
    rowOf(samples, 'warm', { name: `${name}: warm`, unit: 'records/s', ...targetOf(1.1, 1.3) }),
    rowOf(samples, 'cpu', { name: `${name}: broker CPU`, unit: 's/GB', ...(isJudged ? { target: 0.6 } : {}) }),
    rowOf(samples, 'memory', { name: `${name}: resident after it`, unit: 'MB' }),
  ];
}

const GIGABYTE_IN_RUNS = Math.ceil(GIGABYTE / RUNS);
const RESIDENT_TARGET_MB = 200;
const FLOOR_TARGET = 1.5;

/** In the quick run, too, a gigabyte goes to the one broker whose memory is judged afterwards. */
function bytesOf({ recordBytes, compression }: Workload, size: BenchSize): number {
  if (size === 'smoke') return 1e6;
  if (recordBytes === 100) return { quick: 8e7, full: 4e8 }[size];
  return compression === 'none' ? GIGABYTE_IN_RUNS : { quick: 1e8, full: 4e8 }[size];
}

export async function benchProduce({ size }: BenchOptions): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  const workloads = { smoke: quickWorkloads.slice(0, 2), quick: quickWorkloads, full: allWorkloads() }[size];
  for (const workload of workloads) {
    rows.push(
      ...(await measureWorkload(workload, {
        rounds: roundsOf(workload, size),
        runs: runsOf(size),
        bytes: bytesOf(workload, size),
      })),
    );
  }
  const floor = await receiverFloor({ smoke: 1e8, quick: 1e9, full: 4e9 }[size]);
  rows.push({ name: 'bare Node program that receives and writes the same bytes: CPU', value: floor, unit: 's/GB' });
  const plainName = '16 KiB, none, 1 partition';
  for (const row of rows.filter(({ name }) => name.includes(`acks=all, batch ${plainName}: broker CPU`))) {
    rows.push({ name: `${row.name}, in units of that`, value: row.value / floor, unit: '×', target: FLOOR_TARGET });
  }
  const resident = rows.find(
    ({ name }) => name.startsWith('1024 B') && name.endsWith(`${plainName}: resident after it`),
  );
  if (resident !== undefined) {
    rows.push({
      name: 'resident memory after 1 GB of it',
      value: resident.value,
      unit: 'MB',
      target: RESIDENT_TARGET_MB,
    });
  }
  return rows;
}

/** What has a target is measured more often. */
function roundsOf(workload: Workload, size: BenchSize): number {
  return isPlain(workload) ? ROUNDS[size] : ROUNDS_UNJUDGED[size];
}

/** The same durability on both sides again, the stronger one: no acknowledgement before the disk has it. */
export async function benchFsync({ size }: BenchOptions): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  for (const recordBytes of [100, 1024]) {
    const bytes = { smoke: 1e5, quick: 1e7, full: 1e8 }[size];
    const options = {
      rounds: ROUNDS_UNJUDGED[size],
      runs: size === 'full' ? RUNS : 1,
      bytes,
      properties: { 'log.flush.interval.messages': '1' },
    };
    rows.push(...(await measureWorkload({ ...plain, recordBytes }, options)));
  }
  return rows.map(({ name, value, unit, apache }) => ({
    name: `fsync, ${name}`,
    value,
    unit,
    ...(apache === undefined ? {} : { apache }),
  }));
}
