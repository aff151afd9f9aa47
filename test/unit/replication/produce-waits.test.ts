import { describe, expect, test } from 'vitest';
import { Partition } from '../../../src/replication/partition.ts';
import { Hosted, newBatch, newPartitionState, outcome, settle } from './fakes.ts';

describe('acks', () => {
  test('acks=1 is answered when the batch is in the file, not before', async () => {
    const hosted = new Hosted();
    hosted.log().holdWrites = true;
    const answer = hosted.produce(1, { records: 3 });
    expect(hosted.log().logEndOffset).toBe(3);
    expect(await outcome(answer)).toBe('waiting');
    hosted.log().finishWrites();
    expect(await outcome(answer)).toMatchObject([{ error: 'NONE', baseOffset: 0, logStartOffset: 0 }]);
  });

  test('acks=0 is answered at once', () => {
    const hosted = new Hosted();
    hosted.log().holdWrites = true;
    expect(hosted.produce(0)).toMatchObject([{ error: 'NONE', baseOffset: 0 }]);
  });

  test('acks=all of a lone leader is answered when the batch is in the file', async () => {
    const hosted = new Hosted();
    hosted.log().holdWrites = true;
    const first = hosted.produce(-1, { records: 2 });
    const second = hosted.produce(-1);
    expect(await outcome(first)).toBe('waiting');
    expect(hosted.partition().highWatermark).toBe(0);
    hosted.log().finishWrites();
    expect(await outcome(first)).toMatchObject([{ error: 'NONE', baseOffset: 0 }]);
    expect(await outcome(second)).toMatchObject([{ error: 'NONE', baseOffset: 2 }]);
    expect(hosted.partition().highWatermark).toBe(3);
    expect(hosted.time.scheduled).toBe(0);
  });

  test('acks=all waits for every in-sync replica, acks=1 does not', async () => {
    const hosted = new Hosted();
    hosted.setTopic('t', [newPartitionState({ partitionEpoch: 1, isr: [1, 2], replicas: [1, 2] })]);
    const all = hosted.produce(-1, { records: 2 });
    const one = hosted.produce(1);
    expect(await outcome(one)).toMatchObject([{ error: 'NONE', baseOffset: 2 }]);
    hosted.followerFetched(2, 1);
    expect(await outcome(all)).toBe('waiting');
    hosted.followerFetched(2, 2);
    expect(await outcome(all)).toMatchObject([{ error: 'NONE' }]);
    expect(hosted.partition().highWatermark).toBe(2);
  });

  test('the wait ends with REQUEST_TIMED_OUT, and the batch stays', async () => {
    const hosted = new Hosted();
    hosted.setTopic('t', [newPartitionState({ partitionEpoch: 1, isr: [1, 2], replicas: [1, 2] })]);
    const answer = hosted.produce(-1, { timeoutMs: 500 });
    await settle();
    hosted.time.advance(499);
    expect(await outcome(answer)).toBe('waiting');
    hosted.time.advance(1);
    expect(await outcome(answer)).toMatchObject([{ error: 'REQUEST_TIMED_OUT', baseOffset: 0 }]);
    hosted.followerFetched(2, 1);
    expect(hosted.partition().highWatermark).toBe(1);
  });

  test('a shrunken ISR advances the high watermark', async () => {
    const hosted = new Hosted({ isIsrEligible: () => false });
    hosted.setTopic('t', [newPartitionState({ partitionEpoch: 1, isr: [1, 2], replicas: [1, 2] })]);
    const answer = hosted.produce(-1);
    await settle();
    hosted.setTopic('t', [newPartitionState({ partitionEpoch: 2, isr: [1], replicas: [1, 2] })]);
    expect(await outcome(answer)).toMatchObject([{ error: 'NONE' }]);
  });

  test('min.insync.replicas counts at most the replicas that the topic has', async () => {
    const hosted = new Hosted();
    hosted.minInsyncReplicas = 2;
    expect(await hosted.produce(-1)).toMatchObject([{ error: 'NONE' }]);
    hosted.setTopic('t', [newPartitionState({ partitionEpoch: 1, isr: [1], replicas: [1, 2] })]);
    expect(await hosted.produce(-1)).toMatchObject([{ error: 'NOT_ENOUGH_REPLICAS', baseOffset: -1 }]);
    expect(await hosted.produce(1)).toMatchObject([{ error: 'NONE', baseOffset: 1 }]);
    expect(hosted.partition().highWatermark).toBe(1); // KIP-966: nothing more is committed below the minimum
  });

  test('other acks are INVALID_REQUIRED_ACKS and append nothing', () => {
    const hosted = new Hosted();
    for (const acks of [2, -2]) expect(hosted.produce(acks)).toMatchObject([{ error: 'INVALID_REQUIRED_ACKS' }]);
    expect(hosted.log().logEndOffset).toBe(0);
  });
});

describe('a request with several partitions', () => {
  test('waits once for all, and the failure of one is its own', async () => {
    const hosted = new Hosted();
    hosted.setTopic('t', [newPartitionState({ partitionEpoch: 1 }), newPartitionState()]);
    hosted.log('t', 0).holdWrites = true;
    const entries = [0, 1, 7].map((partition) => ({ topic: 't', topicId: null, partition, records: newBatch(1) }));
    const request = { acks: -1, produceVersion: 12, timeoutMs: 1000, internalTopicsAllowed: false, nowMs: 0, entries };
    const answer = hosted.partitions.append(request);
    expect(await outcome(answer)).toBe('waiting');
    hosted.log('t', 0).finishWrites();
    const results = await outcome(answer);
    expect(results).toMatchObject([{ error: 'NONE' }, { error: 'NONE' }, { error: 'UNKNOWN_TOPIC_OR_PARTITION' }]);
  });
});

describe('what ends a wait early', () => {
  test('a lost leadership', async () => {
    const hosted = new Hosted();
    hosted.log().holdWrites = true;
    const answer = hosted.produce(-1);
    hosted.setTopic('t', [newPartitionState({ leader: 2, leaderEpoch: 1, partitionEpoch: 1, replicas: [1, 2] })]);
    expect(await outcome(answer)).toMatchObject([{ error: 'NOT_LEADER_OR_FOLLOWER' }]);
    expect(hosted.produce(1)).toMatchObject([{ error: 'NOT_LEADER_OR_FOLLOWER' }]);
  });

  test('the deletion of the topic', async () => {
    const hosted = new Hosted();
    hosted.log().holdWrites = true;
    const answer = hosted.produce(1);
    hosted.deleteTopic('t');
    expect(await outcome(answer)).toMatchObject([{ error: 'UNKNOWN_TOPIC_OR_PARTITION' }]);
    expect(hosted.logs.deleted).toEqual(['t-0']);
  });

  test('a failed write takes the storage offline', async () => {
    const hosted = new Hosted();
    hosted.log().holdWrites = true;
    const answer = hosted.produce(1);
    const error = new Error('EIO');
    hosted.log().failWrites(error);
    expect(await outcome(answer)).toMatchObject([{ error: 'KAFKA_STORAGE_ERROR' }]);
    expect(hosted.produce(1)).toMatchObject([{ error: 'KAFKA_STORAGE_ERROR', logStartOffset: -1 }]);
    expect(hosted.partitions.find('t', 0)).toBe('KAFKA_STORAGE_ERROR');
  });

  test('a disk that is full when a segment is made fails the append, and no more', () => {
    const hosted = new Hosted();
    hosted.log().nextAppend = Object.assign(new Error('no space'), { code: 'ENOSPC' });
    expect(hosted.produce(1)).toMatchObject([{ error: 'KAFKA_STORAGE_ERROR' }]);
    expect(hosted.partitions.find('t', 0)).toBeInstanceOf(Partition);
  });

  test('a bug is not taken for a failed disk', () => {
    const hosted = new Hosted();
    hosted.log().nextAppend = new TypeError('undefined is not a function');
    expect(() => hosted.produce(1)).toThrow(TypeError);
    expect(hosted.partitions.find('t', 0)).toBeInstanceOf(Partition);
  });
});

describe('duplicates', () => {
  test('a repeated batch is acknowledged only when the original is committed', async () => {
    const hosted = new Hosted();
    hosted.log().holdWrites = true;
    const original = hosted.produce(-1, { records: 2 });
    hosted.log().nextAppend = {
      kind: 'duplicate',
      firstOffset: 0,
      lastOffset: 1,
      logAppendTimeMs: 5,
      logStartOffset: 0,
      maxTimestampMs: 5,
      written: new Promise(() => {}),
    };
    const duplicate = hosted.produce(-1);
    expect(await outcome(duplicate)).toBe('waiting');
    hosted.log().finishWrites();
    expect(await outcome(original)).toMatchObject([{ baseOffset: 0, logAppendTimeMs: -1 }]);
    expect(await outcome(duplicate)).toMatchObject([{ error: 'NONE', baseOffset: 0, logAppendTimeMs: 5 }]);
  });
});

test('clients do not write to internal topics', () => {
  const hosted = new Hosted();
  hosted.setTopic('__consumer_offsets', [newPartitionState()], 'BbCdEfGhIjKlMnOpQrStUg');
  expect(hosted.produce(1, { topic: '__consumer_offsets' })).toMatchObject([{ error: 'INVALID_TOPIC_EXCEPTION' }]);
});
