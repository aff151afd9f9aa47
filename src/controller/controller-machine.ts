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
import { type BrokerImage, CLUSTER_DEFAULT, configResourceType } from '../metadata/metadata-image.ts';
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
import { DirectoryControl } from './directory-control.ts';
import { FeatureControl, type FeatureNode } from './feature-control.ts';
import { IsrControl } from './isr-control.ts';
import { LeaderControl } from './leader-control.ts';
import { PartitionControl } from './partition-control.ts';
import type { Policies } from './policies.ts';
import { ProducerIdControl } from './producer-id-control.ts';
import { QuotaControl } from './quota-control.ts';
import { ReassignmentControl } from './reassignment-control.ts';
import { TopicControl } from './topic-control.ts';

export interface ControllerMachineOptions {
  readonly nodeId: number;
  readonly clusterId: string;
  readonly rules: ConfigRules;
  readonly policies: Policies;
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
  readonly partitions: PartitionControl;
  readonly leaders: LeaderControl;
  readonly reassignments: ReassignmentControl;
  readonly inSyncReplicas: IsrControl;
  readonly directories: DirectoryControl;
  readonly producerIds: ProducerIdControl;
  readonly quotas: QuotaControl;
  /** Offset of the BeginTransaction record of an open transaction; null when none is open. */
  #transactionStartOffset: Offset | null = null;

  constructor({ nodeId, clusterId, rules, policies, settings }: ControllerMachineOptions) {
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
      policies,
      settings,
      missing: (resource) => this.#missing(resource),
    });
    this.topics = new TopicControl({
      registry,
      features: this.features,
      configs: this.configs,
      brokers: this.brokers,
      settings,
      policies,
    });
    const { topics, brokers, configs, features } = this;
    const partitions = new PartitionControl({ topics, brokers, configs, features });
    this.partitions = partitions;
    this.leaders = new LeaderControl({ topics, partitions });
    this.reassignments = new ReassignmentControl({ topics, partitions });
    this.inSyncReplicas = new IsrControl({ topics, brokers, partitions });
    this.directories = new DirectoryControl({ topics, brokers, partitions });
    this.producerIds = new ProducerIdControl(registry);
    this.quotas = new QuotaControl({ registry, rules });
  }

  /** Remembers the state as what it is at `endOffset` (exclusive), to come back to. */
  takeSnapshot(endOffset: Offset): void {
    this.#registry.take(endOffset);
  }

  /** Goes back to the state at `endOffset`. A snapshot was taken of each state since then that records were replayed on. */
  revertTo(endOffset: Offset): void {
    const snapshot = this.#registry.oldestFrom(endOffset);
    // Without one nothing was replayed since.
    if (snapshot !== null) this.#registry.revertTo(snapshot);
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
        return this.#limited(this.topics.createTopics(command));
      case 'deleteTopics':
        return this.#limited(this.topics.deleteTopics(command));
      case 'createPartitions':
        return this.#limited(this.topics.createPartitions(command));
      case 'incrementalAlterConfigs':
        return this.#alterConfigs(command.resources, command.validateOnly, (resource) =>
          this.configs.incrementalAlter(resource, resource.configs, false),
        );
      case 'alterConfigs':
        return this.#alterConfigs(command.resources, command.validateOnly, (resource) =>
          this.configs.replaceAll(resource, resource.configs),
        );
      case 'alterClientQuotas': {
        const altered = this.#limited(this.quotas.alter(command.entries, command.unknownHosts));
        return command.validateOnly ? { ...altered, records: [] } : altered;
      }
      case 'allocateProducerIds':
        return this.#ofBroker(command, () => this.producerIds.allocate(command.brokerId, command.brokerEpoch));
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
      case 'brokerHeartbeat':
        return this.#brokerHeartbeat(command);
      case 'unregisterBroker':
        return this.#unregisterBroker(command.brokerId);
      case 'alterPartition':
        return this.#ofBroker(command, () => this.inSyncReplicas.alterPartitions(command.brokerId, command.topics));
      case 'electLeaders':
        return this.#limited(this.leaders.electLeaders(command.election, command.topicPartitions));
      case 'balanceLeaders':
        return this.leaders.balanceLeaders();
      case 'electUncleanLeaders':
        return this.leaders.electUncleanLeaders();
      case 'alterPartitionReassignments': {
        const { topics, allowReplicationFactorChange } = command;
        return this.#limited(this.reassignments.alter(topics, allowReplicationFactorChange));
      }
      case 'listPartitionReassignments':
        return { records: [], response: this.reassignments.list(command.topics), append: 'atomic' };
      case 'assignReplicasToDirs':
        return this.#assignReplicasToDirs(command);
      case 'updateFeatures':
        return this.#updateFeatures(command);
      default:
        return unreachable(command);
    }
  }

  /** What a broker asks is done only for its present run. */
  #ofBroker<R>(
    { brokerId, brokerEpoch }: BrokerOfEpoch,
    handle: () => ControlResult<R>,
  ): ControlResult<R | ControlFailure> {
    const problem = this.brokers.epochProblem(brokerId, brokerEpoch);
    return problem === null ? handle() : { records: [], response: problem, append: 'batches' };
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
    hasValidSession,
  }: CommandOf<'registerBroker'>): ControlResult<ResponseOf<'registerBroker'>> {
    const problem = this.brokers.registrationProblem(registration, hasValidSession);
    if (problem !== null) return { records: [], response: problem, append: 'atomic' };
    const { brokerId } = registration;
    const existing = this.brokers.broker(brokerId);
    const records: ControlRecord[] = [];
    if (existing?.incarnationId !== registration.incarnationId) {
      // What the previous run left in sync is not so any more; whether it may still lead depends on how that run ended.
      const clean = existing === undefined || existing.brokerEpoch === registration.previousBrokerEpoch;
      const unclean = !clean && allows.eligibleLeaderReplicas(this.features.metadataVersion);
      records.push(
        ...(unclean ? this.partitions.brokerReturnsUnclean(brokerId) : this.partitions.brokerLeaves(brokerId)),
      );
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
    return this.#ofBroker(command, () => {
      const broker = this.brokers.broker(command.brokerId)!;
      const records: ControlRecord[] = [];
      const cordoned = this.brokers.cordonedLogDirsRecord(broker, command.cordonedLogDirs);
      if (cordoned !== null) records.push(cordoned);
      if (broker.fenced) records.push(...this.#unfencing(broker));
      return { records, response: succeeded, append: 'batches' };
    });
  }

  #controlledShutdown(command: BrokerOfEpoch): ControlResult<ControlFailure> {
    return this.#ofBroker(command, () => {
      const records = this.#shutdown(this.brokers.broker(command.brokerId)!);
      return { records, response: succeeded, append: 'batches' };
    });
  }

  #fenceBroker(command: BrokerOfEpoch): ControlResult<ControlFailure> {
    return this.#ofBroker(command, () => {
      const broker = this.brokers.broker(command.brokerId)!;
      return { records: broker.fenced ? [] : this.#fencing(broker), response: succeeded, append: 'batches' };
    });
  }

  #unfencing(broker: BrokerImage): ControlRecord[] {
    return [this.brokers.unfenceRecord(broker), ...this.partitions.brokerJoins(broker.brokerId)];
  }

  #fencing(broker: BrokerImage): ControlRecord[] {
    return [...this.partitions.brokerLeaves(broker.brokerId), this.brokers.fenceRecord(broker)];
  }

  #shutdown(broker: BrokerImage): ControlRecord[] {
    const begins = broker.inControlledShutdown ? [] : [this.brokers.controlledShutdownRecord(broker)];
    return [...begins, ...this.partitions.brokerLeaves(broker.brokerId)];
  }

  /**
   * Where a broker goes with a heartbeat:
   *
   *     fenced --caught up--> unfenced --wants to stop--> in controlled shutdown --nothing left to lead--> fenced, may stop
   */
  #brokerHeartbeat(command: CommandOf<'brokerHeartbeat'>): ControlResult<ResponseOf<'brokerHeartbeat'>> {
    return this.#ofBroker(command, (): ControlResult<ResponseOf<'brokerHeartbeat'>> => {
      const broker = this.brokers.broker(command.brokerId)!;
      const records: ControlRecord[] = [];
      const cordoned =
        command.cordonedLogDirs === null ? null : this.brokers.cordonedLogDirsRecord(broker, command.cordonedLogDirs);
      if (cordoned !== null) records.push(cordoned);
      const isCaughtUp = command.currentMetadataOffset >= this.brokers.registrationOffset(broker.brokerId);
      const next = this.#nextBrokerState(broker, command, isCaughtUp);
      const isFenced = next === 'fenced' || next === 'stopped';
      if (isFenced && !broker.fenced) records.push(...this.#fencing(broker));
      else if (next === 'unfenced' && broker.fenced) records.push(...this.#unfencing(broker));
      else if (next === 'in controlled shutdown') records.push(...this.#shutdown(broker));
      if (allows.directoryAssignment(this.features.metadataVersion)) {
        records.push(...this.directories.directoriesOffline(broker.brokerId, command.offlineLogDirs));
      }
      return { records, response: { isCaughtUp, isFenced, shouldShutDown: next === 'stopped' }, append: 'batches' };
    });
  }

  #nextBrokerState(
    broker: BrokerImage,
    { wantFence, wantShutDown, othersKnowOfShutdown }: CommandOf<'brokerHeartbeat'>,
    isCaughtUp: boolean,
  ): 'fenced' | 'unfenced' | 'in controlled shutdown' | 'stopped' {
    if (broker.fenced) {
      if (wantShutDown) return 'stopped';
      return !wantFence && isCaughtUp ? 'unfenced' : 'fenced';
    }
    const leads = this.partitions.leadsAny(broker.brokerId);
    if (broker.inControlledShutdown) return leads || !othersKnowOfShutdown ? 'in controlled shutdown' : 'stopped';
    if (wantFence) return wantShutDown ? 'stopped' : 'fenced';
    if (!wantShutDown) return 'unfenced';
    return leads ? 'in controlled shutdown' : 'stopped';
  }

  #unregisterBroker(brokerId: number): ControlResult<ControlFailure> {
    const broker = this.brokers.broker(brokerId);
    if (broker === undefined) {
      const problem = failure('BROKER_ID_NOT_REGISTERED', `Broker ID ${brokerId} is not currently registered`);
      return { records: [], response: problem, append: 'batches' };
    }
    const records = [...this.partitions.brokerUnregistered(brokerId), this.brokers.unregisterRecord(broker)];
    return this.#limited({ records, response: succeeded, append: 'batches' });
  }

  #assignReplicasToDirs(command: CommandOf<'assignReplicasToDirs'>): ControlResult<ResponseOf<'assignReplicasToDirs'>> {
    if (!allows.directoryAssignment(this.features.metadataVersion)) {
      const problem = failure('UNSUPPORTED_VERSION', 'Directory assignment is not supported yet.');
      return { records: [], response: problem, append: 'batches' };
    }
    return this.#ofBroker(command, () => this.directories.assign(command.brokerId, command.directories));
  }

  #updateFeatures({ updates, validateOnly, kraftVersion }: CommandOf<'updateFeatures'>): ControlResult<ControlFailure> {
    const brokers = Array.from(
      this.brokers.brokers(),
      ({ brokerId, supportedFeatures }): FeatureNode => ({ title: `Broker ${brokerId}`, supportedFeatures }),
    );
    const controllers = Array.from(this.brokers.controllers())
      .filter(({ controllerId }) => controllerId !== this.#nodeId)
      .map(({ controllerId, supportedFeatures }) => ({ title: `Controller ${controllerId}`, supportedFeatures }));
    const surroundings = { nodeId: this.#nodeId, kraftVersion, brokers, controllers };
    const records = this.features.update(updates, surroundings);
    if ('error' in records) return { records: [], response: records, append: 'atomic' };
    if (validateOnly) return { records: [], response: succeeded, append: 'atomic' };
    const enablesElr = updates.some(({ name, level }) => name === ELIGIBLE_LEADER_REPLICAS_VERSION && level > 0);
    const safety = enablesElr ? this.configs.eligibleLeaderReplicasRecords() : [];
    return { records: [...safety, ...records], response: succeeded, append: 'atomic' };
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
        this.brokers.replayRegisterBroker(record.value, offset);
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
      case 'ClientQuotaRecord':
        this.quotas.replay(record.value);
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
