/**
 * The group coordinator of a broker: finds the shard of each group, gives commands their ids, waits, and turns what can go
 * wrong with a write into what clients of groups understand.
 */
import type { Clock, Timer } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import type { Random } from '../../base/random.ts';
import { randomUuid, type Uuid } from '../../base/uuid.ts';
import type { ErrorName } from '../../wire/errors.ts';
import type { CompressionType } from '../../wire/records/record-batch.ts';
import type { CoordinatorCounters } from '../counters.ts';
import { partitionForKey } from '../partition-for-key.ts';
import type { PartitionWriter } from '../partition-writer.ts';
import { CoordinatorRuntime } from '../runtime.ts';
import type { Outcome, TransactionEnd } from '../shard.ts';
import {
  type DeletedGroup,
  type GroupCommand,
  type GroupReply,
  type GroupResponse,
  type GroupResponses,
  joinGroupFailure,
  syncGroupFailure,
} from './commands.ts';
import { noConsumerGroup } from './consumer-group-description.ts';
import { heartbeatFailure } from './consumer-groups.ts';
import { refuseConsumerHeartbeat } from './consumer-heartbeat-check.ts';
import type { GroupConfig } from './group-config.ts';
import {
  type ConsumerGroupHeartbeatInput,
  type ConsumerGroupHeartbeatResult,
  type DescribedConsumerGroup,
  type DescribedGroup,
  GROUP_METADATA_TOPIC,
  type GroupClient,
  type GroupCoordinator,
  type GroupCoordinatorEvents,
  type HeartbeatInput,
  type JoinGroupInput,
  type JoinGroupResult,
  type LeaveGroupResult,
  type LeavingMember,
  type ListedGroup,
  type ListGroupsResult,
  type OffsetCommitInput,
  type OffsetCommitResult,
  type OffsetDeleteResult,
  type OffsetFetchInput,
  type OffsetFetchResult,
  type SyncGroupInput,
  type SyncGroupResult,
  type TransactionalOffsetCommitInput,
} from './group-coordinator.ts';
import { type GroupRecord, groupRecordCodec } from './group-records.ts';
import { GroupShard } from './group-shard.ts';

export interface GroupCoordinatorOptions {
  readonly config: GroupConfig;
  /** Of `__consumer_offsets`: of the topic where it exists, else `offsets.topic.num.partitions`. */
  readonly partitionCount: () => number;
  readonly writer: PartitionWriter;
  readonly clock: Clock;
  readonly timer: Timer;
  readonly random: Random;
  readonly logger: Logger;
  /** `offsets.topic.compression.codec`. */
  readonly compression: CompressionType;
  /** `offsets.load.buffer.size`. */
  readonly loadBufferSize: number;
  /** `offsets.commit.timeout.ms`. */
  readonly writeTimeoutMs: number;
  /** Requests that may wait per shard. */
  /** `group.coordinator.append.linger.ms` */
  readonly appendLingerMs: number;
  readonly queueCountMax: number;
  /** When to drain a shard's queue; a microtask when left out. */
  readonly defer?: (drain: () => void) => void;
}

export class GroupCoordinatorService implements GroupCoordinator, GroupCoordinatorEvents {
  readonly #options: GroupCoordinatorOptions;
  readonly #runtime: CoordinatorRuntime<GroupCommand, GroupResponse, GroupRecord, GroupReply, GroupShard>;
  /** Joins and syncs that are not answered yet. */
  readonly #joins = new Map<number, (result: JoinGroupResult) => void>();
  readonly #syncs = new Map<number, (result: SyncGroupResult) => void>();
  #lastRequestId = 0;
  #active = true;

  constructor(options: GroupCoordinatorOptions) {
    this.#options = options;
    this.#runtime = new CoordinatorRuntime({
      topic: GROUP_METADATA_TOPIC,
      newShard: (_partition, registry) => new GroupShard(options.config, registry),
      codec: groupRecordCodec,
      writer: options.writer,
      clock: options.clock,
      timer: options.timer,
      logger: options.logger,
      compression: options.compression,
      loadBufferSize: options.loadBufferSize,
      writeTimeoutMs: options.writeTimeoutMs,
      appendLingerMs: options.appendLingerMs,
      queueCountMax: options.queueCountMax,
      reply: (reply) => this.#reply(reply),
      ...(options.defer === undefined ? {} : { defer: options.defer }),
    });
  }

  /** What has been done since the start, all partitions together. */
  get counters(): CoordinatorCounters {
    return this.#runtime.counters;
  }

  elected(partition: number, leaderEpoch: number): void {
    // Never rejects: a failed load is logged and leaves the shard unavailable.
    if (this.#active) void this.#runtime.load(partition, leaderEpoch);
  }

  /** As `elected`, for callers that want to know when the shard serves. */
  load(partition: number, leaderEpoch: number): Promise<void> {
    return this.#runtime.load(partition, leaderEpoch);
  }

  resigned(partition: number, leaderEpoch: number | null): void {
    this.#runtime.unload(partition, leaderEpoch);
  }

  topicsChanged(names: readonly string[], createdAtVersion: number | null): void {
    if (names.length > 0) void this.#runtime.submitAll({ kind: 'topicsChanged', names, createdAtVersion });
  }

  topicsDeleted(
    topics: readonly { readonly name: string; readonly topicId: Uuid; readonly partitions: readonly number[] }[],
  ): void {
    if (topics.length === 0) return;
    void this.#runtime.submitAll({ kind: 'topicsDeleted', topics }).then((outcomes) => {
      for (const outcome of outcomes) {
        if (outcome.kind === 'done') continue;
        this.#options.logger.error('offsets of deleted topics could not be removed', { error: outcome.error });
      }
    });
  }

  /** Answers everything that waits; requests fail with COORDINATOR_NOT_AVAILABLE from now on. */
  close(): void {
    this.#active = false;
    this.#runtime.close();
  }

  partitionFor(groupId: string): number {
    return partitionForKey(groupId, this.#options.partitionCount());
  }

  async joinGroup(input: JoinGroupInput, client: GroupClient): Promise<JoinGroupResult> {
    const { config } = this.#options;
    if (!this.#active) return joinGroupFailure(input.memberId, 'COORDINATOR_NOT_AVAILABLE');
    if (input.groupId === '') return joinGroupFailure(input.memberId, 'INVALID_GROUP_ID');
    if (input.sessionTimeoutMs < config.minSessionTimeoutMs || input.sessionTimeoutMs > config.maxSessionTimeoutMs) {
      return joinGroupFailure(input.memberId, 'INVALID_SESSION_TIMEOUT');
    }
    const requestId = ++this.#lastRequestId;
    // Drawn for those only that have none: the system's random numbers are not cheap.
    const isNew = input.memberId === '';
    const newMemberIdSuffix = isNew ? this.#newRandomUuid() : '';
    const newMemberId = isNew ? randomUuid(this.#options.random) : '';
    return new Promise((resolve) => {
      this.#joins.set(requestId, resolve);
      void this.#submit({ kind: 'joinGroup', requestId, input, client, newMemberIdSuffix, newMemberId }).then(
        (outcome) => {
          if (outcome.kind === 'done') return;
          const result = joinGroupFailure('', toGroupError(outcome.error));
          this.#reply({ kind: 'joinGroup', requestId, result });
        },
      );
    });
  }

  async syncGroup(input: SyncGroupInput): Promise<SyncGroupResult> {
    if (!this.#active) return syncGroupFailure('COORDINATOR_NOT_AVAILABLE');
    if (input.groupId === '') return syncGroupFailure('INVALID_GROUP_ID');
    const requestId = ++this.#lastRequestId;
    return new Promise((resolve) => {
      this.#syncs.set(requestId, resolve);
      void this.#submit({ kind: 'syncGroup', requestId, input }).then((outcome) => {
        if (outcome.kind === 'done') return;
        this.#reply({ kind: 'syncGroup', requestId, result: syncGroupFailure(toGroupError(outcome.error)) });
      });
    });
  }

  async heartbeat(input: HeartbeatInput): Promise<ErrorName> {
    if (!this.#active) return 'COORDINATOR_NOT_AVAILABLE';
    if (input.groupId === '') return 'INVALID_GROUP_ID';
    const outcome = await this.#submit({ kind: 'heartbeat', input });
    if (outcome.kind === 'done') return outcome.value;
    // While the group is being loaded its members are taken to be well, so that a failover does not stop them.
    return outcome.error === 'COORDINATOR_LOAD_IN_PROGRESS' ? 'NONE' : toGroupError(outcome.error);
  }

  async leaveGroup(groupId: string, members: readonly LeavingMember[]): Promise<LeaveGroupResult> {
    if (!this.#active) return { error: 'COORDINATOR_NOT_AVAILABLE', members: [] };
    if (groupId === '') return { error: 'INVALID_GROUP_ID', members: [] };
    const outcome = await this.#submit({ kind: 'leaveGroup', groupId, members });
    return outcome.kind === 'done' ? outcome.value : { error: toGroupError(outcome.error), members: [] };
  }

  async consumerGroupHeartbeat(
    input: ConsumerGroupHeartbeatInput,
    client: GroupClient,
    apiVersion: number,
  ): Promise<ConsumerGroupHeartbeatResult> {
    if (!this.#active) return heartbeatFailure('COORDINATOR_NOT_AVAILABLE', null);
    const { consumer } = this.#options.config;
    if (!consumer.enabled()) return heartbeatFailure('UNSUPPORTED_VERSION', null);
    const refused = refuseConsumerHeartbeat(input, apiVersion, consumer.assignors);
    if (refused !== null) return heartbeatFailure(refused.error, refused.message);
    const newMemberId = input.memberId === '' ? randomUuid(this.#options.random) : '';
    const outcome = await this.#submit({ kind: 'consumerHeartbeat', input, client, newMemberId });
    return outcome.kind === 'done' ? outcome.value : heartbeatFailure(toGroupError(outcome.error), null);
  }

  async describeConsumerGroups(groupIds: readonly string[]): Promise<readonly DescribedConsumerGroup[]> {
    return groupIds.map((groupId) => {
      if (groupId === '') return { ...noConsumerGroup(groupId, null), error: 'INVALID_GROUP_ID' };
      const outcome: Outcome<DescribedConsumerGroup> = this.#active
        ? this.#read(groupId, (shard, committed) => shard.describeConsumer(groupId, committed))
        : { kind: 'failed', error: 'COORDINATOR_NOT_AVAILABLE' };
      if (outcome.kind === 'done') return outcome.value;
      return { ...noConsumerGroup(groupId, null), error: toGroupError(outcome.error) };
    });
  }

  /** The empty group id is allowed, as old clients used it. */
  async commitOffsets(input: OffsetCommitInput): Promise<OffsetCommitResult> {
    if (!this.#active) return { error: 'COORDINATOR_NOT_AVAILABLE', topics: [] };
    const outcome = await this.#submit({ kind: 'commitOffsets', input });
    return outcome.kind === 'done' ? outcome.value : { error: toGroupError(outcome.error), topics: [] };
  }

  async commitTransactionalOffsets(input: TransactionalOffsetCommitInput): Promise<OffsetCommitResult> {
    if (!this.#active) return { error: 'COORDINATOR_NOT_AVAILABLE', topics: [] };
    if (input.groupId === '') return { error: 'INVALID_GROUP_ID', topics: [] };
    const outcome = await this.#submit({ kind: 'commitTransactionalOffsets', input });
    return outcome.kind === 'done' ? outcome.value : { error: toGroupError(outcome.error), topics: [] };
  }

  async endTransaction(partition: number, end: TransactionEnd): Promise<ErrorName> {
    if (!this.#active) return 'NOT_COORDINATOR';
    const outcome = await this.#runtime.endTransaction(partition, end);
    return outcome.kind === 'done' ? 'NONE' : outcome.error;
  }

  async fetchOffsets(input: OffsetFetchInput): Promise<OffsetFetchResult> {
    if (!this.#active) return { error: 'COORDINATOR_NOT_AVAILABLE', topics: [] };
    if (input.requireStable) {
      // As a command, so that the answer waits until every commit before it is committed.
      const outcome = await this.#submit({ kind: 'fetchOffsets', input });
      return outcome.kind === 'done' ? outcome.value : { error: toOffsetFetchError(outcome.error), topics: [] };
    }
    const outcome = this.#read(input.groupId, (shard, committed) => shard.fetchCommitted(input, committed));
    return outcome.kind === 'done' ? outcome.value : { error: toOffsetFetchError(outcome.error), topics: [] };
  }

  async deleteOffsets(
    groupId: string,
    topics: readonly { readonly name: string; readonly partitions: readonly number[] }[],
  ): Promise<OffsetDeleteResult> {
    if (!this.#active) return { error: 'COORDINATOR_NOT_AVAILABLE', topics: [] };
    if (groupId === '') return { error: 'INVALID_GROUP_ID', topics: [] };
    const outcome = await this.#submit({ kind: 'deleteOffsets', groupId, topics });
    return outcome.kind === 'done' ? outcome.value : { error: toGroupError(outcome.error), topics: [] };
  }

  async describeGroups(groupIds: readonly string[], apiVersion: number): Promise<readonly DescribedGroup[]> {
    return groupIds.map((groupId) => {
      const outcome: Outcome<DescribedGroup> = this.#active
        ? this.#read(groupId, (shard, committed) => shard.describe(groupId, committed))
        : { kind: 'failed', error: 'COORDINATOR_NOT_AVAILABLE' };
      if (outcome.kind === 'failed') return { ...NO_GROUP, groupId, error: toGroupError(outcome.error) };
      const group = outcome.value;
      return group.error !== 'GROUP_ID_NOT_FOUND' || apiVersion >= 6
        ? group
        : { ...group, error: 'NONE', errorMessage: null };
    });
  }

  async listGroups(statesFilter: readonly string[], typesFilter: readonly string[]): Promise<ListGroupsResult> {
    if (!this.#active) return { error: 'COORDINATOR_NOT_AVAILABLE', groups: [] };
    const states = new Set(statesFilter.map((state) => state.toLowerCase().trim()));
    const types = new Set(typesFilter.map((type) => type.toLowerCase().trim()));
    const groups: ListedGroup[] = [];
    for (const partition of this.#runtime.partitions()) {
      const outcome = this.#runtime.read(partition, (shard, committed) => shard.list(committed));
      if (outcome.kind === 'failed') {
        // A partition that went away has no groups here; one that loads has some that cannot be told yet.
        if (outcome.error === 'NOT_COORDINATOR') continue;
        return { error: toGroupError(outcome.error), groups: [] };
      }
      groups.push(...outcome.value);
    }
    return {
      error: 'NONE',
      groups: groups.filter(
        (group) =>
          (states.size === 0 || states.has(group.groupState.toLowerCase())) &&
          (types.size === 0 || types.has(group.groupType)),
      ),
    };
  }

  async deleteGroups(groupIds: readonly string[]): Promise<readonly DeletedGroup[]> {
    if (!this.#active) return groupIds.map((groupId) => ({ groupId, error: 'COORDINATOR_NOT_AVAILABLE' }));
    const byPartition = new Map<number, string[]>();
    for (const groupId of groupIds) {
      const partition = this.partitionFor(groupId);
      byPartition.set(partition, [...(byPartition.get(partition) ?? []), groupId]);
    }
    const results = await Promise.all(
      [...byPartition].map(async ([partition, ids]) => {
        const outcome = await this.#submitTo(partition, { kind: 'deleteGroups', groupIds: ids });
        if (outcome.kind === 'done') return outcome.value;
        return ids.map((groupId) => ({ groupId, error: toGroupError(outcome.error) }));
      }),
    );
    return results.flat();
  }

  #submit<K extends KindOfRequest>(command: Extract<GroupCommand, { kind: K }>): Promise<Outcome<GroupResponses[K]>> {
    const groupId = 'input' in command ? command.input.groupId : 'groupId' in command ? command.groupId : '';
    return this.#submitTo(this.partitionFor(groupId), command);
  }

  #submitTo<K extends GroupCommand['kind']>(
    partition: number,
    command: Extract<GroupCommand, { kind: K }>,
  ): Promise<Outcome<GroupResponses[K]>> {
    // The shard answers each kind of command with its own kind of response (see GroupResponses).
    return this.#runtime.submit(partition, command as GroupCommand) as Promise<Outcome<GroupResponses[K]>>;
  }

  #read<T>(groupId: string, query: (shard: GroupShard, committedOffset: number) => T): Outcome<T> {
    return this.#runtime.read(this.partitionFor(groupId), query);
  }

  #reply(reply: GroupReply): void {
    switch (reply.kind) {
      case 'joinGroup':
        // A reply to a request that was answered already (a failed write of what it had been told) is dropped.
        this.#joins.get(reply.requestId)?.({ ...reply.result, error: toGroupError(reply.result.error) });
        this.#joins.delete(reply.requestId);
        return;
      case 'syncGroup':
        this.#syncs.get(reply.requestId)?.({ ...reply.result, error: toGroupError(reply.result.error) });
        this.#syncs.delete(reply.requestId);
        return;
    }
  }

  /** Version 4, in the form that tools print: the random part of member ids. */
  #newRandomUuid(): string {
    const bytes = this.#options.random.bytes(16);
    bytes[6] = (bytes[6]! & 0x0f) | 0x40;
    bytes[8] = (bytes[8]! & 0x3f) | 0x80;
    const hex = bytes.toString('hex');
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
  }
}

type KindOfRequest =
  | 'consumerHeartbeat'
  | 'joinGroup'
  | 'syncGroup'
  | 'heartbeat'
  | 'leaveGroup'
  | 'commitOffsets'
  | 'commitTransactionalOffsets'
  | 'fetchOffsets'
  | 'deleteOffsets';

const NO_GROUP: DescribedGroup = {
  error: 'NONE',
  errorMessage: null,
  groupId: '',
  groupState: '',
  protocolType: '',
  protocolData: '',
  members: [],
};

/** What a failed write is to a client of groups; other errors are its own already. */
export function toGroupError(error: ErrorName): ErrorName {
  switch (error) {
    case 'NETWORK_EXCEPTION':
      return 'COORDINATOR_LOAD_IN_PROGRESS';
    case 'UNKNOWN_TOPIC_OR_PARTITION':
    case 'NOT_ENOUGH_REPLICAS':
    case 'REQUEST_TIMED_OUT':
      return 'COORDINATOR_NOT_AVAILABLE';
    case 'NOT_LEADER_OR_FOLLOWER':
    case 'KAFKA_STORAGE_ERROR':
      return 'NOT_COORDINATOR';
    case 'MESSAGE_TOO_LARGE':
    case 'RECORD_LIST_TOO_LARGE':
    case 'INVALID_FETCH_SIZE':
      return 'UNKNOWN_SERVER_ERROR';
    default:
      return error;
  }
}

/** Consumers before 3.9 do not try again on COORDINATOR_NOT_AVAILABLE in an OffsetFetch response. */
function toOffsetFetchError(error: ErrorName): ErrorName {
  const groupError = toGroupError(error);
  return groupError === 'COORDINATOR_NOT_AVAILABLE' ? 'NOT_COORDINATOR' : groupError;
}
