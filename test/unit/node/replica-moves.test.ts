// Moving a replica between the log directories of one broker: live, cancelled, slowed down, and killed in the middle.
import { afterEach, describe, expect, test } from 'vitest';
import {
  createTopic,
  moveTo,
  newDisk,
  produceTo,
  replicasOf,
  type StartedNode,
  startNode,
  stopNodes,
  until,
} from '../../support/jbod-node.ts';
import { batchOf } from '../../support/logs.ts';
import { SimulatedDisk } from '../../support/simulated-disk.ts';

afterEach(stopNodes);

const SLOW = 'replica.alter.log.dirs.io.max.bytes.per.second';

async function setSpeed({ ask }: StartedNode, bytesPerSecond: string): Promise<void> {
  const configs = [{ name: SLOW, configOperation: 0, value: bytesPerSecond }];
  await ask('IncrementalAlterConfigs', 1, { resources: [{ resourceType: 4, resourceName: '1', configs }] });
}

/** First offsets of all batches that a consumer gets. */
async function consumed({ ask }: StartedNode, partition: number): Promise<number[]> {
  const found: number[] = [];
  for (let offset = 0; ; ) {
    const partitions = [{ partition, fetchOffset: offset, partitionMaxBytes: 1 << 20 }];
    const fetched = await ask<{ responses: { partitions: { errorCode: number; records: Buffer | null }[] }[] }>(
      'Fetch',
      12,
      {
        maxWaitMs: 0,
        minBytes: 0,
        maxBytes: 1 << 20,
        sessionEpoch: -1,
        topics: [{ topic: 't', partitions }],
      },
    );
    const { errorCode, records } = fetched.responses[0]!.partitions[0]!;
    expect(errorCode).toBe(0);
    if (records === null || records.length === 0) return found;
    for (let at = 0; at < records.length; at += 12 + records.readInt32BE(at + 8)) {
      offset = Number(records.readBigInt64BE(at));
      found.push(offset);
      offset += records.readInt32BE(at + 23) + 1;
    }
  }
}

const range = (count: number) => Array.from({ length: count }, (_, index) => index);
const big = () => batchOf(['x'.repeat(20_000)]);
const at = async (node: StartedNode, partition: number) =>
  (await replicasOf(node, partition)).map(({ path, isFuture }) => (isFuture ? `${path} (future)` : path));

describe('a move', () => {
  test('goes on beside appends, and ends with all of them in the other directory', async () => {
    const disk = newDisk();
    const node = await startNode(disk);
    await createTopic(node, 't', { 'segment.bytes': '1048576' });
    for (let i = 0; i < 100; i++) await produceTo(node, 0, big());
    expect(await at(node, 0)).toEqual(['/a']);
    expect(await moveTo(node, '/b', 0)).toBe('NONE');
    let count = 100;
    const producer = { producerId: 7, producerEpoch: 0 };
    for (let sequence = 0; (await at(node, 0)).join() !== '/b'; sequence++) {
      expect(await produceTo(node, 0, batchOf(['y'], { ...producer, baseSequence: sequence }))).toBe(count);
      count++;
    }
    // What the producer sent last is known to the copy, too.
    const last = { ...producer, baseSequence: count - 101 };
    if (count > 100) expect(await produceTo(node, 0, batchOf(['y'], last))).toBe(count - 1);
    expect(await produceTo(node, 0)).toBe(count);
    expect(await consumed(node, 0)).toEqual(range(count + 1));
    expect(disk.list('/a').filter((name) => name.startsWith('t-0'))).toEqual([expect.stringMatching(/-delete$/)]);
    await node.node.stop();
    const again = await startNode(disk);
    expect(await at(again, 0)).toEqual(['/b']);
    expect(await consumed(again, 0)).toEqual(range(count + 1));
  });

  test('back is a move like any other, and to where the replica is, nothing', async () => {
    const node = await startNode(newDisk());
    await createTopic(node, 't');
    await produceTo(node, 0);
    for (const path of ['/b', '/a', '/a']) {
      expect(await moveTo(node, path, 0)).toBe('NONE');
      await until(async () => (await at(node, 0)).join() === path);
    }
    expect(await consumed(node, 0)).toEqual([0]);
  });

  test('begins with the first offset that is left', async () => {
    const node = await startNode(newDisk());
    await createTopic(node, 't');
    await produceTo(node, 0, batchOf(['1', '2', '3', '4']));
    await produceTo(node, 0, batchOf(['5']));
    const topics = [{ name: 't', partitions: [{ partitionIndex: 0, offset: 2 }] }];
    await node.ask('DeleteRecords', 2, { topics, timeoutMs: 30_000 });
    await moveTo(node, '/b', 0);
    await until(async () => (await at(node, 0)).join() === '/b');
    const listed = await node.ask<{ topics: { partitions: { offset: number }[] }[] }>('ListOffsets', 7, {
      replicaId: -1,
      topics: [{ name: 't', partitions: [{ partitionIndex: 0, timestamp: -2 }] }],
    });
    expect(listed.topics[0]!.partitions[0]!.offset).toBe(2);
    expect(await produceTo(node, 0)).toBe(5);
  });

  test('is as slow as the setting says, tells how far it is, goes on after a restart, and is cancelled by moving back', async () => {
    const disk = newDisk();
    const first = await startNode(disk);
    await createTopic(first, 't');
    for (let i = 0; i < 5; i++) await produceTo(first, 0, big());
    await setSpeed(first, '1');
    expect(await moveTo(first, '/b', 0)).toBe('NONE');
    await until(async () =>
      (await replicasOf(first, 0)).some(({ isFuture, offsetLag }) => isFuture && offsetLag === 4),
    );
    expect(await moveTo(first, '/b', 0)).toBe('NONE');
    await first.node.stop();
    const second = await startNode(disk);
    expect(await at(second, 0)).toEqual(['/a', '/b (future)']);
    expect(await moveTo(second, '/a', 0)).toBe('NONE');
    expect(await at(second, 0)).toEqual(['/a']);
    expect(await produceTo(second, 0)).toBe(5);
    await setSpeed(second, '100000000');
    await moveTo(second, '/b', 0);
    await until(async () => (await at(second, 0)).join() === '/b');
    expect(await consumed(second, 0)).toEqual(range(6));
  });

  test('of a partition that is deleted in the middle leaves nothing', async () => {
    const disk = newDisk();
    const node = await startNode(disk);
    await createTopic(node, 't');
    for (let i = 0; i < 5; i++) await produceTo(node, 0, big());
    await setSpeed(node, '1');
    await moveTo(node, '/b', 0);
    await until(async () => (await at(node, 0)).length === 2);
    await node.ask('DeleteTopics', 5, { topicNames: ['t'], timeoutMs: 30_000 });
    const left = [...disk.list('/a'), ...disk.list('/b')].filter((name) => name.startsWith('t-0'));
    expect(left).toEqual([expect.stringMatching(/-delete$/), expect.stringMatching(/-delete$/)]);
  });

  test('whose target fails leaves the replica where it is', async () => {
    const disk = newDisk();
    const node = await startNode(disk);
    await createTopic(node, 't');
    for (let i = 0; i < 5; i++) await produceTo(node, 0, big());
    disk.fault = ({ kind, path }) => (kind === 'write' && path.includes('-future') ? 'EIO' : null);
    await moveTo(node, '/b', 0);
    await until(async () => (await moveTo(node, '/b', 0)) === 'KAFKA_STORAGE_ERROR');
    expect(await at(node, 0)).toEqual(['/a']);
    expect(await produceTo(node, 0)).toBe(5);
  });
});

describe('what cannot be moved', () => {
  test.each([
    ['to a directory that is not configured', '/c', 0, 't', 'LOG_DIR_NOT_FOUND'],
    ['to a path that is not absolute', 'a', 0, 't', 'LOG_DIR_NOT_FOUND'],
    ['a topic that is not there', '/b', 0, 'missing', 'UNKNOWN_TOPIC_OR_PARTITION'],
    ['a partition that is not there', '/b', 9, 't', 'UNKNOWN_TOPIC_OR_PARTITION'],
    ['a topic whose name leaves no room', '/b', 0, 'n'.repeat(249), 'INVALID_TOPIC_EXCEPTION'],
  ])('%s', async (_, path, partition, topic, error) => {
    const node = await startNode(newDisk());
    await createTopic(node, 't');
    expect(await moveTo(node, path, partition, topic)).toBe(error);
  });

  test('a partition that comes later is created there', async () => {
    const node = await startNode(newDisk());
    for (const partition of range(4)) expect(await moveTo(node, '/b', partition)).toBe('UNKNOWN_TOPIC_OR_PARTITION');
    await createTopic(node, 't');
    for (const partition of range(4)) expect(await at(node, partition)).toEqual(['/b']);
  });
});

test('a move that is killed at any point loses nothing that was acknowledged', { timeout: 120_000 }, async () => {
  const disk = new SimulatedDisk();
  const node = await startNode(disk);
  await createTopic(node, 't');
  let acknowledged = 0;
  for (; acknowledged < 3; acknowledged++) await produceTo(node, 0);
  const points: { disk: SimulatedDisk; acknowledged: number; before: string }[] = [];
  disk.beforeChange = (before) => {
    if (/\/t-0|checkpoint/.test(before)) points.push({ disk: disk.crashClone('kill'), acknowledged, before });
  };
  await moveTo(node, '/b', 0);
  while ((await at(node, 0)).join() !== '/b') {
    await produceTo(node, 0);
    acknowledged++;
  }
  await node.node.stop();
  disk.beforeChange = null;
  // Every rename, and some of the rest.
  const every = Math.ceil(points.length / 10);
  const chosen = points.filter(({ before }, index) => index % every === 0 || /^rename \/[ab]\/t-0/.test(before));
  expect(chosen.length).toBeGreaterThan(5);
  for (const point of chosen) {
    const again = await startNode(point.disk);
    const found = await consumed(again, 0);
    expect(found.length, point.before).toBeGreaterThanOrEqual(point.acknowledged);
    expect(found, point.before).toEqual(range(found.length));
    expect(await produceTo(again, 0), point.before).toBe(found.length);
    await again.node.stop();
  }
});
