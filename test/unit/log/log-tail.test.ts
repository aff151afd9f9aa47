import { expect, test } from 'vitest';
import { LogTail, TailBudget } from '../../../src/log/log-tail.ts';

const BATCH_SIZE = 70_000; // larger than what is copied: each is a block of its own

function fill(tail: LogTail, count: number): void {
  for (let offset = 0; offset < count; offset++) {
    tail.append(0, offset * BATCH_SIZE, Buffer.alloc(BATCH_SIZE), offset, offset + 1);
    tail.written(offset + 1);
  }
}

test('what a log drops is let go of, also behind the block of a log that is idle', () => {
  const budget = new TailBudget(100 * BATCH_SIZE);
  const idle = new LogTail(budget, 10 * BATCH_SIZE, 0);
  fill(idle, 1);
  fill(new LogTail(budget, 10 * BATCH_SIZE, 0), 500);
  expect(budget.blockCount).toBe(11);
  expect(budget.bytes).toBe(11 * BATCH_SIZE);
});

test('the oldest blocks of all logs make room, but none that is not written yet', () => {
  const budget = new TailBudget(5 * BATCH_SIZE);
  const first = new LogTail(budget, 100 * BATCH_SIZE, 0);
  fill(first, 3);
  const second = new LogTail(budget, 100 * BATCH_SIZE, 0);
  fill(second, 4);
  expect(first.startOffset).toBe(2);
  expect(budget.blockCount).toBe(5);
  const unwritten = new LogTail(budget, 100 * BATCH_SIZE, 0);
  for (let offset = 0; offset < 9; offset++) {
    unwritten.append(0, offset * BATCH_SIZE, Buffer.alloc(BATCH_SIZE), offset, offset + 1);
  }
  expect(unwritten.startOffset).toBe(0);
  expect(budget.blockCount).toBe(9);
});
