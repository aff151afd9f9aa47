/**
 * The offset checkpoints of a log directory: recovery points and log start offsets, written some time after they changed, and
 * high watermarks, whose owner says when. They may lag behind the logs but never run ahead of them.
 */
import type { Clock, Timer, TimerHandle } from '../base/clock.ts';
import type { Offset } from '../base/flavor.ts';
import type { Logger } from '../base/logger.ts';
import type { FileSystem } from '../io/file-system.ts';
import { readOffsetCheckpoint, writeOffsetCheckpoint } from './checkpoint-file.ts';
import { LOG_START_OFFSET_CHECKPOINT, RECOVERY_POINT_CHECKPOINT, REPLICATION_OFFSET_CHECKPOINT } from './log-files.ts';
import { CorruptFileError, isShortage } from './storage-error.ts';

export interface DirectoryCheckpointsOptions {
  readonly path: string;
  readonly fileSystem: FileSystem;
  readonly clock: Clock;
  readonly timer: Timer;
  readonly logger: Logger;
  /** `log.flush.offset.checkpoint.interval.ms` */
  readonly recoveryPointCheckpointIntervalMs: number;
  /** What the checkpoints are about, by `topic-partition`. */
  readonly logs: () => Iterable<readonly [name: string, log: CheckpointedLog]>;
  readonly onFailure: (error: unknown) => void;
}

interface CheckpointedLog {
  readonly flushedEndOffset: Offset;
  readonly logStartOffset: Offset;
  readonly firstSegmentBaseOffset: Offset;
}

export class DirectoryCheckpoints {
  /** As the last run left them. */
  readonly highWatermarks: ReadonlyMap<string, Offset>;
  readonly #options: DirectoryCheckpointsOptions;
  /** What the files say. */
  #recoveryPoints: ReadonlyMap<string, Offset>;
  #logStartOffsets: ReadonlyMap<string, Offset>;
  #timer: TimerHandle | null = null;
  #dueMs = 0;
  /** Until the logs are there, the files know more than we do and stay as they are. */
  #begun = false;
  #ended = false;

  constructor(options: DirectoryCheckpointsOptions) {
    this.#options = options;
    this.#recoveryPoints = this.#read(RECOVERY_POINT_CHECKPOINT);
    this.#logStartOffsets = this.#read(LOG_START_OFFSET_CHECKPOINT);
    this.highWatermarks = this.#read(REPLICATION_OFFSET_CHECKPOINT);
  }

  /** 0 where the file does not say. */
  recoveryPoint(name: string): Offset {
    return this.#recoveryPoints.get(name) ?? 0;
  }

  /** 0 where the file does not say. */
  logStartOffset(name: string): Offset {
    return this.#logStartOffsets.get(name) ?? 0;
  }

  /** A log of that name was here. */
  has(name: string): boolean {
    return this.#recoveryPoints.has(name) || this.#logStartOffsets.has(name);
  }

  /** All logs are loaded. */
  begin(): void {
    this.#begun = true;
    this.checkpoint();
  }

  get begun(): boolean {
    return this.#begun;
  }

  /** Nothing is written any more, but by `write`. */
  end(): void {
    this.#ended = true;
    this.#timer?.cancel();
    this.#timer = null;
  }

  /** `replication-offset-checkpoint` */
  writeHighWatermarks(highWatermarks: ReadonlyMap<string, Offset>): void {
    const { fileSystem, path } = this.#options;
    this.#try(() => writeOffsetCheckpoint(fileSystem, `${path}/${REPLICATION_OFFSET_CHECKPOINT}`, highWatermarks));
  }

  /** Recovery points and log start offsets, now; what goes wrong is told to the owner, unless it passes. */
  checkpoint(): void {
    this.#try(() => this.write());
  }

  #try(write: () => void): void {
    if (this.#ended) return;
    try {
      write();
    } catch (error) {
      if (isShortage(error)) {
        // A checkpoint that could not be written for want of room is only late, which it may be.
        this.#options.logger.warn('a checkpoint is not written now', { directory: this.#options.path, error });
        this.later(this.#options.recoveryPointCheckpointIntervalMs);
      } else {
        this.#options.onFailure(error);
      }
    }
  }

  /** `checkpoint`, at the latest after this time. */
  later(delayMs: number): void {
    if (this.#ended) return;
    const dueMs = this.#options.clock.monotonicMs() + delayMs;
    if (this.#timer !== null) {
      if (this.#dueMs <= dueMs) return;
      this.#timer.cancel();
    }
    this.#dueMs = dueMs;
    this.#timer = this.#options.timer.schedule(delayMs, () => {
      this.#timer = null;
      this.checkpoint();
    });
  }

  /** As `checkpoint`, but throws. */
  write(): void {
    if (!this.#begun) return;
    const recoveryPoints = new Map<string, Offset>();
    const logStartOffsets = new Map<string, Offset>();
    for (const [name, log] of this.#options.logs()) {
      recoveryPoints.set(name, log.flushedEndOffset);
      if (log.logStartOffset > log.firstSegmentBaseOffset) logStartOffsets.set(name, log.logStartOffset);
    }
    this.#recoveryPoints = this.#writeIfChanged(RECOVERY_POINT_CHECKPOINT, this.#recoveryPoints, recoveryPoints);
    this.#logStartOffsets = this.#writeIfChanged(LOG_START_OFFSET_CHECKPOINT, this.#logStartOffsets, logStartOffsets);
  }

  #writeIfChanged(
    name: string,
    before: ReadonlyMap<string, Offset>,
    after: ReadonlyMap<string, Offset>,
  ): ReadonlyMap<string, Offset> {
    let changed = before.size !== after.size;
    for (const [key, offset] of after) changed ||= before.get(key) !== offset;
    if (changed) writeOffsetCheckpoint(this.#options.fileSystem, `${this.#options.path}/${name}`, after);
    return changed ? after : before;
  }

  /** A checkpoint that cannot be read is worth a full recovery, not a refusal to start. */
  #read(name: string): ReadonlyMap<string, Offset> {
    try {
      return readOffsetCheckpoint(this.#options.fileSystem, `${this.#options.path}/${name}`);
    } catch (error) {
      if (!(error instanceof CorruptFileError)) throw error;
      this.#options.logger.warn('a checkpoint is broken and is ignored', { reason: error.message });
      return new Map();
    }
  }
}
