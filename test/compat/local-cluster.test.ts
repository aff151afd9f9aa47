// Several brokers in one process, as a test of somebody's application starts them, and kafkajs.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import { afterEach, describe, expect, test } from 'vitest';
import { Broker, type Cluster, type ClusterOptions } from '../../src/index.ts';
import { describeQuorum, until } from '../support/process-cluster.ts';
import { temporaryFolder } from '../support/processes.ts';

const clusters: Cluster[] = [];
const closed: (() => Promise<unknown>)[] = [];

async function start(options: Partial<ClusterOptions> = {}): Promise<Cluster> {
  const cluster = await Broker.start({ brokers: 3, port: 0, ...options });
  clusters.push(cluster);
  return cluster;
}

function clientOf(cluster: Cluster): Kafka {
  const retry = { initialRetryTime: 50, retries: 1000, maxRetryTime: 300 };
  return new Kafka({
    brokers: cluster.bootstrapServers.split(','),
    requestTimeout: 5000,
    logLevel: logLevel.NOTHING,
    retry,
  });
}

afterEach(async () => {
  for (const close of closed.splice(0).reverse()) await close().catch(() => undefined);
  for (const cluster of clusters.splice(0)) await cluster.stop();
});

/** Sends one record after the other, with idempotence and acks=all, until it is stopped. */
async function load(kafka: Kafka, topic: string) {
  const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 });
  await producer.connect();
  closed.push(() => producer.disconnect());
  const acknowledged: string[] = [];
  let isOn = true;
  const run = async (): Promise<void> => {
    for (let number = 0; isOn; number++) {
      const value = String(number);
      await producer.send({ topic, acks: -1, messages: [{ value }] });
      acknowledged.push(value);
    }
  };
  const ended = run();
  ended.catch(() => undefined);
  return {
    acknowledged,
    /** Waits for that many more. */
    async advance(count: number): Promise<void> {
      const target = acknowledged.length + count;
      await Promise.race([until(() => acknowledged.length >= target), ended]);
    },
    async stop(): Promise<void> {
      isOn = false;
      await ended;
    },
  };
}

const inSync = async (kafka: Kafka, topic: string): Promise<number> => {
  const admin = kafka.admin();
  await admin.connect();
  try {
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
    return Math.min(...topics[0]!.partitions.map(({ isr }) => isr.length));
  } finally {
    await admin.disconnect();
  }
};

/** Of those controllers that vote, by the active one's word, how many have all that is committed. */
async function voterCount(cluster: Cluster): Promise<number> {
  const { highWatermark = -1, voters = [] } = (await describeQuorum(cluster.bootstrapServers)) ?? {};
  return voters.filter(({ logEndOffset }) => logEndOffset >= highWatermark).length;
}

const replicated = { name: 't', partitions: 1, replicas: 3, configs: { 'min.insync.replicas': '2' } };

describe('a cluster of three brokers in one process', () => {
  test('keeps what it acknowledged, once, while leaders are killed, restarted and cut off', {
    timeout: 120_000,
  }, async () => {
    const cluster = await start({ ephemeral: true, topics: [replicated] });
    expect(cluster.nodeIds).toEqual([1, 2, 3]);
    expect(cluster.bootstrapServers.split(',')).toHaveLength(3);
    const kafka = clientOf(cluster);
    const consumer = kafka.consumer({ groupId: 'g', sessionTimeout: 6000, heartbeatInterval: 200 });
    await consumer.connect();
    closed.push(() => consumer.disconnect());
    await consumer.subscribe({ topic: 't', fromBeginning: true });
    const consumed: string[] = [];
    await consumer.run({
      eachMessage: async ({ message }) => {
        consumed.push(message.value!.toString());
      },
    });
    const producing = await load(kafka, 't');
    await producing.advance(50);

    const killed = cluster.leaderOf('t')!;
    await cluster.kill(killed);
    await producing.advance(50);
    expect(cluster.leaderOf('t')).not.toBe(killed);
    await cluster.restart(killed);
    await until(async () => (await inSync(kafka, 't')) === 3);

    const isolated = cluster.leaderOf('t')!;
    await cluster.isolate(isolated);
    await producing.advance(50);
    expect(cluster.leaderOf('t')).not.toBe(isolated);
    await cluster.heal(isolated);
    await until(async () => (await inSync(kafka, 't')) === 3);

    // The one that the controllers are led by, cleanly.
    await until(() => cluster.controllerId !== null);
    await cluster.restart(cluster.controllerId!);
    await producing.advance(50);
    await producing.stop();

    const { acknowledged } = producing;
    // A group may be given again what it had not committed; in the log each record is once.
    await until(() => new Set(consumed).size >= acknowledged.length);
    expect([...new Set(consumed)]).toEqual(acknowledged);
    const admin = kafka.admin();
    await admin.connect();
    closed.push(() => admin.disconnect());
    const [offsets] = await admin.fetchTopicOffsets('t');
    expect(Number(offsets!.high)).toBe(acknowledged.length);
  });

  test('keeps its data over a stop, and takes back a broker whose disk was lost', { timeout: 120_000 }, async () => {
    const folder = temporaryFolder('local-cluster');
    const dataDir = join(folder.path, 'data');
    const first = await start({ dataDir, topics: [replicated] });
    await expect(start({ dataDir })).rejects.toThrow(/The cluster in .* is running already/);
    const producing = await load(clientOf(first), 't');
    await producing.advance(20);
    await producing.stop();
    await first.stop();
    await expect(start({ dataDir, brokers: 2 })).rejects.toThrow(/holds a cluster of 3 brokers, not of 2/);

    const second = await start({ dataDir });
    expect(second.clusterId).toBe(first.clusterId);
    for (const nodeId of second.nodeIds) {
      await second.kill(nodeId);
      rmSync(join(dataDir, `broker-${nodeId}`), { recursive: true });
      await second.restart(nodeId);
      await until(async () => (await inSync(clientOf(second), 't')) === 3);
      await until(async () => (await voterCount(second)) === 3);
    }
    const admin = clientOf(second).admin();
    await admin.connect();
    closed.push(() => admin.disconnect());
    expect(await admin.fetchTopicOffsets('t')).toMatchObject([
      { partition: 0, high: String(producing.acknowledged.length) },
    ]);
    await second.stop();
    folder.remove();
  });

  test('says what cannot be done', async () => {
    const cluster = await start({ ephemeral: true });
    await expect(cluster.kill(4)).rejects.toThrow('There is no broker 4: they are 1, 2, 3.');
    await cluster.kill(2);
    await cluster.kill(2);
    await expect(cluster.isolate(2)).rejects.toThrow('Broker 2 is down, it cannot be isolated.');
    await cluster.stop();
    await cluster.stop();
    await expect(cluster.restart(2)).rejects.toThrow('The cluster has been stopped.');
  });
});

test('settings that each broker has for itself are refused', async () => {
  await expect(start({ ephemeral: true, config: { 'node.id': '7' } })).rejects.toThrow(
    'node.id cannot be set for a cluster of several brokers',
  );
  await expect(start({ ephemeral: true, brokers: 0 })).rejects.toThrow('A cluster has 1 to 1000 brokers, not 0.');
  await expect(start({ ephemeral: true, port: 65_534 })).rejects.toThrow(
    '3 brokers from port 65534 on need ports above 65535.',
  );
});

test.each([1, 2, 4])('a cluster of %i serves', async (brokers) => {
  const cluster = await start({ ephemeral: true, brokers, topics: [{ name: 't', replicas: brokers }] });
  const kafka = clientOf(cluster);
  const producing = await load(kafka, 't');
  await producing.advance(3);
  await producing.stop();
  const admin = kafka.admin();
  await admin.connect();
  closed.push(() => admin.disconnect());
  expect((await admin.describeCluster()).brokers.map(({ nodeId }) => nodeId).sort()).toEqual(cluster.nodeIds);
});
