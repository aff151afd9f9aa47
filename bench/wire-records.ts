import { type ValidationOptions, validateAndAssignOffsets } from '../src/log/log-validator.ts';
import { crc32c, NATIVE_SIZE_MIN, scriptCrc32c, useNativeCrc32c } from '../src/wire/crc32c.ts';
import * as header from '../src/wire/records/record-batch.ts';
import { compressionTypes } from '../src/wire/records/record-batch.ts';
import { buildBatch } from '../src/wire/records/records.ts';
import { type BenchRow, measureMicroseconds } from './bench.ts';

const nowMs = 1_760_000_000_000;
const options: ValidationOptions = {
  topic: 'bench',
  partition: 0,
  compactedTopic: false,
  compressionType: 'producer',
  compressionLevels: { gzip: -1, lz4: 9, zstd: 3 },
  timestampType: 'CreateTime',
  timestampBeforeMaxMs: 2 ** 63,
  timestampAfterMaxMs: 3_600_000,
  maxMessageBytes: 1_048_588,
  partitionLeaderEpoch: 3,
  origin: 'client',
};

/** What the leader does with one batch that a client sent. */
export async function benchRecords(): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  const plain = batchOf('none');
  rows.push({ name: 'validate 16 KiB, native CRC', value: validate(plain), unit: 'µs', target: 8 });
  useNativeCrc32c(false);
  rows.push({ name: 'validate 16 KiB, script CRC', value: validate(plain), unit: 'µs', target: 20 });
  useNativeCrc32c(true);
  for (const type of compressionTypes) {
    if (type !== 'none') rows.push({ name: `validate 16 KiB, ${type}`, value: validate(batchOf(type)), unit: 'µs' });
  }
  const bytes = plain.subarray(0, NATIVE_SIZE_MIN);
  rows.push({
    name: `crc32c of ${NATIVE_SIZE_MIN} bytes, native`,
    value: measureMicroseconds(() => crc32c(bytes, 0, bytes.length)),
    unit: 'µs',
  });
  rows.push({
    name: `crc32c of ${NATIVE_SIZE_MIN} bytes, script`,
    value: measureMicroseconds(() => scriptCrc32c(bytes, 0, bytes.length)),
    unit: 'µs',
  });
  return rows;
}

/** 16 records of 1 KiB: text of which some repeats, as JSON has it. */
function batchOf(compressionType: header.CompressionType): Buffer {
  const records = Array.from({ length: 16 }, (_, i) => {
    let value = '';
    for (let word = i * 7919; value.length < 1000; word = (word * 31 + 17) % 100_003) value += `"field":${word},`;
    return { timestamp: nowMs + i, key: Buffer.from(`key-${i}`), value: Buffer.from(value.slice(0, 1000)) };
  });
  return buildBatch({ nowMs, records, compressionType });
}

function validate(batch: Buffer): number {
  let offset = 0;
  return measureMicroseconds(() => {
    // The last call has left its offset there.
    header.setBaseOffset(batch, 0, 0);
    const result = validateAndAssignOffsets(batch, offset, nowMs, options);
    if (result.kind === 'invalid') throw new Error(result.reason);
    offset = result.lastOffset + 1;
  });
}
