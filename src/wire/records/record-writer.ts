import { compress } from './compression.ts';
import * as header from './record-batch.ts';

/** What a batch header says beside what follows from its records. */
export interface BatchHeader {
  readonly baseOffset: number;
  /** Inclusive. */
  readonly lastOffset: number;
  readonly partitionLeaderEpoch: number;
  readonly compressionType: header.CompressionType;
  /** Null: the codec's default. */
  readonly compressionLevel: number | null;
  readonly timestampType: header.TimestampType;
  /** What the written timestamp deltas are relative to; the delete horizon where `hasDeleteHorizon`. */
  readonly baseTimestamp: number;
  readonly maxTimestamp: number;
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly baseSequence: number;
  readonly transactional: boolean;
  readonly control: boolean;
  readonly hasDeleteHorizon: boolean;
}

interface HeaderInput {
  readonly key: string;
  readonly value: Buffer | null;
}

/** Writes records one after another, leaving room for the batch header in front, and closes them into a batch. */
export class RecordWriter {
  recordCount = 0;
  #buffer: Buffer;
  #position = header.RECORD_BATCH_OVERHEAD;

  constructor(sizeHint: number) {
    this.#buffer = Buffer.allocUnsafe(header.RECORD_BATCH_OVERHEAD + sizeHint);
  }

  append(
    timestampDelta: number,
    offsetDelta: number,
    key: Buffer | null,
    value: Buffer | null,
    headers: readonly HeaderInput[],
  ): void {
    const keys: Buffer[] = [];
    let size = 1 + varlongSize(timestampDelta) + varintSize(offsetDelta) + bytesSize(key) + bytesSize(value);
    size += varintSize(headers.length);
    for (const { key: name, value: bytes } of headers) {
      const nameBytes = Buffer.from(name, 'utf8');
      keys.push(nameBytes);
      size += bytesSize(nameBytes) + bytesSize(bytes);
    }
    this.#begin(size, timestampDelta, offsetDelta);
    this.#bytes(key);
    this.#bytes(value);
    this.#varint(headers.length);
    for (let i = 0; i < headers.length; i++) {
      this.#bytes(keys[i]!);
      this.#bytes(headers[i]!.value);
    }
  }

  /** A record whose key, value and headers are taken over as the bytes `source[start, end)` (`RecordCursor.keyLengthPosition`). */
  appendEncoded(timestampDelta: number, offsetDelta: number, source: Buffer, start: number, end: number): void {
    this.#begin(1 + varlongSize(timestampDelta) + varintSize(offsetDelta) + end - start, timestampDelta, offsetDelta);
    source.copy(this.#buffer, this.#position, start, end);
    this.#position += end - start;
  }

  /** The batch with its CRC. The writer is used up. */
  close(fields: BatchHeader): Buffer {
    let batch = this.#buffer.subarray(0, this.#position);
    if (fields.compressionType !== 'none' && this.recordCount > 0) {
      const records = compress(
        fields.compressionType,
        fields.compressionLevel,
        batch.subarray(header.RECORD_BATCH_OVERHEAD),
      );
      batch = Buffer.allocUnsafe(header.RECORD_BATCH_OVERHEAD + records.length);
      records.copy(batch, header.RECORD_BATCH_OVERHEAD);
    }
    const attributes =
      (this.recordCount > 0 ? header.compressionId(fields.compressionType) : 0) |
      (fields.timestampType === 'LogAppendTime' ? header.LOG_APPEND_TIME_FLAG : 0) |
      (fields.transactional ? header.TRANSACTIONAL_FLAG : 0) |
      (fields.control ? header.CONTROL_FLAG : 0) |
      (fields.hasDeleteHorizon ? header.DELETE_HORIZON_FLAG : 0);
    header.setBaseOffset(batch, 0, fields.baseOffset);
    header.setBatchLength(batch, 0, batch.length - header.LOG_OVERHEAD);
    header.setPartitionLeaderEpoch(batch, 0, fields.partitionLeaderEpoch);
    batch[header.MAGIC_POSITION] = header.CURRENT_MAGIC;
    header.setAttributes(batch, 0, attributes);
    header.setLastOffsetDelta(batch, 0, fields.lastOffset - fields.baseOffset);
    header.setBaseTimestamp(batch, 0, fields.baseTimestamp);
    header.setMaxTimestamp(batch, 0, fields.maxTimestamp);
    header.setProducerId(batch, 0, fields.producerId);
    header.setProducerEpoch(batch, 0, fields.producerEpoch);
    header.setBaseSequence(batch, 0, fields.baseSequence);
    header.setRecordCount(batch, 0, this.recordCount);
    header.updateCrc(batch, 0);
    return batch;
  }

  #begin(size: number, timestampDelta: number, offsetDelta: number): void {
    const needed = this.#position + varintSize(size) + size;
    if (needed > this.#buffer.length) {
      const grown = Buffer.allocUnsafe(Math.max(needed, this.#buffer.length * 2));
      this.#buffer.copy(grown, 0, 0, this.#position);
      this.#buffer = grown;
    }
    this.recordCount++;
    this.#varint(size);
    // Record attributes: none are defined.
    this.#buffer[this.#position++] = 0;
    this.#varlong(timestampDelta);
    this.#varint(offsetDelta);
  }

  #bytes(bytes: Buffer | null): void {
    if (bytes === null) {
      this.#varint(-1);
      return;
    }
    this.#varint(bytes.length);
    bytes.copy(this.#buffer, this.#position);
    this.#position += bytes.length;
  }

  #varint(value: number): void {
    let rest = ((value << 1) ^ (value >> 31)) >>> 0;
    while (rest >= 0x80) {
      this.#buffer[this.#position++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.#buffer[this.#position++] = rest;
  }

  #varlong(value: number): void {
    if (value >= -0x4000_0000 && value < 0x4000_0000) {
      this.#varint(value);
      return;
    }
    let rest = zigzag(value);
    while (rest >= 0x80n) {
      this.#buffer[this.#position++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.#buffer[this.#position++] = Number(rest);
  }
}

function zigzag(value: number): bigint {
  const wide = BigInt(value);
  return wide >= 0n ? wide << 1n : (-wide << 1n) - 1n;
}

function bytesSize(bytes: Buffer | null): number {
  return bytes === null ? 1 : varintSize(bytes.length) + bytes.length;
}

function varintSize(value: number): number {
  const rest = ((value << 1) ^ (value >> 31)) >>> 0;
  // Bits, in sevens; zero takes a byte, too.
  return Math.ceil((32 - Math.clz32(rest | 1)) / 7);
}

function varlongSize(value: number): number {
  if (value >= -0x4000_0000 && value < 0x4000_0000) return varintSize(value);
  let size = 1;
  for (let rest = zigzag(value); rest >= 0x80n; rest >>= 7n) size++;
  return size;
}
