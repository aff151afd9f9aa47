/**
 * Decides what happens to a partition when its surroundings change: who stays in sync, who leads, who remains eligible
 * (KIP-966), and says it as one PartitionChangeRecord.
 *
 * In this order: the in-sync replicas shrink or grow to the target; replicas that fall out while fewer than
 * min.insync.replicas remain stay eligible; a leader is elected among the in-sync ones, else among the eligible ones,
 * else (last known leader, or unclean election) with possible loss; the last leader of a leaderless partition is noted.
 */
import type { Uuid } from '../base/uuid.ts';
import { allows, partitionRecordVersion } from '../metadata/features.ts';
import { NO_LEADER, type PartitionImage } from '../metadata/metadata-image.ts';
import { leaderRecoveryStateNumber, NO_LEADER_CHANGE } from '../metadata/partition-records.ts';
import { partitionChangeRecord } from '../wire/schema/partition-change-record.ts';
import { type ControlRecord, newControlRecord } from './control-record.ts';

/** `online`: keep the leader while it may lead. `preferred`: the first replica if it may. `unclean`: anyone, at last. */
export type Election = 'online' | 'preferred' | 'unclean';

export interface PartitionSituation {
  readonly topicId: Uuid;
  readonly partitionId: number;
  readonly partition: PartitionImage;
  readonly metadataVersion: number;
  readonly eligibleLeaderReplicasEnabled: boolean;
  /** Already limited to the number of replicas. */
  readonly minInsyncReplicas: number;
  isAcceptableLeader(brokerId: number): boolean;
}

export interface PartitionTarget {
  /** In-sync replicas before any election; the present ones when absent. */
  readonly isr?: readonly number[];
  readonly election?: Election;
  /** Replicas that may have lost acknowledged records: neither in sync nor eligible any more. */
  readonly uncleanShutdownReplicas?: readonly number[];
  readonly leaderRecoveryState?: PartitionImage['leaderRecoveryState'];
}

interface ElectionResult {
  readonly leader: number;
  /** Records that were acknowledged may be missing on the leader. */
  readonly unclean: boolean;
}

interface Draft {
  isr: readonly number[];
  elr: readonly number[];
}

/** Null when nothing changes. */
export function partitionChange(situation: PartitionSituation, target: PartitionTarget): ControlRecord | null {
  const { partition, topicId, partitionId, metadataVersion, eligibleLeaderReplicasEnabled } = situation;
  const draft: Draft = { isr: target.isr ?? partition.isr, elr: partition.elr };
  if (eligibleLeaderReplicasEnabled) draft.elr = eligibleReplicas(situation, draft, target);

  const { leader, unclean } = elect(situation, draft, target.election ?? 'online');
  const leaderChanges = leader !== partition.leader;
  let recoveryState = target.leaderRecoveryState ?? partition.leaderRecoveryState;
  if (leaderChanges && draft.elr.includes(leader)) {
    draft.isr = [leader];
    draft.elr = draft.elr.filter((replica) => replica !== leader);
  } else if (leaderChanges && unclean) {
    draft.isr = [leader];
    draft.elr = [];
    recoveryState = 'RECOVERING';
  }
  if (!eligibleLeaderReplicasEnabled) draft.elr = [];

  // Without ELR the last in-sync replicas stay in the list even when they are gone: an empty list would lose them.
  const mayEmpty = draft.isr.length > 0 || eligibleLeaderReplicasEnabled;
  const isrChanges = mayEmpty && !sameBrokers(draft.isr, partition.isr);
  const shrinks = isrChanges && partition.isr.some((replica) => !draft.isr.includes(replica));
  const bumpsLeaderEpoch = leaderChanges || (shrinks && allows.leaderEpochBumpOnIsrShrink(metadataVersion));
  const elrChanges = !sameBrokers(draft.elr, partition.elr);
  const lastKnownElr = lastKnownLeader(situation, {
    leader,
    leaderChanges,
    emptied: isrChanges && draft.isr.length === 0,
  });
  const recoveryChanges = recoveryState !== partition.leaderRecoveryState;
  if (!bumpsLeaderEpoch && !isrChanges && !elrChanges && lastKnownElr === null && !recoveryChanges) return null;
  return newControlRecord(partitionChangeRecord, partitionRecordVersion(metadataVersion), {
    partitionId,
    topicId,
    ...(isrChanges ? { isr: draft.isr } : {}),
    leader: bumpsLeaderEpoch ? leader : NO_LEADER_CHANGE,
    ...(recoveryChanges ? { leaderRecoveryState: leaderRecoveryStateNumber(recoveryState) } : {}),
    ...(elrChanges ? { eligibleLeaderReplicas: draft.elr } : {}),
    ...(lastKnownElr === null ? {} : { lastKnownElr }),
  });
}

/** Who left the in-sync replicas while too few remain, together with those that were eligible before. */
function eligibleReplicas(
  { partition, minInsyncReplicas }: PartitionSituation,
  { isr, elr }: Draft,
  { uncleanShutdownReplicas = [] }: PartitionTarget,
): readonly number[] {
  if (isr.length >= minInsyncReplicas) return [];
  const candidates = new Set([...elr, ...partition.isr]);
  return [...candidates].filter((replica) => !isr.includes(replica) && !uncleanShutdownReplicas.includes(replica));
}

function elect(situation: PartitionSituation, draft: Draft, election: Election): ElectionResult {
  const { partition, eligibleLeaderReplicasEnabled } = situation;
  const mayLead = (replica: number): boolean =>
    (draft.isr.includes(replica) || (draft.isr.length === 0 && draft.elr.includes(replica))) &&
    situation.isAcceptableLeader(replica);

  const preferred = partition.replicas[0];
  if (election === 'preferred' && preferred !== undefined && mayLead(preferred)) {
    return { leader: preferred, unclean: false };
  }
  if (mayLead(partition.leader)) return { leader: partition.leader, unclean: false };
  const clean = partition.replicas.find(mayLead);
  if (clean !== undefined) return { leader: clean, unclean: false };

  // KIP-966, balanced recovery: when nobody is eligible, the one that led last is the best there is.
  const lastKnown = partition.lastKnownElr[0];
  const nobodyLeft = draft.isr.length === 0 && draft.elr.length === 0;
  if (eligibleLeaderReplicasEnabled && nobodyLeft && lastKnown !== undefined && partition.lastKnownElr.length === 1) {
    // Kafka elects it even while it is fenced; here it must be there, because a leader that is away serves nobody.
    if (situation.isAcceptableLeader(lastKnown)) return { leader: lastKnown, unclean: true };
  }
  if (election === 'unclean') {
    const any = partition.replicas.find((replica) => situation.isAcceptableLeader(replica));
    if (any !== undefined) return { leader: any, unclean: true };
  }
  return { leader: NO_LEADER, unclean: false };
}

/** The new `lastKnownElr`, which names the last leader of a leaderless partition; null when it stays as it is. */
function lastKnownLeader(
  { partition, eligibleLeaderReplicasEnabled }: PartitionSituation,
  change: { readonly leader: number; readonly leaderChanges: boolean; readonly emptied: boolean },
): readonly number[] | null {
  if (!eligibleLeaderReplicasEnabled) return null;
  const known = partition.lastKnownElr;
  if (change.emptied && (known.length !== 1 || known[0] !== partition.leader)) return [partition.leader];
  if (change.leader !== NO_LEADER && known.length > 0) return [];
  return null;
}

function sameBrokers(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((brokerId, index) => brokerId === b[index]);
}
