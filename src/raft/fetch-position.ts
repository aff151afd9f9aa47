/** Where a follower's log parts from the leader's, and whether the leader still has what it asks for (KIP-595, 630). */
import type { EpochEnd, QuorumLogView, SnapshotId } from './quorum-log.ts';
import type { FetchRequest } from './raft-message.ts';

export type FetchPosition =
  | { readonly kind: 'valid' }
  /** The follower must not keep more than this. */
  | { readonly kind: 'diverging'; readonly end: EpochEnd }
  /** What it needs is deleted: the snapshot has it. */
  | { readonly kind: 'snapshot'; readonly snapshotId: SnapshotId };

export function fetchPosition(log: QuorumLogView, { fetchOffset, lastFetchedEpoch }: FetchRequest): FetchPosition {
  if (fetchOffset === 0 && log.startOffset === 0) return { kind: 'valid' };
  const snapshotIds = log.snapshotIds();
  // The one that the log begins behind; older ones may have been left over.
  const oldest = snapshotIds.findLast(({ endOffset }) => endOffset >= log.startOffset);
  const newest = snapshotIds[0];
  const isGone =
    oldest !== undefined &&
    (fetchOffset < log.startOffset ||
      (fetchOffset === log.startOffset && lastFetchedEpoch !== oldest.epoch) ||
      lastFetchedEpoch < oldest.epoch);
  if (isGone && newest !== undefined) return { kind: 'snapshot', snapshotId: newest };
  const end = log.endOffsetForEpoch(lastFetchedEpoch);
  if (end !== null && end.leaderEpoch === lastFetchedEpoch && fetchOffset <= end.endOffset) return { kind: 'valid' };
  return { kind: 'diverging', end: end ?? { leaderEpoch: 0, endOffset: log.startOffset } };
}
