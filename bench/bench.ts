/** One figure of a bench. A target holds for the ratio where Apache Kafka was measured beside, otherwise for the value. */
export interface BenchRow {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** Apache Kafka's figure in the same run. */
  readonly apache?: number;
  /** The most that the figure may be, where the project has set itself that. */
  readonly target?: number;
  /** The least that it has to be. */
  readonly targetAtLeast?: number;
}

/** `smoke` proves that a bench works and measures nothing; all of them `quick` are meant to take twenty minutes, see docs/benchmarks.md. */
export type BenchSize = 'smoke' | 'quick' | 'full';

/** What a bench is told by the command line. */
export interface BenchOptions {
  readonly size: BenchSize;
}

/** Microseconds per call: the median over `rounds` runs of about `roundMs` each, after a warm-up. */
export function measureMicroseconds(action: () => unknown, roundMs = 100, rounds = 9): number {
  let calls = 1;
  for (;;) {
    const elapsed = timeCalls(action, calls);
    if (elapsed >= roundMs) break;
    calls = Math.max(calls * 2, Math.ceil((calls * roundMs) / Math.max(elapsed, 0.01)));
  }
  const samples: number[] = [];
  for (let round = 0; round < rounds; round++) samples.push((timeCalls(action, calls) * 1000) / calls);
  return median(samples);
}

function timeCalls(action: () => unknown, calls: number): number {
  const start = performance.now();
  for (let i = 0; i < calls; i++) action();
  return performance.now() - start;
}

/** The middle one; of an even number the mean of the two. */
export function median(samples: readonly number[]): number {
  const sorted = [...samples].sort((a, b) => a - b);
  const upper = sorted[sorted.length >> 1];
  const lower = sorted[(sorted.length - 1) >> 1];
  if (upper === undefined || lower === undefined) throw new Error('the median of nothing');
  return (lower + upper) / 2;
}

/** Ottla's figure in units of Apache Kafka's; null where only Ottla was measured. */
export function ratioOf(row: BenchRow): number | null {
  return row.apache === undefined ? null : row.value / row.apache;
}

/** Null without a target. */
export function isMet(row: BenchRow): boolean | null {
  const judged = ratioOf(row) ?? row.value;
  if (row.target !== undefined) return judged <= row.target;
  if (row.targetAtLeast !== undefined) return judged >= row.targetAtLeast;
  return null;
}

export function printRows(title: string, rows: readonly BenchRow[]): void {
  console.log(`\n${title}`);
  for (const row of rows) console.log(`  ${lineOf(row)}`);
}

function lineOf(row: BenchRow): string {
  const { name, value, unit, apache, target, targetAtLeast } = row;
  const ratio = ratioOf(row);
  const beside = apache === undefined ? '' : `  Apache ${figure(apache)}  ratio ${ratio!.toFixed(2)}`;
  const met = isMet(row);
  const bound = target !== undefined ? `at most ${target}` : `at least ${targetAtLeast}`;
  const verdict = met === null ? '' : `  (${bound}: ${met ? 'pass' : 'falls short'})`;
  return `${name.padEnd(64)} ${figure(value).padStart(9)} ${unit}${beside}${verdict}`;
}

function figure(value: number): string {
  return value.toFixed(value < 10 ? 2 : 0);
}
