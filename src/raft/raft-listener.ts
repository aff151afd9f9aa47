/** Who is told what the quorum has committed, and who leads. */
import type { LeaderEpoch, Offset } from '../base/flavor.ts';
import type { SnapshotId } from './quorum-log.ts';
import type { LeaderView } from './quorum-view.ts';

/** A committed batch; `records` is empty for control batches. */
export interface RaftBatch {
  readonly baseOffset: Offset;
  /** Inclusive. */
  readonly lastOffset: Offset;
  readonly leaderEpoch: LeaderEpoch;
  readonly appendTimestampMs: number;
  /** Encoded records. */
  readonly records: readonly Buffer[];
  readonly kraftVersion?: number;
}

export interface RaftSnapshot {
  readonly id: SnapshotId;
  readonly lastContainedLogTimestampMs: number;
  readonly records: readonly Buffer[];
  readonly kraftVersion: number;
}

export interface RaftListener {
  handleSnapshot(snapshot: RaftSnapshot): Promise<void>;
  handleCommit(batches: readonly RaftBatch[]): Promise<void>;
  /**
   * This replica leads `leaderEpoch`, and has handed over everything committed before. Must not wait for appends of its own:
   * they are handed over only after it.
   */
  handleLeadership(leaderEpoch: LeaderEpoch): Promise<void>;
  /**
   * This replica no longer leads. Not awaited: nothing may be appended from now on. `deliveredEndOffset` is the end of what
   * `handleCommit` was given, which may be less than is committed.
   */
  handleLeadershipLost(deliveredEndOffset: Offset): void;
  /** Another leader, or none. Not awaited. */
  handleLeaderChange(leader: LeaderView): void;
}
