import { describe, expect, test } from 'vitest';
import { ZERO_UUID } from '../../../src/base/uuid.ts';
import type { FetchPartition, FetchRequest, FetchResult } from '../../../src/replication/fetch-records.ts';
import { Hosted, newPartitionState, outcome, settle, topicId } from './fakes.ts';

function newFetchPartition(changes: Partial<FetchPartition> = {}): FetchPartition {
  return {
    topic: 't',
    topicId: ZERO_UUID,
    partition: 0,
    fetchOffset: 0,
    partitionMaxBytes: 1_000_000,
    currentLeaderEpoch: -1,
    lastFetchedEpoch: -1,
    fetcherLogStartOffset: -1,
    ...changes,
  };
}

function newFetch(partitions: readonly Partial<FetchPartition>[], changes: Partial<FetchRequest> = {}): FetchRequest {
  return {
    replicaId: -1,
    replicaEpoch: -1,
    leaderOnly: true,
    isolation: 'high-watermark',
    maxWaitMs: 500,
    minBytes: 1,
    maxBytes: 50_000_000,
    partitions: partitions.map(newFetchPartition),
    ...changes,
  };
}

async function hostedWith(appends: number, partitions = 1): Promise<Hosted> {
  const hosted = new Hosted();
  hosted.setTopic(
    't',
    Array.from({ length: partitions }, () => newPartitionState()),
  );
  for (let partition = 0; partition < partitions; partition++) {
    for (let count = 0; count < appends; count++) await hosted.produce(1, { partition });
  }
  await settle();
  return hosted;
}

function sizes(results: readonly FetchResult[] | 'waiting'): number[] | 'waiting' {
  return results === 'waiting' ? results : results.map((result) => result.records.length);
}

describe('a fetch with data', () => {
  test('is answered without a promise, with the buffer of the log', async () => {
    const hosted = await hostedWith(1);
    const results = hosted.partitions.fetch(newFetch([{}]));
    expect(results).not.toBeInstanceOf(Promise);
    const [result] = results as FetchResult[];
    expect(result).toMatchObject({ error: 'NONE', highWatermark: 1, lastStableOffset: 1, logStartOffset: 0 });
    const stored = hosted.log().read(0, 1000, { minOneBatch: true, endOffset: 1 });
    expect(stored).toMatchObject({ kind: 'records' });
    expect(result!.records).toBe('records' in stored ? stored.records : null);
  });

  test('KIP-74: the first batch comes whole, all further bytes respect the limits', async () => {
    const hosted = await hostedWith(3, 2);
    const one = (hosted.partitions.fetch(newFetch([{}])) as FetchResult[])[0]!.records.length / 3;
    const limited = (partitionMaxBytes: number, maxBytes: number) =>
      sizes(
        hosted.partitions.fetch(
          newFetch([{ partitionMaxBytes }, { partition: 1, partitionMaxBytes }], { maxBytes }),
        ) as FetchResult[],
      );
    expect(limited(1, 1)).toEqual([one, 0]);
    expect(limited(one * 2, 1_000_000)).toEqual([one * 2, one * 2]);
    expect(limited(1_000_000, one * 4)).toEqual([one * 3, one]);
    expect(limited(1, 1_000_000)).toEqual([one, 0]);
  });

  test('an empty partition leaves the privilege of the first batch to the next', async () => {
    const hosted = await hostedWith(0, 2);
    await hosted.produce(1, { partition: 1, records: 50 });
    const results = hosted.partitions.fetch(newFetch([{}, { partition: 1 }], { maxBytes: 1 })) as FetchResult[];
    expect(results[0]!.records.length).toBe(0);
    expect(results[1]!.records.length).toBeGreaterThan(1);
  });

  test('is also answered from files', async () => {
    const hosted = await hostedWith(2, 2);
    hosted.log('t', 0).slowReads = true;
    const results = await hosted.partitions.fetch(newFetch([{}, { partition: 1 }]));
    expect(results.map((result) => result.request.partition)).toEqual([0, 1]);
    expect(results.every((result) => result.records.length > 0)).toBe(true);
  });

  test('records that are not written yet cannot be read', async () => {
    const hosted = await hostedWith(0);
    hosted.log().holdWrites = true;
    const written = hosted.produce(1);
    const [result] = hosted.partitions.fetch(newFetch([{}], { maxWaitMs: 0 })) as FetchResult[];
    expect(result).toMatchObject({ highWatermark: 0, error: 'NONE' });
    expect(result!.records.length).toBe(0);
    hosted.log().finishWrites();
    await written;
  });
});

describe('a fetch without enough data', () => {
  test('waits, and an append wakes it', async () => {
    const hosted = await hostedWith(1);
    const answer = hosted.partitions.fetch(newFetch([{ fetchOffset: 1 }]));
    expect(await outcome(answer)).toBe('waiting');
    await hosted.produce(1);
    const results = await outcome(answer);
    expect(results).toMatchObject([{ error: 'NONE', highWatermark: 2 }]);
    expect(sizes(results)).not.toEqual([0]);
    expect(hosted.time.scheduled).toBe(0);
  });

  test('waits at most as long as it said, and then tells that there is nothing', async () => {
    const hosted = await hostedWith(1);
    const answer = hosted.partitions.fetch(newFetch([{ fetchOffset: 1 }]));
    hosted.time.advance(499);
    expect(await outcome(answer)).toBe('waiting');
    hosted.time.advance(1);
    expect(sizes(await outcome(answer))).toEqual([0]);
  });

  test('does not wait with maxWaitMs 0, minBytes 0 or no partitions', async () => {
    const hosted = await hostedWith(0);
    expect(hosted.partitions.fetch(newFetch([{}], { maxWaitMs: 0 }))).not.toBeInstanceOf(Promise);
    expect(hosted.partitions.fetch(newFetch([{}], { minBytes: 0 }))).not.toBeInstanceOf(Promise);
    expect(hosted.partitions.fetch(newFetch([]))).toEqual([]);
  });

  test('waits until minBytes have come together over its partitions', async () => {
    const hosted = await hostedWith(1, 2);
    const size = (hosted.partitions.fetch(newFetch([{}])) as FetchResult[])[0]!.records.length;
    const answer = hosted.partitions.fetch(newFetch([{}, { partition: 1, fetchOffset: 1 }], { minBytes: size * 3 }));
    await hosted.produce(1, { partition: 1 });
    expect(await outcome(answer)).toBe('waiting');
    await hosted.produce(1, { partition: 0 });
    expect(sizes(await outcome(answer))).toEqual([size * 2, size]);
  });

  test('read_committed waits behind an open transaction', async () => {
    const hosted = await hostedWith(1);
    hosted.log().firstUnstableOffset = 1;
    const answer = hosted.partitions.fetch(newFetch([{ fetchOffset: 1 }], { isolation: 'transactions-committed' }));
    await hosted.produce(1);
    expect(await outcome(answer)).toBe('waiting');
    hosted.log().firstUnstableOffset = null;
    await hosted.produce(1);
    expect(await outcome(answer)).toMatchObject([{ lastStableOffset: 3, abortedTransactions: [] }]);
  });

  test('what arrives while a file is read is not slept through', async () => {
    const hosted = await hostedWith(1);
    hosted.log().slowReads = true;
    const size = 100_000;
    const answer = hosted.partitions.fetch(newFetch([{}], { minBytes: size }));
    // The read is under way; this append is visible before the wait begins.
    const produced = hosted.produce(1, { records: 2 });
    await produced;
    expect(sizes(await outcome(answer))).not.toBe('waiting');
  });

  test('is answered with what is there where too many wait already', async () => {
    const hosted = new Hosted({ waitingFetchesMax: 1 });
    const first = hosted.partitions.fetch(newFetch([{}]));
    expect(first).toBeInstanceOf(Promise);
    expect(hosted.partitions.fetch(newFetch([{}]))).not.toBeInstanceOf(Promise);
    hosted.time.advance(500);
    await first;
    expect(hosted.partitions.fetch(newFetch([{}]))).toBeInstanceOf(Promise);
  });

  test('hears of a lost leadership and of a deleted topic', async () => {
    const hosted = await hostedWith(0);
    const moved = hosted.partitions.fetch(newFetch([{}]));
    hosted.setTopic('t', [newPartitionState({ leader: 2, leaderEpoch: 1, partitionEpoch: 1, replicas: [1, 2] })]);
    expect(await outcome(moved)).toMatchObject([{ error: 'NOT_LEADER_OR_FOLLOWER', highWatermark: -1 }]);
    hosted.setTopic('t', [newPartitionState({ leaderEpoch: 2, partitionEpoch: 2 })]);
    const deleted = hosted.partitions.fetch(newFetch([{}]));
    hosted.deleteTopic('t');
    expect(await outcome(deleted)).toMatchObject([{ error: 'UNKNOWN_TOPIC_OR_PARTITION' }]);
  });

  test('a follower waits for written records, committed or not, and its fetch commits them', async () => {
    const hosted = await hostedWith(0);
    hosted.setTopic('t', [newPartitionState({ partitionEpoch: 1, isr: [1, 2], replicas: [1, 2] })]);
    const asFollower = { replicaId: 2, isolation: 'log-end' } as const;
    const answer = hosted.partitions.fetch(newFetch([{}], asFollower));
    const produced = hosted.produce(-1);
    const results = await outcome(answer);
    expect(results).toMatchObject([{ error: 'NONE', highWatermark: 0 }]);
    expect(sizes(results)).not.toEqual([0]);
    expect(await outcome(produced)).toBe('waiting');
    hosted.partitions.fetch(newFetch([{ fetchOffset: 1 }], asFollower));
    expect(await outcome(produced)).toMatchObject([{ error: 'NONE' }]);
  });
});

describe('the refusals of a fetch', () => {
  const errorOf = (hosted: Hosted, partition: Partial<FetchPartition>, changes: Partial<FetchRequest> = {}) =>
    (hosted.partitions.fetch(newFetch([partition], changes)) as FetchResult[])[0]!.error;

  test('offsets outside the log are OFFSET_OUT_OF_RANGE, its end is not', async () => {
    const hosted = await hostedWith(3);
    hosted.partitions.deleteRecords([{ topic: 't', partition: 0, beforeOffset: 1 }], 1000);
    const noWait = { maxWaitMs: 0 };
    expect(errorOf(hosted, { fetchOffset: 0 })).toBe('OFFSET_OUT_OF_RANGE');
    expect(errorOf(hosted, { fetchOffset: 4 })).toBe('OFFSET_OUT_OF_RANGE');
    expect(errorOf(hosted, { fetchOffset: -1 })).toBe('OFFSET_OUT_OF_RANGE');
    expect(errorOf(hosted, { fetchOffset: 3 }, noWait)).toBe('NONE');
  });

  test('between the high watermark and the log end there is nothing to read, but no error', async () => {
    const hosted = await hostedWith(1);
    hosted.log().holdWrites = true;
    hosted.produce(0);
    expect(errorOf(hosted, { fetchOffset: 2 }, { maxWaitMs: 0 })).toBe('NONE');
  });

  test('topic ids and leader epochs are compared', async () => {
    const hosted = await hostedWith(1);
    hosted.setTopic('t', [newPartitionState({ leaderEpoch: 5, partitionEpoch: 1 })]);
    expect(errorOf(hosted, { topicId })).toBe('NONE');
    expect(errorOf(hosted, { topicId: 'BbCdEfGhIjKlMnOpQrStUg' })).toBe('INCONSISTENT_TOPIC_ID');
    expect(errorOf(hosted, { currentLeaderEpoch: 5 })).toBe('NONE');
    expect(errorOf(hosted, { currentLeaderEpoch: 4 })).toBe('FENCED_LEADER_EPOCH');
    expect(errorOf(hosted, { currentLeaderEpoch: 6 })).toBe('UNKNOWN_LEADER_EPOCH');
  });

  test('a replica that is none of the assigned ones is refused', async () => {
    const hosted = await hostedWith(1);
    const asFollower = { replicaId: 9, isolation: 'log-end' } as const;
    expect(errorOf(hosted, {}, asFollower)).toBe('NOT_LEADER_OR_FOLLOWER');
    expect(errorOf(hosted, { currentLeaderEpoch: 0 }, asFollower)).toBe('UNKNOWN_LEADER_EPOCH');
  });

  test('KIP-595: a client whose last epoch ended earlier here is told where', async () => {
    const hosted = await hostedWith(2);
    hosted.setTopic('t', [newPartitionState({ leaderEpoch: 3, partitionEpoch: 1 })]);
    await hosted.produce(1);
    const fetch = newFetch([{ fetchOffset: 3, lastFetchedEpoch: 2 }]);
    const [result] = hosted.partitions.fetch(fetch) as FetchResult[];
    expect(result).toMatchObject({ error: 'NONE', divergingEpoch: { epoch: 0, endOffset: 2 } });
    expect(errorOf(hosted, { fetchOffset: 3, lastFetchedEpoch: 9 })).toBe('OFFSET_OUT_OF_RANGE');
  });

  test('consumers may read from a follower, old ones may not (KIP-392)', async () => {
    const hosted = await hostedWith(1);
    hosted.setTopic('t', [newPartitionState({ leader: 2, leaderEpoch: 1, partitionEpoch: 1, replicas: [1, 2] })]);
    expect(errorOf(hosted, {}, { leaderOnly: false })).toBe('NONE');
    expect(errorOf(hosted, {}, { leaderOnly: true })).toBe('NOT_LEADER_OR_FOLLOWER');
  });
});
