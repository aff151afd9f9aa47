// A node with the log directories /a and /b on a disk in memory, and a client of it.
import { expect } from 'vitest';
import { silentLogger } from '../../src/base/logger.ts';
import { loadNodeConfig } from '../../src/config/node-config.ts';
import type { FileSystem } from '../../src/io/file-system.ts';
import { Node } from '../../src/node.ts';
import { errorName } from '../../src/wire/errors.ts';
import { batchOf } from './logs.ts';
import { RawConnection } from './raw-client.ts';
import { SimulatedDisk } from './simulated-disk.ts';

const nodes: Node[] = [];
const connections: RawConnection[] = [];

export interface StartedNode {
  readonly node: Node;
  readonly fatal: Error[];
  /** The caller knows the answer's shape. */
  ask<T>(api: string, version: number, body: object): Promise<T>;
}

interface ProduceAnswer {
  responses: { partitionResponses: { errorCode: number; baseOffset: number }[] }[];
}

interface MetadataAnswer {
  topics: { partitions: { partitionIndex: number; leaderId: number }[] }[];
}

interface LogDirsAnswer {
  results: {
    errorCode: number;
    logDir: string;
    isCordoned: boolean;
    topics: { name: string; partitions: { partitionIndex: number; offsetLag: number; isFutureKey: boolean }[] }[];
  }[];
}

export interface DescribedReplica {
  readonly path: string;
  readonly offsetLag: number;
  readonly isFuture: boolean;
}

export async function startNode(
  fileSystem: FileSystem,
  settings: Readonly<Record<string, string>> = {},
): Promise<StartedNode> {
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

/** To be called after each test. */
export async function stopNodes(): Promise<void> {
  for (const connection of connections.splice(0)) connection.close();
  for (const node of nodes.splice(0)) await node.stop();
}

export const newDisk = () => new SimulatedDisk({ nowMs: () => 1_700_000_000_000 });

export async function createTopic(
  { ask }: StartedNode,
  name: string,
  configs: Readonly<Record<string, string>> = {},
): Promise<void> {
  const entries = Object.entries(configs).map(([key, value]) => ({ name: key, value }));
  const topics = [{ name, numPartitions: 4, replicationFactor: 1, assignments: [], configs: entries }];
  const created = await ask<{ topics: { errorCode: number }[] }>('CreateTopics', 7, { topics, timeoutMs: 30_000 });
  expect(created.topics[0]?.errorCode).toBe(0);
}

/** Gives the offset of the batch, or the error. */
export async function produceTo(
  { ask }: StartedNode,
  partition: number,
  records = batchOf(['x']),
): Promise<number | string> {
  const topicData = [{ name: 't', partitionData: [{ index: partition, records }] }];
  const produced = await ask<ProduceAnswer>('Produce', 12, { acks: -1, timeoutMs: 30_000, topicData });
  const answer = produced.responses[0]!.partitionResponses[0]!;
  return answer.errorCode === 0 ? answer.baseOffset : errorName(answer.errorCode);
}

/** NONE, or the error. */
export async function produce(node: StartedNode, partition: number): Promise<string> {
  const produced = await produceTo(node, partition);
  return typeof produced === 'string' ? produced : 'NONE';
}

export async function leaders({ ask }: StartedNode): Promise<number[]> {
  const described = await ask<MetadataAnswer>('Metadata', 12, { topics: [{ name: 't' }] });
  const { partitions } = described.topics[0]!;
  return partitions.sort((a, b) => a.partitionIndex - b.partitionIndex).map(({ leaderId }) => leaderId);
}

/** Where a partition of `t` lies, and whereto it is moved. */
export async function replicasOf({ ask }: StartedNode, partition: number): Promise<DescribedReplica[]> {
  const described = await ask<LogDirsAnswer>('DescribeLogDirs', 5, {
    topics: [{ topic: 't', partitions: [partition] }],
  });
  return described.results.flatMap(({ logDir, topics }) =>
    topics.flatMap(({ partitions }) =>
      partitions.map(({ offsetLag, isFutureKey }) => ({ path: logDir, offsetLag, isFuture: isFutureKey })),
    ),
  );
}

export async function moveTo({ ask }: StartedNode, path: string, partition: number, topic = 't'): Promise<string> {
  const answer = await ask<{ results: { partitions: { errorCode: number }[] }[] }>('AlterReplicaLogDirs', 2, {
    dirs: [{ path, topics: [{ name: topic, partitions: [partition] }] }],
  });
  return errorName(answer.results[0]!.partitions[0]!.errorCode);
}

export async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 1000; tries++) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('it did not come to pass');
}
