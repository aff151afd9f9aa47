// A snapshot's records give the image back: every kind of record, and those that this release does not know.
import { expect, test } from 'vitest';
import { imageRecords } from '../../../src/metadata/image-records.ts';
import { MetadataDelta } from '../../../src/metadata/metadata-delta.ts';
import { emptyImage, type MetadataImage } from '../../../src/metadata/metadata-image.ts';
import { decodeMetadataRecord, encodeMetadataRecord } from '../../../src/wire/record-framing.ts';
import { accessControlEntryRecord } from '../../../src/wire/schema/access-control-entry-record.ts';
import { clientQuotaRecord } from '../../../src/wire/schema/client-quota-record.ts';
import { configRecord } from '../../../src/wire/schema/config-record.ts';
import { delegationTokenRecord } from '../../../src/wire/schema/delegation-token-record.ts';
import { featureLevelRecord } from '../../../src/wire/schema/feature-level-record.ts';
import { partitionRecord } from '../../../src/wire/schema/partition-record.ts';
import { producerIdsRecord } from '../../../src/wire/schema/producer-ids-record.ts';
import { registerBrokerRecord } from '../../../src/wire/schema/register-broker-record.ts';
import { registerControllerRecord } from '../../../src/wire/schema/register-controller-record.ts';
import { topicRecord } from '../../../src/wire/schema/topic-record.ts';
import { userScramCredentialRecord } from '../../../src/wire/schema/user-scram-credential-record.ts';

const provenance = { offset: 9, epoch: 2, timestampMs: 3 };

function replayed(records: readonly Buffer[]): MetadataImage {
  const delta = new MetadataDelta(emptyImage);
  for (const record of records) delta.replay(decodeMetadataRecord(record));
  return delta.finish(provenance).image;
}

/** Maps as sorted lists, so that the order of iteration does not matter. */
function plain(value: unknown): unknown {
  if (Buffer.isBuffer(value)) return value.toString('hex');
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  if (Symbol.iterator in value && 'get' in value) {
    const entries = [...(value as ReadonlyMap<unknown, unknown>)].map(([key, item]) => [String(key), plain(item)]);
    return entries.sort(([a], [b]) => (String(a) < String(b) ? -1 : 1));
  }
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}

const topicId = 'hloYyovRSj-Y0Z7LtQuJ3A';
const directory = 'J8aAPcfLQt2bqs1JT_rMgQ';
const endPoints = [{ name: 'PLAINTEXT', host: 'h', port: 9092, securityProtocol: 0 }];
const features = [{ name: 'metadata.version', minSupportedVersion: 7, maxSupportedVersion: 30 }];
const allKinds = [
  encodeMetadataRecord(featureLevelRecord, 0, { name: 'group.version', featureLevel: 1 }),
  encodeMetadataRecord(featureLevelRecord, 0, { name: 'metadata.version', featureLevel: 30 }),
  encodeMetadataRecord(registerBrokerRecord, 4, {
    ...{ brokerId: 1, incarnationId: topicId, brokerEpoch: 5, endPoints, features, rack: 'r', fenced: false },
    ...{ inControlledShutdown: true, logDirs: [directory], cordonedLogDirs: [directory] },
  }),
  encodeMetadataRecord(registerBrokerRecord, 4, { brokerId: 2, incarnationId: topicId, brokerEpoch: 6, rack: null }),
  encodeMetadataRecord(registerControllerRecord, 0, { controllerId: 3, incarnationId: topicId, endPoints, features }),
  encodeMetadataRecord(topicRecord, 0, { name: 'a', topicId }),
  encodeMetadataRecord(partitionRecord, 2, {
    ...{ partitionId: 0, topicId, replicas: [1, 2], isr: [1], removingReplicas: [2], addingReplicas: [1], leader: 1 },
    ...{ leaderRecoveryState: 1, leaderEpoch: 7, partitionEpoch: 8, directories: [directory, directory] },
    ...{ eligibleLeaderReplicas: [2], lastKnownElr: [1] },
  }),
  encodeMetadataRecord(configRecord, 0, { resourceType: 2, resourceName: 'a', name: 'k', value: 'v' }),
  encodeMetadataRecord(configRecord, 0, { resourceType: 4, resourceName: '', name: 'k', value: '' }),
  encodeMetadataRecord(clientQuotaRecord, 0, {
    entity: [
      { entityType: 'user', entityName: null },
      { entityType: 'client-id', entityName: 'c' },
    ],
    ...{ key: 'producer_byte_rate', value: 1.5, remove: false },
  }),
  encodeMetadataRecord(producerIdsRecord, 0, { brokerId: 1, brokerEpoch: 5, nextProducerId: 2000 }),
  encodeMetadataRecord(accessControlEntryRecord, 0, {
    ...{ id: topicId, resourceType: 2, resourceName: 'a', patternType: 3, principal: 'User:u', host: '*' },
    ...{ operation: 3, permissionType: 3 },
  }),
  encodeMetadataRecord(userScramCredentialRecord, 0, {
    ...{ name: 'u', mechanism: 1, salt: Buffer.from('s'), storedKey: Buffer.from('k'), serverKey: Buffer.from('q') },
    iterations: 4096,
  }),
  encodeMetadataRecord(delegationTokenRecord, 0, {
    ...{ owner: 'User:u', requester: 'User:u', renewers: ['User:r'], issueTimestamp: 1, maxTimestamp: 2 },
    ...{ expirationTimestamp: 3, tokenId: 't' },
  }),
  // A record type of another release: frame version 1, type 99, version 0.
  Buffer.from([1, 99, 0, 42]),
];

test('every kind of record is kept', () => {
  const image = replayed(allKinds);
  expect(image.brokers.get(1)).toMatchObject({ rack: 'r', inControlledShutdown: true, cordonedLogDirs: [directory] });
  expect(image.unknownRecords).toHaveLength(1);
  const again = replayed(imageRecords(image));
  expect(plain(again)).toEqual(plain(image));
  // The level that the others are read in the light of comes first.
  expect(decodeMetadataRecord(imageRecords(image)[0]!)).toMatchObject({ value: { name: 'metadata.version' } });
});

test('records of an older metadata.version have its versions', () => {
  const older = allKinds.with(
    1,
    encodeMetadataRecord(featureLevelRecord, 0, { name: 'metadata.version', featureLevel: 16 }),
  );
  const versions = imageRecords(replayed(older)).map(decodeMetadataRecord);
  expect(versions.find(({ type }) => type === 'RegisterBrokerRecord')?.version).toBe(2);
  expect(versions.find(({ type }) => type === 'PartitionRecord')?.version).toBe(0);
});
