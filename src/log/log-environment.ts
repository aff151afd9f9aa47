import type { Clock, Timer } from '../base/clock.ts';
import type { Offset } from '../base/flavor.ts';
import type { Logger } from '../base/logger.ts';
import type { Random } from '../base/random.ts';
import type { FileSystem } from '../io/file-system.ts';
import type { TailBudget } from './log-tail.ts';
import type { TopicPartition } from './log-types.ts';
import type { OpenFiles } from './open-files.ts';
import type { PendingRemovals } from './pending-removals.ts';
import type { StorageError } from './storage-error.ts';

/** What the logs of one directory share, and what they tell it. */
export interface LogEnvironment {
  readonly fileSystem: FileSystem;
  readonly clock: Clock;
  readonly timer: Timer;
  readonly random: Random;
  readonly logger: Logger;
  readonly files: OpenFiles;
  readonly pendingRemovals: PendingRemovals;
  readonly tailBudget: TailBudget;
  readonly tailCacheBytesMaxPerLog: number;
  readonly synchronousWriteBytesMax: number;
  readonly producerIdExpirationMs: () => number;
  /** The disk failed. The directory goes offline and stops all its logs, the caller included. */
  storageFailed(error: StorageError): void;
  /** The log's writes wait for room on the disk, or go on again (null). */
  writesHeld(log: TopicPartition, error: StorageError | null): void;
  /** Makes the folders of new logs durable: one sync for all that were made since the last. */
  syncFolders(): void;
  /** A recovery point moved forward: its checkpoint is behind, which is safe. */
  checkpointOutdated(): void;
  /** Records were deleted: until the checkpoint says so, a crash would bring them back. */
  logStartOffsetAdvanced(): void;
  /** The log was cut, or began anew, at `logEndOffset`: no checkpoint of cleaning may lie beyond. */
  logTruncated(log: string, logEndOffset: Offset): void;
  /** The recovery point is about to move back. Must be on disk before the caller goes on, or a crash would skip recovery. */
  checkpointNow(): void;
}
