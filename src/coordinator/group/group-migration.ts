/**
 * Changing a living group between the classic and the KIP-848 protocol (`group.consumer.migration.policy`).
 *
 *     classic ──a member of the new protocol joins──▶ KIP-848, with classic members in it (consumer-classic-members.ts)
 *     classic ◀──the last member of the new protocol leaves, or a classic static member takes its place── KIP-848
 *
 * What the members have stays theirs: in the first direction the old generation becomes the epoch and everybody stands
 * reconciled to what the leader assigned; in the second all are told to rebalance.
 */
import { KafkaError } from '../../wire/errors.ts';
import { WireError } from '../../wire/wire-error.ts';
import { ClassicGroup, metadataOf } from './classic-group.ts';
import type { ClassicGroups } from './classic-groups.ts';
import { joinGroupFailure, syncGroupFailure, type Turn } from './commands.ts';
import {
  type Assignment,
  type ConsumerGroup,
  type ConsumerMember,
  groupTombstones,
  newConsumerMember,
  newCurrentRecord,
  newMemberRecord,
  newTargetRecord,
  sortedOnce,
} from './consumer-group.ts';
import type { ConsumerGroupRecord } from './consumer-group-records.ts';
import type { Migration, Replacement } from './consumer-groups.ts';
import { readAssignment, readSubscription, writeAssignment } from './embedded-protocol.ts';
import type { GroupConfig } from './group-config.ts';
import { type GroupRecord, newGroupMetadataRecord } from './group-records.ts';
import { groupMetadataHash } from './metadata-hash.ts';

export class GroupMigration implements Migration {
  readonly #config: GroupConfig;
  readonly #classic: ClassicGroups;

  constructor(config: GroupConfig, classic: ClassicGroups) {
    this.#config = config;
    this.#classic = classic;
  }

  upgrade(groupId: string): ConsumerGroupRecord[] {
    const group = this.#classic.get(groupId);
    if (group === undefined || group.state === 'Empty') return [];
    const refuse = (why: string) =>
      new KafkaError('GROUP_ID_NOT_FOUND', `Cannot upgrade classic group ${groupId} to consumer group because ${why}.`);
    const { migrationPolicy, groupSizeMax } = this.#config.consumer;
    if (migrationPolicy !== 'upgrade' && migrationPolicy !== 'bidirectional') {
      throw refuse('online upgrade is disabled');
    }
    if (!group.usesConsumerProtocol) throw refuse('the group does not use the consumer embedded protocol');
    if (group.members.size > groupSizeMax) throw refuse('the group size exceeds the consumer group maximum size');
    try {
      return this.#upgradeRecords(group);
    } catch (error) {
      if (error instanceof WireError) throw refuse('the embedded consumer protocol is malformed');
      throw error;
    }
  }

  #upgradeRecords(group: ClassicGroup): ConsumerGroupRecord[] {
    const { groupId, generationId } = group;
    const image = this.#config.consumer.image();
    const protocolName = group.protocolName ?? group.selectProtocol();
    const members = [...group.members.values()].map((member): ConsumerMember => {
      const subscription = readSubscription(metadataOf(member, protocolName));
      const assigned = readAssignment(member.assignment, image);
      return {
        ...newConsumerMember(member.memberId),
        instanceId: member.groupInstanceId,
        rackId: subscription.rackId,
        clientId: member.clientId,
        clientHost: member.clientHost,
        subscribedTopicNames: sortedOnce(subscription.topics),
        rebalanceTimeoutMs: member.rebalanceTimeoutMs,
        classic: { sessionTimeoutMs: member.sessionTimeoutMs, supportedProtocols: member.protocols },
        memberEpoch: generationId,
        previousMemberEpoch: generationId,
        assigned: new Map(
          [...assigned].map(([topicId, partitions]) => [
            topicId,
            new Map([...partitions].map((p) => [p, generationId])),
          ]),
        ),
      };
    });
    const metadataHash = groupMetadataHash(new Set(members.flatMap((member) => member.subscribedTopicNames)), image);
    return [
      ...members.map((member) => newMemberRecord(groupId, member)),
      { kind: 'consumerEpoch', groupId, value: { epoch: generationId, metadataHash } },
      ...members.map((member) =>
        newTargetRecord(
          groupId,
          member.memberId,
          new Map([...member.assigned].map(([topicId, partitions]) => [topicId, new Set(partitions.keys())])),
        ),
      ),
      { kind: 'consumerTargetEpoch', groupId, value: { assignmentEpoch: generationId, assignmentTimestamp: 0 } },
      ...members.map((member) => newCurrentRecord(groupId, member)),
    ];
  }

  /** Whoever waits in the classic group is told to come again. */
  upgraded(groupId: string, turn: Turn): void {
    const group = this.#classic.get(groupId);
    if (group === undefined) return;
    this.#classic.rebalance.cancelTimers(group, turn);
    for (const member of group.members.values()) {
      group.completeJoin(member, joinGroupFailure(member.memberId, 'REBALANCE_IN_PROGRESS'), turn);
      group.completeSync(member, syncGroupFailure('REBALANCE_IN_PROGRESS'), turn);
    }
  }

  mayDowngrade(group: ConsumerGroup, leaving: ReadonlySet<string>, restCount: number): boolean {
    const { migrationPolicy } = this.#config.consumer;
    if (restCount === 0 || restCount > this.#config.groupSizeMax) return false;
    if (migrationPolicy !== 'downgrade' && migrationPolicy !== 'bidirectional') return false;
    for (const member of group.members()) {
      if (leaving.has(member.memberId) === (member.classic !== null)) return false;
    }
    return true;
  }

  maybeDowngrade(group: ConsumerGroup, leaving: ReadonlySet<string>, turn: Turn): boolean {
    const rest = [...group.members()].filter(({ memberId }) => !leaving.has(memberId));
    if (!this.mayDowngrade(group, leaving, rest.length)) return false;
    const classic = this.#convert(group, rest, group.target.bind(group), turn);
    turn.records.push(...groupTombstones(group), this.#adopt(classic, turn));
    this.#classic.rebalance.prepare(classic, turn);
    return true;
  }

  downgradeReplacing(group: ConsumerGroup, { replaced, joining, isStale }: Replacement, turn: Turn): void {
    const rest = [...group.members()].filter(({ memberId }) => memberId !== replaced.memberId);
    const targetOf = (memberId: string) => group.target(memberId === joining.memberId ? replaced.memberId : memberId);
    const classic = this.#convert(group, [...rest, joining], targetOf, turn);
    const ids = [...group.members()].map(({ memberId }) =>
      memberId === replaced.memberId ? joining.memberId : memberId,
    );
    turn.records.push(...groupTombstones(group, ids), this.#adopt(classic, turn));
    // Whoever takes the other's place takes its partitions as well; the others need not notice.
    if (isStale) this.#classic.rebalance.prepare(classic, turn);
  }

  #convert(
    group: ConsumerGroup,
    members: readonly ConsumerMember[],
    targetOf: (memberId: string) => Assignment,
    turn: Turn,
  ): ClassicGroup {
    const classic = new ClassicGroup(group.groupId, turn.nowMs);
    classic.state = 'Stable';
    classic.generationId = group.epochs().groupEpoch;
    for (const member of members) {
      classic.add({
        memberId: member.memberId,
        groupInstanceId: member.instanceId,
        clientId: member.clientId,
        clientHost: member.clientHost,
        protocolType: 'consumer',
        rebalanceTimeoutMs: member.rebalanceTimeoutMs,
        sessionTimeoutMs: member.classic!.sessionTimeoutMs,
        protocols: member.classic!.supportedProtocols,
        assignment: Buffer.alloc(0),
        awaitingJoin: null,
        awaitingSync: null,
        isNew: false,
      });
    }
    classic.protocolName = classic.selectProtocol();
    classic.subscribedTopics = classic.computeSubscribedTopics();
    const image = this.#config.consumer.image();
    for (const member of classic.members.values()) {
      const metadata = metadataOf(member, classic.protocolName);
      member.assignment = writeAssignment(targetOf(member.memberId), metadata, image);
    }
    return classic;
  }

  /** The classic group is there from now on; gives the record that says so. */
  #adopt(classic: ClassicGroup, turn: Turn): GroupRecord {
    const assignments = new Map([...classic.members.values()].map((member) => [member.memberId, member.assignment]));
    this.#classic.adopt(classic);
    for (const member of classic.members.values()) this.#classic.rebalance.scheduleSession(classic, member, turn);
    return newGroupMetadataRecord(classic.groupId, classic.metadataValue(assignments));
  }
}
