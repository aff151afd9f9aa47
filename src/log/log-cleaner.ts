/**
 * Compacts the logs of one directory, one after the other, the one with the largest dirty part first (Kafka's LogCleaner).
 *
 *     waiting --(log.cleaner.backoff.ms)--> looking --(a log is due)--> cleaning --> looking
 *                                                   --(none is)-------> waiting
 *     a log under cleaning is cut, deleted, closed, no longer compacted: the cleaning is aborted, its files go
 *     a log whose records cannot be read: never looked at again by this run ("uncleanable"), the others go on
 *
 * `cleaner-offset-checkpoint` says how far each log is clean. It lags behind the log and never runs ahead of it: what is
 * cleaned twice is the same. The work itself is a runner's: a thread, or the event loop in small pieces.
 */
import type { Clock, Timer, TimerHandle } from '../base/clock.ts';
import type { Offset } from '../base/flavor.ts';
import type { Logger } from '../base/logger.ts';
import type { Random } from '../base/random.ts';
import type { FileSystem } from '../io/file-system.ts';
import { readOffsetCheckpoint, writeOffsetCheckpoint } from './checkpoint-file.ts';
import type { CleanablePart } from './cleanable-part.ts';
import type { CleanedGroup, CompactionJob, CompactionResult } from './compaction.ts';
import { HASH_KEY_SIZE } from './key-offset-map.ts';
import { CLEANED_SUFFIX, CLEANER_OFFSET_CHECKPOINT, partitionDirectoryName } from './log-files.ts';
import type { PartitionLog } from './partition-log.ts';
import { CorruptFileError, isDiskError, isShortage } from './storage-error.ts';

export interface CompactionRunner {
  start(job: CompactionJob, options: RunOptions): RunningCompaction;
}

export interface RunOptions {
  /** Read and written together. */
  readonly bytesPerSecond: number;
  /** A group is complete on disk; its old segments are still in place. Never called after `abort`. */
  readonly onGroup: (group: CleanedGroup) => void;
}

export interface RunningCompaction {
  /** Null: aborted. Only then nothing touches the directory any more. */
  readonly done: Promise<CompactionResult | null>;
  abort(): void;
}

export interface CleanerSettings {
  /** `log.cleaner.backoff.ms` */
  readonly backoffMs: number;
  /** `log.cleaner.dedupe.buffer.size` */
  readonly dedupeBufferSize: number;
  /** `log.cleaner.io.buffer.load.factor` */
  readonly dedupeBufferLoadFactor: number;
  /** `log.cleaner.io.buffer.size` */
  readonly ioBufferSize: number;
  /** `log.cleaner.io.max.bytes.per.second` */
  readonly bytesPerSecond: number;
}

export interface CleanerOptions {
  /** As they are now. */
  readonly settings: () => CleanerSettings;
  readonly runner: CompactionRunner;
  /** Of the partition that the log belongs to; null while nobody serves it. */
  readonly highWatermark: (log: PartitionLog) => Offset | null;
}

/** What the cleaner needs of its log directory. */
export interface CleanerDirectory {
  readonly path: string;
  readonly fileSystem: FileSystem;
  readonly clock: Clock;
  readonly timer: Timer;
  readonly random: Random;
  readonly logger: Logger;
  logs(): Iterable<PartitionLog>;
  storageFailed(error: unknown): void;
}

interface DueLog {
  readonly log: PartitionLog;
  readonly highWatermark: Offset;
  readonly part: CleanablePart;
}

export class LogCleaner {
  readonly #directory: CleanerDirectory;
  readonly #options: CleanerOptions;
  /** By `topic-partition`; first dirty offsets. */
  readonly #checkpoints: Map<string, Offset>;
  readonly #uncleanable = new WeakSet<PartitionLog>();
  #timer: TimerHandle | null = null;
  #running: { readonly compaction: RunningCompaction; readonly log: PartitionLog } | null = null;
  #round: Promise<void> | null = null;
  #stopped = false;
  #cleanings = 0;
  #bytesFreed = 0;
  #uncleanableCount = 0;

  constructor(directory: CleanerDirectory, options: CleanerOptions) {
    this.#directory = directory;
    this.#options = options;
    this.#checkpoints = this.#readCheckpoints();
  }

  start(): void {
    this.#wait(this.#options.settings().backoffMs);
  }

  /** What has been done since the start; the damaged logs that are left alone. */
  get figures(): { readonly cleanings: number; readonly bytesFreed: number; readonly uncleanable: number } {
    return { cleanings: this.#cleanings, bytesFreed: this.#bytesFreed, uncleanable: this.#uncleanableCount };
  }

  /** Nothing is cleaned any more. */
  async stop(): Promise<void> {
    this.abandon();
    await this.#round;
  }

  /** As `stop`, without waiting for a runner to notice. */
  abandon(): void {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#timer = null;
    this.#running?.compaction.abort();
  }

  /** A log of this name that comes later is another one. */
  logDeleted(name: string): void {
    if (this.#checkpoints.delete(name)) this.#writeCheckpoints();
  }

  logTruncated(name: string, logEndOffset: Offset): void {
    if ((this.#checkpoints.get(name) ?? 0) <= logEndOffset) return;
    this.#checkpoints.set(name, logEndOffset);
    this.#writeCheckpoints();
  }

  checkpointOf(name: string): Offset | null {
    return this.#checkpoints.get(name) ?? null;
  }

  setCheckpoint(name: string, offset: Offset): void {
    this.#checkpoints.set(name, offset);
    this.#writeCheckpoints();
  }

  #wait(delayMs: number): void {
    if (this.#stopped) return;
    this.#timer = this.#directory.timer.schedule(delayMs, () => {
      this.#timer = null;
      this.#round = this.cleanOne().then(
        (cleaned) => this.#wait(cleaned ? 0 : this.#options.settings().backoffMs),
        (error: unknown) => this.#directory.storageFailed(error),
      );
    });
  }

  /** Looks for the log that most needs it, and cleans it. False when none is due. Rejects when the disk fails. */
  async cleanOne(): Promise<boolean> {
    const due = this.#mostDue();
    if (due === null || this.#stopped) return false;
    const { path, random, clock } = this.#directory;
    const { topic, partition } = due.log.topicPartition;
    const name = partitionDirectoryName(topic, partition);
    const settings = this.#options.settings();
    const job = compactionJob(due, settings, clock.nowMs(), random.bytes(HASH_KEY_SIZE));
    const startMs = clock.monotonicMs();
    let aborted = false;
    const compaction = this.#options.runner.start(job, {
      bytesPerSecond: settings.bytesPerSecond,
      onGroup: (group) => {
        if (aborted) return;
        const sizeBefore = due.log.sizeInBytes;
        due.log.replaceSegments(group);
        this.#bytesFreed += sizeBefore - due.log.sizeInBytes;
      },
    });
    this.#running = { compaction, log: due.log };
    due.log.beginCleaning(() => {
      aborted = true;
      compaction.abort();
    });
    try {
      const result = await compaction.done;
      if (aborted || result === null) {
        this.#removeCleaned(due.log, job.directory);
        return true;
      }
      this.#cleanings++;
      this.#checkpoints.set(name, result.endOffset);
      this.#writeCheckpoints();
      this.#directory.logger.info('a log is compacted', {
        directory: path,
        log: name,
        ...result,
        dirtyRatio: Math.round(due.part.dirtyRatio * 100) / 100,
        durationMs: Math.round(clock.monotonicMs() - startMs),
      });
    } catch (error) {
      if (!aborted) this.#cleaningFailed(due.log, name, error);
      this.#removeCleaned(due.log, job.directory);
    } finally {
      this.#running = null;
      if (!aborted) due.log.cleaningEnded();
    }
    return true;
  }

  #mostDue(): DueLog | null {
    let most: DueLog | null = null;
    for (const log of this.#directory.logs()) {
      if (!log.config.cleanupPolicy.compact || log.offline) continue;
      const highWatermark = this.#options.highWatermark(log);
      if (highWatermark === null) continue;
      log.deleteOldSegments(highWatermark);
      if (this.#uncleanable.has(log)) continue;
      const name = partitionDirectoryName(log.topicPartition.topic, log.topicPartition.partition);
      const part = log.cleanablePart(this.#checkpoints.get(name) ?? null, highWatermark);
      if (part === null) continue;
      if (part.checkpointIsWrong) this.#checkpoints.set(name, part.firstDirtyOffset);
      if (part.isDue && (most === null || part.dirtyRatio > most.part.dirtyRatio)) most = { log, highWatermark, part };
    }
    return most;
  }

  #cleaningFailed(log: PartitionLog, name: string, error: unknown): void {
    if (isShortage(error)) {
      this.#directory.logger.warn('a log is not compacted now', { log: name, error });
      return;
    }
    if (isDiskError(error)) throw error;
    this.#uncleanable.add(log);
    this.#uncleanableCount++;
    const reason = error instanceof Error ? error.message : String(error);
    this.#directory.logger.error('a log cannot be compacted and is left alone from now on', { log: name, reason });
  }

  /** What an ended cleaning left; its log may be elsewhere by now. */
  #removeCleaned(log: PartitionLog, directory: string): void {
    const { fileSystem } = this.#directory;
    if (log.directory !== directory || !fileSystem.exists(directory)) return;
    for (const name of fileSystem.list(directory)) {
      if (name.endsWith(CLEANED_SUFFIX)) fileSystem.remove(`${directory}/${name}`);
    }
  }

  #readCheckpoints(): Map<string, Offset> {
    const { fileSystem, path, logger } = this.#directory;
    try {
      return readOffsetCheckpoint(fileSystem, `${path}/${CLEANER_OFFSET_CHECKPOINT}`);
    } catch (error) {
      if (!(error instanceof CorruptFileError)) throw error;
      // Worth another cleaning from the start.
      logger.warn('a checkpoint is broken and is ignored', { reason: error.message });
      return new Map();
    }
  }

  #writeCheckpoints(): void {
    const { fileSystem, path } = this.#directory;
    try {
      writeOffsetCheckpoint(fileSystem, `${path}/${CLEANER_OFFSET_CHECKPOINT}`, this.#checkpoints);
    } catch (error) {
      // Late is harmless: what is cleaned twice is the same.
      if (!isShortage(error)) this.#directory.storageFailed(error);
    }
  }
}

function compactionJob(due: DueLog, settings: CleanerSettings, nowMs: number, hashKey: Uint8Array): CompactionJob {
  const { log, part } = due;
  const { config } = log;
  const segments = log.compactionSegments(part.firstUncleanableOffset);
  return {
    directory: log.directory,
    segments,
    firstDirtyOffset: part.firstDirtyOffset,
    firstUncleanableOffset: part.firstUncleanableOffset,
    abortedTransactions: log.abortedTransactions(segments[0]?.baseOffset ?? 0, part.firstUncleanableOffset),
    producers: log.lastOfProducers(),
    segmentBytes: config.segmentBytes,
    segmentIndexBytes: config.segmentIndexBytes,
    indexIntervalBytes: config.indexIntervalBytes,
    deleteRetentionMs: config.deleteRetentionMs,
    nowMs,
    dedupeBufferSize: settings.dedupeBufferSize,
    dedupeBufferLoadFactor: settings.dedupeBufferLoadFactor,
    ioStepSize: Math.max(IO_STEP_SIZE_MIN, Math.floor(settings.ioBufferSize / 2)),
    hashKey: new Uint8Array(hashKey),
  };
}

const IO_STEP_SIZE_MIN = 16_384;
