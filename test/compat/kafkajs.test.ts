// kafkajs against a broker in the same process.

import kafkajs, { type Consumer, type EachMessagePayload, type Kafka as KafkaClient } from 'kafkajs';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { compress, decompress } from '../../src/wire/records/compression.ts';
import { type EmbeddedBroker, fresh, startEmbedded } from '../support/embedded.ts';
import { scope } from '../support/scope.ts';

const { CompressionCodecs, CompressionTypes, ConfigResourceTypes, Kafka, logLevel } = kafkajs;

// kafkajs brings gzip only and takes the others from outside.
for (const [type, name] of [
  [CompressionTypes.Snappy, 'snappy'],
  [CompressionTypes.LZ4, 'lz4'],
  [CompressionTypes.ZSTD, 'zstd'],
] as const) {
  CompressionCodecs[type] = () => ({
    compress: async (encoder: { buffer: Buffer }) => compress(name, null, encoder.buffer),
    decompress: async (bytes: Buffer) => decompress(name, bytes, 10_000_000),
  });
}

describe('kafkajs', { timeout: 60_000 }, () => {
  let broker: EmbeddedBroker;
  let kafka: KafkaClient;
  const open: { disconnect(): Promise<void> }[] = [];

  beforeAll(async () => {
    broker = await startEmbedded();
    kafka = new Kafka({ clientId: 'compat', brokers: [broker.bootstrap], logLevel: logLevel.NOTHING });
  }, 90_000);

  afterEach(async () => {
    await Promise.all(open.splice(0).map((client) => client.disconnect()));
  });

  afterAll(async () => {
    await broker?.stop();
  });

  async function connected<T extends { connect(): Promise<void>; disconnect(): Promise<void> }>(client: T): Promise<T> {
    open.push(client);
    await client.connect();
    return client;
  }

  async function createTopic(topic: string, numPartitions = 1): Promise<void> {
    const admin = await connected(kafka.admin());
    expect(await admin.createTopics({ topics: [{ topic, numPartitions }] })).toBe(true);
  }

  /** A consumer's records as they come; `until` waits for a number of them. */
  async function collect(
    consumer: Consumer,
    topic: string,
    autoCommit = true,
  ): Promise<{ seen: EachMessagePayload[]; until(count: number): Promise<void> }> {
    const seen: EachMessagePayload[] = [];
    let arrived = (): void => undefined;
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({
      autoCommit,
      eachMessage: async (payload) => {
        seen.push(payload);
        arrived();
      },
    });
    return {
      seen,
      until: (count) =>
        new Promise((resolve) => {
          arrived = () => {
            if (seen.length >= count) resolve();
          };
          arrived();
        }),
    };
  }

  for (const [name, compression] of Object.entries({
    none: CompressionTypes.None,
    gzip: CompressionTypes.GZIP,
    snappy: CompressionTypes.Snappy,
    lz4: CompressionTypes.LZ4,
    zstd: CompressionTypes.ZSTD,
  })) {
    test(`records in ${name} come back as they were`, async () => {
      const topic = fresh(`kafkajs-${name}`);
      await createTopic(topic);
      const producer = await connected(kafka.producer());
      const messages = Array.from({ length: 50 }, (_, index) => ({
        key: index % 7 === 0 ? null : `key-${index}`,
        value: index % 11 === 10 ? null : `value-${index} ${'again '.repeat(20)}`,
        headers: { index: String(index), empty: '' },
        timestamp: String(1_700_000_000_000 + index),
      }));
      const written = await producer.send({ topic, acks: -1, compression, messages });
      expect(written).toMatchObject([{ topicName: topic, partition: 0, errorCode: 0, baseOffset: '0' }]);

      const { seen, until } = await collect(
        await connected(kafka.consumer({ groupId: fresh('group'), maxWaitTimeInMs: 200 })),
        topic,
      );
      await until(messages.length);
      expect(
        seen.map(({ message }) => ({
          key: message.key?.toString() ?? null,
          value: message.value?.toString() ?? null,
          headers: { index: message.headers?.['index']?.toString(), empty: message.headers?.['empty']?.toString() },
          timestamp: message.timestamp,
        })),
      ).toEqual(messages);
      expect(seen.map(({ message }) => message.offset)).toEqual(messages.map((_, index) => String(index)));
    });
  }

  test('three members share the partitions while they come and go', async () => {
    const topic = fresh('kafkajs-group');
    const groupId = fresh('group');
    await createTopic(topic, 6);
    const producer = await connected(kafka.producer());
    const processed = new Set<string>();
    const assignments = new Map<number, readonly number[]>();
    let produced = 0;
    let changed = (): void => undefined;

    async function until(condition: () => boolean): Promise<void> {
      await new Promise<void>((resolve) => {
        changed = () => {
          if (condition()) resolve();
        };
        changed();
      });
    }

    async function produce(): Promise<void> {
      const messages = Array.from({ length: 60 }, (_, index) => ({
        value: String(produced + index),
        partition: index % 6,
      }));
      produced += messages.length;
      await producer.send({ topic, messages });
    }

    async function join(member: number): Promise<Consumer> {
      const consumer = await connected(kafka.consumer({ groupId, heartbeatInterval: 100, maxWaitTimeInMs: 200 }));
      consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
        assignments.set(member, payload.memberAssignment[topic] ?? []);
        changed();
      });
      await consumer.subscribe({ topic, fromBeginning: true });
      await consumer.run({
        autoCommitThreshold: 1,
        eachMessage: async ({ message }) => {
          processed.add(message.value?.toString() ?? '');
          changed();
        },
      });
      return consumer;
    }

    const shared = (members: number): boolean =>
      assignments.size === members &&
      [...assignments.values()].flat().sort().join() === '0,1,2,3,4,5' &&
      [...assignments.values()].every((partitions) => partitions.length === 6 / members);

    for (let members = 1; members <= 3; members++) {
      await join(members);
      await until(() => shared(members));
      await produce();
      await until(() => processed.size === produced);
    }
    const leaving = open.pop();
    assignments.delete(3);
    await leaving?.disconnect();
    await until(() => shared(2));
    await produce();
    await until(() => processed.size === produced);

    const admin = await connected(kafka.admin());
    const { groups } = await admin.describeGroups([groupId]);
    expect(groups[0]).toMatchObject({ groupId, state: 'Stable', protocolType: 'consumer' });
    expect(groups[0]?.members).toHaveLength(2);
  });

  test('a group resumes behind what it committed', async () => {
    const topic = fresh('kafkajs-resume');
    const groupId = fresh('group');
    await createTopic(topic);
    const producer = await connected(kafka.producer());
    await producer.send({ topic, messages: Array.from({ length: 10 }, (_, index) => ({ value: String(index) })) });

    const first = await connected(kafka.consumer({ groupId, maxWaitTimeInMs: 200 }));
    const reading = await collect(first, topic, false);
    await reading.until(10);
    await first.commitOffsets([{ topic, partition: 0, offset: '4', metadata: 'half way' }]);
    const admin = await connected(kafka.admin());
    expect(await admin.fetchOffsets({ groupId, topics: [topic] })).toMatchObject([
      { topic, partitions: [{ partition: 0, offset: '4', metadata: 'half way' }] },
    ]);
    await first.disconnect();
    await admin.setOffsets({ groupId, topic, partitions: [{ partition: 0, offset: '6' }] });
    expect(await admin.fetchOffsets({ groupId, topics: [topic] })).toMatchObject([
      { topic, partitions: [{ partition: 0, offset: '6' }] },
    ]);
    const second = await collect(await connected(kafka.consumer({ groupId, maxWaitTimeInMs: 200 })), topic);
    await second.until(4);
    expect(second.seen.map(({ message }) => message.value?.toString())).toEqual(['6', '7', '8', '9']);
  });

  if (scope.transactions)
    test('an idempotent producer and a transaction', async () => {
      const topic = fresh('kafkajs-transaction');
      await createTopic(topic);
      const producer = await connected(
        kafka.producer({ idempotent: true, maxInFlightRequests: 1, transactionalId: fresh('transaction') }),
      );
      for (const word of ['kept', 'dropped', 'also kept']) {
        const transaction = await producer.transaction();
        await transaction.send({ topic, messages: [{ value: `${word} 1` }, { value: `${word} 2` }] });
        await (word === 'dropped' ? transaction.abort() : transaction.commit());
      }
      const { seen, until } = await collect(
        await connected(kafka.consumer({ groupId: fresh('group'), maxWaitTimeInMs: 200 })),
        topic,
      );
      await until(4);
      expect(seen.map(({ message }) => message.value?.toString())).toEqual([
        'kept 1',
        'kept 2',
        'also kept 1',
        'also kept 2',
      ]);
    });

  if (scope.transactions)
    test('a topic is copied in transactions with its offsets, some of them aborted', async () => {
      const [source, target, groupId] = [fresh('kafkajs-in'), fresh('kafkajs-out'), fresh('group')];
      await createTopic(source);
      await createTopic(target);
      const values = Array.from({ length: 60 }, (_, index) => String(index));
      await (await connected(kafka.producer())).send({ topic: source, messages: values.map((value) => ({ value })) });
      const producer = await connected(
        kafka.producer({ idempotent: true, maxInFlightRequests: 1, transactionalId: fresh('copier') }),
      );
      const consumer = await connected(kafka.consumer({ groupId, maxWaitTimeInMs: 200, readUncommitted: false }));
      await consumer.subscribe({ topic: source, fromBeginning: true });
      let copied = 0;
      let attempts = 0;
      await new Promise<void>((resolve, reject) => {
        void consumer.run({
          autoCommit: false,
          eachBatchAutoResolve: false,
          eachBatch: async ({ batch, resolveOffset }) => {
            // Ten at a time; where an attempt is aborted, the same ten again.
            for (let at = 0; at < batch.messages.length; ) {
              const messages = batch.messages.slice(at, at + 10);
              const next = String(Number(messages.at(-1)!.offset) + 1);
              const transaction = await producer.transaction();
              await transaction.send({ topic: target, messages: messages.map(({ value }) => ({ value })) });
              const partitions = [{ partition: batch.partition, offset: next }];
              await transaction.sendOffsets({ consumerGroupId: groupId, topics: [{ topic: source, partitions }] });
              if (attempts++ % 3 === 2) {
                await transaction.abort();
                continue;
              }
              await transaction.commit();
              at += messages.length;
              copied += messages.length;
              resolveOffset(messages.at(-1)!.offset);
            }
            if (copied >= values.length) resolve();
          },
        });
        consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error));
      });
      const reader = await connected(kafka.consumer({ groupId: fresh('group'), maxWaitTimeInMs: 200 }));
      const { seen, until } = await collect(reader, target);
      await until(values.length);
      expect(seen.map(({ message }) => String(message.value))).toEqual(values);
      const admin = await connected(kafka.admin());
      expect(await admin.fetchOffsets({ groupId, topics: [source] })).toMatchObject([
        { partitions: [{ offset: String(values.length) }] },
      ]);
    });

  test('the admin client', async () => {
    const topic = fresh('kafkajs-admin');
    const admin = await connected(kafka.admin());
    const entries = [{ name: 'retention.ms', value: '600000' }];
    expect(await admin.createTopics({ topics: [{ topic, numPartitions: 2, configEntries: entries }] })).toBe(true);
    expect(await admin.createTopics({ topics: [{ topic, numPartitions: 2 }] })).toBe(false);
    expect(await admin.listTopics()).toContain(topic);
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
    expect(topics[0]?.partitions).toHaveLength(2);
    await admin.createPartitions({ topicPartitions: [{ topic, count: 3 }] });

    const resource = { type: ConfigResourceTypes.TOPIC, name: topic };
    await admin.alterConfigs({
      validateOnly: false,
      resources: [{ ...resource, configEntries: [{ name: 'retention.ms', value: '700000' }] }],
    });
    const described = await admin.describeConfigs({
      includeSynonyms: true,
      resources: [{ ...resource, configNames: ['retention.ms'] }],
    });
    expect(described.resources[0]?.configEntries[0]).toMatchObject({
      configName: 'retention.ms',
      configValue: '700000',
    });

    const producer = await connected(kafka.producer());
    await producer.send({ topic, messages: [0, 1, 2].map((partition) => ({ partition, value: 'x' })) });
    const offsets = await admin.fetchTopicOffsets(topic);
    expect(offsets.map(({ low, high }) => `${low}-${high}`)).toEqual(['0-1', '0-1', '0-1']);
    await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '1' }] });
    expect((await admin.fetchTopicOffsets(topic)).find(({ partition }) => partition === 0)).toMatchObject({
      low: '1',
      high: '1',
    });

    const cluster = await admin.describeCluster();
    expect(cluster.brokers).toHaveLength(1);
    expect(Array.isArray((await admin.listGroups()).groups)).toBe(true);
    await admin.deleteTopics({ topics: [topic] });
    expect(await admin.listTopics()).not.toContain(topic);
  });
});
