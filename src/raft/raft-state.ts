/** What the core is fed with, what it answers with, and the states that it is in. */
import type { LeaderEpoch, Offset } from '../base/flavor.ts';
import type { LeaderProgress } from './leader-progress.ts';
import type { QuorumState, SnapshotId } from './quorum-log.ts';
import type {
  FetchRequest,
  FetchResponse,
  FetchSnapshotRequest,
  FetchSnapshotResponse,
  RaftRequest,
  RaftResponse,
  ReplicaKey,
} from './raft-message.ts';

/** The time, and the chance that spreads timeouts: a fraction in [0, 1). */
export interface Moment {
  readonly nowMs: number;
  readonly chance: number;
}

export interface RaftTimeouts {
  /** `controller.quorum.election.timeout.ms` */
  readonly electionTimeoutMs: number;
  /** `controller.quorum.fetch.timeout.ms` */
  readonly fetchTimeoutMs: number;
  /** `controller.quorum.election.backoff.max.ms` */
  readonly electionBackoffMaxMs: number;
  /** `controller.quorum.retry.backoff.ms` */
  readonly retryBackoffMs: number;
}

export type RaftEffect =
  /** Before any message of the same list leaves. */
  | { readonly kind: 'persistQuorumState'; readonly state: QuorumState }
  /** `to` is null: any node that may know the leader. Ends in `answered` or `failed` with this very request. */
  | { readonly kind: 'ask'; readonly to: ReplicaKey | null; readonly request: RaftRequest }
  | { readonly kind: 'respond'; readonly request: RaftRequest; readonly response: RaftResponse }
  /** Answer this fetch with records from `fetchOffset` on. */
  | { readonly kind: 'serveFetch'; readonly request: FetchRequest; readonly response: FetchResponse }
  | {
      readonly kind: 'serveSnapshot';
      readonly request: FetchSnapshotRequest;
      readonly response: FetchSnapshotResponse;
    }
  /** The first act is to append the LeaderChange record; then `epochStarted`. */
  | { readonly kind: 'becomeLeader'; readonly leaderEpoch: LeaderEpoch; readonly grantingVoterIds: readonly number[] }
  | { readonly kind: 'leaderChanged'; readonly leaderId: number | null; readonly leaderEpoch: LeaderEpoch }
  | { readonly kind: 'appendFetched'; readonly records: Buffer; readonly leaderEpoch: LeaderEpoch }
  | { readonly kind: 'truncate'; readonly endOffset: Offset }
  /** One more piece of a snapshot; with the last one, `snapshotInstalled` follows when it has taken the log's place. */
  | {
      readonly kind: 'snapshotPiece';
      readonly snapshotId: SnapshotId;
      readonly position: number;
      readonly data: Buffer;
      readonly last: boolean;
    }
  /** Everything below is committed. */
  | { readonly kind: 'committed'; readonly highWatermark: Offset };

export interface Election {
  readonly granted: Set<number>;
  readonly rejected: Set<number>;
  /** Asked in vain; they are asked again at `retryMs`. */
  readonly unreached: Set<number>;
}

export type State =
  | { readonly kind: 'unattached'; deadlineMs: number }
  | ({
      readonly kind: 'prospective';
      deadlineMs: number;
      /** Whom this replica followed before it got no answer; others may still name it. */
      readonly lostLeaderId: number | null;
    } & Election)
  | ({ readonly kind: 'candidate'; deadlineMs: number } & Election)
  | {
      readonly kind: 'leader';
      /** Null until the LeaderChange record has its offset. */
      epochStartOffset: Offset | null;
      readonly progress: LeaderProgress;
      /** When to look at who was silent. */
      deadlineMs: number;
    }
  | {
      readonly kind: 'follower';
      readonly leaderId: number;
      deadlineMs: number;
      hasFetched: boolean;
      /** What the leader said last. */
      leaderHighWatermark: Offset;
      snapshot: { readonly id: SnapshotId; readonly position: number } | null;
    }
  | { readonly kind: 'resigned'; deadlineMs: number };

export type RaftStateKind = State['kind'];
