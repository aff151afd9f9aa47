/**
 * A KIP-848 group as its records say: all of it is replayed, nothing is soft state. Readable at past offsets.
 *
 *     Empty ──join──▶ Assigning (group epoch > assignment epoch) ──▶ Reconciling (members on their way) ──▶ Stable
 *
 * Invariants: a partition has an epoch here as long as a member has it assigned or has still to revoke it, and no second
 * member is given it meanwhile; `staticMembers` maps each instance id to the member that has it now.
 */
import type { Offset } from '../../base/flavor.ts';
import { type SnapshotRegistry, TimelineMap } from '../../base/timeline-map.ts';
import type { Uuid } from '../../base/uuid.ts';
import type { ConsumerGroupCurrentMemberAssignmentValue } from '../../wire/schema/consumer-group-current-member-assignment-record.ts';
import type { ConsumerGroupMemberMetadataValue } from '../../wire/schema/consumer-group-member-metadata-record.ts';
import type { ConsumerGroupRecord } from './consumer-group-records.ts';

/** What a member is to have in the end. */
export type Assignment = ReadonlyMap<Uuid, ReadonlySet<number>>;
/** What a member has: each partition with the member epoch in which it came (KIP-1251). */
export type CurrentAssignment = ReadonlyMap<Uuid, ReadonlyMap<number, number>>;

export type MemberState = 'STABLE' | 'UNREVOKED_PARTITIONS' | 'UNRELEASED_PARTITIONS' | 'UNKNOWN';

export interface ClassicMemberMetadata {
  readonly sessionTimeoutMs: number;
  readonly supportedProtocols: readonly { readonly name: string; readonly metadata: Buffer }[];
}

export interface ConsumerMember {
  readonly memberId: string;
  readonly instanceId: string | null;
  readonly rackId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  /** Sorted, each once. */
  readonly subscribedTopicNames: readonly string[];
  /** '' where there is none. */
  readonly subscribedTopicRegex: string;
  readonly rebalanceTimeoutMs: number;
  readonly serverAssignor: string | null;
  /** Of a member that speaks the classic protocol. */
  readonly classic: ClassicMemberMetadata | null;
  readonly memberEpoch: number;
  readonly previousMemberEpoch: number;
  readonly state: MemberState;
  readonly assigned: CurrentAssignment;
  readonly pendingRevocation: CurrentAssignment;
}

export interface ResolvedRegex {
  readonly topics: ReadonlySet<string>;
  /** Offset of the metadata image in which it was resolved. */
  readonly version: number;
  readonly timestampMs: number;
}

export type ConsumerGroupState = 'Empty' | 'Assigning' | 'Reconciling' | 'Stable';

export const JOIN_GROUP_MEMBER_EPOCH = 0;
export const LEAVE_GROUP_MEMBER_EPOCH = -1;
export const LEAVE_GROUP_STATIC_MEMBER_EPOCH = -2;
const FIRST_EPOCH = 1;

const NO_TARGET: Assignment = new Map();
const NOTHING: CurrentAssignment = new Map();
const NO_REGEXES: ReadonlyMap<string, ResolvedRegex> = new Map();

export function newConsumerMember(memberId: string): ConsumerMember {
  return {
    memberId,
    instanceId: null,
    rackId: null,
    clientId: '',
    clientHost: '',
    subscribedTopicNames: [],
    subscribedTopicRegex: '',
    rebalanceTimeoutMs: -1,
    serverAssignor: null,
    classic: null,
    memberEpoch: 0,
    previousMemberEpoch: -1,
    state: 'STABLE',
    assigned: NOTHING,
    pendingRevocation: NOTHING,
  };
}

interface GroupEpochs {
  readonly groupEpoch: number;
  readonly metadataHash: bigint;
  readonly assignmentEpoch: number;
  /** When the target assignment was computed; 0 where that is not known. */
  readonly assignmentTimestampMs: number;
  /** Has a record of type 4 of an older release, which wants a tombstone. */
  readonly hasPartitionMetadata: boolean;
}

const FIRST_EPOCHS: GroupEpochs = {
  groupEpoch: FIRST_EPOCH,
  metadataHash: 0n,
  assignmentEpoch: FIRST_EPOCH,
  assignmentTimestampMs: 0,
  hasPartitionMetadata: false,
};

export class ConsumerGroup {
  readonly kind = 'consumer';
  readonly groupId: string;
  readonly #epochs: TimelineMap<'epochs', GroupEpochs>;
  readonly #members: TimelineMap<string, ConsumerMember>;
  readonly #staticMembers: TimelineMap<string, string>;
  readonly #targets: TimelineMap<string, Assignment>;
  /** By topic id and partition, as `partitionKey` writes them. */
  readonly #partitionEpochs: TimelineMap<string, number>;
  readonly #regexes: TimelineMap<string, ResolvedRegex>;
  /** How many members subscribe with each expression: asked with each heartbeat, when going through all members is too much. */
  readonly #regexSubscribers: TimelineMap<string, number>;

  constructor(groupId: string, registry: SnapshotRegistry) {
    this.groupId = groupId;
    this.#epochs = new TimelineMap(registry);
    this.#members = new TimelineMap(registry);
    this.#staticMembers = new TimelineMap(registry);
    this.#targets = new TimelineMap(registry);
    this.#partitionEpochs = new TimelineMap(registry);
    this.#regexes = new TimelineMap(registry);
    this.#regexSubscribers = new TimelineMap(registry);
  }

  epochs(atOffset?: Offset): GroupEpochs {
    return this.#epochs.get('epochs', atOffset) ?? FIRST_EPOCHS;
  }

  get memberCount(): number {
    return this.#members.size;
  }

  member(memberId: string, atOffset?: Offset): ConsumerMember | undefined {
    return this.#members.get(memberId, atOffset);
  }

  members(atOffset?: Offset): IterableIterator<ConsumerMember> {
    return this.#members.values(atOffset);
  }

  staticMember(instanceId: string): ConsumerMember | undefined {
    const memberId = this.#staticMembers.get(instanceId);
    return memberId === undefined ? undefined : this.#members.get(memberId);
  }

  target(memberId: string, atOffset?: Offset): Assignment {
    return this.#targets.get(memberId, atOffset) ?? NO_TARGET;
  }

  hasTarget(memberId: string): boolean {
    return this.#targets.has(memberId);
  }

  regexes(): ReadonlyMap<string, ResolvedRegex> {
    return this.#regexes.size === 0 ? NO_REGEXES : new Map(this.#regexes);
  }

  /** How many members subscribe with the expression. */
  regexSubscriberCount(regularExpression: string): number {
    return this.#regexSubscribers.get(regularExpression) ?? 0;
  }

  /** The expressions that members subscribe with, resolved or not. */
  subscribedRegexes(): IterableIterator<string> {
    return this.#regexSubscribers.keys();
  }

  /** The epoch of the member that has the partition, or has still to give it up; undefined when it is free. */
  partitionEpoch(topicId: Uuid, partition: number): number | undefined {
    return this.#partitionEpochs.get(partitionKey(topicId, partition));
  }

  state(atOffset?: Offset): ConsumerGroupState {
    const { groupEpoch, assignmentEpoch } = this.epochs(atOffset);
    let empty = true;
    let reconciled = true;
    for (const member of this.#members.values(atOffset)) {
      empty = false;
      if (!isReconciledTo(member, assignmentEpoch)) reconciled = false;
    }
    if (empty) return 'Empty';
    if (groupEpoch > assignmentEpoch) return 'Assigning';
    return reconciled ? 'Stable' : 'Reconciling';
  }

  subscribesTo(topic: string): boolean {
    for (const member of this.#members.values()) {
      if (member.subscribedTopicNames.includes(topic)) return true;
      if (this.#regexes.get(member.subscribedTopicRegex)?.topics.has(topic) === true) return true;
    }
    return false;
  }

  replay(record: ConsumerGroupRecord): void {
    switch (record.kind) {
      case 'consumerEpoch':
        if (record.value !== null) {
          this.#updateEpochs({ groupEpoch: record.value.epoch, metadataHash: record.value.metadataHash });
        }
        return;
      case 'consumerPartitionMetadata':
        this.#updateEpochs({ hasPartitionMetadata: record.value !== null });
        return;
      case 'consumerMember':
        if (record.value === null) this.#removeMember(record.memberId);
        else this.#putMember({ ...this.#memberOrNew(record.memberId), ...subscriptionFrom(record.value) });
        return;
      case 'consumerTargetEpoch':
        this.#updateEpochs({
          assignmentEpoch: record.value?.assignmentEpoch ?? -1,
          assignmentTimestampMs: record.value?.assignmentTimestamp ?? 0,
        });
        return;
      case 'consumerTarget':
        if (record.value === null) this.#targets.delete(record.memberId);
        else {
          this.#targets.set(
            record.memberId,
            new Map(record.value.topicPartitions.map(({ topicId, partitions }) => [topicId, new Set(partitions)])),
          );
        }
        return;
      case 'consumerCurrent':
        if (record.value !== null) {
          this.#putMember({ ...this.#memberOrNew(record.memberId), ...currentFrom(record.value) });
        } else if (this.#members.has(record.memberId)) {
          this.#putMember({ ...this.#memberOrNew(record.memberId), ...LEFT });
        }
        return;
      case 'consumerRegex':
        if (record.value === null) this.#regexes.delete(record.regularExpression);
        else {
          const { topics, version, timestamp } = record.value;
          this.#regexes.set(record.regularExpression, { topics: new Set(topics), version, timestampMs: timestamp });
        }
        return;
    }
  }

  #updateEpochs(changed: Partial<GroupEpochs>): void {
    this.#epochs.set('epochs', { ...this.epochs(), ...changed });
  }

  #memberOrNew(memberId: string): ConsumerMember {
    return this.#members.get(memberId) ?? newConsumerMember(memberId);
  }

  #putMember(member: ConsumerMember): void {
    const old = this.#members.get(member.memberId);
    if (old !== undefined) this.#freePartitions(old);
    this.#members.set(member.memberId, member);
    this.#countRegex(old?.subscribedTopicRegex ?? '', member.subscribedTopicRegex);
    for (const [topicId, partition] of partitionsHeld(member)) {
      this.#partitionEpochs.set(partitionKey(topicId, partition), member.memberEpoch);
    }
    if (member.instanceId !== null && this.#staticMembers.get(member.instanceId) !== member.memberId) {
      this.#staticMembers.set(member.instanceId, member.memberId);
    }
  }

  #removeMember(memberId: string): void {
    const member = this.#members.delete(memberId);
    if (member === undefined) return;
    this.#freePartitions(member);
    this.#countRegex(member.subscribedTopicRegex, '');
    // Its successor may have taken the instance id over already.
    if (member.instanceId !== null && this.#staticMembers.get(member.instanceId) === memberId) {
      this.#staticMembers.delete(member.instanceId);
    }
  }

  #countRegex(before: string, after: string): void {
    if (before === after) return;
    if (before !== '') {
      const rest = this.regexSubscriberCount(before) - 1;
      if (rest === 0) this.#regexSubscribers.delete(before);
      else this.#regexSubscribers.set(before, rest);
    }
    if (after !== '') this.#regexSubscribers.set(after, this.regexSubscriberCount(after) + 1);
  }

  #freePartitions(member: ConsumerMember): void {
    for (const [topicId, partition] of partitionsHeld(member)) {
      this.#partitionEpochs.delete(partitionKey(topicId, partition));
    }
  }
}

const LEFT = {
  memberEpoch: LEAVE_GROUP_MEMBER_EPOCH,
  previousMemberEpoch: LEAVE_GROUP_MEMBER_EPOCH,
  state: 'STABLE',
  assigned: NOTHING,
  pendingRevocation: NOTHING,
} as const;

function partitionKey(topicId: Uuid, partition: number): string {
  return `${topicId}:${partition}`;
}

function* partitionsHeld(member: ConsumerMember): Generator<readonly [Uuid, number]> {
  for (const held of [member.assigned, member.pendingRevocation]) {
    for (const [topicId, partitions] of held) for (const partition of partitions.keys()) yield [topicId, partition];
  }
}

export function isReconciledTo(member: ConsumerMember, assignmentEpoch: number): boolean {
  return member.state === 'STABLE' && member.memberEpoch === assignmentEpoch;
}

/** Numbers of the state in the record. */
const memberStates: readonly MemberState[] = ['STABLE', 'UNREVOKED_PARTITIONS', 'UNRELEASED_PARTITIONS'];
const UNKNOWN_STATE = 127;

function subscriptionFrom(value: ConsumerGroupMemberMetadataValue) {
  return {
    instanceId: value.instanceId,
    rackId: value.rackId,
    clientId: value.clientId,
    clientHost: value.clientHost,
    subscribedTopicNames: sortedOnce(value.subscribedTopicNames),
    subscribedTopicRegex: value.subscribedTopicRegex ?? '',
    rebalanceTimeoutMs: value.rebalanceTimeoutMs,
    serverAssignor: value.serverAssignor,
    classic: value.classicMemberMetadata,
  };
}

function currentFrom(value: ConsumerGroupCurrentMemberAssignmentValue) {
  return {
    memberEpoch: value.memberEpoch,
    previousMemberEpoch: value.previousMemberEpoch,
    state: memberStates[value.state] ?? ('UNKNOWN' as const),
    assigned: heldFrom(value.assignedPartitions, value.memberEpoch),
    pendingRevocation: heldFrom(value.partitionsPendingRevocation, value.memberEpoch),
  };
}

/** Records before 4.3 have no epochs: every partition came with the member's epoch at the latest. */
function heldFrom(
  topics: ConsumerGroupCurrentMemberAssignmentValue['assignedPartitions'],
  memberEpoch: number,
): CurrentAssignment {
  return new Map(
    topics.map(({ topicId, partitions, assignmentEpochs }) => [
      topicId,
      new Map(partitions.map((partition, i) => [partition, assignmentEpochs?.[i] ?? memberEpoch])),
    ]),
  );
}

export function newMemberRecord(groupId: string, member: ConsumerMember): ConsumerGroupRecord {
  return {
    kind: 'consumerMember',
    groupId,
    memberId: member.memberId,
    value: {
      instanceId: member.instanceId,
      rackId: member.rackId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      subscribedTopicNames: [...member.subscribedTopicNames],
      subscribedTopicRegex: member.subscribedTopicRegex,
      rebalanceTimeoutMs: member.rebalanceTimeoutMs,
      serverAssignor: member.serverAssignor,
      classicMemberMetadata:
        member.classic === null
          ? null
          : {
              sessionTimeoutMs: member.classic.sessionTimeoutMs,
              supportedProtocols: member.classic.supportedProtocols.map((protocol) => ({ ...protocol })),
            },
    },
  };
}

export function newTargetRecord(groupId: string, memberId: string, target: Assignment): ConsumerGroupRecord {
  return {
    kind: 'consumerTarget',
    groupId,
    memberId,
    value: {
      topicPartitions: [...target].map(([topicId, partitions]) => ({
        topicId,
        partitions: [...partitions].sort((a, b) => a - b),
      })),
    },
  };
}

export function newCurrentRecord(groupId: string, member: ConsumerMember): ConsumerGroupRecord {
  const state = memberStates.indexOf(member.state);
  return {
    kind: 'consumerCurrent',
    groupId,
    memberId: member.memberId,
    value: {
      memberEpoch: member.memberEpoch,
      previousMemberEpoch: member.previousMemberEpoch,
      state: state === -1 ? UNKNOWN_STATE : state,
      assignedPartitions: heldValue(member.assigned),
      partitionsPendingRevocation: heldValue(member.pendingRevocation),
    },
  };
}

function heldValue(held: CurrentAssignment): ConsumerGroupCurrentMemberAssignmentValue['assignedPartitions'] {
  return [...held].map(([topicId, epochs]) => {
    const partitions = [...epochs.keys()].sort((a, b) => a - b);
    return { topicId, partitions, assignmentEpochs: partitions.map((partition) => epochs.get(partition)!) };
  });
}

/** In the order in which Kafka replays a member's end. */
export function memberTombstones(groupId: string, memberId: string): ConsumerGroupRecord[] {
  return [
    { kind: 'consumerCurrent', groupId, memberId, value: null },
    { kind: 'consumerTarget', groupId, memberId, value: null },
    { kind: 'consumerMember', groupId, memberId, value: null },
  ];
}

/** In the order in which Kafka replays a group's end. `memberIds` where they are about to be others than the group has. */
export function groupTombstones(
  group: ConsumerGroup,
  memberIds: readonly string[] = [...group.members()].map(({ memberId }) => memberId),
): ConsumerGroupRecord[] {
  const { groupId } = group;
  const records: ConsumerGroupRecord[] = [];
  for (const memberId of memberIds) records.push({ kind: 'consumerCurrent', groupId, memberId, value: null });
  for (const memberId of memberIds) records.push({ kind: 'consumerTarget', groupId, memberId, value: null });
  records.push({ kind: 'consumerTargetEpoch', groupId, value: null });
  for (const memberId of memberIds) records.push({ kind: 'consumerMember', groupId, memberId, value: null });
  // Whether there is such a record or not, as Kafka does.
  records.push({ kind: 'consumerPartitionMetadata', groupId, value: null });
  for (const regularExpression of group.regexes().keys()) {
    records.push({ kind: 'consumerRegex', groupId, regularExpression, value: null });
  }
  records.push({ kind: 'consumerEpoch', groupId, value: null });
  return records;
}

export function sortedOnce(names: readonly string[]): readonly string[] {
  return [...new Set(names)].sort();
}
