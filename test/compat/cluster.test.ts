// Three brokers with three controllers in one process, and kafkajs: what is acknowledged is kept when a leader dies.
import { type Admin, Kafka, logLevel } from 'kafkajs';
import { afterEach, expect, test } from 'vitest';
import { errorCode } from '../../src/wire/errors.ts';
import { TestCluster } from '../support/cluster.ts';
import { RawConnection } from '../support/raw-client.ts';

let cluster: TestCluster | null = null;
let kafka: Kafka;

async function start(): Promise<TestCluster> {
  cluster = await TestCluster.start();
  const retry = { initialRetryTime: 50, retries: 100, maxRetryTime: 500 };
  kafka = new Kafka({ brokers: cluster.bootstrap, logLevel: logLevel.NOTHING, retry });
  return cluster;
}

afterEach(async () => {
  await cluster?.remove();
  cluster = null;
});

/** Who leads the partition of an internal topic to which an id belongs. */
async function coordinatorOf(admin: Admin, topic: string, id: string): Promise<number> {
  // Not every broker has heard of it yet.
  const metadata = await until(
    () => admin.fetchTopicMetadata({ topics: [topic] }).catch(() => null),
    (answer) => answer !== null,
  );
  let hash = 0;
  for (let i = 0; i < id.length; i++) hash = (Math.imul(hash, 31) + id.charCodeAt(i)) | 0;
  const partitions = metadata!.topics[0]!.partitions;
  const partition = (hash & 0x7fffffff) % partitions.length;
  return partitions.find(({ partitionId }) => partitionId === partition)!.leader;
}

async function until<T>(ask: () => Promise<T>, holds: (answer: T) => boolean): Promise<T> {
  for (;;) {
    const answer = await ask();
    if (holds(answer)) return answer;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

test('a leader dies under acks=all: nothing acknowledged is lost, and it comes back in sync', {
  timeout: 120_000,
}, async () => {
  const running = await start();
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic: 't', numPartitions: 1, replicationFactor: 3 }], waitForLeaders: true });
  const partition = async () => (await admin.fetchTopicMetadata({ topics: ['t'] })).topics[0]!.partitions[0]!;
  await until(partition, ({ isr }) => isr.length === 3);
  const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 });
  await producer.connect();
  const acknowledged: string[] = [];
  const send = async (value: string): Promise<void> => {
    await producer.send({ topic: 't', acks: -1, messages: [{ value }] });
    acknowledged.push(value);
  };
  for (let i = 0; i < 20; i++) await send(`before-${i}`);
  const { leader } = await partition();
  await running.killNode(leader);
  for (let i = 0; i < 20; i++) await send(`after-${i}`);
  const moved = await partition();
  expect(moved.leader).not.toBe(leader);
  await running.startNode(leader);
  await until(partition, ({ isr }) => isr.length === 3);
  await producer.disconnect();
  await admin.disconnect();

  const consumer = kafka.consumer({ groupId: 'g' });
  await consumer.connect();
  await consumer.subscribe({ topic: 't', fromBeginning: true });
  const consumed: string[] = [];
  await new Promise<void>((resolve) => {
    void consumer.run({
      eachMessage: async ({ message }) => {
        consumed.push(message.value!.toString());
        if (consumed.length >= acknowledged.length) resolve();
      },
    });
  });
  await consumer.disconnect();
  expect(consumed).toEqual(acknowledged);
});

test('a group and a transaction go on when their coordinator dies', { timeout: 120_000 }, async () => {
  const running = await start();
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic: 't', numPartitions: 3, replicationFactor: 3 }], waitForLeaders: true });
  const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1, transactionalId: 'x' });
  await producer.connect();
  const commit = async (values: readonly string[]): Promise<void> => {
    const transaction = await producer.transaction();
    await transaction.send({ topic: 't', messages: values.map((value, partition) => ({ value, partition })) });
    await transaction.commit();
  };
  await commit(['a0', 'a1', 'a2']);

  const consumer = kafka.consumer({ groupId: 'g', sessionTimeout: 30_000, heartbeatInterval: 500 });
  await consumer.connect();
  await consumer.subscribe({ topic: 't', fromBeginning: true });
  const consumed = new Set<string>();
  await consumer.run({
    eachMessage: async ({ message }) => {
      consumed.add(message.value!.toString());
    },
  });
  await until(
    async () => consumed.size,
    (count) => count === 3,
  );
  // Internal topics have as many replicas as a cluster should give them.
  const internal = await admin.fetchTopicMetadata({ topics: ['__consumer_offsets', '__transaction_state'] });
  for (const { partitions } of internal.topics)
    expect(partitions.map(({ replicas }) => replicas.length)).toEqual([3, 3, 3]);

  const coordinator = await coordinatorOf(admin, '__transaction_state', 'x');
  await running.killNode(coordinator);
  const aborted = await producer.transaction();
  await aborted.send({ topic: 't', messages: [{ value: 'never', partition: 0 }] });
  await aborted.abort();
  await commit(['b0', 'b1', 'b2']);
  await until(
    async () => consumed.size,
    (count) => count === 6,
  );
  expect([...consumed].sort()).toEqual(['a0', 'a1', 'a2', 'b0', 'b1', 'b2']);
  await running.startNode(coordinator);
  await commit(['c0', 'c1', 'c2']);
  await until(
    async () => consumed.size,
    (count) => count === 9,
  );
  await consumer.disconnect();
  await producer.disconnect();
  await admin.disconnect();
});

test('offsets go into a transaction that another broker coordinates than their group', {
  timeout: 120_000,
}, async () => {
  await start();
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic: 't', numPartitions: 1, replicationFactor: 3 }], waitForLeaders: true });
  const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1, transactionalId: 'x' });
  await producer.connect();
  // These make the internal topics.
  await (await producer.transaction()).abort();
  await admin.fetchOffsets({ groupId: 'g0', topics: ['t'] });
  const coordinator = await coordinatorOf(admin, '__transaction_state', 'x');
  const elsewhere: string[] = [];
  for (const groupId of ['g0', 'g1', 'g2']) {
    if ((await coordinatorOf(admin, '__consumer_offsets', groupId)) !== coordinator) elsewhere.push(groupId);
  }
  expect(elsewhere.length).toBeGreaterThan(0);
  for (const consumerGroupId of elsewhere) {
    const transaction = await producer.transaction();
    await transaction.send({ topic: 't', messages: [{ value: 'v' }] });
    const topics = [{ topic: 't', partitions: [{ partition: 0, offset: '1' }] }];
    await transaction.sendOffsets({ consumerGroupId, topics });
    await transaction.commit();
    await until(
      async () => (await admin.fetchOffsets({ groupId: consumerGroupId, topics: ['t'] }))[0]?.partitions[0]?.offset,
      (offset) => offset === '1',
    );
  }
  await producer.disconnect();
  await admin.disconnect();
});

test('every broker takes what only the controller can decide; replicas move; too few in sync are told', {
  timeout: 120_000,
}, async () => {
  const running = await start();
  for (const [index, broker] of running.bootstrap.entries()) {
    const admin = new Kafka({ brokers: [broker], logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    const name = `by-${index}`;
    await admin.createTopics({ topics: [{ topic: name, replicaAssignment: [{ partition: 0, replicas: [1, 2] }] }] });
    const configs = [{ type: 2, name, configEntries: [{ name: 'retention.ms', value: '1234567' }] }];
    await admin.alterConfigs({ validateOnly: false, resources: configs });
    // The broker hears of it a moment later than the controller that carried it out.
    await until(
      async () =>
        (await admin.describeConfigs({ includeSynonyms: false, resources: [{ type: 2, name }] })).resources[0]!,
      ({ configEntries: entries }) =>
        entries.some(({ configName, configValue }) => configName === 'retention.ms' && configValue === '1234567'),
    );
    await admin.disconnect();
  }

  const admin = kafka.admin();
  await admin.connect();
  const partitionOf = (topic: string) => async () =>
    (await admin.fetchTopicMetadata({ topics: [topic] })).topics[0]!.partitions[0]!;
  const producer = kafka.producer();
  await producer.connect();
  await producer.send({ topic: 'by-0', acks: -1, messages: [{ value: 'moves' }] });
  const partitionAssignment = [{ partition: 0, replicas: [2, 3] }];
  await admin.alterPartitionReassignments({ topics: [{ topic: 'by-0', partitionAssignment }] });
  const moved = await until(partitionOf('by-0'), ({ replicas, isr }) => replicas.length === 2 && isr.includes(3));
  expect([...moved.replicas].sort()).toEqual([2, 3]);
  expect((await admin.listPartitionReassignments({})).topics).toEqual([]);
  expect((await admin.fetchTopicOffsets('by-0'))[0]).toMatchObject({ high: '1' });

  const configEntries = [{ name: 'min.insync.replicas', value: '3' }];
  await admin.createTopics({ topics: [{ topic: 'strict', replicationFactor: 3, numPartitions: 1, configEntries }] });
  await until(partitionOf('strict'), ({ isr }) => isr.length === 3);
  await producer.send({ topic: 'strict', acks: -1, messages: [{ value: 'all three' }] });
  const { leader } = await partitionOf('strict')();
  await running.killNode([1, 2, 3].find((id) => id !== leader)!);
  await until(partitionOf('strict'), ({ isr }) => isr.length === 2);
  const once = new Kafka({
    brokers: [running.bootstrap[leader - 1]!],
    logLevel: logLevel.NOTHING,
    retry: { retries: 0 },
  }).producer();
  await once.connect();
  await expect(once.send({ topic: 'strict', acks: -1, messages: [{ value: 'too few' }] })).rejects.toMatchObject({
    cause: { type: 'NOT_ENOUGH_REPLICAS' },
  });
  await once.send({ topic: 'strict', acks: 1, messages: [{ value: 'one is enough' }] });
  await once.disconnect();
  await producer.disconnect();
  await admin.disconnect();
});

test('what a client changes counts together, whichever broker it asks (KIP-599)', { timeout: 120_000 }, async () => {
  const running = await start();
  const entity = [{ entityType: 'client-id', entityName: 'busy' }];
  const ops = [{ key: 'controller_mutation_rate', value: 0.001, remove: false }];
  const connections = await Promise.all(
    running.bootstrap.map((address) => RawConnection.open({ host: '127.0.0.1', port: Number(address.split(':')[1]) })),
  );
  const [first] = connections;
  await first!.send({
    api: 'AlterClientQuotas',
    version: 1,
    body: { entries: [{ entity, ops }], validateOnly: false },
  });
  const create = async (connection: RawConnection, name: string): Promise<number | undefined> => {
    const topics = [{ name, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }];
    const body = { topics, timeoutMs: 10_000, validateOnly: false };
    const answer = await connection.send({ api: 'CreateTopics', version: 7, clientId: 'busy', body });
    if (answer.kind !== 'answer') throw new Error(answer.kind);
    return (answer.body as { topics: { errorCode: number }[] }).topics[0]?.errorCode;
  };
  expect(await create(first!, 'within')).toBe(errorCode('NONE'));
  for (const [index, connection] of connections.entries()) {
    expect(await create(connection, `beyond-${index}`)).toBe(errorCode('THROTTLING_QUOTA_EXCEEDED'));
    connection.close();
  }
});
