// The compaction thread of the build: a broker on a real disk compacts in a worker while it is asked, stopped, and loses the topic.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { batches, buildBatch, readRecords } from '../../../src/wire/records/records.ts';
import { type RunningBroker, startOttla } from '../../support/brokers.ts';
import { type Body, RawConnection } from '../../support/raw-client.ts';

const KEYS = 50;
const VALUE_SIZE = 2000;
const WAIT_MS = 60_000;

let broker: RunningBroker | null = null;

afterEach(async () => {
  await broker?.remove();
  broker = null;
});

class Client {
  readonly #connection: RawConnection;

  constructor(connection: RawConnection) {
    this.#connection = connection;
  }

  static async open({ port }: RunningBroker): Promise<Client> {
    return new Client(await RawConnection.open({ host: '127.0.0.1', port }));
  }

  async ask(api: string, version: number, body: Body): Promise<Body> {
    const answer = await this.#connection.send({ api, version, body }, WAIT_MS);
    if (answer.kind !== 'answer') throw new Error(`${api}: ${answer.kind}`);
    return answer.body;
  }

  close(): void {
    this.#connection.close();
  }

  create(name: string): Promise<Body> {
    const settings = {
      'cleanup.policy': 'compact',
      'segment.bytes': '1048576',
      'min.cleanable.dirty.ratio': '0.01',
      'file.delete.delay.ms': '0',
    };
    const configs = Object.entries(settings).map(([key, value]) => ({ name: key, value }));
    const topic = { name, numPartitions: 1, replicationFactor: 1, assignments: [], configs };
    return this.ask('CreateTopics', 6, { topics: [topic], timeoutMs: WAIT_MS });
  }

  /** Every key once, in one batch. */
  async writeRound(topic: string, round: number): Promise<void> {
    const records = buildBatch({
      nowMs: Date.now(),
      records: Array.from({ length: KEYS }, (_, key) => ({
        key: Buffer.from(`key-${key}`),
        value: Buffer.from(`${round} `.padEnd(VALUE_SIZE, '.')),
      })),
    });
    const topicData = [{ name: topic, partitionData: [{ index: 0, records }] }];
    const answer = await this.ask('Produce', 9, { acks: -1, timeoutMs: WAIT_MS, topicData });
    expect(JSON.stringify(answer)).toContain('"errorCode":0');
  }

  /** Offsets, and the last value of each key. */
  async readAll(topic: string, endOffset: number): Promise<{ offsets: number[]; last: Map<string, string> }> {
    const offsets: number[] = [];
    const last = new Map<string, string>();
    for (let fetchOffset = 0; fetchOffset < endOffset; ) {
      const partition = { partition: 0, fetchOffset, partitionMaxBytes: 1_048_576, currentLeaderEpoch: -1 };
      const answer = await this.ask('Fetch', 12, {
        ...{ maxWaitMs: 100, minBytes: 1, sessionId: 0, sessionEpoch: -1 },
        topics: [{ topic, partitions: [partition] }],
      });
      // As the schema says.
      const [response] = answer['responses'] as { partitions: { records: Buffer; errorCode: number }[] }[];
      const { records, errorCode } = response!.partitions[0]!;
      expect(errorCode).toBe(0);
      for (const { position, sizeInBytes } of batches(records)) {
        for (const record of readRecords(records.subarray(position, position + sizeInBytes))) {
          if (record.offset < fetchOffset) continue;
          offsets.push(record.offset);
          last.set(String(record.key), String(record.value).split(' ')[0]!);
          fetchOffset = record.offset + 1;
        }
      }
    }
    return { offsets, last };
  }
}

function cleanedTo(dataPath: string, topic: string): number {
  const path = join(dataPath, 'cleaner-offset-checkpoint');
  if (!existsSync(path)) return 0;
  return Number(new RegExp(`^${topic} 0 (\\d+)$`, 'm').exec(readFileSync(path, 'utf8'))?.[1] ?? 0);
}

async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = performance.now() + WAIT_MS;
  while (!(await condition())) {
    if (performance.now() > deadline)
      throw new Error(`not ${what}: ${readdirSync(broker!.dataPath)}\n${broker!.output()}`);
    await sleep(20);
  }
}

describe('the compaction thread', () => {
  test('compacts while the broker is asked, and again after a restart', { timeout: 4 * WAIT_MS }, async () => {
    broker = await startOttla({ properties: { 'log.cleaner.backoff.ms': '50' } });
    let client = await Client.open(broker);
    await client.create('t');
    const rounds = 60;
    for (let round = 0; round < rounds; round++) await client.writeRound('t', round);
    const { dataPath } = broker;
    await until(() => cleanedTo(dataPath, 't') > KEYS * 20, 'it was compacted');
    const newest = new Map(Array.from({ length: KEYS }, (_, key) => [`key-${key}`, String(rounds - 1)]));
    const { offsets, last } = await client.readAll('t', rounds * KEYS);
    expect(last).toEqual(newest);
    expect(offsets).toEqual([...offsets].sort((a, b) => a - b));
    expect(offsets.length).toBeLessThan(rounds * KEYS);
    expect(broker.output()).toContain('a log is compacted');

    client.close();
    await broker.stop();
    expect(readdirSync(join(dataPath, 't-0')).filter((name) => /\.(cleaned|swap)$/.test(name))).toEqual([]);
    await broker.restart();
    client = await Client.open(broker);
    const before = cleanedTo(dataPath, 't');
    for (let round = rounds; round < 2 * rounds; round++) await client.writeRound('t', round);
    await until(() => cleanedTo(dataPath, 't') > before, 'it was compacted again');
    for (const key of newest.keys()) newest.set(key, String(2 * rounds - 1));
    expect((await client.readAll('t', 2 * rounds * KEYS)).last).toEqual(newest);
    client.close();
  });

  test('is ended when its topic is deleted or the broker stops, and leaves nothing', {
    timeout: 4 * WAIT_MS,
  }, async () => {
    // So slow that it is always in the middle.
    const properties = {
      'log.cleaner.backoff.ms': '50',
      'log.cleaner.io.max.bytes.per.second': '200000',
      // A topic's own delay ends with the topic.
      'log.segment.delete.delay.ms': '0',
    };
    broker = await startOttla({ properties });
    const { dataPath } = broker;
    const client = await Client.open(broker);
    const isCleaning = (topic: string) =>
      readdirSync(join(dataPath, `${topic}-0`)).some((name) => name.endsWith('.cleaned'));
    for (const topic of ['deleted', 'kept']) await client.create(topic);
    for (let round = 0; round < 30; round++) await client.writeRound('deleted', round);
    await until(() => isCleaning('deleted'), 'a cleaning is under way');
    await client.ask('DeleteTopics', 5, { topicNames: ['deleted'], timeoutMs: WAIT_MS });
    await until(() => readdirSync(dataPath).every((name) => !name.startsWith('deleted-0')), 'the folder is gone');

    for (let round = 0; round < 30; round++) await client.writeRound('kept', round);
    await until(() => isCleaning('kept'), 'another cleaning is under way');
    client.close();
    await broker.stop();
    expect(readdirSync(join(dataPath, 'kept-0')).filter((name) => /\.(cleaned|swap|deleted)$/.test(name))).toEqual([]);
    await broker.restart();
    const again = await Client.open(broker);
    const { offsets } = await again.readAll('kept', 30 * KEYS);
    expect(offsets).toEqual(Array.from({ length: 30 * KEYS }, (_, offset) => offset));
    again.close();
  });
});
