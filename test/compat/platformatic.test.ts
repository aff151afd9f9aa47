// @platformatic/kafka against a broker in the same process.

import {
  Admin,
  Consumer,
  type Message,
  ProduceAcks,
  Producer,
  stringDeserializers,
  stringSerializers,
} from '@platformatic/kafka';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type EmbeddedBroker, fresh, startEmbedded } from '../support/embedded.ts';
import { groupProtocols } from '../support/scope.ts';

type Text = Message<string, string, string, string>;

describe('@platformatic/kafka', { timeout: 60_000 }, () => {
  let broker: EmbeddedBroker;
  const closers: (() => Promise<void>)[] = [];

  beforeAll(async () => {
    broker = await startEmbedded();
  }, 90_000);

  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
  });

  afterAll(async () => {
    await broker?.stop();
  });

  const common = () => ({ clientId: 'compat', bootstrapBrokers: [broker.bootstrap], retries: 5, retryDelay: 100 });

  function admin(): Admin {
    const client = new Admin(common());
    closers.push(() => client.close());
    return client;
  }

  function producer(options: { idempotent?: boolean; transactionalId?: string } = {}) {
    const client = new Producer({ ...common(), serializers: stringSerializers, ...options });
    closers.push(() => client.close());
    return client;
  }

  function consumer(groupId: string, groupProtocol: 'classic' | 'consumer' = 'classic') {
    const client = new Consumer({
      ...common(),
      groupId,
      groupProtocol,
      deserializers: stringDeserializers,
      maxWaitTime: 200,
    });
    closers.push(async () => client.close(true));
    return client;
  }

  /** Reads the next `count` records of a group, commits them and leaves. */
  async function read(
    topic: string,
    groupId: string,
    count: number,
    groupProtocol?: 'classic' | 'consumer',
  ): Promise<Text[]> {
    const client = consumer(groupId, groupProtocol);
    const stream = await client.consume({
      topics: [topic],
      mode: 'committed',
      fallbackMode: 'earliest',
      autocommit: false,
    });
    const seen: Text[] = [];
    for await (const message of stream) {
      seen.push(message);
      await message.commit();
      if (seen.length === count) break;
    }
    await stream.close();
    return seen;
  }

  // Snappy and LZ4 come with optional packages of the client's own.
  for (const compression of ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const) {
    // Node has zstd from 22.15 on, and the client has no other.
    const unable = compression === 'zstd' && Number(process.versions.node.split('.')[0]) < 22;
    if (unable) continue;
    test(`records in ${compression} come back as they were`, async () => {
      const topic = fresh(`platformatic-${compression}`);
      await admin().createTopics({ topics: [topic], partitions: 1, replicas: 1 });
      const messages = Array.from({ length: 50 }, (_, index) => ({
        topic,
        key: `key-${index}`,
        value: `value-${index} ${'again '.repeat(20)}`,
        headers: { index: String(index) },
      }));
      const { offsets } = await producer().send({ messages, compression, acks: ProduceAcks.ALL });
      expect(offsets).toMatchObject([{ topic, partition: 0, offset: 0n }]);
      const seen = await read(topic, fresh('group'), messages.length);
      expect(
        seen.map((message) => ({
          topic: message.topic,
          key: message.key,
          value: message.value,
          headers: Object.fromEntries(message.headers),
        })),
      ).toEqual(messages);
      expect(seen.map((message) => Number(message.offset))).toEqual(messages.map((_, index) => index));
    });
  }

  for (const protocol of groupProtocols) {
    test(`a group resumes behind what it committed (${protocol} protocol)`, async () => {
      const topic = fresh(`platformatic-${protocol}`);
      const groupId = fresh('group');
      await admin().createTopics({ topics: [topic], partitions: 1, replicas: 1 });
      const writer = producer();
      await writer.send({ messages: ['1', '2', '3', '4'].map((value) => ({ topic, value })) });
      const first = await read(topic, groupId, 3, protocol);
      for (const close of closers.splice(2)) await close();
      const second = await read(topic, groupId, 1, protocol);
      expect([...first, ...second].map((message) => message.value)).toEqual(['1', '2', '3', '4']);
    });
  }

  test('an idempotent producer', async () => {
    const topic = fresh('platformatic-idempotent');
    await admin().createTopics({ topics: [topic], partitions: 1, replicas: 1 });
    const writer = producer({ idempotent: true });
    for (const value of ['a', 'b', 'c']) await writer.send({ messages: [{ topic, value }], acks: ProduceAcks.ALL });
    expect((await read(topic, fresh('group'), 3)).map((message) => message.value)).toEqual(['a', 'b', 'c']);
  });

  test('the admin client lists, describes and deletes', async () => {
    const topic = fresh('platformatic-admin');
    const client = admin();
    const [created] = await client.createTopics({ topics: [topic], partitions: 3, replicas: 1 });
    expect(created).toMatchObject({ name: topic, partitions: 3, replicas: 1 });
    expect(await client.listTopics()).toContain(topic);
    const groupId = fresh('group');
    await producer().send({ messages: [{ topic, value: 'x' }] });
    await read(topic, groupId, 1);
    const groups = await client.listGroups();
    expect(groups.get(groupId)).toMatchObject({ id: groupId, protocolType: 'consumer' });
    const described = await client.describeGroups({ groups: [groupId] });
    expect(described.get(groupId)).toMatchObject({ id: groupId });
    await client.deleteTopics({ topics: [topic] });
    expect(await client.listTopics()).not.toContain(topic);
  });
});
