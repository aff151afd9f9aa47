/**
 * The composition root: builds every object of one node and joins them. The only file that knows every folder.
 *
 *     start: ports bound → directory locked, formatted, opened → quorum elected, broker registered → logs opened
 *            (recovered after a crash) → partitions and groups → broker unfenced → sockets opened
 *     stop:  the same way back, with a controlled shutdown and the clean-shutdown marker
 *
 * Sockets are bound first, because the ports are registered with the cluster, and opened last: a client that is early waits.
 */
import { resolve } from 'node:path';
import type { ClientQuotas } from './apis/client-quotas.ts';
import { RequestMonitor } from './apis/request-monitor.ts';
import type { Logger } from './base/logger.ts';
import { randomUuid, type Uuid, ZERO_UUID } from './base/uuid.ts';
import { topicEntries } from './config/config-entries.ts';
import { ConfigValidator } from './config/config-validator.ts';
import { DynamicBrokerConfig } from './config/dynamic-broker-config.ts';
import { formatEndpoint, formatListener, type Listener } from './config/listeners.ts';
import type { NodeConfig } from './config/node-config.ts';
import type { Policies } from './controller/policies.ts';
import { connectionMetrics, logMetrics } from './http/broker-metrics.ts';
import { clusterMetrics } from './http/cluster-metrics.ts';
import type { FileSystem } from './io/file-system.ts';
import { MemoryFileSystem } from './io/memory-file-system.ts';
import { InlineCompaction } from './log/inline-compaction.ts';
import { DuplicateLogError, LogDirectories, type OfflineDirectory } from './log/log-directories.ts';
import { LogDirectory, LogDirectoryLockedError, type LogDirectoryOptions } from './log/log-directory.ts';
import type { PartitionLog } from './log/partition-log.ts';
import { allows, METADATA_VERSION, supportedFeatures } from './metadata/features.ts';
import type { ListenerImage } from './metadata/metadata-image.ts';
import type { Dispatch } from './net/connection.ts';
import { ServerMemory } from './net/server-memory.ts';
import { BindError, type BoundListener, SocketServer } from './net/socket-server.ts';
import { BrokerParts } from './node/broker.ts';
import { BrokerLifecycle, type BrokerLifecycleOptions } from './node/broker-lifecycle.ts';
import { CompactionThread } from './node/compaction-thread.ts';
import { ConnectionSettings } from './node/connection-settings.ts';
import { newControllerDispatch, quorumReplica } from './node/controller-apis.ts';
import { ControllerChannel } from './node/controller-channel.ts';
import { ControllerDuties } from './node/controller-duties.ts';
import { DirectoryReports } from './node/directory-reports.ts';
import { DispatchGate } from './node/dispatch-gate.ts';
import { FormatError, type FormatOptions } from './node/format.ts';
import { LoggerLevelTable, leveledLogger } from './node/leveled-logger.ts';
import { MetadataQuorum, RegistrationError } from './node/metadata-quorum.ts';
import { Monitoring, MonitoringPortError } from './node/monitoring.ts';
import { nodeClients } from './node/node-clients.ts';
import { identifyDirectories } from './node/node-directories.ts';
import { type Platform, systemPlatform } from './node/platform.ts';
import { metadataLogConfig } from './node/quorum-storage.ts';
import { newClientQuotas } from './node/quota-settings.ts';
import { createWantedTopics, WantedTopicError } from './node/topic-service.ts';
import type { TopicSpec } from './node/topic-spec.ts';
import { KAFKA_RELEASE } from './node/version.ts';
import type { NodeClients } from './wire/node-client.ts';

/** A start that failed for a reason the user can act on; the message is a sentence. */
export class StartError extends Error {
  override name = 'StartError';
}

export interface NodeObserver {
  quorumOpened(quorum: MetadataQuorum): void;
  brokerMade(broker: BrokerParts): void;
}

export interface NodeOptions {
  readonly config: NodeConfig;
  /** Everything in memory, nothing left behind. */
  readonly ephemeral: boolean;
  /** False: an unformatted directory is refused, as Kafka does. */
  readonly format: boolean;
  /** For a directory that is formatted now; a new one when absent. */
  readonly clusterId?: string | undefined;
  /** How a directory is formatted now that is not yet; by the settings when absent. */
  readonly quorum?: FormatOptions['quorum'];
  /** Created at start unless they exist. */
  readonly topics: readonly TopicSpec[];
  /** Of an embedded broker. */
  readonly policies?: Policies;
  readonly logger: Logger;
  /** Disks that fail where a test wants it; the machine's own, or memory, when absent. */
  readonly fileSystem?: FileSystem;
  /** The machine's own when absent. */
  readonly platform?: Platform;
  /** Shown the parts as soon as they are made, before the start is over, to whoever watches them. */
  readonly observer?: NodeObserver;
  /** The node can no longer do its work and is stopping. */
  readonly onFatal?: (error: Error) => void;
}

/** What all clients together may leave unread; beyond it those who read nothing are closed. */
const UNSENT_RESPONSE_BYTES_MAX = 256 * 1024 * 1024;
/** How long requests in hand may take when the node stops. */
const STOP_GRACE_MS = 1000;
/** What all logs together keep in memory for consumers that keep up. */
const TAIL_CACHE_BYTES_MAX = 32 * 1024 * 1024;
const TAIL_CACHE_BYTES_MAX_PER_LOG = 8 * 1024 * 1024;
const OPEN_FILES_MAX = 500;
const LONE_CONTROLLER_PORT = 9093;
const NO_BROKER_EPOCH = -1;
const MS_PER_SECOND = 1000;
/** Constants of Kafka's own. */
const RECONNECT_BACKOFF_MS = 50;
const RECONNECT_BACKOFF_MAX_MS = 500;
const REQUESTS_IN_FLIGHT_MAX = 1;

interface Started {
  readonly name: string;
  readonly stop: () => Promise<void> | void;
  /** As `stop`, but as it would be when the process is killed; the same where that makes no difference. */
  readonly kill?: () => Promise<void> | void;
}

export class Node {
  readonly nodeId: number;
  readonly ephemeral: boolean;
  readonly dataDirectories: readonly string[];
  readonly #options: NodeOptions;
  readonly #config: NodeConfig;
  readonly #logger: Logger;
  readonly #loggerLevels = new LoggerLevelTable();
  readonly #brokerConfig: DynamicBrokerConfig;
  readonly #connectionSettings: ConnectionSettings;
  readonly #memory: ServerMemory;
  readonly #platform: Platform;
  readonly #fileSystem: FileSystem;
  readonly #monitoring: Monitoring;
  readonly #requestMonitor: RequestMonitor;
  readonly #clientQuotas: ClientQuotas;
  /** What has been started, in order; stopped from the back. */
  readonly #started: Started[] = [];
  #bound: readonly BoundListener[] = [];
  #clusterId = '';
  #directoryId: Uuid = ZERO_UUID;
  #lifecycle: BrokerLifecycle | null = null;
  #logDirectories: LogDirectories | null = null;
  /** What else there is to do when one of several directories fails. */
  #onDirectoryFailure: (failed: OfflineDirectory) => void = () => {};
  #onWritesHeld: (log: PartitionLog) => void = () => {};
  #stopping: Promise<void> | null = null;

  private constructor(options: NodeOptions) {
    const { config } = options;
    const platform = options.platform ?? systemPlatform;
    this.#options = options;
    this.#platform = platform;
    this.#config = config;
    this.#logger = leveledLogger(options.logger, this.#loggerLevels);
    this.#brokerConfig = new DynamicBrokerConfig(config);
    this.#connectionSettings = new ConnectionSettings(this.#brokerConfig);
    this.#memory = new ServerMemory({
      requestBytesMax: config.number('queued.max.request.bytes'),
      responseBytesMax: UNSENT_RESPONSE_BYTES_MAX,
      clock: platform.clock,
    });
    this.nodeId = config.nodeId;
    this.ephemeral = options.ephemeral;
    this.dataDirectories = [...new Set(config.logDirs.map((directory) => this.#absolute(directory)))];
    this.#fileSystem =
      options.fileSystem ??
      (options.ephemeral ? new MemoryFileSystem({ nowMs: () => platform.clock.nowMs() }) : platform.fileSystem);
    this.#monitoring = new Monitoring({
      endpoint: config.metricsEndpoint,
      nodeId: config.nodeId,
      clusterId: () => this.#clusterId,
      telemetryMaxBytes: config.number('telemetry.max.bytes'),
      clock: platform.clock,
      timer: platform.timer,
      random: platform.random,
      logger: this.#logger.child('http'),
    });
    this.#clientQuotas = newClientQuotas(config, platform.clock);
    this.#requestMonitor = new RequestMonitor({
      clock: platform.clock,
      metrics: this.#monitoring.requests,
      logger: this.#logger.child('request'),
      logs: () => this.#loggerLevels.isOn('request', 'debug'),
    });
  }

  /** Resolves when the broker serves. Rejects with StartError or ConfigError when the user can do something about it. */
  static async start(options: NodeOptions): Promise<Node> {
    const node = new Node(options);
    try {
      await node.#start();
    } catch (error) {
      await node.stop();
      throw startError(error);
    }
    return node;
  }

  get clusterId(): string {
    return this.#clusterId;
  }

  /** `host:port` of the first listener, as a client on this machine dials it; of a controller alone its controller listener. */
  get bootstrapServers(): string {
    const listener = this.#config.brokerListeners[0] ?? this.#config.controllerListeners[0]!;
    return formatEndpoint({
      host: isEveryAddress(listener.host) ? 'localhost' : listener.host,
      port: this.#boundPort(listener),
    });
  }

  /** Where metrics and health are served; null: nowhere. */
  get metricsPort(): number | null {
    return this.#monitoring.port;
  }

  /** Each address that is listened on, as `host:port`. */
  get boundAddresses(): readonly string[] {
    return this.#bound.flatMap(({ addresses, port }) =>
      addresses.map((host) => formatEndpoint({ host: host === '' ? '*' : host, port })),
    );
  }

  /** The broker's partitions go to others while it still serves: of several that stop together, each has done so before one stops. */
  async leaveCluster(): Promise<void> {
    if (this.#stopping === null) await this.#lifecycle?.shutDown();
  }

  /** Stops what has been started, last first. Harmless when called again. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  /**
   * Ends at once, as if the process had been killed: others are not told, what is not written is lost, files are left as they
   * are. For tests of what happens then.
   */
  kill(): Promise<void> {
    this.#stopping ??= this.#end(this.#started.map((started) => ({ ...started, stop: started.kill ?? started.stop })));
    return this.#stopping;
  }

  #stop(): Promise<void> {
    this.#monitoring.state = 'SHUTTING_DOWN';
    return this.#end(this.#started);
  }

  async #end(started: readonly Started[]): Promise<void> {
    for (const { name, stop } of [...started].reverse()) {
      try {
        await stop();
      } catch (error) {
        // The rest must still be stopped: the next start recovers what could not be closed.
        this.#logger.error(`stopping the ${name} failed`, { error: textOf(error) });
      }
    }
  }

  async #start(): Promise<void> {
    const startMs = this.#platform.clock.monotonicMs();
    this.#announceSettings();
    await this.#monitoring.start();
    // Stopped last: until then it tells that the node is stopping.
    this.#started.push({ name: 'monitoring port', stop: () => this.#monitoring.stop() });
    const controllerGate = new DispatchGate();
    const controllerServer = await this.#bindSockets(this.#config.controllerListeners, controllerGate);
    const gate = new DispatchGate();
    const server = await this.#bindSockets(this.#config.brokerListeners, gate);
    const logDirectories = this.#openLogDirectories();
    const quorum = await this.#openQuorum(this.#identifyDirectories(logDirectories));
    this.#monitorNode([server, controllerServer], quorum, logDirectories);
    controllerGate.open(this.#newControllerDispatch(quorum));
    controllerServer.open();
    this.#started.push({
      name: 'controller connections',
      stop: () => controllerServer.stop(STOP_GRACE_MS),
      kill: () => controllerServer.stop(0),
    });
    if (this.#config.isController) this.#startDuties(quorum);
    if (this.#config.isBroker) await this.#startBroker(quorum, logDirectories, gate);
    else await quorum.registerController();
    server.open();
    this.#monitoring.state = 'RUNNING';
    this.#started.push({
      name: 'connections',
      stop: () => server.stop(STOP_GRACE_MS),
      kill: () => server.stop(0),
    });
    // Others take over while this broker still serves; who is alone has nobody to wait for.
    const lifecycle = this.#lifecycle;
    if (lifecycle !== null && !quorum.isLone) {
      this.#started.push(registrationOf(lifecycle));
    }
    this.#logger.child('node').info('serving', {
      bootstrapServers: this.bootstrapServers,
      nodeId: this.nodeId,
      roles: [...this.#config.processRoles],
      clusterId: this.#clusterId,
      kafkaRelease: KAFKA_RELEASE,
      advertised: this.#advertisesDialledAddress ? 'as dialled' : this.#advertised().map(formatListener),
      data: this.ephemeral ? 'in memory' : this.dataDirectories,
      startMs: Math.round(this.#platform.clock.monotonicMs() - startMs),
    });
  }

  async #startBroker(quorum: MetadataQuorum, logDirectories: LogDirectories, gate: DispatchGate): Promise<void> {
    const channel = this.#newControllerChannel(quorum);
    const timeoutMs = this.#config.number('initial.broker.registration.timeout.ms');
    const registrationTime = { timeoutMs, untilMs: this.#platform.clock.monotonicMs() + timeoutMs };
    await quorum.caughtUp(registrationTime);
    const lifecycle = this.#newLifecycle(quorum, logDirectories, { channel, registrationTime });
    const reports = this.#newDirectoryReports(quorum, channel, lifecycle);
    const broker = this.#newBroker(quorum, logDirectories, { reports, channel, lifecycle });
    this.#options.observer?.brokerMade(broker);
    this.#monitorBroker(quorum, logDirectories, broker);
    broker.prepare(quorum.image);
    this.#connectionSettings.update(quorum.image);
    await Promise.all([quorum.registerController(), lifecycle.register()]);
    this.#lifecycle = lifecycle;
    this.#monitoring.state = 'RECOVERY';
    const { topicsByName } = quorum.image;
    await logDirectories.loadLogs(({ topic, partition, topicId }) => {
      const known = topicsByName.get(topic);
      const state = known?.topicId === topicId ? known.partitions.get(partition) : undefined;
      if (state === undefined || !state.replicas.includes(this.nodeId)) return null;
      const directoryId = state.directories[state.replicas.indexOf(this.nodeId)] ?? ZERO_UUID;
      return { config: broker.topicSettings.of(topic), directoryId };
    });
    this.#onWritesHeld = (log) => broker.writesHeld(log);
    this.#onDirectoryFailure = ({ directoryId, error }) => {
      broker.failStorage(error);
      if (directoryId !== ZERO_UUID) reports.failed(directoryId);
    };
    // What has happened since the logs were looked up; from here on each change comes by itself.
    broker.prepare(quorum.image);
    const opened = broker.start();
    this.#started.push({ name: 'broker', stop: () => broker.stop() });
    quorum.onImage(async (changes, image) => {
      await opened;
      await broker.publish(changes, image);
      const { clientQuotasChanged, changedConfigs } = changes;
      if (clientQuotasChanged || changedConfigs.length > 0) this.#connectionSettings.update(image);
    });
    await opened;
    await lifecycle.ready(logDirectories.cordonedIds);
    reports.open();
    this.#started.push({ name: 'directory reports', stop: () => reports.close() });
    if (quorum.isLone) this.#started.push(registrationOf(lifecycle));
    await createWantedTopics(broker.changes, this.#options.topics);
    gate.open(broker.dispatch);
  }

  #monitorNode(servers: readonly SocketServer[], quorum: MetadataQuorum, logDirectories: LogDirectories): void {
    if (!this.#monitoring.isOn) return;
    this.#monitoring.addSources(
      connectionMetrics({ connections: () => servers.flatMap((server) => server.connections()) }),
      clusterMetrics({
        image: () => quorum.image,
        isActiveController: () => quorum.controller.active,
        quorumLeaderId: () => quorum.raft.leaderId,
        quorumLeaderEpoch: () => quorum.raft.leaderEpoch,
      }),
    );
    this.#monitoring.addReadiness(() => (logDirectories.live.length === 0 ? 'the log directories failed' : null));
  }

  #monitorBroker(quorum: MetadataQuorum, logDirectories: LogDirectories, broker: BrokerParts): void {
    if (!this.#monitoring.isOn) return;
    this.#monitoring.addSources(
      logMetrics({
        logs: () => logDirectories.logs(),
        offlineDirectoryCount: () => logDirectories.offlinePaths.size,
        cleaning: () => logDirectories.cleaning,
      }),
      ...broker.metricSources,
    );
    this.#monitoring.addReadiness(() =>
      quorum.image.brokers.get(this.nodeId)?.fenced === false ? null : 'the controller has fenced the broker',
    );
  }

  #announceSettings(): void {
    const logger = this.#logger.child('config');
    const { unknownNames, ignoredNames } = this.#config;
    if (unknownNames.length > 0) logger.warn('settings that Kafka does not know', { names: unknownNames });
    if (ignoredNames.length > 0) logger.warn('settings that have no effect in Ottla yet', { names: ignoredNames });
  }

  async #bindSockets(listeners: NodeConfig['listeners'], gate: DispatchGate): Promise<SocketServer> {
    const config = this.#config;
    const limits = this.#connectionSettings.newLimits(
      listeners.map(({ name }) => name),
      this.#platform.clock,
    );
    const server = new SocketServer({
      listeners: listeners.map(({ name, securityProtocol, bindAddresses, port }) => ({
        name,
        securityProtocol,
        addresses: bindAddresses.length === 0 ? [''] : bindAddresses,
        port,
      })),
      frameSizeMax: config.number('socket.request.max.bytes'),
      connectionsMaxIdleMs: config.number('connections.max.idle.ms'),
      limits,
      memory: this.#memory,
      nextTurn: this.#platform.nextTurn,
      listen: this.#platform.listen,
      buffers: this.#platform.readBuffers,
      dispatch: gate.dispatch,
      onDisconnected: ({ connectionId }) => this.#monitoring.telemetry?.disconnected(connectionId),
      clock: this.#platform.clock,
      timer: this.#platform.timer,
      logger: this.#logger.child('net'),
    });
    this.#connectionSettings.serves(limits, server);
    this.#bound = [...this.#bound, ...(await server.bind())];
    this.#started.push({ name: 'sockets', stop: () => server.stop(0) });
    return server;
  }

  /** Locks the directories; those whose disk fails are offline. */
  #openLogDirectories(): LogDirectories {
    const logDirectories = LogDirectories.open({
      ...this.#directoryOptions(),
      paths: this.dataDirectories,
      onOffline: (failed) => this.#directoryFailed(failed),
      onWritesHeld: (log) => this.#onWritesHeld(log),
    });
    this.#started.push({
      name: 'log directories',
      stop: () => logDirectories.close({ brokerEpoch: this.#brokerEpoch() }),
      kill: () => logDirectories.abandon(),
    });
    this.#logDirectories = logDirectories;
    if (logDirectories.live.length === 0) {
      throw new StartError(`None of the log directories ${this.dataDirectories.join(', ')} can be used.`);
    }
    return logDirectories;
  }

  #directoryOptions(): Omit<LogDirectoryOptions, 'path' | 'onOffline'> {
    return {
      fileSystem: this.#fileSystem,
      clock: this.#platform.clock,
      timer: this.#platform.timer,
      random: this.#platform.random,
      logger: this.#logger.child('log'),
      producerIdExpirationMs: () => this.#brokerConfig.current.number('producer.id.expiration.ms'),
      logStartOffsetCheckpointIntervalMs: this.#config.number('log.flush.start.offset.checkpoint.interval.ms'),
      recoveryPointCheckpointIntervalMs: this.#config.number('log.flush.offset.checkpoint.interval.ms'),
      tailCacheBytesMax: TAIL_CACHE_BYTES_MAX,
      tailCacheBytesMaxPerLog: TAIL_CACHE_BYTES_MAX_PER_LOG,
      openFilesMax: OPEN_FILES_MAX,
    };
  }

  /** Formats what is not formatted yet; gives the directory with the metadata log. Locked before: of two brokers one formats. */
  #identifyDirectories(logDirectories: LogDirectories): LogDirectory {
    const metadataPath = this.#absolute(this.#config.metadataLogDir);
    const live = [...logDirectories.live];
    if (!this.dataDirectories.includes(metadataPath)) {
      // A disk of its own for the metadata log.
      const own = LogDirectory.open({
        ...this.#directoryOptions(),
        path: metadataPath,
        onOffline: (error) => this.#fatal(error),
      });
      this.#started.push({
        name: 'metadata directory',
        stop: () => own.close({ brokerEpoch: this.#brokerEpoch() }),
        kill: () => own.abandon(),
      });
      live.push(own);
    }
    const identified = identifyDirectories({
      live,
      metadataPath,
      fileSystem: this.#fileSystem,
      nodeId: this.nodeId,
      format: this.#options.format,
      clusterId: this.#options.clusterId,
      isWholeCluster: this.#config.isController && this.#config.quorumVoters.length <= 1,
      quorum: this.#options.quorum ?? this.#configuredQuorum(),
      random: this.#platform.random,
      nowMs: this.#platform.clock.nowMs(),
      logger: this.#logger.child('node'),
    });
    this.#clusterId = identified.clusterId;
    this.#directoryId = identified.directoryId;
    if (identified.isNew && !this.ephemeral) {
      const { clusterId } = identified;
      this.#logger.child('node').info('formatted the data directory', { path: metadataPath, clusterId });
    }
    return identified.metadata;
  }

  #configuredQuorum(): FormatOptions['quorum'] {
    if (this.#config.quorumVoters.length > 0 || !this.#config.isController) return { kind: 'static' };
    const endpoints = this.#controllerListeners().map(({ name, host, port }) => ({ name, host, port }));
    return { kind: 'standalone', endpoints };
  }

  #absolute(directory: string): string {
    return this.ephemeral ? directory : resolve(directory);
  }

  /** The others go on; without the metadata log, or without any directory, there is nothing to go on with. */
  #directoryFailed(failed: OfflineDirectory): void {
    const logDirectories = this.#logDirectories;
    if (logDirectories === null) return;
    if (failed.path === this.#absolute(this.#config.metadataLogDir)) {
      this.#fatal(new Error(`The directory of the metadata log, ${failed.path}, failed.`, { cause: failed.error }));
    } else if (logDirectories.live.length === 0) {
      this.#fatal(new Error(`All log directories have failed, ${failed.path} last.`, { cause: failed.error }));
    } else {
      this.#onDirectoryFailure(failed);
    }
  }

  async #openQuorum(metadataDirectory: LogDirectory): Promise<MetadataQuorum> {
    const config = this.#config;
    const brokerConfig = this.#brokerConfig;
    const metadataLog = await metadataDirectory.openMetadataLog(
      metadataLogConfig({
        segmentBytes: config.number('metadata.log.segment.bytes'),
        segmentMs: config.number('metadata.log.segment.ms'),
      }),
    );
    const controllerListeners = config.isController ? this.#controllerListeners().map(listenerImage) : [];
    const controllerListenerName = config.controllerListenerNames[0] ?? 'CONTROLLER';
    const quorum = await MetadataQuorum.open({
      nodeId: this.nodeId,
      clusterId: this.#clusterId,
      directoryId: this.#directoryId,
      fileSystem: this.#fileSystem,
      directory: metadataDirectory.path,
      metadataLog,
      staticVoters:
        config.quorumVoters.length === 0
          ? null
          : config.quorumVoters.map((voter) => ({ ...voter, name: controllerListenerName })),
      isController: config.isController,
      controllerListeners,
      controllerListenerName,
      bootstrapServers: config.quorumBootstrapServers,
      autoJoin: config.boolean('controller.quorum.auto.join.enable'),
      fetchMaxBytes: config.number('controller.quorum.fetch.max.bytes'),
      fetchSnapshotMaxBytes: config.number('controller.quorum.fetch.snapshot.max.bytes'),
      requestTimeoutMs: config.number('controller.quorum.request.timeout.ms'),
      clients: this.#quorumClients(),
      timeouts: {
        electionTimeoutMs: config.number('controller.quorum.election.timeout.ms'),
        electionBackoffMaxMs: config.number('controller.quorum.election.backoff.max.ms'),
        fetchTimeoutMs: config.number('controller.quorum.fetch.timeout.ms'),
        retryBackoffMs: config.number('controller.quorum.retry.backoff.ms'),
      },
      snapshots: {
        maxBytesBetween: config.number('metadata.log.max.record.bytes.between.snapshots'),
        maxIntervalMs: config.number('metadata.log.max.snapshot.interval.ms'),
        retention: {
          maxBytes: config.number('metadata.max.retention.bytes'),
          maxMs: config.number('metadata.max.retention.ms'),
        },
      },
      brokerSessionTimeoutMs: config.number('broker.session.timeout.ms'),
      rules: new ConfigValidator(() => brokerConfig.current),
      policies: this.#options.policies ?? {},
      settings: () => ({
        numPartitions: brokerConfig.current.number('num.partitions'),
        defaultReplicationFactor: brokerConfig.current.number('default.replication.factor'),
        minInsyncReplicas: config.number('min.insync.replicas'),
        uncleanLeaderElectionEnable: config.boolean('unclean.leader.election.enable'),
        effectiveTopicConfigs: (overrides) => topicEntries(brokerConfig, overrides),
      }),
      clock: this.#platform.clock,
      timer: this.#platform.timer,
      random: this.#platform.random,
      logger: this.#logger,
      onFatal: (error) => this.#fatal(error),
    });
    this.#options.observer?.quorumOpened(quorum);
    this.#started.push({ name: 'quorum', stop: () => quorum.stop(), kill: () => quorum.abandon() });
    return quorum;
  }

  #quorumClients(): NodeClients {
    return nodeClients(
      {
        openSocket: this.#platform.openSocket,
        clock: this.#platform.clock,
        timer: this.#platform.timer,
        random: this.#platform.random,
        logger: this.#logger.child('raft'),
      },
      {
        clientId: `raft-client-${this.nodeId}`,
        requestTimeoutMs: this.#config.number('controller.quorum.request.timeout.ms'),
        reconnectBackoffMs: RECONNECT_BACKOFF_MS,
        reconnectBackoffMaxMs: RECONNECT_BACKOFF_MAX_MS,
        requestsInFlightMax: 1,
      },
    );
  }

  #newControllerDispatch(quorum: MetadataQuorum): Dispatch {
    return newControllerDispatch({
      quorum,
      brokerConfig: this.#brokerConfig,
      timer: this.#platform.timer,
      quorumFetchMaxBytes: this.#config.number('controller.quorum.fetch.max.bytes'),
      quorumFetchSnapshotMaxBytes: this.#config.number('controller.quorum.fetch.snapshot.max.bytes'),
      clock: this.#platform.clock,
      monitor: this.#requestMonitor,
      clientQuotas: this.#clientQuotas,
      logger: this.#logger.child('apis'),
      onBrokenInvariant: (error) => this.#fatal(error),
    });
  }

  #newDirectoryReports(
    quorum: MetadataQuorum,
    controller: ControllerChannel,
    lifecycle: BrokerLifecycle,
  ): DirectoryReports {
    return new DirectoryReports({
      controller,
      self: () => ({ brokerId: this.nodeId, brokerEpoch: lifecycle.brokerEpoch }),
      metadataOffset: () => quorum.image.highestOffset,
      isSupported: () => allows.directoryAssignment(quorum.image.features.get(METADATA_VERSION) ?? 0),
      failureTimeoutMs: this.#config.number('log.dir.failure.timeout.ms'),
      onFailureUnreported: (directoryId) =>
        this.#fatal(
          new Error(`The controller could not be told in time that the log directory ${directoryId} failed.`),
        ),
      timer: this.#platform.timer,
      logger: this.#logger.child('node'),
    });
  }

  #newBroker(
    quorum: MetadataQuorum,
    logDirectories: LogDirectories,
    {
      reports,
      channel,
      lifecycle,
    }: {
      readonly reports: DirectoryReports;
      readonly channel: ControllerChannel;
      readonly lifecycle: BrokerLifecycle;
    },
  ): BrokerParts {
    return new BrokerParts({
      config: this.#config,
      brokerConfig: this.#brokerConfig,
      readBuffers: this.#platform.readBuffers,
      roomForResponse: (bytesMin, bytesMax) => this.#memory.roomForResponse(bytesMin, bytesMax),
      clusterId: this.#clusterId,
      controller: quorum.controller,
      channel,
      quorum: quorumReplica(quorum),
      replicaClients: this.#nodeClients('replica'),
      peerClients: this.#nodeClients('broker'),
      brokerEpoch: () => lifecycle.brokerEpoch,
      logDirectories,
      directoryPath: (directory) => this.#absolute(directory),
      directoryReports: reports,
      compactionRunner:
        this.ephemeral || !this.#platform.hasThreads || !CompactionThread.isAvailable
          ? new InlineCompaction(this.#fileSystem, this.#platform.timer)
          : new CompactionThread(),
      advertisesDialledAddress: this.#advertisesDialledAddress,
      clock: this.#platform.clock,
      timer: this.#platform.timer,
      random: this.#platform.random,
      logger: this.#logger,
      loggerLevels: this.#loggerLevels,
      requestMonitor: this.#requestMonitor,
      quotas: this.#clientQuotas,
      telemetry: this.#monitoring.telemetry,
      onBrokenInvariant: (error) => this.#fatal(error),
    });
  }

  #newLifecycle(
    quorum: MetadataQuorum,
    logDirectories: LogDirectories,
    how: Pick<BrokerLifecycleOptions, 'channel' | 'registrationTime'>,
  ): BrokerLifecycle {
    const config = this.#config;
    return new BrokerLifecycle({
      ...how,
      registration: {
        brokerId: this.nodeId,
        clusterId: this.#clusterId,
        incarnationId: randomUuid(this.#platform.random),
        listeners: this.#advertised().map(listenerImage),
        supportedFeatures,
        rack: config.textOrNull('broker.rack'),
        logDirs: logDirectories.live.map(({ directoryId }) => directoryId),
        previousBrokerEpoch: logDirectories.cleanShutdownBrokerEpoch ?? NO_BROKER_EPOCH,
      },
      metadataOffset: () => quorum.image.highestOffset,
      heartbeatIntervalMs: config.number('broker.heartbeat.interval.ms'),
      clock: this.#platform.clock,
      timer: this.#platform.timer,
      logger: this.#logger.child('node'),
    });
  }

  #startDuties(quorum: MetadataQuorum): void {
    const config = this.#config;
    const duties = new ControllerDuties({
      controller: quorum.controller,
      sessionTimeoutMs: config.number('broker.session.timeout.ms'),
      balanceIntervalMs: config.boolean('auto.leader.rebalance.enable')
        ? config.number('leader.imbalance.check.interval.seconds') * MS_PER_SECOND
        : null,
      uncleanIntervalMs: config.number('unclean.leader.election.interval.ms'),
      clock: this.#platform.clock,
      timer: this.#platform.timer,
      logger: this.#logger.child('controller'),
    });
    duties.start();
    this.#started.push({ name: 'duties', stop: () => duties.stop() });
  }

  #newControllerChannel(quorum: MetadataQuorum): ControllerChannel {
    const channel = new ControllerChannel({
      controller: quorum.controller,
      activeController: () => quorum.activeController,
      clients: this.#nodeClients('controller-channel'),
    });
    quorum.onLeaderChange(() => channel.controllerChanged());
    this.#started.push({ name: 'controller channel', stop: () => channel.close() });
    return channel;
  }

  #nodeClients(purpose: string): NodeClients {
    const environment = {
      openSocket: this.#platform.openSocket,
      clock: this.#platform.clock,
      timer: this.#platform.timer,
      random: this.#platform.random,
      logger: this.#logger.child('net'),
    };
    return nodeClients(environment, {
      clientId: `${purpose}-${this.nodeId}`,
      requestTimeoutMs: this.#config.number('replica.socket.timeout.ms'),
      reconnectBackoffMs: RECONNECT_BACKOFF_MS,
      reconnectBackoffMaxMs: RECONNECT_BACKOFF_MAX_MS,
      requestsInFlightMax: REQUESTS_IN_FLIGHT_MAX,
    });
  }

  #brokerEpoch(): number {
    return this.#lifecycle?.brokerEpoch ?? NO_BROKER_EPOCH;
  }

  get #advertisesDialledAddress(): boolean {
    return this.#config.profile === 'developer' && !this.#config.advertisedListenersConfigured;
  }

  /** What clients are told where they are not told the address that they dialled. */
  #advertised(): Listener[] {
    return this.#config.advertisedBrokerListeners.map((listener) => this.#reachable(listener));
  }

  /** A lone node opens no controller port, but its voter record must name one. */
  #controllerListeners(): Listener[] {
    const listeners = this.#config.advertisedControllerListeners.map((listener) => this.#reachable(listener));
    if (listeners.length > 0) return listeners;
    const name = this.#config.controllerListenerNames[0] ?? 'CONTROLLER';
    return [{ name, host: 'localhost', port: LONE_CONTROLLER_PORT, securityProtocol: 'PLAINTEXT' }];
  }

  /** With this machine's name in place of every address, and the port that the operating system chose. */
  #reachable(listener: Listener): Listener {
    return {
      ...listener,
      host: isEveryAddress(listener.host) ? this.#platform.hostname() : listener.host,
      port: this.#boundPort(listener),
    };
  }

  #boundPort({ name, port }: Listener): number {
    return port === 0 ? (this.#bound.find((bound) => bound.name === name)?.port ?? 0) : port;
  }

  /** Goes on no longer: what is on disk is safe, what is in memory cannot be trusted. */
  #fatal(error: Error): void {
    if (this.#stopping !== null) return;
    this.#logger.error('the node stops, because it cannot go on', { error: error.stack ?? error.message });
    void this.stop().finally(() => this.#options.onFatal?.(error));
  }
}

function registrationOf(lifecycle: BrokerLifecycle): Started {
  return { name: 'registration', stop: () => lifecycle.shutDown(), kill: () => lifecycle.close() };
}

/** A listener's host that stands for all addresses of the machine, and names none that a client could dial. */
function isEveryAddress(host: string): boolean {
  return host === '' || host === '0.0.0.0' || host === '::';
}

/** Kafka's numbers of security protocols. */
const securityProtocolIds = { PLAINTEXT: 0, SSL: 1, SASL_PLAINTEXT: 2, SASL_SSL: 3 } as const;

function listenerImage({ name, host, port, securityProtocol }: Listener): ListenerImage {
  return { name, host, port, securityProtocol: securityProtocolIds[securityProtocol] };
}

function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** Failures that a user can act on become StartError; anything else stays what it is. */
function startError(error: unknown): unknown {
  const isForUser =
    error instanceof BindError ||
    error instanceof MonitoringPortError ||
    error instanceof LogDirectoryLockedError ||
    error instanceof FormatError ||
    error instanceof DuplicateLogError ||
    error instanceof RegistrationError ||
    error instanceof WantedTopicError;
  return isForUser ? new StartError(error.message, { cause: error }) : error;
}
