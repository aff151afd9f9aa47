// Three brokers with three controllers in one process, and kafkajs: what is acknowledged is kept when a leader dies.
import { Kafka, logLevel } from 'kafkajs';
import { afterEach, expect, test } from 'vitest';
import { TestCluster } from '../support/cluster.ts';

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
