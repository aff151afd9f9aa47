// Data for the benches of the log: batches, and whole partitions written into a directory of a broker that is stopped.
import { NodeFileSystem } from '../src/io/node-file-system.ts';
import type { LogConfig } from '../src/log/log-config.ts';
import { buildBatch } from '../src/wire/records/records.ts';
import type { RunningBroker } from '../test/support/brokers.ts';
import { defaultLogConfig, openLogDirectory } from '../test/support/logs.ts';
import { type Body, RawConnection } from '../test/support/raw-client.ts';

export interface BatchShape {
  readonly count: number;
  readonly batchSize: number;
  /** Of each record's value, or with keys, of key and value together. */
  readonly recordSize: number;
  /** 0: without keys. Otherwise they come one after the other, in an order that looks random, and begin again. */
  readonly keyCount: number;
}

/** A step that is prime to any count of keys met here: each key comes once in `keyCount` records. */
const KEY_STEP = 7_919;
const RECORD_OVERHEAD = 10;

/** Batches of about the size, made one at a time: `index` of the first record tells the keys. */
export function batchAt(shape: BatchShape, index: number): Buffer {
  const { batchSize, recordSize, keyCount } = shape;
  const recordCount = recordsPerBatch(shape);
  const records: { key: Buffer | null; value: Buffer }[] = [];
  for (let i = 0; i < recordCount; i++) {
    const number = index * recordCount + i;
    const key = keyCount === 0 ? null : Buffer.from(String((number * KEY_STEP) % keyCount).padStart(10, '0'));
    const value = Buffer.alloc(recordSize - (key?.length ?? 0), `${number} of ${batchSize}, `);
    records.push({ key, value });
  }
  return buildBatch({ nowMs: Date.now(), records });
}

export function recordsPerBatch({ batchSize, recordSize }: BatchShape): number {
  return Math.max(1, Math.floor(batchSize / (recordSize + RECORD_OVERHEAD)));
}

export function batchesOf(shape: BatchShape): Buffer[] {
  return Array.from({ length: shape.count }, (_, index) => batchAt(shape, index));
}

export async function request(broker: RunningBroker, api: string, version: number, body: Body): Promise<Body> {
  const connection = await RawConnection.open({ host: '127.0.0.1', port: broker.port });
  try {
    const answer = await connection.send({ api, version, body }, 60_000);
    if (answer.kind !== 'answer') throw new Error(`${api}: ${answer.kind}`);
    return answer.body;
  } finally {
    connection.close();
  }
}

export async function createTopic(
  broker: RunningBroker,
  name: string,
  configs: Readonly<{ [name: string]: string }>,
  numPartitions = 1,
): Promise<void> {
  const answer = await request(broker, 'CreateTopics', 7, {
    topics: [
      {
        name,
        numPartitions,
        replicationFactor: 1,
        assignments: [],
        configs: Object.entries(configs).map(([key, value]) => ({ name: key, value })),
      },
    ],
    timeoutMs: 60_000,
  });
  const [topic] = answer['topics'] as { errorCode: number }[]; // as the schema says
  if (topic?.errorCode !== 0) throw new Error(`CreateTopics: error ${topic?.errorCode}`);
}

/** Waits until the partition's leader tells its end, and gives it. */
export async function waitForEnd(broker: RunningBroker, topic: string): Promise<number> {
  for (;;) {
    const answer = await request(broker, 'ListOffsets', 7, {
      replicaId: -1,
      isolationLevel: 0,
      topics: [{ name: topic, partitions: [{ partitionIndex: 0, currentLeaderEpoch: -1, timestamp: -1 }] }],
    }).catch(() => null);
    // As the schema says.
    const topics = answer?.['topics'] as { partitions: { errorCode: number; offset: number }[] }[] | undefined;
    const partition = topics?.[0]?.partitions[0];
    if (partition?.errorCode === 0) return partition.offset;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Fills partition 0 of a topic of a stopped broker, and leaves the directory as a clean stop does. Gives the end offset. */
export async function fillPartition(
  dataPath: string,
  topic: string,
  shape: BatchShape,
  config: Partial<LogConfig>,
): Promise<number> {
  const directory = openLogDirectory(new NodeFileSystem(), { path: dataPath });
  const merged = { ...defaultLogConfig, ...config };
  await directory.loadLogs(() => merged);
  const log = directory.log(topic, 0);
  if (log === undefined) throw new Error(`${topic}-0 is not there`);
  for (let index = 0; index < shape.count; index++) {
    const result = log.appendAsLeader(batchAt(shape, index), { leaderEpoch: 0, origin: 'client' });
    if (result.kind !== 'appended')
      throw new Error(result.kind === 'failed' ? `${result.error}: ${result.message}` : result.kind);
    if (index % 16 === 0) await result.written;
  }
  const endOffset = log.logEndOffset;
  await directory.close({ brokerEpoch: directory.cleanShutdownBrokerEpoch ?? -1 });
  return endOffset;
}
