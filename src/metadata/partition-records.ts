/** PartitionRecord and PartitionChangeRecord: what they do to a partition, for the image and for the controller alike. */
import type { Uuid } from '../base/uuid.ts';
import type { PartitionChangeRecord } from '../wire/schema/partition-change-record.ts';
import type { PartitionRecord, partitionRecord } from '../wire/schema/partition-record.ts';
import type { InputOf } from '../wire/schema.ts';
import { UNASSIGNED_DIRECTORY } from './directory-id.ts';
import type { LeaderRecoveryState, PartitionImage } from './metadata-image.ts';

/** `leader` of a PartitionChangeRecord that leaves the leader, and so the leader epoch, alone. */
export const NO_LEADER_CHANGE = -2;

const leaderRecoveryStates: readonly LeaderRecoveryState[] = ['RECOVERED', 'RECOVERING'];

export function leaderRecoveryStateNumber(state: LeaderRecoveryState): number {
  return leaderRecoveryStates.indexOf(state);
}

export function newPartitionImage(record: PartitionRecord): PartitionImage {
  return {
    replicas: record.replicas,
    directories:
      record.directories.length === record.replicas.length
        ? record.directories
        : record.replicas.map(() => UNASSIGNED_DIRECTORY),
    isr: record.isr,
    elr: record.eligibleLeaderReplicas ?? [],
    lastKnownElr: record.lastKnownElr ?? [],
    addingReplicas: record.addingReplicas,
    removingReplicas: record.removingReplicas,
    leader: record.leader,
    leaderRecoveryState: leaderRecoveryStates[record.leaderRecoveryState] ?? 'RECOVERED',
    leaderEpoch: record.leaderEpoch,
    partitionEpoch: record.partitionEpoch,
  };
}

/** Empty ELR fields are not written, as in Kafka's own snapshots. */
export function newPartitionRecord(
  topicId: Uuid,
  partitionId: number,
  partition: PartitionImage,
  version: number,
): InputOf<typeof partitionRecord> {
  return {
    partitionId,
    topicId,
    replicas: partition.replicas,
    isr: partition.isr,
    removingReplicas: partition.removingReplicas,
    addingReplicas: partition.addingReplicas,
    leader: partition.leader,
    leaderRecoveryState: leaderRecoveryStateNumber(partition.leaderRecoveryState),
    leaderEpoch: partition.leaderEpoch,
    partitionEpoch: partition.partitionEpoch,
    ...(version >= 1 ? { directories: partition.directories } : {}),
    ...(version >= 2 && partition.elr.length > 0 ? { eligibleLeaderReplicas: partition.elr } : {}),
    ...(version >= 2 && partition.lastKnownElr.length > 0 ? { lastKnownElr: partition.lastKnownElr } : {}),
  };
}

/** Every change counts the partition epoch up; naming a leader, even the same one, counts the leader epoch up. */
export function changedPartition(partition: PartitionImage, record: PartitionChangeRecord): PartitionImage {
  const leaderNamed = record.leader !== NO_LEADER_CHANGE;
  const replicas = record.replicas ?? partition.replicas;
  return {
    replicas,
    directories: record.directories ?? directoriesFor(replicas, partition),
    isr: record.isr ?? partition.isr,
    elr: record.eligibleLeaderReplicas ?? partition.elr,
    lastKnownElr: record.lastKnownElr ?? partition.lastKnownElr,
    addingReplicas: record.addingReplicas ?? partition.addingReplicas,
    removingReplicas: record.removingReplicas ?? partition.removingReplicas,
    leader: leaderNamed ? record.leader : partition.leader,
    leaderRecoveryState: leaderRecoveryStates[record.leaderRecoveryState] ?? partition.leaderRecoveryState,
    leaderEpoch: leaderNamed ? partition.leaderEpoch + 1 : partition.leaderEpoch,
    partitionEpoch: partition.partitionEpoch + 1,
  };
}

/** ClearElrRecord; the same object when there is nothing to clear. */
export function withoutElr(partition: PartitionImage): PartitionImage {
  if (partition.elr.length === 0 && partition.lastKnownElr.length === 0) return partition;
  return { ...partition, elr: [], lastKnownElr: [], partitionEpoch: partition.partitionEpoch + 1 };
}

function directoriesFor(replicas: readonly number[], partition: PartitionImage): readonly Uuid[] {
  if (replicas === partition.replicas) return partition.directories;
  return replicas.map((replica) => partition.directories[partition.replicas.indexOf(replica)] ?? UNASSIGNED_DIRECTORY);
}

/** Null for a number that no release knows. */
export function leaderRecoveryStateOf(number: number): LeaderRecoveryState | null {
  return leaderRecoveryStates[number] ?? null;
}
