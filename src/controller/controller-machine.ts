/**
 * The controller's state machine: `handle` reads the state and says which records a command makes; `replay` of a record is
 * the only thing that changes the state. One file per subject holds both halves; this file knows who owns what.
 *
 * The state is kept in timeline maps: records are replayed before they are committed, and taken back when they cannot be.
 *
 *     committed        appended (snapshot after each batch)        next
 *     ----|------------------|------------------|-------------------->
 */

import { unreachable } from '../base/assert.ts';
import type { Offset } from '../base/flavor.ts';
import { SnapshotRegistry } from '../base/timeline-map.ts';
import { allows, ELIGIBLE_LEADER_REPLICAS_VERSION } from '../metadata/features.ts';
import { CLUSTER_DEFAULT, configResourceType } from '../metadata/metadata-image.ts';
import type { MetadataRecord } from '../wire/record-framing.ts';
import { abortTransactionRecord } from '../wire/schema/abort-transaction-record.ts';
import { beginTransactionRecord } from '../wire/schema/begin-transaction-record.ts';
import { configRecord } from '../wire/schema/config-record.ts';
import { endTransactionRecord } from '../wire/schema/end-transaction-record.ts';
import { BrokerControl } from './broker-control.ts';
import type {
  AlterConfigsResult,
  BrokerOfEpoch,
  CommandKind,
  CommandOf,
  ControllerCommand,
  ResponseOf,
} from './commands.ts';
import { ConfigControl, type ConfigResource, isFailure, MIN_INSYNC_REPLICAS } from './config-control.ts';
import type { ConfigRules, ControllerSettings } from './config-rules.ts';
import {
  type ControlFailure,
  type ControlRecord,
  type ControlResult,
  controlRecordOf,
  failure,
  newControlRecord,
  RECORDS_PER_USER_OPERATION_MAX,
  succeeded,
} from './control-record.ts';
import { FeatureControl } from './feature-control.ts';
import { ProducerIdControl } from './producer-id-control.ts';
import { TopicControl } from './topic-control.ts';

export interface ControllerMachineOptions {
  readonly nodeId: number;
  readonly clusterId: string;
  readonly rules: ConfigRules;
  readonly settings: () => ControllerSettings;
}

export class ControllerMachine {
  readonly #settings: () => ControllerSettings;
  readonly #nodeId: number;
  readonly #registry = new SnapshotRegistry();
  readonly features: FeatureControl;
  readonly configs: ConfigControl;
  readonly brokers: BrokerControl;
  readonly topics: TopicControl;
  readonly producerIds: ProducerIdControl;
  /** Offset of the BeginTransaction record of an open transaction; null when none is open. */
  #transactionStartOffset: Offset | null = null;

  constructor({ nodeId, clusterId, rules, settings }: ControllerMachineOptions) {
    this.#settings = settings;
    this.#nodeId = nodeId;
    const registry = this.#registry;
    this.features = new FeatureControl(registry);
    this.brokers = new BrokerControl({ registry, clusterId, features: this.features });
    this.configs = new ConfigControl({
      registry,
      nodeId,
      features: this.features,
      rules,
      settings,
      missing: (resource) => this.#missing(resource),
    });
    this.topics = new TopicControl({
      registry,
      features: this.features,
      configs: this.configs,
      brokers: this.brokers,
      settings,
    });
    this.producerIds = new ProducerIdControl(registry);
  }

  /** Remembers the state as what it is at `endOffset` (exclusive), to come back to. */
  takeSnapshot(endOffset: Offset): void {
    this.#registry.take(endOffset);
  }

  /** Goes back to the state at `endOffset`, of which a snapshot was taken. */
  revertTo(endOffset: Offset): void {
    // Without a snapshot nothing was replayed since.
    if (this.#registry.has(endOffset)) this.#registry.revertTo(endOffset);
    if (this.#transactionStartOffset !== null && this.#transactionStartOffset >= endOffset) {
      this.#transactionStartOffset = null;
    }
  }

  /** What is below is committed and never taken back, unless an open transaction is aborted. */
  forgetBelow(endOffset: Offset): void {
    this.#registry.deleteBelow(Math.min(endOffset, this.#transactionStartOffset ?? endOffset));
  }

  handle<K extends CommandKind>(command: CommandOf<K>): ControlResult<ResponseOf<K>> {
    // The switch below answers each kind with the response of that kind, which the compiler cannot follow.
    return this.#handle(command as ControllerCommand) as ControlResult<ResponseOf<K>>;
  }

  #handle(command: ControllerCommand): ControlResult<ResponseOf<CommandKind>> {
    switch (command.kind) {
      case 'createTopics':
        return this.#limited(this.topics.createTopics(command.topics, command.validateOnly, command.chances));
      case 'deleteTopics':
        return this.#limited(this.topics.deleteTopics(command.topicIds));
      case 'createPartitions': {
        const { topics, validateOnly, placementStart } = command;
        return this.#limited(this.topics.createPartitions(topics, validateOnly, placementStart));
      }
      case 'incrementalAlterConfigs':
        return this.#alterConfigs(command.resources, command.validateOnly, (resource) =>
          this.configs.incrementalAlter(resource, resource.configs, false),
        );
      case 'alterConfigs':
        return this.#alterConfigs(command.resources, command.validateOnly, (resource) =>
          this.configs.replaceAll(resource, resource.configs),
        );
      case 'allocateProducerIds': {
        const problem = this.brokers.epochProblem(command.brokerId, command.brokerEpoch);
        if (problem !== null) return { records: [], response: problem, append: 'atomic' };
        return this.producerIds.allocate(command.brokerId, command.brokerEpoch);
      }
      case 'registerBroker':
        return this.#registerBroker(command);
      case 'registerController':
        return this.#registerController(command);
      case 'unfenceBroker':
        return this.#unfenceBroker(command);
      case 'controlledShutdown':
        return this.#controlledShutdown(command);
      case 'fenceBroker':
        return this.#fenceBroker(command);
      default:
        return unreachable(command);
    }
  }

  /** A user's wish is one batch, and a batch has its limit. */
  #limited<R>(result: ControlResult<R>): ControlResult<R> {
    if (result.records.length > RECORDS_PER_USER_OPERATION_MAX) throw new OperationTooLargeError();
    return result;
  }

  #alterConfigs<R extends ConfigResource>(
    resources: readonly R[],
    validateOnly: boolean,
    alter: (resource: R) => ControlFailure | readonly ControlRecord[],
  ): ControlResult<readonly AlterConfigsResult[]> {
    const records: ControlRecord[] = [];
    const response = resources.map((resource): AlterConfigsResult => {
      const { resourceType, resourceName } = resource;
      const altered = alter(resource);
      if (isFailure(altered)) return { resourceType, resourceName, error: altered.error, message: altered.message };
      records.push(...altered);
      return { resourceType, resourceName, ...succeeded };
    });
    return this.#limited({ records: validateOnly ? [] : records, response, append: 'atomic' });
  }

  #missing({ resourceType, resourceName }: ConfigResource): ControlFailure | null {
    if (resourceType === configResourceType.topic && this.topics.topicId(resourceName) === undefined) {
      return failure('UNKNOWN_TOPIC_OR_PARTITION', `The topic '${resourceName}' does not exist.`);
    }
    if (resourceType !== configResourceType.broker || resourceName === CLUSTER_DEFAULT) return null;
    const brokerId = Number(resourceName);
    const known = this.brokers.broker(brokerId) ?? this.brokers.controller(brokerId);
    if (known !== undefined || brokerId === this.#nodeId) return null;
    return failure('BROKER_ID_NOT_REGISTERED', `No node with id ${resourceName} found.`);
  }

  #registerBroker({
    registration,
    newBrokerEpoch,
  }: CommandOf<'registerBroker'>): ControlResult<ResponseOf<'registerBroker'>> {
    const problem = this.brokers.registrationProblem(registration);
    if (problem !== null) return { records: [], response: problem, append: 'atomic' };
    const { brokerId } = registration;
    const existing = this.brokers.broker(brokerId);
    const records: ControlRecord[] = [];
    if (existing?.incarnationId !== registration.incarnationId) {
      // What the previous run left in sync is not so any more; whether it may still lead depends on how that run ended.
      const clean = existing === undefined || existing.brokerEpoch === registration.previousBrokerEpoch;
      const unclean = !clean && allows.eligibleLeaderReplicas(this.features.metadataVersion);
      records.push(...(unclean ? this.topics.brokerReturnsUnclean(brokerId) : this.topics.brokerLeaves(brokerId)));
    }
    const record = this.brokers.registerRecord(registration, newBrokerEpoch);
    records.push(record);
    const brokerEpoch =
      record.record.type === 'RegisterBrokerRecord' ? record.record.value.brokerEpoch : newBrokerEpoch;
    return { records, response: { brokerEpoch }, append: 'atomic' };
  }

  #registerController({ registration }: CommandOf<'registerController'>): ControlResult<ControlFailure> {
    if (!allows.controllerRegistration(this.features.metadataVersion)) {
      const message = 'The current MetadataVersion is too old to support controller registrations.';
      return { records: [], response: failure('UNSUPPORTED_VERSION', message), append: 'atomic' };
    }
    return { records: [this.brokers.registerControllerRecord(registration)], response: succeeded, append: 'atomic' };
  }

  #unfenceBroker(command: CommandOf<'unfenceBroker'>): ControlResult<ControlFailure> {
    const problem = this.brokers.epochProblem(command.brokerId, command.brokerEpoch);
    if (problem !== null) return { records: [], response: problem, append: 'batches' };
    const broker = this.brokers.broker(command.brokerId)!;
    const records: ControlRecord[] = [];
    const cordoned = this.brokers.cordonedLogDirsRecord(broker, command.cordonedLogDirs);
    if (cordoned !== null) records.push(cordoned);
    if (broker.fenced) records.push(this.brokers.unfenceRecord(broker), ...this.topics.brokerJoins(broker.brokerId));
    return { records, response: succeeded, append: 'batches' };
  }

  #controlledShutdown(command: BrokerOfEpoch): ControlResult<ControlFailure> {
    const problem = this.brokers.epochProblem(command.brokerId, command.brokerEpoch);
    if (problem !== null) return { records: [], response: problem, append: 'batches' };
    const broker = this.brokers.broker(command.brokerId)!;
    const records = broker.inControlledShutdown ? [] : [this.brokers.controlledShutdownRecord(broker)];
    records.push(...this.topics.brokerLeaves(broker.brokerId));
    return { records, response: succeeded, append: 'batches' };
  }

  #fenceBroker(command: BrokerOfEpoch): ControlResult<ControlFailure> {
    const problem = this.brokers.epochProblem(command.brokerId, command.brokerEpoch);
    if (problem !== null) return { records: [], response: problem, append: 'batches' };
    const broker = this.brokers.broker(command.brokerId)!;
    if (broker.fenced) return { records: [], response: succeeded, append: 'batches' };
    const records = [...this.topics.brokerLeaves(broker.brokerId), this.brokers.fenceRecord(broker)];
    return { records, response: succeeded, append: 'batches' };
  }

  /**
   * What a controller that becomes active writes first: into an empty log the bootstrap records; after a predecessor that
   * died in the middle of a transaction, its end.
   */
  activationRecords(bootstrapRecords: readonly Buffer[]): ControlRecord[] {
    const start = this.#transactionStartOffset;
    const records: ControlRecord[] = [];
    if (start !== null) records.push(newControlRecord(abortTransactionRecord, 0, { reason: 'Controller failover' }));
    const bootstrapped = start === null ? this.features.hasMetadataVersion() : this.features.hasMetadataVersion(start);
    if (bootstrapped) return records;
    const bootstrap = bootstrapRecords.map(controlRecordOf);
    const levels = new Map(
      bootstrap.flatMap(({ record }) =>
        record.type === 'FeatureLevelRecord' ? [[record.value.name, record.value.featureLevel] as const] : [],
      ),
    );
    const inTransaction = allows.metadataTransactions(levels.get('metadata.version') ?? 0);
    if (inTransaction) records.push(newControlRecord(beginTransactionRecord, 0, { name: 'Bootstrap records' }));
    records.push(...bootstrap);
    if ((levels.get(ELIGIBLE_LEADER_REPLICAS_VERSION) ?? 0) >= 1) {
      // With ELR the minimum must be the same for every controller, so it moves from their files into the log.
      const value = String(this.#settings().minInsyncReplicas);
      const resource = { resourceType: configResourceType.broker, resourceName: CLUSTER_DEFAULT };
      records.push(newControlRecord(configRecord, 0, { ...resource, name: MIN_INSYNC_REPLICAS, value }));
    }
    if (inTransaction) records.push(newControlRecord(endTransactionRecord, 0, {}));
    return records;
  }

  replay(record: MetadataRecord, offset: Offset): void {
    switch (record.type) {
      case 'FeatureLevelRecord':
        this.features.replay(record.value);
        return;
      case 'ConfigRecord':
        this.configs.replay(record.value);
        return;
      case 'TopicRecord':
        this.topics.replayTopic(record.value);
        return;
      case 'PartitionRecord':
        this.topics.replayPartition(record.value);
        return;
      case 'PartitionChangeRecord':
        this.topics.replayPartitionChange(record.value);
        return;
      case 'RemoveTopicRecord':
        this.topics.replayRemoveTopic(record.value.topicId);
        return;
      case 'ClearElrRecord':
        this.topics.replayClearElr(record.value.topicName);
        return;
      case 'RegisterBrokerRecord':
        this.brokers.replayRegisterBroker(record.value);
        return;
      case 'UnregisterBrokerRecord':
        this.brokers.replayUnregisterBroker(record.value.brokerId);
        return;
      case 'FenceBrokerRecord':
        this.brokers.replayFencing(record.value.id, true);
        return;
      case 'UnfenceBrokerRecord':
        this.brokers.replayFencing(record.value.id, false);
        return;
      case 'BrokerRegistrationChangeRecord':
        this.brokers.replayRegistrationChange(record.value);
        return;
      case 'RegisterControllerRecord':
        this.brokers.replayRegisterController(record.value);
        return;
      case 'ProducerIdsRecord':
        this.producerIds.replay(record.value);
        return;
      case 'BeginTransactionRecord':
        this.takeSnapshot(offset);
        this.#transactionStartOffset = offset;
        return;
      case 'EndTransactionRecord':
        this.#transactionStartOffset = null;
        return;
      case 'AbortTransactionRecord':
        if (this.#transactionStartOffset !== null) this.#registry.revertTo(this.#transactionStartOffset);
        this.#transactionStartOffset = null;
        return;
      // Subjects that no command here changes yet; the image keeps them.
      case 'ClientQuotaRecord':
      case 'UserScramCredentialRecord':
      case 'RemoveUserScramCredentialRecord':
      case 'AccessControlEntryRecord':
      case 'RemoveAccessControlEntryRecord':
      case 'DelegationTokenRecord':
      case 'RemoveDelegationTokenRecord':
      case 'ZkMigrationStateRecord':
      case 'NoOpRecord':
      case 'unknown':
        return;
      default:
        unreachable(record);
    }
  }
}

/** Answered with POLICY_VIOLATION, as Kafka does. */
export class OperationTooLargeError extends Error {
  override name = 'OperationTooLargeError';
  constructor() {
    super('Unable to perform excessively large batch operation.');
  }
}
