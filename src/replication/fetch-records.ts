/**
 * Fetch: reads what is there, and waits when it is too little (Kafka's fetchMessages and DelayedFetch).
 *
 * The answer comes at once when the client does not want to wait, when `minBytes` are there, or when anything but
 * "no data yet" is to be told. Otherwise the request waits, indexed under each of its partitions, until enough bytes have
 * become readable, a leadership changes, or `maxWaitMs` has passed; then everything is read again. Nothing polls.
 *
 * Size limits (KIP-74): the first partition that has data gives its first batch whole, however large; all further bytes
 * respect the limits of partition and request.
 *
 * Hot path: with data in the log's tail no promise is made and no byte is copied; results refer to the log's buffers.
 */
import type { BufferPool } from '../base/buffer-pool.ts';
import type { Timer, TimerHandle } from '../base/clock.ts';
import type { LeaderEpoch, Offset } from '../base/flavor.ts';
import { type Uuid, ZERO_UUID } from '../base/uuid.ts';
import type { ErrorName } from '../wire/errors.ts';
import type { FetchWaiter, Partition } from './partition.ts';
import type { PartitionLookup } from './partition-lookup.ts';
import type { AbortedTransaction, LogReadResult } from './replica-log.ts';
import type { ReplicationThrottle } from './replication-throttle.ts';

/** What one partition is asked; fetch sessions keep such objects between requests. */
export interface FetchPartition {
  readonly topic: string;
  /** All zeros where the request names the topic. */
  readonly topicId: Uuid;
  readonly partition: number;
  readonly fetchOffset: Offset;
  readonly partitionMaxBytes: number;
  /** -1: the client does not know it. */
  readonly currentLeaderEpoch: LeaderEpoch;
  /** -1: no check for divergence. */
  readonly lastFetchedEpoch: LeaderEpoch;
  /** Of a follower's own log; -1 for a consumer. */
  readonly fetcherLogStartOffset: Offset;
}

export type FetchIsolation = 'log-end' | 'high-watermark' | 'transactions-committed';

export interface FetchRequest {
  /** -1 for a consumer, -2 for a debugging tool; else the broker id of a follower. */
  readonly replicaId: number;
  /** Broker epoch of the follower; -1 where it does not tell. */
  readonly replicaEpoch: number;
  /** Consumers from v11 on may read from followers (KIP-392). */
  readonly leaderOnly: boolean;
  readonly isolation: FetchIsolation;
  readonly maxWaitMs: number;
  readonly minBytes: number;
  readonly maxBytes: number;
  readonly partitions: readonly FetchPartition[];
  /** The replica that a consumer should rather ask; null for the one that is asked. Absent where nobody is sent away. */
  readonly preferredReplica?: (partition: Partition, fetchOffset: Offset) => number | null;
}

/** For one partition, in the order of the request. */
export interface FetchResult {
  readonly request: FetchPartition;
  readonly error: ErrorName;
  /** This and the next two: -1 where there is an error. */
  readonly highWatermark: Offset;
  readonly lastStableOffset: Offset;
  readonly logStartOffset: Offset;
  readonly records: Buffer;
  /** Null unless the isolation asks for it. */
  readonly abortedTransactions: readonly AbortedTransaction[] | null;
  /** Where the logs of client and leader part (KIP-595); null where they agree. */
  readonly divergingEpoch: { readonly epoch: LeaderEpoch; readonly endOffset: Offset } | null;
  /** The consumer should ask this replica (KIP-392); `noPreferredReplica` where it should not. */
  readonly preferredReadReplica: number;
}

export interface FetchServices {
  readonly partitions: PartitionLookup;
  readonly timer: Timer;
  /** For followers that are not in sync. */
  readonly throttle: Pick<ReplicationThrottle, 'isHeldBack' | 'copied'>;
  /** Memory for records that go into one answer and nowhere else; who has sent it gives it back. */
  readonly readBuffers?: BufferPool | undefined;
  /** False where as many requests wait as may; the request is then answered with what is there. */
  mayWait(): boolean;
  waitBegan(): void;
  waitEnded(): void;
}

export const noPreferredReplica = -1;
export const noRecords: Buffer = Buffer.alloc(0);

export function failedFetch(request: FetchPartition, error: ErrorName): FetchResult {
  return {
    request,
    error,
    highWatermark: -1,
    lastStableOffset: -1,
    logStartOffset: -1,
    records: noRecords,
    abortedTransactions: null,
    divergingEpoch: null,
    preferredReadReplica: noPreferredReplica,
  };
}

export function fetchRecords(services: FetchServices, request: FetchRequest): FetchResult[] | Promise<FetchResult[]> {
  const read = new FetchRead(services, request, true);
  const pending = read.run();
  if (pending === null) return answerOrWait(services, request, read);
  return pending.then(() => answerOrWait(services, request, read));
}

function answerOrWait(
  services: FetchServices,
  request: FetchRequest,
  read: FetchRead,
): FetchResult[] | Promise<FetchResult[]> {
  if (request.maxWaitMs <= 0 || read.urgent || read.sizeInBytes >= request.minBytes || !services.mayWait()) {
    return read.takeResults();
  }
  return new WaitingFetch(services, request, read).promise;
}

/** One pass over the partitions of a request. Goes on synchronously until a partition's bytes are not in memory. */
class FetchRead {
  readonly results: FetchResult[] = [];
  sizeInBytes = 0;
  /** Something other than missing data is to be told, or more data is there than one read gave. */
  urgent: boolean;
  readonly #partitions: PartitionLookup;
  readonly #throttle: FetchServices['throttle'];
  readonly #buffers: BufferPool | undefined;
  readonly #request: FetchRequest;
  readonly #recordProgress: boolean;
  #index = 0;
  /** Those that gave records, in the order of the results that have some. */
  readonly #readPartitions: Partition[] = [];

  /** `recordProgress`: the request and a follower's fetch offset count; false when the same request reads for the second time. */
  constructor({ partitions, throttle, readBuffers }: FetchServices, request: FetchRequest, recordProgress: boolean) {
    this.#partitions = partitions;
    this.#throttle = throttle;
    this.#buffers = readBuffers;
    this.#request = request;
    this.#recordProgress = recordProgress;
    this.urgent = request.partitions.length === 0;
  }

  /** The results, which the client now gets: what they hold counts as sent. */
  takeResults(): FetchResult[] {
    const byFollower = this.#request.replicaId >= 0;
    let index = 0;
    for (const { records } of this.results) {
      if (records.length > 0) this.#readPartitions[index++]!.metrics.fetched(records.length, byFollower);
    }
    return this.results;
  }

  /** Null when all is read. */
  run(): Promise<void> | null {
    const { partitions } = this.#request;
    while (this.#index < partitions.length) {
      const pending = this.#readPartition(partitions[this.#index]!);
      this.#index++;
      if (pending !== null) return this.#goOn(pending);
    }
    return null;
  }

  async #goOn(first: Promise<void>): Promise<void> {
    await first;
    const { partitions } = this.#request;
    while (this.#index < partitions.length) {
      const pending = this.#readPartition(partitions[this.#index]!);
      this.#index++;
      if (pending !== null) await pending;
    }
  }

  #readPartition(fetch: FetchPartition): Promise<void> | null {
    const request = this.#request;
    const partition = this.#partitions.find(fetch.topic, fetch.partition);
    if (typeof partition === 'string') return this.#fail(fetch, partition);
    if (this.#recordProgress) partition.metrics.fetchRequested();
    if (fetch.topicId !== ZERO_UUID && fetch.topicId !== partition.topicId) {
      return this.#fail(fetch, 'INCONSISTENT_TOPIC_ID');
    }
    const leadership = partition.checkLeadership(fetch.currentLeaderEpoch, request.leaderOnly);
    if (leadership !== 'NONE') return this.#fail(fetch, leadership);
    if (request.replicaId >= 0 && !partition.state.replicas.includes(request.replicaId)) {
      // The follower may know of a reassignment that has not reached this broker yet, and tries again.
      return this.#fail(fetch, fetch.currentLeaderEpoch === -1 ? 'NOT_LEADER_OR_FOLLOWER' : 'UNKNOWN_LEADER_EPOCH');
    }

    const { log } = partition;
    const { fetchOffset } = fetch;
    const preferred = request.preferredReplica?.(partition, fetchOffset) ?? null;
    if (preferred !== null) {
      this.urgent = true;
      const result = this.#result(fetch, offsetsOf(partition), noRecords, null, null);
      this.results.push({ ...result, preferredReadReplica: preferred });
      return null;
    }
    if (fetch.lastFetchedEpoch !== -1) {
      const end = log.endOffsetForEpoch(fetch.lastFetchedEpoch);
      if (end === null || fetchOffset < log.logStartOffset) return this.#fail(fetch, 'OFFSET_OUT_OF_RANGE');
      if (end.leaderEpoch < fetch.lastFetchedEpoch || end.endOffset < fetchOffset) {
        this.urgent = true;
        const divergingEpoch = { epoch: end.leaderEpoch, endOffset: end.endOffset };
        this.results.push(this.#result(fetch, offsetsOf(partition), noRecords, null, divergingEpoch));
        return null;
      }
    }
    if (fetchOffset < log.logStartOffset || fetchOffset > log.logEndOffset) {
      return this.#fail(fetch, 'OFFSET_OUT_OF_RANGE');
    }
    if (request.replicaId >= 0 && this.#recordProgress) {
      partition.recordFollowerFetch({
        replicaId: request.replicaId,
        brokerEpoch: request.replicaEpoch,
        fetchOffset,
        logStartOffset: fetch.fetcherLogStartOffset,
      });
    }

    const offsets = offsetsOf(partition);
    const endOffset = readableEndOffset(offsets, partition, request.isolation);
    const minOneBatch = this.sizeInBytes === 0;
    // A negative limit is refused below, once there is something to limit; a negative rest is none.
    const maxBytes = Math.max(0, Math.min(fetch.partitionMaxBytes, request.maxBytes - this.sizeInBytes));
    const heldBack = this.#isHeldBack(partition);
    if (fetchOffset >= endOffset || (maxBytes === 0 && !minOneBatch) || heldBack) {
      // Bytes that only the size limits kept back need no waiting; those of a throttle do.
      if (fetchOffset < endOffset && !heldBack) this.urgent = true;
      const aborted = request.isolation === 'transactions-committed' ? noAbortedTransactions : null;
      this.results.push(this.#result(fetch, offsets, noRecords, aborted, null));
      return null;
    }
    if (fetch.partitionMaxBytes < 0 || request.maxBytes < 0) return this.#fail(fetch, 'INVALID_REQUEST');
    const read = log.read(fetchOffset, maxBytes, { minOneBatch, endOffset, buffers: this.#buffers });
    if (read instanceof Promise) return read.then((result) => this.#add(fetch, partition, offsets, result));
    this.#add(fetch, partition, offsets, read);
    return null;
  }

  #isHeldBack(partition: Partition): boolean {
    const { replicaId } = this.#request;
    return replicaId >= 0 && !partition.state.isr.includes(replicaId) && this.#throttle.isHeldBack(partition);
  }

  #add(fetch: FetchPartition, partition: Partition, offsets: PartitionOffsets, read: LogReadResult): void {
    if (read.kind === 'failed') {
      partition.metrics.fetchFailed();
      this.#fail(fetch, read.error);
      return;
    }
    const { isolation } = this.#request;
    this.sizeInBytes += read.records.length;
    if (this.#request.replicaId >= 0) this.#throttle.copied(partition, read.records.length);
    // The next batch lies in another segment or beyond a limit: waiting would not bring it.
    if (read.nextOffset < readableEndOffset(offsets, partition, isolation)) this.urgent = true;
    const aborted =
      isolation === 'transactions-committed'
        ? partition.log.abortedTransactions(fetch.fetchOffset, read.nextOffset)
        : null;
    if (read.records.length > 0) this.#readPartitions.push(partition);
    this.results.push(this.#result(fetch, offsets, read.records, aborted, null));
  }

  #fail(fetch: FetchPartition, error: ErrorName): null {
    this.urgent = true;
    this.results.push(failedFetch(fetch, error));
    return null;
  }

  #result(
    request: FetchPartition,
    offsets: PartitionOffsets,
    records: Buffer,
    abortedTransactions: FetchResult['abortedTransactions'],
    divergingEpoch: FetchResult['divergingEpoch'],
  ): FetchResult {
    const { highWatermark, lastStableOffset, logStartOffset } = offsets;
    return {
      request,
      error: 'NONE',
      highWatermark,
      lastStableOffset,
      logStartOffset,
      records,
      abortedTransactions,
      divergingEpoch,
      preferredReadReplica: noPreferredReplica,
    };
  }
}

/** As they stood before the read, so that whoever waits afterwards sees that they have moved. */
interface PartitionOffsets {
  readonly highWatermark: Offset;
  readonly lastStableOffset: Offset;
  readonly logStartOffset: Offset;
}

function offsetsOf(partition: Partition): PartitionOffsets {
  return {
    highWatermark: partition.highWatermark,
    lastStableOffset: partition.lastStableOffset,
    logStartOffset: partition.log.logStartOffset,
  };
}

const noAbortedTransactions: readonly AbortedTransaction[] = [];

function readableEndOffset(offsets: PartitionOffsets, partition: Partition, isolation: FetchIsolation): Offset {
  switch (isolation) {
    case 'log-end':
      // Not the log end offset: nobody may hold a record that the leader itself could still lose.
      return partition.log.writtenEndOffset;
    case 'high-watermark':
      return offsets.highWatermark;
    case 'transactions-committed':
      return offsets.lastStableOffset;
  }
}

class WaitingFetch implements FetchWaiter {
  readonly fromFollower: boolean;
  readonly promise: Promise<FetchResult[]>;
  readonly #services: FetchServices;
  readonly #request: FetchRequest;
  readonly #partitions: Partition[] = [];
  readonly #timeout: TimerHandle;
  #readableBytes: number;
  #resolve!: (results: FetchResult[] | Promise<FetchResult[]>) => void;
  #done = false;

  constructor(services: FetchServices, request: FetchRequest, read: FetchRead) {
    this.#services = services;
    this.#request = request;
    this.fromFollower = request.isolation === 'log-end';
    this.#readableBytes = read.sizeInBytes;
    this.promise = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    services.waitBegan();
    this.#timeout = services.timer.schedule(request.maxWaitMs, () => this.#complete());
    let moved = false;
    for (const result of read.results) {
      const partition = services.partitions.find(result.request.topic, result.request.partition);
      if (typeof partition === 'string') {
        moved = true;
        continue;
      }
      // A read from a file takes turns of the event loop, in which the end may have moved past what was read.
      moved ||=
        partition.highWatermark !== result.highWatermark || partition.lastStableOffset !== result.lastStableOffset;
      this.#partitions.push(partition);
      partition.addFetchWaiter(this);
    }
    if (moved) this.#complete();
  }

  moreReadable(partition: Partition, bytes: number): void {
    this.#readableBytes += bytes;
    if (this.#readableBytes < this.#request.minBytes) return;
    // Committed, but behind an open transaction: not readable for this client yet.
    if (this.#request.isolation === 'transactions-committed' && !this.#anythingStable(partition)) return;
    this.#complete();
  }

  leadershipChanged(): void {
    this.#complete();
  }

  #anythingStable(partition: Partition): boolean {
    for (const fetch of this.#request.partitions) {
      const same = fetch.partition === partition.partition && fetch.topic === partition.topic;
      if (same && fetch.fetchOffset < partition.lastStableOffset) return true;
    }
    return false;
  }

  #complete(): void {
    if (this.#done) return;
    this.#done = true;
    this.#timeout.cancel();
    for (const partition of this.#partitions) partition.forgetFetchWaiter(this);
    this.#services.waitEnded();
    const read = new FetchRead(this.#services, this.#request, false);
    const pending = read.run();
    this.#resolve(pending === null ? read.takeResults() : pending.then(() => read.takeResults()));
  }
}
