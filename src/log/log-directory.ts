/**
 * One entry of `log.dirs`: locks it, opens and recovers its logs, makes and deletes logs, and keeps the checkpoints. What
 * joins several of them is log-directories.ts.
 *
 *     open -> loadLogs -> (createLog, deleteLog, checkpoints) -> close
 *                    any failure of the disk -> offline; only close is left
 *
 * The clean-shutdown marker is read and removed by `open`, before anything is written, and written last by `close`: a crash
 * at any moment in between is seen as one. Checkpoints may lag behind the logs but never run ahead of them. Idle logs cost
 * no timer: one of the directory's looks for old segments, the others run only while something waits for them.
 */
import { assert } from '../base/assert.ts';
import type { Clock, Timer } from '../base/clock.ts';
import type { Offset } from '../base/flavor.ts';
import type { Logger } from '../base/logger.ts';
import type { Random } from '../base/random.ts';
import { ONE_UUID, type Uuid, ZERO_UUID } from '../base/uuid.ts';
import type { FileLock, FileSystem } from '../io/file-system.ts';
import { makeDirectoryDurable } from '../io/make-directory.ts';
import { DirectoryCheckpoints } from './directory-checkpoints.ts';
import {
  readCleanShutdownMarker,
  readPartitionMetadata,
  removeCleanShutdownMarker,
  writeCleanShutdownMarker,
  writePartitionMetadata,
} from './directory-files.ts';
import { type CleanerOptions, LogCleaner } from './log-cleaner.ts';
import type { LogConfig } from './log-config.ts';
import type { LogEnvironment } from './log-environment.ts';
import {
  CLUSTER_METADATA_TOPIC,
  LOCK_FILE,
  parseDirectoryName,
  partitionDirectoryName,
  renamedDirectoryName,
} from './log-files.ts';
import { type LoadedLog, type LogLoaderOptions, loadLog, loadLogInSteps, type RecoveryProgress } from './log-loader.ts';
import { TailBudget } from './log-tail.ts';
import type { TopicPartition } from './log-types.ts';
import { OpenFiles } from './open-files.ts';
import { PartitionLog } from './partition-log.ts';
import { PendingRemovals } from './pending-removals.ts';
import { type RetentionOptions, RetentionRounds } from './retention-rounds.ts';
import { isDiskError, isShortage, LogDirectoryLockedError, StorageError } from './storage-error.ts';

export type { RetentionOptions };
export { LogDirectoryLockedError };

export interface LogDirectoryOptions {
  /** One entry of `log.dirs`. Created when absent. */
  readonly path: string;
  readonly fileSystem: FileSystem;
  readonly clock: Clock;
  readonly timer: Timer;
  readonly random: Random;
  readonly logger: Logger;
  /** `producer.id.expiration.ms` */
  readonly producerIdExpirationMs: () => number;
  /** `log.flush.offset.checkpoint.interval.ms`; nothing is written while nothing changes. */
  readonly recoveryPointCheckpointIntervalMs: number;
  /** `log.flush.start.offset.checkpoint.interval.ms`, when it is shorter than what DeleteRecords can wait for. */
  readonly logStartOffsetCheckpointIntervalMs?: number;
  /** Most bytes that all logs of this directory together keep in memory for tail reads. */
  readonly tailCacheBytesMax: number;
  /** Most bytes that one log keeps for tail reads. */
  readonly tailCacheBytesMaxPerLog: number;
  /** Most files that stay open without being in use. */
  readonly openFilesMax: number;
  /** Writes up to this size are done at once (into the page cache), larger ones by the thread pool; 65536 when absent. */
  readonly synchronousWriteBytesMax?: number;
  /** A read or write failed: every log of this directory now answers KAFKA_STORAGE_ERROR. Called once. */
  readonly onOffline?: (error: Error) => void;
  /** The disk is full, or no file handle is left: what was appended to the log waits, and cannot be acknowledged for now. */
  readonly onWritesHeld?: (log: PartitionLog) => void;
}

export interface CreateLogOptions {
  readonly topic: string;
  readonly partition: number;
  readonly topicId: Uuid;
  readonly config: LogConfig;
}

/** Of a log that `loadLogs` found. */
export interface FoundLog {
  readonly topic: string;
  readonly partition: number;
  /** A copy that was on its way into this directory when the last run ended. */
  readonly isFuture: boolean;
  /** ZERO_UUID where the folder does not say. */
  readonly topicId: Uuid;
}

const DEFAULT_SYNCHRONOUS_WRITE_BYTES_MAX = 65_536;
/** Logs that are synced at once after recovery. */
const CONCURRENT_FLUSHES = 8;
/** Opening logs gives way to the rest of the node, other directories among it, this often; and tells how far it is that often. */
const LOADING_TURN_MS = 25;
const LOADING_REPORT_MS = 10_000;
/** DeleteRecords should not come undone by a crash a minute later; a checkpoint's two syncs should not follow each one. */
const LOG_START_CHECKPOINT_DELAY_MS = 100;

export class LogDirectory {
  readonly path: string;
  readonly #options: LogDirectoryOptions;
  readonly #environment: LogEnvironment;
  readonly #files: OpenFiles;
  readonly #lock: FileLock;
  readonly #cleanShutdownBrokerEpoch: number | null;
  /** By `topic-partition`. */
  readonly #logs = new Map<string, PartitionLog>();
  /** Copies that are to replace a log of another directory (`….<uuid>-future`), by `topic-partition`. */
  readonly #futureLogs = new Map<string, PartitionLog>();
  /** From `meta.properties`. */
  #directoryId: Uuid = ZERO_UUID;
  #metadataLog: PartitionLog | null = null;
  /** Folders of logs that were made, and how many of them are known to be on disk. */
  #foldersMade = 0;
  #foldersSynced = 0;
  readonly #checkpoints: DirectoryCheckpoints;
  readonly #pendingRemovals: PendingRemovals;
  #retention: RetentionRounds | null = null;
  #cleaner: LogCleaner | null = null;
  #failure: StorageError | null = null;
  #closed = false;

  private constructor(options: LogDirectoryOptions, lock: FileLock) {
    const { fileSystem, path } = options;
    this.path = path;
    this.#options = options;
    this.#lock = lock;
    this.#cleanShutdownBrokerEpoch = readCleanShutdownMarker(fileSystem, path);
    if (this.#cleanShutdownBrokerEpoch !== null) removeCleanShutdownMarker(fileSystem, path);
    // The checkpoints that are read now hold from now on, also when their last rename was not synced.
    else fileSystem.syncDirectory(path);
    this.#checkpoints = new DirectoryCheckpoints({
      ...options,
      logs: () => [...this.#futureLogs, ...this.#logs],
      onFailure: (error) => this.#goOffline(error),
    });
    this.#files = new OpenFiles(fileSystem, options.openFilesMax);
    this.#pendingRemovals = new PendingRemovals(options);
    this.#environment = {
      fileSystem,
      clock: options.clock,
      timer: options.timer,
      random: options.random,
      logger: options.logger,
      files: this.#files,
      pendingRemovals: this.#pendingRemovals,
      tailBudget: new TailBudget(options.tailCacheBytesMax),
      tailCacheBytesMaxPerLog: options.tailCacheBytesMaxPerLog,
      synchronousWriteBytesMax: options.synchronousWriteBytesMax ?? DEFAULT_SYNCHRONOUS_WRITE_BYTES_MAX,
      producerIdExpirationMs: options.producerIdExpirationMs,
      storageFailed: (error) => this.#goOffline(error),
      writesHeld: (log, error) => this.#writesHeld(log, error),
      syncFolders: () => this.#syncFolders(),
      checkpointOutdated: () => this.#checkpoints.later(options.recoveryPointCheckpointIntervalMs),
      logStartOffsetAdvanced: () => {
        const { logStartOffsetCheckpointIntervalMs = LOG_START_CHECKPOINT_DELAY_MS } = options;
        this.#checkpoints.later(Math.min(LOG_START_CHECKPOINT_DELAY_MS, logStartOffsetCheckpointIntervalMs));
      },
      logTruncated: (log, logEndOffset) => this.#cleaner?.logTruncated(log, logEndOffset),
      checkpointNow: () => this.#checkpoints.write(),
    };
  }

  /** Locks the directory and reads its markers and checkpoints; opens no log. Throws LogDirectoryLockedError. */
  static open(options: LogDirectoryOptions): LogDirectory {
    makeDirectoryDurable(options.fileSystem, options.path);
    const lock = options.fileSystem.lock(`${options.path}/${LOCK_FILE}`);
    if (lock === null) {
      throw new LogDirectoryLockedError(
        `Failed to acquire lock on file ${LOCK_FILE} in ${options.path}. A Kafka or Ottla instance in another process, ` +
          'or another broker in this one, is using this directory.',
      );
    }
    try {
      return new LogDirectory(options, lock);
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  /** The broker epoch of the last stop when it was clean, -1 where the marker holds none; null after a crash. */
  get cleanShutdownBrokerEpoch(): number | null {
    return this.#cleanShutdownBrokerEpoch;
  }

  get offline(): boolean {
    return this.#failure !== null;
  }

  /** What the cleaner has done since the start. */
  get cleaning(): LogCleaner['figures'] {
    return this.#cleaner?.figures ?? { cleanings: 0, bytesFreed: 0, uncleanable: 0 };
  }

  /** ZERO_UUID until `identify`. */
  get directoryId(): Uuid {
    return this.#directoryId;
  }

  /** The directory's own id, once its `meta.properties` are read or written. */
  identify(directoryId: Uuid): void {
    this.#directoryId = directoryId;
  }

  /** Something that is not the logs' own found the disk failing. */
  fail(cause: unknown): void {
    this.#goOffline(cause);
  }

  /** High watermarks as the last run left them, keyed `topic-partition`. */
  get checkpointedHighWatermarks(): ReadonlyMap<string, Offset> {
    return this.#checkpoints.highWatermarks;
  }

  /** Files that are open at the moment. */
  get openFileCount(): number {
    return this.#files.openCount;
  }

  /**
   * Opens (and, after a crash, recovers and syncs) every partition's log but `__cluster_metadata`, and schedules pending
   * deletions. `configOf` gives null for a log that the cluster no longer knows: its folder is renamed to `…-stray`.
   * Rejects when the disk fails; the directory is offline then.
   */
  async loadLogs(configOf: (log: FoundLog) => LogConfig | null): Promise<PartitionLog[]> {
    try {
      const names = this.#options.fileSystem.list(this.path);
      const { clock, logger, timer } = this.#options;
      let turnMs = clock.monotonicMs();
      let reportMs = turnMs;
      for (const [index, name] of names.entries()) {
        for (const recovery of this.#loadFolder(name, configOf)) {
          const nowMs = clock.monotonicMs();
          if (nowMs - reportMs >= LOADING_REPORT_MS) {
            const progress = { directory: this.path, foldersDone: index, folders: names.length, ...recovery };
            logger.info('opening logs', progress);
            reportMs = nowMs;
          }
          if (nowMs - turnMs < LOADING_TURN_MS) continue;
          await new Promise<void>((resolve) => timer.schedule(0, resolve));
          // Another one may have the folder by now.
          if (this.#closed) throw new StorageError('the log directory was closed');
          turnMs = clock.monotonicMs();
        }
      }
      // What recovery accepted must not vanish after a consumer has read it (KAFKA-10101), nor what was cut come back.
      const afterCrash = this.#cleanShutdownBrokerEpoch === null;
      const unsynced = [...this.#everyLog()].filter((log) => afterCrash || log.flushedEndOffset < log.logEndOffset);
      for (let i = 0; i < unsynced.length; i += CONCURRENT_FLUSHES) {
        await Promise.all(unsynced.slice(i, i + CONCURRENT_FLUSHES).map((log) => log.flush()));
      }
    } catch (error) {
      if (isDiskError(error)) throw this.#goOffline(error);
      throw error;
    }
    this.#checkpoints.begin();
    return [...this.#logs.values()];
  }

  /** Gives way between the steps of a recovery, and once behind each log. */
  *#loadFolder(
    name: string,
    configOf: (log: FoundLog) => LogConfig | null,
  ): Generator<RecoveryProgress | null, void, undefined> {
    const { fileSystem, logger, random } = this.#options;
    const parsed = parseDirectoryName(name);
    if (parsed.kind === 'other' || parsed.kind === 'stray' || parsed.topic === CLUSTER_METADATA_TOPIC) return;
    const directory = `${this.path}/${name}`;
    if (!fileSystem.stat(directory).isDirectory) return;
    if (parsed.kind === 'delete') {
      // Its delay began in the last run.
      this.#pendingRemovals.removeDirectoryLater(directory, 0);
      return;
    }
    const { topic, partition } = parsed;
    const isFuture = parsed.kind === 'future';
    const topicId = readPartitionMetadata(fileSystem, directory) ?? ZERO_UUID;
    const config = configOf({ topic, partition, topicId, isFuture });
    if (config === null) {
      const strayName = renamedDirectoryName(topic, partition, random.bytes(16).toString('hex'), 'stray');
      logger.warn('a log that the cluster does not know is set aside', { directory, renamedTo: strayName });
      fileSystem.rename(directory, `${this.path}/${strayName}`);
      return;
    }
    const logs = isFuture ? this.#futureLogs : this.#logs;
    const key = partitionDirectoryName(topic, partition);
    const twin = logs.get(key);
    if (twin !== undefined) throw new Error(`Duplicate log directories found: ${directory}, ${twin.directory}`);
    const clean = this.#cleanShutdownBrokerEpoch !== null;
    const found = { topic, partition, topicId, config };
    const loaded = yield* loadLogInSteps(this.#loaderOptions(directory, found, clean));
    logs.set(key, this.#newLog(directory, found, loaded));
    yield null;
  }

  /** `__cluster_metadata-0`, created when absent, always recovered and synced; belongs to the quorum, not to `logs()`. */
  async openMetadataLog(config: LogConfig): Promise<PartitionLog> {
    const name = partitionDirectoryName(CLUSTER_METADATA_TOPIC, 0);
    const directory = `${this.path}/${name}`;
    const { fileSystem } = this.#options;
    const existed = fileSystem.exists(directory);
    if (!existed) {
      fileSystem.makeDirectory(directory);
      this.#foldersMade++;
    }
    if (readPartitionMetadata(fileSystem, directory) === null) {
      writePartitionMetadata(fileSystem, directory, ONE_UUID);
    }
    const log = this.#load(
      directory,
      { topic: CLUSTER_METADATA_TOPIC, partition: 0, topicId: ONE_UUID, config },
      false,
    );
    if (!existed) log.created();
    this.#metadataLog = log;
    await log.flush();
    return log;
  }

  #load(directory: string, log: CreateLogOptions, cleanShutdown: boolean): PartitionLog {
    return this.#newLog(directory, log, loadLog(this.#loaderOptions(directory, log, cleanShutdown)));
  }

  #loaderOptions(directory: string, log: CreateLogOptions, cleanShutdown: boolean): LogLoaderOptions {
    const { topic, partition, config } = log;
    const name = partitionDirectoryName(topic, partition);
    const metadata = topic === CLUSTER_METADATA_TOPIC;
    return {
      topicPartition: { topic, partition },
      environment: this.#environment,
      directory,
      config,
      nowMs: this.#environment.clock.nowMs(),
      cleanShutdown,
      logStartOffsetCheckpoint: metadata ? 0 : this.#checkpoints.logStartOffset(name),
      recoveryPointCheckpoint: metadata ? 0 : this.#checkpoints.recoveryPoint(name),
    };
  }

  #newLog(directory: string, log: CreateLogOptions, loaded: LoadedLog): PartitionLog {
    const { topic, partition, topicId, config } = log;
    const environment = this.#environment;
    return new PartitionLog({ topicPartition: { topic, partition }, topicId, directory, config, environment, loaded });
  }

  log(topic: string, partition: number): PartitionLog | undefined {
    return this.#logs.get(partitionDirectoryName(topic, partition));
  }

  logs(): IterableIterator<PartitionLog> {
    return this.#logs.values();
  }

  futureLog(topic: string, partition: number): PartitionLog | undefined {
    return this.#futureLogs.get(partitionDirectoryName(topic, partition));
  }

  futureLogs(): IterableIterator<PartitionLog> {
    return this.#futureLogs.values();
  }

  /** Of the volume; null when the disk does not say, and the directory is offline then. */
  volumeSize(): { readonly totalBytes: number; readonly usableBytes: number } | null {
    if (this.#failure !== null) return null;
    try {
      return this.#options.fileSystem.volumeSize(this.path);
    } catch (error) {
      this.#goOffline(error);
      return null;
    }
  }

  /** Logs of either kind, by which a new one's directory is chosen. */
  get logCount(): number {
    return this.#logs.size + this.#futureLogs.size;
  }

  *#everyLog(): IterableIterator<PartitionLog> {
    yield* this.#logs.values();
    yield* this.#futureLogs.values();
  }

  /** Throws when the log exists already, StorageError when the disk refuses. */
  createLog(options: CreateLogOptions): PartitionLog {
    const name = partitionDirectoryName(options.topic, options.partition);
    return this.#create(options, this.#logs, name);
  }

  /** An empty copy, which takes the place of another directory's log when it has caught up. */
  createFutureLog(options: CreateLogOptions): PartitionLog {
    const { topic, partition } = options;
    const unique = this.#options.random.bytes(16).toString('hex');
    return this.#create(options, this.#futureLogs, renamedDirectoryName(topic, partition, unique, 'future'));
  }

  #create(options: CreateLogOptions, logs: Map<string, PartitionLog>, folder: string): PartitionLog {
    const name = partitionDirectoryName(options.topic, options.partition);
    if (this.#failure !== null) throw this.#failure;
    if (logs.has(name)) throw new Error(`log ${name} exists already in ${this.path}`);
    const directory = `${this.path}/${folder}`;
    try {
      // A deleted log of the same name may be in the checkpoints still; its offsets are not this one's.
      if (this.#checkpoints.has(name)) this.#checkpoints.write();
      this.#options.fileSystem.makeDirectory(directory);
      this.#foldersMade++;
      writePartitionMetadata(this.#options.fileSystem, directory, options.topicId);
      const log = this.#load(directory, options, true);
      log.created();
      logs.set(name, log);
      return log;
    } catch (error) {
      if (!isShortage(error)) throw this.#goOffline(error);
      this.#removeUnfinished(directory);
      throw new StorageError(error instanceof Error ? error.message : String(error), { cause: error });
    }
  }

  #syncFolders(): void {
    const made = this.#foldersMade;
    if (made === this.#foldersSynced) return;
    this.#options.fileSystem.syncDirectory(this.path);
    this.#foldersSynced = made;
  }

  #removeUnfinished(directory: string): void {
    try {
      this.#options.fileSystem.removeDirectory(directory);
    } catch (error) {
      this.#goOffline(error);
    }
  }

  /** Renames the folder to `….<uuid>-delete` at once; its files go after `file.delete.delay.ms`. False when there is no such log. */
  deleteLog(topic: string, partition: number): boolean {
    const log = this.releaseLog(topic, partition);
    if (log !== undefined) this.discard(log);
    return log !== undefined;
  }

  deleteFutureLog(topic: string, partition: number): boolean {
    const name = partitionDirectoryName(topic, partition);
    const log = this.#futureLogs.get(name);
    if (log === undefined) return false;
    this.#futureLogs.delete(name);
    this.discard(log);
    return true;
  }

  /** Takes a log out of the books: another directory has its successor. `discard` is to follow. */
  releaseLog(topic: string, partition: number): PartitionLog | undefined {
    const name = partitionDirectoryName(topic, partition);
    const log = this.#logs.get(name);
    if (log === undefined) return undefined;
    this.#logs.delete(name);
    this.#cleaner?.logDeleted(name);
    return log;
  }

  /** Ends a log that is in the books no more, and schedules the removal of its folder. */
  discard(log: PartitionLog): void {
    const { topic, partition } = log.topicPartition;
    const { fileSystem, random } = this.#options;
    // Open files are closed first: Windows renames no folder with an open file in it.
    log.stop(new StorageError(`${partitionDirectoryName(topic, partition)} was deleted`));
    if (this.#failure !== null) return;
    const directory = `${this.path}/${renamedDirectoryName(topic, partition, random.bytes(16).toString('hex'), 'delete')}`;
    try {
      fileSystem.rename(log.directory, directory);
    } catch (error) {
      this.#goOffline(error);
      return;
    }
    log.moveTo(directory);
    this.#pendingRemovals.removeDirectoryLater(directory, log.config.fileDeleteDelayMs);
    this.#environment.checkpointOutdated();
  }

  /** The future log counts as the log from now on; `renameToCurrent` makes it so on disk, once all of it is there. */
  adoptFutureLog(topic: string, partition: number): PartitionLog {
    const name = partitionDirectoryName(topic, partition);
    const log = this.#futureLogs.get(name);
    assert(log !== undefined && !this.#logs.has(name), `${name} is to replace a log of another directory`);
    this.#futureLogs.delete(name);
    this.#logs.set(name, log);
    return log;
  }

  /** Gives an adopted log its folder's final name. */
  renameToCurrent(log: PartitionLog): void {
    const { topic, partition } = log.topicPartition;
    if (this.#failure !== null) throw this.#failure;
    const directory = `${this.path}/${partitionDirectoryName(topic, partition)}`;
    try {
      log.closeFiles();
      this.#options.fileSystem.rename(log.directory, directory);
      log.moveTo(directory);
      this.#options.fileSystem.syncDirectory(this.path);
    } catch (error) {
      throw this.#goOffline(error);
    }
  }

  /** Where the cleaning of a log ended; null when it was never cleaned. */
  cleanerCheckpoint(topic: string, partition: number): Offset | null {
    return this.#cleaner?.checkpointOf(partitionDirectoryName(topic, partition)) ?? null;
  }

  /** A log that came from another directory is as clean as it was there. */
  setCleanerCheckpoint(topic: string, partition: number, offset: Offset): void {
    this.#cleaner?.setCheckpoint(partitionDirectoryName(topic, partition), offset);
  }

  /** From now on old segments are looked for, all logs' by one timer; until `close`. */
  startRetention(options: RetentionOptions): void {
    assert(this.#retention === null, 'retention starts once');
    const { logger, timer } = this.#options;
    // What is compacted the cleaner looks after, between two cleanings.
    const isOurs = (log: PartitionLog) => this.#cleaner === null || !log.config.cleanupPolicy.compact;
    this.#retention = new RetentionRounds({ ...options, timer, logger, isOurs, logs: () => this.#logs.values() });
    this.#retention.start();
  }

  /** From now on compacted topics are compacted; until `close`. */
  startCleaner(options: CleanerOptions): void {
    assert(this.#cleaner === null, 'the cleaner starts once');
    this.#cleaner = new LogCleaner(
      {
        ...this.#environment,
        path: this.path,
        logs: () => this.#logs.values(),
        storageFailed: (error) => this.#goOffline(error),
      },
      options,
    );
    this.#cleaner.start();
  }

  /** `replication-offset-checkpoint`; keys are `topic-partition`. */
  checkpointHighWatermarks(highWatermarks: ReadonlyMap<string, Offset>): void {
    if (this.#failure === null) this.#checkpoints.writeHighWatermarks(highWatermarks);
  }

  /** Recovery points and log start offsets, now. */
  checkpoint(): void {
    if (this.#failure === null) this.#checkpoints.checkpoint();
  }

  #writesHeld(topicPartition: TopicPartition, error: StorageError | null): void {
    const { topic, partition } = topicPartition;
    const name = partitionDirectoryName(topic, partition);
    if (error === null) {
      this.#options.logger.info('writes go on', { log: name });
      return;
    }
    this.#options.logger.error('writes wait until there is room', { log: name, reason: error.message });
    const log = this.#logs.get(name);
    if (log !== undefined) this.#options.onWritesHeld?.(log);
  }

  #goOffline(cause: unknown): StorageError {
    if (this.#failure !== null) return this.#failure;
    const error =
      cause instanceof StorageError
        ? cause
        : new StorageError(cause instanceof Error ? cause.message : String(cause), { cause });
    this.#failure = error;
    this.#options.logger.error('the log directory goes offline', { directory: this.path, reason: error.message });
    this.#checkpoints.end();
    this.#retention?.stop();
    this.#pendingRemovals.cancel();
    this.#cleaner?.abandon();
    for (const log of this.#everyLog()) log.stop(error);
    this.#metadataLog?.stop(error);
    this.#options.onOffline?.(error);
    return error;
  }

  /**
   * Syncs and closes every log (the metadata log, too), writes the checkpoints and the clean-shutdown marker, releases the
   * lock. Without the marker when the disk failed; the next start recovers then.
   */
  async close(options: { readonly brokerEpoch: number }): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#checkpoints.end();
    this.#retention?.stop();
    this.#pendingRemovals.cancel();
    try {
      await this.#cleaner?.stop();
      const logs = [...this.#everyLog()];
      if (this.#metadataLog !== null) logs.push(this.#metadataLog);
      for (let i = 0; i < logs.length; i += CONCURRENT_FLUSHES) {
        await Promise.all(logs.slice(i, i + CONCURRENT_FLUSHES).map((log) => log.close()));
      }
      if (this.#failure === null) {
        this.#checkpoints.write();
        // A start that failed before the logs were recovered must not declare them clean.
        if (this.#checkpoints.begun || this.#cleanShutdownBrokerEpoch !== null) {
          writeCleanShutdownMarker(this.#options.fileSystem, this.path, options.brokerEpoch);
        }
      }
    } catch (error) {
      this.#goOffline(error);
    } finally {
      this.#lock.release();
    }
  }

  /** For tests and embedded brokers: stops as `kill -9` would, but gives back files, timers and the lock. */
  abandon(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#checkpoints.end();
    this.#retention?.stop();
    this.#pendingRemovals.cancel();
    this.#cleaner?.abandon();
    const error = new StorageError('the log directory was abandoned');
    for (const log of this.#everyLog()) log.stop(error);
    this.#metadataLog?.stop(error);
    this.#lock.release();
  }
}
