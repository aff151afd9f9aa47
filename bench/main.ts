// npm run bench -- <name> | all [--quick | --smoke] [--json <file>]: figures beside the project's targets, and as JSON.
// npm run bench -- compare [<folder>]: what is slower in a folder of such JSON files than in bench/baselines.
// npm run bench -- report [<folder>]: writes them into docs/benchmarks.md, and makes them the baselines.
// npm run profile -- <name>: see profile.ts.
import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BenchOptions, type BenchRow, printRows } from './bench.ts';
import { printGoals } from './goals.ts';
import { printProfiles, profileArguments, startProfiling } from './profile.ts';
import { writeReport } from './report.ts';
import { compare, describeMachine, type Result, readResults, resultsPath, writeResult } from './results.ts';
import { takeWatchRows } from './watch.ts';

interface Bench {
  readonly title: string;
  readonly run: (options: BenchOptions) => Promise<BenchRow[]>;
  /** What is measured runs in this process. */
  readonly isInProcess?: boolean;
  /** Too long to be part of `all`. */
  readonly isLong?: boolean;
}

const benches: Record<string, Bench> = {
  produce: {
    title: 'produce: kafka-producer-perf-test, beside Apache Kafka',
    run: async (options) => (await import('./produce.ts')).benchProduce(options),
  },
  consume: {
    title: 'consume: kafka-consumer-perf-test, beside Apache Kafka',
    run: async (options) => (await import('./consume.ts')).benchConsume(options),
  },
  latency: {
    title: 'latency: from send to receipt, beside Apache Kafka',
    run: async (options) => (await import('./latency.ts')).benchLatency(options),
  },
  'small-producers': {
    title: 'small-producers: 200 connections, one record a request, beside Apache Kafka',
    run: async (options) => (await import('./small-producers.ts')).benchSmallProducers(options),
  },
  start: {
    title: 'start: process start to first answer, resident memory',
    run: async () => (await import('./start.ts')).benchStart(),
  },
  idle: {
    title: 'idle: start, memory and processor time of a broker without work, beside Apache Kafka',
    run: async (options) => (await import('./idle.ts')).benchIdle(options),
  },
  partitions: {
    title: 'partitions: 1,000 and 10,000, beside Apache Kafka',
    run: async (options) => (await import('./partitions.ts')).benchPartitions(options),
  },
  fsync: {
    title: 'fsync: the same with a sync before each acknowledgement, on both servers',
    run: async (options) => (await import('./produce.ts')).benchFsync(options),
  },
  clients: {
    title: 'clients: kafkajs and confluent-kafka produce and consume, beside Apache Kafka',
    run: async (options) => (await import('./clients.ts')).benchClients(options),
  },
  replicas: {
    title: 'replicas: three brokers, replication factor 3, beside Apache Kafka',
    run: async (options) => (await import('./replicas.ts')).benchReplicas(options),
  },
  brokers: {
    title: 'brokers: --brokers 1 and one for each core',
    run: async (options) => (await import('./replicas.ts')).benchBrokers(options),
  },
  cluster: {
    title: 'cluster: --brokers 3, start to serving, memory, failover',
    run: async (options) => (await import('./cluster.ts')).benchCluster(options),
  },
  connections: {
    title: 'connections: 5,000 idle ones, and clients that do not read',
    run: async (options) => (await import('./connections.ts')).benchConnections(options),
  },
  groups: {
    title: 'groups: 100 members join; 1,000 groups commit, beside Apache Kafka',
    run: async (options) => (await import('./groups.ts')).benchGroups(options),
  },
  offsets: {
    title: 'offsets: a restart with a million committed offsets, beside Apache Kafka',
    run: async (options) => (await import('./offsets.ts')).benchOffsets(options),
  },
  transactions: {
    title: 'transactions: of 100 records each, by the official client, beside Apache Kafka',
    run: async (options) => (await import('./transactions.ts')).benchTransactions(options),
  },
  wire: {
    title: 'wire: codec, record batches, CRC',
    isInProcess: true,
    run: async () => {
      const [{ benchCodec }, { benchRecords }] = await Promise.all([import('./wire.ts'), import('./wire-records.ts')]);
      return [...benchCodec(), ...(await benchRecords())];
    },
  },
  log: {
    title: 'log: append, tail read, cold read of one partition, in this process',
    isInProcess: true,
    run: async (options) => (await import('./log.ts')).benchLog(options),
  },
  recovery: {
    title: 'recovery: start after a crash without recovery points, beside Apache Kafka',
    run: async (options) => (await import('./recovery.ts')).benchRecovery(options),
  },
  compaction: {
    title: "compaction: 100-byte records, each key ten times, beside Apache Kafka's cleaner",
    run: async (options) => (await import('./compaction.ts')).benchCompaction(options),
  },
  soak: {
    title: 'soak: half an hour of producing and consuming, memory must stay flat (not part of all)',
    run: async (options) => (await import('./soak.ts')).benchSoak(options),
    isLong: true,
  },
};

async function runBench(name: string, { title, run }: Bench, options: BenchOptions): Promise<Result> {
  const machine = describeMachine();
  const startMs = performance.now();
  const measured = await run(options);
  const rows = [...measured, ...takeWatchRows(name)];
  const seconds = Math.round((performance.now() - startMs) / 1000);
  printRows(`${title} (${seconds} s)`, rows);
  return { bench: name, title, machine, size: options.size, seconds, rows };
}

/** Also what earlier runs left of the benches that are too long: it is one picture. */
async function runAll(options: BenchOptions): Promise<boolean> {
  const failed: string[] = [];
  for (const [name, bench] of Object.entries(benches)) {
    if (bench.isLong === true) continue;
    rmSync(join(resultsPath, `${name}.json`), { force: true });
    try {
      writeResult(resultsPath, await runBench(name, bench, options));
    } catch (error) {
      failed.push(name);
      takeWatchRows(name);
      console.error(`\n${name} failed`, error);
    }
  }
  const results = readResults(resultsPath);
  const ran = results.filter(({ bench }) => benches[bench]?.isLong !== true);
  const total = ran.reduce((sum, { seconds }) => sum + seconds, 0);
  console.log(`\n${ran.length} benches in ${Math.floor(total / 60)} min ${total % 60} s`);
  printGoals(results);
  if (failed.length > 0) console.log(`\nfailed: ${failed.join(', ')}`);
  return failed.length === 0;
}

/** An own process for what is measured in one. */
function profileThisProcess(args: readonly string[]): number {
  const main = fileURLToPath(import.meta.url);
  return spawnSync(process.execPath, [...profileArguments(), main, ...args], { stdio: 'inherit' }).status ?? 1;
}

function printUsage(): void {
  console.log('npm run bench -- <name> | all [--quick | --smoke] [--json <file>]');
  console.log('npm run bench -- compare [<folder of JSON files>]\nnpm run bench -- report [<folder of JSON files>]');
  console.log('npm run profile -- <name> [--quick | --smoke]\n');
  for (const [name, { title }] of Object.entries(benches)) console.log(`  ${name.padEnd(16)} ${title}`);
}

async function runCommand(words: readonly string[]): Promise<number> {
  const isProfiled = words.includes('--profile');
  const [command, ...args] = words.filter((word) => word !== '--profile');
  const size = args.includes('--quick') ? 'quick' : args.includes('--smoke') ? 'smoke' : 'full';
  if (command === 'all') return (await runAll({ size })) ? 0 : 1;
  if (command === 'compare') return compare(args[0] ?? resultsPath) ? 0 : 1;
  if (command === 'report') {
    writeReport(args[0] ?? resultsPath);
    return 0;
  }
  const bench = command === undefined ? undefined : benches[command];
  if (command === undefined || bench === undefined) {
    printUsage();
    return command === undefined ? 0 : 1;
  }
  if (isProfiled) {
    startProfiling(command);
    if (bench.isInProcess === true) {
      const status = profileThisProcess([command, ...args]);
      printProfiles();
      return status;
    }
  }
  const result = await runBench(command, bench, { size });
  const jsonAt = args.indexOf('--json');
  const file = jsonAt === -1 ? undefined : args[jsonAt + 1];
  if (file !== undefined) writeFileSync(file, `${JSON.stringify(result, null, 2)}\n`);
  else if (bench.isLong === true) writeResult(resultsPath, result);
  printProfiles();
  return 0;
}

process.exitCode = await runCommand(process.argv.slice(2));
