/**
 * Questions about offsets: ListOffsets, OffsetForLeaderEpoch. Each answers for one partition; the error is a value.
 */

import type { LeaderEpoch, Offset } from '../base/flavor.ts';
import type { ErrorName } from '../wire/errors.ts';
import type { PartitionLookup } from './partition-lookup.ts';

/** Times below zero ask for a place, not for a time. */
export const latestTimestamp = -1;
export const earliestTimestamp = -2;
/** The record with the greatest time (KIP-734). */
export const maxTimestamp = -3;
/** The first offset on this broker's own disk (KIP-405). */
export const earliestLocalTimestamp = -4;
/** The last offset in tiered storage (KIP-1005). */
export const latestTieredTimestamp = -5;
/** The first offset that tiered storage lacks (KIP-1023). */
export const earliestPendingUploadTimestamp = -6;

export interface ListOffsetQuery {
  readonly topic: string;
  readonly partition: number;
  /** Milliseconds, or one of the above. */
  readonly timestamp: number;
  readonly currentLeaderEpoch: LeaderEpoch;
  /** What the asker may see; `replica` sees all. */
  readonly visibility: 'uncommitted' | 'committed' | 'replica';
  readonly leaderOnly: boolean;
}

/** An offset of -1 without an error: no such record. */
export interface ListedOffset {
  readonly error: ErrorName;
  readonly timestamp: number;
  readonly offset: Offset;
  readonly leaderEpoch: LeaderEpoch;
}

export function unlistedOffset(error: ErrorName): ListedOffset {
  return { error, timestamp: -1, offset: -1, leaderEpoch: -1 };
}

export function listOffset(partitions: PartitionLookup, query: ListOffsetQuery): ListedOffset | Promise<ListedOffset> {
  const partition = partitions.find(query.topic, query.partition);
  if (typeof partition === 'string') return unlistedOffset(partition);
  const leadership = partition.checkLeadership(query.currentLeaderEpoch, query.leaderOnly);
  if (leadership !== 'NONE') return unlistedOffset(leadership);

  const { log } = partition;
  const fetchableEndOffset =
    query.visibility === 'replica'
      ? log.logEndOffset
      : query.visibility === 'committed'
        ? partition.lastStableOffset
        : partition.highWatermark;
  // A new leader does not know yet which of the records before its time are committed; a smaller answer than the last
  // leader's would make a consumer jump back (KIP-207).
  const epochStart = partition.leaderEpochStartOffset;
  const lagging = query.visibility !== 'replica' && epochStart !== null && epochStart > partition.highWatermark;

  switch (query.timestamp) {
    case latestTimestamp:
      if (lagging) return unlistedOffset('OFFSET_NOT_AVAILABLE');
      return { error: 'NONE', timestamp: -1, offset: fetchableEndOffset, leaderEpoch: partition.leaderEpoch };
    case earliestTimestamp:
    case earliestLocalTimestamp: {
      const leaderEpoch = log.epochForOffset(log.logStartOffset);
      return { error: 'NONE', timestamp: -1, offset: log.logStartOffset, leaderEpoch };
    }
    case latestTieredTimestamp:
    case earliestPendingUploadTimestamp:
      // Nothing is tiered, and this is how Kafka says so.
      return unlistedOffset('NONE');
    default: {
      const found =
        query.timestamp === maxTimestamp ? log.maxTimestampOffset() : log.offsetForTimestamp(query.timestamp);
      return found.then((record) => {
        if (record !== null && record.offset < fetchableEndOffset) {
          return {
            error: 'NONE',
            timestamp: record.timestampMs,
            offset: record.offset,
            leaderEpoch: record.leaderEpoch,
          };
        }
        return unlistedOffset(lagging ? 'OFFSET_NOT_AVAILABLE' : 'NONE');
      });
    }
  }
}

export interface LeaderEpochQuery {
  readonly topic: string;
  readonly partition: number;
  readonly currentLeaderEpoch: LeaderEpoch;
  readonly leaderEpoch: LeaderEpoch;
}

/** Epoch and offset are -1 where the log does not reach back to the epoch, or knows of no such epoch yet. */
export interface LeaderEpochEnd {
  readonly error: ErrorName;
  readonly leaderEpoch: LeaderEpoch;
  readonly endOffset: Offset;
}

export function endOfLeaderEpoch(partitions: PartitionLookup, query: LeaderEpochQuery): LeaderEpochEnd {
  const unknown = (error: ErrorName): LeaderEpochEnd => ({ error, leaderEpoch: -1, endOffset: -1 });
  const partition = partitions.find(query.topic, query.partition);
  if (typeof partition === 'string') return unknown(partition);
  const leadership = partition.checkLeadership(query.currentLeaderEpoch, true);
  if (leadership !== 'NONE') return unknown(leadership);
  const end = partition.log.endOffsetForEpoch(query.leaderEpoch);
  return end === null ? unknown('NONE') : { error: 'NONE', leaderEpoch: end.leaderEpoch, endOffset: end.endOffset };
}
