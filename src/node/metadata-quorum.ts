/**
 * This node's part in the metadata quorum, and its controller: joins `raft`, `metadata` and `controller`.
 *
 *     open: metadata log opened → elected (a lone voter: at once) → controller active, bootstrap records in the log
 *     registerBroker → unfence … controlledShutdown → fence → stop
 *
 * A committed batch goes to the controller (standby), to the image, to the image's listeners, and then releases the commands
 * that waited for it.
 */
import type { Clock, Timer } from '../base/clock.ts';
import type { BrokerEpoch, Offset } from '../base/flavor.ts';
import type { Logger } from '../base/logger.ts';
import type { Random } from '../base/random.ts';
import { randomUuid, type Uuid, ZERO_UUID } from '../base/uuid.ts';
import type { ConfigRules, ControllerSettings } from '../controller/config-rules.ts';
import type { ControlFailure } from '../controller/control-record.ts';
import { Controller } from '../controller/controller.ts';
import type { Policies } from '../controller/policies.ts';
import type { FileSystem } from '../io/file-system.ts';
import type { PartitionLog } from '../log/partition-log.ts';
import { supportedFeatures } from '../metadata/features.ts';
import type { ListenerImage, MetadataImage } from '../metadata/metadata-image.ts';
import { type CommittedBatch, type MetadataListener, MetadataLoader } from '../metadata/metadata-loader.ts';
import { type RaftBatch, RaftDriver, type RaftSnapshot } from '../raft/driver.ts';
import type { RaftTimeouts } from '../raft/raft-core.ts';
import { type VoterEndpoint, VoterSet } from '../raft/voter-set.ts';
import { decodeMetadataRecord } from '../wire/record-framing.ts';
import { readBootstrapRecords } from './format.ts';
import { PartitionQuorumLog, QuorumStateFile } from './quorum-storage.ts';

export interface MetadataQuorumOptions {
  readonly nodeId: number;
  readonly clusterId: string;
  /** Of the directory with the metadata log. */
  readonly directoryId: Uuid;
  readonly fileSystem: FileSystem;
  /** The formatted directory: `bootstrap.checkpoint` is in it. */
  readonly directory: string;
  /** `LogDirectory.openMetadataLog`, with `metadataLogConfig`. */
  readonly metadataLog: PartitionLog;
  /** `controller.quorum.voters`; null for a dynamic quorum. */
  readonly staticVoters: readonly (VoterEndpoint & { readonly voterId: number })[] | null;
  /** Where controllers reach this one. */
  readonly controllerListeners: readonly ListenerImage[];
  readonly timeouts: RaftTimeouts;
  /** `broker.session.timeout.ms` */
  readonly brokerSessionTimeoutMs: number;
  readonly rules: ConfigRules;
  readonly policies: Policies;
  readonly settings: () => ControllerSettings;
  readonly clock: Clock;
  readonly timer: Timer;
  readonly random: Random;
  readonly logger: Logger;
  /** The node must stop: the quorum's disk failed, or its log contradicts the rules. */
  readonly onFatal: (error: Error) => void;
}

export interface BrokerToRegister {
  readonly listeners: readonly ListenerImage[];
  readonly rack: string | null;
  readonly logDirs: readonly Uuid[];
  /** `LogDirectory.cleanShutdownBrokerEpoch`; null after a crash and for a new directory. */
  readonly cleanShutdownBrokerEpoch: number | null;
}

/** The controller refused what this broker asked for. */
export class RegistrationError extends Error {
  override name = 'RegistrationError';
}

export class MetadataQuorum {
  readonly #options: MetadataQuorumOptions;
  readonly #loader = new MetadataLoader();
  #driver!: RaftDriver;
  #controller!: Controller;
  #brokerEpoch: BrokerEpoch = -1;
  #activation: { readonly resolve: () => void; readonly reject: (error: Error) => void } | null = null;

  private constructor(options: MetadataQuorumOptions) {
    this.#options = options;
  }

  /** Resolves when the controller is active and the log has its bootstrap records. */
  static async open(options: MetadataQuorumOptions): Promise<MetadataQuorum> {
    const quorum = new MetadataQuorum(options);
    await quorum.#open();
    return quorum;
  }

  get controller(): Controller {
    return this.#controller;
  }

  /** The newest image: immutable. */
  get image(): MetadataImage {
    return this.#loader.image;
  }

  /** -1 before `registerBroker`. */
  get brokerEpoch(): BrokerEpoch {
    return this.#brokerEpoch;
  }

  /** For DescribeQuorum and status pages; read only. */
  get raft(): RaftDriver {
    return this.#driver;
  }

  /** Called with each later image; commands wait until it has run. The image of now is `image`. */
  onImage(listener: MetadataListener): void {
    this.#loader.addListener(listener);
  }

  async #open(): Promise<void> {
    const { nodeId, directoryId, fileSystem, directory, metadataLog, staticVoters, random } = this.#options;
    const log = await PartitionQuorumLog.open(metadataLog, fileSystem, metadataLog.directory);
    this.#controller = new Controller({
      nodeId,
      clusterId: this.#options.clusterId,
      log: {
        get endOffset() {
          return log.endOffset;
        },
        append: (records, leaderEpoch) => this.#driver.append(records, leaderEpoch),
      },
      clock: this.#options.clock,
      random,
      logger: this.#options.logger.child('controller'),
      brokerSessionTimeoutMs: this.#options.brokerSessionTimeoutMs,
      rules: this.#options.rules,
      policies: this.#options.policies,
      settings: this.#options.settings,
      bootstrapRecords: readBootstrapRecords(fileSystem, directory),
    });
    this.#driver = await RaftDriver.open({
      self: { replicaId: nodeId, directoryId },
      staticVoters: staticVoters === null ? null : staticVoterSet(staticVoters),
      endpoints: this.#options.controllerListeners.map(({ name, host, port }) => ({ name, host, port })),
      log,
      stateStore: new QuorumStateFile(fileSystem, metadataLog.directory),
      timeouts: this.#options.timeouts,
      transport: null,
      listener: {
        handleSnapshot: (snapshot) => this.#handleSnapshot(snapshot),
        handleCommit: (batches) => this.#handleCommit(batches),
        handleLeadership: async (leaderEpoch) => this.#handleLeadership(leaderEpoch),
        handleLeadershipLost: (committedEndOffset) => this.#controller.deactivate(committedEndOffset),
      },
      clock: this.#options.clock,
      timer: this.#options.timer,
      random,
      logger: this.#options.logger.child('raft'),
      onFatal: (error) => this.#fatal(error),
    });
    const driver = this.#driver;
    if (driver.voters.voters.length !== 1 || !driver.voters.has(nodeId, directoryId)) {
      throw new RegistrationError(
        `Node ${nodeId} with directory ${directoryId} is not the only voter of its metadata quorum (voters: ` +
          `${driver.voters.voterIds.join(', ') || 'none'}). Quorums of several nodes are not supported yet.`,
      );
    }
    await new Promise<void>((resolve, reject) => {
      this.#activation = { resolve, reject };
      driver.start();
    });
  }

  /** Registers this run of the controller. */
  async registerController(): Promise<void> {
    const result = await this.#controller.registerController({
      controllerId: this.#options.nodeId,
      incarnationId: randomUuid(this.#options.random),
      listeners: this.#options.controllerListeners,
      supportedFeatures,
    });
    // An old metadata.version knows no controller registrations, and needs none.
    if (result.error !== 'UNSUPPORTED_VERSION') refuseFailure(result);
  }

  /** Registers this run of the broker, fenced, and its controller. One write for both. */
  async registerBroker(broker: BrokerToRegister): Promise<void> {
    const { nodeId, clusterId, random } = this.#options;
    const [, brokerResult] = await Promise.all([
      this.registerController(),
      this.#controller.registerBroker(
        {
          brokerId: nodeId,
          clusterId,
          incarnationId: randomUuid(random),
          listeners: broker.listeners,
          supportedFeatures,
          rack: broker.rack,
          logDirs: broker.logDirs,
          previousBrokerEpoch: broker.cleanShutdownBrokerEpoch ?? -1,
        },
        { replaces: true },
      ),
    ]);
    if ('error' in brokerResult) refuseFailure(brokerResult);
    else this.#brokerEpoch = brokerResult.brokerEpoch;
  }

  /** The broker is ready to lead. Resolves when it leads what it can, and listeners know. */
  async unfence(cordonedLogDirs: readonly Uuid[] = []): Promise<void> {
    refuseFailure(await this.#controller.unfenceBroker({ ...this.#self(), cordonedLogDirs }));
  }

  /** Gives the broker's partitions away, or leaves them without a leader but with this broker eligible. */
  async controlledShutdown(): Promise<void> {
    refuseFailure(await this.#controller.controlledShutdown(this.#self()));
  }

  /** The broker has stopped serving. */
  async fence(): Promise<void> {
    refuseFailure(await this.#controller.fenceBroker(this.#self()));
  }

  /** The metadata log stays open: it belongs to its log directory. */
  async stop(): Promise<void> {
    await this.#driver.stop();
  }

  #self(): { brokerId: number; brokerEpoch: BrokerEpoch } {
    return { brokerId: this.#options.nodeId, brokerEpoch: this.#brokerEpoch };
  }

  async #handleSnapshot(snapshot: RaftSnapshot): Promise<void> {
    const decoded = {
      lastContainedOffset: snapshot.id.endOffset - 1,
      lastContainedEpoch: snapshot.id.epoch,
      lastContainedTimestampMs: snapshot.lastContainedLogTimestampMs,
      records: snapshot.records.map(decodeMetadataRecord),
      kraftVersion: snapshot.kraftVersion,
    };
    this.#controller.loadSnapshot(decoded);
    await this.#loader.handleSnapshot(decoded);
    this.#controller.published(decoded.lastContainedOffset);
  }

  async #handleCommit(batches: readonly RaftBatch[]): Promise<void> {
    const committed = batches.map(
      (batch): CommittedBatch => ({ ...batch, records: batch.records.map(decodeMetadataRecord) }),
    );
    for (const batch of committed) this.#controller.replayCommitted(batch);
    await this.#loader.handleCommit(committed);
    const lastOffset: Offset = committed.at(-1)?.lastOffset ?? -1;
    this.#controller.published(lastOffset);
  }

  /** Not awaited by the quorum: what activation appends is committed through it. */
  #handleLeadership(leaderEpoch: number): void {
    const activation = this.#activation;
    this.#activation = null;
    this.#controller.activate(leaderEpoch).then(
      () => activation?.resolve(),
      (error: unknown) => {
        const cause = error instanceof Error ? error : new Error(String(error));
        if (activation === null) this.#fatal(cause);
        else activation.reject(cause);
      },
    );
  }

  #fatal(error: Error): void {
    this.#options.logger.error('the metadata quorum cannot go on', { error: error.message });
    if (this.#activation === null) this.#options.onFatal(error);
    else this.#activation.reject(error);
    this.#activation = null;
  }
}

function refuseFailure({ error, message }: ControlFailure): void {
  if (error !== 'NONE') throw new RegistrationError(`${error}: ${message ?? 'the controller refused'}`);
}

function staticVoterSet(voters: readonly (VoterEndpoint & { readonly voterId: number })[]): VoterSet {
  return new VoterSet(
    voters.map(({ voterId, name, host, port }) => ({
      voterId,
      // With kraft.version 0 directories are not known.
      directoryId: ZERO_UUID,
      endpoints: [{ name, host, port }],
      kraftVersions: { min: 0, max: 0 },
    })),
  );
}
