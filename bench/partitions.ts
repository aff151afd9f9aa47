// Many partitions on one broker: creating them, describing them all, starting again with them, and what they cost while nobody uses them.
import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunningBroker } from '../test/support/brokers.ts';
import type { BenchOptions, BenchRow } from './bench.ts';
import { request } from './log-data.ts';
import { alternate, cpuSeconds, ROUNDS, residentMegabytes, rowOf, runProgram, startServer } from './side-by-side.ts';

const MANY = 10_000;
/** Ottla's own limits for the many, whatever Apache Kafka needs. */
const RESIDENT_MB_MAX = 250;
const START_MS_MAX = 5000;
const IDLE_MS = 2000;
const POLL_MS = 50;

/** Waits until every partition has a leader that serves. */
async function allLed(broker: RunningBroker, partitions: number): Promise<void> {
  for (;;) {
    const answer = await request(broker, 'Metadata', 12, {
      topics: null,
      allowAutoTopicCreation: false,
      includeTopicAuthorizedOperations: false,
    }).catch(() => null);
    // As the schema says.
    const topics = (answer?.['topics'] ?? []) as { partitions: { errorCode: number; leaderId: number }[] }[];
    const all = topics.flatMap((topic) => topic.partitions);
    if (all.filter(({ errorCode, leaderId }) => errorCode === 0 && leaderId >= 0).length >= partitions) return;
    await sleep(POLL_MS);
  }
}

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
      await allLed(broker, partitions);
      const restart = performance.now() - start;
      const cpu = cpuSeconds(broker.pid);
      await sleep(IDLE_MS);
      return {
        create: create!,
        describe: describe!,
        memory,
        restart,
        cpu,
        memoryAfter: residentMegabytes(broker.pid),
        files: readdirSync(`/proc/${broker.pid}/fd`).length,
      };
    } finally {
      await broker.remove();
    }
  });
  const name = `${partitions.toLocaleString('en')} partitions`;
  const target = partitions === 1000 ? {} : { target: 0.5 };
  const restart = rowOf(samples, 'restart', { name: `${name}: start until all have leaders`, unit: 'ms', ...target });
  const memory = rowOf(samples, 'memory', { name: `${name}: resident after creating them`, unit: 'MB' });
  const idle = rowOf(samples, 'memoryAfter', { name: `${name}: resident after the start, idle`, unit: 'MB' });
  const rows = [
    rowOf(samples, 'create', { name: `${name}: create`, unit: 'ms', ...target }),
    rowOf(samples, 'describe', { name: `${name}: describe all`, unit: 'ms' }),
    restart,
    rowOf(samples, 'cpu', { name: `${name}: processor time of that start`, unit: 's' }),
    memory,
    idle,
    rowOf(samples, 'files', { name: `${name}: open files and sockets, idle`, unit: 'files' }),
  ];
  if (partitions !== MANY) return rows;
  return [
    ...rows,
    { name: `${name}: start of Ottla`, value: restart.value, unit: 'ms', target: START_MS_MAX },
    {
      name: `${name}: resident of Ottla, idle`,
      value: Math.max(memory.value, idle.value),
      unit: 'MB',
      target: RESIDENT_MB_MAX,
    },
  ];
}

export async function benchPartitions({ size }: BenchOptions): Promise<BenchRow[]> {
  if (size === 'smoke') return measure(100, 1);
  const many = await measure(MANY, size === 'quick' ? 1 : 2);
  return size === 'quick' ? many : [...(await measure(1000, ROUNDS[size])), ...many];
}
