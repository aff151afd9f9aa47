/** Topics and their partitions: creation, deletion, growth, and what becomes of them when brokers come and go. */
import { type SnapshotRegistry, TimelineMap } from '../base/timeline-map.ts';
import { collisionName, topicNameProblem } from '../base/topic-name.ts';
import type { Uuid } from '../base/uuid.ts';
import { partitionRecordVersion } from '../metadata/features.ts';
import type { PartitionImage } from '../metadata/metadata-image.ts';
import { configResourceType, NO_LEADER } from '../metadata/metadata-image.ts';
import { changedPartition, newPartitionImage, newPartitionRecord, withoutElr } from '../metadata/partition-records.ts';
import { errorCode } from '../wire/errors.ts';
import type { CreatePartitionsRequest } from '../wire/schema/create-partitions.ts';
import type { CreateTopicsRequest, createTopicsResponse } from '../wire/schema/create-topics.ts';
import type { PartitionChangeRecord } from '../wire/schema/partition-change-record.ts';
import { type PartitionRecord, partitionRecord } from '../wire/schema/partition-record.ts';
import { removeTopicRecord } from '../wire/schema/remove-topic-record.ts';
import { type TopicRecord, topicRecord } from '../wire/schema/topic-record.ts';
import type { InputOf } from '../wire/schema.ts';
import type { BrokerControl } from './broker-control.ts';
import { type ConfigControl, configOperation, isFailure } from './config-control.ts';
import type { ControllerSettings } from './config-rules.ts';
import {
  type ControlFailure,
  type ControlRecord,
  type ControlResult,
  failure,
  newControlRecord,
  RECORDS_PER_USER_OPERATION_MAX,
  succeeded,
} from './control-record.ts';
import type { FeatureControl } from './feature-control.ts';
import type { MutationQuota } from './mutation-quota.ts';
import { type NewTopic, type Policies, refusal } from './policies.ts';
import { placeReplicas } from './replica-placement.ts';

export type CreatableTopic = CreateTopicsRequest['topics'][number];
export type CreatableTopicResult = NonNullable<InputOf<typeof createTopicsResponse>['topics']>[number];
export type CreatePartitionsTopic = CreatePartitionsRequest['topics'][number];

export interface TopicState {
  readonly name: string;
  readonly topicId: Uuid;
  readonly partitions: TimelineMap<number, PartitionImage>;
}

/** Chance comes with the command. */
export interface Chances {
  /** One for each topic of the command. */
  readonly topicIds: readonly Uuid[];
  /** Where the placement of replicas begins. */
  readonly placementStart: number;
}

export interface CreateTopicsCommand {
  readonly topics: readonly CreatableTopic[];
  readonly validateOnly: boolean;
  readonly chances: Chances;
  readonly mutationQuota: MutationQuota;
}

export interface DeleteTopicsCommand {
  readonly topicIds: readonly Uuid[];
  readonly mutationQuota: MutationQuota;
}

export interface CreatePartitionsCommand {
  readonly topics: readonly CreatePartitionsTopic[];
  readonly validateOnly: boolean;
  readonly placementStart: number;
  readonly mutationQuota: MutationQuota;
}

export interface TopicControlOptions {
  readonly registry: SnapshotRegistry;
  readonly features: FeatureControl;
  readonly configs: ConfigControl;
  readonly brokers: BrokerControl;
  readonly settings: () => ControllerSettings;
  readonly policies: Policies;
}

interface NewPartition {
  readonly partitionId: number;
  readonly replicas: readonly number[];
  readonly isr: readonly number[];
}

export class TopicControl {
  readonly #options: TopicControlOptions;
  readonly #topics: TimelineMap<Uuid, TopicState>;
  readonly #topicIds: TimelineMap<string, Uuid>;
  /** Names that differ only in '.' and '_', by the name with '_' alone: their metrics would collide. */
  readonly #collisions: TimelineMap<string, readonly string[]>;

  constructor(options: TopicControlOptions) {
    this.#options = options;
    this.#topics = new TimelineMap(options.registry);
    this.#topicIds = new TimelineMap(options.registry);
    this.#collisions = new TimelineMap(options.registry);
  }

  topicId(name: string): Uuid | undefined {
    return this.#topicIds.get(name);
  }

  topicName(topicId: Uuid): string | undefined {
    return this.#topics.get(topicId)?.name;
  }

  partition(topicId: Uuid, partitionId: number): PartitionImage | undefined {
    return this.#topics.get(topicId)?.partitions.get(partitionId);
  }

  all(): IterableIterator<TopicState> {
    return this.#topics.values();
  }

  topicOf(topicId: Uuid): TopicState | undefined {
    return this.#topics.get(topicId);
  }

  topicNamed(name: string): TopicState | undefined {
    const topicId = this.#topicIds.get(name);
    return topicId === undefined ? undefined : this.#topics.get(topicId);
  }

  get topicCount(): number {
    return this.#topics.size;
  }

  createTopics({
    topics,
    validateOnly,
    chances,
    mutationQuota,
  }: CreateTopicsCommand): ControlResult<readonly CreatableTopicResult[]> {
    const records: ControlRecord[] = [];
    const response = topics.map((topic, index): CreatableTopicResult => {
      const chance = { topicId: chances.topicIds[index]!, placementStart: chances.placementStart };
      const created = this.#createTopic(topic, chance, mutationQuota);
      if ('error' in created) {
        return { name: topic.name, errorCode: errorCode(created.error), errorMessage: created.message };
      }
      records.push(...created.records);
      return created.result;
    });
    return { records: validateOnly ? [] : records, response, append: 'atomic' };
  }

  #createTopic(
    topic: CreatableTopic,
    { topicId, placementStart }: { readonly topicId: Uuid; readonly placementStart: number },
    mutationQuota: MutationQuota,
  ): ControlFailure | { readonly records: readonly ControlRecord[]; readonly result: CreatableTopicResult } {
    const { name } = topic;
    if (this.#topicIds.has(name)) return failure('TOPIC_ALREADY_EXISTS', `Topic '${name}' already exists.`);
    const collision = collisionName(name);
    const colliding = collision === null ? undefined : this.#collisions.get(collision)?.[0];
    if (colliding !== undefined) {
      return failure('INVALID_TOPIC_EXCEPTION', `Topic '${name}' collides with existing topic: ${colliding}`);
    }
    const nameProblem = topicNameProblem(name);
    if (nameProblem !== null) return failure('INVALID_TOPIC_EXCEPTION', nameProblem);
    const withoutValue = topic.configs.filter((config) => config.value === null).map((config) => config.name);
    if (withoutValue.length > 0) {
      const message = `Null value not supported for topic configs: ${withoutValue.join(',')}`;
      return failure('INVALID_CONFIG', message);
    }
    const overrides = new Map(topic.configs.map((config) => [config.name, config.value ?? '']));
    const configRecords =
      overrides.size === 0
        ? []
        : this.#options.configs.incrementalAlter(
            { resourceType: configResourceType.topic, resourceName: name },
            [...overrides].map(([key, value]) => ({ name: key, configOperation: configOperation.set, value })),
            true,
          );
    if (isFailure(configRecords)) return configRecords;
    const partitions = topic.assignments.length > 0 ? this.#assigned(topic) : this.#placed(topic, placementStart);
    if ('error' in partitions) return partitions;
    const problem = this.#policyProblem(topic, partitions, overrides);
    if (problem !== null) return problem;
    if (partitions.length + configRecords.length + 1 > RECORDS_PER_USER_OPERATION_MAX) return tooManyRecords;
    if (!mutationQuota.take(partitions.length)) return quotaExceeded;

    const records = [
      newControlRecord(topicRecord, 0, { name, topicId }),
      ...configRecords,
      ...partitions.map((partition) => this.#newPartitionRecord(topicId, partition)),
    ];
    return {
      records,
      result: {
        name,
        topicId,
        errorCode: errorCode('NONE'),
        errorMessage: null,
        numPartitions: partitions.length,
        replicationFactor: partitions[0]!.replicas.length,
        configs: this.#options
          .settings()
          .effectiveTopicConfigs(overrides)
          .map((config) => ({
            name: config.name,
            // What was asked for is told as it was written, not as it was understood.
            value: config.sensitive ? null : (overrides.get(config.name) ?? config.value),
            readOnly: config.readOnly,
            configSource: config.source,
            isSensitive: config.sensitive,
          }))
          .sort((a, b) => (a.name < b.name ? -1 : 1)),
      },
    };
  }

  #policyProblem(
    { name, assignments }: CreatableTopic,
    partitions: readonly NewPartition[],
    configs: ReadonlyMap<string, string>,
  ): ControlFailure | null {
    const { policies } = this.#options;
    if (policies.createTopic === undefined) return null;
    const assigned = assignments.length > 0;
    const newTopic: NewTopic = {
      name,
      partitions: assigned ? null : partitions.length,
      replicationFactor: assigned ? null : partitions[0]!.replicas.length,
      assignments: assigned ? new Map(partitions.map(({ partitionId, replicas }) => [partitionId, replicas])) : null,
      configs: new Map(configs),
    };
    return refusal(() => policies.createTopic?.(newTopic));
  }

  #assigned({ assignments, replicationFactor, numPartitions }: CreatableTopic): ControlFailure | NewPartition[] {
    const specified = 'A manual partition assignment was specified, but';
    if (replicationFactor !== -1) {
      return failure('INVALID_REQUEST', `${specified} replication factor was not set to -1.`);
    }
    if (numPartitions !== -1) return failure('INVALID_REQUEST', `${specified} numPartitions was not set to -1.`);
    const partitions = new Map<number, NewPartition>();
    let replicaCount: number | null = null;
    for (const { partitionIndex, brokerIds } of assignments) {
      if (partitions.has(partitionIndex)) {
        const message = `Found multiple manual partition assignments for partition ${partitionIndex}`;
        return failure('INVALID_REPLICA_ASSIGNMENT', message);
      }
      const partition = this.#assignedPartition(partitionIndex, brokerIds, replicaCount);
      if ('error' in partition) return partition;
      replicaCount = brokerIds.length;
      partitions.set(partitionIndex, partition);
    }
    for (let i = 0; i < partitions.size; i++) {
      if (!partitions.has(i)) {
        const message = 'partitions should be a consecutive 0-based integer sequence';
        return failure('INVALID_REPLICA_ASSIGNMENT', message);
      }
    }
    return [...partitions.values()].sort((a, b) => a.partitionId - b.partitionId);
  }

  /** `replicaCount`: what the partitions before have; null for the first. */
  #assignedPartition(
    partitionId: number,
    replicas: readonly number[],
    replicaCount: number | null,
  ): ControlFailure | NewPartition {
    const problem = this.assignmentProblem(replicas, replicaCount);
    if (problem !== null) return problem;
    const isr = replicas.filter((brokerId) => this.#options.brokers.isActive(brokerId));
    if (isr.length > 0) return { partitionId, replicas, isr };
    const message =
      `All brokers specified in the manual partition assignment for partition ${partitionId} are fenced or in ` +
      'controlled shutdown.';
    return failure('INVALID_REPLICA_ASSIGNMENT', message);
  }

  /** `replicaCount`: how many replicas there must be; null for any number. */
  assignmentProblem(replicas: readonly number[], replicaCount: number | null): ControlFailure | null {
    const invalid = (message: string): ControlFailure => failure('INVALID_REPLICA_ASSIGNMENT', message);
    const includes = 'The manual partition assignment includes';
    if (replicas.length === 0) return invalid(`${includes} an empty replica list.`);
    const sorted = [...replicas].sort((a, b) => a - b);
    for (const [index, brokerId] of sorted.entries()) {
      if (this.#options.brokers.broker(brokerId) === undefined) {
        return invalid(`${includes} broker ${brokerId}, but no such broker is registered.`);
      }
      if (sorted[index - 1] === brokerId) return invalid(`${includes} the broker ${brokerId} more than once.`);
    }
    if (replicaCount !== null && replicas.length !== replicaCount) {
      return invalid(
        `${includes} a partition with ${replicas.length} replica(s), but this is not consistent with previous ` +
          `partitions, which have ${replicaCount} replica(s).`,
      );
    }
    return null;
  }

  #placed(topic: CreatableTopic, placementStart: number): ControlFailure | NewPartition[] {
    if (topic.replicationFactor < -1 || topic.replicationFactor === 0) {
      const message = 'Replication factor must be larger than 0, or -1 to use the default value.';
      return failure('INVALID_REPLICATION_FACTOR', message);
    }
    if (topic.numPartitions < -1 || topic.numPartitions === 0) {
      return failure('INVALID_PARTITIONS', 'Number of partitions was set to an invalid non-positive value.');
    }
    const settings = this.#options.settings();
    const partitionCount = topic.numPartitions === -1 ? settings.numPartitions : topic.numPartitions;
    // Before anything of that size is built.
    if (partitionCount > RECORDS_PER_USER_OPERATION_MAX) {
      return failure('POLICY_VIOLATION', 'Excessively large number of partitions per request.');
    }
    const replicationFactor =
      topic.replicationFactor === -1 ? settings.defaultReplicationFactor : topic.replicationFactor;
    const partitions = this.#place(0, partitionCount, replicationFactor, placementStart);
    if (!('error' in partitions)) return partitions;
    const message = `Unable to replicate the partition ${replicationFactor} time(s): ${partitions.message}`;
    return failure(partitions.error, message);
  }

  #place(
    firstPartition: number,
    partitionCount: number,
    replicationFactor: number,
    placementStart: number,
  ): ControlFailure | NewPartition[] {
    const { brokers } = this.#options;
    const usable = [...brokers.brokers()]
      // One that has stopped is fenced, and may get what it will hold when it is back; one that is about to stop may not.
      .filter((broker) => (broker.fenced || !broker.inControlledShutdown) && brokers.hasUncordonedDirectory(broker))
      .map(({ brokerId, rack, fenced }) => ({ brokerId, rack, fenced }));
    const spec = { partitionCount, replicationFactor, start: placementStart };
    const placements = placeReplicas(usable, spec);
    if ('error' in placements) return placements;
    return placements.map((replicas, index) => ({
      partitionId: firstPartition + index,
      replicas,
      isr: replicas.filter((brokerId) => brokers.isActive(brokerId)),
    }));
  }

  #newPartitionRecord(topicId: Uuid, { partitionId, replicas, isr }: NewPartition): ControlRecord {
    const version = partitionRecordVersion(this.#options.features.metadataVersion);
    const partition: PartitionImage = {
      replicas,
      directories: replicas.map((brokerId) => this.#options.brokers.defaultDirectory(brokerId)),
      isr,
      elr: [],
      lastKnownElr: [],
      addingReplicas: [],
      removingReplicas: [],
      leader: isr[0] ?? NO_LEADER,
      leaderRecoveryState: 'RECOVERED',
      leaderEpoch: 0,
      partitionEpoch: 0,
    };
    return newControlRecord(partitionRecord, version, newPartitionRecord(topicId, partitionId, partition, version));
  }

  deleteTopics({ topicIds, mutationQuota }: DeleteTopicsCommand): ControlResult<ReadonlyMap<Uuid, ControlFailure>> {
    const records: ControlRecord[] = [];
    const response = new Map<Uuid, ControlFailure>();
    for (const topicId of topicIds) {
      const topic = this.#topics.get(topicId);
      if (topic === undefined) {
        response.set(topicId, failure('UNKNOWN_TOPIC_ID', 'This server does not host this topic ID.'));
        continue;
      }
      if (response.has(topicId)) continue;
      if (!mutationQuota.take(topic.partitions.size)) {
        response.set(topicId, quotaExceeded);
        continue;
      }
      records.push(newControlRecord(removeTopicRecord, 0, { topicId }));
      response.set(topicId, succeeded);
    }
    return { records, response, append: 'atomic' };
  }

  createPartitions({
    topics,
    validateOnly,
    placementStart,
    mutationQuota,
  }: CreatePartitionsCommand): ControlResult<ReadonlyMap<string, ControlFailure>> {
    const records: ControlRecord[] = [];
    const response = new Map<string, ControlFailure>();
    for (const topic of topics) {
      const created = this.#createPartitions(topic, placementStart, mutationQuota);
      if ('error' in created) response.set(topic.name, created);
      else {
        records.push(...created);
        response.set(topic.name, succeeded);
      }
    }
    return { records: validateOnly ? [] : records, response, append: 'atomic' };
  }

  #createPartitions(
    { name, count, assignments }: CreatePartitionsTopic,
    placementStart: number,
    mutationQuota: MutationQuota,
  ): ControlFailure | ControlRecord[] {
    const topic = this.topicNamed(name);
    if (topic === undefined) {
      return { error: 'UNKNOWN_TOPIC_OR_PARTITION', message: null };
    }
    const present = topic.partitions.size;
    if (count === present) return failure('INVALID_PARTITIONS', `Topic already has ${present} partition(s).`);
    if (count < present) {
      const message = `The topic ${name} currently has ${present} partition(s); ${count} would not be an increase.`;
      return failure('INVALID_PARTITIONS', message);
    }
    const additional = count - present;
    if (additional > RECORDS_PER_USER_OPERATION_MAX) return tooManyRecords;
    if (!mutationQuota.take(additional)) return quotaExceeded;
    if (assignments !== null && assignments.length !== additional) {
      const message =
        `Attempted to add ${additional} additional partition(s), but only ${assignments.length} assignment(s) were ` +
        'specified.';
      return failure('INVALID_REPLICA_ASSIGNMENT', message);
    }
    const replicationFactor = topic.partitions.get(0)?.replicas.length ?? 1;
    let partitions: ControlFailure | NewPartition[];
    if (assignments === null) partitions = this.#place(present, additional, replicationFactor, placementStart);
    else {
      partitions = [];
      for (const [index, { brokerIds }] of assignments.entries()) {
        const partition = this.#assignedPartition(present + index, brokerIds, replicationFactor);
        if ('error' in partition) return partition;
        partitions.push(partition);
      }
    }
    if ('error' in partitions) return partitions;
    return partitions.map((partition) => this.#newPartitionRecord(topic.topicId, partition));
  }

  replayTopic({ name, topicId }: TopicRecord): void {
    this.#topicIds.set(name, topicId);
    this.#topics.set(topicId, { name, topicId, partitions: new TimelineMap(this.#options.registry) });
    const collision = collisionName(name);
    if (collision !== null) this.#collisions.set(collision, [...(this.#collisions.get(collision) ?? []), name]);
  }

  replayPartition(record: PartitionRecord): void {
    this.#topic(record.topicId).partitions.set(record.partitionId, newPartitionImage(record));
  }

  replayPartitionChange(record: PartitionChangeRecord): void {
    const { partitions } = this.#topic(record.topicId);
    const partition = partitions.get(record.partitionId);
    if (partition === undefined) throw new Error(`no partition ${record.partitionId} in topic ${record.topicId}`);
    partitions.set(record.partitionId, changedPartition(partition, record));
  }

  /** An empty name means every topic. */
  replayClearElr(topicName: string): void {
    for (const topic of this.#topics.values()) {
      if (topicName !== '' && topic.name !== topicName) continue;
      for (const [partitionId, partition] of [...topic.partitions]) {
        const cleared = withoutElr(partition);
        if (cleared !== partition) topic.partitions.set(partitionId, cleared);
      }
    }
  }

  replayRemoveTopic(topicId: Uuid): void {
    const { name } = this.#topic(topicId);
    this.#topics.delete(topicId);
    this.#topicIds.delete(name);
    const collision = collisionName(name);
    if (collision !== null) {
      const others = (this.#collisions.get(collision) ?? []).filter((other) => other !== name);
      if (others.length === 0) this.#collisions.delete(collision);
      else this.#collisions.set(collision, others);
    }
    this.#options.configs.replayTopicRemoved(name);
  }

  #topic(topicId: Uuid): TopicState {
    const topic = this.#topics.get(topicId);
    if (topic === undefined) throw new Error(`no topic with id ${topicId}`);
    return topic;
  }
}

const quotaExceeded: ControlFailure = { error: 'THROTTLING_QUOTA_EXCEEDED', message: null };
const tooManyRecords = failure('POLICY_VIOLATION', 'Unable to perform excessively large batch operation.');
