import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { validateAndAssignOffsets, validateProduceRecords } from '../../../../src/log/log-validator.ts';
import { decompress } from '../../../../src/wire/records/compression.ts';
import * as header from '../../../../src/wire/records/record-batch.ts';
import { RecordError } from '../../../../src/wire/records/record-error.ts';
import { batches, buildBatch, readRecords } from '../../../../src/wire/records/records.ts';
import { readGoldenBatches } from '../../../support/golden-batches.ts';

const NUM_RUNS = 4000;
const nowMs = 1_760_000_000_000;
const seeds = readGoldenBatches()
  .filter(({ size }) => size > 0 && size < 8000)
  .map(({ hex }) => Buffer.from(hex, 'hex'));

/** Where to change what; `value` is written as 1, 4 or 8 bytes, or cuts the bytes at `at`. */
const mutation = fc.record({
  at: fc.nat(),
  kind: fc.constantFrom('byte', 'int32', 'int64', 'cut', 'insert', 'repeat'),
  value: fc.oneof(fc.nat(255), fc.constantFrom(0x7f, 0x80, 0xff)),
});

function mutate(seed: Buffer, mutations: readonly { at: number; kind: string; value: number }[]): Buffer {
  let bytes = Buffer.from(seed);
  for (const { at, kind, value } of mutations) {
    if (bytes.length === 0) return bytes;
    const position = at % bytes.length;
    if (kind === 'byte') bytes[position] = value;
    else if (kind === 'int32') bytes.fill(value, position, Math.min(bytes.length, position + 4));
    else if (kind === 'int64') bytes.fill(value, position, Math.min(bytes.length, position + 8));
    else if (kind === 'cut') bytes = Buffer.from(bytes.subarray(0, position));
    else if (kind === 'insert')
      bytes = Buffer.concat([bytes.subarray(0, position), Buffer.from([value]), bytes.subarray(position)]);
    else bytes = Buffer.concat([bytes.subarray(0, position), bytes.subarray(Math.max(0, position - value))]);
  }
  return bytes;
}

/** Makes the length and the CRC right, so that what is behind them is reached. */
function mend(bytes: Buffer): Buffer {
  if (bytes.length < header.RECORD_BATCH_OVERHEAD) return bytes;
  header.setBatchLength(bytes, 0, bytes.length - header.LOG_OVERHEAD);
  bytes[header.MAGIC_POSITION] = header.CURRENT_MAGIC;
  header.updateCrc(bytes, 0);
  return bytes;
}

const anyBytes = fc
  .record({
    seed: fc.constantFrom(...seeds),
    mutations: fc.array(mutation, { minLength: 1, maxLength: 4 }),
    mended: fc.boolean(),
  })
  .map(({ seed, mutations, mended }) => {
    const bytes = mutate(seed, mutations);
    return mended ? mend(bytes) : bytes;
  });

describe('damaged batches', () => {
  test('the reader throws RecordError and nothing else', () => {
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        try {
          for (const { position, sizeInBytes } of batches(bytes))
            readRecords(bytes.subarray(position, position + sizeInBytes));
        } catch (error) {
          expect(error).toBeInstanceOf(RecordError);
        }
      }),
      { numRuns: NUM_RUNS },
    );
  });

  test('the validator refuses them or makes a batch that can be read', () => {
    fc.assert(
      fc.property(
        anyBytes,
        fc.constantFrom('producer', 'uncompressed', 'gzip', 'snappy', 'lz4', 'zstd'),
        (bytes, compressionType) => {
          if (validateProduceRecords(bytes, 12) !== null) return;
          const result = validateAndAssignOffsets(bytes, 77, nowMs, {
            topic: 'T',
            partition: 0,
            compactedTopic: false,
            compressionType: compressionType as 'producer',
            compressionLevels: { gzip: -1, lz4: 9, zstd: 3 },
            timestampType: 'CreateTime',
            timestampBeforeMaxMs: 2 ** 63,
            timestampAfterMaxMs: 3_600_000,
            maxMessageBytes: 1_048_588,
            partitionLeaderEpoch: 0,
            origin: 'client',
          });
          if (result.kind === 'valid') expect(readRecords(result.records).length).toBe(result.recordCount);
        },
      ),
      { numRuns: NUM_RUNS },
    );
  });

  test('no codec makes more than it may of damaged bytes', () => {
    const payloads = header.compressionTypes.slice(1).map((type) => {
      const value = Buffer.from('abcdefgh'.repeat(300));
      return {
        type,
        bytes: buildBatch({ nowMs, compressionType: type, records: [{ key: null, value }] }).subarray(61),
      };
    });
    fc.assert(
      fc.property(
        fc.constantFrom(...payloads),
        fc.array(mutation, { minLength: 1, maxLength: 3 }),
        fc.integer({ min: 1, max: 5000 }),
        ({ type, bytes }, mutations, maxSize) => {
          try {
            expect(decompress(type, mutate(bytes, mutations), maxSize).length).toBeLessThanOrEqual(maxSize);
          } catch (error) {
            expect(error).toBeInstanceOf(RecordError);
          }
        },
      ),
      { numRuns: NUM_RUNS },
    );
  });
});
