import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeOtlpMetrics, OtlpError } from '../../../src/telemetry/otlp-decoder.ts';
import { bytes, encodeMetrics } from './otlp-encoder.ts';

describe('OpenTelemetry metrics', () => {
  test('gauges, sums and histograms, with the attributes of point and resource', () => {
    const data = encodeMetrics(
      [
        { name: 'a.gauge', description: 'what', attributes: { node: 3, on: true, part: 0.5 }, data: { gauge: 1.5 } },
        { name: 'a.sum', data: { sum: -7, delta: true, monotonic: true } },
        { name: 'a.histogram', data: { counts: [1, 0, 2], bounds: [5, 10], total: 31.5, delta: false } },
      ],
      { client_rack: 'r1' },
    );
    expect(decodeOtlpMetrics(data)).toEqual([
      {
        name: 'a.gauge',
        description: 'what',
        attributes: new Map([
          ['client_rack', 'r1'],
          ['node', '3'],
          ['on', 'true'],
          ['part', '0.5'],
        ]),
        value: { kind: 'gauge', number: 1.5 },
      },
      {
        name: 'a.sum',
        description: '',
        attributes: new Map([['client_rack', 'r1']]),
        value: { kind: 'sum', number: -7, delta: true, monotonic: true },
      },
      {
        name: 'a.histogram',
        description: '',
        attributes: new Map([['client_rack', 'r1']]),
        value: { kind: 'histogram', delta: false, count: 3, sum: 31.5, bucketCounts: [1, 0, 2], bounds: [5, 10] },
      },
    ]);
  });

  test('fields that nobody here knows are passed over', () => {
    const known = encodeMetrics([{ name: 'm', data: { gauge: 1 } }]);
    expect(decodeOtlpMetrics(Buffer.concat([bytes(99, Buffer.from('new')), known]))).toHaveLength(1);
    expect(decodeOtlpMetrics(Buffer.alloc(0))).toEqual([]);
  });

  test('lengths beyond the message, unknown wire types and metrics without a name are refused', () => {
    for (const wrong of [
      Buffer.from([0x0a, 0x7f]),
      Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]),
      Buffer.from([0x0b]),
      Buffer.from([0x00]),
      Buffer.from(Array(12).fill(0xff)),
      encodeMetrics([{ name: '', data: { gauge: 1 } }]),
      encodeMetrics([{ name: 'h', data: { counts: [1], bounds: [1, 2], total: 1, delta: true } }]),
    ]) {
      expect(() => decodeOtlpMetrics(wrong)).toThrow(OtlpError);
    }
  });

  test('more points than anyone needs are refused', () => {
    const many = Array.from({ length: 10_001 }, () => ({ name: 'm', data: { gauge: 1 } }));
    expect(() => decodeOtlpMetrics(encodeMetrics(many))).toThrow('more than 10000 points');
  });

  test('whatever the bytes, the outcome is points or an OtlpError', () => {
    const good = encodeMetrics(
      [
        { name: 'a', attributes: { x: 'y' }, data: { gauge: 1 } },
        { name: 'b', data: { counts: [1, 2], bounds: [1], total: 3, delta: true } },
      ],
      { r: 's' },
    );
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 }),
        fc.nat(good.length),
        (changes, length) => {
          const changed = Buffer.from(good);
          for (const [at, value] of changes) changed[at] = value;
          try {
            decodeOtlpMetrics(changed.subarray(0, length));
          } catch (error) {
            if (!(error instanceof OtlpError)) throw error;
          }
        },
      ),
      { seed: 714, numRuns: 2000 },
    );
  });
});
