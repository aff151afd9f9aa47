/** The quorum as its leader sees it: what DescribeQuorum tells (KIP-595, 836, 853). */
import type { Clock } from '../base/clock.ts';
import type { LeaderEpoch, Offset } from '../base/flavor.ts';
import type { RaftCore } from './raft-core.ts';
import type { ReplicaKey } from './raft-message.ts';
import type { VoterSet } from './voter-set.ts';

export interface LeaderView {
  /** Null: none is known. */
  readonly leaderId: number | null;
  readonly leaderEpoch: LeaderEpoch;
}

/** One line of DescribeQuorum; times are those of the wall clock, -1 where there is none. */
export interface ReplicaView {
  readonly replica: ReplicaKey;
  readonly logEndOffset: Offset;
  readonly lastFetchTimestampMs: number;
  readonly lastCaughtUpTimestampMs: number;
}

export interface QuorumView extends LeaderView {
  readonly highWatermark: Offset;
  readonly voters: readonly ReplicaView[];
  readonly observers: readonly ReplicaView[];
}

export function viewQuorum(leader: {
  readonly self: ReplicaKey;
  readonly core: RaftCore;
  readonly voters: VoterSet;
  readonly leaderEpoch: LeaderEpoch;
  /** Of its own log. */
  readonly endOffset: Offset;
  readonly clock: Clock;
}): QuorumView {
  const { self, core, voters, leaderEpoch, endOffset, clock } = leader;
  const nowMs = clock.monotonicMs();
  const wallMs = (ms: number | null): number => (ms === null ? -1 : Math.round(clock.nowMs() - (nowMs - ms)));
  const view = (replica: ReplicaKey): ReplicaView => {
    if (replica.replicaId === self.replicaId) {
      const timestamps = { lastFetchTimestampMs: clock.nowMs(), lastCaughtUpTimestampMs: clock.nowMs() };
      return { replica, logEndOffset: endOffset, ...timestamps };
    }
    const progress = core.progressOf(replica);
    return {
      replica,
      logEndOffset: progress?.endOffset ?? -1,
      lastFetchTimestampMs: wallMs(progress?.lastFetchMs ?? null),
      lastCaughtUpTimestampMs: wallMs(progress?.lastCaughtUpMs ?? null),
    };
  };
  const observers = core.observers(nowMs).map(({ replica }) => replica);
  if (!core.isVoter) observers.push(self);
  return {
    leaderId: self.replicaId,
    leaderEpoch,
    highWatermark: core.highWatermark,
    voters: voters.keys.map(view),
    observers: observers.map(view),
  };
}
