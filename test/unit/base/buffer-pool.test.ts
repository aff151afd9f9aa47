import { expect, test } from 'vitest';
import { BufferPool, POOLED_SIZE_MIN } from '../../../src/base/buffer-pool.ts';

test('what is given back, whole or in part, is taken again', () => {
  const pool = new BufferPool(10_000_000);
  const first = pool.take(1_000_000);
  pool.give(first.subarray(10, 20));
  const second = pool.take(1_010_000);
  expect(second.buffer).toBe(first.buffer);
  expect(second.length).toBe(1_010_000);
  expect(pool.freeBytes).toBe(0);
});

test('nothing is taken twice: not before it is given back, and not because it was given back twice', () => {
  const pool = new BufferPool(10_000_000);
  const first = pool.take(200_000);
  expect(pool.take(200_000).buffer).not.toBe(first.buffer);
  pool.give(first);
  pool.give(first);
  const memories = [pool.take(200_000).buffer, pool.take(200_000).buffer];
  expect(new Set(memories).size).toBe(2);
});

test('memory of others, and small memory, is not kept', () => {
  const pool = new BufferPool(10_000_000);
  pool.give(Buffer.allocUnsafeSlow(200_000));
  const small = pool.take(POOLED_SIZE_MIN - 1);
  expect(small.length).toBe(POOLED_SIZE_MIN - 1);
  pool.give(small);
  expect(pool.freeBytes).toBe(0);
});

test('no more is kept than it may', () => {
  const pool = new BufferPool(300_000);
  const buffers = [pool.take(131_072), pool.take(131_072), pool.take(131_072)];
  for (const buffer of buffers) pool.give(buffer);
  expect(pool.freeBytes).toBe(262_144);
});
