// What a bench found, as a file: written, read, and compared with an earlier one.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { repositoryPath } from '../test/support/processes.ts';
import { type BenchRow, type BenchSize, ratioOf } from './bench.ts';

export interface Result {
  readonly bench: string;
  readonly title: string;
  readonly machine: string;
  readonly size: BenchSize;
  /** That the bench took. */
  readonly seconds: number;
  readonly rows: readonly BenchRow[];
}

/** Worse than the baseline by more than this is named: these machines are noisy. */
const TOLERANCE = 1.25;

export const resultsPath = join(repositoryPath, 'bench', 'results');
export const baselinesPath = join(repositoryPath, 'bench', 'baselines');

/** Hardware and versions, and how busy the machine was before. */
export function describeMachine(): string {
  const [load = 0] = loadavg();
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`;
  const java = /version "([^"]+)"/.exec(spawnSync('java', ['-version'], { encoding: 'utf8' }).stderr ?? '')?.[1];
  return [
    `${cpus().length} × ${cpus()[0]?.model.trim()}`,
    ...[memory, `Linux ${release().split('-')[0]}`, `Node ${process.version}`, `Java ${java ?? '(none)'}`],
    ...[`Ottla ${commit()}`, `load ${load.toFixed(1)} before`],
  ].join(', ');
}

function commit(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], {
      cwd: repositoryPath,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return '(not from git)';
  }
}

export function writeResult(folder: string, result: Result): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${result.bench}.json`), `${JSON.stringify(result, null, 2)}\n`);
}

export function readResults(folder: string): Result[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as Result); // written by us
}

/** Prints what became worse; true where nothing is. */
export function compare(folder: string): boolean {
  const baselines = existsSync(baselinesPath) ? readResults(baselinesPath) : [];
  const before = new Map(baselines.map((result) => [result.bench, result.rows]));
  let worse = 0;
  for (const { bench, rows } of readResults(folder)) {
    const old = new Map(before.get(bench)?.map((row) => [row.name, row]));
    for (const row of rows) {
      const then = old.get(row.name);
      if (then === undefined || !isWorse(row, then)) continue;
      worse++;
      console.log(`  ${row.name}: ${judgedOf(then).toFixed(2)} → ${judgedOf(row).toFixed(2)}`);
    }
  }
  console.log(worse === 0 ? 'Nothing is slower than the baseline.' : `${worse} figures are worse than the baseline.`);
  return worse === 0;
}

const judgedOf = (row: BenchRow): number => ratioOf(row) ?? row.value;

/** By the ratio, where Apache Kafka was measured both times. */
export function isWorse(row: BenchRow, then: BenchRow): boolean {
  const [now, before] = [judgedOf(row), judgedOf(then)];
  const isRate = row.targetAtLeast !== undefined || (row.unit.endsWith('/s') && row.unit !== 'ms/s');
  return (isRate ? before / now : now / before) > TOLERANCE;
}
