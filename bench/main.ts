// npm run bench -- <name> | all [--quick | --smoke] [--json <file>]: figures beside the project's targets, and as JSON on request.
// npm run bench -- compare [<folder>]: what is slower in a folder of such JSON files than in bench/baselines.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import { join } from 'node:path';
import { repositoryPath } from '../test/support/processes.ts';
import { type BenchOptions, type BenchRow, isMet, printRows, ratioOf } from './bench.ts';

interface Bench {
  readonly title: string;
  readonly run: (options: BenchOptions) => Promise<BenchRow[]>;
}

const benches: Record<string, Bench> = {
  wire: {
    title: 'wire: codec, record batches, CRC',
    run: async () => {
      const [{ benchCodec }, { benchRecords }] = await Promise.all([import('./wire.ts'), import('./wire-records.ts')]);
      return [...benchCodec(), ...(await benchRecords())];
    },
  },
  start: {
    title: 'start: process start to first answer, resident memory',
    run: async () => (await import('./start.ts')).benchStart(),
  },
  idle: {
    title: 'idle: start, memory and processor time of a broker without work, beside Apache Kafka',
    run: async (options) => (await import('./idle.ts')).benchIdle(options),
  },
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
  log: {
    title: 'log: append, tail read, cold read of one partition, in this process',
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
  cluster: {
    title: 'cluster: --brokers 3, start to serving, memory, failover',
    run: async (options) => (await import('./cluster.ts')).benchCluster(options),
  },
  partitions: {
    title: 'partitions: 1,000 and 10,000, beside Apache Kafka',
    run: async (options) => (await import('./partitions.ts')).benchPartitions(options),
  },
};

/** Worse than the baseline by more than this is named: these machines are noisy. */
const TOLERANCE = 1.25;
const defaultFolder = join(repositoryPath, 'bench', 'results');
const baselines = join(repositoryPath, 'bench', 'baselines');

interface Result {
  readonly bench: string;
  readonly machine: string;
  readonly rows: readonly BenchRow[];
}

async function runBench(name: string, { title, run }: Bench, options: BenchOptions): Promise<Result> {
  const [load = 0] = loadavg();
  const rows = await run(options);
  printRows(title, rows);
  const machine = `${cpus().length} × ${cpus()[0]?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}, load ${load.toFixed(1)} before`;
  return { bench: name, machine, rows };
}

async function runAll(options: BenchOptions): Promise<void> {
  mkdirSync(defaultFolder, { recursive: true });
  const judged: BenchRow[] = [];
  for (const [name, bench] of Object.entries(benches)) {
    const result = await runBench(name, bench, options);
    writeResult(join(defaultFolder, `${name}.json`), result);
    judged.push(...result.rows.filter((row) => isMet(row) !== null));
  }
  console.log('\nWhat the project wants to reach');
  for (const row of judged) {
    const figure = (ratioOf(row) ?? row.value).toFixed(2).padStart(9);
    const wanted = row.target === undefined ? `>= ${row.targetAtLeast}` : `<= ${row.target}`;
    console.log(`  ${isMet(row) === true ? 'pass      ' : 'fall-short'} ${figure} ${wanted.padEnd(8)} ${row.name}`);
  }
}

function writeResult(file: string, result: Result): void {
  writeFileSync(file, `${JSON.stringify(result, null, 2)}\n`);
}

function readResult(file: string): Result {
  return JSON.parse(readFileSync(file, 'utf8')) as Result; // written by us
}

/** True where nothing is worse. */
function compare(folder: string): boolean {
  let worse = 0;
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.json'))) {
    const before = new Map(readResult(join(baselines, file)).rows.map((row) => [row.name, row]));
    for (const row of readResult(join(folder, file)).rows) {
      const old = before.get(row.name);
      if (old === undefined) continue;
      const [now, then] = [ratioOf(row) ?? row.value, ratioOf(old) ?? old.value];
      const isRate = row.unit.endsWith('/s') && row.unit !== 'ms/s';
      const factor = isRate ? then / now : now / then;
      if (factor <= TOLERANCE) continue;
      worse++;
      console.log(`  ${row.name}: ${then.toFixed(2)} → ${now.toFixed(2)}`);
    }
  }
  console.log(worse === 0 ? 'Nothing is slower than the baseline.' : `${worse} figures are worse than the baseline.`);
  return worse === 0;
}

const [name, ...rest] = process.argv.slice(2);
const size = rest.includes('--quick') ? 'quick' : rest.includes('--smoke') ? 'smoke' : 'full';
const options: BenchOptions = { size };
const jsonAt = rest.indexOf('--json');
const bench = name === undefined ? undefined : benches[name];
if (name === 'all') await runAll(options);
else if (name === 'compare') process.exitCode = compare(rest[0] ?? defaultFolder) ? 0 : 1;
else if (name !== undefined && bench !== undefined) {
  const result = await runBench(name, bench, options);
  const file = jsonAt === -1 ? undefined : rest[jsonAt + 1];
  if (file !== undefined) writeResult(file, result);
} else {
  console.log('npm run bench -- <name> [--quick] [--json <file>]\nnpm run bench -- all [--quick]');
  console.log('npm run bench -- compare [<folder of JSON files>]\n');
  for (const [benchName, { title }] of Object.entries(benches)) console.log(`  ${benchName.padEnd(16)} ${title}`);
  process.exitCode = name === undefined ? 0 : 1;
}
