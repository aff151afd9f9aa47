/**
 * What a log is at the moment. The files that change it share it: partition-log.ts (appends, ends), segment-changes.ts (rolls,
 * deletions), truncation.ts, log-cleaning.ts; log-reads.ts reads it.
 */
import { assert } from '../base/assert.ts';
import type { Offset } from '../base/flavor.ts';
import type { Uuid } from '../base/uuid.ts';
import type { LeaderEpochCache } from './leader-epoch-cache.ts';
import type { LogConfig } from './log-config.ts';
import type { LogEnvironment } from './log-environment.ts';
import type { LoadedLog } from './log-loader.ts';
import { LogSegments } from './log-segments.ts';
import { LogTail } from './log-tail.ts';
import type { TopicPartition } from './log-types.ts';
import { LogWriter } from './log-writer.ts';
import type { ProducerState } from './producer-state.ts';
import { isShortage } from './storage-error.ts';

export interface PartitionLogOptions {
  readonly topicPartition: TopicPartition;
  readonly topicId: Uuid;
  readonly directory: string;
  readonly config: LogConfig;
  readonly environment: LogEnvironment;
  readonly loaded: LoadedLog;
}

export class LogState {
  readonly topicPartition: TopicPartition;
  readonly environment: LogEnvironment;
  readonly leaderEpochs: LeaderEpochCache;
  readonly producerState: ProducerState;
  readonly writer: LogWriter;
  readonly tail: LogTail;
  readonly segments: LogSegments;
  directory: string;
  config: LogConfig;
  logStartOffset: Offset;
  /** The next offset; counts what is appended but not yet written. */
  logEndOffset: Offset;
  /** Bytes of all segments. */
  sizeInBytes: number;
  /** Counts what takes bytes away, at either end: a read from the file that it overtook begins again. */
  truncations = 0;
  closed = false;
  /** Copies to other directories that are under way: the log must stay as it is. */
  cleaningPauses = 0;
  /** Ends the cleaning that is under way; what it made is not taken any more. */
  onAbortCleaning: (() => void) | null = null;

  constructor({ topicPartition, directory, config, environment, loaded }: PartitionLogOptions) {
    this.topicPartition = topicPartition;
    this.environment = environment;
    this.leaderEpochs = loaded.leaderEpochs;
    this.producerState = loaded.producerState;
    this.segments = new LogSegments(environment.files, loaded.segments);
    this.directory = directory;
    this.config = config;
    this.logStartOffset = loaded.logStartOffset;
    this.logEndOffset = loaded.logEndOffset;
    this.sizeInBytes = this.segments.sizeInBytes;
    this.tail = new LogTail(environment.tailBudget, environment.tailCacheBytesMaxPerLog, loaded.logEndOffset);
    this.writer = new LogWriter({
      topicPartition,
      environment,
      tail: this.tail,
      flushPolicy: config,
      writtenEndOffset: loaded.logEndOffset,
      flushedEndOffset: loaded.recoveryPoint,
    });
    for (const segment of loaded.unsyncedSegments) this.writer.addUnsyncedSegment(segment);
    for (const path of loaded.unsyncedPaths) this.writer.addUnsyncedPath(path);
  }

  /** `topic-partition` */
  get name(): string {
    return `${this.topicPartition.topic}-${this.topicPartition.partition}`;
  }

  /** Closed, deleted, or its disk failed. */
  get offline(): boolean {
    return this.closed || this.writer.failure !== null;
  }

  /** Smallest of `highWatermark` and the first offset that is not decided below it. */
  lastStableOffset(highWatermark: Offset): Offset {
    const first = this.producerState.firstUnstableOffset(highWatermark);
    return first === null ? highWatermark : Math.min(highWatermark, Math.max(first, this.logStartOffset));
  }

  /** False when `offset` does not lie ahead. The checkpoint that makes it durable follows soon. */
  advanceLogStartOffset(offset: Offset): boolean {
    assert(offset <= this.logEndOffset, `log start offset ${offset} beyond log end offset ${this.logEndOffset}`);
    if (offset <= this.logStartOffset) return false;
    this.logStartOffset = offset;
    this.leaderEpochs.truncateFromStart(offset);
    this.environment.logStartOffsetAdvanced();
    return true;
  }

  abortCleaning(): void {
    const abort = this.onAbortCleaning;
    this.onAbortCleaning = null;
    abort?.();
  }

  /** A shortage passes: what was asked for did not happen, and nothing else has changed. Anything else is final. */
  diskFailed(error: unknown): void {
    if (!isShortage(error)) this.writer.fail(error);
    else this.environment.logger.warn('the disk is full, or no file handle is left', { log: this.name, error });
  }
}
