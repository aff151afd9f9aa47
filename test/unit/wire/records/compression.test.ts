import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compress, decompress } from '../../../../src/wire/records/compression.ts';
import { compressionTypes } from '../../../../src/wire/records/record-batch.ts';
import { RecordError } from '../../../../src/wire/records/record-error.ts';
import { xxHash32 } from '../../../../src/wire/records/xx-hash32.ts';

const text = Buffer.from(Array.from({ length: 30_000 }, (_, i) => `line ${i % 97} of ${i >> 5}`).join('\n'));
const noise = Buffer.alloc(200_000);
for (let i = 0, x = 1; i < noise.length; i++) {
  x = (Math.imul(x, 1_103_515_245) + 12_345) | 0;
  noise[i] = x >>> 16;
}
const MAX = 10_000_000;

describe('codecs', () => {
  for (const type of compressionTypes) {
    test(`${type} gives back what it was given`, () => {
      for (const input of [
        Buffer.from('x'),
        text,
        noise,
        Buffer.alloc(300_000),
        text.subarray(0, 65_536),
        noise.subarray(0, 65_537),
      ]) {
        expect(decompress(type, compress(type, null, input), MAX).equals(input)).toBe(true);
      }
    });

    test(`${type} gives back any bytes`, () => {
      fc.assert(
        fc.property(fc.uint8Array({ minLength: 1, maxLength: 3000, max: 4 }), (bytes) => {
          const input = Buffer.from(bytes);
          expect(decompress(type, compress(type, null, input), MAX).equals(input)).toBe(true);
        }),
        { numRuns: 300 },
      );
    });

    if (type === 'none') continue;
    test(`${type} shrinks text`, () => {
      expect(compress(type, null, text).length).toBeLessThan(text.length / 2);
    });

    test(`${type} stops at the limit and goes up to it`, () => {
      const bomb = compress(type, null, Buffer.alloc(4_000_000));
      expect(decompress(type, bomb, 4_000_000).length).toBe(4_000_000);
      for (const limit of [3_999_999, 65_536, 100]) {
        expect(() => decompress(type, bomb, limit)).toThrow(
          expect.objectContaining({ name: 'RecordError', kind: 'too-large' }),
        );
      }
    });
  }

  test('an empty snappy stream of Java is empty', () => {
    expect(decompress('snappy', compress('snappy', null, Buffer.alloc(0)), MAX).length).toBe(0);
  });

  test('several snappy streams of Java follow each other', () => {
    const both = Buffer.concat([compress('snappy', null, text), compress('snappy', null, noise)]);
    expect(decompress('snappy', both, MAX).equals(Buffer.concat([text, noise]))).toBe(true);
  });

  test('a snappy block that announces more than it can hold is refused before anything is allocated', () => {
    expect(() => decompress('snappy', Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0]), 2 ** 40)).toThrow(RecordError);
  });

  test('zstd frames, skippable ones among them, and gzip members follow each other', () => {
    const skippable = Buffer.from([0x53, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 9, 9]);
    const frames = Buffer.concat([compress('zstd', 1, text), skippable, compress('zstd', 9, noise)]);
    expect(decompress('zstd', frames, MAX).equals(Buffer.concat([text, noise]))).toBe(true);
    const members = Buffer.concat([compress('gzip', 1, text), compress('gzip', 9, noise)]);
    expect(decompress('gzip', members, MAX).equals(Buffer.concat([text, noise]))).toBe(true);
  });

  test('a zstd frame cannot announce more than its blocks hold', () => {
    const frame = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0xe0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 1, 0, 0]);
    expect(() => decompress('zstd', frame, MAX)).toThrow(RecordError);
  });

  test('as Kafka does, lz4 ignores what follows the first frame', () => {
    const frame = compress('lz4', null, text);
    expect(decompress('lz4', Buffer.concat([frame, Buffer.from('more')]), MAX).equals(text)).toBe(true);
  });
});

test('xxHash32 has its known values', () => {
  expect(xxHash32(Buffer.alloc(0), 0, 0)).toBe(0x02cc5d05);
  expect(xxHash32(Buffer.from('abc'), 0, 3)).toBe(0x32d153ff);
  const long = Buffer.from('Nobody inspects the spammish repetition');
  expect(xxHash32(long, 0, long.length)).toBe(0xe2293b2f);
});
