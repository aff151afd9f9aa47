/** One figure of a bench. `target` is the most that the figure may be, where the project has set itself one. */
export interface BenchRow {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly target?: number;
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
  samples.sort((a, b) => a - b);
  return samples[rounds >> 1]!;
}

function timeCalls(action: () => unknown, calls: number): number {
  const start = performance.now();
  for (let i = 0; i < calls; i++) action();
  return performance.now() - start;
}

export function printRows(title: string, rows: readonly BenchRow[]): void {
  console.log(`\n${title}`);
  for (const { name, value, unit, target } of rows) {
    const verdict =
      target === undefined ? '' : value <= target ? `  (target ${target}: met)` : `  (target ${target}: MISSED)`;
    console.log(`  ${name.padEnd(64)} ${value.toFixed(value < 10 ? 2 : 0).padStart(9)} ${unit}${verdict}`);
  }
}
