/**
 * What replicas of the quorum say to each other, without the wire's wrapping (KIP-595, 630, 853, 996). Each request gets one
 * response, or fails.
 */
import type { LeaderEpoch, Offset } from '../base/flavor.ts';
import type { Uuid } from '../base/uuid.ts';
import type { ErrorName } from '../wire/errors.ts';
import type { EpochEnd, SnapshotId } from './quorum-log.ts';

/** A replica is its disk: the same id with another directory is another one. ZERO_UUID where it is not known. */
export interface ReplicaKey {
  readonly replicaId: number;
  readonly directoryId: Uuid;
}

/** `replicaId` of who only reads and is not followed. */
export const NOT_A_REPLICA = -1;

interface FromReplica {
  readonly from: ReplicaKey;
  /** The sender's; the request's subject is an election or a leader of this epoch. */
  readonly epoch: LeaderEpoch;
}

export interface VoteRequest extends FromReplica {
  readonly kind: 'vote';
  /** Who is asked; null: the sender does not know directories. */
  readonly voter: ReplicaKey | null;
  /** KIP-996: asks whether a vote would be given; binds nobody. */
  readonly preVote: boolean;
  readonly lastEpoch: LeaderEpoch;
  /** Exclusive. */
  readonly lastEpochEndOffset: Offset;
}

export interface BeginQuorumEpochRequest extends FromReplica {
  readonly kind: 'beginQuorumEpoch';
  readonly voter: ReplicaKey | null;
}

export interface EndQuorumEpochRequest extends FromReplica {
  readonly kind: 'endQuorumEpoch';
  /** Best first. */
  readonly preferredSuccessors: readonly ReplicaKey[];
}

export interface FetchRequest extends FromReplica {
  readonly kind: 'fetch';
  readonly fetchOffset: Offset;
  readonly lastFetchedEpoch: LeaderEpoch;
  /** What the sender knows of it (KIP-1166), so that it is told at once when there is more. */
  readonly highWatermark: Offset;
}

export interface FetchSnapshotRequest extends FromReplica {
  readonly kind: 'fetchSnapshot';
  readonly snapshotId: SnapshotId;
  readonly position: number;
}

export type RaftRequest =
  | VoteRequest
  | BeginQuorumEpochRequest
  | EndQuorumEpochRequest
  | FetchRequest
  | FetchSnapshotRequest;

interface FromNode {
  readonly error: ErrorName;
  /** The responder's. */
  readonly epoch: LeaderEpoch;
  /** -1 when the responder knows none. */
  readonly leaderId: number;
}

export interface VoteResponse extends FromNode {
  readonly kind: 'vote';
  readonly granted: boolean;
}

/** To BeginQuorumEpoch and EndQuorumEpoch. */
export interface EpochResponse extends FromNode {
  readonly kind: 'epoch';
}

export interface FetchResponse extends FromNode {
  readonly kind: 'fetch';
  readonly highWatermark: Offset;
  readonly logStartOffset: Offset;
  /** The follower's log parts from the leader's: it must not keep more than this. */
  readonly diverging: EpochEnd | null;
  /** What the follower needs is in the log no more: it must fetch this snapshot. */
  readonly snapshotId: SnapshotId | null;
  readonly records: Buffer;
}

export interface FetchSnapshotResponse extends FromNode {
  readonly kind: 'fetchSnapshot';
  readonly snapshotId: SnapshotId;
  readonly size: number;
  readonly position: number;
  readonly data: Buffer;
}

export type RaftResponse = VoteResponse | EpochResponse | FetchResponse | FetchSnapshotResponse;

export function sameReplica(a: ReplicaKey, b: ReplicaKey): boolean {
  return a.replicaId === b.replicaId && a.directoryId === b.directoryId;
}
