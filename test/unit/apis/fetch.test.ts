import { describe, expect, test } from 'vitest';
import { type FetchServices, fetchHandler } from '../../../src/apis/fetch.ts';
import { FetchSessionCache } from '../../../src/replication/fetch-session-cache.ts';
import { decode, encode } from '../../../src/wire/codec.ts';
import { errorName } from '../../../src/wire/errors.ts';
import { type FetchResponse, fetchRequest, fetchResponse } from '../../../src/wire/schema/fetch.ts';
import type { InputOf } from '../../../src/wire/schema.ts';
import { Hosted, newPartitionState, outcome, settle, topicId } from '../replication/fakes.ts';
import { broker, contextOf, noQuotas, partition, topic, view } from './api-fakes.ts';

type Asked = InputOf<typeof fetchRequest>;

const otherTopicId = 'BbCdEfGhIjKlMnOpQrStUg';

class Fixture {
  readonly hosted = new Hosted();
  readonly #handler: ReturnType<typeof fetchHandler>;

  constructor(partitions = 1, quotas: FetchServices['quotas'] = noQuotas) {
    this.hosted.setTopic(
      't',
      Array.from({ length: partitions }, () => newPartitionState()),
    );
    const images = Array.from({ length: partitions }, () => partition({ leader: 2, leaderEpoch: 3 }));
    const metadata = view([broker(1), broker(2)], [topic('t', topicId, images), topic('unheld', otherTopicId)]);
    let sessionId = 0;
    const random = { nextInt: () => sessionId++, bytes: (count: number) => Buffer.alloc(count) };
    this.#handler = fetchHandler({
      partitions: this.hosted.partitions,
      sessions: new FetchSessionCache({ random, sessionsMax: 10, evictionMs: 120_000 }),
      metadata,
      clock: this.hosted.time,
      fetchMaxBytes: () => 57_671_680,
      replicaSelector: null,
      quotas,
    });
  }

  async fetch(version: number, asked: Asked): Promise<FetchResponse | 'waiting'> {
    const request = decode(fetchRequest, version, encode(fetchRequest, version, { minBytes: 1, ...asked }));
    const response = await outcome(Promise.resolve(this.#handler.handle(request, contextOf(version))));
    return response === 'waiting'
      ? response
      : decode(fetchResponse, version, encode(fetchResponse, version, response!));
  }

  async answer(version: number, asked: Asked): Promise<FetchResponse> {
    const response = await this.fetch(version, asked);
    if (response === 'waiting') throw new Error('no answer');
    return response;
  }
}

/** One topic, by id from v13 on. */
function topicsFor(version: number, offsets: readonly number[], name = 't', id = topicId): Asked['topics'] {
  const partitions = offsets.map((fetchOffset, index) => ({ partition: index, fetchOffset, partitionMaxBytes: 1e6 }));
  return [version >= 13 ? { topicId: id, partitions } : { topic: name, partitions }];
}

function told(response: FetchResponse): unknown[] {
  return response.responses.flatMap(({ partitions }) =>
    partitions.map((each) => [each.partitionIndex, errorName(each.errorCode), each.records?.length ?? null]),
  );
}

describe('Fetch', () => {
  test('answers in every version, without a session where none was asked for', async () => {
    for (let version = 4; version <= 18; version++) {
      const fixture = new Fixture();
      await fixture.hosted.produce(1);
      await settle();
      const response = await fixture.answer(version, {
        ...(version >= 7 && { sessionEpoch: -1 }),
        topics: topicsFor(version, [0]),
      });
      const [found] = response.responses;
      expect(found).toMatchObject(version >= 13 ? { topicId } : { topic: 't' });
      expect(found!.partitions[0]).toMatchObject({ errorCode: 0, highWatermark: 1, lastStableOffset: 1 });
      expect(found!.partitions[0]!.records!.length).toBeGreaterThan(0);
      expect(found!.partitions[0]!.abortedTransactions).toBeNull();
      expect(response.sessionId).toBe(0);
    }
  });

  test('goes on in a session with what changed (KIP-227)', async () => {
    const fixture = new Fixture(2);
    const { sessionId } = await fixture.answer(12, { topics: topicsFor(12, [0, 0]), sessionEpoch: 0 });
    expect(sessionId).toBe(1);
    const waiting = fixture.fetch(12, { sessionId, sessionEpoch: 1, maxWaitMs: 500, topics: [] });
    await fixture.hosted.produce(1, { partition: 1 });
    const woken = await waiting;
    expect(woken === 'waiting' ? woken : told(woken)).toEqual([[1, 'NONE', expect.any(Number)]]);
    expect(errorName((await fixture.answer(12, { sessionId, sessionEpoch: 1 })).errorCode)).toBe(
      'INVALID_FETCH_SESSION_EPOCH',
    );
    expect(errorName((await fixture.answer(12, { sessionId: 99, sessionEpoch: 1 })).errorCode)).toBe(
      'FETCH_SESSION_ID_NOT_FOUND',
    );
  });

  test('above a quota is answered with nothing, and the session stays as it is (KIP-219)', async () => {
    const charged: number[] = [];
    let throttleMs = 0;
    const quotas: FetchServices['quotas'] = {
      chargeTime: () => 0,
      chargeFetched: (_context, bytes) => {
        charged.push(bytes);
        return throttleMs;
      },
      refundFetched: (_context, bytes) => charged.push(-bytes),
      fetchBytesMax: () => 1e6,
    };
    const fixture = new Fixture(1, quotas);
    const { sessionId } = await fixture.answer(12, { topics: topicsFor(12, [0]), sessionEpoch: 0, minBytes: 0 });
    await fixture.hosted.produce(1);
    await settle();
    throttleMs = 40;
    const nothing = await fixture.answer(12, { sessionId, sessionEpoch: 1 });
    expect([errorName(nothing.errorCode), nothing.sessionId, nothing.responses]).toEqual(['NONE', sessionId, []]);
    throttleMs = 0;
    expect(told(await fixture.answer(12, { sessionId, sessionEpoch: 2 }))).toEqual([[0, 'NONE', expect.any(Number)]]);
    const [first, bytes] = charged;
    expect([first, charged]).toEqual([0, [0, bytes, -bytes!, bytes]]);
    throttleMs = 40;
    const withoutSession = await fixture.answer(12, { topics: topicsFor(12, [0]), sessionEpoch: 0 });
    expect([withoutSession.sessionId, withoutSession.responses]).toEqual([0, []]);
    const lost = await fixture.answer(12, { sessionId: 99, sessionEpoch: 1 });
    expect(errorName(lost.errorCode)).toBe('FETCH_SESSION_ID_NOT_FOUND');
  });

  test('reads no more than a quota allows for all of its window', async () => {
    const bytesOf = async (fetchBytesMax: number): Promise<unknown> => {
      const unmeasured = { chargeTime: () => 0, chargeFetched: () => 0, refundFetched: () => {} };
      const fixture = new Fixture(1, { ...unmeasured, fetchBytesMax: () => fetchBytesMax });
      for (let i = 0; i < 2; i++) await fixture.hosted.produce(1);
      await settle();
      const [partitionTold] = told(await fixture.answer(12, { topics: topicsFor(12, [0]), sessionEpoch: -1 }));
      return partitionTold;
    };
    const [, , one] = (await bytesOf(1)) as [number, string, number];
    const [, , both] = (await bytesOf(1e6)) as [number, string, number];
    expect(both).toBe(2 * one);
  });

  test('waits for data', async () => {
    const fixture = new Fixture();
    const asked = { topics: topicsFor(12, [0]), sessionEpoch: -1, maxWaitMs: 500 };
    expect(await fixture.fetch(12, asked)).toBe('waiting');
  });

  test('tells unknown topics and partitions apart, and still serves the others', async () => {
    const fixture = new Fixture();
    await fixture.hosted.produce(1);
    await settle();
    const byId = await fixture.answer(13, {
      sessionEpoch: -1,
      topics: [
        ...topicsFor(13, [0], '', 'CbCdEfGhIjKlMnOpQrStUg')!,
        ...topicsFor(13, [0])!,
        ...topicsFor(13, [0], '', otherTopicId)!,
      ],
    });
    expect(byId.responses.map((each) => [each.topicId, errorName(each.partitions[0]!.errorCode)])).toEqual([
      [topicId, 'NONE'],
      [otherTopicId, 'UNKNOWN_TOPIC_OR_PARTITION'],
      ['CbCdEfGhIjKlMnOpQrStUg', 'UNKNOWN_TOPIC_ID'],
    ]);
    const byName = await fixture.answer(12, { sessionEpoch: -1, topics: topicsFor(12, [0, 0], 't')! });
    expect(told(byName)).toEqual([
      [0, 'NONE', expect.any(Number)],
      [1, 'UNKNOWN_TOPIC_OR_PARTITION', 0],
    ]);
  });

  test('tells the new leader and its endpoint from v16 on (KIP-951)', async () => {
    const fixture = new Fixture();
    const moved = newPartitionState({ leader: 2, leaderEpoch: 3, partitionEpoch: 1, replicas: [1, 2] });
    fixture.hosted.setTopic('t', [moved]);
    const partitions = [{ partition: 0, currentLeaderEpoch: 0, fetchOffset: 0, partitionMaxBytes: 100 }];
    const response = await fixture.answer(16, { sessionEpoch: -1, topics: [{ topicId, partitions }] });
    expect(told(response)).toEqual([[0, 'FENCED_LEADER_EPOCH', 0]]);
    expect(response.responses[0]!.partitions[0]!.currentLeader).toMatchObject({ leaderId: 2, leaderEpoch: 3 });
    expect(response.nodeEndpoints).toMatchObject([{ nodeId: 2, host: 'broker2', port: 9092 }]);
  });

  test('spares old consumers errors and compression that they do not know', async () => {
    const fixture = new Fixture();
    fixture.hosted.log().config = { ...fixture.hosted.log().config, compressionType: 'zstd' };
    const asked = (version: number) => fixture.answer(version, { topics: topicsFor(version, [0]) });
    expect(told(await asked(9))).toEqual([[0, 'UNSUPPORTED_COMPRESSION_TYPE', 0]]);
    expect(told(await asked(10))).toEqual([[0, 'NONE', 0]]);
    fixture.hosted.logs.failure = new Error('EIO');
    fixture.hosted.partitions.failStorage(new Error('EIO'));
    expect(told(await asked(5))).toEqual([[0, 'NOT_LEADER_OR_FOLLOWER', 0]]);
    expect(told(await asked(6))).toEqual([[0, 'KAFKA_STORAGE_ERROR', 0]]);
  });

  test('gives read_committed its aborted transactions', async () => {
    const fixture = new Fixture();
    await fixture.hosted.produce(1);
    await settle();
    fixture.hosted.log().aborted = [{ producerId: 7, firstOffset: 0, lastOffset: 0, lastStableOffset: 1 }];
    const asked = { sessionEpoch: -1, isolationLevel: 1, topics: topicsFor(12, [0]) };
    const response = await fixture.answer(12, asked);
    expect(response.responses[0]!.partitions[0]!.abortedTransactions).toEqual([{ producerId: 7, firstOffset: 0 }]);
  });
});
