/**
 * Kafka's `UnifiedLog`: one replica's records on disk.
 *
 *     logStartOffset <= ... <= flushedEndOffset <= writtenEndOffset <= logEndOffset
 *                              (fsynced)           (in the file)       (appended, in memory)
 *
 * An append is decided at once, in the order of the calls: validation, producer state, offsets, epochs, indexes. Only the
 * bytes travel later (log-writer.ts). Readers that keep up are served from memory (log-tail.ts), others by one read of
 * the file (log-reader.ts). Opening and recovering is log-loader.ts.
 *
 * An error of the file system is final for the whole log directory: appends and reads answer KAFKA_STORAGE_ERROR.
 */
import { assert } from '../base/assert.ts';
import type { LeaderEpoch, Offset, ProducerEpoch } from '../base/flavor.ts';
import type { Uuid } from '../base/uuid.ts';
import type { ErrorName } from '../wire/errors.ts';
import * as batch from '../wire/records/record-batch.ts';
import type { EpochEntry } from './checkpoint-file.ts';
import type { CleanablePart } from './cleanable-part.ts';
import type { CleanedGroup, CompactionSegment, LastOfProducer } from './compaction.ts';
import { cleanablePart, compactionSegments, replaceSegments } from './log-cleaning.ts';
import type { LogConfig } from './log-config.ts';
import { CLUSTER_METADATA_TOPIC, LEADER_EPOCH_CHECKPOINT, PARTITION_METADATA } from './log-files.ts';
import { LogReads } from './log-reads.ts';
import { LogState, type PartitionLogOptions } from './log-state.ts';
import type {
  ActiveProducer,
  AppendAsLeaderOptions,
  AppendResult,
  EpochEndOffset,
  FailedAppend,
  InactiveSegment,
  LogReadResult,
  ReadOptions,
  TimestampOffset,
  TopicPartition,
  TransactionGuard,
} from './log-types.ts';
import { type AppendOrigin, type ValidationOptions, validateAndAssignOffsets } from './log-validator.ts';
import { checkReadyBatches } from './ready-batches.ts';
import {
  deleteOldSegments,
  deleteSegmentsBefore,
  roll,
  rollIfNeeded,
  takeProducerSnapshot,
} from './segment-changes.ts';
import type { StorageError } from './storage-error.ts';
import type { AbortedTransaction } from './transaction-index.ts';
import { truncateFullyAndStartAt, truncateTo } from './truncation.ts';

export type * from './log-types.ts';
export type { AbortedTransaction, AppendOrigin };

/** How often, at most, a log with appends looks for expired producers. */
const PRODUCER_EXPIRATION_CHECK_MS = 600_000;
const DONE: Promise<void> = Promise.resolve();

export class PartitionLog {
  readonly topicPartition: TopicPartition;
  readonly topicId: Uuid;
  readonly #state: LogState;
  /** Made for the first reader: idle logs have none. */
  #reads: LogReads | null = null;
  #validationOptions: ValidationOptions | null = null;
  #lastProducerExpirationMs: number;
  /** Null when the folder is not as the last clean stop left it; else where the log ended then. */
  readonly #cleanEndOffset: Offset | null;

  constructor(options: PartitionLogOptions) {
    const { environment, loaded } = options;
    this.topicPartition = options.topicPartition;
    this.topicId = options.topicId;
    this.#state = new LogState(options);
    this.#lastProducerExpirationMs = environment.clock.nowMs();
    const isClean = loaded.unsyncedSegments.length === 0 && loaded.unsyncedPaths.length === 0;
    this.#cleanEndOffset = isClean ? loaded.logEndOffset : null;
  }

  /** The folder; it changes when the log is marked for deletion. */
  get directory(): string {
    return this.#state.directory;
  }

  get config(): LogConfig {
    return this.#state.config;
  }

  updateConfig(config: LogConfig): void {
    if (!config.cleanupPolicy.compact) this.#state.abortCleaning();
    this.#state.config = config;
    this.#validationOptions = null;
    this.#state.writer.flushPolicy = config;
  }

  get logStartOffset(): Offset {
    return this.#state.logStartOffset;
  }

  /** The next offset; counts what is appended but not yet written. */
  get logEndOffset(): Offset {
    return this.#state.logEndOffset;
  }

  /** Exclusive end of what has reached the file system: it survives `kill -9`. */
  get writtenEndOffset(): Offset {
    return this.#state.writer.writtenEndOffset;
  }

  /** Exclusive end of what is synced; the recovery point. */
  get flushedEndOffset(): Offset {
    return this.#state.writer.flushedEndOffset;
  }

  /** Bytes of all segments. */
  get sizeInBytes(): number {
    return this.#state.sizeInBytes;
  }

  /** Closed, deleted, or its disk failed. */
  get offline(): boolean {
    return this.#state.offline;
  }

  /** The epoch of the last epoch entry, -1 when there is none. */
  get latestEpoch(): LeaderEpoch {
    return this.#state.leaderEpochs.latestEpoch;
  }

  /** At most logStartOffset: records below that are deleted but still in the file. */
  get firstSegmentBaseOffset(): Offset {
    return this.#state.segments.firstBaseOffset;
  }

  get segmentCount(): number {
    return this.#state.segments.count;
  }

  // ---- appending

  /**
   * One batch (or, for `raft-leader`, batches that have their offsets and epoch already). `records` is patched in place
   * and must not be changed afterwards.
   */
  appendAsLeader(records: Buffer, options: AppendAsLeaderOptions): AppendResult {
    if (this.offline) return this.#storageError();
    if (this.#state.writer.held !== null) return this.#heldBack(this.#state.writer.held);
    if (options.origin === 'raft-leader') return this.#appendReady(records, options.leaderEpoch, 'raft-leader');
    const nowMs = options.nowMs ?? this.#state.environment.clock.nowMs();
    const validated = validateAndAssignOffsets(
      records,
      this.#state.logEndOffset,
      nowMs,
      this.#validation(options.leaderEpoch, options.origin),
    );
    if (validated.kind === 'invalid') {
      return this.#failed(validated.error, validated.message, validated.recordErrors);
    }
    const bytes = validated.records;
    if (bytes.length > this.#state.config.segmentBytes) {
      return this.#failed(
        'RECORD_LIST_TOO_LARGE',
        `Message batch size is ${bytes.length} bytes in append to partition ${this.#state.name}, which exceeds the maximum ` +
          `configured segment size of ${this.#state.config.segmentBytes}.`,
      );
    }
    if (validated.producerId >= 0) {
      this.#maybeExpireProducers(nowMs);
      const check = this.#state.producerState.check(bytes, 0, options.origin, options.transactionGuard);
      if (check.kind === 'refused') return this.#failed(check.error, check.message);
      if (check.kind === 'duplicate') {
        const { lastOffset, offsetDelta, timestampMs } = check.batch;
        return {
          kind: 'duplicate',
          firstOffset: lastOffset - offsetDelta,
          lastOffset,
          logAppendTimeMs: timestampMs,
          logStartOffset: this.#state.logStartOffset,
          maxTimestampMs: timestampMs,
          written: lastOffset < this.#state.writer.writtenEndOffset ? DONE : this.#state.writer.drained(),
        };
      }
    }
    let written: Promise<void>;
    try {
      rollIfNeeded(
        this.#state,
        bytes.length,
        validated.maxTimestampMs,
        validated.baseOffset,
        validated.lastOffset,
        nowMs,
      );
      this.#assignEpoch(options.leaderEpoch, validated.baseOffset);
      written = this.#enter(bytes, validated.lastOffset + 1);
    } catch (error) {
      this.#state.diskFailed(error);
      return this.#storageError();
    }
    return {
      kind: 'appended',
      firstOffset: validated.baseOffset,
      lastOffset: validated.lastOffset,
      logAppendTimeMs: validated.logAppendTimeMs,
      logStartOffset: this.#state.logStartOffset,
      maxTimestampMs: validated.maxTimestampMs,
      recordCount: validated.recordCount,
      sizeInBytes: bytes.length,
      recompressed: validated.recompressed,
      written,
    };
  }

  /**
   * Appends ready batches that carry their offsets and epochs: replication and the raft log. They must not overlap the log
   * (gaps are compaction's and are fine). Batches from the first one of an epoch above `leaderEpoch` on, and a last one
   * that is cut off, are left out (KIP-595); with nothing left the result is empty: lastOffset < firstOffset.
   */
  appendAsFollower(records: Buffer, leaderEpoch: LeaderEpoch): AppendResult {
    if (this.offline) return this.#storageError();
    // The quorum waits for its records to be written, however long it takes.
    if (this.#state.writer.held !== null && this.topicPartition.topic !== CLUSTER_METADATA_TOPIC) {
      return this.#heldBack(this.#state.writer.held);
    }
    return this.#appendReady(records, leaderEpoch, 'replication');
  }

  #appendReady(records: Buffer, leaderEpoch: LeaderEpoch, origin: 'raft-leader' | 'replication'): AppendResult {
    const ready = checkReadyBatches(records, this.#state.logEndOffset, leaderEpoch, origin);
    if (ready.kind === 'bad') {
      return this.#failed(ready.error, `Append to ${this.#state.name} was refused: ${ready.message}.`);
    }
    const { bytes, firstOffset, nextOffset, recordCount, maxTimestampMs } = ready;
    let written = DONE;
    if (bytes.length > 0) {
      const nowMs = this.#state.environment.clock.nowMs();
      this.#maybeExpireProducers(nowMs);
      try {
        rollIfNeeded(this.#state, bytes.length, maxTimestampMs, firstOffset, nextOffset - 1, nowMs);
        for (let at = 0; at < bytes.length; at += batch.sizeInBytes(bytes, at)) {
          this.#assignEpoch(batch.partitionLeaderEpoch(bytes, at), batch.baseOffset(bytes, at));
        }
        written = this.#enter(bytes, nextOffset);
      } catch (error) {
        this.#state.diskFailed(error);
        return this.#storageError();
      }
    }
    return {
      kind: 'appended',
      firstOffset,
      lastOffset: nextOffset - 1,
      logAppendTimeMs: -1,
      logStartOffset: this.#state.logStartOffset,
      maxTimestampMs,
      recordCount,
      sizeInBytes: bytes.length,
      recompressed: false,
      written,
    };
  }

  /** Whole batches that are decided: into the tail, the books and the writer's queue. */
  #enter(bytes: Buffer, nextOffset: Offset): Promise<void> {
    const segment = this.#state.segments.active;
    if (!segment.hasFile) {
      segment.makeFile();
      this.#state.writer.addUnsyncedPath(this.#state.directory);
    }
    const position = segment.size;
    const block = this.#state.tail.append(segment.baseOffset, position, bytes, this.#state.logEndOffset, nextOffset);
    for (let at = 0; at < bytes.length; at += batch.sizeInBytes(bytes, at)) {
      segment.enter(bytes, at, this.#state.config.indexIntervalBytes);
      const aborted = this.#state.producerState.update(bytes, at);
      if (aborted !== null) segment.transactionIndex.append(aborted);
    }
    this.#state.logEndOffset = nextOffset;
    this.#state.sizeInBytes += bytes.length;
    return this.#state.writer.append(segment, position, block, bytes.length, nextOffset);
  }

  #validation(leaderEpoch: LeaderEpoch, origin: AppendOrigin): ValidationOptions {
    let options = this.#validationOptions;
    if (options !== null && options.partitionLeaderEpoch === leaderEpoch && options.origin === origin) return options;
    const config = this.#state.config;
    options = {
      topic: this.topicPartition.topic,
      partition: this.topicPartition.partition,
      compactedTopic: config.cleanupPolicy.compact,
      compressionType: config.compressionType,
      compressionLevels: config.compressionLevels,
      timestampType: config.messageTimestampType,
      timestampBeforeMaxMs: config.messageTimestampBeforeMaxMs,
      timestampAfterMaxMs: config.messageTimestampAfterMaxMs,
      maxMessageBytes: config.maxMessageBytes,
      partitionLeaderEpoch: leaderEpoch,
      origin,
    };
    this.#validationOptions = options;
    return options;
  }

  #assignEpoch(leaderEpoch: LeaderEpoch, startOffset: Offset): void {
    if (leaderEpoch > this.#state.leaderEpochs.latestEpoch) this.#state.leaderEpochs.assign(leaderEpoch, startOffset);
    else if (!this.#state.leaderEpochs.writeBegun()) return;
    this.#state.writer.addUnsyncedPath(`${this.#state.directory}/${LEADER_EPOCH_CHECKPOINT}`);
    this.#state.writer.addUnsyncedPath(this.#state.directory);
  }

  #maybeExpireProducers(nowMs: number): void {
    if (nowMs - this.#lastProducerExpirationMs < PRODUCER_EXPIRATION_CHECK_MS) return;
    this.#lastProducerExpirationMs = nowMs;
    this.#state.producerState.removeExpired(nowMs);
  }

  // ---- segments

  /** Whole segments below the active one, oldest first: what retention chooses from. */
  deletableSegments(): InactiveSegment[] {
    return this.#state.segments.inactive();
  }

  /** Closes the active segment and begins a new one at logEndOffset; no-op when it is empty. */
  roll(): void {
    roll(this.#state);
  }

  /**
   * Removes the segments that end at or before `offset` (never the active one), with the producer snapshots below the new
   * first segment, and moves the log start offset there. Gives the number of segments.
   */
  deleteSegmentsBefore(offset: Offset): number {
    return deleteSegmentsBefore(this.#state, offset);
  }

  /**
   * Removes what retention no longer keeps, as the config is now; where that is everything, the active segment is closed
   * first. Gives the number of segments.
   */
  deleteOldSegments(highWatermark: Offset): number {
    return deleteOldSegments(this.#state, highWatermark);
  }

  // ---- compaction

  get isCleaning(): boolean {
    return this.#state.onAbortCleaning !== null;
  }

  /** What a cleaning would find. `checkpointOffset`: where the last one ended; null before the first. */
  cleanablePart(checkpointOffset: Offset | null, highWatermark: Offset): CleanablePart | null {
    return cleanablePart(this.#state, checkpointOffset, highWatermark);
  }

  /** Those below `firstUncleanableOffset`, as a cleaning must know them. */
  compactionSegments(firstUncleanableOffset: Offset): CompactionSegment[] {
    return compactionSegments(this.#state, firstUncleanableOffset);
  }

  /** Where each active producer's state is found when the log is loaded: compaction keeps these batches. */
  lastOfProducers(): LastOfProducer[] {
    const found: LastOfProducer[] = [];
    for (const { producerId, producerEpoch, lastDataOffset } of this.#state.producerState.producers()) {
      found.push({ producerId, producerEpoch, lastDataOffset });
    }
    return found;
  }

  /** `abort` is called when the log is cut, deleted or closed, or is no longer to be compacted. */
  beginCleaning(abort: () => void): void {
    assert(this.#state.onAbortCleaning === null, 'one cleaning of a log at a time');
    this.#state.onAbortCleaning = abort;
  }

  /** Ends a cleaning that is under way; none begins until as many `resumeCleaning`. */
  pauseCleaning(): void {
    this.#state.cleaningPauses++;
    this.#state.abortCleaning();
  }

  resumeCleaning(): void {
    this.#state.cleaningPauses--;
  }

  cleaningEnded(): void {
    this.#state.onAbortCleaning = null;
  }

  /** Takes over what a cleaning made of some closed segments. The cleaning has not been aborted. */
  replaceSegments(group: CleanedGroup): void {
    replaceSegments(this.#state, group);
  }

  // ---- reading

  /**
   * `maxBytes` counts whole batches. Synchronous from the in-memory tail, otherwise a promise, which never rejects.
   * `fetchOffset` outside [logStartOffset, logEndOffset] fails.
   */
  read(fetchOffset: Offset, maxBytes: number, options: ReadOptions): LogReadResult | Promise<LogReadResult> {
    return this.#reader().read(fetchOffset, maxBytes, options);
  }

  /** The first record (by offset) whose timestamp is at least `timestampMs`; null when there is none. Rejects with StorageError. */
  async offsetForTimestamp(timestampMs: number): Promise<TimestampOffset | null> {
    await this.#state.writer.drained();
    return this.#reader().offsetForTimestamp(timestampMs);
  }

  /** The record with the largest timestamp (the first of equals in its batch); null when there is none. Rejects with StorageError. */
  async maxTimestampOffset(): Promise<TimestampOffset | null> {
    await this.#state.writer.drained();
    return this.#reader().maxTimestampOffset();
  }

  #reader(): LogReads {
    this.#reads ??= new LogReads(this.#state);
    return this.#reads;
  }

  // ---- epochs

  /** KIP-101/279; null where Kafka answers undefined: no epoch at or above the requested one is known. */
  endOffsetForEpoch(leaderEpoch: LeaderEpoch): EpochEndOffset | null {
    return this.#state.leaderEpochs.endOffsetFor(leaderEpoch, this.#state.logEndOffset);
  }

  /** The epoch of the record at `offset`; -1 when not known. */
  epochForOffset(offset: Offset): LeaderEpoch {
    return this.#state.leaderEpochs.epochForOffset(offset);
  }

  /** Where each leader epoch begins, oldest first. */
  get leaderEpochs(): readonly EpochEntry[] {
    return this.#state.leaderEpochs.entries();
  }

  /** A new leader's first act, so that its epoch has a start offset even before its first record. */
  assignEpochStartOffset(leaderEpoch: LeaderEpoch, startOffset: Offset): void {
    if (this.offline) return;
    try {
      if (leaderEpoch > this.latestEpoch) this.#state.leaderEpochs.begin(leaderEpoch, startOffset);
    } catch (error) {
      this.#state.diskFailed(error); // Assigned with the first append, then.
    }
  }

  // ---- producers and transactions

  /**
   * Smallest of `highWatermark` and the first offset of a transaction that is open or whose marker is not yet below it.
   * High watermarks must not fall from call to call.
   */
  lastStableOffset(highWatermark: Offset): Offset {
    return this.#state.lastStableOffset(highWatermark);
  }

  /** Aborted transactions that overlap [fetchOffset, endOffset), by first offset. */
  abortedTransactions(fetchOffset: Offset, endOffset: Offset): AbortedTransaction[] {
    return this.#state.segments.abortedTransactions(fetchOffset, endOffset);
  }

  /** Of exactly this epoch; what the verification of KIP-890 asks. */
  hasOngoingTransaction(producerId: number, producerEpoch: ProducerEpoch): boolean {
    const entry = this.#state.producerState.producer(producerId);
    return entry !== undefined && entry.producerEpoch === producerEpoch && entry.currentTransactionFirstOffset >= 0;
  }

  /**
   * Before the coordinator is asked whether a batch belongs to an open transaction; what it gives goes into the append.
   * Null: the transaction is open here, which was verified when it began.
   */
  startTransactionVerification(producer: {
    readonly producerId: number;
    readonly producerEpoch: ProducerEpoch;
    readonly baseSequence: number;
  }): TransactionGuard | null {
    return this.#state.producerState.startVerification(producer, this.#state.environment.clock.nowMs());
  }

  activeProducers(): ActiveProducer[] {
    this.#state.producerState.removeExpired(this.#state.environment.clock.nowMs());
    const found: ActiveProducer[] = [];
    for (const entry of this.#state.producerState.producers()) {
      found.push({
        producerId: entry.producerId,
        producerEpoch: entry.producerEpoch,
        lastSequence: entry.lastSequence,
        lastTimestampMs: entry.lastTimestampMs,
        coordinatorEpoch: entry.coordinatorEpoch,
        currentTransactionStartOffset: entry.currentTransactionFirstOffset,
      });
    }
    return found;
  }

  // ---- truncation

  /**
   * Removes everything from `offset` on, together with the front of a batch that holds it. At the log end only an epoch
   * goes that began there and has no record: it would contradict the leader for ever. Nothing may be appended until it is
   * done. Rejects with StorageError.
   */
  truncateTo(offset: Offset): Promise<void> {
    return truncateTo(this.#state, offset);
  }

  /** Empties the log; its start and end are `offset`. Rejects with StorageError. */
  truncateFullyAndStartAt(offset: Offset): Promise<void> {
    return truncateFullyAndStartAt(this.#state, offset);
  }

  /**
   * DeleteRecords, a snapshot of the raft log, or the leader's start offset on a follower; at most logEndOffset. False when
   * `offset` does not lie ahead. The checkpoint that makes it durable follows soon.
   */
  advanceLogStartOffset(offset: Offset): boolean {
    return this.#state.advanceLogStartOffset(offset);
  }

  // ---- ends

  /** Resolves when everything appended so far counts as written. Rejects with StorageError. */
  written(): Promise<void> {
    return this.#state.writer.drained();
  }

  /** Resolves when everything appended so far is synced. Rejects with StorageError. */
  async flush(): Promise<void> {
    await this.#state.writer.drained();
    await this.#state.writer.sync();
  }

  /** Syncs everything, indexes and producers included: the next start need not recover. Rejects with StorageError. */
  async close(): Promise<void> {
    if (this.#state.closed) return;
    this.#state.abortCleaning();
    if (this.#state.writer.failure !== null) {
      this.#state.closed = true;
      this.#state.segments.closeFiles();
      return;
    }
    if (this.#state.writer.held !== null) {
      this.#state.writer.retryHeld();
      // Still no room: what waits was never acknowledged. The start after this one recovers.
      if (this.#state.writer.held !== null) this.#state.writer.fail(this.#state.writer.held);
    }
    await this.#state.writer.drained();
    if (this.#isAsFound()) {
      this.#state.closed = true;
      this.#state.writer.cancelFlushTimer();
      this.#state.segments.closeFiles();
      return;
    }
    try {
      this.#state.segments.active.becomeInactive();
      for (const segment of this.#state.segments.all()) {
        for (const path of segment.persistIndexes()) this.#state.writer.addUnsyncedPath(path);
      }
      this.#state.leaderEpochs.persist();
      takeProducerSnapshot(this.#state);
      // The names of new indexes, too: the next start takes an absent transaction index for one without entries.
      this.#state.writer.addUnsyncedPath(this.#state.directory);
    } catch (error) {
      this.#state.writer.fail(error);
    }
    await this.#state.writer.sync();
    this.#state.closed = true;
    this.#state.writer.cancelFlushTimer();
    this.#state.segments.closeFiles();
    this.#state.tail.clear();
  }

  /** Nothing to write and nothing to sync: the disk has it all, or there never was a record. */
  #isAsFound(): boolean {
    if (this.#state.leaderEpochs.isDirty) return false;
    // A folder without records may be lost with a power failure: the next start makes it again.
    if (!this.#state.segments.active.hasFile) return true;
    return (
      this.#cleanEndOffset === this.#state.logEndOffset &&
      this.#state.truncations === 0 &&
      this.#state.writer.isSynced &&
      this.#state.producerState.mapEndOffset <= this.#state.producerState.snapshotOffset &&
      !this.#state.segments.all().some((segment) => segment.hasUnwrittenIndexes)
    );
  }

  /** The directory failed or the log goes away: what waits is rejected. Called by the log directory. */
  stop(error: StorageError): void {
    this.#state.abortCleaning();
    this.#state.writer.stop(error);
    this.#state.segments.closeFiles();
    this.#state.tail.written(this.#state.logEndOffset);
    this.#state.tail.clear();
  }

  /** Before the folder is renamed: Windows renames none with an open file in it. Nothing may be under way. */
  closeFiles(): void {
    this.#state.segments.closeFiles();
  }

  /** The folder has a new name. Called by the log directory. */
  moveTo(directory: string): void {
    this.#state.writer.moved(this.#state.directory, directory);
    this.#state.directory = directory;
    this.#state.segments.moveTo(directory);
    this.#state.leaderEpochs.moveTo(`${directory}/${LEADER_EPOCH_CHECKPOINT}`);
  }

  /** A new log's folder and its first files reach the disk with the first sync. Called by the log directory. */
  created(): void {
    this.#state.writer.addUnsyncedPath(`${this.#state.directory}/${PARTITION_METADATA}`);
    this.#state.writer.addUnsyncedPath(this.#state.directory);
    this.#state.writer.folderMade();
  }

  #heldBack(reason: StorageError): FailedAppend {
    return this.#failed('KAFKA_STORAGE_ERROR', `${this.#state.name} takes no appends at the moment: ${reason.message}`);
  }

  #storageError(): FailedAppend {
    return this.#failed('KAFKA_STORAGE_ERROR', `The log directory of ${this.#state.name} is offline.`);
  }

  #failed(error: ErrorName, message: string | null, recordErrors: FailedAppend['recordErrors'] = []): FailedAppend {
    return { kind: 'failed', error, message, recordErrors, logStartOffset: this.#state.logStartOffset };
  }
}
