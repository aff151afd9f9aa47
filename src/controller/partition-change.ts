/**
 * Decides what happens to a partition when its surroundings change: who holds it, who stays in sync, who leads, who remains
 * eligible (KIP-966), and says it as one PartitionChangeRecord.
 *
 * In this order: a reassignment whose target is in sync is completed; replicas that fall out of sync while fewer than
 * min.insync.replicas remain stay eligible; a leader is elected among the in-sync ones, else among the eligible ones,
 * else (last known leader, or unclean election) with possible loss; the last leader of a leaderless partition is noted.
 */
import type { Uuid } from '../base/uuid.ts';
import { allows, partitionRecordVersion } from '../metadata/features.ts';
import { NO_LEADER, type PartitionImage } from '../metadata/metadata-image.ts';
import { leaderRecoveryStateNumber, NO_LEADER_CHANGE } from '../metadata/partition-records.ts';
import { partitionChangeRecord } from '../wire/schema/partition-change-record.ts';
import { type ControlRecord, newControlRecord } from './control-record.ts';
import { completedReassignment } from './reassignment.ts';

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
  /** Where a new replica on this broker lies. */
  defaultDirectory(brokerId: number): Uuid;
}

/** What is absent stays as it is. */
export interface PartitionTarget {
  readonly replicas?: readonly number[];
  readonly addingReplicas?: readonly number[];
  readonly removingReplicas?: readonly number[];
  /** In-sync replicas before any election. */
  readonly isr?: readonly number[];
  /** Where the replica of a broker lies. */
  readonly directory?: { readonly brokerId: number; readonly directoryId: Uuid };
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
  replicas: readonly number[];
  addingReplicas: readonly number[];
  removingReplicas: readonly number[];
  isr: readonly number[];
  elr: readonly number[];
}

/** Null when nothing changes. */
export function partitionChange(situation: PartitionSituation, target: PartitionTarget): ControlRecord | null {
  const { partition, topicId, partitionId, metadataVersion, eligibleLeaderReplicasEnabled } = situation;
  const draft = draftOf(partition, target);
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
  const isrChanges = mayEmpty && !sameElements(draft.isr, partition.isr);
  const shrinks = isrChanges && partition.isr.some((replica) => !draft.isr.includes(replica));
  // A replica that holds the partition no longer must not be taken for a follower of this leader epoch.
  const losesReplica = partition.replicas.some((replica) => !draft.replicas.includes(replica));
  const bumpsLeaderEpoch =
    leaderChanges || losesReplica || (shrinks && allows.leaderEpochBumpOnIsrShrink(metadataVersion));
  const changes = {
    ...(isrChanges ? { isr: draft.isr } : {}),
    ...(bumpsLeaderEpoch ? { leader } : {}),
    ...(recoveryState === partition.leaderRecoveryState
      ? {}
      : { leaderRecoveryState: leaderRecoveryStateNumber(recoveryState) }),
    ...(sameElements(draft.elr, partition.elr) ? {} : { eligibleLeaderReplicas: draft.elr }),
    ...lastKnownLeader(situation, { leader, emptied: isrChanges && draft.isr.length === 0 }),
    ...assignmentChanges(situation, draft, target),
  };
  if (Object.keys(changes).length === 0) return null;
  return newControlRecord(partitionChangeRecord, partitionRecordVersion(metadataVersion), {
    partitionId,
    topicId,
    leader: NO_LEADER_CHANGE,
    ...changes,
  });
}

/** With the reassignment completed, if it can be. */
function draftOf(partition: PartitionImage, target: PartitionTarget): Draft {
  const draft: Draft = {
    replicas: target.replicas ?? partition.replicas,
    addingReplicas: target.addingReplicas ?? partition.addingReplicas,
    removingReplicas: target.removingReplicas ?? partition.removingReplicas,
    isr: target.isr ?? partition.isr,
    elr: partition.elr,
  };
  const completed = completedReassignment(draft, draft.isr);
  return completed === null ? draft : { ...draft, ...completed, addingReplicas: [], removingReplicas: [] };
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

  const preferred = draft.replicas[0];
  if (election === 'preferred' && preferred !== undefined && mayLead(preferred)) {
    return { leader: preferred, unclean: false };
  }
  if (mayLead(partition.leader)) return { leader: partition.leader, unclean: false };
  const clean = draft.replicas.find(mayLead);
  if (clean !== undefined) return { leader: clean, unclean: false };

  // KIP-966, balanced recovery: when nobody is eligible, the one that led last is the best there is.
  const lastKnown = partition.lastKnownElr[0];
  const nobodyLeft = draft.isr.length === 0 && draft.elr.length === 0;
  if (eligibleLeaderReplicasEnabled && nobodyLeft && lastKnown !== undefined && partition.lastKnownElr.length === 1) {
    // Kafka elects it even while it is fenced; here it must be there, because a leader that is away serves nobody.
    if (situation.isAcceptableLeader(lastKnown)) return { leader: lastKnown, unclean: true };
  }
  if (election === 'unclean') {
    const any = draft.replicas.find((replica) => situation.isAcceptableLeader(replica));
    if (any !== undefined) return { leader: any, unclean: true };
  }
  return { leader: NO_LEADER, unclean: false };
}

/** The new `lastKnownElr`, which names the last leader of a leaderless partition; nothing when it stays as it is. */
function lastKnownLeader(
  { partition, eligibleLeaderReplicasEnabled }: PartitionSituation,
  change: { readonly leader: number; readonly emptied: boolean },
): { readonly lastKnownElr?: readonly number[] } {
  if (!eligibleLeaderReplicasEnabled) return {};
  const known = partition.lastKnownElr;
  if (change.emptied && (known.length !== 1 || known[0] !== partition.leader))
    return { lastKnownElr: [partition.leader] };
  if (change.leader !== NO_LEADER && known.length > 0) return { lastKnownElr: [] };
  return {};
}

function assignmentChanges(
  { partition, metadataVersion, defaultDirectory }: PartitionSituation,
  { replicas, addingReplicas, removingReplicas }: Draft,
  { directory }: PartitionTarget,
) {
  const directories = replicas.map((replica) => {
    if (replica === directory?.brokerId) return directory.directoryId;
    return partition.directories[partition.replicas.indexOf(replica)] ?? defaultDirectory(replica);
  });
  const directoriesChange =
    allows.directoryAssignment(metadataVersion) && !sameElements(directories, partition.directories);
  return {
    ...(directoriesChange ? { directories } : {}),
    ...(sameElements(replicas, partition.replicas) ? {} : { replicas }),
    ...(sameElements(removingReplicas, partition.removingReplicas) ? {} : { removingReplicas }),
    ...(sameElements(addingReplicas, partition.addingReplicas) ? {} : { addingReplicas }),
  };
}

function sameElements<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((element, index) => element === b[index]);
}
