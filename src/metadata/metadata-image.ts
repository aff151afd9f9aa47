/**
 * What the cluster looks like now: an immutable view of everything that the metadata log says, up to one offset.
 *
 * A new image shares with its predecessor all that did not change; whoever keeps an image keeps a consistent view.
 * `MetadataDelta` makes images, `MetadataLoader` publishes them.
 */
import type { BrokerEpoch, LeaderEpoch, Offset, PartitionEpoch } from '../base/flavor.ts';
import type { Uuid } from '../base/uuid.ts';
import type { UnknownMetadataRecord } from '../wire/record-framing.ts';
import type { AccessControlEntryRecord } from '../wire/schema/access-control-entry-record.ts';
import type { DelegationTokenRecord } from '../wire/schema/delegation-token-record.ts';
import type { UserScramCredentialRecord } from '../wire/schema/user-scram-credential-record.ts';
import { PersistentMap } from './persistent-map.ts';

export const NO_LEADER = -1;

export type LeaderRecoveryState = 'RECOVERED' | 'RECOVERING';

export interface PartitionImage {
  readonly replicas: readonly number[];
  /** One per replica, in the same order; see KIP-858. */
  readonly directories: readonly Uuid[];
  readonly isr: readonly number[];
  /** Eligible leader replicas, KIP-966. */
  readonly elr: readonly number[];
  readonly lastKnownElr: readonly number[];
  readonly addingReplicas: readonly number[];
  readonly removingReplicas: readonly number[];
  /** -1 when there is none. */
  readonly leader: number;
  readonly leaderRecoveryState: LeaderRecoveryState;
  readonly leaderEpoch: LeaderEpoch;
  readonly partitionEpoch: PartitionEpoch;
}

export interface TopicImage {
  readonly name: string;
  readonly topicId: Uuid;
  readonly partitions: ReadonlyMap<number, PartitionImage>;
}

export interface ListenerImage {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** 0 PLAINTEXT, 1 SSL, 2 SASL_PLAINTEXT, 3 SASL_SSL. */
  readonly securityProtocol: number;
}

export interface SupportedVersions {
  readonly min: number;
  readonly max: number;
}

export interface BrokerImage {
  readonly brokerId: number;
  readonly brokerEpoch: BrokerEpoch;
  readonly incarnationId: Uuid;
  readonly listeners: readonly ListenerImage[];
  readonly supportedFeatures: ReadonlyMap<string, SupportedVersions>;
  readonly rack: string | null;
  readonly fenced: boolean;
  readonly inControlledShutdown: boolean;
  readonly isMigratingZkBroker: boolean;
  readonly logDirs: readonly Uuid[];
  /** Null: the broker never said (before metadata.version 4.3-IV0). */
  readonly cordonedLogDirs: readonly Uuid[] | null;
}

export interface ControllerImage {
  readonly controllerId: number;
  readonly incarnationId: Uuid;
  readonly zkMigrationReady: boolean;
  readonly listeners: readonly ListenerImage[];
  readonly supportedFeatures: ReadonlyMap<string, SupportedVersions>;
}

/** Numbers of DescribeConfigs and ConfigRecord. */
export const configResourceType = { topic: 2, broker: 4, clientMetrics: 16, group: 32 } as const;

/** Kafka's word for the settings of all brokers is a broker with an empty name. */
export const CLUSTER_DEFAULT = '';

const NO_CONFIGS: ReadonlyMap<string, string> = new Map();

/** Dynamic configs: what ConfigRecords set, without defaults and static configs. */
export class ConfigsImage {
  /** Keys are `resourceKey(type, name)`. */
  readonly resources: PersistentMap<string, ReadonlyMap<string, string>>;

  constructor(resources: PersistentMap<string, ReadonlyMap<string, string>> = PersistentMap.empty()) {
    this.resources = resources;
  }

  resource(resourceType: number, resourceName: string): ReadonlyMap<string, string> {
    return this.resources.get(resourceKey(resourceType, resourceName)) ?? NO_CONFIGS;
  }

  /** Resources of one type that have configs. */
  namesOf(resourceType: number): string[] {
    const prefix = resourceKey(resourceType, '');
    return [...this.resources.keys()].filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length));
  }

  broker(brokerId: number): ReadonlyMap<string, string> {
    return this.resource(configResourceType.broker, String(brokerId));
  }

  get clusterDefault(): ReadonlyMap<string, string> {
    return this.resource(configResourceType.broker, CLUSTER_DEFAULT);
  }

  topic(name: string): ReadonlyMap<string, string> {
    return this.resource(configResourceType.topic, name);
  }

  group(name: string): ReadonlyMap<string, string> {
    return this.resource(configResourceType.group, name);
  }

  clientMetrics(name: string): ReadonlyMap<string, string> {
    return this.resource(configResourceType.clientMetrics, name);
  }
}

export function resourceKey(resourceType: number, resourceName: string): string {
  return `${resourceType}:${resourceName}`;
}

export interface QuotaEntityPart {
  readonly entityType: string;
  /** Null: the default entity of that type. */
  readonly entityName: string | null;
}

export interface ClientQuotaImage {
  readonly entity: readonly QuotaEntityPart[];
  readonly values: ReadonlyMap<string, number>;
}

export interface MetadataImage {
  /** Of the last record in it; -1 when empty. */
  readonly highestOffset: Offset;
  readonly highestEpoch: LeaderEpoch;
  readonly highestTimestampMs: number;
  /** Finalised levels, without those at 0; `metadata.version` among them, `kraft.version` too. */
  readonly features: ReadonlyMap<string, number>;
  readonly topicsByName: ReadonlyMap<string, TopicImage>;
  readonly topicsById: ReadonlyMap<Uuid, TopicImage>;
  readonly brokers: ReadonlyMap<number, BrokerImage>;
  readonly controllers: ReadonlyMap<number, ControllerImage>;
  readonly configs: ConfigsImage;
  /** The first producer id that no broker has; 0 when none was handed out yet. */
  readonly nextProducerId: number;
  /** Keys are `quotaEntityKey`. */
  readonly clientQuotas: ReadonlyMap<string, ClientQuotaImage>;
  /** Keys are `scramKey`. */
  readonly scramCredentials: ReadonlyMap<string, UserScramCredentialRecord>;
  readonly acls: ReadonlyMap<Uuid, AccessControlEntryRecord>;
  /** Keys are token ids. */
  readonly delegationTokens: ReadonlyMap<string, DelegationTokenRecord>;
  /** -1 when no ZkMigrationState record was seen. */
  readonly zkMigrationState: number;
  /** Records that this release does not know, in log order: kept, so that a snapshot loses nothing. */
  readonly unknownRecords: readonly UnknownMetadataRecord[];
}

export function scramKey(mechanism: number, userName: string): string {
  return `${mechanism}:${userName}`;
}

export function quotaEntityKey(entity: readonly QuotaEntityPart[]): string {
  return JSON.stringify(
    entity.map(({ entityType, entityName }) => [entityType, entityName]).sort((a, b) => (a[0]! < b[0]! ? -1 : 1)),
  );
}

export const emptyImage: MetadataImage = {
  highestOffset: -1,
  highestEpoch: -1,
  highestTimestampMs: -1,
  features: new Map(),
  topicsByName: PersistentMap.empty(),
  topicsById: PersistentMap.empty(),
  brokers: new Map(),
  controllers: new Map(),
  configs: new ConfigsImage(),
  nextProducerId: 0,
  clientQuotas: new Map(),
  scramCredentials: new Map(),
  acls: new Map(),
  delegationTokens: new Map(),
  zkMigrationState: -1,
  unknownRecords: [],
};
