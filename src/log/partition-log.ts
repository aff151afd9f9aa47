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
import { type CleanablePart, cleanablePart } from './cleanable-part.ts';
import type { CleanedGroup, CompactionSegment, LastOfProducer } from './compaction.ts';
import type { LeaderEpochCache } from './leader-epoch-cache.ts';
import type { LogConfig } from './log-config.ts';
import type { LogEnvironment } from './log-environment.ts';
import {
  CLUSTER_METADATA_TOPIC,
  DELETED_SUFFIX,
  LEADER_EPOCH_CHECKPOINT,
  PARTITION_METADATA,
  PRODUCER_SNAPSHOT_SUFFIX,
  segmentFileName,
} from './log-files.ts';
import { type LoadedLog, rebuildProducerState, rollJitterMs, snapshotOffsets } from './log-loader.ts';
import { LogReads } from './log-reads.ts';
import { LogSegment } from './log-segment.ts';
import { LogSegments } from './log-segments.ts';
import { LogTail } from './log-tail.ts';
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
import { LogWriter } from './log-writer.ts';
import { encodeProducerSnapshot } from './producer-snapshot.ts';
import type { ProducerState } from './producer-state.ts';
import { checkReadyBatches } from './ready-batches.ts';
import { deletableSegmentCount } from './retention.ts';
import { swapCleanedSegment } from './segment-swap.ts';
import { isShortage, StorageError } from './storage-error.ts';
import type { AbortedTransaction } from './transaction-index.ts';

export type * from './log-types.ts';
export type { AbortedTransaction, AppendOrigin };

/** How often, at most, a log with appends looks for expired producers. */
const PRODUCER_EXPIRATION_CHECK_MS = 600_000;
const DONE: Promise<void> = Promise.resolve();

export interface PartitionLogOptions {
  readonly topicPartition: TopicPartition;
  readonly topicId: Uuid;
  readonly directory: string;
  readonly config: LogConfig;
  readonly environment: LogEnvironment;
  readonly loaded: LoadedLog;
}

export class PartitionLog {
  readonly topicPartition: TopicPartition;
  readonly topicId: Uuid;
  readonly #environment: LogEnvironment;
  readonly #leaderEpochs: LeaderEpochCache;
  readonly #producerState: ProducerState;
  readonly #writer: LogWriter;
  readonly #tail: LogTail;
  /** Made for the first reader: idle logs have none. */
  #reads: LogReads | null = null;
  #directory: string;
  #config: LogConfig;
  readonly #segments: LogSegments;
  #logStartOffset: Offset;
  #logEndOffset: Offset;
  #sizeInBytes: number;
  /** Counts what takes bytes away, at either end: a read from the file that it overtook begins again. */
  #truncations = 0;
  #validationOptions: ValidationOptions | null = null;
  #lastProducerExpirationMs: number;
  /** Null when the folder is not as the last clean stop left it; else where the log ended then. */
  readonly #cleanEndOffset: Offset | null;
  #closed = false;
  /** Copies to other directories that are under way: the log must stay as it is. */
  #cleaningPauses = 0;
  /** Ends the cleaning that is under way; what it made is not taken any more. */
  #abortCleaning: (() => void) | null = null;

  constructor(options: PartitionLogOptions) {
    const { environment, loaded, config } = options;
    this.topicPartition = options.topicPartition;
    this.topicId = options.topicId;
    this.#environment = environment;
    this.#directory = options.directory;
    this.#config = config;
    this.#segments = new LogSegments(environment.files, loaded.segments);
    this.#logStartOffset = loaded.logStartOffset;
    this.#logEndOffset = loaded.logEndOffset;
    this.#leaderEpochs = loaded.leaderEpochs;
    this.#producerState = loaded.producerState;
    this.#sizeInBytes = this.#segments.sizeInBytes;
    this.#lastProducerExpirationMs = environment.clock.nowMs();
    this.#tail = new LogTail(environment.tailBudget, environment.tailCacheBytesMaxPerLog, loaded.logEndOffset);
    this.#writer = new LogWriter({
      topicPartition: options.topicPartition,
      environment,
      tail: this.#tail,
      flushPolicy: config,
      writtenEndOffset: loaded.logEndOffset,
      flushedEndOffset: loaded.recoveryPoint,
    });
    const isClean = loaded.unsyncedSegments.length === 0 && loaded.unsyncedPaths.length === 0;
    this.#cleanEndOffset = isClean ? loaded.logEndOffset : null;
    for (const segment of loaded.unsyncedSegments) this.#writer.addUnsyncedSegment(segment);
    for (const path of loaded.unsyncedPaths) this.#writer.addUnsyncedPath(path);
  }

  /** The folder; it changes when the log is marked for deletion. */
  get directory(): string {
    return this.#directory;
  }

  get config(): LogConfig {
    return this.#config;
  }

  updateConfig(config: LogConfig): void {
    if (!config.cleanupPolicy.compact) this.#abortIfCleaning();
    this.#config = config;
    this.#validationOptions = null;
    this.#writer.flushPolicy = config;
  }

  get logStartOffset(): Offset {
    return this.#logStartOffset;
  }

  /** The next offset; counts what is appended but not yet written. */
  get logEndOffset(): Offset {
    return this.#logEndOffset;
  }

  /** Exclusive end of what has reached the file system: it survives `kill -9`. */
  get writtenEndOffset(): Offset {
    return this.#writer.writtenEndOffset;
  }

  /** Exclusive end of what is synced; the recovery point. */
  get flushedEndOffset(): Offset {
    return this.#writer.flushedEndOffset;
  }

  /** Bytes of all segments. */
  get sizeInBytes(): number {
    return this.#sizeInBytes;
  }

  /** Closed, deleted, or its disk failed. */
  get offline(): boolean {
    return this.#closed || this.#writer.failure !== null;
  }

  /** The epoch of the last epoch entry, -1 when there is none. */
  get latestEpoch(): LeaderEpoch {
    return this.#leaderEpochs.latestEpoch;
  }

  /** At most logStartOffset: records below that are deleted but still in the file. */
  get firstSegmentBaseOffset(): Offset {
    return this.#segments.firstBaseOffset;
  }

  get segmentCount(): number {
    return this.#segments.count;
  }

  // ---- appending

  /**
   * One batch (or, for `raft-leader`, batches that have their offsets and epoch already). `records` is patched in place
   * and must not be changed afterwards.
   */
  appendAsLeader(records: Buffer, options: AppendAsLeaderOptions): AppendResult {
    if (this.offline) return this.#storageError();
    if (this.#writer.held !== null) return this.#heldBack(this.#writer.held);
    if (options.origin === 'raft-leader') return this.#appendReady(records, options.leaderEpoch, 'raft-leader');
    const nowMs = options.nowMs ?? this.#environment.clock.nowMs();
    const validated = validateAndAssignOffsets(
      records,
      this.#logEndOffset,
      nowMs,
      this.#validation(options.leaderEpoch, options.origin),
    );
    if (validated.kind === 'invalid') {
      return this.#failed(validated.error, validated.message, validated.recordErrors);
    }
    const bytes = validated.records;
    if (bytes.length > this.#config.segmentBytes) {
      return this.#failed(
        'RECORD_LIST_TOO_LARGE',
        `Message batch size is ${bytes.length} bytes in append to partition ${this.#name()}, which exceeds the maximum ` +
          `configured segment size of ${this.#config.segmentBytes}.`,
      );
    }
    if (validated.producerId >= 0) {
      this.#maybeExpireProducers(nowMs);
      const check = this.#producerState.check(bytes, 0, options.origin, options.transactionGuard);
      if (check.kind === 'refused') return this.#failed(check.error, check.message);
      if (check.kind === 'duplicate') {
        const { lastOffset, offsetDelta, timestampMs } = check.batch;
        return {
          kind: 'duplicate',
          firstOffset: lastOffset - offsetDelta,
          lastOffset,
          logAppendTimeMs: timestampMs,
          logStartOffset: this.#logStartOffset,
          maxTimestampMs: timestampMs,
          written: lastOffset < this.#writer.writtenEndOffset ? DONE : this.#writer.drained(),
        };
      }
    }
    let written: Promise<void>;
    try {
      this.#rollIfNeeded(bytes.length, validated.maxTimestampMs, validated.baseOffset, validated.lastOffset, nowMs);
      this.#assignEpoch(options.leaderEpoch, validated.baseOffset);
      written = this.#enter(bytes, validated.lastOffset + 1);
    } catch (error) {
      this.#diskFailed(error);
      return this.#storageError();
    }
    return {
      kind: 'appended',
      firstOffset: validated.baseOffset,
      lastOffset: validated.lastOffset,
      logAppendTimeMs: validated.logAppendTimeMs,
      logStartOffset: this.#logStartOffset,
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
    if (this.#writer.held !== null && this.topicPartition.topic !== CLUSTER_METADATA_TOPIC) {
      return this.#heldBack(this.#writer.held);
    }
    return this.#appendReady(records, leaderEpoch, 'replication');
  }

  #appendReady(records: Buffer, leaderEpoch: LeaderEpoch, origin: 'raft-leader' | 'replication'): AppendResult {
    const ready = checkReadyBatches(records, this.#logEndOffset, leaderEpoch, origin);
    if (ready.kind === 'bad') {
      return this.#failed(ready.error, `Append to ${this.#name()} was refused: ${ready.message}.`);
    }
    const { bytes, firstOffset, nextOffset, recordCount, maxTimestampMs } = ready;
    let written = DONE;
    if (bytes.length > 0) {
      const nowMs = this.#environment.clock.nowMs();
      this.#maybeExpireProducers(nowMs);
      try {
        this.#rollIfNeeded(bytes.length, maxTimestampMs, firstOffset, nextOffset - 1, nowMs);
        for (let at = 0; at < bytes.length; at += batch.sizeInBytes(bytes, at)) {
          this.#assignEpoch(batch.partitionLeaderEpoch(bytes, at), batch.baseOffset(bytes, at));
        }
        written = this.#enter(bytes, nextOffset);
      } catch (error) {
        this.#diskFailed(error);
        return this.#storageError();
      }
    }
    return {
      kind: 'appended',
      firstOffset,
      lastOffset: nextOffset - 1,
      logAppendTimeMs: -1,
      logStartOffset: this.#logStartOffset,
      maxTimestampMs,
      recordCount,
      sizeInBytes: bytes.length,
      recompressed: false,
      written,
    };
  }

  /** Whole batches that are decided: into the tail, the books and the writer's queue. */
  #enter(bytes: Buffer, nextOffset: Offset): Promise<void> {
    const segment = this.#segments.active;
    if (!segment.hasFile) {
      segment.makeFile();
      this.#writer.addUnsyncedPath(this.#directory);
    }
    const position = segment.size;
    const block = this.#tail.append(segment.baseOffset, position, bytes, this.#logEndOffset, nextOffset);
    for (let at = 0; at < bytes.length; at += batch.sizeInBytes(bytes, at)) {
      segment.enter(bytes, at, this.#config.indexIntervalBytes);
      const aborted = this.#producerState.update(bytes, at);
      if (aborted !== null) segment.transactionIndex.append(aborted);
    }
    this.#logEndOffset = nextOffset;
    this.#sizeInBytes += bytes.length;
    return this.#writer.append(segment, position, block, bytes.length, nextOffset);
  }

  #validation(leaderEpoch: LeaderEpoch, origin: AppendOrigin): ValidationOptions {
    let options = this.#validationOptions;
    if (options !== null && options.partitionLeaderEpoch === leaderEpoch && options.origin === origin) return options;
    const config = this.#config;
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
    if (leaderEpoch > this.#leaderEpochs.latestEpoch) this.#leaderEpochs.assign(leaderEpoch, startOffset);
    else if (!this.#leaderEpochs.writeBegun()) return;
    this.#writer.addUnsyncedPath(`${this.#directory}/${LEADER_EPOCH_CHECKPOINT}`);
    this.#writer.addUnsyncedPath(this.#directory);
  }

  #maybeExpireProducers(nowMs: number): void {
    if (nowMs - this.#lastProducerExpirationMs < PRODUCER_EXPIRATION_CHECK_MS) return;
    this.#lastProducerExpirationMs = nowMs;
    this.#producerState.removeExpired(nowMs);
  }

  // ---- segments

  #rollIfNeeded(
    sizeInBytes: number,
    maxTimestampMs: number,
    firstOffset: Offset,
    lastOffset: Offset,
    nowMs: number,
  ): void {
    if (this.#segments.active.shouldRoll(this.#config, sizeInBytes, maxTimestampMs, lastOffset, nowMs)) {
      // A follower's gap may be too wide for relative offsets: then the new segment begins behind it.
      this.#rollTo(Math.max(firstOffset, this.#logEndOffset), nowMs);
    }
  }

  /** Closes the active segment and begins a new one at logEndOffset; no-op when it is empty. */
  roll(): void {
    if (this.offline || this.#segments.active.size === 0) return;
    try {
      this.#rollTo(this.#logEndOffset, this.#environment.clock.nowMs());
    } catch (error) {
      this.#diskFailed(error);
    }
  }

  #rollTo(baseOffset: Offset, nowMs: number): void {
    const previous = this.#segments.active;
    // Whatever fails up to here can be done again: the log still ends with the segment that it has.
    if (previous.size > 0) {
      previous.becomeInactive();
      for (const path of previous.persistIndexes()) this.#writer.addUnsyncedPath(path);
      this.#takeProducerSnapshot();
    }
    this.#beginSegment(baseOffset, nowMs);
    if (previous.size > 0) previous.unloadIndexes();
    else this.#removeSegments([this.#segments.takeEmpty(previous)]);
    // Behind the writes that are queued; its failure reaches the owner through the writer.
    if (previous.size > 0) {
      this.#writer
        .drained()
        .then(() => this.#writer.sync())
        .catch(() => {});
    }
  }

  #beginSegment(baseOffset: Offset, nowMs: number): void {
    const segment = new LogSegment({
      fileSystem: this.#environment.fileSystem,
      files: this.#environment.files,
      directory: this.#directory,
      baseOffset,
      existingSize: null,
      nowMs,
      rollJitterMs: rollJitterMs(this.#config, this.#environment.random),
    });
    this.#segments.add(segment);
    this.#writer.addUnsyncedSegment(segment);
    this.#writer.addUnsyncedPath(this.#directory);
  }

  /** The newest first: a crash in between leaves a log that ends earlier, not one with a hole. */
  #removeSegments(segments: readonly LogSegment[]): void {
    for (const segment of [...segments].reverse()) {
      this.#writer.forgetSegment(segment);
      segment.remove();
    }
    // Before anything before them is cut: after a power loss they must not come back behind the cut.
    if (segments.length > 0) this.#writer.syncDirectoryNow(this.#directory);
  }

  #removeSnapshots(condition: (offset: Offset) => boolean): void {
    const { fileSystem } = this.#environment;
    for (const offset of snapshotOffsets(fileSystem, this.#directory)) {
      if (condition(offset)) {
        fileSystem.remove(`${this.#directory}/${segmentFileName(offset, PRODUCER_SNAPSHOT_SUFFIX)}`);
      }
    }
  }

  /** `<logEndOffset>.snapshot`; synced with the next sync. */
  #takeProducerSnapshot(): void {
    if (this.#producerState.mapEndOffset <= this.#producerState.snapshotOffset) return;
    const path = `${this.#directory}/${segmentFileName(this.#logEndOffset, PRODUCER_SNAPSHOT_SUFFIX)}`;
    this.#environment.fileSystem.writeFile(path, encodeProducerSnapshot(this.#producerState.producers()));
    this.#writer.addUnsyncedPath(path);
    this.#producerState.snapshotOffset = this.#logEndOffset;
  }

  /** Whole segments below the active one, oldest first: what retention chooses from. */
  deletableSegments(): InactiveSegment[] {
    return this.#segments.inactive();
  }

  /**
   * Removes the segments that end at or before `offset` (never the active one), with the producer snapshots below the new
   * first segment, and moves the log start offset there. Gives the number of segments.
   */
  deleteSegmentsBefore(offset: Offset): number {
    if (this.offline) return 0;
    return this.#deleteSegments(this.#segments.takeBefore(offset));
  }

  /**
   * Removes what retention no longer keeps, as the config is now; where that is everything, the active segment is closed
   * first. Gives the number of segments.
   */
  deleteOldSegments(highWatermark: Offset): number {
    if (this.offline) return 0;
    try {
      const count = deletableSegmentCount({
        segments: this.#segments.all(),
        config: this.#config,
        logStartOffset: this.#logStartOffset,
        logEndOffset: this.#logEndOffset,
        highWatermark,
        nowMs: this.#environment.clock.nowMs(),
      });
      if (count === 0) return 0;
      if (count === this.#segments.count) this.roll();
      return this.#deleteSegments(this.#segments.takeOldest(count));
    } catch (error) {
      this.#diskFailed(error);
      return 0;
    }
  }

  #deleteSegments(segments: readonly LogSegment[]): number {
    if (segments.length === 0) return 0;
    this.#abortIfCleaning();
    this.#truncations++;
    this.#sizeInBytes = this.#segments.sizeInBytes;
    const first = this.#segments.firstBaseOffset;
    // First the promise, then the files: a reader must not look for what is about to go.
    this.advanceLogStartOffset(first);
    try {
      const paths: string[] = [];
      for (const segment of segments) {
        this.#writer.forgetSegment(segment);
        paths.push(...segment.renameToDeleted());
      }
      const { fileSystem, pendingRemovals } = this.#environment;
      for (const offset of snapshotOffsets(fileSystem, this.#directory)) {
        if (offset >= first) continue;
        const path = `${this.#directory}/${segmentFileName(offset, PRODUCER_SNAPSHOT_SUFFIX)}`;
        fileSystem.rename(path, path + DELETED_SUFFIX);
        paths.push(path + DELETED_SUFFIX);
      }
      pendingRemovals.removeFilesLater(paths, this.#config.fileDeleteDelayMs);
    } catch (error) {
      this.#diskFailed(error);
    }
    return segments.length;
  }

  // ---- compaction

  get isCleaning(): boolean {
    return this.#abortCleaning !== null;
  }

  /** What a cleaning would find. `checkpointOffset`: where the last one ended; null before the first. */
  cleanablePart(checkpointOffset: Offset | null, highWatermark: Offset): CleanablePart | null {
    if (this.offline || this.#cleaningPauses > 0) return null;
    try {
      return cleanablePart({
        segments: this.#segments,
        config: this.#config,
        logStartOffset: this.#logStartOffset,
        logEndOffset: this.#logEndOffset,
        lastStableOffset: this.lastStableOffset(highWatermark),
        checkpointOffset,
        nowMs: this.#environment.clock.nowMs(),
      });
    } catch (error) {
      this.#diskFailed(error);
      return null;
    }
  }

  /** Those below `firstUncleanableOffset`, as a cleaning must know them. */
  compactionSegments(firstUncleanableOffset: Offset): CompactionSegment[] {
    return this.#segments
      .all()
      .filter(({ baseOffset }) => baseOffset < firstUncleanableOffset)
      .map(({ baseOffset, size, offsetIndex, timeIndex }) => ({
        baseOffset,
        sizeInBytes: size,
        offsetIndexSize: offsetIndex.fileSize(),
        timeIndexSize: timeIndex.fileSize(),
      }));
  }

  /** Where each active producer's state is found when the log is loaded: compaction keeps these batches. */
  lastOfProducers(): LastOfProducer[] {
    const found: LastOfProducer[] = [];
    for (const { producerId, producerEpoch, lastDataOffset } of this.#producerState.producers()) {
      found.push({ producerId, producerEpoch, lastDataOffset });
    }
    return found;
  }

  /** `abort` is called when the log is cut, deleted or closed, or is no longer to be compacted. */
  beginCleaning(abort: () => void): void {
    assert(this.#abortCleaning === null, 'one cleaning of a log at a time');
    this.#abortCleaning = abort;
  }

  /** Ends a cleaning that is under way; none begins until as many `resumeCleaning`. */
  pauseCleaning(): void {
    this.#cleaningPauses++;
    this.#abortIfCleaning();
  }

  resumeCleaning(): void {
    this.#cleaningPauses--;
  }

  #abortIfCleaning(): void {
    const abort = this.#abortCleaning;
    this.#abortCleaning = null;
    abort?.();
  }

  cleaningEnded(): void {
    this.#abortCleaning = null;
  }

  /** Takes over what a cleaning made of some closed segments. The cleaning has not been aborted. */
  replaceSegments(group: CleanedGroup): void {
    if (this.offline) return;
    const { fileSystem, files, pendingRemovals } = this.#environment;
    const bases = new Set(group.replacedBaseOffsets);
    const replaced = this.#segments.all().filter(({ baseOffset }) => bases.has(baseOffset));
    assert(replaced.length === bases.size, 'the segments that were cleaned are there still');
    const endOffset = this.#segments.closedFrom(group.replacedBaseOffsets[bases.size - 1]!)[1]?.baseOffset;
    try {
      const paths = swapCleanedSegment({
        fileSystem,
        directory: this.#directory,
        baseOffset: group.baseOffset,
        replaced,
        syncDirectory: () => this.#writer.syncDirectoryNow(this.#directory),
      });
      const segment = new LogSegment({
        fileSystem,
        files,
        directory: this.#directory,
        baseOffset: group.baseOffset,
        existingSize: group.sizeInBytes,
        nowMs: this.#environment.clock.nowMs(),
        rollJitterMs: 0,
      });
      for (const old of replaced) this.#writer.forgetSegment(old);
      this.#segments.replace(replaced, segment);
      this.#writer.addUnsyncedPath(this.#directory);
      // What was read before the swap is not mixed with the transaction index of after it.
      this.#truncations++;
      this.#tail.dropBelow(endOffset ?? this.#segments.active.baseOffset);
      this.#sizeInBytes = this.#segments.sizeInBytes;
      for (const { baseOffset } of replaced.slice(1)) {
        const path = `${this.#directory}/${segmentFileName(baseOffset, PRODUCER_SNAPSHOT_SUFFIX)}`;
        if (!fileSystem.exists(path)) continue;
        fileSystem.rename(path, path + DELETED_SUFFIX);
        paths.push(path + DELETED_SUFFIX);
      }
      pendingRemovals.removeFilesLater(paths, this.#config.fileDeleteDelayMs);
    } catch (error) {
      this.#writer.fail(error);
    }
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
    await this.#writer.drained();
    return this.#reader().offsetForTimestamp(timestampMs);
  }

  /** The record with the largest timestamp (the first of equals in its batch); null when there is none. Rejects with StorageError. */
  async maxTimestampOffset(): Promise<TimestampOffset | null> {
    await this.#writer.drained();
    return this.#reader().maxTimestampOffset();
  }

  #reader(): LogReads {
    this.#reads ??= new LogReads({
      name: this.#name(),
      log: this,
      segments: this.#segments,
      tail: this.#tail,
      logger: this.#environment.logger,
      indexIntervalBytes: () => this.#config.indexIntervalBytes,
      truncations: () => this.#truncations,
      failure: () => this.#writer.failure,
      diskFailed: (error) => this.#diskFailed(error),
    });
    return this.#reads;
  }

  // ---- epochs

  /** KIP-101/279; null where Kafka answers undefined: no epoch at or above the requested one is known. */
  endOffsetForEpoch(leaderEpoch: LeaderEpoch): EpochEndOffset | null {
    return this.#leaderEpochs.endOffsetFor(leaderEpoch, this.#logEndOffset);
  }

  /** The epoch of the record at `offset`; -1 when not known. */
  epochForOffset(offset: Offset): LeaderEpoch {
    return this.#leaderEpochs.epochForOffset(offset);
  }

  /** Where each leader epoch begins, oldest first. */
  get leaderEpochs(): readonly EpochEntry[] {
    return this.#leaderEpochs.entries();
  }

  /** A new leader's first act, so that its epoch has a start offset even before its first record. */
  assignEpochStartOffset(leaderEpoch: LeaderEpoch, startOffset: Offset): void {
    if (this.offline) return;
    try {
      if (leaderEpoch > this.latestEpoch) this.#leaderEpochs.begin(leaderEpoch, startOffset);
    } catch (error) {
      this.#diskFailed(error); // Assigned with the first append, then.
    }
  }

  // ---- producers and transactions

  /**
   * Smallest of `highWatermark` and the first offset of a transaction that is open or whose marker is not yet below it.
   * High watermarks must not fall from call to call.
   */
  lastStableOffset(highWatermark: Offset): Offset {
    const first = this.#producerState.firstUnstableOffset(highWatermark);
    return first === null ? highWatermark : Math.min(highWatermark, Math.max(first, this.#logStartOffset));
  }

  /** Aborted transactions that overlap [fetchOffset, endOffset), by first offset. */
  abortedTransactions(fetchOffset: Offset, endOffset: Offset): AbortedTransaction[] {
    return this.#segments.abortedTransactions(fetchOffset, endOffset);
  }

  /** Of exactly this epoch; what the verification of KIP-890 asks. */
  hasOngoingTransaction(producerId: number, producerEpoch: ProducerEpoch): boolean {
    const entry = this.#producerState.producer(producerId);
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
    return this.#producerState.startVerification(producer, this.#environment.clock.nowMs());
  }

  activeProducers(): ActiveProducer[] {
    this.#producerState.removeExpired(this.#environment.clock.nowMs());
    const found: ActiveProducer[] = [];
    for (const entry of this.#producerState.producers()) {
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
  async truncateTo(offset: Offset): Promise<void> {
    assert(offset >= 0, `truncation to ${offset}`);
    await this.#writer.drained();
    if (offset >= this.#logEndOffset) {
      await this.#change(() => this.#leaderEpochs.truncateFromEnd(offset));
      return;
    }
    this.#abortIfCleaning();
    await this.#change(() => {
      if (offset <= this.#segments.firstBaseOffset) {
        this.#startAnew(offset);
        return;
      }
      this.#lowerRecoveryPoint(offset);
      const nowMs = this.#environment.clock.nowMs();
      this.#removeSegments(this.#segments.takeFrom(offset));
      const active = this.#segments.active;
      const nextOffset = active.truncateTo(offset, nowMs);
      this.#writer.addUnsyncedSegment(active);
      this.#writer.addUnsyncedPath(this.#directory);
      this.#ended(nextOffset);
      this.#leaderEpochs.truncateFromEnd(nextOffset);
      this.#removeSnapshots((snapshot) => snapshot > nextOffset);
      rebuildProducerState(this.#producerState, this.#segments.all(), this.#logStartOffset, nextOffset, {
        environment: this.#environment,
        directory: this.#directory,
        nowMs,
      });
      this.#writer.truncated(nextOffset);
    });
    // What was cut must not come back after a power loss, behind records that took its place.
    await this.#writer.sync();
  }

  /** Empties the log; its start and end are `offset`. Rejects with StorageError. */
  async truncateFullyAndStartAt(offset: Offset): Promise<void> {
    await this.#writer.drained();
    await this.#change(() => this.#startAnew(offset));
    await this.#writer.sync();
  }

  #startAnew(offset: Offset): void {
    this.#abortIfCleaning();
    this.#lowerRecoveryPoint(Math.min(offset, this.#segments.firstBaseOffset));
    this.#removeSegments(this.#segments.takeAll());
    this.#removeSnapshots(() => true);
    this.#producerState.clear(offset);
    this.#leaderEpochs.clear();
    this.#logStartOffset = offset;
    this.#beginSegment(offset, this.#environment.clock.nowMs());
    this.#ended(offset);
    this.#writer.restarted(offset);
    this.#environment.checkpointNow();
  }

  #ended(logEndOffset: Offset): void {
    this.#truncations++;
    this.#tail.clear();
    this.#tail.written(logEndOffset);
    this.#logEndOffset = logEndOffset;
    this.#sizeInBytes = this.#segments.sizeInBytes;
    if (this.#logStartOffset > logEndOffset) this.#logStartOffset = logEndOffset;
    this.#environment.logTruncated(this.#name(), logEndOffset);
  }

  /** A recovery point beyond the cut would make the next crash skip what is appended after it. */
  #lowerRecoveryPoint(offset: Offset): void {
    if (this.#writer.flushedEndOffset <= offset) return;
    this.#writer.lowerFlushedEndOffset(offset);
    this.#environment.checkpointNow();
  }

  async #change(act: () => void): Promise<void> {
    if (this.offline) throw this.#writer.failure ?? new StorageError(`${this.#name()} is closed`);
    try {
      act();
    } catch (error) {
      this.#writer.fail(error);
      throw this.#writer.failure ?? error;
    }
  }

  /**
   * DeleteRecords, a snapshot of the raft log, or the leader's start offset on a follower; at most logEndOffset. False when
   * `offset` does not lie ahead. The checkpoint that makes it durable follows soon.
   */
  advanceLogStartOffset(offset: Offset): boolean {
    assert(offset <= this.#logEndOffset, `log start offset ${offset} beyond log end offset ${this.#logEndOffset}`);
    if (offset <= this.#logStartOffset) return false;
    this.#logStartOffset = offset;
    this.#leaderEpochs.truncateFromStart(offset);
    this.#environment.logStartOffsetAdvanced();
    return true;
  }

  // ---- ends

  /** Resolves when everything appended so far counts as written. Rejects with StorageError. */
  written(): Promise<void> {
    return this.#writer.drained();
  }

  /** Resolves when everything appended so far is synced. Rejects with StorageError. */
  async flush(): Promise<void> {
    await this.#writer.drained();
    await this.#writer.sync();
  }

  /** Syncs everything, indexes and producers included: the next start need not recover. Rejects with StorageError. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#abortIfCleaning();
    if (this.#writer.failure !== null) {
      this.#closed = true;
      this.#segments.closeFiles();
      return;
    }
    if (this.#writer.held !== null) {
      this.#writer.retryHeld();
      // Still no room: what waits was never acknowledged. The start after this one recovers.
      if (this.#writer.held !== null) this.#writer.fail(this.#writer.held);
    }
    await this.#writer.drained();
    if (this.#isAsFound()) {
      this.#closed = true;
      this.#writer.cancelFlushTimer();
      this.#segments.closeFiles();
      return;
    }
    try {
      this.#segments.active.becomeInactive();
      for (const segment of this.#segments.all()) {
        for (const path of segment.persistIndexes()) this.#writer.addUnsyncedPath(path);
      }
      this.#leaderEpochs.persist();
      this.#takeProducerSnapshot();
      // The names of new indexes, too: the next start takes an absent transaction index for one without entries.
      this.#writer.addUnsyncedPath(this.#directory);
    } catch (error) {
      this.#writer.fail(error);
    }
    await this.#writer.sync();
    this.#closed = true;
    this.#writer.cancelFlushTimer();
    this.#segments.closeFiles();
    this.#tail.clear();
  }

  /** Nothing to write and nothing to sync: the disk has it all, or there never was a record. */
  #isAsFound(): boolean {
    if (this.#leaderEpochs.isDirty) return false;
    // A folder without records may be lost with a power failure: the next start makes it again.
    if (!this.#segments.active.hasFile) return true;
    return (
      this.#cleanEndOffset === this.#logEndOffset &&
      this.#truncations === 0 &&
      this.#writer.isSynced &&
      this.#producerState.mapEndOffset <= this.#producerState.snapshotOffset &&
      !this.#segments.all().some((segment) => segment.hasUnwrittenIndexes)
    );
  }

  /** The directory failed or the log goes away: what waits is rejected. Called by the log directory. */
  stop(error: StorageError): void {
    this.#abortIfCleaning();
    this.#writer.stop(error);
    this.#segments.closeFiles();
    this.#tail.written(this.#logEndOffset);
    this.#tail.clear();
  }

  /** Before the folder is renamed: Windows renames none with an open file in it. Nothing may be under way. */
  closeFiles(): void {
    this.#segments.closeFiles();
  }

  /** The folder has a new name. Called by the log directory. */
  moveTo(directory: string): void {
    this.#writer.moved(this.#directory, directory);
    this.#directory = directory;
    this.#segments.moveTo(directory);
    this.#leaderEpochs.moveTo(`${directory}/${LEADER_EPOCH_CHECKPOINT}`);
  }

  /** A new log's folder and its first files reach the disk with the first sync. Called by the log directory. */
  created(): void {
    this.#writer.addUnsyncedPath(`${this.#directory}/${PARTITION_METADATA}`);
    this.#writer.addUnsyncedPath(this.#directory);
    this.#writer.folderMade();
  }

  /** A shortage passes: what was asked for did not happen, and nothing else has changed. Anything else is final. */
  #diskFailed(error: unknown): void {
    if (!isShortage(error)) this.#writer.fail(error);
    else this.#environment.logger.warn('the disk is full, or no file handle is left', { log: this.#name(), error });
  }

  #name(): string {
    return `${this.topicPartition.topic}-${this.topicPartition.partition}`;
  }

  #heldBack(reason: StorageError): FailedAppend {
    return this.#failed('KAFKA_STORAGE_ERROR', `${this.#name()} takes no appends at the moment: ${reason.message}`);
  }

  #storageError(): FailedAppend {
    return this.#failed('KAFKA_STORAGE_ERROR', `The log directory of ${this.#name()} is offline.`);
  }

  #failed(error: ErrorName, message: string | null, recordErrors: FailedAppend['recordErrors'] = []): FailedAppend {
    return { kind: 'failed', error, message, recordErrors, logStartOffset: this.#logStartOffset };
  }
}
