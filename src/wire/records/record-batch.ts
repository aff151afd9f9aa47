import { crc32c } from '../crc32c.ts';
import { readInt64, writeInt64 } from '../int64.ts';

/**
 * The header of a record batch of magic 2, read and patched in place. A batch is named by the buffer that holds it and the
 * position of its first byte; nothing is copied and nothing is checked here: `records.ts` finds batches, this reads them.
 *
 *     position  bytes  field
 *            0      8  base offset             not under the CRC
 *            8      4  batch length            bytes after this field; not under the CRC
 *           12      4  partition leader epoch  not under the CRC
 *           16      1  magic                   not under the CRC
 *           17      4  CRC-32C of everything that follows
 *           21      2  attributes: 0-2 compression, 3 timestamp type, 4 transactional, 5 control, 6 delete horizon
 *           23      4  last offset delta
 *           27      8  base timestamp          the delete horizon, where that attribute is set
 *           35      8  max timestamp
 *           43      8  producer id
 *           51      2  producer epoch
 *           53      4  base sequence
 *           57      4  record count
 *           61         records, compressed as one block
 *
 * Source: KIP-98, KIP-534 (delete horizon).
 */

/** Base offset and length: what stands in front of every batch, whatever its magic. */
export const LOG_OVERHEAD = 12;
/** The header of a batch of magic 2. */
export const RECORD_BATCH_OVERHEAD = 61;
export const CURRENT_MAGIC = 2;

export const NO_OFFSET = -1;
export const NO_TIMESTAMP = -1;
export const NO_PRODUCER_ID = -1;
export const NO_PRODUCER_EPOCH = -1;
export const NO_SEQUENCE = -1;
export const NO_PARTITION_LEADER_EPOCH = -1;

export const LENGTH_POSITION = 8;
export const PARTITION_LEADER_EPOCH_POSITION = 12;
export const MAGIC_POSITION = 16;
export const CRC_POSITION = 17;
export const ATTRIBUTES_POSITION = 21;
export const LAST_OFFSET_DELTA_POSITION = 23;
export const BASE_TIMESTAMP_POSITION = 27;
export const MAX_TIMESTAMP_POSITION = 35;
export const PRODUCER_ID_POSITION = 43;
export const PRODUCER_EPOCH_POSITION = 51;
export const BASE_SEQUENCE_POSITION = 53;
export const RECORD_COUNT_POSITION = 57;

export const COMPRESSION_MASK = 0x07;
export const LOG_APPEND_TIME_FLAG = 0x08;
export const TRANSACTIONAL_FLAG = 0x10;
export const CONTROL_FLAG = 0x20;
export const DELETE_HORIZON_FLAG = 0x40;

export type TimestampType = 'CreateTime' | 'LogAppendTime';

/** In the order of their ids in the attributes. */
export const compressionTypes = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;
export type CompressionType = (typeof compressionTypes)[number];

export function baseOffset(buffer: Buffer, position: number): number {
  return readInt64(buffer, position);
}

/** The length field: the batch's bytes without base offset and length. It may lie: see `sizeInBytes`. */
export function batchLength(buffer: Buffer, position: number): number {
  return readInt32(buffer, position + LENGTH_POSITION);
}

/** Bytes of the whole batch, as its length field has it. */
export function sizeInBytes(buffer: Buffer, position: number): number {
  return LOG_OVERHEAD + readInt32(buffer, position + LENGTH_POSITION);
}

export function partitionLeaderEpoch(buffer: Buffer, position: number): number {
  return readInt32(buffer, position + PARTITION_LEADER_EPOCH_POSITION);
}

/** Signed. It is at the same place in every magic. */
export function magic(buffer: Buffer, position: number): number {
  return (buffer[position + MAGIC_POSITION]! << 24) >> 24;
}

/** The stored CRC, unsigned. */
export function crc(buffer: Buffer, position: number): number {
  return readInt32(buffer, position + CRC_POSITION) >>> 0;
}

/** The CRC that the bytes have; the batch must be whole. */
export function computeCrc(buffer: Buffer, position: number): number {
  return crc32c(buffer, position + ATTRIBUTES_POSITION, position + sizeInBytes(buffer, position));
}

/** All 16 bits; only the lower seven mean something. */
export function attributes(buffer: Buffer, position: number): number {
  return (buffer[position + ATTRIBUTES_POSITION]! << 8) | buffer[position + ATTRIBUTES_POSITION + 1]!;
}

export function lastOffsetDelta(buffer: Buffer, position: number): number {
  return readInt32(buffer, position + LAST_OFFSET_DELTA_POSITION);
}

/** Inclusive. A batch that compaction emptied still says which offsets it covered. */
export function lastOffset(buffer: Buffer, position: number): number {
  return baseOffset(buffer, position) + lastOffsetDelta(buffer, position);
}

/** The offset after the batch. */
export function nextOffset(buffer: Buffer, position: number): number {
  return lastOffset(buffer, position) + 1;
}

/** Milliseconds; what record timestamps are relative to. Holds the delete horizon where `hasDeleteHorizon`. */
export function baseTimestamp(buffer: Buffer, position: number): number {
  return readInt64(buffer, position + BASE_TIMESTAMP_POSITION);
}

/** Milliseconds; of every record, where the timestamp type is LogAppendTime. */
export function maxTimestamp(buffer: Buffer, position: number): number {
  return readInt64(buffer, position + MAX_TIMESTAMP_POSITION);
}

/** When the tombstones and markers of this batch may go (KIP-534), or null. */
export function deleteHorizonMs(buffer: Buffer, position: number): number | null {
  return hasDeleteHorizon(attributes(buffer, position)) ? baseTimestamp(buffer, position) : null;
}

/** -1: none. */
export function producerId(buffer: Buffer, position: number): number {
  return readInt64(buffer, position + PRODUCER_ID_POSITION);
}

export function producerEpoch(buffer: Buffer, position: number): number {
  return (
    (((buffer[position + PRODUCER_EPOCH_POSITION]! << 8) | buffer[position + PRODUCER_EPOCH_POSITION + 1]!) << 16) >> 16
  );
}

export function baseSequence(buffer: Buffer, position: number): number {
  return readInt32(buffer, position + BASE_SEQUENCE_POSITION);
}

/** Sequence of the last record: sequences wrap from 2^31-1 to 0. -1 where there is no base sequence. */
export function lastSequence(buffer: Buffer, position: number): number {
  const first = baseSequence(buffer, position);
  return first === NO_SEQUENCE ? NO_SEQUENCE : incrementSequence(first, lastOffsetDelta(buffer, position));
}

/** The records that a client says are there; the reader finds out. */
export function recordCount(buffer: Buffer, position: number): number {
  return readInt32(buffer, position + RECORD_COUNT_POSITION);
}

/** Where the records begin. */
export function recordsPosition(position: number): number {
  return position + RECORD_BATCH_OVERHEAD;
}

export function incrementSequence(sequence: number, increment: number): number {
  const sum = sequence + increment;
  return sum > 0x7fff_ffff ? sum - 0x8000_0000 : sum;
}

export function decrementSequence(sequence: number, decrement: number): number {
  return sequence < decrement ? 0x8000_0000 - (decrement - sequence) : sequence - decrement;
}

/** Null: an id that no codec has. */
export function compressionType(attributes: number): CompressionType | null {
  return compressionTypes[attributes & COMPRESSION_MASK] ?? null;
}

export function compressionId(type: CompressionType): number {
  return compressionTypes.indexOf(type);
}

export function timestampType(attributes: number): TimestampType {
  return isLogAppendTime(attributes) ? 'LogAppendTime' : 'CreateTime';
}

export function isLogAppendTime(attributes: number): boolean {
  return (attributes & LOG_APPEND_TIME_FLAG) !== 0;
}

export function isTransactional(attributes: number): boolean {
  return (attributes & TRANSACTIONAL_FLAG) !== 0;
}

export function isControl(attributes: number): boolean {
  return (attributes & CONTROL_FLAG) !== 0;
}

export function hasDeleteHorizon(attributes: number): boolean {
  return (attributes & DELETE_HORIZON_FLAG) !== 0;
}

export function setBaseOffset(buffer: Buffer, position: number, value: number): void {
  writeInt64(buffer, position, value);
}

export function setBatchLength(buffer: Buffer, position: number, value: number): void {
  writeInt32(buffer, position + LENGTH_POSITION, value);
}

export function setPartitionLeaderEpoch(buffer: Buffer, position: number, value: number): void {
  writeInt32(buffer, position + PARTITION_LEADER_EPOCH_POSITION, value);
}

/** The following are under the CRC: `updateCrc` after the last of them. */
export function setAttributes(buffer: Buffer, position: number, value: number): void {
  buffer[position + ATTRIBUTES_POSITION] = value >>> 8;
  buffer[position + ATTRIBUTES_POSITION + 1] = value;
}

export function setLastOffsetDelta(buffer: Buffer, position: number, value: number): void {
  writeInt32(buffer, position + LAST_OFFSET_DELTA_POSITION, value);
}

export function setBaseTimestamp(buffer: Buffer, position: number, value: number): void {
  writeInt64(buffer, position + BASE_TIMESTAMP_POSITION, value);
}

export function setMaxTimestamp(buffer: Buffer, position: number, value: number): void {
  writeInt64(buffer, position + MAX_TIMESTAMP_POSITION, value);
}

export function setProducerId(buffer: Buffer, position: number, value: number): void {
  writeInt64(buffer, position + PRODUCER_ID_POSITION, value);
}

export function setProducerEpoch(buffer: Buffer, position: number, value: number): void {
  buffer[position + PRODUCER_EPOCH_POSITION] = value >>> 8;
  buffer[position + PRODUCER_EPOCH_POSITION + 1] = value;
}

export function setBaseSequence(buffer: Buffer, position: number, value: number): void {
  writeInt32(buffer, position + BASE_SEQUENCE_POSITION, value);
}

export function setRecordCount(buffer: Buffer, position: number, value: number): void {
  writeInt32(buffer, position + RECORD_COUNT_POSITION, value);
}

export function updateCrc(buffer: Buffer, position: number): void {
  writeInt32(buffer, position + CRC_POSITION, computeCrc(buffer, position));
}

function readInt32(buffer: Buffer, position: number): number {
  return (
    (buffer[position]! << 24) | (buffer[position + 1]! << 16) | (buffer[position + 2]! << 8) | buffer[position + 3]!
  );
}

function writeInt32(buffer: Buffer, position: number, value: number): void {
  buffer[position] = value >>> 24;
  buffer[position + 1] = value >>> 16;
  buffer[position + 2] = value >>> 8;
  buffer[position + 3] = value;
}
