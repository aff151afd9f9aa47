// Three brokers by `ottla --brokers 3`, and what may happen to them while producers write without pause with acks=all and idempotence:
// kill -9, a stop for longer than a session, an empty disk, a leader that comes back with records that nobody else has, all at once.
// Clients recover by themselves, every acknowledged record is there, at the offset that was acknowledged, once; the replicas are the same
// to the byte. `npm run test:cluster` makes ten rounds of it; the number is in CLUSTER_ROUNDS.

import { readdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import type { Kafka as KafkaClient } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  expectAllOnce,
  javaLoads,
  kafkajsClient,
  kafkajsLoad,
  type Load,
  librdkafkaLoads,
  PARTITIONS,
} from '../../support/cluster-loads.ts';
import { ProcessCluster, until } from '../../support/process-cluster.ts';
import { temporaryFolder } from '../../support/processes.ts';
import { prepareJava, preparePython, suiteTitle } from '../../support/toolchain.ts';

const java = await prepareJava();
const python = await preparePython();
const rounds = Number(process.env['CLUSTER_ROUNDS'] ?? 1);
/** For a machine that has much else to do; nothing waits for it to pass. */
const PATIENCE_MS = 300_000;
const NODE_IDS = [1, 2, 3];
/** What each producer must be able to write after (or while) something has happened. */
const PROGRESS = 20;

const PARTITION_NUMBERS = Array.from({ length: PARTITIONS }, (_, partition) => partition);
/** Who writes to the last one does so with acks=1. */
const topics = ['js', 'java', 'transactions', 'librdkafka', 'alone'];
const folder = temporaryFolder('cluster');
const dataDir = join(folder.path, 'data');
let cluster: ProcessCluster;
let kafka: KafkaClient;
const loads: Load[] = [];
let lostCount = 0;

/** Each producer gets on. */
async function advance(): Promise<void> {
  const targets = loads.map(({ acknowledged }) => acknowledged.length + PROGRESS);
  const giveUp = AbortSignal.timeout(PATIENCE_MS / 3);
  await Promise.all(
    loads.map(async ({ topic, acknowledged, ended }, index) => {
      const isThere = until(() => giveUp.aborted || acknowledged.length >= targets[index]!);
      await Promise.race([isThere, ended]);
      if (acknowledged.length < targets[index]!) {
        throw new Error(`the producer of ${topic} does not get on:\n${cluster.output().slice(-6000)}`);
      }
    }),
  );
}

/** All producers get on, all brokers serve, and all replicas are in sync. */
async function recovered(): Promise<void> {
  await advance();
  await until(async () => {
    if (!cluster.allServe) return false;
    const partitions = await cluster.partitionsOf(topics);
    return partitions.every(({ isrNodes }) => isrNodes.length === NODE_IDS.length);
  });
}

/** A broker to which all clients have something to say. */
async function aLeader(): Promise<number> {
  const [partition] = await cluster.partitionsOf(['java']);
  return partition!.leaderId;
}

/** The files with a partition's records, as a broker has them. */
function segmentsOf(nodeId: number, topic: string, partition: number): string[] {
  const path = join(dataDir, `broker-${nodeId}`, `${topic}-${partition}`);
  const names = readdirSync(path).filter((name) => name.endsWith('.log'));
  return names.sort().map((name) => join(path, name));
}

const faults: Record<string, () => Promise<void>> = {
  async 'kill -9 of a leader'() {
    await cluster.kill(await aLeader());
    await recovered();
  },

  async 'kill -9 of the active controller'() {
    await cluster.kill(await cluster.controllerId());
    await recovered();
  },

  async 'a leader that is stopped for longer than its session, and goes on'() {
    const stopped = await aLeader();
    cluster.signal(stopped, 'SIGSTOP');
    await until(async () => (await cluster.partitionsOf(topics)).every(({ leaderId }) => leaderId !== stopped));
    await advance();
    cluster.signal(stopped, 'SIGCONT');
    await recovered();
  },

  async 'a leader that comes back with records that nobody else has'() {
    const [partition] = await cluster.partitionsOf(['alone']);
    const leader = partition!.leaderId;
    const others = NODE_IDS.filter((nodeId) => nodeId !== leader);
    const producer = kafka.producer();
    await producer.connect();
    const write = () => producer.send({ topic: 'alone', acks: 1, messages: [{ value: 'unsafe', partition: 0 }] });
    await write();
    const cuts = () => cluster.output().split('a replica was cut to agree with its leader').length;
    const before = cuts();
    for (const other of others) cluster.signal(other, 'SIGSTOP');
    // The others have asked for the first, and get it when they go on.
    for (let count = 0; count < 5; count++) await write();
    const back = cluster.kill(leader);
    for (const other of others) cluster.signal(other, 'SIGCONT');
    await Promise.all([back, producer.disconnect()]);
    await recovered();
    expect(cuts()).toBeGreaterThan(before);
  },

  async 'kill -9 of each in turn'() {
    for (const nodeId of NODE_IDS) {
      await cluster.kill(nodeId);
      await recovered();
    }
  },

  async 'a broker that comes back with an empty disk'() {
    const nodeId = await aLeader();
    const back = cluster.kill(nodeId);
    // It is started again 200 ms later at the earliest.
    renameSync(join(dataDir, `broker-${nodeId}`), join(folder.path, `lost-${lostCount++}`));
    await back;
    await recovered();
  },

  async 'kill -9 of all at once'() {
    await cluster.kill(...NODE_IDS);
    await recovered();
  },
};

describe('ottla --brokers 3 under load', { timeout: PATIENCE_MS }, () => {
  beforeAll(async () => {
    const wanted = topics.flatMap((topic) => ['--topic', `${topic}:${PARTITIONS}:3:min.insync.replicas=2`]);
    const internal = [
      '--override',
      'transaction.state.log.num.partitions=3',
      '--override',
      'offsets.topic.num.partitions=3',
    ];
    cluster = await ProcessCluster.start(dataDir, 3, ...wanted, ...internal);
    kafka = kafkajsClient(cluster.bootstrap);
    loads.push(await kafkajsLoad(kafka, 'js'));
    if (java.kind === 'ready') loads.push(...javaLoads(java.tools, cluster.bootstrap, ['java', 'transactions']));
    if (python.kind === 'ready') loads.push(...librdkafkaLoads(python.tools.python, cluster.bootstrap, 'librdkafka'));
    await advance();
  }, PATIENCE_MS);

  afterAll(async () => {
    for (const load of loads) await load.kill();
    cluster?.goOn();
    await cluster?.stop();
    folder.remove();
  }, PATIENCE_MS);

  test.skipIf(java.kind === 'missing')(suiteTitle('Java takes part', java), () => {
    expect(loads.map(({ topic }) => topic)).toEqual(expect.arrayContaining(['java', 'transactions']));
  });

  test.skipIf(python.kind === 'missing')(suiteTitle('librdkafka takes part', python), () => {
    expect(loads.map(({ topic }) => topic)).toContain('librdkafka');
  });

  for (let round = 1; round <= rounds; round++) {
    test.each(Object.entries(faults))(`producers get over it: %s (round ${round})`, async (_, happens) => {
      await happens();
    });
  }

  test('what was acknowledged is there, nothing is there twice, and all replicas are the same', async () => {
    for (const load of loads) {
      await load.stop();
      await expectAllOnce(kafka, load);
    }
    expect(await cluster.stop(), cluster.output().slice(-3000)).toBe(0);
    for (const topic of topics) {
      for (const partition of PARTITION_NUMBERS) {
        const [first, ...others] = NODE_IDS.map((nodeId) =>
          Buffer.concat(segmentsOf(nodeId, topic, partition).map((path) => readFileSync(path))),
        );
        for (const other of others) expect(other.equals(first!), `${topic}-${partition}`).toBe(true);
        // Where nobody but its leader had them, all records with acks=1 are gone.
        if (topic !== 'alone') expect(first!.length).toBeGreaterThan(0);
      }
    }
  });
});
