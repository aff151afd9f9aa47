/**
 * The broker half of a node: partitions, coordinators and the APIs over them, fed by the metadata that the quorum publishes.
 *
 *     image ──> dynamic configs ──> partitions ──> coordinators             (in this order, for each published image)
 *     frame ──> dispatch ──> handler ──> one of them, or the controller
 */
import type { ClientQuotas } from '../apis/client-quotas.ts';
import type { ReplicaSelector } from '../apis/fetch.ts';
import { createApiTable, createDispatch } from '../apis/index.ts';
import {
  InternalTopicCreation,
  offsetsTopicConfigs,
  transactionTopicConfigs,
} from '../apis/internal-topic-creation.ts';
import type { LoggerLevels } from '../apis/logger-levels.ts';
import type { MetadataView } from '../apis/metadata-view.ts';
import { ProduceVerification } from '../apis/produce-verification.ts';
import type { QuorumReplica } from '../apis/quorum-replica.ts';
import type { RequestMonitor } from '../apis/request-monitor.ts';
import type { AssertionError } from '../base/assert.ts';
import type { BufferPool } from '../base/buffer-pool.ts';
import type { Clock, Timer } from '../base/clock.ts';
import type { Offset } from '../base/flavor.ts';
import type { Logger } from '../base/logger.ts';
import type { Random } from '../base/random.ts';
import { re2 } from '../base/re2.ts';
import { isInternalTopic } from '../base/topic-name.ts';
import type { BrokerSettings } from '../config/broker-settings.ts';
import { clientMetricsSubscription } from '../config/client-metrics-config.ts';
import { ConfigError } from '../config/config-key.ts';
import { configResourceType } from '../config/config-resource.ts';
import type { DynamicBrokerConfig } from '../config/dynamic-broker-config.ts';
import { effectiveGroupConfigs } from '../config/group-config.ts';
import type { GroupConfigName } from '../config/group-configs.ts';
import type { NodeConfig } from '../config/node-config.ts';
import type { Controller } from '../controller/controller.ts';
import type { AssignorName } from '../coordinator/group/assignors.ts';
import type {
  ConsumerGroupConfig,
  ConsumerGroupTimes,
  MigrationPolicy,
} from '../coordinator/group/consumer-group-config.ts';
import { GROUP_METADATA_TOPIC } from '../coordinator/group/group-coordinator.ts';
import { GroupCoordinatorService } from '../coordinator/group/group-coordinator-service.ts';
import { TRANSACTION_STATE_TOPIC } from '../coordinator/transaction/transaction-coordinator.ts';
import { TransactionCoordinatorService } from '../coordinator/transaction/transaction-coordinator-service.ts';
import { partitionMetrics } from '../http/broker-metrics.ts';
import { coordinatorMetrics, groupMetrics } from '../http/group-metrics.ts';
import type { CompactionRunner } from '../log/log-cleaner.ts';
import type { LogDirectories } from '../log/log-directories.ts';
import type { PartitionLog } from '../log/partition-log.ts';
import { supportedFeatureRanges } from '../metadata/features.ts';
import type { MetadataChanges } from '../metadata/metadata-delta.ts';
import { emptyImage, type MetadataImage, NO_LEADER } from '../metadata/metadata-image.ts';
import type { MetricSource } from '../metrics/metric-family.ts';
import type { Dispatch } from '../net/connection.ts';
import { addressOf } from '../net/host-lookup.ts';
import { CoordinatorPartitions } from '../replication/coordinator-partitions.ts';
import { FetchSessionCache } from '../replication/fetch-session-cache.ts';
import { HostedPartitions } from '../replication/hosted-partitions.ts';
import { IsrChanges } from '../replication/isr-changes.ts';
import { nearestReplica } from '../replication/nearest-replica.ts';
import type { Partition } from '../replication/partition.ts';
import { ProducerIds } from '../replication/producer-ids.ts';
import { ReplicaFetchers } from '../replication/replica-fetchers.ts';
import { ReplicaMoves } from '../replication/replica-moves.ts';
import { ReplicationThrottle } from '../replication/replication-throttle.ts';
import type { ClientTelemetry } from '../telemetry/client-telemetry.ts';
import { KafkaError } from '../wire/errors.ts';
import type { NodeClients } from '../wire/node-client.ts';
import { BrokerPeers } from './broker-peers.ts';
import { ClusterChanges } from './cluster-changes.ts';
import { LocalClusterController } from './cluster-service.ts';
import type { ControllerChannel } from './controller-channel.ts';
import type { DirectoryReports } from './directory-reports.ts';
import { ForwardedRequests } from './forwarded-requests.ts';
import { RemoteMarkers } from './remote-markers.ts';
import { RemoteTransactions } from './remote-transactions.ts';
import { AutoTopics, LocalTopicController } from './topic-service.ts';
import { TopicSettings } from './topic-settings.ts';
import { TransactionMarkers } from './transaction-markers.ts';

export interface BrokerOptions {
  readonly config: NodeConfig;
  readonly brokerConfig: DynamicBrokerConfig;
  readonly readBuffers: BufferPool | undefined;
  /** How large an answer may become, between two bounds: less, the more other clients have not read yet. */
  readonly roomForResponse: (bytesMin: number, bytesMax: number) => number;
  readonly clusterId: string;
  readonly controller: Controller;
  /** The way to the active controller, wherever it is. */
  readonly channel: ControllerChannel;
  /** Of this node; a leader answers for the quorum. */
  readonly quorum: QuorumReplica;
  /** Connections by which partitions are copied. */
  readonly replicaClients: NodeClients;
  /** Connections for everything else that brokers ask each other. */
  readonly peerClients: NodeClients;
  readonly brokerEpoch: () => number;
  readonly logDirectories: LogDirectories;
  /** The path of a directory as `logDirectories` has it, from how settings write it. */
  readonly directoryPath: (directory: string) => string;
  /** Where the controller hears of directories. */
  readonly directoryReports: DirectoryReports;
  readonly compactionRunner: CompactionRunner;
  /** Nobody configured what to advertise: clients are told the address that they dialled. */
  readonly advertisesDialledAddress: boolean;
  readonly clock: Clock;
  readonly timer: Timer;
  readonly random: Random;
  readonly logger: Logger;
  readonly loggerLevels: LoggerLevels;
  readonly requestMonitor: RequestMonitor;
  /** Of this node, as broker and as controller. */
  readonly quotas: ClientQuotas;
  /** Null: clients are not asked to push metrics. */
  readonly telemetry: ClientTelemetry | null;
  readonly onBrokenInvariant: (error: AssertionError) => void;
}

const WAITING_FETCHES_MAX = 100_000;
/**
 * What one response carries at most, beside a single larger batch. Responses are in memory until the client has read them,
 * and clients that ask for 50 MB and then read slowly must not add up to gigabytes.
 */
const FETCH_RESPONSE_BYTES_MAX = 8 * 1024 * 1024;
/** And what it may carry when much waits to be read. */
const FETCH_RESPONSE_BYTES_MIN = 64 * 1024;
const COORDINATOR_QUEUE_COUNT_MAX = 10_000;
const MS_PER_SECOND = 1000;
const MS_PER_MINUTE = 60_000;
/** Constants of Kafka's own. */
const FETCH_SESSION_EVICTION_MS = 120_000;
const NEW_MEMBER_JOIN_TIMEOUT_MS = 300_000;
/** By the number of `offsets.topic.compression.codec`. */
const COMPRESSION_TYPES = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;

export class BrokerParts {
  readonly dispatch: Dispatch;
  /** What the broker itself wants of the controller. */
  readonly changes: ClusterChanges;
  readonly #forwarding: ForwardedRequests;
  readonly #options: BrokerOptions;
  readonly #topicSettings: TopicSettings;
  readonly #peers: BrokerPeers;
  readonly #isrChanges: IsrChanges;
  readonly #fetchers: ReplicaFetchers;
  readonly #partitions: HostedPartitions;
  readonly #moves: ReplicaMoves;
  readonly #fetchSessions: FetchSessionCache;
  readonly #groups: GroupCoordinatorService;
  readonly #markers: TransactionMarkers;
  readonly #transactions: TransactionCoordinatorService;
  #image: MetadataImage = emptyImage;
  #stopped = false;

  constructor(options: BrokerOptions) {
    this.#options = options;
    this.#topicSettings = new TopicSettings(options.brokerConfig, () => this.#image);
    this.#peers = new BrokerPeers({
      listenerName: options.config.interBrokerListenerName,
      image: () => this.#image,
      clients: options.peerClients,
    });
    this.#isrChanges = this.#newIsrChanges();
    this.#fetchers = this.#newFetchers();
    this.#partitions = this.#newPartitions();
    this.#moves = this.#newMoves();
    this.#fetchSessions = new FetchSessionCache({
      random: options.random,
      sessionsMax: options.config.number('max.incremental.fetch.session.cache.slots'),
      evictionMs: FETCH_SESSION_EVICTION_MS,
    });
    this.#groups = this.#newGroups();
    this.#markers = new TransactionMarkers({
      groupTopic: GROUP_METADATA_TOPIC,
      groups: this.#groups,
      partitions: this.#partitions,
      brokerId: options.config.nodeId,
      remote: new RemoteMarkers(this.#peers),
      image: () => this.#image,
    });
    this.#transactions = this.#newTransactions();
    const { channel, clock, timer, config } = options;
    const timeoutMs = config.number('request.timeout.ms');
    this.#forwarding = new ForwardedRequests({ channel, clock, timer, timeoutMs });
    const forwarding = this.#forwarding;
    this.changes = new ClusterChanges({ channel, forwarding, image: () => this.#image, timer });
    this.dispatch = this.#newDispatch();
  }

  /** The storage settings of a topic in the metadata; for opening logs. */
  get topicSettings(): TopicSettings {
    return this.#topicSettings;
  }

  get metricSources(): readonly MetricSource[] {
    return [
      partitionMetrics(this.#partitions, this.#fetchSessions),
      groupMetrics(this.#groups, this.#partitions),
      coordinatorMetrics({ group: this.#groups.counters, transaction: this.#transactions.counters }),
    ];
  }

  get partitions(): HostedPartitions {
    return this.#partitions;
  }

  /** Makes an image known before the logs are opened, which need its configs; `start` then opens the partitions. */
  prepare(image: MetadataImage): void {
    this.#image = image;
    for (const name of image.configs.namesOf(configResourceType.CLIENT_METRICS)) this.#updateTelemetry(name);
    this.#updateBrokerConfig();
    this.#options.quotas.update(image.clientQuotas.values());
  }

  /** Opens the partitions of the image that was prepared. What is published meanwhile has to wait for it. */
  async start(): Promise<void> {
    const changedPartitions = [...this.#image.topicsById.values()].flatMap((topic) =>
      [...topic.partitions].map(([partition, current]) => ({ topic, partition, current })),
    );
    await this.#partitions.apply({ deletedTopics: [], changedPartitions });
    if (this.#stopped) return;
    this.#partitions.start();
    this.#moves.resume();
    const { config, brokerConfig, logDirectories } = this.#options;
    const highWatermark = (log: PartitionLog) => this.#highWatermarkOf(log);
    logDirectories.startRetention({
      checkIntervalMs: config.number('log.retention.check.interval.ms'),
      initialDelayMs: config.number('log.initial.task.delay.ms'),
      highWatermark,
    });
    if (!config.boolean('log.cleaner.enable')) return;
    logDirectories.startCleaner({
      settings: () => ({
        backoffMs: brokerConfig.current.number('log.cleaner.backoff.ms'),
        dedupeBufferSize: brokerConfig.current.number('log.cleaner.dedupe.buffer.size'),
        dedupeBufferLoadFactor: brokerConfig.current.number('log.cleaner.io.buffer.load.factor'),
        ioBufferSize: brokerConfig.current.number('log.cleaner.io.buffer.size'),
        bytesPerSecond: brokerConfig.current.number('log.cleaner.io.max.bytes.per.second'),
      }),
      runner: this.#options.compactionRunner,
      highWatermark,
    });
  }

  #highWatermarkOf(log: PartitionLog): Offset | null {
    const found = this.#partitions.find(log.topicPartition.topic, log.topicPartition.partition);
    return typeof found === 'string' || found.log !== log ? null : found.highWatermark;
  }

  /** Takes over a published image; once `start` has been called, for each one in order. */
  async publish(changes: MetadataChanges, image: MetadataImage): Promise<void> {
    this.#image = image;
    this.#applyConfigs(changes);
    if (changes.clientQuotasChanged) this.#options.quotas.update(image.clientQuotas.values());
    // Mostly there is nothing to wait for; what follows then happens in the same turn.
    const applied = this.#partitions.apply(changes);
    if (applied !== undefined) await applied;
    if (changes.changedBrokers.length > 0) this.#fetchers.brokersChanged();
    for (const { name } of changes.deletedTopics) this.#topicSettings.forget(name);
    const changedTopics = new Set([
      ...changes.createdTopics.map(({ name }) => name),
      ...changes.deletedTopics.map(({ name }) => name),
      ...changes.changedPartitions.filter(({ previous }) => previous === null).map(({ topic }) => topic.name),
    ]);
    this.#groups.topicsChanged([...changedTopics], changes.createdTopics.length > 0 ? image.highestOffset : null);
    this.#groups.topicsDeleted(
      changes.deletedTopics.map(({ name, topicId, partitions }) => ({
        name,
        topicId,
        partitions: [...partitions.keys()],
      })),
    );
  }

  /** Answers everything that waits. The logs are closed by their owner afterwards. */
  async stop(): Promise<void> {
    this.#stopped = true;
    const movesEnded = this.#moves.close();
    this.#transactions.close();
    this.#groups.close();
    this.#fetchers.close();
    this.#isrChanges.close();
    this.#peers.close();
    this.#partitions.stop();
    await movesEnded;
  }

  writesHeld(log: PartitionLog): void {
    this.#partitions.writesHeld(log.topicPartition);
  }

  failStorage(error: unknown): void {
    this.#partitions.failStorage(error);
  }

  #applyConfigs({ changedConfigs }: MetadataChanges): void {
    if (changedConfigs.length === 0) return;
    for (const { resourceType, resourceName } of changedConfigs) {
      if (resourceType === configResourceType.CLIENT_METRICS) this.#updateTelemetry(resourceName);
    }
    if (changedConfigs.some(({ resourceType }) => resourceType === configResourceType.BROKER)) {
      this.#updateBrokerConfig();
      this.#topicSettings.forgetAll();
      for (const topic of this.#image.topicsByName.keys()) this.#partitions.configsChanged(topic);
      return;
    }
    for (const { resourceType, resourceName } of changedConfigs) {
      if (resourceType !== configResourceType.TOPIC) continue;
      this.#topicSettings.forget(resourceName);
      this.#partitions.configsChanged(resourceName);
    }
  }

  /** The subscription as it is now; without configs there is none. */
  #updateTelemetry(name: string): void {
    const { telemetry, logger } = this.#options;
    if (telemetry === null) return;
    const configs = this.#image.configs.clientMetrics(name);
    try {
      telemetry.updateSubscription(name, configs.size === 0 ? null : clientMetricsSubscription(configs));
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      // Another server's rules let it in: its regular expressions can more.
      logger.child('config').warn('a client metrics subscription was left out', { name, reason: error.message });
      telemetry.updateSubscription(name, null);
    }
  }

  #updateBrokerConfig(): void {
    const { configs } = this.#image;
    const { brokerConfig, config, logger } = this.#options;
    const { ignored } = brokerConfig.update({
      broker: configs.broker(config.nodeId),
      clusterDefault: configs.clusterDefault,
    });
    for (const { name, reason } of ignored) {
      logger.child('config').warn('a dynamic setting was left out', { name, reason });
    }
    this.#cordonDirectories();
  }

  #cordonDirectories(): void {
    const { brokerConfig, logDirectories, directoryReports, directoryPath } = this.#options;
    const wanted = brokerConfig.current.list('cordoned.log.dirs');
    const paths = wanted.includes('*') ? logDirectories.paths : wanted.map(directoryPath);
    if (logDirectories.cordon(paths)) directoryReports.cordoned(logDirectories.cordonedIds);
  }

  #newPartitions(): HostedPartitions {
    const { config, clock, timer, logDirectories, directoryReports, logger } = this.#options;
    return new HostedPartitions({
      brokerId: config.nodeId,
      clock,
      timer,
      logs: logDirectories,
      logger: logger.child('replication'),
      logConfig: (topic) => this.#topicSettings.of(topic),
      minInsyncReplicas: (topic) => this.#topicSettings.of(topic).minInsyncReplicas,
      highWatermarkCheckpointIntervalMs: config.number('replica.high.watermark.checkpoint.interval.ms'),
      waitingFetchesMax: WAITING_FETCHES_MAX,
      lagTimeMaxMs: config.number('replica.lag.time.max.ms'),
      isIsrEligible: (brokerId) => this.#isActive(brokerId),
      isrShouldChange: (partition, isr) => this.#isrChanges.ask(partition, isr),
      followers: this.#fetchers,
      throttle: this.#newThrottle('leader'),
      readBuffers: this.#options.readBuffers,
      onLeadershipChange: (partition, leads) => this.#leadershipChanged(partition, leads),
      onMisplaced: (replica) => {
        // Told again with the next change of the partition, if it comes to nothing.
        void directoryReports.assign(replica);
      },
    });
  }

  #newThrottle(role: 'leader' | 'follower'): ReplicationThrottle {
    const { config, brokerConfig, clock } = this.#options;
    return new ReplicationThrottle({
      brokerId: config.nodeId,
      bytesPerSecond: () => {
        // Set dynamically only; without it nothing is limited.
        const text = brokerConfig.current.settings.get(`${role}.replication.throttled.rate`);
        return text === undefined ? Number.POSITIVE_INFINITY : Number(text);
      },
      throttledReplicas: (topic) => this.#image.configs.topic(topic).get(`${role}.replication.throttled.replicas`),
      window: {
        sampleCount: config.number('replication.quota.window.num'),
        sampleMs: config.number('replication.quota.window.size.seconds') * MS_PER_SECOND,
      },
      nowMs: () => clock.monotonicMs(),
    });
  }

  #isActive(brokerId: number): boolean {
    const broker = this.#image.brokers.get(brokerId);
    return broker !== undefined && !broker.fenced && !broker.inControlledShutdown;
  }

  /** Kafka ships one selector, and the settings take no other. */
  #replicaSelector(): ReplicaSelector | null {
    if (this.#options.config.textOrNull('replica.selector.class') === null) return null;
    return (partition, { rack, fetchOffset, listenerName }) => {
      const rackOf = (brokerId: number): string | null => {
        const broker = this.#image.brokers.get(brokerId);
        const reachable = broker?.listeners.some(({ name }) => name === listenerName) === true && !broker.fenced;
        return reachable ? broker.rack : null;
      };
      return nearestReplica(partition, { rack, fetchOffset, rackOf });
    };
  }

  #newIsrChanges(): IsrChanges {
    const { config, channel, brokerEpoch, timer, logger } = this.#options;
    return new IsrChanges({
      brokerId: config.nodeId,
      brokerEpoch,
      alterPartition: async (topics) => {
        const altered = await channel.alterPartition({
          brokerId: config.nodeId,
          brokerEpoch: brokerEpoch(),
          topics,
        });
        if ('error' in altered) throw new KafkaError(altered.error, altered.message ?? undefined);
        return altered;
      },
      timer,
      logger: logger.child('replication'),
    });
  }

  #newFetchers(): ReplicaFetchers {
    const { config, brokerConfig, brokerEpoch, replicaClients, clock, timer, logger } = this.#options;
    return new ReplicaFetchers({
      brokerId: config.nodeId,
      brokerEpoch,
      addressOf: (brokerId) => this.#peers.addressOf(brokerId),
      newClient: replicaClients,
      fetchersPerLeader: () => brokerConfig.current.number('num.replica.fetchers'),
      settings: () => ({
        waitMaxMs: config.number('replica.fetch.wait.max.ms'),
        minBytes: config.number('replica.fetch.min.bytes'),
        responseBytesMax: config.number('replica.fetch.response.max.bytes'),
        partitionBytesMax: config.number('replica.fetch.max.bytes'),
        backoffMs: config.number('replica.fetch.backoff.ms'),
      }),
      throttle: this.#newThrottle('follower'),
      clock,
      timer,
      logger: logger.child('replication'),
      storageFailed: (error) => this.#partitions.failStorage(error),
    });
  }

  #newMoves(): ReplicaMoves {
    const { brokerConfig, logDirectories, directoryReports, timer, logger } = this.#options;
    return new ReplicaMoves({
      directories: logDirectories,
      partitions: this.#partitions,
      timer,
      logger: logger.child('replication'),
      bytesPerSecond: () => {
        const text = brokerConfig.current.settings.get('replica.alter.log.dirs.io.max.bytes.per.second');
        return text === undefined ? Number.MAX_SAFE_INTEGER : Math.max(1, Number(text));
      },
      assign: (replica) => directoryReports.assign(replica),
    });
  }

  #leadershipChanged({ topic, partition, leaderEpoch }: Partition, leads: boolean): void {
    const coordinator = this.#coordinatorOf(topic);
    if (coordinator === null) return;
    if (leads) coordinator.elected(partition, leaderEpoch);
    else coordinator.resigned(partition, this.#image.topicsByName.has(topic) ? leaderEpoch : null);
  }

  #coordinatorOf(topic: string): Pick<GroupCoordinatorService, 'elected' | 'resigned'> | null {
    if (topic === GROUP_METADATA_TOPIC) return this.#groups;
    return topic === TRANSACTION_STATE_TOPIC ? this.#transactions : null;
  }

  #newTransactions(): TransactionCoordinatorService {
    const { config, channel, clock, timer, logger } = this.#options;
    return new TransactionCoordinatorService({
      config: {
        abortTimedOutIntervalMs: config.number('transaction.abort.timed.out.transaction.cleanup.interval.ms'),
        transactionalIdExpirationMs: config.number('transactional.id.expiration.ms'),
        removeExpiredIntervalMs: config.number('transaction.remove.expired.transaction.cleanup.interval.ms'),
        transactionVersion: () => this.#image.features.get('transaction.version') ?? 0,
      },
      maxTimeoutMs: config.number('transaction.max.timeout.ms'),
      partitionCount: () =>
        this.#image.topicsByName.get(TRANSACTION_STATE_TOPIC)?.partitions.size ??
        config.number('transaction.state.log.num.partitions'),
      producerIds: new ProducerIds(() =>
        channel.allocateProducerIds({ brokerId: config.nodeId, brokerEpoch: this.#options.brokerEpoch() }),
      ),
      markers: this.#markers,
      writer: new CoordinatorPartitions(this.#partitions, clock),
      clock,
      timer,
      logger: logger.child('coordinator'),
      loadBufferSize: config.number('transaction.state.log.load.buffer.size'),
      writeTimeoutMs: config.number('request.timeout.ms'),
      queueCountMax: COORDINATOR_QUEUE_COUNT_MAX,
    });
  }

  #newGroups(): GroupCoordinatorService {
    const { config, clock, timer, random, logger } = this.#options;
    return new GroupCoordinatorService({
      config: {
        minSessionTimeoutMs: config.number('group.min.session.timeout.ms'),
        maxSessionTimeoutMs: config.number('group.max.session.timeout.ms'),
        groupSizeMax: config.number('group.max.size'),
        initialRebalanceDelayMs: config.number('group.initial.rebalance.delay.ms'),
        newMemberJoinTimeoutMs: NEW_MEMBER_JOIN_TIMEOUT_MS,
        offsetMetadataSizeMax: config.number('offset.metadata.max.bytes'),
        offsetsRetentionMs: config.number('offsets.retention.minutes') * MS_PER_MINUTE,
        offsetsRetentionCheckIntervalMs: config.number('offsets.retention.check.interval.ms'),
        consumer: this.#consumerGroupConfig(),
      },
      partitionCount: () =>
        this.#image.topicsByName.get(GROUP_METADATA_TOPIC)?.partitions.size ??
        config.number('offsets.topic.num.partitions'),
      writer: new CoordinatorPartitions(this.#partitions, clock),
      clock,
      timer,
      random,
      logger: logger.child('coordinator'),
      compression: COMPRESSION_TYPES[config.number('offsets.topic.compression.codec')] ?? 'none',
      loadBufferSize: config.number('offsets.load.buffer.size'),
      writeTimeoutMs: config.number('offsets.commit.timeout.ms'),
      appendLingerMs: config.number('group.coordinator.append.linger.ms'),
      queueCountMax: COORDINATOR_QUEUE_COUNT_MAX,
    });
  }

  #consumerGroupConfig(): ConsumerGroupConfig {
    const { config, brokerConfig } = this.#options;
    let defaults: { readonly settings: BrokerSettings; readonly times: ConsumerGroupTimes } | null = null;
    return {
      enabled: () =>
        config.list('group.coordinator.rebalance.protocols').includes('consumer') &&
        (this.#image.features.get('group.version') ?? 0) >= 1,
      assignors: config.list('group.consumer.assignors').map(assignorName),
      // The setting's check accepts the four names, in any case.
      migrationPolicy: String(config.parsed('group.consumer.migration.policy').value).toLowerCase() as MigrationPolicy,
      groupSizeMax: config.number('group.consumer.max.size'),
      regexRefreshIntervalMs: config.number('group.consumer.regex.refresh.interval.ms'),
      timesOf: (groupId) => {
        const overrides = this.#image.configs.group(groupId);
        if (overrides.size > 0) return timesOf(brokerConfig.current, overrides);
        // Asked for with each heartbeat; hardly a group has settings of its own.
        if (defaults?.settings !== brokerConfig.current) {
          defaults = { settings: brokerConfig.current, times: timesOf(brokerConfig.current, overrides) };
        }
        return defaults.times;
      },
      compileRegex: (expression) => {
        try {
          const pattern = re2().RE2JS.compile(expression);
          return (name) => pattern.matches(name);
        } catch (error) {
          // Without what its own message puts around it: the client is told Kafka's words.
          throw error instanceof re2().RE2JSSyntaxException ? new Error(error.getDescription()) : error;
        }
      },
      image: () => this.#image,
    };
  }

  #newDispatch(): Dispatch {
    const { config, brokerConfig, controller, clock, timer, logger } = this.#options;
    const groups = this.#groups;
    const transactions = this.#transactions;
    const { changes } = this;
    const internalTopics = new InternalTopicCreation(
      changes,
      new Map([
        [
          GROUP_METADATA_TOPIC,
          {
            numPartitions: config.number('offsets.topic.num.partitions'),
            replicationFactor: () => config.number('offsets.topic.replication.factor'),
            configs: offsetsTopicConfigs(config.number('offsets.topic.segment.bytes')),
          },
        ],
        [
          TRANSACTION_STATE_TOPIC,
          {
            numPartitions: config.number('transaction.state.log.num.partitions'),
            replicationFactor: () => config.number('transaction.state.log.replication.factor'),
            configs: transactionTopicConfigs({
              segmentBytes: config.number('transaction.state.log.segment.bytes'),
              minInsyncReplicas: config.number('transaction.state.log.min.isr'),
            }),
          },
        ],
      ]),
    );
    const transactionSettings = {
      verificationEnabled: () => brokerConfig.current.boolean('transaction.partition.verification.enable'),
      retryBackoffMs: config.number('add.partitions.to.txn.retry.backoff.ms'),
      retryBackoffMaxMs: config.number('add.partitions.to.txn.retry.backoff.max.ms'),
    };
    const transactionsAnywhere = new RemoteTransactions({
      brokerId: config.nodeId,
      local: transactions,
      coordinatorOf: (id) =>
        this.#image.topicsByName.get(TRANSACTION_STATE_TOPIC)?.partitions.get(transactions.partitionFor(id))?.leader ??
        NO_LEADER,
      peers: this.#peers,
    });
    const table = createApiTable({
      metadata: this.#metadataView(),
      features: () => ({
        supported: supportedFeatureRanges,
        finalized: this.#image.features,
        finalizedEpoch: this.#image.highestOffset,
      }),
      forwarding: this.#forwarding,
      shownTopics: changes,
      quorum: this.#options.quorum,
      topicController: new LocalTopicController(controller, timer),
      clusterController: new LocalClusterController({ controller, timer, image: () => this.#image }),
      topicDeletion: {
        get enabled() {
          return brokerConfig.current.boolean('delete.topic.enable');
        },
      },
      autoTopicCreation: new AutoTopics({
        enabled: () => brokerConfig.current.boolean('auto.create.topics.enable'),
        changes,
        isInternal: isInternalTopic,
        quotas: this.#options.quotas,
        createInternal: (topic, context) => internalTopics.create(topic, context),
        logger: logger.child('apis'),
      }),
      limits: { maxRequestPartitionSizeLimit: config.number('max.request.partition.size.limit') },
      partitions: this.#partitions,
      sessions: this.#fetchSessions,
      monitor: this.#options.requestMonitor,
      telemetry: this.#options.telemetry,
      clock,
      replicaSelector: this.#replicaSelector(),
      fetchMaxBytes: () =>
        Math.min(
          brokerConfig.current.number('fetch.max.bytes'),
          this.#options.roomForResponse(FETCH_RESPONSE_BYTES_MIN, FETCH_RESPONSE_BYTES_MAX),
        ),
      transactions,
      transactionsAnywhere,
      transactionSettings,
      verification: new ProduceVerification({
        transactions: transactionsAnywhere,
        partitions: this.#partitions,
        clock,
        timer,
        transactionSettings,
      }),
      markers: this.#markers,
      logDirs: this.#moves,
      brokerConfig,
      configs: {
        topicExists: (name) => this.#image.topicsByName.has(name),
        topicConfigs: (name) => this.#image.configs.topic(name),
        groupConfigs: (name) => this.#image.configs.group(name),
        clientMetricsConfigs: (name) => this.#image.configs.clientMetrics(name),
      },
      loggers: this.#options.loggerLevels,
      controller: {
        alterConfigs: (...request) => changes.alterConfigs(...request),
        incrementalAlterConfigs: (...request) => changes.incrementalAlterConfigs(...request),
        alterClientQuotas: (...request) => controller.alterClientQuotas(...request),
      },
      groups,
      hosts: { addressOf },
      quotas: this.#options.quotas,
      coordinators: {
        group: { topic: GROUP_METADATA_TOPIC, partitionFor: (groupId) => groups.partitionFor(groupId) },
        transaction: { topic: TRANSACTION_STATE_TOPIC, partitionFor: (id) => transactions.partitionFor(id) },
      },
      internalTopics,
    });
    return createDispatch({
      table,
      clock,
      quotas: this.#options.quotas,
      monitor: this.#options.requestMonitor,
      logger: logger.child('apis'),
      onBrokenInvariant: this.#options.onBrokenInvariant,
    });
  }

  #metadataView(): MetadataView {
    const { config, clusterId, advertisesDialledAddress } = this.#options;
    const image = () => this.#image;
    return {
      get image() {
        return image();
      },
      clusterId,
      brokerId: config.nodeId,
      advertisesDialledAddress,
    };
  }
}

function timesOf(settings: BrokerSettings, overrides: ReadonlyMap<string, string>): ConsumerGroupTimes {
  const effective = effectiveGroupConfigs(settings, overrides);
  const number = (name: GroupConfigName) => Number(effective.get(name)?.value);
  return {
    sessionTimeoutMs: number('consumer.session.timeout.ms'),
    heartbeatIntervalMs: number('consumer.heartbeat.interval.ms'),
    assignmentIntervalMs: number('consumer.assignment.interval.ms'),
  };
}

/** By the short name or the name of the class that Kafka ships. */
function assignorName(text: string): AssignorName {
  const name = /^(?:org\.apache\.kafka\.coordinator\.group\.assignor\.)?(\w+?)(?:Assignor)?$/
    .exec(text)?.[1]
    ?.toLowerCase();
  if (name === 'uniform' || name === 'range') return name;
  throw new Error(`group.consumer.assignors: ${text} is none of Kafka's assignors`);
}
