import { describe, expect, test } from 'vitest';
import type { Random } from '../../../src/base/random.ts';
import { ZERO_UUID } from '../../../src/base/uuid.ts';
import { type FetchResult, failedFetch, noRecords } from '../../../src/replication/fetch-records.ts';
import { nextSessionEpoch, type RequestedPartition } from '../../../src/replication/fetch-session.ts';
import { FetchSessionCache, type SessionRequest } from '../../../src/replication/fetch-session-cache.ts';

const evictionMs = 120_000;

class Counter implements Random {
  #next = 0;
  nextInt(): number {
    return this.#next++;
  }
  bytes(count: number): Buffer {
    return Buffer.alloc(count);
  }
}

function newCache(sessionsMax = 10): FetchSessionCache {
  return new FetchSessionCache({ random: new Counter(), sessionsMax, evictionMs });
}

function newRequested(partition: number, fetchOffset = 0, topic = 't'): RequestedPartition {
  return {
    topic,
    topicId: ZERO_UUID,
    partition,
    fetchOffset,
    partitionMaxBytes: 1000,
    currentLeaderEpoch: -1,
    lastFetchedEpoch: -1,
    fetcherLogStartOffset: -1,
  };
}

function newRequest(changes: Partial<SessionRequest> = {}): SessionRequest {
  return {
    sessionId: 0,
    sessionEpoch: 0,
    fromFollower: false,
    usesTopicIds: false,
    partitions: [],
    forgotten: [],
    nowMs: 0,
    ...changes,
  };
}

function newResult(request: RequestedPartition, changes: Partial<FetchResult> = {}): FetchResult {
  const offsets = { error: 'NONE', highWatermark: 10, lastStableOffset: 10, logStartOffset: 0 } as const;
  return { ...failedFetch(request, 'NONE'), ...offsets, ...changes };
}

/** Opens a session over partitions 0 … count-1, each told highWatermark 10. */
function open(cache: FetchSessionCache, count: number, changes: Partial<SessionRequest> = {}): number {
  const partitions = Array.from({ length: count }, (_, index) => newRequested(index));
  const context = cache.begin(newRequest({ partitions, ...changes }));
  return context.answer(
    context.partitions.map((partition) => newResult(partition)),
    changes.nowMs ?? 0,
  ).sessionId;
}

const numbers = (partitions: readonly { partition: number }[]) => partitions.map(({ partition }) => partition);
const told = (results: readonly FetchResult[]) => results.map((result) => result.request.partition);

describe('a full fetch', () => {
  test('opens a session and tells everything', () => {
    const cache = newCache();
    const context = cache.begin(newRequest({ partitions: [newRequested(0), newRequested(1)] }));
    const answer = context.answer(
      context.partitions.map((partition) => newResult(partition)),
      0,
    );
    expect(answer).toMatchObject({ error: 'NONE', sessionId: 1 });
    expect(answer.results).toHaveLength(2);
    expect(cache.size).toBe(1);
  });

  test('with epoch -1 opens none and closes the one it names', () => {
    const cache = newCache();
    const sessionId = open(cache, 1);
    const context = cache.begin(newRequest({ sessionId, sessionEpoch: -1, partitions: [newRequested(0)] }));
    expect(context.answer([newResult(newRequested(0))], 0)).toMatchObject({ sessionId: 0 });
    expect(cache.size).toBe(0);
  });

  test('with epoch 0 replaces the session it names', () => {
    const cache = newCache();
    const sessionId = open(cache, 1);
    expect(open(cache, 1, { sessionId })).not.toBe(sessionId);
    expect(cache.size).toBe(1);
  });
});

describe('an incremental fetch', () => {
  test('carries the next epoch each time, and only that', () => {
    const cache = newCache();
    const sessionId = open(cache, 1);
    expect(cache.begin(newRequest({ sessionId, sessionEpoch: 2 })).error).toBe('INVALID_FETCH_SESSION_EPOCH');
    expect(cache.begin(newRequest({ sessionId, sessionEpoch: 1 })).error).toBe('NONE');
    expect(cache.begin(newRequest({ sessionId, sessionEpoch: 1 })).error).toBe('INVALID_FETCH_SESSION_EPOCH');
    expect(cache.begin(newRequest({ sessionId, sessionEpoch: 2 })).error).toBe('NONE');
    expect(nextSessionEpoch(0x7fffffff)).toBe(1);
  });

  test('of an unknown session is FETCH_SESSION_ID_NOT_FOUND, without a session in the answer', () => {
    const context = newCache().begin(newRequest({ sessionId: 77, sessionEpoch: 1, partitions: [newRequested(0)] }));
    expect(context.answer([], 0)).toEqual({ error: 'FETCH_SESSION_ID_NOT_FOUND', sessionId: 0, results: [] });
    expect(context.partitions).toEqual([]);
  });

  test('by topic id in a session by name is FETCH_SESSION_TOPIC_ID_ERROR', () => {
    const cache = newCache();
    const sessionId = open(cache, 1);
    const context = cache.begin(newRequest({ sessionId, sessionEpoch: 1, usesTopicIds: true }));
    expect(context.error).toBe('FETCH_SESSION_TOPIC_ID_ERROR');
  });

  test('reads every partition of the session, as changed', () => {
    const cache = newCache();
    const sessionId = open(cache, 3);
    const context = cache.begin(
      newRequest({
        sessionId,
        sessionEpoch: 1,
        partitions: [newRequested(1, 42), newRequested(7)],
        forgotten: [newRequested(0)],
      }),
    );
    expect(numbers(context.partitions)).toEqual([1, 2, 7]);
    expect(context.partitions[0]!.fetchOffset).toBe(42);
  });

  test('that forgets the last partition closes the session', () => {
    const cache = newCache();
    const sessionId = open(cache, 1);
    const context = cache.begin(newRequest({ sessionId, sessionEpoch: 1, forgotten: [newRequested(0)] }));
    expect(context.answer([], 0)).toEqual({ error: 'NONE', sessionId: 0, results: [] });
    expect(cache.size).toBe(0);
  });

  test('is told only what is new', () => {
    const cache = newCache();
    const sessionId = open(cache, 5);
    const context = cache.begin(newRequest({ sessionId, sessionEpoch: 1 }));
    const changes: Partial<FetchResult>[] = [
      {},
      { highWatermark: 11 },
      { logStartOffset: 3 },
      { records: Buffer.alloc(10) },
      { error: 'NOT_LEADER_OR_FOLLOWER', highWatermark: -1, logStartOffset: -1 },
    ];
    const answer = context.answer(
      context.partitions.map((partition, index) => newResult(partition, changes[index])),
      0,
    );
    expect(told(answer.results)).toEqual([1, 2, 3, 4]);
  });

  test('the end of an error is news', () => {
    const cache = newCache();
    const sessionId = open(cache, 1);
    const failed = cache.begin(newRequest({ sessionId, sessionEpoch: 1 }));
    failed.answer([failedFetch(failed.partitions[0]!, 'KAFKA_STORAGE_ERROR')], 0);
    const well = cache.begin(newRequest({ sessionId, sessionEpoch: 2 }));
    expect(told(well.answer([newResult(well.partitions[0]!)], 0).results)).toEqual([0]);
    const again = cache.begin(newRequest({ sessionId, sessionEpoch: 3 }));
    expect(again.answer([newResult(again.partitions[0]!)], 0).results).toEqual([]);
  });

  test('partitions that gave data go to the end', () => {
    const cache = newCache();
    const sessionId = open(cache, 4);
    const context = cache.begin(newRequest({ sessionId, sessionEpoch: 1 }));
    const answer = context.answer(
      context.partitions.map((partition) =>
        newResult(partition, { records: partition.partition < 2 ? Buffer.alloc(1) : noRecords }),
      ),
      0,
    );
    expect(told(answer.results)).toEqual([0, 1]);
    expect(numbers(cache.begin(newRequest({ sessionId, sessionEpoch: 2 })).partitions)).toEqual([2, 3, 0, 1]);
  });

  test('overtaken by another one of the same session is INVALID_FETCH_SESSION_EPOCH', () => {
    const cache = newCache();
    const sessionId = open(cache, 1);
    const slow = cache.begin(newRequest({ sessionId, sessionEpoch: 1 }));
    cache.begin(newRequest({ sessionId, sessionEpoch: 2 }));
    expect(slow.answer([], 0)).toEqual({ error: 'INVALID_FETCH_SESSION_EPOCH', sessionId, results: [] });
  });
});

describe('a full cache', () => {
  test('lets nobody in while its sessions are in use', () => {
    const cache = newCache(2);
    open(cache, 5);
    open(cache, 5);
    expect(open(cache, 500, { nowMs: 1000 })).toBe(0);
    expect(cache.size).toBe(2);
  });

  test('gives the place of the session that was unused longest', () => {
    const cache = newCache(2);
    const first = open(cache, 5);
    const second = open(cache, 5);
    cache.begin(newRequest({ sessionId: first, sessionEpoch: 1, nowMs: 60_000 }));
    expect(open(cache, 1, { nowMs: evictionMs + 1 })).not.toBe(0);
    expect(cache.begin(newRequest({ sessionId: second, sessionEpoch: 1 })).error).toBe('FETCH_SESSION_ID_NOT_FOUND');
    expect(cache.begin(newRequest({ sessionId: first, sessionEpoch: 2 })).error).toBe('NONE');
  });

  test('gives the place of an old smaller session to a larger one, not to a smaller one', () => {
    const cache = newCache(2);
    const small = open(cache, 2);
    const large = open(cache, 9);
    const later = evictionMs + 1;
    for (const sessionId of [small, large]) cache.begin(newRequest({ sessionId, sessionEpoch: 1, nowMs: later }));
    expect(open(cache, 1, { nowMs: later })).toBe(0);
    expect(open(cache, 3, { nowMs: later })).not.toBe(0);
    expect(cache.begin(newRequest({ sessionId: small, sessionEpoch: 2 })).error).toBe('FETCH_SESSION_ID_NOT_FOUND');
  });

  test("takes a consumer's place for a follower at once, and never the other way round", () => {
    const cache = newCache(1);
    open(cache, 100);
    const follower = open(cache, 1, { fromFollower: true, nowMs: 1 });
    expect(follower).not.toBe(0);
    cache.begin(newRequest({ sessionId: follower, sessionEpoch: 1, nowMs: evictionMs + 2, fromFollower: true }));
    expect(open(cache, 1000, { nowMs: evictionMs + 3 })).toBe(0);
  });

  test('of no places opens no sessions', () => {
    expect(open(newCache(0), 3)).toBe(0);
  });
});
