/** Checks batches that carry their offsets and epochs already: what a follower fetched, what the raft leader made. */
import type { LeaderEpoch, Offset } from '../base/flavor.ts';
import * as batch from '../wire/records/record-batch.ts';

export interface ReadyBatches {
  readonly kind: 'ready';
  /** Whole batches; empty when nothing is to be appended. */
  readonly bytes: Buffer;
  readonly firstOffset: Offset;
  /** Exclusive; the log end when empty. */
  readonly nextOffset: Offset;
  readonly recordCount: number;
  readonly maxTimestampMs: number;
}

export interface BadBatches {
  readonly kind: 'bad';
  readonly error: 'CORRUPT_MESSAGE' | 'INVALID_RECORD' | 'OFFSET_OUT_OF_RANGE';
  readonly message: string;
}

/**
 * Left out: a last batch that is cut off, and everything from the first batch on whose epoch is above `leaderEpoch`: it
 * comes from a leader that the caller does not know yet. A raft leader must have stamped `leaderEpoch` on each.
 */
export function checkReadyBatches(
  records: Buffer,
  logEndOffset: Offset,
  leaderEpoch: LeaderEpoch,
  origin: 'raft-leader' | 'replication',
): ReadyBatches | BadBatches {
  let end = 0;
  let nextOffset = logEndOffset;
  let firstOffset: Offset = logEndOffset;
  let recordCount = 0;
  let maxTimestampMs = -1;
  while (end + batch.RECORD_BATCH_OVERHEAD <= records.length) {
    const size = batch.sizeInBytes(records, end);
    if (size < batch.RECORD_BATCH_OVERHEAD || batch.magic(records, end) !== batch.CURRENT_MAGIC) {
      return { kind: 'bad', error: 'CORRUPT_MESSAGE', message: 'malformed record batch' };
    }
    if (end + size > records.length) break;
    const epoch = batch.partitionLeaderEpoch(records, end);
    if (origin === 'raft-leader' && epoch !== leaderEpoch) {
      const message = 'Append from Raft leader did not set the batch epoch correctly';
      return { kind: 'bad', error: 'INVALID_RECORD', message };
    }
    if (epoch > leaderEpoch) break;
    const baseOffset = batch.baseOffset(records, end);
    if (baseOffset < nextOffset || batch.lastOffsetDelta(records, end) < 0) {
      const message = `unexpected offset ${baseOffset}, the next offset is ${nextOffset}`;
      return { kind: 'bad', error: 'OFFSET_OUT_OF_RANGE', message };
    }
    if (batch.computeCrc(records, end) !== batch.crc(records, end)) {
      return { kind: 'bad', error: 'CORRUPT_MESSAGE', message: `the checksum at offset ${baseOffset} does not match` };
    }
    if (end === 0) firstOffset = baseOffset;
    nextOffset = batch.nextOffset(records, end);
    recordCount += batch.recordCount(records, end);
    maxTimestampMs = Math.max(maxTimestampMs, batch.maxTimestamp(records, end));
    end += size;
  }
  const bytes = end === records.length ? records : records.subarray(0, end);
  return { kind: 'ready', bytes, firstOffset, nextOffset, recordCount, maxTimestampMs };
}
