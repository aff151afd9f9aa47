// A restart of a broker that holds a million committed offsets: until the last of its groups can be asked.
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunningBroker } from '../test/support/brokers.ts';
import { type Body, RawConnection } from '../test/support/raw-client.ts';
import type { BenchOptions, BenchRow } from './bench.ts';
import { coordinator } from './groups.ts';
import { createTopic, request, waitForEnd } from './log-data.ts';
import { alternate, rowOf, startServer } from './side-by-side.ts';

const TOPIC = 'committed';
const PARTITIONS = 100;
const CONNECTIONS = 20;
const LOAD_TARGET_MS = 5000;

export async function benchOffsets({ size }: BenchOptions): Promise<BenchRow[]> {
  const groups = size === 'smoke' ? 100 : 10_000;
  const samples = await alternate(size === 'full' ? 2 : 1, async (kind) => {
    const broker = await startServer(kind);
    try {
      await createTopic(broker, TOPIC, {}, PARTITIONS);
      await waitForEnd(broker, TOPIC);
      await coordinator(broker, 'group-0');
      const fillMs = await commitAll(broker, groups);
      await broker.stop();
      const startMs = performance.now();
      await broker.restart();
      const servingMs = performance.now() - startMs;
      // The groups are spread over all partitions of the offsets topic.
      for (let group = 0; group < 40; group++) await untilLoaded(broker, `group-${group}`);
      const loadedMs = performance.now() - startMs;
      return { fill: (groups * PARTITIONS) / (fillMs / 1000), serving: servingMs, loaded: loadedMs };
    } finally {
      await broker.remove();
    }
  });
  const what = `${(groups * PARTITIONS).toLocaleString('en')} committed offsets`;
  const loaded = rowOf(samples, 'loaded', { name: `${what}: restart until all groups serve`, unit: 'ms' });
  return [
    rowOf(samples, 'fill', { name: `${what}: committed by ${CONNECTIONS} connections`, unit: 'offsets/s' }),
    rowOf(samples, 'serving', { name: `${what}: restart until the first answer`, unit: 'ms' }),
    loaded,
    { name: `${what}: restart, by itself`, unit: 'ms', value: loaded.value, target: LOAD_TARGET_MS },
  ];
}

async function commitAll(broker: RunningBroker, groups: number): Promise<number> {
  const partitions = Array.from({ length: PARTITIONS }, (_, partitionIndex) => ({
    partitionIndex,
    committedOffset: partitionIndex,
    committedMetadata: '',
  }));
  let next = 0;
  const startMs = performance.now();
  await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      const connection = await RawConnection.open({ host: '127.0.0.1', port: broker.port });
      for (let group = next++; group < groups; group = next++) {
        const body = { groupId: `group-${group}`, topics: [{ name: TOPIC, partitions }] };
        while (!(await isCommitted(connection, body))) await sleep(10);
      }
      connection.close();
    }),
  );
  return performance.now() - startMs;
}

/** False while the server has not seen the topic or loaded the group's partition yet. */
async function isCommitted(connection: RawConnection, body: Body): Promise<boolean> {
  const answer = await connection.send({ api: 'OffsetCommit', version: 9, body }, 60_000);
  if (answer.kind !== 'answer') throw new Error(`OffsetCommit: ${answer.kind}`);
  const [topic] = answer.body['topics'] as readonly Body[];
  return (topic!['partitions'] as readonly Body[]).every(({ errorCode }) => errorCode === 0);
}

async function untilLoaded(broker: RunningBroker, groupId: string): Promise<void> {
  const topics = [{ name: TOPIC, partitionIndexes: [PARTITIONS - 1] }];
  const body = { groups: [{ groupId, memberId: null, memberEpoch: -1, topics }], requireStable: false };
  for (;;) {
    const answer = await request(broker, 'OffsetFetch', 9, body);
    const [group] = answer['groups'] as readonly Body[];
    if (group!['errorCode'] === 0) {
      const [topic] = group!['topics'] as readonly Body[];
      const [partition] = topic!['partitions'] as readonly Body[];
      if (partition!['committedOffset'] === PARTITIONS - 1) return;
      throw new Error(`${groupId} has lost its offset`);
    }
    await sleep(10);
  }
}
