/**
 * Clients of the simulated cluster: idempotent producers with acks=all that never give up, and consumers that read and commit what
 * they have read. What they were told is the history that the invariants are checked against.
 */
import { silentLogger } from '../../../src/base/logger.ts';
import { nodeClients } from '../../../src/node/node-clients.ts';
import { type ErrorName, errorName, errors } from '../../../src/wire/errors.ts';
import {
  type Exchange,
  type NodeClient,
  type NodeClients,
  NodeUnavailableError,
  type SendOptions,
} from '../../../src/wire/node-client.ts';
import { batches, buildBatch, readRecords } from '../../../src/wire/records/records.ts';
import { createTopicsRequest, createTopicsResponse } from '../../../src/wire/schema/create-topics.ts';
import { fetchRequest, fetchResponse } from '../../../src/wire/schema/fetch.ts';
import { initProducerIdRequest, initProducerIdResponse } from '../../../src/wire/schema/init-producer-id.ts';
import { metadataRequest, metadataResponse } from '../../../src/wire/schema/metadata.ts';
import { produceRequest, produceResponse } from '../../../src/wire/schema/produce.ts';
import type { MessageSchema, ValueOf } from '../../../src/wire/schema.ts';
import type { SeededRandom } from '../../fuzz/seeded-random.ts';
import { bootstrap } from './simulated-cluster.ts';
import type { SimulatedNetwork } from './simulated-network.ts';
import type { Life, VirtualTime } from './virtual-time.ts';

export const TOPIC = 'records';
export const PARTITION_COUNT = 2;

export interface Acknowledged {
  readonly partition: number;
  readonly offset: number;
  readonly value: string;
}

/** What clients saw. */
export interface History {
  readonly acknowledged: Acknowledged[];
  /** By `partition@offset`. */
  readonly consumed: Map<string, string>;
  /** Something that no client may be told. */
  violation: string | null;
}

const REQUEST_TIMEOUT_MS = 2000;
const RETRY_MS = 100;
const FETCH_BYTES_MAX = 1024 * 1024;
const RECORDS_MAX_PER_BATCH = 5;
const LARGE_VALUE_SIZE = 40_000;

export interface ClientOptions {
  readonly host: string;
  readonly time: VirtualTime;
  readonly network: SimulatedNetwork;
  readonly life: Life;
  readonly random: SeededRandom;
  readonly history: History;
}

type Address = { readonly host: string; readonly port: number };

/** Finds leaders, and asks again. */
class Client {
  readonly options: ClientOptions;
  readonly #clients: NodeClients;
  readonly #open = new Map<string, NodeClient>();
  readonly #leaders = new Map<number, Address>();

  constructor(options: ClientOptions) {
    this.options = options;
    const { host, time, network, life, random } = options;
    this.#clients = nodeClients(
      {
        openSocket: network.opener(host, life),
        clock: time.clock(() => 0),
        timer: time.timer(life, `client ${host} timer`),
        random,
        logger: silentLogger,
      },
      {
        clientId: host,
        requestTimeoutMs: REQUEST_TIMEOUT_MS,
        reconnectBackoffMs: 20,
        reconnectBackoffMaxMs: 200,
        requestsInFlightMax: 1,
      },
    );
  }

  pause(): Promise<void> {
    const { time, life, random, host } = this.options;
    return time.wait(life, RETRY_MS / 2 + random.nextInt(RETRY_MS), `client ${host} pauses`);
  }

  /** Null where nothing is known of what became of it. */
  async ask<Req extends MessageSchema, Res extends MessageSchema>(
    address: Address,
    exchange: Exchange<Req, Res>,
    options: SendOptions<Req>,
  ): Promise<ValueOf<Res> | null> {
    const key = `${address.host}:${address.port}`;
    let client = this.#open.get(key);
    if (client === undefined) {
      client = this.#clients(address);
      this.#open.set(key, client);
    }
    try {
      return (await client.send(exchange, options)).body;
    } catch (error) {
      if (error instanceof NodeUnavailableError) return null;
      throw error;
    }
  }

  anyBroker(): Address {
    return this.options.random.pick(bootstrap);
  }

  async leaderOf(partition: number): Promise<Address> {
    for (;;) {
      const known = this.#leaders.get(partition);
      if (known !== undefined) return known;
      const answer = await this.ask(
        this.anyBroker(),
        { request: metadataRequest, response: metadataResponse },
        { versions: { min: 9, max: 12 }, body: { topics: [{ name: TOPIC }], allowAutoTopicCreation: false } },
      );
      const found = answer?.topics[0]?.partitions.find(({ partitionIndex }) => partitionIndex === partition);
      const broker = answer?.brokers.find(({ nodeId }) => nodeId === found?.leaderId);
      if (broker !== undefined) this.#leaders.set(partition, { host: broker.host, port: broker.port });
      else await this.pause();
    }
  }

  forgetLeader(partition: number): void {
    this.#leaders.delete(partition);
  }

  violated(text: string): void {
    this.options.history.violation ??= text;
  }
}

/**
 * A broker that does not know yet that it leads no more lacks what its successor has, and calls the next batch out of order. A leader
 * that lost something acknowledged goes on saying so, and the producer never ends.
 */
function isRetriable(error: ErrorName): boolean {
  if (error === 'OUT_OF_ORDER_SEQUENCE_NUMBER') return true;
  return 'retriable' in errors[error];
}

export async function createTopic(options: ClientOptions): Promise<void> {
  const client = new Client(options);
  for (;;) {
    const answer = await client.ask(
      client.anyBroker(),
      { request: createTopicsRequest, response: createTopicsResponse },
      { body: { topics: [{ name: TOPIC, numPartitions: PARTITION_COUNT, replicationFactor: 3 }], timeoutMs: 1000 } },
    );
    const error = answer === null ? null : errorName(answer.topics[0]!.errorCode);
    if (error === 'NONE' || error === 'TOPIC_ALREADY_EXISTS') return;
    await client.pause();
  }
}

/** Sends until `stopped`; resolves when the last batch is acknowledged. */
export async function runProducer(options: ClientOptions, name: string, stopped: () => boolean): Promise<void> {
  const client = new Client(options);
  const { random, history, time, life } = options;
  const { producerId, producerEpoch } = await newProducer(client);
  const sequences = new Map<number, number>();
  for (let count = 0; !stopped(); ) {
    await time.wait(life, random.nextInt(200), `${name} thinks`);
    const partition = random.nextInt(PARTITION_COUNT);
    // Small batches are written at once, large ones by and by.
    const padding = random.oneIn(4) ? '.'.repeat(LARGE_VALUE_SIZE) : '';
    const length = 1 + random.nextInt(RECORDS_MAX_PER_BATCH);
    const values = Array.from({ length }, () => `${name}-${count++}${padding}`);
    const baseSequence = sequences.get(partition) ?? 0;
    sequences.set(partition, baseSequence + values.length);
    const records = buildBatch({
      producerId,
      producerEpoch,
      baseSequence,
      nowMs: time.clock(() => 0).nowMs(),
      records: values.map((value) => ({ key: null, value: Buffer.from(value) })),
    });
    const baseOffset = await produce(client, partition, records);
    if (baseOffset === null) return;
    time.note(`${name} has ${partition}@${baseOffset}`);
    for (const [index, value] of values.entries()) {
      history.acknowledged.push({ partition, offset: baseOffset + index, value });
    }
  }
}

async function newProducer(client: Client): Promise<{ producerId: number; producerEpoch: number }> {
  for (;;) {
    const answer = await client.ask(
      client.anyBroker(),
      { request: initProducerIdRequest, response: initProducerIdResponse },
      { versions: { min: 3, max: 4 }, body: { transactionalId: null, transactionTimeoutMs: 60_000 } },
    );
    if (answer !== null && errorName(answer.errorCode) === 'NONE') return answer;
    await client.pause();
  }
}

/** The base offset; null when the cluster has said what it may not. */
async function produce(client: Client, partition: number, records: Buffer): Promise<number | null> {
  for (;;) {
    const leader = await client.leaderOf(partition);
    const answer = await client.ask(
      leader,
      { request: produceRequest, response: produceResponse },
      {
        versions: { min: 9, max: 12 },
        body: {
          acks: -1,
          timeoutMs: 1000,
          topicData: [{ name: TOPIC, partitionData: [{ index: partition, records }] }],
        },
      },
    );
    const result = answer?.responses[0]?.partitionResponses[0];
    const error = result === undefined ? null : errorName(result.errorCode);
    if (result !== undefined && error === 'NONE') return result.baseOffset;
    if (error !== null && !isRetriable(error)) {
      client.violated(`a producer that repeats each batch until it is acknowledged was told ${error}`);
      return null;
    }
    client.forgetLeader(partition);
    await client.pause();
  }
}

/** Reads each partition from its beginning on, until `stopped`. */
export async function runConsumer(options: ClientOptions, stopped: () => boolean): Promise<void> {
  const client = new Client(options);
  const offsets = new Map<number, number>();
  while (!stopped()) {
    const partition = options.random.nextInt(PARTITION_COUNT);
    const next = await consume(client, partition, offsets.get(partition) ?? 0, 200);
    if (next === null) await client.pause();
    else offsets.set(partition, next);
  }
}

/** All that a partition has. */
export async function readAll(options: ClientOptions, partition: number, endOffset: number): Promise<void> {
  const client = new Client(options);
  for (let offset = 0; offset < endOffset; ) {
    const next = await consume(client, partition, offset, 200);
    if (next === null) await client.pause();
    else offset = next;
  }
}

/** The next offset; null: not now. */
async function consume(client: Client, partition: number, offset: number, maxWaitMs: number): Promise<number | null> {
  const { history } = client.options;
  const leader = await client.leaderOf(partition);
  const answer = await client.ask(
    leader,
    { request: fetchRequest, response: fetchResponse },
    {
      versions: { min: 11, max: 12 },
      body: {
        maxWaitMs,
        minBytes: 1,
        maxBytes: FETCH_BYTES_MAX,
        topics: [
          { topic: TOPIC, partitions: [{ partition, fetchOffset: offset, partitionMaxBytes: FETCH_BYTES_MAX }] },
        ],
      },
    },
  );
  const result = answer?.responses[0]?.partitions[0];
  if (result === undefined || errorName(result.errorCode) !== 'NONE') {
    // An offset that a new leader does not know to be committed yet is out of range for the moment.
    client.forgetLeader(partition);
    return null;
  }
  let next = offset;
  for (const { position, sizeInBytes } of batches(result.records ?? Buffer.alloc(0))) {
    for (const record of readRecords(result.records!.subarray(position, position + sizeInBytes))) {
      if (record.offset < next) continue;
      next = record.offset + 1;
      const key = `${partition}@${record.offset}`;
      const value = String(record.value);
      const before = history.consumed.get(key);
      if (before === undefined) history.consumed.set(key, value);
      else if (before !== value) client.violated(`${key} was ${before} and is ${value} now`);
    }
  }
  return next;
}
