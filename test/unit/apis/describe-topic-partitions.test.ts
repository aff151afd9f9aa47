import { describe, expect, it } from 'vitest';
import { describeTopicPartitionsHandler } from '../../../src/apis/describe-topic-partitions.ts';
import { decode, encode } from '../../../src/wire/codec.ts';
import { errorName } from '../../../src/wire/errors.ts';
import {
  type DescribeTopicPartitionsRequest,
  describeTopicPartitionsResponse,
} from '../../../src/wire/schema/describe-topic-partitions.ts';
import { broker, contextOf, partition, topic, topicIdA, topicIdB, view } from './api-fakes.ts';

const metadata = view(
  [broker(1)],
  [
    topic('b', topicIdB, [partition(), partition(), partition()]),
    topic('a', topicIdA, [partition({ elr: [2], lastKnownElr: [3] }), partition()]),
  ],
);
const handler = describeTopicPartitionsHandler({ metadata, limits: { maxRequestPartitionSizeLimit: 2000 } });

async function ask(names: string[], options: Partial<DescribeTopicPartitionsRequest> = {}) {
  const request = { topics: names.map((name) => ({ name })), responsePartitionLimit: 2000, cursor: null, ...options };
  const response = await handler.handle(request, contextOf(0));
  return decode(describeTopicPartitionsResponse, 0, encode(describeTopicPartitionsResponse, 0, response!));
}

function summary(response: Awaited<ReturnType<typeof ask>>) {
  return response.topics.map((each) => [
    each.name,
    errorName(each.errorCode),
    each.partitions.map(({ partitionIndex }) => partitionIndex),
  ]);
}

describe('DescribeTopicPartitions', () => {
  it('lists topics in the order of their names, all of them for an empty list, with ELR and operations', async () => {
    const response = await ask([]);
    expect(summary(response)).toEqual([
      ['a', 'NONE', [0, 1]],
      ['b', 'NONE', [0, 1, 2]],
    ]);
    expect(response.nextCursor).toBeNull();
    expect(response.topics[0]).toMatchObject({ topicId: topicIdA, topicAuthorizedOperations: 3576 });
    expect(response.topics[0]!.partitions[0]).toMatchObject({
      leaderId: 1,
      leaderEpoch: 3,
      eligibleLeaderReplicas: [2],
      lastKnownElr: [3],
    });
  });

  it('says what is wrong with a topic that is not there', async () => {
    expect(summary(await ask(['c', 'a', 'no spaces', 'a']))).toEqual([
      ['a', 'NONE', [0, 1]],
      ['c', 'UNKNOWN_TOPIC_OR_PARTITION', []],
      ['no spaces', 'INVALID_TOPIC_EXCEPTION', []],
    ]);
  });

  it('stops at the limit and goes on from the cursor, until all is told', async () => {
    const told: unknown[] = [];
    let cursor: DescribeTopicPartitionsRequest['cursor'] = null;
    for (let round = 0; round < 10; round++) {
      const response: Awaited<ReturnType<typeof ask>> = await ask([], { responsePartitionLimit: 2, cursor });
      told.push(summary(response));
      cursor = response.nextCursor;
      if (cursor === null) break;
    }
    expect(told).toEqual([[['a', 'NONE', [0, 1]]], [['b', 'NONE', [0, 1]]], [['b', 'NONE', [2]]]]);
  });

  it('answers with one partition at least and with no more than the broker allows', async () => {
    expect((await ask([], { responsePartitionLimit: 0 })).nextCursor).toEqual({ topicName: 'a', partitionIndex: 1 });
    const narrow = describeTopicPartitionsHandler({ metadata, limits: { maxRequestPartitionSizeLimit: 1 } });
    const response = await narrow.handle({ topics: [], responsePartitionLimit: 2000, cursor: null }, contextOf(0));
    expect(response!.nextCursor).toEqual({ topicName: 'a', partitionIndex: 1 });
  });

  it('refuses a cursor outside the list and a negative partition', async () => {
    await expect(ask(['a'], { cursor: { topicName: 'b', partitionIndex: 0 } })).rejects.toMatchObject({
      error: 'INVALID_REQUEST',
      message: 'DescribeTopicPartitionsRequest topic list should contain the cursor topic: b',
    });
    await expect(ask([], { cursor: { topicName: 'b', partitionIndex: -1 } })).rejects.toMatchObject({
      error: 'INVALID_REQUEST',
    });
  });
});
