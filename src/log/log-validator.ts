import type { ErrorName } from '../wire/errors.ts';
import type { CompressionType, TimestampType } from '../wire/records/record-batch.ts';
import * as header from '../wire/records/record-batch.ts';
import { RecordCursor } from '../wire/records/record-cursor.ts';
import { RecordError } from '../wire/records/record-error.ts';
import { RecordWriter } from '../wire/records/record-writer.ts';
import { batchSizeAt, checkedRecordCount, ensureNoneRemaining, recordBytes } from '../wire/records/records.ts';

/**
 * What a leader checks before it appends a batch, and the offsets and times it puts into it: Kafka's LogValidator and the
 * checks of UnifiedLog before it, for batches of magic 2.
 *
 * The usual batch is patched in place: its records are walked as bytes, base offset and leader epoch are written, both
 * outside the CRC. Attributes and max timestamp are touched only where they differ, at the price of a new CRC. Records are
 * written anew only where the topic wants another compression.
 *
 * Copied from Kafka though odd: the offset deltas of uncompressed records are not looked at (old clients got them wrong),
 * unused attribute bits and bytes after the batch too short for another are accepted.
 */

/** Who hands in the records; Kafka's `AppendOrigin`. Decides which checks apply. */
export type AppendOrigin = 'client' | 'coordinator' | 'raft-leader' | 'replication';

export interface ValidationOptions {
  readonly topic: string;
  readonly partition: number;
  /** `cleanup.policy` has compact: a record without key is refused. */
  readonly compactedTopic: boolean;
  /** `compression.type` */
  readonly compressionType: 'producer' | 'uncompressed' | Exclude<CompressionType, 'none'>;
  readonly compressionLevels: { readonly gzip: number; readonly lz4: number; readonly zstd: number };
  readonly timestampType: TimestampType;
  readonly timestampBeforeMaxMs: number;
  readonly timestampAfterMaxMs: number;
  /** Of one batch, before and after recompression. Raft's own batches have no limit. */
  readonly maxMessageBytes: number;
  readonly partitionLeaderEpoch: number;
  readonly origin: AppendOrigin;
}

export interface ValidBatch {
  readonly kind: 'valid';
  /** Exactly one batch with its final offsets: the given bytes, patched in place, or new ones where `recompressed`. */
  readonly records: Buffer;
  readonly baseOffset: number;
  /** Inclusive. */
  readonly lastOffset: number;
  readonly recordCount: number;
  /** -1 where no record has a timestamp. */
  readonly maxTimestampMs: number;
  /** -1 where the timestamp type is CreateTime. */
  readonly logAppendTimeMs: number;
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly baseSequence: number;
  readonly lastSequence: number;
  readonly transactional: boolean;
  readonly control: boolean;
  /** As stored. */
  readonly compressionType: CompressionType;
  /** The records were written anew, for another compression. */
  readonly recompressed: boolean;
}

export interface BatchRecordError {
  /** Place of the record in the batch. */
  readonly batchIndex: number;
  readonly message: string;
}

export interface InvalidBatch {
  readonly kind: 'invalid';
  readonly error: ErrorName;
  /** For the response; null where the official broker sends none. */
  readonly message: string | null;
  readonly recordErrors: readonly BatchRecordError[];
  /** For the broker's own log. */
  readonly reason: string;
}

export type ValidationResult = ValidBatch | InvalidBatch;

/** From this version of Produce on, zstd is allowed (KIP-110). */
const ZSTD_PRODUCE_VERSION_MIN = 7;
/** A response lists no more; the count in its message is the true one. */
const RECORD_ERRORS_MAX = 10_000;
const NO_RECORD_ERRORS: readonly BatchRecordError[] = [];

/**
 * What Produce checks before any log is asked: exactly one batch, of magic 2. Null: nothing wrong. A first batch without
 * sense is the only error with a message, as in the official broker, where it fails the whole request.
 */
export function validateProduceRecords(records: Buffer, produceVersion: number): InvalidBatch | null {
  let size: number;
  try {
    size = batchSizeAt(records, 0);
  } catch (error) {
    const invalid = recordErrorResult(error);
    return { ...invalid, message: invalid.reason };
  }
  if (size === 0) return invalidRecord('no whole record batch');
  if (header.magic(records, 0) !== header.CURRENT_MAGIC) return invalidRecord('a record batch of magic 0 or 1');
  if (size < header.RECORD_BATCH_OVERHEAD) return corrupt(`a record batch of ${size} bytes`);
  if (produceVersion < ZSTD_PRODUCE_VERSION_MIN && header.compressionType(header.attributes(records, 0)) === 'zstd') {
    return invalid('UNSUPPORTED_COMPRESSION_TYPE', null, `zstd in version ${produceVersion} of Produce`);
  }
  return validateSingleBatch(records, size);
}

/**
 * Checks the one batch in `records`, gives its records the offsets from `baseOffset` on, and makes it what is to be
 * stored. `records` may be changed, even where the batch is refused only later, by the producer state.
 */
export function validateAndAssignOffsets(
  records: Buffer,
  baseOffset: number,
  nowMs: number,
  options: ValidationOptions,
): ValidationResult {
  try {
    return validate(records, baseOffset, nowMs, options);
  } catch (error) {
    return recordErrorResult(error);
  }
}

/** Throws RecordError. */
function validate(records: Buffer, baseOffset: number, nowMs: number, options: ValidationOptions): ValidationResult {
  const size = batchSizeAt(records, 0);
  if (size === 0) return invalidRecord('no whole record batch');
  const refused = validateHeader(records, size, options);
  if (refused !== null) return refused;
  const attributes = header.attributes(records, 0);
  const source = header.compressionType(attributes);
  if (source === null) {
    const message = `Unknown compression type id: ${attributes & header.COMPRESSION_MASK}`;
    return invalid('UNSUPPORTED_COMPRESSION_TYPE', message, message);
  }
  const batch = size === records.length ? records : records.subarray(0, size);
  const target = targetCompression(options, source);
  // A control batch stays as it is; only what comes compressed may be compressed.
  const inPlace = source === target || (source === 'none' && header.isControl(attributes));

  // Most batches come as they are: their records are walked where they lie.
  const isPlain = source === 'none';
  const bytes = isPlain ? batch : recordBytes(batch, 0);
  const recordsStart = isPlain ? header.recordsPosition(0) : 0;
  const walk = new RecordWalk(batch, nowMs, options, !isPlain || target !== 'none', inPlace);
  const recordErrors = walk.run(bytes, recordsStart);
  if (recordErrors !== null) return recordErrors;
  const lastOffset = baseOffset + walk.count - 1;

  const stored = inPlace
    ? patch(batch, lastOffset, walk.maxTimestamp, nowMs, options)
    : rebuild(
        batch,
        bytes,
        { recordsStart, baseOffset, lastOffset, nowMs, maxTimestamp: walk.maxTimestamp, target },
        options,
      );
  if (!inPlace && options.origin !== 'raft-leader' && stored.length > options.maxMessageBytes) {
    return tooLarge(stored.length, options);
  }
  const logAppendTime = options.timestampType === 'LogAppendTime';
  return {
    kind: 'valid',
    records: stored,
    baseOffset,
    lastOffset,
    recordCount: walk.count,
    maxTimestampMs: logAppendTime ? nowMs : walk.maxTimestamp,
    logAppendTimeMs: logAppendTime ? nowMs : header.NO_TIMESTAMP,
    producerId: header.producerId(stored, 0),
    producerEpoch: header.producerEpoch(stored, 0),
    baseSequence: header.baseSequence(stored, 0),
    lastSequence: header.lastSequence(stored, 0),
    transactional: header.isTransactional(attributes),
    control: header.isControl(attributes),
    compressionType: inPlace ? source : target,
    recompressed: !inPlace,
  };
}

/** In Kafka's order: what the header says, size, CRC, one batch only, then what clients may not do. Throws RecordError. */
function validateHeader(records: Buffer, size: number, options: ValidationOptions): InvalidBatch | null {
  const { origin } = options;
  if (header.magic(records, 0) !== header.CURRENT_MAGIC) return invalidRecord('a record batch of magic 0 or 1');
  if (origin === 'raft-leader' && header.partitionLeaderEpoch(records, 0) !== options.partitionLeaderEpoch) {
    return invalidRecord('Append from Raft leader did not set the batch epoch correctly');
  }
  if (origin === 'client' && header.baseOffset(records, 0) !== 0) {
    return invalidRecord(`the base offset is ${header.baseOffset(records, 0)}, not 0`);
  }
  if (origin !== 'raft-leader' && size > options.maxMessageBytes) return tooLarge(size, options);
  if (size < header.RECORD_BATCH_OVERHEAD) return corrupt(`a record batch of ${size} bytes`);
  if (header.crc(records, 0) !== header.computeCrc(records, 0)) {
    return corrupt(`Record is corrupt (stored crc = ${header.crc(records, 0)})`);
  }
  const another = validateSingleBatch(records, size);
  if (another !== null) return another;

  const count = checkedRecordCount(records, 0);
  if (count === 0) return invalidRecord('a record batch without records');
  if (origin !== 'client') return null;
  const delta = header.lastOffsetDelta(records, 0);
  if (delta + 1 !== count) return invalidRecord(`last offset delta ${delta}, but ${count} records`);
  if (header.isControl(header.attributes(records, 0))) return invalidRecord('clients may not write control records');
  if (header.producerId(records, 0) >= 0 && header.baseSequence(records, 0) < 0) {
    return invalidRecord(`sequence ${header.baseSequence(records, 0)} of producer ${header.producerId(records, 0)}`);
  }
  return null;
}

/** Whether anything but a scrap follows the first batch. */
function validateSingleBatch(records: Buffer, size: number): InvalidBatch | null {
  if (size === records.length) return null;
  try {
    return batchSizeAt(records, size) === 0 ? null : invalidRecord('more than one record batch');
  } catch (error) {
    return recordErrorResult(error);
  }
}

function targetCompression(options: ValidationOptions, source: CompressionType): CompressionType {
  if (options.compressionType === 'producer') return source;
  return options.compressionType === 'uncompressed' ? 'none' : options.compressionType;
}

/** The records of one batch: their structure, keys and timestamps. */
class RecordWalk {
  readonly count: number;
  /** -1 where no record has one. */
  maxTimestamp = header.NO_TIMESTAMP;

  readonly #batch: Buffer;
  readonly #nowMs: number;
  readonly #options: ValidationOptions;
  /** Offset deltas must count up from 0. Kafka is as strict only where compression is involved and nothing is rebuilt. */
  readonly #deltasMatter: boolean;
  /** How the official broker names a record in a message depends on how it reads it. */
  readonly #recordClass: string;
  readonly #errors: BatchRecordError[] = [];
  #errorCount = 0;
  #timestampRefused = false;

  constructor(batch: Buffer, nowMs: number, options: ValidationOptions, compression: boolean, inPlace: boolean) {
    this.#batch = batch;
    this.#nowMs = nowMs;
    this.#options = options;
    this.count = header.recordCount(batch, 0);
    this.#deltasMatter = compression && inPlace;
    const skipsKeys = inPlace && header.compressionType(header.attributes(batch, 0)) !== 'none';
    this.#recordClass = skipsKeys ? 'PartialDefaultRecord' : 'DefaultRecord';
  }

  /** Throws RecordError where `bytes` from `start` on are no records; refusals of single records are returned. */
  run(bytes: Buffer, start: number): InvalidBatch | null {
    const { compactedTopic, timestampType, timestampBeforeMaxMs, timestampAfterMaxMs } = this.#options;
    const nowMs = this.#nowMs;
    const createTime = timestampType === 'CreateTime';
    const fromClientLogAppendTime = header.isLogAppendTime(header.attributes(this.#batch, 0));
    const baseTimestamp = header.baseTimestamp(this.#batch, 0);
    const batchTimestamp = header.maxTimestamp(this.#batch, 0);
    const cursor = new RecordCursor(bytes, start, bytes.length);
    let maxTimestamp = header.NO_TIMESTAMP;
    let deltasCount = true;
    for (let i = 0; i < this.count; i++) {
      cursor.next();
      const timestamp = fromClientLogAppendTime ? batchTimestamp : baseTimestamp + cursor.timestampDelta;
      if (timestamp > maxTimestamp) maxTimestamp = timestamp;
      if (cursor.offsetDelta !== i) deltasCount = false;
      if (compactedTopic && cursor.keySize < 0) {
        this.#refuseKey(i);
      } else if (createTime && timestamp !== header.NO_TIMESTAMP) {
        if (nowMs - timestamp > timestampBeforeMaxMs || timestamp - nowMs > timestampAfterMaxMs) {
          this.#refuseTimestamp(i, timestamp, cursor);
        }
      } else if (fromClientLogAppendTime) {
        this.#refuseTimestampType(i, timestamp, cursor);
      }
    }
    ensureNoneRemaining(cursor);
    this.maxTimestamp = maxTimestamp;
    if (this.#errorCount > 0) return this.#refusal();
    if (!deltasCount && this.#deltasMatter) {
      const message = 'The offset deltas of compressed records must count up from 0';
      return invalid('INVALID_RECORD', message, message);
    }
    return null;
  }

  #refuseKey(batchIndex: number): void {
    const { topic, partition } = this.#options;
    this.#refuse(
      batchIndex,
      `Compacted topic cannot accept message without key in topic partition ${topic}-${partition}`,
    );
  }

  #refuseTimestamp(batchIndex: number, timestamp: number, cursor: RecordCursor): void {
    this.#timestampRefused = true;
    const { timestampBeforeMaxMs, timestampAfterMaxMs } = this.#options;
    const offset = header.baseOffset(this.#batch, 0) + cursor.offsetDelta;
    const earliest = sumAsLong(this.#nowMs, -timestampBeforeMaxMs);
    const latest = sumAsLong(this.#nowMs, timestampAfterMaxMs);
    this.#refuse(
      batchIndex,
      `Timestamp ${timestamp} of message with offset ${offset} is out of range. ` +
        `The timestamp should be within [${earliest}, ${latest}]`,
    );
  }

  #refuseTimestampType(batchIndex: number, timestamp: number, cursor: RecordCursor): void {
    this.#timestampRefused = true;
    const offset = header.baseOffset(this.#batch, 0) + cursor.offsetDelta;
    const partial = this.#recordClass === 'PartialDefaultRecord';
    const keySize = partial ? cursor.keySize : Math.max(0, cursor.keySize);
    const valueSize = partial ? cursor.valueSize : Math.max(0, cursor.valueSize);
    this.#refuse(
      batchIndex,
      `Invalid timestamp type in message ${this.#recordClass}(offset=${offset}, timestamp=${timestamp}, ` +
        `key=${keySize} bytes, value=${valueSize} bytes). Producer should not set timestamp type to LogAppendTime.`,
    );
  }

  #refuse(batchIndex: number, message: string): void {
    if (this.#errorCount++ < RECORD_ERRORS_MAX) this.#errors.push({ batchIndex, message });
  }

  #refusal(): InvalidBatch {
    const shown = this.#errors
      .slice(0, 3)
      .map(({ batchIndex, message }) => `RecordError(batchIndex=${batchIndex}, message='${message}')`);
    const message = this.#timestampRefused
      ? 'One or more records have been rejected due to invalid timestamp'
      : `One or more records have been rejected due to ${this.#errorCount} record errors in total, ` +
        `and only showing the first three errors at most: [${shown.join(', ')}]`;
    const error = this.#timestampRefused ? 'INVALID_TIMESTAMP' : 'INVALID_RECORD';
    return { kind: 'invalid', error, message, recordErrors: this.#errors, reason: message };
  }
}

function patch(
  batch: Buffer,
  lastOffset: number,
  recordsMaxTimestamp: number,
  nowMs: number,
  options: ValidationOptions,
): Buffer {
  header.setBaseOffset(batch, 0, lastOffset - header.lastOffsetDelta(batch, 0));
  header.setPartitionLeaderEpoch(batch, 0, options.partitionLeaderEpoch);
  const logAppendTime = options.timestampType === 'LogAppendTime';
  const maxTimestamp = logAppendTime ? nowMs : recordsMaxTimestamp;
  const attributes = header.attributes(batch, 0);
  if (header.isLogAppendTime(attributes) !== logAppendTime || header.maxTimestamp(batch, 0) !== maxTimestamp) {
    const kept = header.COMPRESSION_MASK | header.TRANSACTIONAL_FLAG | header.CONTROL_FLAG | header.DELETE_HORIZON_FLAG;
    header.setAttributes(batch, 0, (attributes & kept) | (logAppendTime ? header.LOG_APPEND_TIME_FLAG : 0));
    header.setMaxTimestamp(batch, 0, maxTimestamp);
    header.updateCrc(batch, 0);
  }
  return batch;
}

interface Rebuild {
  /** Where the records begin in their bytes. */
  readonly recordsStart: number;
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly nowMs: number;
  readonly maxTimestamp: number;
  readonly target: CompressionType;
}

/** The same records, compressed as the topic wants it. Throws RecordError for what the official builder refuses. */
function rebuild(batch: Buffer, bytes: Buffer, to: Rebuild, options: ValidationOptions): Buffer {
  const attributes = header.attributes(batch, 0);
  const transactional = header.isTransactional(attributes);
  const producerId = header.producerId(batch, 0);
  const producerEpoch = header.producerEpoch(batch, 0);
  if (header.isControl(attributes)) throw refusedByBuilder('control records cannot be compressed anew');
  if (transactional && producerId === header.NO_PRODUCER_ID)
    throw refusedByBuilder('a transaction without producer id');
  if (producerId !== header.NO_PRODUCER_ID) {
    if (producerEpoch === header.NO_PRODUCER_EPOCH) throw refusedByBuilder('a producer id without epoch');
    if (header.baseSequence(batch, 0) < 0) throw refusedByBuilder('a producer id without sequence');
  }

  const sourceBase = header.baseTimestamp(batch, 0);
  const fromClientLogAppendTime = header.isLogAppendTime(attributes);
  const batchTimestamp = header.maxTimestamp(batch, 0);
  const count = header.recordCount(batch, 0);
  const writer = new RecordWriter(bytes.length + 16 * Math.min(count, bytes.length));
  const cursor = new RecordCursor(bytes, to.recordsStart, bytes.length);
  let baseTimestamp = 0;
  for (let i = 0; i < count; i++) {
    cursor.next();
    const timestamp = fromClientLogAppendTime ? batchTimestamp : sourceBase + cursor.timestampDelta;
    if (timestamp < 0 && timestamp !== header.NO_TIMESTAMP) throw refusedByBuilder(`negative timestamp ${timestamp}`);
    if (i === 0) baseTimestamp = timestamp;
    writer.appendEncoded(timestamp - baseTimestamp, i, bytes, cursor.keyLengthPosition, cursor.end);
  }
  const level = to.target === 'none' || to.target === 'snappy' ? null : options.compressionLevels[to.target];
  return writer.close({
    baseOffset: to.baseOffset,
    lastOffset: to.lastOffset,
    partitionLeaderEpoch: options.partitionLeaderEpoch,
    compressionType: to.target,
    compressionLevel: level,
    timestampType: options.timestampType,
    baseTimestamp,
    maxTimestamp: options.timestampType === 'LogAppendTime' ? to.nowMs : to.maxTimestamp,
    producerId,
    producerEpoch,
    baseSequence: header.baseSequence(batch, 0),
    transactional,
    control: false,
    hasDeleteHorizon: false,
  });
}

function refusedByBuilder(reason: string): RecordError {
  return new RecordError('invalid-record', reason);
}

/** As Java adds longs, for messages: the limits may be Long.MAX_VALUE, and overflow. */
function sumAsLong(a: number, b: number): string {
  const long = (value: number) => {
    const exact = BigInt(value);
    const max = 2n ** 63n - 1n;
    // Config numbers that are not safe integers stand for Long.MAX_VALUE.
    return exact > max || value >= Number.MAX_SAFE_INTEGER
      ? max
      : exact < -max || -value >= Number.MAX_SAFE_INTEGER
        ? -max
        : exact;
  };
  return BigInt.asIntN(64, long(a) + long(b)).toString();
}

function tooLarge(size: number, { topic, partition, maxMessageBytes }: ValidationOptions): InvalidBatch {
  return invalid(
    'MESSAGE_TOO_LARGE',
    null,
    `The record batch size in the append to ${topic}-${partition} is ${size} bytes, more than ${maxMessageBytes}`,
  );
}

function invalidRecord(reason: string): InvalidBatch {
  return invalid('INVALID_RECORD', null, reason);
}

function corrupt(reason: string): InvalidBatch {
  return invalid('CORRUPT_MESSAGE', null, reason);
}

function invalid(error: ErrorName, message: string | null, reason: string): InvalidBatch {
  return { kind: 'invalid', error, message, recordErrors: NO_RECORD_ERRORS, reason };
}

/** Rethrows what is no RecordError. */
function recordErrorResult(error: unknown): InvalidBatch {
  if (!(error instanceof RecordError)) throw error;
  switch (error.kind) {
    case 'corrupt-batch':
      return corrupt(error.message);
    case 'invalid-record':
    // The official broker says UNKNOWN_SERVER_ERROR, which says nothing; a listed deviation.
    case 'broken-compression':
      return invalidRecord(error.message);
    case 'unknown-compression':
      return invalid('UNSUPPORTED_COMPRESSION_TYPE', error.message, error.message);
    // Java producers answer it by splitting the batch. Also a listed deviation: the official broker has no limit.
    case 'too-large':
      return invalid('MESSAGE_TOO_LARGE', error.message, error.message);
    default:
      return error.kind satisfies never;
  }
}
