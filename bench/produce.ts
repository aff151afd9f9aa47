// kafka-producer-perf-test against both servers: records per second from a cold and from a warm broker, its processor time and memory.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { BenchOptions, BenchRow } from './bench.ts';
import { alternate, cpuSeconds, ROUNDS, residentMegabytes, rowOf, runTool, startServer } from './side-by-side.ts';

interface Workload {
  readonly recordBytes: number;
  readonly acks: '1' | 'all';
  readonly batchBytes: number;
  readonly compression: 'none' | 'lz4';
  readonly partitions: number;
}

/** A broker is warm in the third run. */
const RUNS = 3;
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

async function measureWorkload(workload: Workload, rounds: number, bytes: number): Promise<BenchRow[]> {
  const records = Math.round(bytes / workload.recordBytes);
  const samples = await alternate(rounds, async (kind) => {
    const broker = await startServer(kind, { 'num.partitions': String(workload.partitions) });
    try {
      const rates: number[] = [];
      let warmCpuSeconds = 0;
      for (let run = 0; run < RUNS; run++) {
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
  const isPlain = acks === 'all' && batchBytes === 16_384 && compression === 'none' && partitions === 1;
  const targetOf = (small: number, large: number): { targetAtLeast?: number } =>
    isPlain ? { targetAtLeast: recordBytes === 100 ? small : large } : {};
  return [
    rowOf(samples, 'cold', {
      name: `${name}: cold`,
      unit: 'records/s',
      ...(isPlain && recordBytes === 100 ? { targetAtLeast: 1.5 } : {}),
    }),
    rowOf(samples, 'warm', { name: `${name}: warm`, unit: 'records/s', ...targetOf(1.1, 1.3) }),
    rowOf(samples, 'cpu', { name: `${name}: broker CPU`, unit: 's/GB', ...(isPlain ? { target: 0.6 } : {}) }),
    rowOf(samples, 'memory', { name: `${name}: resident after it`, unit: 'MB' }),
  ];
}

/** Processor seconds per gigabyte of a bare Node program that receives bytes in requests of 16 KiB, writes them to a file and answers each. */
async function floorCpuSecondsPerGigabyte(bytes: number): Promise<number> {
  const receiver = spawn(process.execPath, [fileURLToPath(new URL('./floor-receiver.js', import.meta.url))], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const [port] = (await once(receiver.stdout, 'data')) as [Buffer];
    const socket = connect(Number(String(port)), '127.0.0.1');
    await once(socket, 'connect');
    const before = cpuSeconds(receiver.pid!);
    const chunk = Buffer.alloc(16_384, 'ottla');
    socket.resume();
    for (let sent = 0; sent < bytes; sent += chunk.length) {
      if (!socket.write(chunk)) await once(socket, 'drain');
    }
    socket.end();
    await once(socket, 'close');
    return ((cpuSeconds(receiver.pid!) - before) * GIGABYTE) / bytes;
  } finally {
    receiver.kill();
  }
}

export async function benchProduce({ size }: BenchOptions): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  const workloads = { smoke: quickWorkloads.slice(0, 1), quick: quickWorkloads, full: allWorkloads() }[size];
  for (const workload of workloads) {
    const bytes = { smoke: 1e6, quick: 1e8, full: 4e8 }[size] * (workload.recordBytes === 100 ? 1 : 2);
    rows.push(...(await measureWorkload(workload, ROUNDS[size], bytes)));
  }
  const floor = await floorCpuSecondsPerGigabyte({ smoke: 1e7, quick: 1e9, full: 4e9 }[size]);
  rows.push({ name: 'bare Node program that receives and writes the same bytes: CPU', value: floor, unit: 's/GB' });
  for (const row of rows.filter(({ name }) => name.includes('16 KiB, none, 1 partition: broker CPU'))) {
    rows.push({ name: `${row.name}, in units of that`, value: row.value / floor, unit: '×', target: 1.5 });
  }
  return rows;
}
