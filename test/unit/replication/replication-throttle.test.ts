import { expect, test } from 'vitest';
import { ReplicationThrottle } from '../../../src/replication/replication-throttle.ts';
import { Hosted, newPartitionState, topicId } from './fakes.ts';

function throttle(text: string | undefined, bytesPerSecond = 1000) {
  let nowMs = 0;
  const made = new ReplicationThrottle({
    brokerId: 1,
    bytesPerSecond: () => bytesPerSecond,
    throttledReplicas: () => text,
    window: { sampleCount: 11, sampleMs: 1000 },
    nowMs: () => nowMs,
  });
  return {
    made,
    advance: (ms: number) => {
      nowMs += ms;
    },
  };
}

const partition = (index: number) => ({ topic: 't', partition: index });

test('what is above the rate waits until it is not any more', () => {
  const { made, advance } = throttle('*');
  made.copied(partition(0), 10_000);
  expect(made.isHeldBack(partition(0))).toBe(false);
  made.copied(partition(0), 10_000);
  expect(made.isHeldBack(partition(0))).toBe(true);
  expect(made.isHeldBack(partition(7))).toBe(true);
  advance(20_000);
  expect(made.isHeldBack(partition(0))).toBe(false);
});

test('only the replicas that the topic names are counted and held back', () => {
  const { made } = throttle('0:1, 1:2');
  made.copied(partition(1), 1_000_000);
  expect(made.isHeldBack(partition(0))).toBe(false);
  made.copied(partition(0), 1_000_000);
  expect(made.isHeldBack(partition(0))).toBe(true);
  expect(made.isHeldBack(partition(1))).toBe(false);
  expect(throttle(undefined).made.isHeldBack(partition(0))).toBe(false);
});

test('a leader holds back a follower that is not in sync, and no other', async () => {
  const hosted = new Hosted({ throttle: { isHeldBack: () => true, copied: () => undefined } });
  hosted.setTopic('t', [newPartitionState({ partitionEpoch: 1, replicas: [1, 2, 3], isr: [1, 2] })]);
  await hosted.produce(1);
  const fetched = async (replicaId: number): Promise<number> => {
    const [result] = await hosted.partitions.fetch({
      replicaId,
      replicaEpoch: -1,
      leaderOnly: true,
      isolation: 'log-end',
      maxWaitMs: 0,
      minBytes: 1,
      maxBytes: 1_000_000,
      partitions: [
        {
          topic: 't',
          topicId,
          partition: 0,
          fetchOffset: 0,
          partitionMaxBytes: 1_000_000,
          currentLeaderEpoch: -1,
          lastFetchedEpoch: -1,
          fetcherLogStartOffset: 0,
        },
      ],
    });
    return result!.records.length;
  };
  expect(await fetched(2)).toBeGreaterThan(0);
  expect(await fetched(3)).toBe(0);
});
