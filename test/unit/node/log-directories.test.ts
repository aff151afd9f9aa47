// A node with several log directories: who lies where, what the metadata says of it, and a disk that fails.
import { afterEach, describe, expect, test } from 'vitest';
import type { FileSystem } from '../../../src/io/file-system.ts';
import { readMetaProperties, writeMetaProperties } from '../../../src/log/directory-files.ts';
import {
  createTopic,
  leaders,
  newDisk,
  produce,
  produceTo,
  replicasOf,
  startNode,
  stopNodes,
  until,
} from '../../support/jbod-node.ts';
import { batchOf } from '../../support/logs.ts';

afterEach(stopNodes);

const folders = (disk: FileSystem, path: string) => disk.list(path).filter((name) => /^t-\d$/.test(name));

describe('two directories', () => {
  test('are formatted with an id each, and share the partitions, which a restart finds', async () => {
    const disk = newDisk();
    const first = await startNode(disk);
    const [a, b] = [readMetaProperties(disk, '/a')!, readMetaProperties(disk, '/b')!];
    expect(a).toMatchObject({ clusterId: first.node.clusterId, nodeId: 1 });
    expect(b.clusterId).toBe(a.clusterId);
    expect(b.directoryId).not.toBe(a.directoryId);
    await createTopic(first, 't');
    expect([folders(disk, '/a').length, folders(disk, '/b').length]).toEqual([2, 2]);
    for (const partition of [0, 1, 2, 3]) expect(await produce(first, partition)).toBe('NONE');
    await first.node.stop();
    expect(disk.exists('/b/.kafka_cleanshutdown')).toBe(true);
    const again = await startNode(disk);
    expect(await leaders(again)).toEqual([1, 1, 1, 1]);
    for (const partition of [0, 1, 2, 3]) expect(await produce(again, partition)).toBe('NONE');
  });

  test('one of which fails: its partitions are offline, the others serve, until it is repaired', async () => {
    const disk = newDisk();
    const started = await startNode(disk);
    await createTopic(started, 't');
    const onB = folders(disk, '/b').map((name) => Number(name.slice(2)));
    disk.fault = ({ kind, path }) => (kind === 'write' && path.startsWith('/b/') ? 'EIO' : null);
    const answers = await Promise.all([0, 1, 2, 3].map((partition) => produce(started, partition)));
    expect(answers[onB[0]!]).toBe('KAFKA_STORAGE_ERROR');
    for (const partition of [0, 1, 2, 3]) if (!onB.includes(partition)) expect(answers[partition]).toBe('NONE');
    await until(async () => (await leaders(started)).filter((leader) => leader === -1).length === 2);
    expect(await leaders(started)).toEqual([0, 1, 2, 3].map((partition) => (onB.includes(partition) ? -1 : 1)));
    expect(started.fatal).toEqual([]);
    await started.node.stop();
    disk.fault = ({ path }) => (path.startsWith('/b/') ? 'EIO' : null);
    const without = await startNode(disk);
    expect(await leaders(without)).toEqual([0, 1, 2, 3].map((partition) => (onB.includes(partition) ? -1 : 1)));
    await without.node.stop();
    disk.fault = null;
    const repaired = await startNode(disk);
    expect(await leaders(repaired)).toEqual([1, 1, 1, 1]);
    expect(await produce(repaired, onB[0]!)).toBe('NONE');
  });

  test('a full disk fails what is produced, and nothing else, until there is room again', async () => {
    const disk = newDisk();
    const started = await startNode(disk);
    await createTopic(started, 't');
    const batch = () => batchOf(['x'], { producerId: 7, producerEpoch: 0, baseSequence: 0 });
    expect(await produceTo(started, 0)).toBe(0);
    disk.fault = ({ kind, path }) => (kind === 'write' && path.includes('/t-') ? 'ENOSPC' : null);
    for (const partition of [0, 1, 2, 3]) {
      expect(await produceTo(started, partition, batch())).toBe('KAFKA_STORAGE_ERROR');
    }
    expect(await produceTo(started, 0, batch())).toBe('KAFKA_STORAGE_ERROR');
    expect(await leaders(started)).toEqual([1, 1, 1, 1]);
    expect((await replicasOf(started, 0)).map(({ offsetLag }) => offsetLag)).toEqual([0]);
    disk.fault = null;
    // What waited is written first, so the producer's second try is recognised.
    await until(async () => (await produceTo(started, 0, batch())) === 1);
    expect(await produceTo(started, 0)).toBe(2);
    expect(started.fatal).toEqual([]);
  });

  test('a topic that is created on a full disk is served when there is room', async () => {
    const disk = newDisk();
    const started = await startNode(disk);
    disk.fault = ({ kind, path }) => (kind === 'write' && path.includes('/t-') ? 'ENOSPC' : null);
    await createTopic(started, 't');
    expect(await produceTo(started, 0)).toBe('KAFKA_STORAGE_ERROR');
    disk.fault = null;
    await until(async () => (await produceTo(started, 0)) === 0);
  });

  test('one of which is new and empty: it is taken into use', async () => {
    const disk = newDisk();
    const first = await startNode(disk, { 'log.dirs': '/a' });
    await createTopic(first, 't');
    expect(folders(disk, '/a')).toHaveLength(4);
    await first.node.stop();
    const second = await startNode(disk);
    expect(readMetaProperties(disk, '/b')?.clusterId).toBe(second.node.clusterId);
    await createTopic(second, 'more');
    expect(disk.list('/b').filter((name) => name.startsWith('more-'))).toHaveLength(4);
  });

  test('the metadata log may have its own', async () => {
    const disk = newDisk();
    const started = await startNode(disk, { 'metadata.log.dir': '/m' });
    await createTopic(started, 't');
    expect(disk.exists('/m/__cluster_metadata-0')).toBe(true);
    expect([...folders(disk, '/a'), ...folders(disk, '/b')]).toHaveLength(4);
    await started.node.stop();
    await expect(startNode(disk, { 'metadata.log.dir': '/z' })).rejects.toThrow(/\/z, is not formatted, but \/a is/);
    expect(await leaders(await startNode(disk, { 'metadata.log.dir': '/m' }))).toEqual([1, 1, 1, 1]);
  });

  test('without that of the metadata log nothing goes on', async () => {
    const disk = newDisk();
    const started = await startNode(disk);
    await createTopic(started, 't');
    const onA = folders(disk, '/a').map((name) => Number(name.slice(2)));
    disk.fault = ({ kind, path }) => (kind === 'write' && path.startsWith('/a/') ? 'EIO' : null);
    await produce(started, onA[0]!).catch(() => undefined);
    await until(async () => started.fatal.length > 0);
    expect(started.fatal[0]!.message).toMatch(/metadata log, \/a, failed/);
  });

  test.each([
    ['another cluster', { clusterId: 'AAAAAAAAAAAAAAAAAAAAAA' }, /belongs to cluster/],
    ['another node', { nodeId: 2 }, /belongs to node 2/],
  ])('one of which belongs to %s stops the start', async (_, change, message) => {
    const disk = newDisk();
    const { node } = await startNode(disk);
    await node.stop();
    writeMetaProperties(disk, '/b', { ...readMetaProperties(disk, '/b')!, ...change });
    await expect(startNode(disk)).rejects.toThrow(message);
  });
});
