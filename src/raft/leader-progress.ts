/**
 * What a leader knows of the replicas that fetch from it: how far they are, and when they were last heard.
 *
 *     high watermark = the highest offset that a majority of the voters has synced; the leader counts only while it votes
 */
import type { Offset } from '../base/flavor.ts';
import { ZERO_UUID } from '../base/uuid.ts';
import { NOT_A_REPLICA, type ReplicaKey } from './raft-message.ts';
import type { VoterSet } from './voter-set.ts';

/** Of one replica; times are those of the core's clock, null where there is none. */
export interface ReplicaProgress {
  readonly replica: ReplicaKey;
  /** Exclusive; -1 before the first fetch. */
  readonly endOffset: Offset;
  readonly lastFetchMs: number | null;
  /** When it last had all that the leader had. */
  readonly lastCaughtUpMs: number | null;
}

interface Progress {
  replica: ReplicaKey;
  endOffset: Offset;
  lastFetchMs: number;
  lastCaughtUpMs: number | null;
  /** The leader's end at the last fetch: who reaches it was caught up then. */
  leaderEndOffset: Offset;
}

/** An observer that was silent for this long is forgotten. Kafka's constant. */
const OBSERVER_SESSION_MS = 300_000;
const UNKNOWN: Offset = -1;

export class LeaderProgress {
  readonly #self: ReplicaKey;
  readonly #startMs: number;
  readonly #byKey = new Map<string, Progress>();

  constructor(self: ReplicaKey, startMs: number) {
    this.#self = self;
    this.#startMs = startMs;
  }

  /** A fetch said that `replica` has synced everything below `endOffset`. */
  fetched(
    replica: ReplicaKey,
    endOffset: Offset,
    at: { readonly nowMs: number; readonly leaderEndOffset: Offset },
  ): void {
    if (replica.replicaId === NOT_A_REPLICA || replica.replicaId === this.#self.replicaId) return;
    const { nowMs, leaderEndOffset } = at;
    const key = keyOf(replica);
    const known = this.#byKey.get(key);
    if (known === undefined) {
      const lastCaughtUpMs = endOffset >= leaderEndOffset ? nowMs : null;
      this.#byKey.set(key, { replica, endOffset, lastFetchMs: nowMs, lastCaughtUpMs, leaderEndOffset });
      this.#forgetSilent(nowMs);
      return;
    }
    if (endOffset >= leaderEndOffset) known.lastCaughtUpMs = nowMs;
    else if (endOffset >= known.leaderEndOffset) {
      known.lastCaughtUpMs = Math.max(known.lastCaughtUpMs ?? known.lastFetchMs, known.lastFetchMs);
    }
    // It may fall: a replica without directory ids that lost its disk. The high watermark does not follow it down.
    known.endOffset = endOffset;
    known.lastFetchMs = nowMs;
    known.leaderEndOffset = leaderEndOffset;
  }

  /** A majority's end; -1 when a majority was not heard yet. `ownEndOffset` is what this replica has synced. */
  majorityEndOffset(voters: VoterSet, ownEndOffset: Offset): Offset {
    const endOffsets = voters.keys.map((voter) =>
      this.#isSelf(voter) ? ownEndOffset : (this.#of(voter)?.endOffset ?? UNKNOWN),
    );
    endOffsets.sort((a, b) => b - a);
    return endOffsets[voters.majority - 1] ?? UNKNOWN;
  }

  /** Whether a majority, this replica with it while it votes, was heard since `sinceMs`. */
  heardMajority(voters: VoterSet, sinceMs: number): boolean {
    const heard = voters.keys.filter((voter) => this.#isSelf(voter) || this.#lastHeardMs(voter) > sinceMs);
    return heard.length >= voters.majority;
  }

  /** Other voters that have not fetched since `sinceMs`. */
  silentVoters(voters: VoterSet, sinceMs: number): ReplicaKey[] {
    return voters.keys.filter((voter) => !this.#isSelf(voter) && (this.#of(voter)?.lastFetchMs ?? -1) <= sinceMs);
  }

  /** Other voters, the one with most of the log first. */
  successors(voters: VoterSet): ReplicaKey[] {
    const others = voters.keys.filter((voter) => !this.#isSelf(voter));
    return others.sort((a, b) => (this.#of(b)?.endOffset ?? UNKNOWN) - (this.#of(a)?.endOffset ?? UNKNOWN));
  }

  of(replica: ReplicaKey): ReplicaProgress {
    const found = this.#of(replica);
    return found === undefined
      ? { replica, endOffset: UNKNOWN, lastFetchMs: null, lastCaughtUpMs: null }
      : { ...found, replica };
  }

  /** Replicas outside the voter set. */
  observers(voters: VoterSet, nowMs: number): ReplicaProgress[] {
    this.#forgetSilent(nowMs);
    return [...this.#byKey.values()].filter(({ replica }) => !voters.has(replica.replicaId, replica.directoryId));
  }

  /** Voters had no chance to fetch before this replica led. */
  #lastHeardMs(voter: ReplicaKey): number {
    return this.#of(voter)?.lastFetchMs ?? this.#startMs;
  }

  #isSelf({ replicaId, directoryId }: ReplicaKey): boolean {
    const self = this.#self;
    return replicaId === self.replicaId && matches(directoryId, self.directoryId);
  }

  /** A voter of kraft.version 0 is known by its id alone. */
  #of(voter: ReplicaKey): Progress | undefined {
    const exact = this.#byKey.get(keyOf(voter));
    if (exact !== undefined || voter.directoryId !== NO_DIRECTORY) return exact;
    let newest: Progress | undefined;
    for (const progress of this.#byKey.values()) {
      if (progress.replica.replicaId !== voter.replicaId) continue;
      if (newest === undefined || progress.lastFetchMs >= newest.lastFetchMs) newest = progress;
    }
    return newest;
  }

  #forgetSilent(nowMs: number): void {
    for (const [key, { lastFetchMs }] of this.#byKey) {
      if (nowMs - lastFetchMs > OBSERVER_SESSION_MS) this.#byKey.delete(key);
    }
  }
}

const NO_DIRECTORY = ZERO_UUID;

function matches(voterDirectoryId: string, directoryId: string): boolean {
  return voterDirectoryId === directoryId || voterDirectoryId === NO_DIRECTORY;
}

function keyOf({ replicaId, directoryId }: ReplicaKey): string {
  return `${replicaId}:${directoryId}`;
}
