/** What replicas of the quorum say to each other, without the wire's wrapping (KIP-595, 853, 996). */
import type { LeaderEpoch, Offset } from '../base/flavor.ts';
import type { Uuid } from '../base/uuid.ts';
import type { EpochEnd } from './quorum-log.ts';

export interface ReplicaKey {
  readonly replicaId: number;
  readonly directoryId: Uuid;
}

interface FromReplica {
  readonly from: ReplicaKey;
  /** The sender's; the request's subject is an election or a leader of this epoch. */
  readonly epoch: LeaderEpoch;
}

export interface VoteRequest extends FromReplica {
  readonly kind: 'voteRequest';
  /** KIP-996: asks whether a vote would be given; binds nobody. */
  readonly preVote: boolean;
  readonly lastEpoch: LeaderEpoch;
  /** Exclusive. */
  readonly lastEpochEndOffset: Offset;
}

export interface VoteResponse extends FromReplica {
  readonly kind: 'voteResponse';
  readonly preVote: boolean;
  readonly granted: boolean;
  /** -1 when the sender knows none. */
  readonly leaderId: number;
}

export interface BeginQuorumEpochRequest extends FromReplica {
  readonly kind: 'beginQuorumEpochRequest';
}

export interface EndQuorumEpochRequest extends FromReplica {
  readonly kind: 'endQuorumEpochRequest';
  /** Best first. */
  readonly preferredSuccessors: readonly number[];
}

export interface FetchRequest extends FromReplica {
  readonly kind: 'fetchRequest';
  readonly fetchOffset: Offset;
  readonly lastFetchedEpoch: LeaderEpoch;
}

export interface FetchResponse extends FromReplica {
  readonly kind: 'fetchResponse';
  readonly leaderId: number;
  readonly highWatermark: Offset;
  /** The follower's log parts from the leader's: it must not keep more than this. */
  readonly diverging: EpochEnd | null;
  readonly records: Buffer;
}

export type RaftMessage =
  | VoteRequest
  | VoteResponse
  | BeginQuorumEpochRequest
  | EndQuorumEpochRequest
  | FetchRequest
  | FetchResponse;
