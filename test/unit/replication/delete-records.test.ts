import { expect, test } from 'vitest';
import { Hosted, newPartitionState, outcome, settle } from './fakes.ts';

/** Of a topic with three replicas, all in sync, led here, with three records that all of them have. */
async function threeReplicas(options: ConstructorParameters<typeof Hosted>[0] = {}): Promise<Hosted> {
  const hosted = new Hosted(options);
  hosted.setTopic('t', [newPartitionState({ partitionEpoch: 1, isr: [1, 2, 3], replicas: [1, 2, 3] })]);
  hosted.produce(1, { records: 3 });
  await settle();
  for (const replica of [2, 3]) hosted.followerFetched(replica, 3);
  return hosted;
}

const deletion = (beforeOffset: number) => ({ topic: 't', partition: 0, beforeOffset });

test('the answer waits until every replica has deleted the records', async () => {
  const hosted = await threeReplicas();
  const answer = hosted.partitions.deleteRecords([deletion(2)], 1000);
  expect(hosted.log().logStartOffset).toBe(2);
  hosted.followerFetched(2, 3, 2);
  expect(await outcome(answer)).toBe('waiting');
  hosted.followerFetched(3, 3, 2);
  expect(await outcome(answer)).toEqual([{ error: 'NONE', lowWatermark: 2 }]);
  expect(hosted.time.scheduled).toBe(0);
});

test('a replica that is away does not hold the answer up', async () => {
  let eligible = (_: number) => true;
  const hosted = await threeReplicas({ isIsrEligible: (brokerId) => eligible(brokerId) });
  const answer = hosted.partitions.deleteRecords([deletion(3)], 1000);
  hosted.followerFetched(2, 3, 3);
  expect(await outcome(answer)).toBe('waiting');
  // Its broker is fenced, which the partition hears of as a change of its in-sync replicas.
  eligible = (brokerId) => brokerId !== 3;
  hosted.setTopic('t', [newPartitionState({ partitionEpoch: 2, isr: [1, 2], replicas: [1, 2, 3] })]);
  expect(await outcome(answer)).toEqual([{ error: 'NONE', lowWatermark: 3 }]);
});

test('when the time is over the answer is REQUEST_TIMED_OUT with the low watermark of the beginning', async () => {
  const hosted = await threeReplicas();
  const deletions = [deletion(2), { topic: 'none', partition: 0, beforeOffset: 0 }];
  const answer = hosted.partitions.deleteRecords(deletions, 500);
  hosted.followerFetched(2, 3, 2);
  hosted.time.advance(500);
  expect(await outcome(answer)).toEqual([
    { error: 'REQUEST_TIMED_OUT', lowWatermark: 0 },
    { error: 'UNKNOWN_TOPIC_OR_PARTITION', lowWatermark: -1 },
  ]);
  expect(hosted.log().logStartOffset).toBe(2);
  hosted.followerFetched(3, 3, 2);
});

test('nobody waits for what all replicas have deleted before, or for a leader that is none any more', async () => {
  const hosted = await threeReplicas();
  const first = hosted.partitions.deleteRecords([deletion(1)], 1000);
  for (const replica of [2, 3]) hosted.followerFetched(replica, 3, 1);
  expect(await outcome(first)).toEqual([{ error: 'NONE', lowWatermark: 1 }]);
  expect(hosted.partitions.deleteRecords([deletion(1)], 1000)).toEqual([{ error: 'NONE', lowWatermark: 1 }]);

  const second = hosted.partitions.deleteRecords([deletion(2)], 1000);
  const replicas = [1, 2, 3];
  hosted.setTopic('t', [newPartitionState({ leader: 2, leaderEpoch: 1, partitionEpoch: 2, isr: replicas, replicas })]);
  expect(await outcome(second)).toEqual([{ error: 'NOT_LEADER_OR_FOLLOWER', lowWatermark: -1 }]);
});
