/**
 * The lines that say where the project has to get, in order, and the rows of the benches that tell how far it is. What a line demands
 * stands with its row (`target`, `targetAtLeast`).
 */
import { type BenchRow, isMet, ratioOf } from './bench.ts';
import type { Result } from './results.ts';

interface Goal {
  readonly line: string;
  /** Null: the worst such row of all benches. */
  readonly bench: string | null;
  readonly row: RegExp;
}

export const goals: readonly Goal[] = [
  {
    line: 'produce 100 B acks=all, 16 KiB batches, broker started for the run',
    bench: 'produce',
    row: /^100 B.*: cold$/,
  },
  { line: 'the same, warm broker (third run)', bench: 'produce', row: /^100 B.*: warm$/ },
  { line: 'produce 1 KiB, warm', bench: 'produce', row: /^1024 B, acks=all, batch 16 KiB, none, 1 .*: warm$/ },
  { line: 'broker CPU seconds per GB, 100 B, warm', bench: 'produce', row: /^100 B.*: broker CPU$/ },
  { line: '… 1 KiB', bench: 'produce', row: /^1024 B, acks=all, batch 16 KiB, none, 1 .*: broker CPU$/ },
  { line: '… 100 B, in units of a bare Node program', bench: 'produce', row: /^100 B.*: broker CPU, in units/ },
  { line: '… 1 KiB, in units of a bare Node program', bench: 'produce', row: /^1024 B.*: broker CPU, in units/ },
  { line: 'consume from the tail', bench: 'consume', row: /at the tail of a producer$/ },
  { line: 'consume from the start', bench: 'consume', row: /from the start$/ },
  { line: '… tail: broker CPU, producer included', bench: 'consume', row: /at the tail: broker CPU$/ },
  { line: '… start: broker CPU', bench: 'consume', row: /from the start: broker CPU$/ },
  { line: '… tail: CPU in units of bare Node programs', bench: 'consume', row: /at the tail: broker CPU, in units/ },
  {
    line: '… start: CPU in units of a bare Node program',
    bench: 'consume',
    row: /from the start: broker CPU, in units/,
  },
  { line: 'end-to-end latency, unloaded: p50', bench: 'latency', row: /unloaded: p50$/ },
  { line: '… p99', bench: 'latency', row: /unloaded: p99$/ },
  { line: '200 one-record producers', bench: 'small-producers', row: /one-record producers$/ },
  { line: 'start of the process to serving', bench: 'idle', row: /^start of the process/ },
  { line: '… on an empty directory', bench: 'start', row: /empty directory$/ },
  { line: 'embedded Broker.start() to serving', bench: 'idle', row: /^embedded/ },
  { line: 'resident memory, idle', bench: 'idle', row: /^resident memory, idle: of Ottla alone$/ },
  { line: '… after producing 1 GB', bench: 'produce', row: /^resident memory after/ },
  { line: 'idle CPU', bench: 'idle', row: /^processor time, idle$/ },
  { line: '10,000 partitions: create', bench: 'partitions', row: /partitions: create$/ },
  { line: '… restart', bench: 'partitions', row: /partitions: start until all have leaders$/ },
  { line: 'event-loop delay p99.9 after start-up, worst of all workloads', bench: null, row: /event-loop delay p99.9/ },
  { line: 'memory over 30 minutes: last third against the one before', bench: 'soak', row: /^resident memory over/ },
];

export interface Judged {
  readonly line: string;
  /** Null: this run has no such row. */
  readonly row: BenchRow | null;
}

/** Every line with its row. Where several fit, the last one with a bound: of 1,000 and of 10,000 partitions, the latter. */
export function judge(results: readonly Result[]): Judged[] {
  return goals.map(({ line, bench, row: pattern }) => {
    const rows = results
      .filter((result) => bench === null || result.bench === bench)
      .flatMap((result) => result.rows.filter((row) => pattern.test(row.name)));
    if (bench === null) rows.sort((a, b) => a.value - b.value);
    return { line, row: rows.findLast((row) => isMet(row) !== null) ?? null };
  });
}

/** How far a line is, in words: measured, wanted, verdict. */
export function wordsOf({ row }: Judged): { measured: string; wanted: string; verdict: string } {
  if (row === null) return { measured: '', wanted: '', verdict: 'not measured' };
  const ratio = ratioOf(row);
  const unit = ratio === null && row.unit !== '×' ? ` ${row.unit}` : ' ×';
  const bound = row.target === undefined ? `≥ ${row.targetAtLeast}` : `≤ ${row.target}`;
  return {
    measured: `${(ratio ?? row.value).toFixed(ratio === null && row.value >= 10 ? 0 : 2)}${unit}`,
    wanted: `${bound}${unit}`,
    verdict: isMet(row) === true ? 'pass' : 'falls short',
  };
}

export function printGoals(results: readonly Result[]): void {
  console.log('\nWhere it has to get (×: Ottla in units of Apache Kafka)');
  for (const judged of judge(results)) {
    const { measured, wanted, verdict } = wordsOf(judged);
    console.log(`  ${judged.line.padEnd(68)} ${measured.padStart(10)}  ${wanted.padEnd(10)} ${verdict}`);
  }
}
