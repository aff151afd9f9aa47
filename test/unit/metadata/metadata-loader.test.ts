import { expect, test } from 'vitest';
import type { MetadataChanges } from '../../../src/metadata/metadata-delta.ts';
import type { MetadataImage } from '../../../src/metadata/metadata-image.ts';
import { MetadataLoader } from '../../../src/metadata/metadata-loader.ts';
import { decodeMetadataRecord, encodeMetadataRecord, type MetadataRecord } from '../../../src/wire/record-framing.ts';
import { abortTransactionRecord } from '../../../src/wire/schema/abort-transaction-record.ts';
import { beginTransactionRecord } from '../../../src/wire/schema/begin-transaction-record.ts';
import { clearElrRecord } from '../../../src/wire/schema/clear-elr-record.ts';
import { clientQuotaRecord } from '../../../src/wire/schema/client-quota-record.ts';
import { configRecord } from '../../../src/wire/schema/config-record.ts';
import { endTransactionRecord } from '../../../src/wire/schema/end-transaction-record.ts';
import { partitionChangeRecord } from '../../../src/wire/schema/partition-change-record.ts';
import { partitionRecord } from '../../../src/wire/schema/partition-record.ts';
import { removeTopicRecord } from '../../../src/wire/schema/remove-topic-record.ts';
import { topicRecord } from '../../../src/wire/schema/topic-record.ts';
import type { InputOf, MessageSchema } from '../../../src/wire/schema.ts';

const T = 'KCr-Tq-pSDeiAlpDBYHmQw';
const U = 'sIxiCmWPSWCZUpwbx8d0jg';

function record<S extends MessageSchema>(schema: S, value: InputOf<S>, version = 0): MetadataRecord {
  return decodeMetadataRecord(encodeMetadataRecord(schema, version, value));
}

const topic = (name: string, topicId: string) => record(topicRecord, { name, topicId });
const partition = (topicId: string, partitionId: number) =>
  record(
    partitionRecord,
    { topicId, partitionId, replicas: [1], isr: [1], leader: 1, leaderEpoch: 0, partitionEpoch: 0, directories: [U] },
    2,
  );

class Fixture {
  readonly loader = new MetadataLoader();
  readonly told: [MetadataChanges, MetadataImage][] = [];
  #offset = 0;

  constructor() {
    this.loader.addListener((changes, image) => {
      this.told.push([changes, image]);
    });
  }

  async commit(...batches: MetadataRecord[][]): Promise<MetadataChanges | undefined> {
    await this.loader.handleCommit(
      batches.map((records) => {
        const baseOffset = this.#offset;
        this.#offset += records.length;
        return { baseOffset, lastOffset: this.#offset - 1, leaderEpoch: 1, appendTimestampMs: 5, records };
      }),
    );
    return this.told.at(-1)?.[0];
  }
}

test('listeners learn what a batch changed, and the image before stays as it was', async () => {
  const fixture = new Fixture();
  const created = await fixture.commit([topic('t', T), partition(T, 0), partition(T, 1)]);
  expect(created?.createdTopics.map(({ name }) => name)).toEqual(['t']);
  expect(created?.changedPartitions.map((change) => [change.partition, change.previous])).toEqual([
    [0, null],
    [1, null],
  ]);
  const before = fixture.loader.image;
  const changed = await fixture.commit([
    record(partitionChangeRecord, { topicId: T, partitionId: 1, isr: [], leader: -1, eligibleLeaderReplicas: [1] }, 2),
  ]);
  expect(changed?.createdTopics).toEqual([]);
  expect(changed?.changedPartitions).toMatchObject([
    {
      partition: 1,
      previous: { leader: 1, leaderEpoch: 0 },
      current: { leader: -1, leaderEpoch: 1, partitionEpoch: 1, elr: [1] },
    },
  ]);
  expect(before.topicsByName.get('t')?.partitions.get(1)?.leader).toBe(1);
  const { image } = fixture.loader;
  expect(image.topicsById.get(T)?.partitions.get(0)).toBe(before.topicsById.get(T)?.partitions.get(0));
  expect(image).toMatchObject({ highestOffset: 3, highestEpoch: 1, highestTimestampMs: 5 });
});

test('a topic that is deleted takes its configs along; one of the same name is another', async () => {
  const fixture = new Fixture();
  const config = record(configRecord, { resourceType: 2, resourceName: 't', name: 'retention.ms', value: '1' });
  await fixture.commit([topic('t', T), config, partition(T, 0)]);
  expect(Object.fromEntries(fixture.loader.image.configs.topic('t'))).toEqual({ 'retention.ms': '1' });
  const changes = await fixture.commit([record(removeTopicRecord, { topicId: T })], [topic('t', U), partition(U, 0)]);
  expect(changes?.deletedTopics.map(({ topicId }) => topicId)).toEqual([T]);
  expect(changes?.createdTopics.map(({ topicId }) => topicId)).toEqual([U]);
  expect(changes?.changedConfigs).toEqual([{ resourceType: 2, resourceName: 't' }]);
  const { image } = fixture.loader;
  expect(image.topicsByName.get('t')?.topicId).toBe(U);
  expect(image.topicsById.size).toBe(1);
  expect(image.configs.topic('t').size).toBe(0);
});

test('a topic that lives within one batch is never seen', async () => {
  const fixture = new Fixture();
  const changes = await fixture.commit([topic('t', T), partition(T, 0), record(removeTopicRecord, { topicId: T })]);
  expect(changes).toMatchObject({ createdTopics: [], deletedTopics: [], changedPartitions: [] });
});

test('a transaction shows all at once (KIP-868)', async () => {
  const fixture = new Fixture();
  await fixture.commit([topic('before', U), record(beginTransactionRecord, { name: 'x' }), topic('t', T)]);
  expect([...fixture.loader.image.topicsByName.keys()]).toEqual(['before']);
  await fixture.commit([partition(T, 0)]);
  expect(fixture.told).toHaveLength(1);
  await fixture.commit([record(endTransactionRecord, {})]);
  expect([...fixture.loader.image.topicsByName.keys()].sort()).toEqual(['before', 't']);
  expect(fixture.told).toHaveLength(2);
});

test('an aborted transaction never shows', async () => {
  const fixture = new Fixture();
  await fixture.commit([record(beginTransactionRecord, { name: 'x' }), topic('t', T)]);
  await fixture.commit([record(abortTransactionRecord, { reason: 'y' }), topic('u', U)]);
  expect([...fixture.loader.image.topicsByName.keys()]).toEqual(['u']);
});

test('a snapshot replaces everything, and listeners learn the difference', async () => {
  const fixture = new Fixture();
  await fixture.commit([topic('t', T), partition(T, 0), partition(T, 1)]);
  await fixture.loader.handleSnapshot({
    lastContainedOffset: 99,
    lastContainedEpoch: 2,
    lastContainedTimestampMs: 7,
    kraftVersion: 1,
    records: [topic('u', U), partition(U, 0)],
  });
  const [changes, image] = fixture.told.at(-1)!;
  expect(changes.deletedTopics.map(({ name }) => name)).toEqual(['t']);
  expect(changes.createdTopics.map(({ name }) => name)).toEqual(['u']);
  expect(image.highestOffset).toBe(99);
  expect(image.features.get('kraft.version')).toBe(1);
});

test('ClearElr without a name means every topic', async () => {
  const fixture = new Fixture();
  const eligible = (topicId: string) =>
    record(partitionChangeRecord, { topicId, partitionId: 0, eligibleLeaderReplicas: [1] }, 2);
  await fixture.commit([topic('t', T), partition(T, 0), topic('u', U), partition(U, 0), eligible(T), eligible(U)]);
  const changes = await fixture.commit([record(clearElrRecord, { topicName: '' })]);
  expect(changes?.changedPartitions.map(({ current }) => current.elr)).toEqual([[], []]);
});

test('quotas are kept by entity, and records of the future as they came', async () => {
  const fixture = new Fixture();
  const quota = (key: string, remove: boolean) =>
    record(clientQuotaRecord, { entity: [{ entityType: 'user', entityName: null }], key, value: 5, remove });
  const unknown = decodeMetadataRecord(Buffer.from([1, 100, 3, 7, 7]));
  await fixture.commit([quota('a', false), quota('b', false), quota('a', true), unknown]);
  const { image } = fixture.loader;
  expect([...image.clientQuotas.values()].map(({ values }) => [...values])).toEqual([[['b', 5]]]);
  expect(image.unknownRecords).toMatchObject([{ apiKey: 100, version: 3, bytes: Buffer.from([1, 100, 3, 7, 7]) }]);
  await fixture.commit([quota('b', true)]);
  expect(fixture.loader.image.clientQuotas.size).toBe(0);
});

test('a topic of its own costs little among ten thousand', async () => {
  const fixture = new Fixture();
  const id = (index: number) => Buffer.from(String(index).padStart(16, '0')).toString('base64url');
  await fixture.commit(Array.from({ length: 10_000 }, (_, i) => [topic(`t${i}`, id(i)), partition(id(i), 0)]).flat());
  const before = fixture.loader.image;
  await fixture.commit([record(partitionChangeRecord, { topicId: id(5), partitionId: 0, leader: -1 }, 2)]);
  const { image } = fixture.loader;
  expect(image.topicsById.size).toBe(10_000);
  let shared = 0;
  for (const [topicId, unchanged] of before.topicsById) if (image.topicsById.get(topicId) === unchanged) shared++;
  expect(shared).toBe(9_999);
});
