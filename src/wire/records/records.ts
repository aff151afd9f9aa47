import { DECOMPRESSED_SIZE_MAX, decompress } from './compression.ts';
import * as header from './record-batch.ts';
import { RecordCursor } from './record-cursor.ts';
import { RecordError } from './record-error.ts';
import { RecordWriter } from './record-writer.ts';

/**
 * Finding batches in bytes, reading their records, and building batches. Only compaction, coordinators, the metadata log
 * and tools read or build records; what clients send and fetch is passed on as bytes.
 */
export interface RecordHeader {
  readonly key: string;
  readonly value: Buffer | null;
}

export interface Record {
  readonly offset: number;
  readonly timestamp: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: readonly RecordHeader[];
}

export interface BatchPosition {
  readonly position: number;
  readonly sizeInBytes: number;
}

/** The smallest record of magic 0 without offset and length: what Kafka takes for the smallest length, whatever the magic. */
const RECORD_OVERHEAD_MAGIC_0 = 14;
const HEADER_SIZE_UP_TO_MAGIC = 17;
const NO_HEADERS: readonly RecordHeader[] = [];

/**
 * Size of the whole batch that begins at `position`; 0 where none does, be it the end or a batch that is cut. Throws
 * RecordError for a length or a magic that no batch has. Batches of magic 0 and 1 have a size, too: who needs magic 2
 * looks at it.
 */
export function batchSizeAt(buffer: Buffer, position: number): number {
  const remaining = buffer.length - position;
  if (remaining < header.LOG_OVERHEAD) return 0;
  const length = header.batchLength(buffer, position);
  if (length < RECORD_OVERHEAD_MAGIC_0) {
    throw new RecordError(
      'corrupt-batch',
      `Record size ${length} is less than the minimum record overhead (${RECORD_OVERHEAD_MAGIC_0})`,
    );
  }
  if (remaining < HEADER_SIZE_UP_TO_MAGIC) return 0;
  const magic = header.magic(buffer, position);
  if (magic < 0 || magic > header.CURRENT_MAGIC) {
    throw new RecordError('corrupt-batch', `Invalid magic found in record: ${magic}`);
  }
  // The official reader's sum overflows and it fails; no buffer has this size.
  if (length > 0x7fff_ffff - header.LOG_OVERHEAD)
    throw new RecordError('corrupt-batch', `Record size ${length} is impossible`);
  const size = header.LOG_OVERHEAD + length;
  return size > remaining ? 0 : size;
}

/** The whole batches from the start of `buffer`. Hot paths loop over `batchSizeAt` themselves. Throws RecordError as it does. */
export function* batches(buffer: Buffer): Generator<BatchPosition, void, undefined> {
  let position = 0;
  for (let size = batchSizeAt(buffer, 0); size > 0; size = batchSizeAt(buffer, position)) {
    yield { position, sizeInBytes: size };
    position += size;
  }
}

/** Throws RecordError where the batch at `position` is not of magic 2, is too short for its header, or has a wrong CRC. */
export function ensureValidBatch(buffer: Buffer, position: number): void {
  ensureMagic(buffer, position);
  const stored = header.crc(buffer, position);
  const computed = header.computeCrc(buffer, position);
  if (stored !== computed) {
    throw new RecordError('corrupt-batch', `Record is corrupt (stored crc = ${stored}, computed crc = ${computed})`);
  }
}

function ensureMagic(buffer: Buffer, position: number): void {
  const size = batchSizeAt(buffer, position);
  if (size === 0) throw new RecordError('corrupt-batch', 'Record batch is cut');
  const magic = header.magic(buffer, position);
  if (magic !== header.CURRENT_MAGIC) throw new RecordError('corrupt-batch', `Record batch of magic ${magic}`);
  if (size < header.RECORD_BATCH_OVERHEAD) {
    throw new RecordError(
      'corrupt-batch',
      `Record batch is corrupt (the size ${size} is smaller than the minimum allowed overhead ${header.RECORD_BATCH_OVERHEAD})`,
    );
  }
}

/** The records of the whole batch at `position`, decompressed: a view where they are not compressed. Throws RecordError. */
export function recordBytes(buffer: Buffer, position: number, maxSize: number = DECOMPRESSED_SIZE_MAX): Buffer {
  const attributes = header.attributes(buffer, position);
  const type = header.compressionType(attributes);
  if (type === null) {
    throw new RecordError(
      'unknown-compression',
      `Unknown compression type id: ${attributes & header.COMPRESSION_MASK}`,
    );
  }
  const end = position + header.sizeInBytes(buffer, position);
  return decompress(type, buffer.subarray(header.recordsPosition(position), end), maxSize);
}

/** A cursor before the first record of the whole batch at `position`. Throws RecordError. */
export function openRecords(buffer: Buffer, position: number, maxSize?: number): RecordCursor {
  const bytes = recordBytes(buffer, position, maxSize);
  return new RecordCursor(bytes, 0, bytes.length);
}

/** Throws RecordError where a count of records cannot be. */
export function checkedRecordCount(buffer: Buffer, position: number): number {
  const count = header.recordCount(buffer, position);
  if (count < 0) throw new RecordError('invalid-record', `Found invalid record count ${count} in magic v2 batch`);
  return count;
}

/** After the last record: throws RecordError where bytes are left. */
export function ensureNoneRemaining(cursor: RecordCursor): void {
  if (cursor.hasRemaining) {
    throw new RecordError('invalid-record', 'Incorrect declared batch size, records still remaining in file');
  }
}

/**
 * All records of one whole batch of magic 2, which starts at the buffer's start. Keys and values are views: of the batch,
 * or of what was decompressed. The CRC is not looked at: `ensureValidBatch`. Throws RecordError.
 */
export function readRecords(batch: Buffer): Record[] {
  ensureMagic(batch, 0);
  const count = checkedRecordCount(batch, 0);
  const records: Record[] = [];
  // What compaction has emptied, whatever its codec; the official reader, too, looks no further.
  if (count === 0) return records;
  const cursor = openRecords(batch, 0);
  const baseOffset = header.baseOffset(batch, 0);
  const baseTimestamp = header.baseTimestamp(batch, 0);
  const logAppendTime = header.isLogAppendTime(header.attributes(batch, 0));
  const maxTimestamp = header.maxTimestamp(batch, 0);
  for (let i = 0; i < count; i++) {
    cursor.next();
    records.push({
      offset: baseOffset + cursor.offsetDelta,
      timestamp: logAppendTime ? maxTimestamp : baseTimestamp + cursor.timestampDelta,
      key: cursor.key,
      value: cursor.value,
      headers: cursor.headerCount === 0 ? NO_HEADERS : cursor.headers(),
    });
  }
  ensureNoneRemaining(cursor);
  return records;
}

export interface RecordInput {
  /** Milliseconds; `nowMs` of the batch when absent. */
  readonly timestamp?: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers?: readonly RecordHeader[];
  /** The one after the previous record's when absent. Offsets rise; they have gaps after compaction. */
  readonly offset?: number;
}

export interface BatchOptions {
  /** 0 when absent, as clients send it. */
  readonly baseOffset?: number;
  readonly partitionLeaderEpoch?: number;
  readonly compressionType?: header.CompressionType;
  readonly compressionLevel?: number;
  /** With LogAppendTime, `nowMs` is the timestamp of all records. */
  readonly timestampType?: header.TimestampType;
  readonly producerId?: number;
  readonly producerEpoch?: number;
  readonly baseSequence?: number;
  readonly transactional?: boolean;
  readonly control?: boolean;
  /** KIP-534; record timestamps are then stored relative to it. */
  readonly deleteHorizonMs?: number;
  /** Inclusive; where the batch covers more offsets than its records have. */
  readonly lastOffset?: number;
  /** Where it is not the greatest of the records': compaction keeps it. */
  readonly maxTimestamp?: number;
  readonly nowMs: number;
  /** None: a batch that compaction has emptied; `lastOffset` and `maxTimestamp` say what it covered. */
  readonly records: readonly RecordInput[];
}

/** One batch with its CRC. */
export function buildBatch(options: BatchOptions): Buffer {
  const { records, nowMs } = options;
  const baseOffset = options.baseOffset ?? 0;
  const firstTimestamp = records.length === 0 ? header.NO_TIMESTAMP : (records[0]!.timestamp ?? nowMs);
  const baseTimestamp = options.deleteHorizonMs ?? firstTimestamp;
  let sizeHint = 0;
  for (const { key, value } of records) sizeHint += 32 + (key?.length ?? 0) + (value?.length ?? 0);
  const writer = new RecordWriter(sizeHint);
  let offset = baseOffset - 1;
  let maxTimestamp = header.NO_TIMESTAMP;
  for (const record of records) {
    offset = record.offset ?? offset + 1;
    const timestamp = record.timestamp ?? nowMs;
    if (timestamp > maxTimestamp) maxTimestamp = timestamp;
    writer.append(
      timestamp - baseTimestamp,
      offset - baseOffset,
      record.key,
      record.value,
      record.headers ?? NO_HEADERS,
    );
  }
  const timestampType = options.timestampType ?? 'CreateTime';
  return writer.close({
    baseOffset,
    lastOffset: options.lastOffset ?? offset,
    partitionLeaderEpoch: options.partitionLeaderEpoch ?? header.NO_PARTITION_LEADER_EPOCH,
    compressionType: options.compressionType ?? 'none',
    compressionLevel: options.compressionLevel ?? null,
    timestampType,
    baseTimestamp,
    maxTimestamp: options.maxTimestamp ?? (timestampType === 'LogAppendTime' ? nowMs : maxTimestamp),
    producerId: options.producerId ?? header.NO_PRODUCER_ID,
    producerEpoch: options.producerEpoch ?? header.NO_PRODUCER_EPOCH,
    baseSequence: options.baseSequence ?? header.NO_SEQUENCE,
    transactional: options.transactional ?? false,
    control: options.control ?? false,
    hasDeleteHorizon: options.deleteHorizonMs !== undefined,
  });
}
