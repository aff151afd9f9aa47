import { beforeEach, describe, expect, test } from 'vitest';
import { silentLogger } from '../../../src/base/logger.ts';
import type { FetchPartition, FetchResult } from '../../../src/replication/fetch-records.ts';
import type { Partition } from '../../../src/replication/partition.ts';
import { ReplicaFetchers } from '../../../src/replication/replica-fetchers.ts';
import { errorCode } from '../../../src/wire/errors.ts';
import type { NodeClient } from '../../../src/wire/node-client.ts';
import { NodeUnavailableError } from '../../../src/wire/node-client.ts';
import { Hosted, newPartitionState, outcome, settle, topicId } from './fakes.ts';

const LEADER = 1;
const FOLLOWER = 2;
const BACKOFF_MS = 1000;

/** A leader and a follower of partition t-0, and a connection between them that a test may cut. */
class Pair {
  readonly leader: Hosted;
  readonly follower: Hosted;
  readonly asked: { readonly sessionId: number; readonly sessionEpoch: number; readonly named: number }[] = [];
  readonly isrs: (readonly number[])[] = [];
  reachable = true;
  eligible = true;
  sessionId = 7;

  constructor() {
    this.leader = new Hosted({
      isIsrEligible: () => this.eligible,
      isrShouldChange: (_partition, isr) => this.isrs.push(isr),
    });
    const fetchers = new ReplicaFetchers({
      brokerId: FOLLOWER,
      brokerEpoch: () => 5,
      fetchersPerLeader: () => 1,
      addressOf: () => ({ host: 'leader', port: 9092 }),
      newClient: () => this.#client(),
      settings: () => ({
        waitMaxMs: 0,
        minBytes: 1,
        responseBytesMax: 10_000_000,
        partitionBytesMax: 1_000_000,
        backoffMs: BACKOFF_MS,
      }),
      throttle: { isHeldBack: () => false, copied: () => undefined },
      clock: { nowMs: () => this.follower.time.nowMs(), monotonicMs: () => this.follower.time.nowMs() },
      timer: { schedule: (delayMs, action) => this.follower.time.schedule(delayMs, action) },
      logger: silentLogger,
      storageFailed: (error) => {
        throw error;
      },
    });
    this.follower = new Hosted({ brokerId: FOLLOWER, followers: fetchers });
  }

  /** A change of the metadata that both hear of. */
  state(change: Parameters<typeof newPartitionState>[0]): void {
    const state = newPartitionState({ replicas: [LEADER, FOLLOWER], isr: [LEADER, FOLLOWER], ...change });
    this.leader.setTopic('t', [state]);
    this.follower.setTopic('t', [state]);
  }

  /** Lets the follower fetch until nothing is left to fetch; it then waits for its next turn. */
  async fetched(rounds = 6): Promise<void> {
    for (let round = 0; round < rounds; round++) {
      await settle();
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  get followerPartition(): Partition {
    return this.follower.partition();
  }

  #client(): NodeClient {
    return {
      // The messages of the one API that is asked are known here.
      send: (async (exchange: { request: { name: string } }, options: { body: unknown }) => {
        await settle();
        if (!this.reachable) throw new NodeUnavailableError('cut');
        if (exchange.request.name === 'ListOffsetsRequest') return { apiVersion: 11, body: this.#list(options.body) };
        const { body } = options as { body: (apiVersion: number) => RequestBody };
        return { apiVersion: 17, body: await this.#fetch(body(17)) };
      }) as unknown as NodeClient['send'],
      versions: () => Promise.reject(new NodeUnavailableError('not asked')),
      close: () => undefined,
    };
  }

  #list(body: unknown) {
    const { topics } = body as { topics: { partitions: { timestamp: number }[] }[] };
    const { timestamp } = topics[0]!.partitions[0]!;
    const { log } = this.leader.partition();
    const offset = timestamp === -1 ? log.logEndOffset : log.logStartOffset;
    return { topics: [{ partitions: [{ errorCode: 0, offset }] }] };
  }

  async #fetch(body: RequestBody) {
    const named = body.topics.flatMap(({ partitions }) => partitions);
    this.asked.push({ sessionId: body.sessionId, sessionEpoch: body.sessionEpoch, named: named.length });
    for (const partition of named) this.#position = partition;
    const partitions: FetchPartition[] = [
      {
        topic: 't',
        topicId,
        partition: 0,
        fetchOffset: this.#position.fetchOffset,
        partitionMaxBytes: this.#position.partitionMaxBytes,
        currentLeaderEpoch: this.#position.currentLeaderEpoch,
        lastFetchedEpoch: this.#position.lastFetchedEpoch,
        fetcherLogStartOffset: this.#position.logStartOffset,
      },
    ];
    const read = async () =>
      this.leader.partitions.fetch({
        replicaId: body.replicaState.replicaId,
        replicaEpoch: body.replicaState.replicaEpoch,
        leaderOnly: true,
        isolation: 'log-end',
        maxWaitMs: 0,
        minBytes: 1,
        maxBytes: 10_000_000,
        partitions,
      });
    let results = await read();
    // A waiting fetch: nothing new is not answered at once, or the follower would ask for ever.
    if (results[0]!.records.length === 0 && results[0]!.error === 'NONE' && results[0]!.divergingEpoch === null) {
      if (results[0]!.highWatermark === this.#toldHighWatermark) await this.#untilNews(results[0]!.highWatermark);
      if (!this.reachable) throw new NodeUnavailableError('cut');
      results = await read();
    }
    this.#toldHighWatermark = results[0]!.highWatermark;
    return { errorCode: 0, sessionId: this.sessionId, responses: [{ topicId, partitions: results.map(answered) }] };
  }

  async #untilNews(highWatermark: number): Promise<void> {
    const { log } = this.leader.partition();
    const end = log.writtenEndOffset;
    while (
      this.reachable &&
      log.writtenEndOffset === end &&
      this.leader.partition().highWatermark === highWatermark &&
      this.leader.partition().leaderEpoch === this.#position.currentLeaderEpoch
    ) {
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  #position!: Position;
  #toldHighWatermark = -1;
}

interface Position {
  fetchOffset: number;
  partitionMaxBytes: number;
  currentLeaderEpoch: number;
  lastFetchedEpoch: number;
  logStartOffset: number;
}

interface RequestBody {
  readonly sessionId: number;
  readonly sessionEpoch: number;
  readonly replicaState: { readonly replicaId: number; readonly replicaEpoch: number };
  readonly topics: readonly { readonly partitions: readonly Position[] }[];
}

function answered({ error, highWatermark, logStartOffset, records, divergingEpoch }: FetchResult) {
  return {
    partitionIndex: 0,
    errorCode: errorCode(error),
    highWatermark,
    logStartOffset,
    records,
    divergingEpoch: divergingEpoch ?? { epoch: -1, endOffset: -1 },
  };
}

let pair: Pair;

beforeEach(() => {
  pair = new Pair();
});

describe('a follower', () => {
  test('copies its leader, and acks=all is answered when it has', async () => {
    pair.state({ partitionEpoch: 1 });
    const answer = pair.leader.produce(-1, { records: 3 });
    await pair.fetched();
    expect(await outcome(answer)).toMatchObject([{ error: 'NONE', baseOffset: 0 }]);
    expect(pair.followerPartition.log.logEndOffset).toBe(3);
    await pair.fetched();
    expect(pair.followerPartition.highWatermark).toBe(3);
    pair.reachable = false;
  });

  // Simulated clusters: seeds 4 and 7. With all brokers killed at once, what was acknowledged by then was lost.
  test('fetches on, and so counts as having records, when they are in its file', async () => {
    pair.state({ partitionEpoch: 1 });
    await pair.fetched();
    pair.follower.log().holdWrites = true;
    const answer = pair.leader.produce(-1, { records: 3 });
    await pair.fetched();
    expect(pair.followerPartition.log.logEndOffset).toBe(3);
    expect(pair.leader.partition().highWatermark).toBe(0);
    pair.follower.log().finishWrites();
    await pair.fetched();
    expect(await outcome(answer)).toMatchObject([{ error: 'NONE', baseOffset: 0 }]);
    expect(pair.leader.partition().highWatermark).toBe(3);
    pair.reachable = false;
  });

  test('names its partitions once; after a lost connection once more, in a new session', async () => {
    pair.state({ partitionEpoch: 1 });
    await pair.leader.produce(1);
    await pair.fetched();
    expect(pair.asked[0]).toEqual({ sessionId: 0, sessionEpoch: 0, named: 1 });
    expect(pair.asked[1]).toMatchObject({ sessionId: 7, sessionEpoch: 1 });
    pair.reachable = false;
    await pair.fetched();
    const before = pair.asked.length;
    pair.reachable = true;
    pair.follower.time.advance(BACKOFF_MS);
    await pair.fetched();
    expect(pair.asked[before]).toMatchObject({ sessionEpoch: 0, named: 1 });
    pair.reachable = false;
  });

  test('cuts off what an old leader had and the new one has not (KIP-595)', async () => {
    pair.state({ partitionEpoch: 1 });
    await pair.leader.produce(1, { records: 2 });
    await pair.fetched();
    // Broker 2 leads for a while and writes what nobody copies.
    pair.follower.setTopic('t', [
      newPartitionState({ leader: 2, leaderEpoch: 1, partitionEpoch: 2, replicas: [1, 2], isr: [2] }),
    ]);
    await pair.follower.produce(1, { records: 4 });
    expect(pair.followerPartition.log.logEndOffset).toBe(6);
    pair.state({ leaderEpoch: 2, partitionEpoch: 3, isr: [LEADER] });
    await pair.leader.produce(1, { records: 1 });
    await pair.fetched(10);
    expect(pair.followerPartition.log.logEndOffset).toBe(3);
    expect(pair.followerPartition.log.endOffsetForEpoch(1)).toEqual({ leaderEpoch: 0, endOffset: 2 });
    pair.reachable = false;
  });

  test('whose records the leader has deleted begins anew where the leader begins', async () => {
    pair.leader.log().truncateFullyAndStartAt(100);
    pair.state({ partitionEpoch: 1, leaderEpoch: 1, isr: [LEADER] });
    await pair.leader.produce(1, { records: 2 });
    await pair.fetched(10);
    expect(pair.followerPartition.log).toMatchObject({ logStartOffset: 100, logEndOffset: 102 });
    pair.reachable = false;
  });

  test('that becomes leader while it cuts its log leads when that is done', async () => {
    pair.state({ partitionEpoch: 1 });
    const cut = pair.followerPartition.truncateTo(0);
    pair.follower.setTopic('t', [
      newPartitionState({ leader: 2, leaderEpoch: 1, partitionEpoch: 2, replicas: [1, 2], isr: [2] }),
    ]);
    expect(pair.followerPartition.isLeader).toBe(false);
    await cut;
    await settle();
    expect(pair.followerPartition.isLeader).toBe(true);
    pair.reachable = false;
  });
});

describe('in-sync replicas', () => {
  test('a follower that has caught up is to come in sync, once', async () => {
    pair.state({ partitionEpoch: 1, isr: [LEADER] });
    await pair.leader.produce(1, { records: 2 });
    await pair.fetched();
    expect(pair.isrs).toEqual([[LEADER, FOLLOWER]]);
    // Until the controller has decided it counts as in sync.
    pair.reachable = false;
    await pair.fetched();
    const answer = pair.leader.produce(-1);
    expect(await outcome(answer)).toBe('waiting');
    pair.leader.partition().isrChangeRefused();
    pair.eligible = false;
    pair.leader.followerFetched(FOLLOWER, 2);
    expect(await outcome(answer)).toMatchObject([{ error: 'NONE' }]);
  });

  test('one that the controller would not take is not proposed', async () => {
    pair.eligible = false;
    pair.state({ partitionEpoch: 1, isr: [LEADER] });
    await pair.leader.produce(1);
    await pair.fetched();
    expect(pair.isrs).toEqual([]);
    pair.reachable = false;
  });

  test('one that lags for longer than replica.lag.time.max.ms is to leave', () => {
    const isrs: (readonly number[])[] = [];
    const hosted = new Hosted({ isrShouldChange: (_partition, isr) => isrs.push(isr) });
    hosted.setTopic('t', [newPartitionState({ partitionEpoch: 1, replicas: [1, 2], isr: [1, 2] })]);
    hosted.produce(1);
    hosted.time.advance(30_000);
    hosted.partition().maybeShrinkIsr();
    expect(isrs).toEqual([]);
    hosted.time.advance(1);
    hosted.partition().maybeShrinkIsr();
    expect(isrs).toEqual([[1]]);
    hosted.partition().isrChanged({ leader: 1, leaderEpoch: 0, partitionEpoch: 2, isr: [1] });
    expect(hosted.partition().state.isr).toEqual([1]);
  });
});
