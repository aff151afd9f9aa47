/**
 * Collects metadata records on top of an image and makes the next image of them.
 *
 * What a batch touches is copied once per batch, whatever the number of its records: the partitions of a changed topic,
 * the configs of a changed resource. The two maps of topics are persistent and are never copied.
 */
import type { LeaderEpoch, Offset } from '../base/flavor.ts';
import type { Uuid } from '../base/uuid.ts';
import type { MetadataRecord } from '../wire/record-framing.ts';
import type { ClientQuotaRecord } from '../wire/schema/client-quota-record.ts';
import type { ConfigRecord } from '../wire/schema/config-record.ts';
import {
  type BrokerImage,
  type ClientQuotaImage,
  ConfigsImage,
  configResourceType,
  type MetadataImage,
  type PartitionImage,
  quotaEntityKey,
  resourceKey,
  scramKey,
  type TopicImage,
} from './metadata-image.ts';
import { changedPartition, newPartitionImage, withoutElr } from './partition-records.ts';
import { PersistentMap } from './persistent-map.ts';
import { changedBroker, newBrokerImage, newControllerImage } from './registration-records.ts';

/** The records contradict the image: the log is damaged, or a rule of ours is wrong. */
export class MetadataError extends Error {
  override name = 'MetadataError';
}

export interface PartitionChange {
  /** As it is in the new image. */
  readonly topic: TopicImage;
  readonly partition: number;
  /** Null for a new partition. */
  readonly previous: PartitionImage | null;
  readonly current: PartitionImage;
}

/** What differs between an image and its predecessor. */
export interface MetadataChanges {
  /** As they are in the new image. */
  readonly createdTopics: readonly TopicImage[];
  /** As they were before. */
  readonly deletedTopics: readonly TopicImage[];
  /** New and changed partitions, those of created topics among them; not those of deleted topics. */
  readonly changedPartitions: readonly PartitionChange[];
  readonly changedConfigs: readonly { readonly resourceType: number; readonly resourceName: string }[];
  /** Registered, changed or unregistered. */
  readonly changedBrokers: readonly number[];
  readonly featuresChanged: boolean;
  readonly clientQuotasChanged: boolean;
  readonly scramCredentialsChanged: boolean;
  readonly aclsChanged: boolean;
  readonly delegationTokensChanged: boolean;
}

export interface Provenance {
  /** Of the last record. */
  readonly offset: Offset;
  readonly epoch: LeaderEpoch;
  readonly timestampMs: number;
}

/** One topic while its batch is under way. */
interface TopicDraft {
  readonly name: string;
  readonly topicId: Uuid;
  /** Null: created in this batch. */
  readonly previous: TopicImage | null;
  readonly partitions: Map<number, PartitionImage>;
  readonly changed: Set<number>;
}

export class MetadataDelta {
  readonly #base: MetadataImage;
  readonly #topics = new Map<Uuid, TopicDraft>();
  readonly #deletedTopics = new Map<Uuid, TopicImage>();
  readonly #configs = new Map<string, { resourceType: number; resourceName: string; values: Map<string, string> }>();
  #features: Map<string, number> | null = null;
  #brokers: Map<number, BrokerImage> | null = null;
  readonly #changedBrokers = new Set<number>();
  #controllers: Map<number, ReturnType<typeof newControllerImage>> | null = null;
  #nextProducerId: number;
  #clientQuotas: Map<string, ClientQuotaImage> | null = null;
  #scramCredentials: Map<string, NonNullable<ReturnType<MetadataImage['scramCredentials']['get']>>> | null = null;
  #acls: Map<Uuid, NonNullable<ReturnType<MetadataImage['acls']['get']>>> | null = null;
  #delegationTokens: Map<string, NonNullable<ReturnType<MetadataImage['delegationTokens']['get']>>> | null = null;
  #zkMigrationState: number;
  #unknownRecords: MetadataImage['unknownRecords'];

  constructor(base: MetadataImage) {
    this.#base = base;
    this.#nextProducerId = base.nextProducerId;
    this.#zkMigrationState = base.zkMigrationState;
    this.#unknownRecords = base.unknownRecords;
  }

  /** Transaction markers change no image: `MetadataLoader` decides with them which records come here. */
  replay(record: MetadataRecord): void {
    switch (record.type) {
      case 'RegisterBrokerRecord':
        this.#setBroker(newBrokerImage(record.value));
        return;
      case 'UnregisterBrokerRecord':
        this.#broker(record.value.brokerId, record.value.brokerEpoch);
        this.#mutableBrokers().delete(record.value.brokerId);
        this.#changedBrokers.add(record.value.brokerId);
        return;
      case 'FenceBrokerRecord':
        this.#setBroker({ ...this.#broker(record.value.id, record.value.epoch), fenced: true });
        return;
      case 'UnfenceBrokerRecord':
        this.#setBroker({ ...this.#broker(record.value.id, record.value.epoch), fenced: false });
        return;
      case 'BrokerRegistrationChangeRecord':
        this.#setBroker(changedBroker(this.#broker(record.value.brokerId, record.value.brokerEpoch), record.value));
        return;
      case 'RegisterControllerRecord':
        this.#controllers ??= new Map(this.#base.controllers);
        this.#controllers.set(record.value.controllerId, newControllerImage(record.value));
        return;
      case 'TopicRecord': {
        const { name, topicId } = record.value;
        this.#topics.set(topicId, { name, topicId, previous: null, partitions: new Map(), changed: new Set() });
        return;
      }
      case 'PartitionRecord':
        this.#setPartition(record.value.topicId, record.value.partitionId, newPartitionImage(record.value));
        return;
      case 'PartitionChangeRecord': {
        const { topicId, partitionId } = record.value;
        const partition = this.#topic(topicId).partitions.get(partitionId);
        if (partition === undefined) throw new MetadataError(`no partition ${partitionId} in topic ${topicId}`);
        this.#setPartition(topicId, partitionId, changedPartition(partition, record.value));
        return;
      }
      case 'ClearElrRecord':
        this.#clearElr(record.value.topicName);
        return;
      case 'RemoveTopicRecord':
        this.#removeTopic(record.value.topicId);
        return;
      case 'ConfigRecord':
        this.#setConfig(record.value);
        return;
      case 'FeatureLevelRecord':
        this.setFeature(record.value.name, record.value.featureLevel);
        return;
      case 'ProducerIdsRecord':
        this.#nextProducerId = record.value.nextProducerId;
        return;
      case 'ClientQuotaRecord':
        this.#setClientQuota(record.value);
        return;
      case 'UserScramCredentialRecord':
        this.#scramCredentials ??= new Map(this.#base.scramCredentials);
        this.#scramCredentials.set(scramKey(record.value.mechanism, record.value.name), record.value);
        return;
      case 'RemoveUserScramCredentialRecord':
        this.#scramCredentials ??= new Map(this.#base.scramCredentials);
        this.#scramCredentials.delete(scramKey(record.value.mechanism, record.value.name));
        return;
      case 'AccessControlEntryRecord':
        this.#acls ??= new Map(this.#base.acls);
        this.#acls.set(record.value.id, record.value);
        return;
      case 'RemoveAccessControlEntryRecord':
        this.#acls ??= new Map(this.#base.acls);
        this.#acls.delete(record.value.id);
        return;
      case 'DelegationTokenRecord':
        this.#delegationTokens ??= new Map(this.#base.delegationTokens);
        this.#delegationTokens.set(record.value.tokenId, record.value);
        return;
      case 'RemoveDelegationTokenRecord':
        this.#delegationTokens ??= new Map(this.#base.delegationTokens);
        this.#delegationTokens.delete(record.value.tokenId);
        return;
      case 'ZkMigrationStateRecord':
        this.#zkMigrationState = record.value.zkMigrationState;
        return;
      case 'NoOpRecord':
      case 'BeginTransactionRecord':
      case 'EndTransactionRecord':
      case 'AbortTransactionRecord':
        return;
      case 'unknown':
        // The bytes are a view of a whole batch: a copy, so that the batch is not kept with them.
        this.#unknownRecords = [...this.#unknownRecords, { ...record, bytes: Buffer.from(record.bytes) }];
        return;
      default:
        record satisfies never;
    }
  }

  /** `kraft.version` comes from the quorum's control records, everything else from FeatureLevelRecord. 0 removes. */
  setFeature(name: string, level: number): void {
    this.#features ??= new Map(this.#base.features);
    if (level === 0) this.#features.delete(name);
    else this.#features.set(name, level);
  }

  finish(provenance: Provenance): { readonly image: MetadataImage; readonly changes: MetadataChanges } {
    const base = this.#base;
    let topicsByName = PersistentMap.of(base.topicsByName);
    let topicsById = PersistentMap.of(base.topicsById);
    for (const topic of this.#deletedTopics.values()) {
      topicsById = topicsById.delete(topic.topicId);
      topicsByName = topicsByName.delete(topic.name);
    }
    const createdTopics: TopicImage[] = [];
    const changedPartitions: PartitionChange[] = [];
    for (const { name, topicId, previous, partitions, changed } of this.#topics.values()) {
      if (previous !== null && changed.size === 0) continue;
      const topic: TopicImage = { name, topicId, partitions };
      topicsById = topicsById.set(topicId, topic);
      topicsByName = topicsByName.set(name, topic);
      if (previous === null) createdTopics.push(topic);
      for (const partition of changed) {
        const current = partitions.get(partition)!;
        changedPartitions.push({ topic, partition, previous: previous?.partitions.get(partition) ?? null, current });
      }
    }
    let resources = base.configs.resources;
    for (const [key, { values }] of this.#configs) {
      resources = values.size === 0 ? resources.delete(key) : resources.set(key, values);
    }
    const image: MetadataImage = {
      highestOffset: provenance.offset,
      highestEpoch: provenance.epoch,
      highestTimestampMs: provenance.timestampMs,
      features: this.#features ?? base.features,
      topicsByName,
      topicsById,
      brokers: this.#brokers ?? base.brokers,
      controllers: this.#controllers ?? base.controllers,
      configs: resources === base.configs.resources ? base.configs : new ConfigsImage(resources),
      nextProducerId: this.#nextProducerId,
      clientQuotas: this.#clientQuotas ?? base.clientQuotas,
      scramCredentials: this.#scramCredentials ?? base.scramCredentials,
      acls: this.#acls ?? base.acls,
      delegationTokens: this.#delegationTokens ?? base.delegationTokens,
      zkMigrationState: this.#zkMigrationState,
      unknownRecords: this.#unknownRecords,
    };
    const changes: MetadataChanges = {
      createdTopics,
      deletedTopics: [...this.#deletedTopics.values()],
      changedPartitions,
      changedConfigs: [...this.#configs.values()].map(({ resourceType, resourceName }) => ({
        resourceType,
        resourceName,
      })),
      changedBrokers: [...this.#changedBrokers],
      featuresChanged: this.#features !== null,
      clientQuotasChanged: this.#clientQuotas !== null,
      scramCredentialsChanged: this.#scramCredentials !== null,
      aclsChanged: this.#acls !== null,
      delegationTokensChanged: this.#delegationTokens !== null,
    };
    return { image, changes };
  }

  #mutableBrokers(): Map<number, BrokerImage> {
    this.#brokers ??= new Map(this.#base.brokers);
    return this.#brokers;
  }

  #broker(brokerId: number, brokerEpoch: number): BrokerImage {
    const broker = (this.#brokers ?? this.#base.brokers).get(brokerId);
    if (broker === undefined) throw new MetadataError(`broker ${brokerId} is not registered`);
    if (broker.brokerEpoch !== brokerEpoch) {
      throw new MetadataError(`broker ${brokerId} has epoch ${broker.brokerEpoch}, the record ${brokerEpoch}`);
    }
    return broker;
  }

  #setBroker(broker: BrokerImage): void {
    this.#mutableBrokers().set(broker.brokerId, broker);
    this.#changedBrokers.add(broker.brokerId);
  }

  #topic(topicId: Uuid): TopicDraft {
    const draft = this.#topics.get(topicId);
    if (draft !== undefined) return draft;
    const previous = this.#deletedTopics.has(topicId) ? undefined : this.#base.topicsById.get(topicId);
    if (previous === undefined) throw new MetadataError(`no topic with id ${topicId}`);
    const partitions = new Map(previous.partitions);
    const newDraft = { name: previous.name, topicId, previous, partitions, changed: new Set<number>() };
    this.#topics.set(topicId, newDraft);
    return newDraft;
  }

  #setPartition(topicId: Uuid, partition: number, image: PartitionImage): void {
    const topic = this.#topic(topicId);
    topic.partitions.set(partition, image);
    topic.changed.add(partition);
  }

  #topicIds(topicName: string): Uuid[] {
    const ids = new Set<Uuid>();
    if (topicName !== '') {
      for (const draft of this.#topics.values()) if (draft.name === topicName) ids.add(draft.topicId);
      const topic = this.#base.topicsByName.get(topicName);
      if (topic !== undefined && !this.#deletedTopics.has(topic.topicId)) ids.add(topic.topicId);
      return [...ids];
    }
    for (const topicId of this.#topics.keys()) ids.add(topicId);
    for (const topicId of this.#base.topicsById.keys()) if (!this.#deletedTopics.has(topicId)) ids.add(topicId);
    return [...ids];
  }

  /** An empty name means every topic. */
  #clearElr(topicName: string): void {
    for (const topicId of this.#topicIds(topicName)) {
      const { partitions } = this.#topics.get(topicId) ?? this.#base.topicsById.get(topicId)!;
      for (const [partition, image] of partitions) {
        const cleared = withoutElr(image);
        if (cleared !== image) this.#setPartition(topicId, partition, cleared);
      }
    }
  }

  #removeTopic(topicId: Uuid): void {
    const draft = this.#topics.get(topicId);
    const previous = draft === undefined ? this.#base.topicsById.get(topicId) : draft.previous;
    if (previous === undefined || this.#deletedTopics.has(topicId)) {
      throw new MetadataError(`no topic with id ${topicId}`);
    }
    this.#topics.delete(topicId);
    if (previous !== null) this.#deletedTopics.set(topicId, previous);
    // A topic's configs go with it, without records of their own.
    const name = draft?.name ?? previous!.name;
    const key = resourceKey(configResourceType.topic, name);
    if (this.#configs.has(key) || this.#base.configs.resources.has(key)) {
      this.#configs.set(key, { resourceType: configResourceType.topic, resourceName: name, values: new Map() });
    }
  }

  #setConfig({ resourceType, resourceName, name, value }: ConfigRecord): void {
    const key = resourceKey(resourceType, resourceName);
    let config = this.#configs.get(key);
    if (config === undefined) {
      config = { resourceType, resourceName, values: new Map(this.#base.configs.resources.get(key) ?? []) };
      this.#configs.set(key, config);
    }
    if (value === null) config.values.delete(name);
    else config.values.set(name, value);
  }

  #setClientQuota({ entity, key, value, remove }: ClientQuotaRecord): void {
    this.#clientQuotas ??= new Map(this.#base.clientQuotas);
    const entityKey = quotaEntityKey(entity);
    const present = this.#clientQuotas.get(entityKey);
    const values = new Map(present?.values ?? []);
    if (remove) values.delete(key);
    else values.set(key, value);
    if (values.size === 0) this.#clientQuotas.delete(entityKey);
    else this.#clientQuotas.set(entityKey, { entity: present?.entity ?? entity, values });
  }
}
