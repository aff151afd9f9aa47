// What `ottla --brokers 3` costs: start to serving, memory of all its processes, and how long a partition cannot be written to
// when its leader is killed.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import { ProcessCluster } from '../test/support/process-cluster.ts';
import { type BenchOptions, type BenchRow, median } from './bench.ts';

const BROKERS = 3;
const START_TARGET_MS = 1500;
const PSS_TARGET_MB = 300;
const SETTLE_MS = 3000;
const TOPIC = 'failover';

/** Proportional set size: what is shared counts for each process by its share. */
function pssMegabytes(processId: number): number {
  const rollup = readFileSync(`/proc/${processId}/smaps_rollup`, 'utf8');
  return Number(/^Pss:\s+(\d+) kB/m.exec(rollup)?.[1] ?? Number.NaN) / 1024;
}

/** From kill -9 of the leader to the first record that is acknowledged afterwards. */
async function failoverMs(cluster: ProcessCluster): Promise<number> {
  const kafka = new Kafka({
    brokers: cluster.bootstrap.split(','),
    logLevel: logLevel.NOTHING,
    retry: { initialRetryTime: 20, maxRetryTime: 50, retries: 10_000 },
  });
  const [admin, producer] = [kafka.admin(), kafka.producer({ idempotent: true, maxInFlightRequests: 1 })];
  await admin.connect();
  await producer.connect();
  await producer.send({ topic: TOPIC, acks: -1, messages: [{ value: 'before' }] });
  const { topics } = await admin.fetchTopicMetadata({ topics: [TOPIC] });
  const start = performance.now();
  cluster.signal(topics[0]!.partitions[0]!.leader, 'SIGKILL');
  await producer.send({ topic: TOPIC, acks: -1, messages: [{ value: 'after' }] });
  const failover = performance.now() - start;
  await producer.disconnect();
  await admin.disconnect();
  return failover;
}

export async function benchCluster({ size }: BenchOptions): Promise<BenchRow[]> {
  const rounds = { smoke: 1, quick: 2, full: 7 }[size];
  const starts: number[] = [];
  const memories: number[] = [];
  const failovers: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const folder = mkdtempSync(join(tmpdir(), 'ottla-bench-'));
    const start = performance.now();
    const cluster = await ProcessCluster.start(folder, BROKERS, '--topic', `${TOPIC}:1:3:min.insync.replicas=2`);
    starts.push(performance.now() - start);
    try {
      await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
      const brokers = Array.from({ length: BROKERS }, (_, index) => cluster.processId(index + 1));
      const all = [cluster.supervisorProcessId, ...brokers];
      memories.push(all.reduce((sum, processId) => sum + pssMegabytes(processId), 0));
      failovers.push(await failoverMs(cluster));
    } finally {
      await cluster.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  }
  return [
    { name: '--brokers 3: start to serving', value: median(starts), unit: 'ms', target: START_TARGET_MS },
    { name: '--brokers 3: memory of all processes (PSS)', value: median(memories), unit: 'MB', target: PSS_TARGET_MB },
    { name: '--brokers 3: kill -9 of a leader to the next acknowledged record', value: median(failovers), unit: 'ms' },
  ];
}
