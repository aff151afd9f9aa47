/**
 * An image as the records of a snapshot (KIP-630): replayed on nothing, they give the image again. In Kafka's order; records
 * that this release does not know come last, as they were.
 *
 * `kraft.version` is the quorum's own: its control records say it, not these.
 */
import { encodeMetadataRecord } from '../wire/record-framing.ts';
import { accessControlEntryRecord } from '../wire/schema/access-control-entry-record.ts';
import { clientQuotaRecord } from '../wire/schema/client-quota-record.ts';
import { configRecord } from '../wire/schema/config-record.ts';
import { delegationTokenRecord } from '../wire/schema/delegation-token-record.ts';
import { featureLevelRecord } from '../wire/schema/feature-level-record.ts';
import { partitionRecord } from '../wire/schema/partition-record.ts';
import { producerIdsRecord } from '../wire/schema/producer-ids-record.ts';
import { registerBrokerRecord } from '../wire/schema/register-broker-record.ts';
import { registerControllerRecord } from '../wire/schema/register-controller-record.ts';
import { topicRecord } from '../wire/schema/topic-record.ts';
import { userScramCredentialRecord } from '../wire/schema/user-scram-credential-record.ts';
import { zkMigrationStateRecord } from '../wire/schema/zk-migration-state-record.ts';
import type { InputOf } from '../wire/schema.ts';
import {
  allows,
  KRAFT_VERSION,
  METADATA_VERSION,
  METADATA_VERSION_MIN,
  partitionRecordVersion,
  registerBrokerRecordVersion,
} from './features.ts';
import type { BrokerImage, MetadataImage, SupportedVersions } from './metadata-image.ts';
import { newPartitionRecord } from './partition-records.ts';

/** Encoded. */
export function imageRecords(image: MetadataImage): Buffer[] {
  const metadataVersion = image.features.get(METADATA_VERSION) ?? METADATA_VERSION_MIN;
  return [
    ...featureRecords(image),
    ...clusterRecords(image, metadataVersion),
    ...topicRecords(image, metadataVersion),
    ...configRecords(image),
    ...clientQuotaRecords(image),
    ...restRecords(image),
    ...image.unknownRecords.map(({ bytes }) => bytes),
  ];
}

function* featureRecords({ features, zkMigrationState }: MetadataImage): Generator<Buffer> {
  const first = features.get(METADATA_VERSION);
  const newRecord = (name: string, featureLevel: number) =>
    encodeMetadataRecord(featureLevelRecord, 0, { name, featureLevel });
  // The others are read in the light of it.
  if (first !== undefined) yield newRecord(METADATA_VERSION, first);
  for (const [name, level] of features) {
    if (name !== METADATA_VERSION && name !== KRAFT_VERSION) yield newRecord(name, level);
  }
  if (zkMigrationState >= 0) yield encodeMetadataRecord(zkMigrationStateRecord, 0, { zkMigrationState });
}

function* clusterRecords({ brokers, controllers }: MetadataImage, metadataVersion: number): Generator<Buffer> {
  const version = registerBrokerRecordVersion(metadataVersion);
  for (const broker of brokers.values()) {
    yield encodeMetadataRecord(registerBrokerRecord, version, brokerRecord(broker, version));
  }
  if (!allows.controllerRegistration(metadataVersion)) return;
  for (const { controllerId, incarnationId, zkMigrationReady, listeners, supportedFeatures } of controllers.values()) {
    yield encodeMetadataRecord(registerControllerRecord, 0, {
      controllerId,
      incarnationId,
      zkMigrationReady,
      endPoints: listeners,
      features: featureRanges(supportedFeatures),
    });
  }
}

function brokerRecord(broker: BrokerImage, version: number): InputOf<typeof registerBrokerRecord> {
  return {
    brokerId: broker.brokerId,
    incarnationId: broker.incarnationId,
    brokerEpoch: broker.brokerEpoch,
    endPoints: broker.listeners,
    features: featureRanges(broker.supportedFeatures),
    rack: broker.rack,
    fenced: broker.fenced,
    inControlledShutdown: broker.inControlledShutdown,
    ...(version >= 2 ? { isMigratingZkBroker: broker.isMigratingZkBroker } : {}),
    ...(version >= 3 ? { logDirs: broker.logDirs } : {}),
    ...(version >= 4 ? { cordonedLogDirs: broker.cordonedLogDirs } : {}),
  };
}

function featureRanges(features: ReadonlyMap<string, SupportedVersions>) {
  return [...features].map(([name, { min, max }]) => ({ name, minSupportedVersion: min, maxSupportedVersion: max }));
}

function* topicRecords({ topicsById }: MetadataImage, metadataVersion: number): Generator<Buffer> {
  const version = partitionRecordVersion(metadataVersion);
  for (const { name, topicId, partitions } of topicsById.values()) {
    yield encodeMetadataRecord(topicRecord, 0, { name, topicId });
    for (const [partitionId, partition] of partitions) {
      const record = newPartitionRecord(topicId, partitionId, partition, version);
      yield encodeMetadataRecord(partitionRecord, version, record);
    }
  }
}

function* configRecords({ configs }: MetadataImage): Generator<Buffer> {
  for (const [key, values] of configs.resources) {
    const colon = key.indexOf(':');
    const resource = { resourceType: Number(key.slice(0, colon)), resourceName: key.slice(colon + 1) };
    for (const [name, value] of values) yield encodeMetadataRecord(configRecord, 0, { ...resource, name, value });
  }
}

function* clientQuotaRecords({ clientQuotas }: MetadataImage): Generator<Buffer> {
  for (const { entity, values } of clientQuotas.values()) {
    for (const [key, value] of values) {
      yield encodeMetadataRecord(clientQuotaRecord, 0, { entity, key, value, remove: false });
    }
  }
}

function* restRecords(image: MetadataImage): Generator<Buffer> {
  if (image.nextProducerId > 0) {
    const { nextProducerId } = image;
    yield encodeMetadataRecord(producerIdsRecord, 0, { brokerId: -1, brokerEpoch: -1, nextProducerId });
  }
  for (const acl of image.acls.values()) yield encodeMetadataRecord(accessControlEntryRecord, 0, acl);
  for (const credential of image.scramCredentials.values()) {
    yield encodeMetadataRecord(userScramCredentialRecord, 0, credential);
  }
  for (const token of image.delegationTokens.values()) yield encodeMetadataRecord(delegationTokenRecord, 0, token);
}
