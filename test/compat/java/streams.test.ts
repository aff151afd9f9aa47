// Kafka Streams 4.3.1 with `exactly_once_v2`: the official word count, and a program of ours with joins, windows and a state store
// (programs/StreamsProgram.java). Instances are killed with `kill -9` in the middle of their work and started again.
//
// Nothing is cached (`statestore.cache.max.bytes=0`), so each input record gives one output record that counts on from the one before it
// for its key: under read_committed a record that was lost, processed twice or aborted shows as a gap or a repetition.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import kafkajs, { type Consumer, type Kafka as KafkaClient, type Producer } from 'kafkajs';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type RunningBroker, startTested } from '../../support/brokers.ts';
import { type RunningProcess, startProcess, temporaryFolder } from '../../support/processes.ts';
import { prepareJava, programArguments, suiteTitle, toolsOf } from '../../support/toolchain.ts';

const { Kafka, Partitioners, logLevel } = kafkajs;

const toolchain = await prepareJava();

interface Input {
  readonly key: string | null;
  readonly value: string;
  readonly timestamp?: number;
}

interface Output {
  readonly key: string;
  readonly value: Buffer;
}

/** One instance of a Streams application with a state directory of its own, which survives its kills. */
class Instance {
  readonly #main: string;
  readonly #propertiesPath: string;
  #process: RunningProcess;

  constructor(main: string, folder: string, properties: Readonly<Record<string, string>>) {
    this.#main = main;
    this.#propertiesPath = join(folder, `${properties['client.id']}.properties`);
    writeFileSync(
      this.#propertiesPath,
      Object.entries(properties)
        .map(([key, value]) => `${key}=${value}\n`)
        .join(''),
    );
    this.#process = this.#start();
  }

  #start(): RunningProcess {
    const args = programArguments(toolsOf(toolchain), '160m', this.#main, [this.#propertiesPath]);
    return startProcess('java', args);
  }

  async kill(): Promise<void> {
    await this.#process.stop('SIGKILL');
  }

  async restart(): Promise<void> {
    await this.kill();
    this.#process = this.#start();
  }

  /** As a user does it: SIGTERM; the application closes what it has open. */
  async stop(): Promise<void> {
    await this.#process.stop('SIGTERM', 30_000);
  }

  output(): string {
    return this.#process.output();
  }
}

describe.skipIf(toolchain.kind === 'missing')(suiteTitle('Kafka Streams 4.3.1', toolchain), () => {
  const folder = temporaryFolder('streams');
  let broker: RunningBroker;
  let kafka: KafkaClient;
  let producer: Producer;
  let consumer: Consumer | null = null;
  const instances: Instance[] = [];
  /** What the consumer has read so far, by topic. */
  let read: Map<string, Output[]>;

  beforeAll(async () => {
    toolsOf(toolchain);
    broker = await startTested({
      properties: {
        'group.min.session.timeout.ms': '500',
        'transaction.abort.timed.out.transaction.cleanup.interval.ms': '500',
      },
    });
    kafka = new Kafka({ brokers: [broker.bootstrap], logLevel: logLevel.NOTHING });
    producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner, idempotent: true });
    await producer.connect();
  }, 120_000);

  afterEach(async () => {
    await Promise.all(instances.splice(0).map((instance) => instance.kill()));
    await consumer?.disconnect();
    consumer = null;
  });

  afterAll(async () => {
    await producer?.disconnect();
    await broker?.remove();
    folder.remove();
  });

  async function createTopics(names: readonly string[]): Promise<void> {
    const admin = kafka.admin();
    await admin.connect();
    await admin.createTopics({ topics: names.map((topic) => ({ topic, numPartitions: 2 })) });
    await admin.disconnect();
  }

  async function write(topic: string, records: readonly Input[]): Promise<void> {
    const messages = records.map(({ key, value, timestamp }) => ({
      key,
      value,
      ...(timestamp === undefined ? {} : { timestamp: String(timestamp) }),
    }));
    await producer.send({ topic, acks: -1, messages });
  }

  function start(main: string, applicationId: string, count: number): void {
    for (let index = 0; index < count; index++) {
      const clientId = `${applicationId}-${index}`;
      const properties = {
        'application.id': applicationId,
        'client.id': clientId,
        'bootstrap.servers': broker.bootstrap,
        'state.dir': join(folder.path, clientId),
        'processing.guarantee': 'exactly_once_v2',
        'statestore.cache.max.bytes': '0',
        'auto.offset.reset': 'earliest',
        'commit.interval.ms': '50',
        'session.timeout.ms': '3000',
        'heartbeat.interval.ms': '300',
        'producer.transaction.timeout.ms': '5000',
        // What a killed instance left open is waited for, not given up on.
        'default.api.timeout.ms': '60000',
      };
      instances.push(new Instance(main, folder.path, properties));
    }
  }

  /** Reads the committed records of the topics from now on; `read` fills as they come. */
  async function follow(topics: readonly string[]): Promise<void> {
    read = new Map(topics.map((topic) => [topic, []]));
    consumer = kafka.consumer({ groupId: `reader-of-${topics[0]}`, readUncommitted: false, maxWaitTimeInMs: 100 });
    await consumer.connect();
    await consumer.subscribe({ topics: [...topics], fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachMessage: async ({ topic, message }) => {
        read.get(topic)!.push({ key: String(message.key), value: message.value! });
      },
    });
  }

  const count = (topic: string): number => read.get(topic)!.length;

  async function until(topic: string, records: number): Promise<void> {
    const deadline = performance.now() + 120_000;
    while (count(topic) < records) {
      if (performance.now() > deadline) {
        const outputs = instances.map((instance) => instance.output().slice(-3000)).join('\n----\n');
        throw new Error(
          `${count(topic)} of ${records} records in ${topic}\n${outputs}\n---- broker\n${broker.output()}`,
        );
      }
      await sleep(20);
    }
  }

  /** Each key's records, as text, in the order in which they stand in the topic (a key has one partition). */
  function byKey(topic: string, text: (value: Buffer) => string): Map<string, string[]> {
    const keys = new Map<string, string[]>();
    for (const { key, value } of read.get(topic)!) {
      const values = keys.get(key) ?? [];
      keys.set(key, values);
      values.push(text(value));
    }
    return keys;
  }

  test('word count: every word is counted once, though the only instance is killed three times', async () => {
    await createTopics(['streams-plaintext-input', 'streams-wordcount-output']);
    await follow(['streams-wordcount-output']);
    start('org.apache.kafka.streams.examples.wordcount.WordCountDemo', 'word-count', 1);
    const rounds = 4;
    const linesPerRound = 150;
    const wordsPerLine = 4;
    let line = 0;
    for (let round = 0; round < rounds; round++) {
      const before = count('streams-wordcount-output');
      const lines = Array.from({ length: linesPerRound }, () => {
        line++;
        return { key: null, value: `all w${line % 7} Streams w${line % 11}` };
      });
      for (let at = 0; at < lines.length; at += 10) await write('streams-plaintext-input', lines.slice(at, at + 10));
      if (round === rounds - 1) break;
      await until('streams-wordcount-output', before + (linesPerRound * wordsPerLine) / 3);
      await instances[0]!.restart();
    }
    await until('streams-wordcount-output', line * wordsPerLine);
    await instances[0]!.stop();

    const expected = new Map<string, number>();
    for (let at = 1; at <= line; at++) {
      for (const word of ['all', `w${at % 7}`, 'streams', `w${at % 11}`]) {
        expected.set(word, (expected.get(word) ?? 0) + 1);
      }
    }
    const counts = byKey('streams-wordcount-output', (value) => String(value.readBigInt64BE()));
    expect([...counts.keys()].sort()).toEqual([...expected.keys()].sort());
    for (const [word, total] of expected) {
      expect(counts.get(word), word).toEqual(Array.from({ length: total }, (_, index) => String(index + 1)));
    }
  }, 240_000);

  test('joins, windows and a state store: two instances, killed in turn', async () => {
    await createTopics(['customers', 'orders', 'payments', 'named', 'paid', 'per-minute', 'totals']);
    await follow(['named', 'paid', 'per-minute', 'totals']);
    const customers = 8;
    const startMs = Date.now() - 3_600_000;
    const orders: { customer: string; id: string; amount: number; timestamp: number }[] = [];
    await write(
      'customers',
      Array.from({ length: customers }, (_, at) => ({ key: `c${at}`, value: `name-${at}`, timestamp: startMs })),
    );
    start('StreamsProgram', 'shop', 2);
    const rounds = 5;
    const ordersPerRound = 200;
    for (let round = 0; round < rounds; round++) {
      for (let chunk = 0; chunk < ordersPerRound; chunk += 20) {
        const added = Array.from({ length: 20 }, () => {
          const at = orders.length;
          // Each order half a second after the one before it: about eight windows over the whole run.
          const order = {
            customer: `c${(at * 5) % customers}`,
            id: `o${at}`,
            amount: at % 13,
            timestamp: startMs + at * 500,
          };
          orders.push(order);
          return order;
        });
        await write(
          'orders',
          added.map((o) => ({ key: o.customer, value: `${o.id}:${o.amount}`, timestamp: o.timestamp })),
        );
        await write(
          'payments',
          added.map((o) => ({ key: o.id, value: `p${o.amount}`, timestamp: o.timestamp + 100 })),
        );
      }
      if (round === rounds - 1) break;
      await until('totals', round * ordersPerRound + 60);
      await instances[round % 2]!.restart();
    }
    for (const topic of ['named', 'paid', 'per-minute', 'totals']) await until(topic, orders.length);
    await Promise.all(instances.map((instance) => instance.stop()));

    const named = new Map<string, string[]>();
    const totals = new Map<string, string[]>();
    const perMinute = new Map<string, string[]>();
    const paid = new Map<string, string[]>();
    const add = (map: Map<string, string[]>, key: string, value: string): void => {
      map.set(key, [...(map.get(key) ?? []), value]);
    };
    const addSum = (map: Map<string, string[]>, key: string, amount: number): void => {
      const [counted = 0, sum = 0] = (map.get(key)?.at(-1) ?? '0:0').split(':').map(Number);
      add(map, key, `${counted + 1}:${sum + amount}`);
    };
    for (const { customer, id, amount, timestamp } of orders) {
      const withName = `${id}:${amount}:name-${customer.slice(1)}`;
      add(named, customer, withName);
      add(paid, id, `${withName}:p${amount}`);
      addSum(totals, customer, amount);
      addSum(perMinute, `${customer}@${timestamp - (timestamp % 60_000)}`, amount);
    }
    const sorted = (map: Map<string, string[]>): [string, string[]][] => [...map].sort(([a], [b]) => (a < b ? -1 : 1));
    expect(sorted(byKey('named', String))).toEqual(sorted(named));
    expect(sorted(byKey('totals', String))).toEqual(sorted(totals));
    expect(sorted(byKey('per-minute', String))).toEqual(sorted(perMinute));
    expect(sorted(byKey('paid', String))).toEqual(sorted(paid));
  }, 300_000);
});
