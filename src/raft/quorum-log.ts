/** What the quorum needs of storage; `node/quorum-storage.ts` implements it over a partition log and small files. */
import type { LeaderEpoch, Offset } from '../base/flavor.ts';
import type { Uuid } from '../base/uuid.ts';

/** Names `<endOffset>-<epoch>.checkpoint`: the state after all records below `endOffset`. */
export interface SnapshotId {
  /** Exclusive. */
  readonly endOffset: Offset;
  readonly epoch: LeaderEpoch;
}

export interface EpochEnd {
  readonly leaderEpoch: LeaderEpoch;
  /** Exclusive. */
  readonly endOffset: Offset;
}

/** What the core may look at. */
export interface QuorumLogView {
  readonly startOffset: Offset;
  /** Exclusive; counts what is not yet synced. */
  readonly endOffset: Offset;
  /** Exclusive; what power loss cannot take away. */
  readonly syncedEndOffset: Offset;
  /** Of the last record, or of the snapshot where the log is empty; 0 when there is neither. */
  readonly lastEpoch: LeaderEpoch;
  /** The largest epoch not above `leaderEpoch` and where it ends; null when all epochs here are above. */
  endOffsetForEpoch(leaderEpoch: LeaderEpoch): EpochEnd | null;
  /** Complete snapshots, newest first. */
  snapshotIds(): readonly SnapshotId[];
}

export interface QuorumLog extends QuorumLogView {
  /** Ready batches with offsets and epochs, in order. Resolves when they are fsynced, which is when they count. */
  append(batches: Buffer, leaderEpoch: LeaderEpoch): Promise<void>;
  /** Whole batches from the one that holds `offset` on; empty at the end of the log. */
  read(offset: Offset, maxBytes: number): Promise<Buffer>;
  truncateTo(endOffset: Offset): Promise<void>;
  readSnapshot(id: SnapshotId): Buffer;
  /** Atomic and synced. */
  writeSnapshot(id: SnapshotId, data: Buffer): void;
  /** The log begins at the end of the newest snapshot and is empty. */
  startAnewAtSnapshot(): Promise<void>;
  /** Bytes of the log and of all snapshots. */
  readonly sizeInBytes: number;
  snapshotFacts(id: SnapshotId): { readonly sizeInBytes: number; readonly modifiedMs: number };
  /** Deletes the oldest snapshot, of at least two, and the segments below the next one's end. */
  deleteOldestSnapshot(highWatermark: Offset): void;
}

/** The `quorum-state` file: what a voter must never forget, or it could vote twice in one epoch. */
export interface QuorumState {
  readonly leaderEpoch: LeaderEpoch;
  /** -1 when not known. */
  readonly leaderId: number;
  /** -1 when no vote was given in this epoch. */
  readonly votedId: number;
  readonly votedDirectoryId: Uuid;
}

export interface QuorumStateStore {
  /** Null before the first election. */
  read(): QuorumState | null;
  /** Returns when the state is synced. `voterIds` are written only with kraft.version 0. */
  write(state: QuorumState, quorum: { readonly kraftVersion: number; readonly voterIds: readonly number[] }): void;
}
