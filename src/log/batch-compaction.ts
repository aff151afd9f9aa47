/**
 * What one batch is after cleaning: the same bytes, the same batch with fewer records, a batch without records, or
 * nothing. Offsets never change: a batch keeps its base and last offset, its producer, epoch and sequence.
 *
 * The delete horizon (KIP-534): when a cleaning first meets a tombstone, or a marker whose transaction has no records any
 * more, it writes into the batch from when on these may go; only a later cleaning after that time removes them, so that
 * every consumer that is not slower than `delete.retention.ms` has seen them.
 */
import * as batch from '../wire/records/record-batch.ts';
import { RecordCursor } from '../wire/records/record-cursor.ts';
import { RecordWriter } from '../wire/records/record-writer.ts';
import { checkedRecordCount, ensureNoneRemaining, ensureValidBatch, recordBytes } from '../wire/records/records.ts';

export interface BatchRule {
  /** No record stays. */
  readonly discardRecords: boolean;
  /** When no record stays: the batch does, as an empty one, for what its header says. */
  readonly keepEmpty: boolean;
  /** A marker whose transaction has no batches any more. */
  readonly markerMayGo: boolean;
}

export interface RecordRule {
  readonly nowMs: number;
  readonly deleteRetentionMs: number;
  /** Of a data batch: is this the record to keep for its key? Tombstones are judged here. */
  readonly isLatest: (
    records: Buffer,
    cursor: RecordCursor,
    offset: number,
  ) => 'latest' | 'superseded' | 'not-looked-at';
}

const EMPTY = Buffer.alloc(0);

/** The bytes that stay of the batch at `position`: a view where it stays as it is, empty where it goes. Throws RecordError. */
export function compactBatch(buffer: Buffer, position: number, batchRule: BatchRule, rule: RecordRule): Buffer {
  const attributes = batch.attributes(buffer, position);
  const deleteHorizonMs = batch.deleteHorizonMs(buffer, position);
  const recordCount = batchRule.discardRecords ? 0 : checkedRecordCount(buffer, position);
  if (recordCount === 0) return batchRule.keepEmpty ? emptied(buffer, position) : EMPTY;

  const records = recordBytes(buffer, position);
  const cursor = new RecordCursor(records, 0, records.length);
  const baseOffset = batch.baseOffset(buffer, position);
  const isControl = batch.isControl(attributes);
  const tombstonesMayGo = deleteHorizonMs !== null && rule.nowMs >= deleteHorizonMs;
  const kept = new Uint8Array(recordCount);
  let keptCount = 0;
  let hasTombstone = false;
  for (let i = 0; i < recordCount; i++) {
    cursor.next();
    const isTombstone = cursor.valueSize < 0;
    let stays = isControl;
    if (!isControl) {
      const found = rule.isLatest(records, cursor, baseOffset + cursor.offsetDelta);
      stays = found === 'not-looked-at' || (found === 'latest' && !(isTombstone && tombstonesMayGo));
    }
    if (!stays) continue;
    kept[i] = 1;
    keptCount++;
    hasTombstone ||= isTombstone;
  }
  ensureNoneRemaining(cursor);

  if (keptCount === 0) return batchRule.keepEmpty ? emptied(buffer, position) : EMPTY;
  const setsHorizon = deleteHorizonMs === null && (hasTombstone || batchRule.markerMayGo);
  if (keptCount === recordCount && !setsHorizon) {
    return buffer.subarray(position, position + batch.sizeInBytes(buffer, position));
  }
  const horizonMs = setsHorizon ? rule.nowMs + rule.deleteRetentionMs : deleteHorizonMs;
  return rebuilt(buffer, position, records, kept, horizonMs);
}

/** Only the records that are `kept`, byte for byte but for their timestamps, which are relative to another base. */
function rebuilt(
  buffer: Buffer,
  position: number,
  records: Buffer,
  kept: Uint8Array,
  deleteHorizonMs: number | null,
): Buffer {
  // A new checksum must not hide that the old one was wrong.
  ensureValidBatch(buffer, position);
  const attributes = batch.attributes(buffer, position);
  const isLogAppendTime = batch.isLogAppendTime(attributes);
  const oldBaseTimestamp = batch.baseTimestamp(buffer, position);
  const oldMaxTimestamp = batch.maxTimestamp(buffer, position);
  const cursor = new RecordCursor(records, 0, records.length);
  const writer = new RecordWriter(records.length + 16);
  let baseTimestamp = deleteHorizonMs;
  let maxTimestamp = batch.NO_TIMESTAMP;
  for (let i = 0; i < kept.length; i++) {
    cursor.next();
    if (kept[i] === 0) continue;
    const timestamp = isLogAppendTime ? oldMaxTimestamp : oldBaseTimestamp + cursor.timestampDelta;
    baseTimestamp ??= timestamp;
    if (timestamp > maxTimestamp) maxTimestamp = timestamp;
    writer.appendEncoded(timestamp - baseTimestamp, cursor.offsetDelta, records, cursor.keyLengthPosition, cursor.end);
  }
  return writer.close({
    ...keptHeader(buffer, position),
    compressionType: batch.compressionType(attributes) ?? 'none',
    baseTimestamp: baseTimestamp ?? batch.NO_TIMESTAMP,
    maxTimestamp: isLogAppendTime ? oldMaxTimestamp : maxTimestamp,
    hasDeleteHorizon: deleteHorizonMs !== null,
  });
}

function emptied(buffer: Buffer, position: number): Buffer {
  return new RecordWriter(0).close({
    ...keptHeader(buffer, position),
    compressionType: 'none',
    baseTimestamp: batch.NO_TIMESTAMP,
    maxTimestamp: batch.maxTimestamp(buffer, position),
    hasDeleteHorizon: false,
  });
}

function keptHeader(buffer: Buffer, position: number) {
  const attributes = batch.attributes(buffer, position);
  return {
    baseOffset: batch.baseOffset(buffer, position),
    lastOffset: batch.lastOffset(buffer, position),
    partitionLeaderEpoch: batch.partitionLeaderEpoch(buffer, position),
    compressionLevel: null,
    timestampType: batch.timestampType(attributes),
    producerId: batch.producerId(buffer, position),
    producerEpoch: batch.producerEpoch(buffer, position),
    baseSequence: batch.baseSequence(buffer, position),
    transactional: batch.isTransactional(attributes),
    control: batch.isControl(attributes),
  };
}
