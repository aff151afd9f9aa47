import { expect, test } from 'vitest';
import { nearestReplica } from '../../../src/replication/nearest-replica.ts';
import { Hosted, newPartitionState, topicId } from './fakes.ts';

const racks: Record<number, string> = { 1: 'a', 2: 'b', 3: 'b', 4: 'c' };

async function leader(): Promise<Hosted> {
  const hosted = new Hosted();
  const replicas = [1, 2, 3, 4];
  hosted.setTopic('t', [newPartitionState({ partitionEpoch: 1, replicas, isr: [1, 2, 3] })]);
  await hosted.produce(1, { records: 10 });
  hosted.followerFetched(2, 8);
  hosted.followerFetched(3, 10);
  hosted.followerFetched(4, 10);
  return hosted;
}

const ask = (hosted: Hosted, rack: string, fetchOffset: number) =>
  nearestReplica(hosted.partition(), { rack, fetchOffset, rackOf: (id) => racks[id] ?? null });

test('a consumer is sent to the replica of its rack that has most of what it wants (KIP-392)', async () => {
  const hosted = await leader();
  expect(ask(hosted, 'b', 5)).toBe(3);
  expect(ask(hosted, 'b', 9)).toBe(3);
});

test('it stays with the leader that is in its rack, or when no replica in sync is', async () => {
  const hosted = await leader();
  expect(ask(hosted, 'a', 5)).toBeNull();
  expect(ask(hosted, 'c', 5)).toBeNull();
  expect(ask(hosted, 'd', 5)).toBeNull();
  expect(ask(hosted, 'b', 11)).toBeNull();
});

test('the answer names the replica, has no records and comes at once', async () => {
  const hosted = await leader();
  const [result] = await hosted.partitions.fetch({
    replicaId: -1,
    replicaEpoch: -1,
    leaderOnly: false,
    isolation: 'high-watermark',
    maxWaitMs: 10_000,
    minBytes: 1,
    maxBytes: 1_000_000,
    preferredReplica: (partition, fetchOffset) =>
      nearestReplica(partition, { rack: 'b', fetchOffset, rackOf: (id) => racks[id] ?? null }),
    partitions: [
      {
        topic: 't',
        topicId,
        partition: 0,
        fetchOffset: 0,
        partitionMaxBytes: 1_000_000,
        currentLeaderEpoch: -1,
        lastFetchedEpoch: -1,
        fetcherLogStartOffset: -1,
      },
    ],
  });
  expect(result).toMatchObject({ error: 'NONE', preferredReadReplica: 3 });
  expect(result!.records).toHaveLength(0);
});
