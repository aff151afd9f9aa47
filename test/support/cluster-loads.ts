// Producers of other people's that write without pause with acks=all while things happen to a cluster: kafkajs, Java's (idempotent, and in
// transactions) and librdkafka's. Each tells what was acknowledged to it, so that afterwards each record can be looked for.

import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import kafkajs, { type Kafka as KafkaClient } from 'kafkajs';
import { expect } from 'vitest';
import { until } from './process-cluster.ts';
import { type RunningProcess, repositoryPath, startProcess } from './processes.ts';
import { type JavaToolchain, programArguments } from './toolchain.ts';

const { Kafka, logLevel } = kafkajs;

export const PARTITIONS = 3;

export interface StoredRecord {
  readonly value: string;
  readonly partition: number;
  readonly offset: number;
}

/** A producer of one topic, which writes until it is stopped. */
export interface Load {
  readonly topic: string;
  readonly acknowledged: StoredRecord[];
  /** Rejects when the producer gives up. */
  readonly ended: Promise<void>;
  /** Resolves when what is in flight is acknowledged. */
  stop(): Promise<void>;
  kill(): Promise<void>;
}

export function kafkajsClient(bootstrap: string): KafkaClient {
  const retry = { initialRetryTime: 50, retries: 1000, maxRetryTime: 500 };
  return new Kafka({ brokers: bootstrap.split(','), requestTimeout: 3000, logLevel: logLevel.NOTHING, retry });
}

/**
 * kafkajs. A broker that is stopped while its connections stay open is too much for it as it comes: a request that was not answered in
 * time is sent to the same broker again and again, until the metadata are `metadataMaxAge` old (kafkajs#1783; five minutes by default).
 * And a connection on which ApiVersions was not answered counts as one, but can send nothing: that is an error, and not retried.
 */
export async function kafkajsLoad(kafka: KafkaClient, topic: string): Promise<Load> {
  const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1, metadataMaxAge: 1000 });
  await producer.connect();
  const send = async (value: string, partition: number): Promise<StoredRecord> => {
    for (;;) {
      try {
        const [written] = await producer.send({ topic, acks: -1, messages: [{ value, partition }] });
        return { value, partition: written!.partition, offset: Number(written!.baseOffset) };
      } catch (error) {
        if (!(error instanceof Error) || error.message !== 'Broker not connected') throw error;
        await sleep(100);
      }
    }
  };
  const acknowledged: StoredRecord[] = [];
  let isOn = true;
  const run = async (): Promise<void> => {
    for (let number = 0; isOn; number++) {
      acknowledged.push(await send(String(number), number % PARTITIONS));
      await sleep(5);
    }
  };
  const ended = run();
  ended.catch(() => undefined);
  return {
    topic,
    acknowledged,
    ended,
    async stop() {
      isOn = false;
      await ended;
      await producer.disconnect();
    },
    async kill() {
      isOn = false;
      await producer.disconnect();
    },
  };
}

/** A program that prints what is acknowledged to it, `topic partition offset value`, and ends when its standard input does. */
function programLoads(command: string, args: readonly string[], topics: readonly string[]): Load[] {
  const acknowledged = new Map<string, StoredRecord[]>(topics.map((topic) => [topic, []]));
  let isOn = true;
  const running: RunningProcess = startProcess(command, args, {
    stdin: true,
    onStdoutLine: (line) => {
      const [topic = '', partition, offset, value = ''] = line.split(' ');
      acknowledged.get(topic)?.push({ value, partition: Number(partition), offset: Number(offset) });
    },
  });
  const ended = running.exited.then((exitCode) => {
    if (isOn || exitCode !== 0) {
      const said = running
        .output()
        .split('\n')
        .filter((line) => !acknowledged.has(line.split(' ', 1)[0]!));
      throw new Error(`the producer of ${topics} gave up (${exitCode}):\n${said.join('\n').slice(-3000)}`);
    }
  });
  ended.catch(() => undefined);
  const stop = async (): Promise<void> => {
    isOn = false;
    running.child.stdin?.end();
    await ended;
  };
  const kill = (): Promise<void> => running.stop('SIGKILL');
  return topics.map((topic) => ({ topic, acknowledged: acknowledged.get(topic)!, ended, stop, kill }));
}

/** Java's producer: idempotent into the first topic, in transactions (some of which it aborts) into the second. */
export function javaLoads(java: JavaToolchain, bootstrap: string, topics: readonly [string, string]): Load[] {
  const args = programArguments(java, '128m', 'LoadProgram', [bootstrap, ...topics, String(PARTITIONS)]);
  return programLoads('java', args, topics);
}

/** librdkafka's idempotent producer, through Python. */
export function librdkafkaLoads(python: string, bootstrap: string, topic: string): Load[] {
  const script = join(repositoryPath, 'test', 'compat', 'clients', 'python', 'confluent_load.py');
  return programLoads(python, [script, bootstrap, topic, String(PARTITIONS)], [topic]);
}

/** Everything that a read_committed consumer sees of a topic up to now. */
async function readAll(kafka: KafkaClient, topic: string): Promise<StoredRecord[]> {
  // Whoever has come to the last record of each partition has seen what is before it.
  const last = `last:${topic}`;
  const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 });
  await producer.connect();
  const messages = Array.from({ length: PARTITIONS }, (_, partition) => ({ partition, value: last }));
  await producer.send({ topic, acks: -1, messages });
  await producer.disconnect();
  const consumer = kafka.consumer({ groupId: `reads-${topic}`, maxWaitTimeInMs: 100 });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  const found: StoredRecord[] = [];
  let complete = 0;
  await consumer.run({
    eachMessage: async ({ partition, message }) => {
      const value = message.value!.toString();
      if (value === last) complete++;
      else found.push({ value, partition, offset: Number(message.offset) });
    },
  });
  await until(() => complete === PARTITIONS);
  await consumer.disconnect();
  return found;
}

/** Each acknowledged record is where the acknowledgement said, none is there twice, and none whose transaction was aborted. */
export async function expectAllOnce(kafka: KafkaClient, { topic, acknowledged }: Load): Promise<void> {
  const stored = await readAll(kafka, topic);
  const values = new Map(stored.map(({ partition, offset, value }) => [`${partition}-${offset}`, value]));
  expect(new Set(values.values()).size, `${topic}: no record twice`).toBe(stored.length);
  expect(stored.filter(({ value }) => value.startsWith('aborted'))).toEqual([]);
  const lost = acknowledged.filter(({ partition, offset, value }) => values.get(`${partition}-${offset}`) !== value);
  expect(lost.slice(0, 5), `${topic}: ${lost.length} of ${acknowledged.length} acknowledged records are lost`).toEqual(
    [],
  );
}
