import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import * as header from '../../../../src/wire/records/record-batch.ts';
import { RecordError } from '../../../../src/wire/records/record-error.ts';
import { batchSizeAt, ensureValidBatch, readRecords } from '../../../../src/wire/records/records.ts';
import { type GoldenBatch, readGoldenBatches } from '../../../support/golden-batches.ts';
import { describeBatch } from '../../../support/produce-cases.ts';

const rows = readGoldenBatches();

describe('reads what the official reader reads', () => {
  test('all 165 rows are here', () => {
    expect(rows.length).toBe(165);
  });

  for (const { group, name, hex, read } of rows) {
    test(`${group}: ${name}`, () => {
      const bytes = Buffer.from(hex, 'hex');
      let position = 0;
      for (const expected of read) {
        if (expected.unreadBytes !== undefined) {
          expect(bytes.length - position).toBe(expected.unreadBytes);
          expect(sizeOrError(bytes, position)).not.toBeGreaterThan(0);
          continue;
        }
        if (expected.size === undefined) {
          expect(() => batchSizeAt(bytes, position)).toThrow(RecordError);
          continue;
        }
        expect(batchSizeAt(bytes, position)).toBe(expected.size);
        const batch = bytes.subarray(position, position + expected.size);
        position += expected.size;
        checkBatch(batch, expected);
      }
    });
  }
});

/** The official reader, too, stops at the first bad header: what follows counts as unread. */
function sizeOrError(bytes: Buffer, position: number): number {
  try {
    return batchSizeAt(bytes, position);
  } catch (error) {
    expect(error).toBeInstanceOf(RecordError);
    return 0;
  }
}

function checkBatch(batch: Buffer, expected: GoldenBatch): void {
  expect(header.magic(batch, 0)).toBe(expected.magic);
  if (expected.legacy || expected.readError !== undefined) {
    if (expected.legacy || !expected.crcValid) expect(() => ensureValidBatch(batch, 0)).toThrow(RecordError);
    if (!expected.legacy && batch.length >= header.RECORD_BATCH_OVERHEAD)
      expect(describeBatch(batch, 0)).toMatchObject(facts(expected));
    if (expected.legacy || expected.crcValid) expect(() => readRecords(batch)).toThrow(RecordError);
    return;
  }
  ensureValidBatch(batch, 0);
  expect(describeBatch(batch, 0)).toMatchObject(facts(expected));
  const records = readRecords(batch);
  if (expected.valuesSha256 !== undefined) {
    expect(records.length).toBe(expected.recordCount);
    const hash = createHash('sha256');
    for (const { value } of records) hash.update(value!);
    expect(hash.digest('hex')).toBe(expected.valuesSha256);
    return;
  }
  expect(
    records.map(({ offset, timestamp, key, value, headers }) => ({
      offset,
      timestamp,
      key: key?.toString('base64') ?? null,
      value: value?.toString('base64') ?? null,
      headers: headers.map((entry) => [entry.key, entry.value?.toString('base64') ?? null]),
    })),
  ).toEqual(expected.records);
}

/** What the header says; the rest of a row is about records. */
function facts(expected: GoldenBatch): Partial<GoldenBatch> {
  const { records, recordCount, valuesSha256, readError, controlType, legacy, ...rest } = expected;
  return rest;
}
