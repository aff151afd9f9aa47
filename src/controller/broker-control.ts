/** Registrations of brokers and controllers, and their state: fenced, unfenced, in controlled shutdown. */

import type { Offset } from '../base/flavor.ts';
import { type SnapshotRegistry, TimelineMap } from '../base/timeline-map.ts';
import { type Uuid, ZERO_UUID } from '../base/uuid.ts';
import { LOST_DIRECTORY, MIGRATING_DIRECTORY, UNASSIGNED_DIRECTORY } from '../metadata/directory-id.ts';
import { allows, METADATA_VERSION, registerBrokerRecordVersion } from '../metadata/features.ts';
import type { BrokerImage, ControllerImage, ListenerImage, SupportedVersions } from '../metadata/metadata-image.ts';
import {
  changedBroker,
  controlledShutdownChange,
  fencingChange,
  newBrokerImage,
  newControllerImage,
} from '../metadata/registration-records.ts';
import {
  type BrokerRegistrationChangeRecord,
  brokerRegistrationChangeRecord,
} from '../wire/schema/broker-registration-change-record.ts';
import { type RegisterBrokerRecord, registerBrokerRecord } from '../wire/schema/register-broker-record.ts';
import { type RegisterControllerRecord, registerControllerRecord } from '../wire/schema/register-controller-record.ts';
import { unregisterBrokerRecord } from '../wire/schema/unregister-broker-record.ts';
import { type ControlFailure, type ControlRecord, failure, newControlRecord } from './control-record.ts';
import type { FeatureControl } from './feature-control.ts';

export interface BrokerRegistration {
  readonly brokerId: number;
  readonly clusterId: string;
  /** A new one for each start of the broker. */
  readonly incarnationId: Uuid;
  readonly listeners: readonly ListenerImage[];
  readonly supportedFeatures: Readonly<Record<string, SupportedVersions>>;
  readonly rack: string | null;
  readonly logDirs: readonly Uuid[];
  /** The epoch that the last clean shutdown left behind; -1 after a crash, or when there was none. */
  readonly previousBrokerEpoch: number;
}

export interface ControllerRegistration {
  readonly controllerId: number;
  readonly incarnationId: Uuid;
  readonly listeners: readonly ListenerImage[];
  readonly supportedFeatures: Readonly<Record<string, SupportedVersions>>;
}

/** A broker cannot have these: they have meanings of their own (KIP-858). */
const reservedDirectories: readonly Uuid[] = [UNASSIGNED_DIRECTORY, LOST_DIRECTORY, MIGRATING_DIRECTORY];

export class BrokerControl {
  readonly #clusterId: string;
  readonly #features: FeatureControl;
  readonly #brokers: TimelineMap<number, BrokerImage>;
  readonly #controllers: TimelineMap<number, ControllerImage>;
  /** Where in the log each broker's registration is: it may serve once it has seen it. */
  readonly #registrationOffsets: TimelineMap<number, Offset>;

  constructor(options: {
    readonly registry: SnapshotRegistry;
    readonly clusterId: string;
    readonly features: FeatureControl;
  }) {
    this.#clusterId = options.clusterId;
    this.#features = options.features;
    this.#brokers = new TimelineMap(options.registry);
    this.#controllers = new TimelineMap(options.registry);
    this.#registrationOffsets = new TimelineMap(options.registry);
  }

  broker(brokerId: number): BrokerImage | undefined {
    return this.#brokers.get(brokerId);
  }

  controller(controllerId: number): ControllerImage | undefined {
    return this.#controllers.get(controllerId);
  }

  controllers(): IterableIterator<ControllerImage> {
    return this.#controllers.values();
  }

  registrationOffset(brokerId: number): Offset {
    return this.#registrationOffsets.get(brokerId) ?? -1;
  }

  brokers(): IterableIterator<BrokerImage> {
    return this.#brokers.values();
  }

  /** May lead partitions and join in-sync replicas. */
  isActive(brokerId: number): boolean {
    const broker = this.#brokers.get(brokerId);
    return broker !== undefined && !broker.fenced && !broker.inControlledShutdown;
  }

  /** Every request of a broker carries its epoch, so that an earlier run of it cannot speak for the present one. */
  epochProblem(brokerId: number, brokerEpoch: number): ControlFailure | null {
    const broker = this.#brokers.get(brokerId);
    if (broker === undefined) {
      return failure('STALE_BROKER_EPOCH', `No broker registration found for broker id ${brokerId}`);
    }
    if (broker.brokerEpoch === brokerEpoch) return null;
    const message = `Expected broker epoch ${broker.brokerEpoch}, but got broker epoch ${brokerEpoch}`;
    return failure('STALE_BROKER_EPOCH', message);
  }

  /** Where a new replica on this broker lies, as far as the controller can tell: a broker with several decides itself. */
  defaultDirectory(brokerId: number): Uuid {
    const logDirs = this.#brokers.get(brokerId)?.logDirs ?? [];
    return logDirs.length === 1 ? logDirs[0]! : ZERO_UUID;
  }

  /** New replicas may go there. */
  hasUncordonedDirectory({ logDirs, cordonedLogDirs }: BrokerImage): boolean {
    return logDirs.length === 0 || logDirs.some((directoryId) => cordonedLogDirs?.includes(directoryId) !== true);
  }

  /** `hasValidSession`: the run of this broker that is registered now was heard of lately. */
  registrationProblem(registration: BrokerRegistration, hasValidSession: boolean): ControlFailure | null {
    if (registration.clusterId !== this.#clusterId) {
      const message = `Expected cluster ID ${this.#clusterId}, but got cluster ID ${registration.clusterId}`;
      return failure('INCONSISTENT_CLUSTER_ID', message);
    }
    const existing = this.#brokers.get(registration.brokerId);
    if (hasValidSession && existing !== undefined && existing.incarnationId !== registration.incarnationId) {
      const message =
        'Another broker is registered with that broker id. If the broker was recently restarted, this ends by itself ' +
        'when the session of its previous run does.';
      return failure('DUPLICATE_BROKER_REGISTRATION', message);
    }
    return this.#directoryProblem(registration) ?? this.#featureProblem(registration);
  }

  #directoryProblem({ brokerId, logDirs }: BrokerRegistration): ControlFailure | null {
    if (!allows.directoryAssignment(this.#features.metadataVersion)) return null;
    const invalid = (message: string): ControlFailure => failure('INVALID_REGISTRATION', message);
    if (logDirs.length === 0) return invalid('No directories specified in request');
    if (logDirs.some((directory) => reservedDirectories.includes(directory))) {
      return invalid('Reserved directory ID in request');
    }
    if (new Set(logDirs).size !== logDirs.length) return invalid('Duplicate directory ID in request');
    for (const broker of this.#brokers.values()) {
      const shared = broker.brokerId === brokerId ? undefined : broker.logDirs.find((id) => logDirs.includes(id));
      if (shared !== undefined) {
        return invalid(`Broker ${broker.brokerId} is already registered with directory ${shared}`);
      }
    }
    return null;
  }

  #featureProblem({ supportedFeatures }: BrokerRegistration): ControlFailure | null {
    if (supportedFeatures[METADATA_VERSION] === undefined) {
      return failure('INVALID_REGISTRATION', "Request features do not contain 'metadata.version'");
    }
    for (const [name, level] of this.#features.levels) {
      const range = supportedFeatures[name] ?? { min: 0, max: 0 };
      if (level >= range.min && level <= range.max) continue;
      const message =
        `Unable to register because the broker does not support finalized version ${level} of ${name}. The broker ` +
        `wants a version between ${range.min} and ${range.max}, inclusive.`;
      return failure('UNSUPPORTED_VERSION', message);
    }
    return null;
  }

  /** A restart gets `newBrokerEpoch`; the same incarnation that registers again keeps its epoch and its state. */
  registerRecord(registration: BrokerRegistration, newBrokerEpoch: number): ControlRecord {
    const { metadataVersion } = this.#features;
    const existing = this.#brokers.get(registration.brokerId);
    const amended = existing?.incarnationId === registration.incarnationId ? existing : null;
    return newControlRecord(registerBrokerRecord, registerBrokerRecordVersion(metadataVersion), {
      brokerId: registration.brokerId,
      incarnationId: registration.incarnationId,
      brokerEpoch: amended?.brokerEpoch ?? newBrokerEpoch,
      endPoints: registration.listeners,
      features: featureRanges(registration.supportedFeatures),
      rack: registration.rack,
      fenced: amended?.fenced ?? true,
      ...(amended?.inControlledShutdown ? { inControlledShutdown: true } : {}),
      ...(allows.directoryAssignment(metadataVersion) ? { logDirs: registration.logDirs } : {}),
    });
  }

  registerControllerRecord(registration: ControllerRegistration): ControlRecord {
    return newControlRecord(registerControllerRecord, 0, {
      controllerId: registration.controllerId,
      incarnationId: registration.incarnationId,
      zkMigrationReady: false,
      endPoints: registration.listeners,
      features: featureRanges(registration.supportedFeatures),
    });
  }

  fenceRecord(broker: BrokerImage): ControlRecord {
    return this.#changeRecord(broker, 0, { fenced: fencingChange.fence });
  }

  unfenceRecord(broker: BrokerImage): ControlRecord {
    return this.#changeRecord(broker, 0, { fenced: fencingChange.unfence });
  }

  controlledShutdownRecord(broker: BrokerImage): ControlRecord {
    return this.#changeRecord(broker, 1, { inControlledShutdown: controlledShutdownChange.inControlledShutdown });
  }

  /** What a broker's first heartbeat makes known; null when nothing is new. */
  cordonedLogDirsRecord(broker: BrokerImage, cordonedLogDirs: readonly Uuid[]): ControlRecord | null {
    if (!allows.cordonedLogDirs(this.#features.metadataVersion)) return null;
    const known = broker.cordonedLogDirs;
    if (
      known !== null &&
      known.length === cordonedLogDirs.length &&
      known.every((id, i) => id === cordonedLogDirs[i])
    ) {
      return null;
    }
    return this.#changeRecord(broker, 3, { cordonedLogDirs });
  }

  onlineLogDirsRecord(broker: BrokerImage, logDirs: readonly Uuid[]): ControlRecord {
    return this.#changeRecord(broker, 2, { logDirs });
  }

  unregisterRecord({ brokerId, brokerEpoch }: BrokerImage): ControlRecord {
    return newControlRecord(unregisterBrokerRecord, 0, { brokerId, brokerEpoch });
  }

  #changeRecord(
    { brokerId, brokerEpoch }: BrokerImage,
    version: number,
    change: {
      fenced?: number;
      inControlledShutdown?: number;
      logDirs?: readonly Uuid[];
      cordonedLogDirs?: readonly Uuid[];
    },
  ): ControlRecord {
    return newControlRecord(brokerRegistrationChangeRecord, version, { brokerId, brokerEpoch, ...change });
  }

  replayRegisterBroker(record: RegisterBrokerRecord, offset: Offset): void {
    this.#brokers.set(record.brokerId, newBrokerImage(record));
    this.#registrationOffsets.set(record.brokerId, offset);
  }

  replayUnregisterBroker(brokerId: number): void {
    this.#brokers.delete(brokerId);
    this.#registrationOffsets.delete(brokerId);
  }

  replayFencing(brokerId: number, fenced: boolean): void {
    const broker = this.#brokers.get(brokerId);
    if (broker !== undefined) this.#brokers.set(brokerId, { ...broker, fenced });
  }

  replayRegistrationChange(record: BrokerRegistrationChangeRecord): void {
    const broker = this.#brokers.get(record.brokerId);
    if (broker !== undefined) this.#brokers.set(record.brokerId, changedBroker(broker, record));
  }

  replayRegisterController(record: RegisterControllerRecord): void {
    this.#controllers.set(record.controllerId, newControllerImage(record));
  }
}

function featureRanges(features: Readonly<Record<string, SupportedVersions>>) {
  return Object.entries(features).map(([name, { min, max }]) => ({
    name,
    minSupportedVersion: min,
    maxSupportedVersion: max,
  }));
}
