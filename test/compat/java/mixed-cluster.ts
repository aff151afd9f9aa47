// A client's view of two brokers, one of Apache Kafka and one of Ottla, that replicate each other's partitions.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import kafkajs, { type Admin, type Kafka as KafkaClient, type Producer } from 'kafkajs';
import { expect } from 'vitest';
import { MetadataDelta } from '../../../src/metadata/metadata-delta.ts';
import { emptyImage, type MetadataImage } from '../../../src/metadata/metadata-image.ts';
import { decodeMetadataRecord } from '../../../src/wire/record-framing.ts';
import { attributes, isControl } from '../../../src/wire/records/record-batch.ts';
import { batches, readRecords } from '../../../src/wire/records/records.ts';
import type { RunningBroker } from '../../support/brokers.ts';
import { RawConnection } from '../../support/raw-client.ts';

const { Kafka, KafkaJSProtocolError, logLevel } = kafkajs;

interface Acknowledged {
  readonly value: string;
  readonly partition: number;
  readonly offset: number;
}

interface PartitionView {
  readonly leader: number;
  readonly replicas: readonly number[];
  readonly isr: readonly number[];
}

const WAIT_MS = 60_000;
const COORDINATOR_MOVED = new Set([
  'NOT_COORDINATOR_FOR_GROUP',
  'GROUP_COORDINATOR_NOT_AVAILABLE',
  'GROUP_LOAD_IN_PROGRESS',
]);
const PREFERRED = 0;
/** Longer than `replica.fetch.wait.max.ms` of the tests. */
const FETCH_WAIT_MS = 300;
const OFFSETS_GROUP = 'transacted-offsets';

/** Producers, groups and transactions of one test, by kafkajs. */
export class MixedClients {
  readonly kafka: KafkaClient;
  readonly admin: Admin;
  readonly #closing: (() => Promise<void>)[] = [];
  /** In transactions that were committed. */
  readonly #committed: string[] = [];
  readonly #kept: string[] = [];
  #transactional: Producer | null = null;
  #transactions = 0;
  #committedOffset = -1;

  private constructor(brokers: readonly RunningBroker[]) {
    this.kafka = new Kafka({
      brokers: brokers.map(({ bootstrap }) => bootstrap),
      requestTimeout: 5000,
      logLevel: logLevel.NOTHING,
      retry: { initialRetryTime: 50, retries: 1000, maxRetryTime: 500 },
    });
    this.admin = this.kafka.admin();
  }

  static async connect(...brokers: readonly RunningBroker[]): Promise<MixedClients> {
    const clients = new MixedClients(brokers);
    await clients.admin.connect();
    clients.#closing.push(() => clients.admin.disconnect());
    return clients;
  }

  async close(): Promise<void> {
    for (const close of this.#closing.splice(0).reverse()) await close().catch(() => undefined);
  }

  /** One partition for each of the lists of replicas. */
  async createTopic(topic: string, ...replicas: readonly number[][]): Promise<void> {
    const replicaAssignment = replicas.map((brokerIds, partition) => ({ partition, replicas: brokerIds }));
    // The broker that answered may hear of the topic a moment later.
    await this.admin.createTopics({ topics: [{ topic, replicaAssignment }], waitForLeaders: false });
    await this.untilLeadersAre(topic, ...replicas.map(([preferred]) => preferred!));
  }

  async partitionsOf(topic: string): Promise<readonly PartitionView[]> {
    const { topics } = await this.admin.fetchTopicMetadata({ topics: [topic] });
    return [...topics[0]!.partitions].sort((a, b) => a.partitionId - b.partitionId);
  }

  async untilLeadersAre(topic: string, ...leaders: readonly number[]): Promise<void> {
    const seen = async () => (await this.partitionsOf(topic)).map(({ leader }) => leader);
    await expect.poll(seen, { timeout: WAIT_MS }).toEqual(leaders);
  }

  /** All of these topics' replicas. */
  async untilInSync(...topics: readonly string[]): Promise<void> {
    for (const topic of topics) {
      const lagging = async () =>
        (await this.partitionsOf(topic)).filter(({ isr, replicas }) => isr.length < replicas.length);
      await expect.poll(lagging, { timeout: WAIT_MS }).toEqual([]);
    }
  }

  /** Writes to `partitions` of a topic in turn, idempotently and with acks=all, until it is stopped. */
  async load(topic: string, partitions: number): Promise<Load> {
    const producer = this.kafka.producer({ idempotent: true, maxInFlightRequests: 1 });
    await producer.connect();
    const load = new Load(producer, topic, partitions);
    this.#closing.push(() => load.abandon());
    return load;
  }

  async electPreferredLeaders({ port }: RunningBroker): Promise<void> {
    const connection = await RawConnection.open({ host: '127.0.0.1', port });
    const body = { electionType: PREFERRED, topicPartitions: null, timeoutMs: 30_000 };
    const answer = await connection.send({ api: 'ElectLeaders', version: 2, body }, WAIT_MS);
    connection.close();
    expect(answer).toMatchObject({ kind: 'answer', body: { errorCode: 0 } });
  }

  /** Kills a leader that has a record more than its follower, which is halted meanwhile: not for so long that it would be fenced. */
  async killAhead(leader: RunningBroker, follower: RunningBroker, place: { topic: string; partition: number }) {
    const { topic, partition } = place;
    const producer = this.kafka.producer();
    await producer.connect();
    const send = (value: string, acks: number) => producer.send({ topic, acks, messages: [{ value, partition }] });
    const value = `kept ${this.#kept.length}`;
    await send(value, -1);
    this.#kept.push(value);
    process.kill(follower.pid, 'SIGSTOP');
    try {
      // A fetch that waits at the leader would bring the record all the same; that is no loss either.
      await sleep(FETCH_WAIT_MS);
      await send('only here', 1);
      await leader.kill();
    } finally {
      process.kill(follower.pid, 'SIGCONT');
    }
    await producer.disconnect();
  }

  /** What the leaders that were killed had acknowledged with acks=all. */
  get kept(): readonly string[] {
    return this.#kept;
  }

  /**
   * A transaction over all partitions that is committed, and one that is aborted. Each says how many came before it, as the offset that
   * `OFFSETS_GROUP` has reached in partition 0.
   */
  async transact(topic: string, partitions: number): Promise<void> {
    if (this.#transactional === null) {
      const producer = this.kafka.producer({ idempotent: true, maxInFlightRequests: 1, transactionalId: 'mixed' });
      await producer.connect();
      this.#closing.push(() => producer.disconnect());
      this.#transactional = producer;
    }
    for (const commits of [true, false]) {
      const number = this.#transactions++;
      const values = Array.from({ length: partitions }, (_, partition) => {
        return `${commits ? 'committed' : 'aborted'} ${number} ${partition}`;
      });
      while (!(await this.#transactOnce({ topic, values, number, commits }))) await sleep(50);
      if (!commits) continue;
      this.#committed.push(...values);
      this.#committedOffset = number;
    }
  }

  /** False: it had to be aborted, because kafkajs does not look for a group's new coordinator within a transaction. */
  async #transactOnce(wanted: { topic: string; values: readonly string[]; number: number; commits: boolean }) {
    const { topic, values, number, commits } = wanted;
    const topics = [{ topic, partitions: [{ partition: 0, offset: String(number) }] }];
    const transaction = await this.#transactional!.transaction();
    await transaction.send({ topic, messages: values.map((value, partition) => ({ value, partition })) });
    try {
      await transaction.sendOffsets({ consumerGroupId: OFFSETS_GROUP, topics });
    } catch (error) {
      await transaction.abort();
      if (error instanceof KafkaJSProtocolError && COORDINATOR_MOVED.has(error.type)) return false;
      throw error;
    }
    await (commits ? transaction.commit() : transaction.abort());
    return true;
  }

  get committed(): readonly string[] {
    return [...this.#committed].sort();
  }

  /** The group has the offset of the last transaction that was committed, whoever is its coordinator now. */
  async expectCommittedOffset(topic: string): Promise<void> {
    const committed = async (): Promise<string | undefined> => {
      const [answer] = await this.admin.fetchOffsets({ groupId: OFFSETS_GROUP, topics: [topic] });
      return answer!.partitions.find(({ partition }) => partition === 0)?.offset;
    };
    // kafkajs does not look for another coordinator here.
    await expect.poll(committed, { timeout: WAIT_MS }).toBe(String(this.#committedOffset));
  }

  /** One record after the other to partition 0; answers their values. */
  async write(topic: string, count: number): Promise<readonly string[]> {
    const producer = this.kafka.producer();
    await producer.connect();
    const values = Array.from({ length: count }, (_, index) => `${topic} ${index}`);
    await producer.send({ topic, messages: values.map((value) => ({ value, partition: 0 })) });
    await producer.disconnect();
    return values;
  }

  /** What is committed, as soon as it is `count` values or more; in the order of their text. */
  async read(topic: string, count: number): Promise<string[]> {
    const reader = await this.reader(topic);
    return (await reader.until(count)).map(({ value }) => value).sort();
  }

  /** A member of a group of its own, which reads what is committed until it is stopped. */
  async reader(topic: string): Promise<Reader> {
    const consumer = this.kafka.consumer({
      groupId: `reads-${topic}`,
      sessionTimeout: 6000,
      rebalanceTimeout: 6000,
      heartbeatInterval: 500,
    });
    await consumer.connect();
    this.#closing.push(() => consumer.disconnect());
    await consumer.subscribe({ topic, fromBeginning: true });
    const reader = new Reader();
    await consumer.run({
      eachMessage: async ({ partition, message }) => {
        reader.add({ value: message.value!.toString(), partition, offset: Number(message.offset) });
      },
    });
    return reader;
  }
}

export class Reader {
  readonly #found = new Map<string, Acknowledged>();

  /** Another time, if the group had not committed it. */
  add(found: Acknowledged): void {
    const place = `${found.partition}@${found.offset}`;
    expect(this.#found.get(place) ?? found).toEqual(found);
    this.#found.set(place, found);
  }

  async until(count: number): Promise<Acknowledged[]> {
    await expect.poll(() => this.#found.size, { timeout: WAIT_MS }).toBeGreaterThanOrEqual(count);
    return [...this.#found.values()].sort(byPlace);
  }
}

function byPlace(a: Acknowledged, b: Acknowledged): number {
  return a.partition - b.partition || a.offset - b.offset;
}

export class Load {
  readonly #acknowledged: Acknowledged[] = [];
  readonly #producer: Producer;
  readonly #ended: Promise<void>;
  #isOn = true;

  constructor(producer: Producer, topic: string, partitions: number) {
    this.#producer = producer;
    this.#ended = this.#run(topic, partitions);
    this.#ended.catch(() => undefined);
  }

  async #run(topic: string, partitions: number): Promise<void> {
    for (let number = 0; this.#isOn; number++) {
      const value = String(number);
      const messages = [{ value, partition: number % partitions }];
      const [written] = await this.#producer.send({ topic, acks: -1, messages });
      this.#acknowledged.push({ value, partition: written!.partition, offset: Number(written!.baseOffset) });
      await sleep(5);
    }
  }

  get acknowledged(): readonly Acknowledged[] {
    return [...this.#acknowledged].sort(byPlace);
  }

  /** Waits for that many more. */
  async advance(count = 20): Promise<void> {
    const target = this.#acknowledged.length + count;
    const advanced = expect.poll(() => this.#acknowledged.length, { timeout: WAIT_MS }).toBeGreaterThanOrEqual(target);
    await Promise.race([advanced, this.#ended]);
  }

  async stop(): Promise<void> {
    this.#isOn = false;
    await this.#ended;
  }

  async abandon(): Promise<void> {
    this.#isOn = false;
    await this.#producer.disconnect();
  }
}

export function clusterIdOf({ dataPath }: RunningBroker): string {
  return /^cluster\.id=(.+)$/m.exec(readFileSync(join(dataPath, 'meta.properties'), 'utf8'))![1]!;
}

/** The bytes of a replica, all its segments, in whichever of the broker's directories it lies. */
function replicaOf({ dataPath }: RunningBroker, topicPartition: string): Buffer {
  const subfolders = readdirSync(dataPath, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const folder = [dataPath, ...subfolders.map(({ name }) => join(dataPath, name))]
    .map((path) => join(path, topicPartition))
    .find(existsSync);
  if (folder === undefined) return Buffer.alloc(0);
  const segments = readdirSync(folder).filter((name) => name.endsWith('.log'));
  return Buffer.concat(segments.sort().map((name) => readFileSync(join(folder, name))));
}

/** Both have something of the topic, and the same of each partition. Nobody may be writing. */
export async function expectSameBytes(one: RunningBroker, other: RunningBroker, topic: string): Promise<void> {
  const partitions = [0, 1].map((partition) => `${topic}-${partition}`);
  const sizes = (): string[] =>
    partitions.map((topicPartition) => {
      const [a, b] = [replicaOf(one, topicPartition), replicaOf(other, topicPartition)];
      return a.equals(b) ? 'the same' : `${topicPartition}: ${a.length} and ${b.length} bytes`;
    });
  await expect.poll(sizes, { timeout: WAIT_MS }).toEqual(partitions.map(() => 'the same'));
  expect(partitions.some((topicPartition) => replicaOf(one, topicPartition).length > 0)).toBe(true);
}

/** The broker itself sees to it that the topic of its groups is there. */
export async function untilGroupsHaveCoordinator({ port }: RunningBroker): Promise<void> {
  const connection = await RawConnection.open({ host: '127.0.0.1', port });
  const request = { api: 'FindCoordinator', version: 4, body: { keyType: 0, coordinatorKeys: ['any'] } };
  const ask = (): Promise<unknown> => connection.send(request, WAIT_MS);
  const found = { body: { coordinators: [{ errorCode: 0 }] } };
  await expect.poll(ask, { timeout: WAIT_MS }).toMatchObject(found);
  connection.close();
}

/** What a controller has written so far, read from its files. */
export function metadataOf(dataPath: string): MetadataImage {
  const folder = join(dataPath, '__cluster_metadata-0');
  const segments = readdirSync(folder).filter((name) => name.endsWith('.log'));
  const delta = new MetadataDelta(emptyImage);
  for (const segment of segments.sort()) {
    const bytes = readFileSync(join(folder, segment));
    for (const { position, sizeInBytes } of batches(bytes)) {
      const batch = bytes.subarray(position, position + sizeInBytes);
      if (isControl(attributes(batch, 0))) continue;
      for (const { value } of readRecords(batch)) delta.replay(decodeMetadataRecord(value!));
    }
  }
  return delta.finish({ offset: 0, epoch: 0, timestampMs: 0 }).image;
}

/** The controller knows of each replica on a broker with several directories in which of them it lies. */
export async function untilDirectoriesAreKnown(controllerDataPath: string, brokerId: number): Promise<void> {
  const unknown = (): string[] => {
    const image = metadataOf(controllerDataPath);
    const logDirs = image.brokers.get(brokerId)?.logDirs ?? [];
    expect(logDirs.length).toBe(2);
    return [...image.topicsByName.values()].flatMap(({ name, partitions }) =>
      [...partitions].flatMap(([partition, { replicas, directories }]) => {
        const index = replicas.indexOf(brokerId);
        return index < 0 || logDirs.includes(directories[index]!) ? [] : [`${name}-${partition}`];
      }),
    );
  };
  await expect.poll(unknown, { timeout: WAIT_MS }).toEqual([]);
}
