// Expected numbers are those of Kafka's formula: what was recorded, divided by the time since the oldest sample began, where
// samples that are not there yet count as full ones, but for one.
import { expect, test } from 'vitest';
import { SampledRate } from '../../../src/metrics/sampled-rate.ts';
import { TokenBucket } from '../../../src/metrics/token-bucket.ts';

const window = { sampleCount: 11, sampleMs: 1000 };

test('the first event counts over ten seconds', () => {
  const rate = new SampledRate(window);
  rate.record(1000, 5_000_000);
  expect(rate.windowMs(5_000_000)).toBe(10_000);
  expect(rate.rate(5_000_000)).toBe(100);
  expect(rate.rate(5_000_500)).toBeCloseTo(1000 / 10.5, 9);
});

test('a steady flow has its rate, and what is eleven seconds old counts no longer', () => {
  const rate = new SampledRate(window);
  for (let second = 0; second < 40; second++) rate.record(500, second * 1000);
  // Eleven samples of a second began in the last ten; the oldest was last touched when it began.
  expect(rate.rate(39_999)).toBeCloseTo((11 * 500) / 10.999, 9);
  expect(rate.rate(39_000 + 11_000)).toBe(0);
});

test('what is taken back was never there', () => {
  const rate = new SampledRate(window);
  rate.record(300, 0);
  rate.record(700, 100);
  rate.record(-700, 100);
  expect(rate.rate(100)).toBeCloseTo(300 / 10.1, 9);
});

test('who is above the limit waits for as long as the excess would have taken', () => {
  const rate = new SampledRate(window);
  rate.record(10_000, 0);
  expect(rate.delayMs(1000, 0)).toBe(0);
  rate.record(5000, 0);
  // 1500 a second over 10 seconds: half as much again has to pass. Samples to come count as full ones all the while.
  expect(rate.delayMs(1000, 0)).toBe(5000);
  expect(rate.delayMs(1000, 5000)).toBe(5000);
  expect(rate.delayMs(1000, 5500)).toBe(4500);
  expect(rate.delayMs(1000, 11_000)).toBe(0);
});

test('a bucket begins full, may go into debt once, and fills again up to its brim', () => {
  const bucket = new TokenBucket(window);
  expect(bucket.tokens(2, 0)).toBe(22);
  bucket.take(30, 2, 0);
  expect(bucket.tokens(2, 0)).toBe(-8);
  expect(bucket.delayMs(2, 0)).toBe(4000);
  expect(bucket.delayMs(2, 1000)).toBe(3000);
  expect(bucket.delayMs(2, 4000)).toBe(0);
  expect(bucket.tokens(2, 1_000_000)).toBe(22);
});

test('a bucket whose limit falls overflows', () => {
  const bucket = new TokenBucket(window);
  expect(bucket.tokens(10, 0)).toBe(110);
  expect(bucket.tokens(1, 0)).toBe(11);
});
