/**
 * This node's part in the metadata quorum, and its controller: joins `raft`, `metadata` and `controller`.
 *
 *     open: metadata log opened → a lone voter: elected at once, controller active, bootstrap records in the log
 *                               → others: follows whoever leads, or takes part in elections
 *
 * A committed batch goes to the controller (standby), to the image, to the image's listeners, and then releases the commands
 * that waited for it.
 */
import type { Clock, Timer, TimerHandle } from '../base/clock.ts';
import type { Offset } from '../base/flavor.ts';
import type { Logger } from '../base/logger.ts';
import type { Random } from '../base/random.ts';
import { randomUuid, type Uuid, ZERO_UUID } from '../base/uuid.ts';
import type { ControllerRegistration } from '../controller/broker-control.ts';
import type { ConfigRules, ControllerSettings } from '../controller/config-rules.ts';
import type { ControlFailure } from '../controller/control-record.ts';
import { Controller } from '../controller/controller.ts';
import type { Policies } from '../controller/policies.ts';
import type { FileSystem } from '../io/file-system.ts';
import type { PartitionLog } from '../log/partition-log.ts';
import { supportedFeatures } from '../metadata/features.ts';
import { imageRecords } from '../metadata/image-records.ts';
import type { ListenerImage, MetadataImage } from '../metadata/metadata-image.ts';
import { type CommittedBatch, type MetadataListener, MetadataLoader } from '../metadata/metadata-loader.ts';
import { RaftDriver } from '../raft/driver.ts';
import type { RaftBatch, RaftSnapshot } from '../raft/raft-listener.ts';
import type { RaftTimeouts } from '../raft/raft-state.ts';
import type { Address } from '../raft/raft-transport.ts';
import { type VoterEndpoint, VoterSet } from '../raft/voter-set.ts';
import { errorName, KafkaError } from '../wire/errors.ts';
import type { NodeClient, NodeClients } from '../wire/node-client.ts';
import { decodeMetadataRecord } from '../wire/record-framing.ts';
import {
  controllerRegistrationRequest,
  controllerRegistrationResponse,
} from '../wire/schema/controller-registration.ts';
import { ControllerRegistrations } from './controller-registration.ts';
import { readBootstrapRecords } from './format.ts';
import { SnapshotSchedule, type SnapshotSettings } from './metadata-snapshots.ts';
import { PartitionQuorumLog, QuorumStateFile } from './quorum-storage.ts';
import { NodeRaftTransport } from './raft-transport.ts';

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
  /** `process.roles` has `controller`: this node may vote, and its controller may become the active one. */
  readonly isController: boolean;
  /** Where controllers reach this one; empty where it is none. */
  readonly controllerListeners: readonly ListenerImage[];
  /** The first of `controller.listener.names`. */
  readonly controllerListenerName: string;
  /** `controller.quorum.bootstrap.servers` */
  readonly bootstrapServers: readonly Address[];
  /** `controller.quorum.auto.join.enable` */
  readonly autoJoin: boolean;
  /** `controller.quorum.fetch.max.bytes`, `controller.quorum.fetch.snapshot.max.bytes` */
  readonly fetchMaxBytes: number;
  readonly fetchSnapshotMaxBytes: number;
  /** `controller.quorum.request.timeout.ms` */
  readonly requestTimeoutMs: number;
  /** Connections to other controllers. */
  readonly clients: NodeClients;
  readonly timeouts: RaftTimeouts;
  readonly snapshots: SnapshotSettings;
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

/** The controller refused what this broker asked for. */
export class RegistrationError extends Error {
  override name = 'RegistrationError';
}

/** How long a starting broker may take to find the cluster and to be registered. */
export interface RegistrationTime {
  /** `initial.broker.registration.timeout.ms` */
  readonly timeoutMs: number;
  /** When that is over, on the monotonic clock. */
  readonly untilMs: number;
}

export function notRegisteredError({ timeoutMs }: RegistrationTime, reason: string): RegistrationError {
  return new RegistrationError(`The broker could not be registered within ${timeoutMs} ms: ${reason}`);
}

/** Who leads the quorum, and where its controller listens. */
export interface ActiveController {
  readonly nodeId: number;
  readonly leaderEpoch: number;
  readonly address: Address;
}

/** How long Kafka's leader may keep a fetch that has nothing to get. */
const FETCH_MAX_WAIT_MS = 500;
const CATCH_UP_CHECK_MS = 10;
const NO_LEADER_HEARD =
  'no controller is active, or none can be reached. Most controllers must run, where controller.quorum.bootstrap.servers ' +
  '(controller.quorum.voters) says';
/** setTimeout takes no more. */
const TIMER_DELAY_MAX_MS = 0x7fff_ffff;

export class MetadataQuorum {
  readonly #options: MetadataQuorumOptions;
  readonly #loader = new MetadataLoader();
  readonly #leaderListeners: ((active: ActiveController | null) => void)[] = [];
  readonly #registrations: ControllerRegistrations;
  readonly #snapshots: SnapshotSchedule;
  #snapshotTimer: TimerHandle | null = null;
  #transport: NodeRaftTransport | null = null;
  #stopped = false;
  #registrationClient: { readonly address: Address; readonly client: NodeClient } | null = null;
  #driver!: RaftDriver;
  #controller!: Controller;
  #activation: { readonly resolve: () => void; readonly reject: (error: Error) => void } | null = null;

  private constructor(options: MetadataQuorumOptions) {
    this.#options = options;
    const { nodeId, random, controllerListeners, clock, timer, logger, snapshots } = options;
    this.#snapshots = new SnapshotSchedule(snapshots, clock);
    this.#registrations = new ControllerRegistrations({
      registration: {
        controllerId: nodeId,
        incarnationId: randomUuid(random),
        listeners: controllerListeners,
        supportedFeatures,
      },
      image: () => this.image,
      send: (registration) => this.#sendRegistration(registration),
      timer,
      logger: logger.child('controller'),
    });
  }

  /** Resolves when a lone voter's controller is active and the log has its bootstrap records; for others at once. */
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

  get raft(): RaftDriver {
    return this.#driver;
  }

  get clusterId(): string {
    return this.#options.clusterId;
  }

  /** This node is all of the quorum: its controller is always the active one. */
  get isLone(): boolean {
    const { nodeId, directoryId } = this.#options;
    return this.#driver.voters.voters.length === 1 && this.#driver.voters.has(nodeId, directoryId);
  }

  /** Null while none is known, or it is not known where it listens. */
  get activeController(): ActiveController | null {
    const { leaderId, leaderAddress, leaderEpoch } = this.#driver;
    return leaderId === null || leaderAddress === null
      ? null
      : { nodeId: leaderId, leaderEpoch, address: { host: leaderAddress.host, port: leaderAddress.port } };
  }

  /** Called whenever another controller becomes the active one, or none is. */
  onLeaderChange(listener: (active: ActiveController | null) => void): void {
    this.#leaderListeners.push(listener);
  }

  /**
   * Resolves when the image has all that the leader says is committed; waits for a leader. Rejects with RegistrationError when that
   * takes longer: a broker that does not find its cluster says so and ends, as Kafka's.
   */
  async caughtUp(time: RegistrationTime): Promise<void> {
    const { clock, timer } = this.#options;
    while (!this.#stopped && !this.#isCaughtUp()) {
      if (clock.monotonicMs() >= time.untilMs) throw notRegisteredError(time, this.#driver.problem ?? NO_LEADER_HEARD);
      await new Promise<void>((resolve) => timer.schedule(CATCH_UP_CHECK_MS, resolve));
    }
  }

  #isCaughtUp(): boolean {
    const { leaderHighWatermark } = this.#driver;
    return leaderHighWatermark !== null && this.image.highestOffset + 1 >= leaderHighWatermark;
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
    const endpoints = this.#options.controllerListeners.map(({ name, host, port }) => ({ name, host, port }));
    const { clusterId, clients, requestTimeoutMs, fetchMaxBytes, fetchSnapshotMaxBytes } = this.#options;
    this.#transport = new NodeRaftTransport({
      clients,
      sender: { clusterId, endpoints, fetchMaxWaitMs: FETCH_MAX_WAIT_MS, fetchMaxBytes, fetchSnapshotMaxBytes },
      requestTimeoutMs,
    });
    this.#driver = await RaftDriver.open({
      self: { replicaId: nodeId, directoryId },
      staticVoters: staticVoters === null ? null : staticVoterSet(staticVoters),
      endpoints,
      listenerName: this.#options.controllerListenerName,
      bootstrapServers: this.#options.bootstrapServers,
      requestTimeoutMs,
      autoJoin: this.#options.autoJoin,
      log,
      stateStore: new QuorumStateFile(fileSystem, metadataLog.directory),
      timeouts: this.#options.timeouts,
      transport: this.#transport,
      listener: {
        handleSnapshot: (snapshot) => this.#handleSnapshot(snapshot),
        handleCommit: (batches) => this.#handleCommit(batches),
        handleLeadership: async (leaderEpoch) => this.#handleLeadership(leaderEpoch),
        handleLeadershipLost: (deliveredEndOffset) => this.#controller.deactivate(deliveredEndOffset),
        handleLeaderChange: () => this.#handleLeaderChange(),
      },
      clock: this.#options.clock,
      timer: this.#options.timer,
      random,
      logger: this.#options.logger.child('raft'),
      onFatal: (error) => this.#fatal(error),
    });
    const driver = this.#driver;
    this.#loader.addListener(() => this.#registrations.check());
    if (!this.isLone) {
      driver.start();
      return;
    }
    await new Promise<void>((resolve, reject) => {
      this.#activation = { resolve, reject };
      driver.start();
    });
  }

  /** Registers this run of the controller, and sees to it that it stays so; where another is active, in the background. */
  async registerController(): Promise<void> {
    if (!this.#options.isController) return;
    if (this.isLone) {
      const result = await this.#controller.registerController(this.#registrations.registration);
      // An old metadata.version knows no controller registrations, and needs none.
      if (result.error !== 'UNSUPPORTED_VERSION') refuseFailure(result);
    }
    this.#registrations.start();
  }

  #sendRegistration(registration: ControllerRegistration): Promise<ControlFailure> {
    const active = this.activeController;
    if (this.#controller.active) return this.#controller.registerController(registration);
    if (active === null) return Promise.reject(new Error('no controller is active'));
    const { host, port } = active.address;
    if (this.#registrationClient?.address.host !== host || this.#registrationClient.address.port !== port) {
      this.#registrationClient?.client.close();
      this.#registrationClient = { address: active.address, client: this.#options.clients(active.address) };
    }
    return registerControllerAt(this.#registrationClient.client, registration);
  }

  /** Ends at once and tells nobody, as when the process is killed. */
  abandon(): void {
    this.#stopped = true;
    this.#registrations.stop();
    this.#snapshotTimer?.cancel();
    this.#driver.abandon();
    this.#registrationClient?.client.close();
  }

  /** The metadata log stays open: it belongs to its log directory. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#registrations.stop();
    this.#snapshotTimer?.cancel();
    await this.#driver.stop();
    this.#registrationClient?.client.close();
  }

  #handleLeaderChange(): void {
    const active = this.activeController;
    for (const listener of this.#leaderListeners) listener(active);
    this.#registrations.check();
  }

  async #handleSnapshot(snapshot: RaftSnapshot): Promise<void> {
    const decoded = {
      lastContainedOffset: snapshot.id.endOffset - 1,
      lastContainedEpoch: snapshot.id.epoch,
      lastContainedTimestampMs: snapshot.lastContainedLogTimestampMs,
      records: snapshot.records.map(decodeMetadataRecord),
      kraftVersion: snapshot.kraftVersion,
    };
    if (this.#options.isController) this.#controller.loadSnapshot(decoded);
    await this.#loader.handleSnapshot(decoded);
    this.#snapshots.made();
    this.#controller.published(decoded.lastContainedOffset);
  }

  async #handleCommit(batches: readonly RaftBatch[]): Promise<void> {
    const committed = batches.map(
      (batch): CommittedBatch => ({ ...batch, records: batch.records.map(decodeMetadataRecord) }),
    );
    if (this.#options.isController) for (const batch of committed) this.#controller.replayCommitted(batch);
    await this.#loader.handleCommit(committed);
    const lastOffset: Offset = committed.at(-1)?.lastOffset ?? -1;
    this.#controller.published(lastOffset);
    let bytes = 0;
    for (const { records } of batches) for (const record of records) bytes += record.length;
    if (this.#snapshots.changed(bytes)) this.#writeSnapshot();
    else this.#scheduleSnapshot();
  }

  #scheduleSnapshot(): void {
    const { waitMs } = this.#snapshots;
    if (this.#snapshotTimer !== null || waitMs === null) return;
    this.#snapshotTimer = this.#options.timer.schedule(Math.min(waitMs, TIMER_DELAY_MAX_MS), () => {
      this.#snapshotTimer = null;
      if (this.#snapshots.isDue()) this.#writeSnapshot();
      else this.#scheduleSnapshot();
    });
  }

  /** Of the image of now; within a transaction it is that of before. */
  #writeSnapshot(): void {
    this.#snapshotTimer?.cancel();
    this.#snapshotTimer = null;
    const { image } = this;
    const { highestOffset, highestEpoch, highestTimestampMs } = image;
    try {
      const id = { endOffset: highestOffset + 1, epoch: highestEpoch };
      const records = imageRecords(image);
      const made = this.#driver.writeSnapshot({ id, lastContainedLogTimestampMs: highestTimestampMs, records });
      this.#snapshots.made();
      if (made) this.#options.logger.child('raft').info('a snapshot of the metadata was written', id);
      this.#driver.clean(this.#options.snapshots.retention);
    } catch (error) {
      this.#fatal(error instanceof Error ? error : new Error(String(error)));
    }
  }

  /** Not awaited by the quorum: what activation appends is committed through it. */
  #handleLeadership(leaderEpoch: number): void {
    const activation = this.#activation;
    this.#activation = null;
    this.#controller.activate(leaderEpoch).then(
      () => activation?.resolve(),
      (error: unknown) => {
        // Another leads by now: nothing was lost but this activation.
        if (error instanceof KafkaError && error.error === 'NOT_CONTROLLER') return;
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

async function registerControllerAt(
  client: NodeClient,
  { controllerId, incarnationId, listeners, supportedFeatures: features }: ControllerRegistration,
): Promise<ControlFailure> {
  const exchange = { request: controllerRegistrationRequest, response: controllerRegistrationResponse };
  const { body } = await client.send(exchange, {
    body: {
      controllerId,
      incarnationId,
      listeners,
      features: Object.entries(features).map(([name, { min, max }]) => ({
        name,
        minSupportedVersion: min,
        maxSupportedVersion: max,
      })),
    },
  });
  return { error: errorName(body.errorCode), message: body.errorMessage };
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
