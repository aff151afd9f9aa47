/**
 * The group coordinator's state machine over one partition of `__consumer_offsets`. `handle` and `replay` only hand out:
 * classic-groups.ts has the rebalance protocol, group-offsets.ts the offsets, group-store.ts and offset-store.ts what is
 * replayed.
 */

import { unreachable } from '../../base/assert.ts';
import type { Offset } from '../../base/flavor.ts';
import type { SnapshotRegistry } from '../../base/timeline-map.ts';
import type { ErrorName } from '../../wire/errors.ts';
import type { CoordinatorShard, RecordOrigin } from '../shard.ts';
import { metadataOf } from './classic-group.ts';
import { ClassicGroups } from './classic-groups.ts';
import {
  type DeletedGroup,
  type GroupCommand,
  type GroupDecision,
  type GroupEffect,
  type GroupReply,
  type GroupResponse,
  Turn,
} from './commands.ts';
import { ConsumerClassicMembers } from './consumer-classic-members.ts';
import { groupTombstones } from './consumer-group.ts';
import { describeConsumerGroup, noConsumerGroup } from './consumer-group-description.ts';
import { ConsumerGroups } from './consumer-groups.ts';
import type { GroupConfig } from './group-config.ts';
import type {
  DescribedConsumerGroup,
  DescribedGroup,
  ListedGroup,
  OffsetFetchInput,
  OffsetFetchResult,
} from './group-coordinator.ts';
import { GroupMigration } from './group-migration.ts';
import { GroupOffsets } from './group-offsets.ts';
import { type GroupRecord, newGroupMetadataTombstone, type OtherGroupRecord } from './group-records.ts';
import { GroupStore } from './group-store.ts';
import { OffsetStore } from './offset-store.ts';

const EXPIRY_KEY = 'expire offsets';
const NO_BYTES = Buffer.alloc(0);

export class GroupShard implements CoordinatorShard<GroupCommand, GroupResponse, GroupRecord, GroupReply> {
  readonly #config: GroupConfig;
  readonly #groups: GroupStore;
  readonly #offsets: OffsetStore;
  readonly #classic: ClassicGroups;
  readonly #consumer: ConsumerGroups;
  readonly #classicMembers: ConsumerClassicMembers;
  readonly #groupOffsets: GroupOffsets;

  constructor(config: GroupConfig, registry: SnapshotRegistry) {
    this.#config = config;
    this.#groups = new GroupStore(registry);
    this.#offsets = new OffsetStore(registry);
    this.#classic = new ClassicGroups(config, this.#groups);
    this.#consumer = new ConsumerGroups(config.consumer, this.#groups, new GroupMigration(config, this.#classic));
    this.#classicMembers = new ConsumerClassicMembers(config.consumer, this.#consumer);
    this.#groupOffsets = new GroupOffsets(config, this.#groups, this.#classic, this.#offsets);
  }

  handle(command: GroupCommand, nowMs: number): GroupDecision {
    const turn = new Turn(nowMs);
    switch (command.kind) {
      case 'consumerHeartbeat':
        return turn.decision(this.#consumer.heartbeat(command, turn));
      case 'topicsChanged':
        this.#consumer.topicsChanged(command.names, command.createdAtVersion);
        return turn.decision(null);
      case 'consumerMemberExpired':
        this.#classicMembers.expired(command.groupId, command.memberId);
        this.#consumer.memberExpired(command.groupId, command.memberId, turn);
        return turn.decision(null);
      case 'consumerRebalanceExpired':
        this.#consumer.rebalanceExpired(command.groupId, command.memberId, command.memberEpoch, turn);
        return turn.decision(null);
      case 'resolveConsumerRegexes':
        this.#consumer.resolveRegexes(command.groupId, turn);
        return turn.decision(null);
      case 'joinGroup':
      case 'syncGroup':
      case 'heartbeat':
      case 'leaveGroup':
        return this.#handleClassicProtocol(command, turn);
      case 'classicMemberWritten':
        this.#classicMembers.written(command, turn);
        return turn.decision(null);
      case 'commitOffsets':
        return turn.decision(this.#groupOffsets.commit(command.input, turn));
      case 'commitTransactionalOffsets': {
        const { producerId, producerEpoch } = command.input;
        const result = this.#groupOffsets.commitTransactional(command.input, turn);
        return { ...turn.decision(result), transaction: { producerId, producerEpoch } };
      }
      case 'fetchOffsets':
        return turn.decision(this.#groupOffsets.fetch(command.input));
      case 'deleteOffsets':
        return turn.decision(this.#groupOffsets.deleteOffsets(command.groupId, command.topics, turn));
      case 'deleteGroups':
        return turn.decision(command.groupIds.map((groupId) => this.#deleteGroup(groupId, turn)));
      case 'topicsDeleted':
        this.#groupOffsets.topicsDeleted(command.topics, turn);
        return turn.decision(null, true);
      case 'expireOffsets':
        this.#groupOffsets.expire(turn, (groupId) => turn.records.push(...this.#tombstonesOf(groupId)));
        this.#scheduleExpiry(turn);
        return turn.decision(null, true);
      case 'groupCreated':
        this.#classic.groupCreated(command.requestId, command.error, turn);
        return turn.decision(null);
      case 'assignmentWritten':
        this.#classic.assignmentWritten(command, turn);
        return turn.decision(null);
      case 'staticMemberWritten':
        this.#classic.staticMemberWritten(command, turn);
        return turn.decision(null);
      case 'memberExpired':
      case 'initialDelayPassed':
      case 'joinPhaseExpired':
      case 'syncPhaseExpired':
        this.#timerFired(command, turn);
        return turn.decision(null);
      default:
        return unreachable(command);
    }
  }

  /** Classic members are in classic groups, or in KIP-848 groups that are not empty. */
  #handleClassicProtocol(
    command: Extract<GroupCommand, { kind: 'joinGroup' | 'syncGroup' | 'heartbeat' | 'leaveGroup' }>,
    turn: Turn,
  ): GroupDecision {
    const mixed = this.#consumer.get('input' in command ? command.input.groupId : command.groupId);
    switch (command.kind) {
      case 'joinGroup':
        if (mixed === undefined || mixed.memberCount === 0) this.#classic.join(command, turn);
        else this.#classicMembers.join(mixed, command, turn);
        return turn.decision(null);
      case 'syncGroup':
        if (mixed === undefined) this.#classic.sync(command, turn);
        else this.#classicMembers.sync(mixed, command, turn);
        return turn.decision(null);
      case 'heartbeat':
        return turn.decision(
          mixed === undefined
            ? this.#classic.heartbeat(command.input, turn)
            : this.#classicMembers.heartbeat(mixed, command.input, turn),
        );
      case 'leaveGroup':
        return turn.decision(
          mixed === undefined
            ? this.#classic.leave(command.groupId, command.members, turn)
            : this.#classicMembers.leave(mixed, command.members, turn),
        );
    }
  }

  #timerFired(
    command: Extract<
      GroupCommand,
      { kind: 'memberExpired' | 'initialDelayPassed' | 'joinPhaseExpired' | 'syncPhaseExpired' }
    >,
    turn: Turn,
  ): void {
    const group = this.#classic.get(command.groupId);
    if (group === undefined) return;
    const { rebalance } = this.#classic;
    switch (command.kind) {
      case 'memberExpired':
        rebalance.memberExpired(group, command.memberId, turn);
        return;
      case 'initialDelayPassed':
        rebalance.initialDelayPassed(group, command, turn);
        return;
      case 'joinPhaseExpired':
        rebalance.completeJoin(group, turn);
        return;
      case 'syncPhaseExpired':
        rebalance.syncPhaseExpired(group, command.generationId, turn);
        return;
      default:
        unreachable(command);
    }
  }

  #tombstonesOf(groupId: string): readonly GroupRecord[] {
    const group = this.#groups.get(groupId);
    return group?.kind === 'consumer' ? groupTombstones(group) : [newGroupMetadataTombstone(groupId)];
  }

  #deleteGroup(groupId: string, turn: Turn): DeletedGroup {
    const persisted = this.#groups.get(groupId);
    if (persisted === undefined) return { groupId, error: 'GROUP_ID_NOT_FOUND' };
    if (persisted.kind === 'classic') {
      if (this.#classic.get(groupId)?.state !== 'Empty') return { groupId, error: 'NON_EMPTY_GROUP' };
      this.#groupOffsets.deleteAll(groupId, turn);
      turn.records.push(newGroupMetadataTombstone(groupId));
      return { groupId, error: 'NONE' };
    }
    if (persisted.memberCount > 0) return { groupId, error: 'NON_EMPTY_GROUP' };
    if (persisted.kind === 'consumer') {
      this.#groupOffsets.deleteAll(groupId, turn);
      turn.records.push(...groupTombstones(persisted));
      return { groupId, error: 'NONE' };
    }
    // What a share group has read lies in a topic of its own, which nothing here can clean yet.
    if (persisted.kind === 'share') return { groupId, error: 'INVALID_REQUEST' };
    this.#groupOffsets.deleteAll(groupId, turn);
    turn.records.push(...this.#groups.newOtherGroupTombstones(groupId, persisted.kind));
    return { groupId, error: 'NONE' };
  }

  replay(record: GroupRecord, origin: RecordOrigin): void {
    switch (record.kind) {
      case 'offsetCommit':
        if (record.value !== null) this.#groups.replayOffsetOf(record.groupId);
        this.#offsets.replay(record, origin);
        return;
      case 'groupMetadata':
        this.#groups.replayGroupMetadata(record);
        if (record.value === null) this.#classic.forget(record.groupId);
        return;
      case 'other':
        this.#groups.replayOther(record);
        return;
      default:
        this.#groups.replayConsumer(record);
    }
  }

  replayEndTransaction(end: {
    readonly producerId: number;
    readonly producerEpoch: number;
    readonly committed: boolean;
  }): void {
    this.#offsets.replayEndTransaction(end);
  }

  loaded(nowMs: number): GroupDecision {
    const turn = new Turn(nowMs);
    this.#classic.loaded(turn);
    this.#consumer.loaded(turn);
    this.#scheduleExpiry(turn);
    return turn.decision(null);
  }

  unloaded(): readonly GroupEffect[] {
    return this.#classic.unloaded();
  }

  rolledBack(error: ErrorName): readonly GroupEffect[] {
    return this.#classic.rolledBack(error);
  }

  #scheduleExpiry(turn: Turn): void {
    turn.schedule(EXPIRY_KEY, this.#config.offsetsRetentionCheckIntervalMs, { kind: 'expireOffsets' });
  }

  // Reads: which groups and offsets there are is committed state; what a living group is doing is its present state.

  fetchCommitted(input: OffsetFetchInput, committedOffset: Offset): OffsetFetchResult {
    return this.#groupOffsets.fetch(input, committedOffset);
  }

  describe(groupId: string, committedOffset: Offset): DescribedGroup {
    const persisted = this.#groups.get(groupId, committedOffset);
    if (persisted?.kind !== 'classic') {
      return {
        error: 'GROUP_ID_NOT_FOUND',
        errorMessage: `Group ${groupId} ${persisted === undefined ? 'not found.' : 'is not a classic group.'}`,
        groupId,
        groupState: 'Dead',
        protocolType: '',
        protocolData: '',
        members: [],
      };
    }
    const group = this.#classic.peek(groupId, persisted);
    const stable = group.state === 'Stable';
    return {
      error: 'NONE',
      errorMessage: null,
      groupId,
      groupState: group.state,
      protocolType: group.protocolType ?? '',
      protocolData: stable ? (group.protocolName ?? '') : '',
      members: [...group.members.values()].map((member) => ({
        memberId: member.memberId,
        groupInstanceId: member.groupInstanceId,
        clientId: member.clientId,
        clientHost: member.clientHost,
        memberMetadata: stable ? metadataOf(member, group.protocolName) : NO_BYTES,
        memberAssignment: member.assignment,
      })),
    };
  }

  describeConsumer(groupId: string, committedOffset: Offset): DescribedConsumerGroup {
    const group = this.#groups.get(groupId, committedOffset);
    return group?.kind === 'consumer'
      ? describeConsumerGroup(group, committedOffset, this.#config.consumer)
      : noConsumerGroup(
          groupId,
          group === undefined ? `Group ${groupId} not found.` : `Group ${groupId} is not a consumer group.`,
        );
  }

  list(committedOffset: Offset): readonly ListedGroup[] {
    return [...this.#groups.entries(committedOffset)].map(([groupId, persisted]) => {
      if (persisted.kind === 'consumer') {
        return {
          groupId,
          protocolType: 'consumer',
          groupState: persisted.state(committedOffset),
          groupType: 'consumer',
        };
      }
      if (persisted.kind !== 'classic') {
        return {
          groupId,
          protocolType: persisted.kind,
          groupState: persisted.memberCount === 0 ? 'Empty' : 'Stable',
          groupType: persisted.kind,
        };
      }
      const group = this.#classic.peek(groupId, persisted);
      return { groupId, protocolType: group.protocolType ?? '', groupState: group.state, groupType: 'classic' };
    });
  }

  /** Records of kinds that are not understood, as they came (share and streams groups). */
  otherRecords(): readonly OtherGroupRecord[] {
    return this.#groups.otherRecords();
  }
}
