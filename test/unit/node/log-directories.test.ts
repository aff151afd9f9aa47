// A node with several log directories: who lies where, what the metadata says of it, and a disk that fails.
import { afterEach, describe, expect, test } from 'vitest';
import { silentLogger } from '../../../src/base/logger.ts';
import { loadNodeConfig } from '../../../src/config/node-config.ts';
import { MemoryFileSystem } from '../../../src/io/memory-file-system.ts';
import { readMetaProperties, writeMetaProperties } from '../../../src/log/directory-files.ts';
import { Node } from '../../../src/node.ts';
import { errorName } from '../../../src/wire/errors.ts';
import { FailingFileSystem } from '../../support/failing-file-system.ts';
import { batchOf } from '../../support/logs.ts';
import { RawConnection } from '../../support/raw-client.ts';

const nodes: Node[] = [];
const connections: RawConnection[] = [];

interface Started {
  readonly node: Node;
  readonly fatal: Error[];
  /** The caller knows the answer's shape. */
  ask<T>(api: string, version: number, body: object): Promise<T>;
}

interface ProduceAnswer {
  responses: { partitionResponses: { errorCode: number }[] }[];
}

interface MetadataAnswer {
  topics: { partitions: { partitionIndex: number; leaderId: number }[] }[];
}

async function start(fileSystem: FailingFileSystem, settings: Readonly<Record<string, string>> = {}): Promise<Started> {
  const fatal: Error[] = [];
  const node = await Node.start({
    config: loadNodeConfig({
      flags: new Map([
        ['listeners', 'PLAINTEXT://127.0.0.1:0'],
        ['log.dirs', '/a,/b'],
        ['num.partitions', '4'],
        ...Object.entries(settings),
      ]),
    }),
    ephemeral: true,
    format: true,
    topics: [],
    logger: silentLogger,
    fileSystem,
    onFatal: (error) => fatal.push(error),
  });
  nodes.push(node);
  const connection = await RawConnection.open({
    host: '127.0.0.1',
    port: Number(node.bootstrapServers.split(':').at(-1)),
  });
  connections.push(connection);
  return {
    node,
    fatal,
    async ask<T>(api: string, version: number, body: object) {
      const answer = await connection.send({ api, version, body: body as never });
      if (answer.kind !== 'answer') throw new Error(`${api}: ${answer.kind}`);
      return answer.body as T;
    },
  };
}

afterEach(async () => {
  for (const connection of connections.splice(0)) connection.close();
  for (const node of nodes.splice(0)) await node.stop();
});

const newDisk = () => new FailingFileSystem(new MemoryFileSystem({ nowMs: () => 1_700_000_000_000 }));

async function createTopic({ ask }: Started, name: string): Promise<void> {
  const topics = [{ name, numPartitions: 4, replicationFactor: 1, assignments: [], configs: [] }];
  const created = await ask<{ topics: { errorCode: number }[] }>('CreateTopics', 7, { topics, timeoutMs: 30_000 });
  expect(created.topics[0]?.errorCode).toBe(0);
}

async function produce({ ask }: Started, partition: number): Promise<string> {
  const partitionData = [{ index: partition, records: batchOf(['x']) }];
  const topicData = [{ name: 't', partitionData }];
  const produced = await ask<ProduceAnswer>('Produce', 12, { acks: -1, timeoutMs: 30_000, topicData });
  return errorName(produced.responses[0]!.partitionResponses[0]!.errorCode);
}

async function leaders({ ask }: Started): Promise<number[]> {
  const described = await ask<MetadataAnswer>('Metadata', 12, { topics: [{ name: 't' }] });
  const { partitions } = described.topics[0]!;
  return partitions.sort((a, b) => a.partitionIndex - b.partitionIndex).map(({ leaderId }) => leaderId);
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 500; tries++) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('it did not come to pass');
}

const folders = (disk: FailingFileSystem, path: string) => disk.list(path).filter((name) => /^t-\d$/.test(name));

describe('two directories', () => {
  test('are formatted with an id each, and share the partitions, which a restart finds', async () => {
    const disk = newDisk();
    const first = await start(disk);
    const [a, b] = [readMetaProperties(disk, '/a')!, readMetaProperties(disk, '/b')!];
    expect(a).toMatchObject({ clusterId: first.node.clusterId, nodeId: 1 });
    expect(b.clusterId).toBe(a.clusterId);
    expect(b.directoryId).not.toBe(a.directoryId);
    await createTopic(first, 't');
    expect([folders(disk, '/a').length, folders(disk, '/b').length]).toEqual([2, 2]);
    for (const partition of [0, 1, 2, 3]) expect(await produce(first, partition)).toBe('NONE');
    await first.node.stop();
    expect(disk.exists('/b/.kafka_cleanshutdown')).toBe(true);
    const again = await start(disk);
    expect(await leaders(again)).toEqual([1, 1, 1, 1]);
    for (const partition of [0, 1, 2, 3]) expect(await produce(again, partition)).toBe('NONE');
  });

  test('one of which fails: its partitions are offline, the others serve, until it is repaired', async () => {
    const disk = newDisk();
    const started = await start(disk);
    await createTopic(started, 't');
    const onB = folders(disk, '/b').map((name) => Number(name.slice(2)));
    disk.rule = (operation, path) => (operation === 'write' && path.startsWith('/b/') ? 'EIO' : null);
    const answers = await Promise.all([0, 1, 2, 3].map((partition) => produce(started, partition)));
    expect(answers[onB[0]!]).toBe('KAFKA_STORAGE_ERROR');
    for (const partition of [0, 1, 2, 3]) if (!onB.includes(partition)) expect(answers[partition]).toBe('NONE');
    await until(async () => (await leaders(started)).filter((leader) => leader === -1).length === 2);
    expect(await leaders(started)).toEqual([0, 1, 2, 3].map((partition) => (onB.includes(partition) ? -1 : 1)));
    expect(started.fatal).toEqual([]);
    await started.node.stop();
    disk.rule = (_, path) => (path.startsWith('/b/') ? 'EIO' : null);
    const without = await start(disk);
    expect(await leaders(without)).toEqual([0, 1, 2, 3].map((partition) => (onB.includes(partition) ? -1 : 1)));
    await without.node.stop();
    disk.rule = () => null;
    const repaired = await start(disk);
    expect(await leaders(repaired)).toEqual([1, 1, 1, 1]);
    expect(await produce(repaired, onB[0]!)).toBe('NONE');
  });

  test('one of which is new and empty: it is taken into use', async () => {
    const disk = newDisk();
    const first = await start(disk, { 'log.dirs': '/a' });
    await createTopic(first, 't');
    expect(folders(disk, '/a')).toHaveLength(4);
    await first.node.stop();
    const second = await start(disk);
    expect(readMetaProperties(disk, '/b')?.clusterId).toBe(second.node.clusterId);
    await createTopic(second, 'more');
    expect(disk.list('/b').filter((name) => name.startsWith('more-'))).toHaveLength(4);
  });

  test('the metadata log may have its own', async () => {
    const disk = newDisk();
    const started = await start(disk, { 'metadata.log.dir': '/m' });
    await createTopic(started, 't');
    expect(disk.exists('/m/__cluster_metadata-0')).toBe(true);
    expect([...folders(disk, '/a'), ...folders(disk, '/b')]).toHaveLength(4);
    await started.node.stop();
    await expect(start(disk, { 'metadata.log.dir': '/z' })).rejects.toThrow(/\/z, is not formatted, but \/a is/);
    expect(await leaders(await start(disk, { 'metadata.log.dir': '/m' }))).toEqual([1, 1, 1, 1]);
  });

  test('without that of the metadata log nothing goes on', async () => {
    const disk = newDisk();
    const started = await start(disk);
    await createTopic(started, 't');
    const onA = folders(disk, '/a').map((name) => Number(name.slice(2)));
    disk.rule = (operation, path) => (operation === 'write' && path.startsWith('/a/') ? 'EIO' : null);
    await produce(started, onA[0]!).catch(() => undefined);
    await until(async () => started.fatal.length > 0);
    expect(started.fatal[0]!.message).toMatch(/metadata log, \/a, failed/);
  });

  test.each([
    ['another cluster', { clusterId: 'AAAAAAAAAAAAAAAAAAAAAA' }, /belongs to cluster/],
    ['another node', { nodeId: 2 }, /belongs to node 2/],
  ])('one of which belongs to %s stops the start', async (_, change, message) => {
    const disk = newDisk();
    const { node } = await start(disk);
    await node.stop();
    writeMetaProperties(disk, '/b', { ...readMetaProperties(disk, '/b')!, ...change });
    await expect(start(disk)).rejects.toThrow(message);
  });
});
