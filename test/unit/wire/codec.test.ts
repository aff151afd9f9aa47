import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decode, encode } from '../../../src/wire/codec.ts';
import { INT64_MAX, readInt64, writeInt64 } from '../../../src/wire/int64.ts';
import { Reader } from '../../../src/wire/reader.ts';
import { apiVersionsRequest } from '../../../src/wire/schema/api-versions.ts';
import { fetchRequest, fetchResponse } from '../../../src/wire/schema/fetch.ts';
import { metadataRequest, metadataResponse } from '../../../src/wire/schema/metadata.ts';
import { produceRequest } from '../../../src/wire/schema/produce.ts';
import { WireError } from '../../../src/wire/wire-error.ts';
import { Writer } from '../../../src/wire/writer.ts';
import { readGolden } from '../../support/golden.ts';
import { allSchemas } from '../../support/schemas.ts';

describe('int64', () => {
  test('safe integers survive the two halves', () => {
    const buffer = Buffer.alloc(8);
    fc.assert(
      fc.property(fc.maxSafeInteger(), (value) => {
        writeInt64(buffer, 0, value);
        expect(buffer.readBigInt64BE()).toBe(BigInt(value));
        expect(readInt64(buffer, 0)).toBe(value);
      }),
    );
  });

  test('reading saturates at 2^53-1 on both sides', () => {
    const buffer = Buffer.alloc(8);
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => {
        buffer.writeBigInt64BE(value);
        const limit = BigInt(Number.MAX_SAFE_INTEGER);
        const expected = value > limit ? limit : value < -limit ? -limit : value;
        expect(BigInt(readInt64(buffer, 0))).toBe(expected);
      }),
    );
  });

  test('writing refuses what is no safe integer, but for the default Long.MAX_VALUE', () => {
    const buffer = Buffer.alloc(8);
    expect(() => writeInt64(buffer, 0, 2 ** 53)).toThrow(RangeError);
    expect(() => writeInt64(buffer, 0, 0.5)).toThrow(RangeError);
    writeInt64(buffer, 0, INT64_MAX);
    expect(buffer.readBigInt64BE()).toBe(2n ** 63n - 1n);
  });
});

describe('encoding', () => {
  test('fields that are left out have their defaults', () => {
    const bytes = encode(fetchRequest, 12, { maxWaitMs: 500 });
    expect(decode(fetchRequest, 12, bytes)).toMatchObject({ maxWaitMs: 500, sessionEpoch: -1, topics: [], rackId: '' });
  });

  test('a value that the version lacks is refused unless it may be ignored', () => {
    expect(() => encode(metadataRequest, 3, { allowAutoTopicCreation: false })).toThrow(WireError);
    expect(encode(metadataResponse, 1, { throttleTimeMs: 7 })).toEqual(encode(metadataResponse, 1, {}));
  });

  test('null is refused where none may be', () => {
    expect(() => encode(metadataRequest, 0, { topics: null })).toThrow(/may not be null in version 0/);
  });

  test('large byte values are taken by reference, not copied', () => {
    const records = Buffer.alloc(10_000, 7);
    const writer = new Writer();
    writer.int8(1);
    writer.compactNullableBytes(records);
    writer.int8(2);
    const chunks = writer.chunks();
    expect(chunks).toContain(records);
    expect(writer.size).toBe(Buffer.concat(chunks).length);
  });

  test('a version that the message lacks is refused', () => {
    expect(() => encode(produceRequest, 2, {})).toThrow(/no version 2/);
    expect(() => decode(apiVersionsRequest, 99, Buffer.alloc(0))).toThrow(/no version 99/);
  });
});

describe('decoding what nobody should send', () => {
  test('a count beyond the bytes left is an error before anything is allocated', () => {
    const writer = new Writer();
    writer.nullableString(null);
    writer.int16(-1);
    writer.int32(1000);
    writer.int32(0x7fffffff);
    expect(() => decode(produceRequest, 3, writer.toBuffer())).toThrow(/2147483647 elements in 0 bytes/);
  });

  test('a length beyond the bytes left is an error', () => {
    expect(() => new Reader(Buffer.from([0x7f, 0xff, 1, 2])).string()).toThrow(WireError);
    expect(() => new Reader(Buffer.from([0x7f, 0xff, 0xff, 0xff])).bytes()).toThrow(WireError);
    expect(() => new Reader(Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f])).compactNullableBytes()).toThrow(WireError);
  });

  test('a varint that does not end is an error', () => {
    expect(() => new Reader(Buffer.alloc(8, 0xff)).uvarint()).toThrow(WireError);
  });

  test('bytes behind the message are an error', () => {
    const bytes = Buffer.concat([encode(fetchResponse, 12, {}), Buffer.from([0])]);
    expect(() => decode(fetchResponse, 12, bytes)).toThrow(/1 bytes too many/);
  });

  test('a mutated message either decodes or throws WireError, whatever the mutation', async () => {
    const schemas = await allSchemas();
    const frames = readGolden<{ name: string; version: number; headerVersion: number; hex: string }>('frames.jsonl.gz');
    const bodies = frames.map((frame) => ({ ...frame, bytes: Buffer.from(frame.hex, 'hex') }));
    fc.assert(
      fc.property(
        fc.nat(bodies.length - 1),
        fc.array(fc.tuple(fc.nat(4095), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        fc.nat(4095),
        (index, edits, cut) => {
          const { name, version, bytes } = bodies[index]!;
          const mutated = Buffer.from(bytes.subarray(cut % 16));
          for (const [at, value] of edits) mutated[at % mutated.length] = value;
          try {
            decode(schemas.get(name)!, version, mutated);
          } catch (error) {
            expect(error).toBeInstanceOf(WireError);
          }
        },
      ),
      { numRuns: 5000 },
    );
  });
});
