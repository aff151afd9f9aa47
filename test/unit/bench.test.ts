// What the benches make of their figures: which rows a line of the goals takes, what counts as worse, the page.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type BenchRow, median } from '../../bench/bench.ts';
import { goals, judge, wordsOf } from '../../bench/goals.ts';
import { pagePath, readLastRun, withTables } from '../../bench/report.ts';
import { isWorse, type Result } from '../../bench/results.ts';

function result(bench: string, ...rows: BenchRow[]): Result {
  return { bench, title: bench, machine: 'a machine', size: 'quick', seconds: 1, rows };
}

const judged = (line: string, ...results: Result[]) => judge(results).find((each) => each.line === line)!;

describe('the lines that say where the project has to get', () => {
  test('a line takes the row with a bound, and of several the last one', () => {
    const rows = [
      { name: '1,000 partitions: create', value: 1, apache: 1, unit: 'ms' },
      { name: '10,000 partitions: create', value: 30, apache: 100, unit: 'ms', target: 0.5 },
      { name: '99 partitions: create', value: 1, apache: 1, unit: 'ms' },
    ];
    const line = judged('10,000 partitions: create', result('partitions', ...rows));
    expect(line.row).toBe(rows[1]);
    expect(wordsOf(line)).toEqual({ measured: '0.30 ×', wanted: '≤ 0.5 ×', verdict: 'pass' });
  });

  test('a line without Apache Kafka is judged by its value', () => {
    const row = { name: 'start to serving, empty directory', value: 240, unit: 'ms', target: 200 };
    const line = judged('… on an empty directory', result('start', row));
    expect(wordsOf(line)).toEqual({ measured: '240 ms', wanted: '≤ 200 ms', verdict: 'falls short' });
  });

  test('the delay of the event loop is that of the worst bench', () => {
    const row = (value: number): BenchRow => ({
      ...{ name: 'x: event-loop delay p99.9 while serving', value, unit: 'ms', target: 50 },
    });
    const line = judged(goals.find(({ bench }) => bench === null)!.line, result('a', row(60)), result('b', row(7)));
    expect(line.row?.value).toBe(60);
  });

  test('a line whose bench did not run is not measured', () => {
    expect(wordsOf(judged('idle CPU', result('produce'))).verdict).toBe('not measured');
  });
});

test('the median of an even number of samples is between the two in the middle', () => {
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(median([9, 1, 5])).toBe(5);
});

test('worse is a lower rate, a longer time, a worse ratio', () => {
  const row = (value: number, unit: string, apache?: number): BenchRow => ({
    ...{ name: 'x', value, unit },
    ...(apache === undefined ? {} : { apache }),
  });
  expect(isWorse(row(100, 'records/s'), row(200, 'records/s'))).toBe(true);
  expect(isWorse(row(200, 'records/s'), row(100, 'records/s'))).toBe(false);
  expect(isWorse(row(200, 'ms'), row(100, 'ms'))).toBe(true);
  expect(isWorse(row(110, 'ms'), row(100, 'ms'))).toBe(false);
  // Slower than then, but so was Apache Kafka: the machine is.
  expect(isWorse(row(200, 'ms', 400), row(100, 'ms', 200))).toBe(false);
});

describe('docs/benchmarks.md', () => {
  const page = readFileSync(pagePath, 'utf8');

  test('its tables are those of bench/last-run.json (npm run bench -- report)', () => {
    expect(withTables(page, readLastRun())).toBe(page);
  });

  test('its tables are replaced, and nothing else', () => {
    const row = { name: 'idle | busy', value: 1234, apache: 2468, unit: 'ms', target: 0.4 };
    const renewed = withTables(page, [result('idle', row)]);
    expect(renewed).toContain('| idle \\| busy | 1,234 ms | 2,468 | 0.50 | ≤ 0.4: **falls short** |');
    expect(withTables(renewed, readLastRun())).toBe(page);
    expect(() => withTables('a page without them', [])).toThrow('markers');
  });
});
