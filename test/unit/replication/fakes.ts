/**
 * Time that moves when a test says so, and logs in memory whose writes finish when a test says so. The fake log knows
 * batches, offsets and epochs; what records may hold is the log's own subject and tested there.
 */
import type { Clock, Timer, TimerHandle } from '../../../src/base/clock.ts';
import { silentLogger } from '../../../src/base/logger.ts';
import type { Uuid } from '../../../src/base/uuid.ts';
import type { LogConfig } from '../../../src/log/log-config.ts';
import { HostedPartitions, type HostedPartitionsOptions } from '../../../src/replication/hosted-partitions.ts';
import type { Partition, PartitionState } from '../../../src/replication/partition.ts';
import type {
  AbortedTransaction,
  AppendResult,
  LogReadResult,
  ReplicaLog,
  ReplicaLogs,
  TimestampOffset,
} from '../../../src/replication/replica-log.ts';
import {
  baseOffset,
  lastOffsetDelta,
  maxTimestamp,
  partitionLeaderEpoch,
  setBaseOffset,
  setPartitionLeaderEpoch,
  sizeInBytes,
} from '../../../src/wire/records/record-batch.ts';
import { buildBatch } from '../../../src/wire/records/records.ts';

export class FakeTime implements Clock, Timer {
  #nowMs = 1_700_000_000_000;
  readonly #actions = new Set<{ atMs: number; action: () => void }>();

  nowMs(): number {
    return this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  get scheduled(): number {
    return this.#actions.size;
  }

  schedule(delayMs: number, action: () => void): TimerHandle {
    const entry = { atMs: this.#nowMs + delayMs, action };
    this.#actions.add(entry);
    return { cancel: () => this.#actions.delete(entry) };
  }

  advance(ms: number): void {
    const endMs = this.#nowMs + ms;
    for (;;) {
      const due = [...this.#actions].filter((entry) => entry.atMs <= endMs).sort((a, b) => a.atMs - b.atMs)[0];
      if (due === undefined) break;
      this.#actions.delete(due);
      this.#nowMs = due.atMs;
      due.action();
    }
    this.#nowMs = endMs;
  }
}

export const logConfig: LogConfig = {
  segmentBytes: 1 << 30,
  segmentMs: 604_800_000,
  segmentJitterMs: 0,
  segmentIndexBytes: 10_485_760,
  indexIntervalBytes: 4096,
  maxMessageBytes: 1_048_588,
  compressionType: 'producer',
  compressionLevels: { gzip: -1, lz4: 9, zstd: 3 },
  messageTimestampType: 'CreateTime',
  messageTimestampBeforeMaxMs: Number.MAX_SAFE_INTEGER,
  messageTimestampAfterMaxMs: 3_600_000,
  cleanupPolicy: { compact: false, delete: true },
  flushMessages: Number.MAX_SAFE_INTEGER,
  flushMs: Number.MAX_SAFE_INTEGER,
  retentionMs: -1,
  retentionBytes: -1,
  fileDeleteDelayMs: 60_000,
  deleteRetentionMs: 86_400_000,
  minCompactionLagMs: 0,
  maxCompactionLagMs: Number.MAX_SAFE_INTEGER,
  minCleanableDirtyRatio: 0.5,
};

interface StoredBatch {
  readonly bytes: Buffer;
  readonly baseOffset: number;
  readonly lastOffset: number;
}

/** What a broker without others needs: nobody to follow, nobody who could come in sync. */
export const aloneReplica: Pick<
  HostedPartitionsOptions,
  'lagTimeMaxMs' | 'isIsrEligible' | 'isrShouldChange' | 'followers' | 'throttle'
> = {
  lagTimeMaxMs: 30_000,
  isIsrEligible: () => true,
  isrShouldChange: () => undefined,
  followers: { follow: () => undefined, unfollow: () => undefined },
  throttle: { isHeldBack: () => false, copied: () => undefined },
};

export class FakeLog implements ReplicaLog {
  readonly topicPartition: { topic: string; partition: number };
  readonly topicId: Uuid;
  config: LogConfig;
  startTransactionVerification = () => null;
  logStartOffset = 0;
  writtenEndOffset = 0;
  /** Writes finish by themselves in a microtask unless a test holds them back. */
  holdWrites = false;
  /** Its directory failed. */
  offline = false;
  /** Reads come as promises, as from a file. */
  slowReads = false;
  firstUnstableOffset: number | null = null;
  aborted: AbortedTransaction[] = [];
  nextAppend: AppendResult | Error | null = null;
  readonly #batches: StoredBatch[] = [];
  readonly #epochs: { epoch: number; startOffset: number }[] = [];
  #initialEndOffset = 0;
  #write: { promise: Promise<void>; resolve: () => void; reject: (error: Error) => void } | null = null;

  constructor(topic: string, partition: number, topicId: Uuid, config: LogConfig = logConfig) {
    this.topicPartition = { topic, partition };
    this.topicId = topicId;
    this.config = config;
  }

  /** As if records up to here had been there when the broker started. */
  set foundEndOffset(endOffset: number) {
    this.#initialEndOffset = endOffset;
    this.writtenEndOffset = endOffset;
  }

  get logEndOffset(): number {
    const last = this.#batches.at(-1);
    return Math.max(this.logStartOffset, last === undefined ? this.#initialEndOffset : last.lastOffset + 1);
  }

  get latestEpoch(): number {
    return this.#epochs.at(-1)?.epoch ?? -1;
  }

  get epochs(): readonly { epoch: number; startOffset: number }[] {
    return this.#epochs;
  }

  updateConfig(config: LogConfig): void {
    this.config = config;
  }

  appendAsLeader(records: Buffer, options: { leaderEpoch: number }): AppendResult {
    const next = this.nextAppend;
    this.nextAppend = null;
    if (next instanceof Error) throw next;
    if (next !== null) return next;
    this.assignEpochStartOffset(options.leaderEpoch, this.logEndOffset);
    const bytes = Buffer.from(records);
    const first = this.logEndOffset;
    setBaseOffset(bytes, 0, first);
    setPartitionLeaderEpoch(bytes, 0, options.leaderEpoch);
    const lastOffset = first + lastOffsetDelta(bytes, 0);
    this.#batches.push({ bytes, baseOffset: first, lastOffset });
    const write = this.#currentWrite();
    if (!this.holdWrites) queueMicrotask(() => this.finishWrites());
    return {
      kind: 'appended',
      firstOffset: first,
      lastOffset,
      logAppendTimeMs: -1,
      logStartOffset: this.logStartOffset,
      maxTimestampMs: maxTimestamp(bytes, 0),
      recordCount: lastOffset - first + 1,
      sizeInBytes: bytes.length,
      recompressed: false,
      written: write.promise,
    };
  }

  appendAsFollower(records: Buffer): AppendResult {
    const bytes = Buffer.from(records);
    const first = baseOffset(bytes, 0);
    let lastOffset = first - 1;
    for (let at = 0; at < bytes.length; at += sizeInBytes(bytes, at)) {
      const batch = bytes.subarray(at, at + sizeInBytes(bytes, at));
      if (baseOffset(batch, 0) < this.logEndOffset) throw new Error('the batches overlap the log');
      this.assignEpochStartOffset(partitionLeaderEpoch(batch, 0), baseOffset(batch, 0));
      lastOffset = baseOffset(batch, 0) + lastOffsetDelta(batch, 0);
      this.#batches.push({ bytes: batch, baseOffset: baseOffset(batch, 0), lastOffset });
    }
    const write = this.#currentWrite();
    if (!this.holdWrites) queueMicrotask(() => this.finishWrites());
    return {
      kind: 'appended',
      firstOffset: first,
      lastOffset,
      logAppendTimeMs: -1,
      logStartOffset: this.logStartOffset,
      maxTimestampMs: -1,
      recordCount: lastOffset - first + 1,
      sizeInBytes: bytes.length,
      recompressed: false,
      written: write.promise,
    };
  }

  async truncateTo(offset: number): Promise<void> {
    while ((this.#batches.at(-1)?.lastOffset ?? -1) >= offset) this.#batches.pop();
    while ((this.#epochs.at(-1)?.startOffset ?? -1) >= offset) this.#epochs.pop();
    this.#initialEndOffset = Math.min(this.#initialEndOffset, offset);
    this.writtenEndOffset = Math.min(this.writtenEndOffset, this.logEndOffset);
  }

  async truncateFullyAndStartAt(offset: number): Promise<void> {
    this.#batches.length = 0;
    this.#epochs.length = 0;
    this.logStartOffset = offset;
    this.#initialEndOffset = offset;
    this.writtenEndOffset = offset;
  }

  finishWrites(): void {
    this.writtenEndOffset = this.logEndOffset;
    this.#write?.resolve();
    this.#write = null;
  }

  failWrites(error: Error): void {
    this.offline = true;
    this.#write?.reject(error);
    this.#write = null;
  }

  #currentWrite() {
    if (this.#write === null) {
      let resolve!: () => void;
      let reject!: (error: Error) => void;
      const promise = new Promise<void>((onDone, onFail) => {
        resolve = onDone;
        reject = onFail;
      });
      this.#write = { promise, resolve, reject };
    }
    return this.#write;
  }

  read(
    fetchOffset: number,
    maxBytes: number,
    options: { minOneBatch: boolean; endOffset: number },
  ): LogReadResult | Promise<LogReadResult> {
    const found: Buffer[] = [];
    let size = 0;
    let nextOffset = fetchOffset;
    for (const batch of this.#batches) {
      if (batch.lastOffset < fetchOffset) continue;
      if (batch.lastOffset >= options.endOffset) break;
      if (size + batch.bytes.length > maxBytes && !(size === 0 && options.minOneBatch)) break;
      found.push(batch.bytes);
      size += batch.bytes.length;
      nextOffset = batch.lastOffset + 1;
    }
    const records = found.length === 1 ? found[0]! : Buffer.concat(found);
    const result: LogReadResult = { kind: 'records', records, fetchOffset, nextOffset };
    return this.slowReads ? Promise.resolve(result) : result;
  }

  async offsetForTimestamp(timestampMs: number): Promise<TimestampOffset | null> {
    const batch = this.#batches.find(({ bytes }) => maxTimestamp(bytes, 0) >= timestampMs);
    return batch === undefined ? null : this.#timeOf(batch);
  }

  async maxTimestampOffset(): Promise<TimestampOffset | null> {
    const [first] = [...this.#batches].sort((a, b) => maxTimestamp(b.bytes, 0) - maxTimestamp(a.bytes, 0));
    return first === undefined ? null : this.#timeOf(first);
  }

  #timeOf(batch: StoredBatch): TimestampOffset {
    const leaderEpoch = this.epochForOffset(batch.baseOffset);
    return { offset: batch.baseOffset, timestampMs: maxTimestamp(batch.bytes, 0), leaderEpoch };
  }

  endOffsetForEpoch(leaderEpoch: number): { leaderEpoch: number; endOffset: number } | null {
    if (leaderEpoch > this.latestEpoch) return null;
    const index = this.#epochs.findLastIndex(({ epoch }) => epoch <= leaderEpoch);
    const entry = this.#epochs[index];
    if (entry === undefined) return null;
    return { leaderEpoch: entry.epoch, endOffset: this.#epochs[index + 1]?.startOffset ?? this.logEndOffset };
  }

  epochForOffset(offset: number): number {
    return this.#epochs.findLast(({ startOffset }) => startOffset <= offset)?.epoch ?? -1;
  }

  assignEpochStartOffset(leaderEpoch: number, startOffset: number): void {
    if (leaderEpoch > this.latestEpoch) this.#epochs.push({ epoch: leaderEpoch, startOffset });
  }

  lastStableOffset(highWatermark: number): number {
    return Math.min(this.firstUnstableOffset ?? highWatermark, highWatermark);
  }

  abortedTransactions(): AbortedTransaction[] {
    return this.aborted;
  }

  activeProducers(): [] {
    return [];
  }

  advanceLogStartOffset(offset: number): boolean {
    this.logStartOffset = offset;
    return true;
  }
}

export class FakeLogs implements ReplicaLogs {
  readonly checkpointedHighWatermarks: ReadonlyMap<string, number>;
  readonly written: ReadonlyMap<string, number>[] = [];
  readonly deleted: string[] = [];
  readonly #logs = new Map<string, FakeLog>();
  /** Where logs lie, if not where the metadata has them. */
  misplaced: Uuid | null = null;
  #failure: Error | null = null;

  constructor(checkpointed: ReadonlyMap<string, number> = new Map()) {
    this.checkpointedHighWatermarks = checkpointed;
  }

  add(log: FakeLog): FakeLog {
    this.#logs.set(`${log.topicPartition.topic}-${log.topicPartition.partition}`, log);
    return log;
  }

  log(topic: string, partition: number): FakeLog | undefined {
    return this.#logs.get(`${topic}-${partition}`);
  }

  createLog(options: { topic: string; partition: number; topicId: Uuid; config: LogConfig }): FakeLog {
    if (this.failure !== null) throw this.failure;
    return this.add(new FakeLog(options.topic, options.partition, options.topicId, options.config));
  }

  get failure(): Error | null {
    return this.#failure;
  }

  /** The one directory of these logs fails. */
  set failure(failure: Error | null) {
    this.#failure = failure;
    for (const log of this.#logs.values()) log.offline = failure !== null;
  }

  misplacedIn(_topic: string, _partition: number, assigned: Uuid): Uuid | null {
    return this.misplaced === assigned ? null : this.misplaced;
  }

  deleteLog(topic: string, partition: number): boolean {
    this.deleted.push(`${topic}-${partition}`);
    return this.#logs.delete(`${topic}-${partition}`);
  }

  checkpointHighWatermarks(highWatermarks: ReadonlyMap<string, number>): void {
    if (this.failure !== null) throw this.failure;
    this.written.push(highWatermarks);
  }
}

export const brokerId = 1;
export const topicId: Uuid = 'AbCdEfGhIjKlMnOpQrStUg';

export function newPartitionState(changes: Partial<PartitionState> = {}): PartitionState {
  return { leader: brokerId, leaderEpoch: 0, partitionEpoch: 0, isr: [brokerId], replicas: [brokerId], ...changes };
}

/** A broker's partitions with everything they need; topic `t` with one partition is there already. */
export class Hosted {
  readonly time = new FakeTime();
  readonly logs: FakeLogs;
  readonly misplaced: unknown[] = [];
  readonly leadership: string[] = [];
  minInsyncReplicas = 1;
  readonly partitions: HostedPartitions;

  constructor(options: Partial<HostedPartitionsOptions> & { logs?: FakeLogs } = {}) {
    this.logs = options.logs ?? new FakeLogs();
    this.partitions = new HostedPartitions({
      brokerId,
      clock: this.time,
      timer: this.time,
      logger: silentLogger,
      logConfig: () => logConfig,
      minInsyncReplicas: () => this.minInsyncReplicas,
      highWatermarkCheckpointIntervalMs: 5000,
      waitingFetchesMax: 100,
      onLeadershipChange: (partition, leads) =>
        this.leadership.push(`${partition.topic}-${partition.partition} epoch ${partition.leaderEpoch} leads ${leads}`),
      onMisplaced: (replica) => this.misplaced.push(replica),
      ...aloneReplica,
      ...options,
      logs: this.logs,
    });
    this.setTopic('t', [newPartitionState()]);
  }

  setTopic(name: string, partitions: readonly PartitionState[], id: Uuid = topicId): void {
    const topic = { name, topicId: id };
    const changedPartitions = partitions.map((current, partition) => ({ topic, partition, current }));
    this.partitions.apply({ changedPartitions, deletedTopics: [] });
  }

  deleteTopic(name: string, id: Uuid = topicId): void {
    this.partitions.apply({ changedPartitions: [], deletedTopics: [{ name, topicId: id }] });
  }

  partition(topic = 't', partition = 0): Partition {
    const found = this.partitions.find(topic, partition);
    if (typeof found === 'string') throw new Error(found);
    return found;
  }

  followerFetched(replicaId: number, fetchOffset: number, logStartOffset = 0): void {
    this.partition().recordFollowerFetch({ replicaId, brokerEpoch: -1, fetchOffset, logStartOffset });
  }

  log(topic = 't', partition = 0): FakeLog {
    return this.logs.log(topic, partition)!;
  }

  /** Appends without waiting; `records` counts from 1. */
  produce(acks: number, options: { topic?: string; partition?: number; records?: number; timeoutMs?: number } = {}) {
    const { topic = 't', partition = 0, records = 1, timeoutMs = 1000 } = options;
    return this.partitions.append({
      acks,
      produceVersion: 12,
      timeoutMs,
      internalTopicsAllowed: false,
      nowMs: this.time.nowMs(),
      entries: [{ topic, topicId: null, partition, records: newBatch(records) }],
    });
  }
}

export function newBatch(recordCount: number, timestampMs = 1_700_000_000_000, valueSize = 8): Buffer {
  const records = Array.from({ length: recordCount }, (_, index) => ({
    timestamp: timestampMs + index,
    key: null,
    value: Buffer.alloc(valueSize, index),
  }));
  return buildBatch({ nowMs: timestampMs, records });
}

/** Lets everything run that waits for promises only. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}

/** What a promise gave so far; 'waiting' while it gave nothing. */
export async function outcome<T>(value: T | Promise<T>): Promise<T | 'waiting'> {
  await settle();
  return Promise.race([value, Promise.resolve('waiting' as const)]);
}
