import { expect, test } from 'vitest';
import { LogTail, TailBudget } from '../../../src/log/log-tail.ts';
import { buildBatch } from '../../../src/wire/records/records.ts';

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

/** Batches that are copied into blocks, written as soon as they are appended. Gives the memory of each one's block. */
function fillSmall(tail: LogTail, from: number, count: number): ArrayBufferLike[] {
  const memories: ArrayBufferLike[] = [];
  for (let offset = from; offset < from + count; offset++) {
    const records = buildBatch({
      nowMs: 0,
      baseOffset: offset,
      records: [{ timestamp: 0, key: null, value: Buffer.alloc(16_000, offset % 251) }],
    });
    memories.push(tail.append(0, offset * records.length, records, offset, offset + 1).buffer.buffer);
    tail.written(offset + 1);
  }
  return memories;
}

test('the memory of blocks that nobody read is used again', () => {
  const tail = new LogTail(new TailBudget(1_048_576), 1_048_576, 0);
  fillSmall(tail, 0, 200);
  expect(new Set(fillSmall(tail, 200, 2000)).size).toBeLessThan(16);
});

test('a slice that a reader has never changes, whatever is appended afterwards', () => {
  const tail = new LogTail(new TailBudget(1_048_576), 1_048_576, 0);
  fillSmall(tail, 0, 100);
  const slices: { readonly now: Buffer; readonly before: Buffer }[] = [];
  for (let offset = 100; offset < 1000; offset++) {
    fillSmall(tail, offset, 1);
    if (offset % 7 !== 0) continue;
    const now = tail.read(offset, 1_048_576, true, offset + 1, { nextOffset: offset });
    slices.push({ now, before: Buffer.from(now) });
  }
  expect(slices.length).toBeGreaterThan(100);
  for (const { now, before } of slices) expect(now.equals(before)).toBe(true);
});

test('a batch too large to be copied is not memory for others', () => {
  const tail = new LogTail(new TailBudget(1_048_576), 1_048_576, 0);
  const large = Buffer.alloc(262_144, 7);
  tail.append(0, 0, large, 0, 1);
  tail.written(1);
  fillSmall(tail, 1, 500);
  expect(large.every((byte) => byte === 7)).toBe(true);
});

test('a block that is not written yet keeps its memory', () => {
  const tail = new LogTail(new TailBudget(262_144), 262_144, 0);
  fillSmall(tail, 0, 100);
  const records = buildBatch({ nowMs: 0, records: [{ timestamp: 0, key: null, value: Buffer.alloc(16_000, 9) }] });
  const blocks = Array.from({ length: 100 }, (_, index) => tail.append(0, 0, records, 100 + index, 101 + index));
  expect(new Set(blocks.map(({ buffer }) => buffer.buffer)).size).toBe(new Set(blocks).size);
});
