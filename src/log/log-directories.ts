/**
 * Kafka's `LogManager`: all entries of `log.dirs` together. Which directory holds which log, where new ones go, and what is
 * left when a disk fails.
 *
 *     a directory:  live --its disk fails--> offline, until the broker starts again
 *     a log:        in one live directory; for a while also, as a copy that catches up (`…-future`), in another one
 *
 * A directory that cannot even be opened at start is offline from the start; the others serve. Two logs of one partition in
 * two directories are what a crash leaves between the two renames that end a move: the one in the directory that the
 * cluster's metadata names is right, since the metadata changed before either was renamed.
 */
import { assert } from '../base/assert.ts';
import type { Offset } from '../base/flavor.ts';
import { ONE_UUID, type Uuid, ZERO_UUID } from '../base/uuid.ts';
import type { CleanerOptions, CleanerSettings } from './log-cleaner.ts';
import type { LogConfig } from './log-config.ts';
import {
  type CreateLogOptions,
  type FoundLog,
  LogDirectory,
  type LogDirectoryOptions,
  type RetentionOptions,
} from './log-directory.ts';
import { partitionDirectoryName } from './log-files.ts';
import type { PartitionLog } from './partition-log.ts';
import { isDiskError, StorageError } from './storage-error.ts';

export interface LogDirectoriesOptions extends Omit<LogDirectoryOptions, 'path' | 'onOffline'> {
  /** `log.dirs`, each once. */
  readonly paths: readonly string[];
  /** A directory failed, at start or later; its logs answer KAFKA_STORAGE_ERROR. Called once for each. */
  readonly onOffline: (failed: OfflineDirectory) => void;
}

export interface OfflineDirectory {
  readonly path: string;
  /** ZERO_UUID when it failed before its `meta.properties` could be read. */
  readonly directoryId: Uuid;
  readonly error: Error;
}

/** What the cluster knows of a log that was found. */
export interface WantedLog {
  readonly config: LogConfig;
  /** Where the metadata has this broker's replica. */
  readonly directoryId: Uuid;
}

export interface PlacedLogOptions extends CreateLogOptions {
  /** Where the metadata has this broker's replica; ZERO_UUID where it does not say yet. */
  readonly directoryId: Uuid;
}

/** KIP-858: lost, and migrating. */
const RESERVED_DIRECTORY_IDS: readonly Uuid[] = [ZERO_UUID, ONE_UUID, 'AAAAAAAAAAAAAAAAAAAAAg'];
const PREFERENCES_MAX = 10_000;
const DEDUPE_BUFFER_SIZE_MIN = 1024 * 1024;

/** Two directories hold a log of the same partition, and nothing says which one is right. */
export class DuplicateLogError extends Error {
  override name = 'DuplicateLogError';
}

export class LogDirectories {
  readonly paths: readonly string[];
  readonly #options: LogDirectoriesOptions;
  /** In the order of `log.dirs`; those that could be opened. */
  readonly #directories: LogDirectory[] = [];
  readonly #offlinePaths = new Set<string>();
  /** Where AlterReplicaLogDirs wants logs that are not here yet, by `topic-partition`. */
  readonly #preferredPaths = new Map<string, string>();
  #cordonedPaths: ReadonlySet<string> = new Set();

  private constructor(options: LogDirectoriesOptions) {
    this.#options = options;
    this.paths = options.paths;
  }

  /**
   * Locks every directory and reads its markers and checkpoints; opens no log. Throws LogDirectoryLockedError, and
   * StorageError when no directory can be used.
   */
  static open(options: LogDirectoriesOptions): LogDirectories {
    const opened = new LogDirectories(options);
    try {
      for (const path of options.paths) opened.#open(path);
    } catch (error) {
      opened.abandon();
      throw error;
    }
    return opened;
  }

  #open(path: string): void {
    const { tailCacheBytesMax, tailCacheBytesMaxPerLog, openFilesMax, paths } = this.#options;
    // What one node may use is shared out; a directory that is idle leaves its part unused.
    const share = (amount: number): number => Math.max(1, Math.floor(amount / paths.length));
    try {
      const directory = LogDirectory.open({
        ...this.#options,
        path,
        tailCacheBytesMax: share(tailCacheBytesMax),
        tailCacheBytesMaxPerLog: Math.min(tailCacheBytesMaxPerLog, share(tailCacheBytesMax)),
        openFilesMax: share(openFilesMax),
        onOffline: (error) => this.#wentOffline({ path, directoryId: directory.directoryId, error }),
      });
      this.#directories.push(directory);
    } catch (error) {
      if (!isDiskError(error) || !(error instanceof Error)) throw error;
      this.#options.logger.error('a log directory cannot be opened and is offline', {
        directory: path,
        reason: error.message,
      });
      this.#wentOffline({ path, directoryId: ZERO_UUID, error });
    }
  }

  #wentOffline(failed: OfflineDirectory): void {
    this.#offlinePaths.add(failed.path);
    this.#options.onOffline(failed);
  }

  /** Those that work, in the order of `log.dirs`. */
  get live(): readonly LogDirectory[] {
    return this.#directories.filter(({ offline }) => !offline);
  }

  get offlinePaths(): ReadonlySet<string> {
    return this.#offlinePaths;
  }

  isCordoned(path: string): boolean {
    return this.#cordonedPaths.has(path);
  }

  /** `cordoned.log.dirs`: no new replica is placed there. True when these are others than before. */
  cordon(paths: readonly string[]): boolean {
    const before = this.#cordonedPaths;
    this.#cordonedPaths = new Set(paths);
    return before.size !== this.#cordonedPaths.size || paths.some((path) => !before.has(path));
  }

  /** Ids of the live directories that are cordoned. */
  get cordonedIds(): Uuid[] {
    return this.live.filter(({ path }) => this.isCordoned(path)).map(({ directoryId }) => directoryId);
  }

  /** Undefined when it is offline or no entry of `log.dirs`. */
  directory(path: string): LogDirectory | undefined {
    return this.live.find((directory) => directory.path === path);
  }

  /**
   * The broker epoch of the last stop when it was clean in every directory, -1 where the markers hold none or not the same,
   * or a directory is away; null after a crash.
   */
  get cleanShutdownBrokerEpoch(): number | null {
    const epochs = new Set(this.live.map(({ cleanShutdownBrokerEpoch }) => cleanShutdownBrokerEpoch));
    if (epochs.size === 1 && this.#offlinePaths.size === 0) return [...epochs][0]!;
    return epochs.has(null) ? null : -1;
  }

  /** Opens all logs of all directories, side by side. `wantedOf` gives null for a log that is no replica of this broker. */
  async loadLogs(wantedOf: (log: FoundLog) => WantedLog | null): Promise<void> {
    await Promise.all(
      this.live.map(async (directory) => {
        try {
          await directory.loadLogs((found) => wantedOf(found)?.config ?? null);
        } catch (error) {
          // A disk that fails now is as good as one that failed before.
          if (!directory.offline) throw error;
        }
      }),
    );
    const assignedOf = ({ topicPartition: { topic, partition }, topicId }: PartitionLog): Uuid =>
      wantedOf({ topic, partition, topicId, isFuture: false })?.directoryId ?? ZERO_UUID;
    this.#resolveTwins(assignedOf);
    for (const directory of this.live) {
      for (const future of [...directory.futureLogs()]) this.#settleFuture(directory, future, assignedOf(future));
    }
  }

  #resolveTwins(assignedOf: (log: PartitionLog) => Uuid): void {
    const owners = new Map<string, LogDirectory>();
    for (const directory of this.live) {
      for (const log of [...directory.logs()]) {
        const { topic, partition } = log.topicPartition;
        const name = partitionDirectoryName(topic, partition);
        const other = owners.get(name);
        owners.set(name, directory);
        if (other === undefined) continue;
        const assigned = assignedOf(log);
        const [kept, dropped] = other.directoryId === assigned ? [other, directory] : [directory, other];
        if (kept.directoryId !== assigned) {
          throw new DuplicateLogError(
            `Duplicate log directories for ${name} are found in both ${other.path} and ${directory.path}, and the ` +
              'metadata names neither. Delete the one that is known to have failed recently.',
          );
        }
        this.#options.logger.warn('a move between log directories is finished', { log: name, directory: kept.path });
        dropped.deleteLog(topic, partition);
        owners.set(name, kept);
      }
    }
  }

  /**
   * A copy that the last run left. Where the metadata has the replica in its directory already, and no log with more in it
   * is elsewhere, it is the log. Else the move goes on when the partition is served.
   */
  #settleFuture(directory: LogDirectory, future: PartitionLog, assigned: Uuid): void {
    const { topic, partition } = future.topicPartition;
    const name = partitionDirectoryName(topic, partition);
    const others = this.live.filter((other) => other !== directory && other.futureLog(topic, partition) !== undefined);
    if (others.length > 0) {
      // Two copies on their way: none is more than a copy.
      directory.deleteFutureLog(topic, partition);
      return;
    }
    const current = this.log(topic, partition);
    if (assigned !== directory.directoryId) return;
    if (current !== undefined && current.logEndOffset > future.logEndOffset) return;
    this.#options.logger.warn('a move between log directories is finished', { log: name, directory: directory.path });
    const before = this.#holder(topic, partition);
    directory.renameToCurrent(directory.adoptFutureLog(topic, partition));
    before?.deleteLog(topic, partition);
  }

  /** What the cleaners have done since the start. */
  get cleaning(): LogDirectory['cleaning'] {
    const sum = { cleanings: 0, bytesFreed: 0, uncleanable: 0 };
    for (const { cleaning } of this.#directories) {
      sum.cleanings += cleaning.cleanings;
      sum.bytesFreed += cleaning.bytesFreed;
      sum.uncleanable += cleaning.uncleanable;
    }
    return sum;
  }

  *logs(): IterableIterator<PartitionLog> {
    for (const directory of this.live) yield* directory.logs();
  }

  log(topic: string, partition: number): PartitionLog | undefined {
    return this.#holder(topic, partition)?.log(topic, partition);
  }

  #holder(topic: string, partition: number): LogDirectory | undefined {
    for (const directory of this.#directories) {
      if (!directory.offline && directory.log(topic, partition) !== undefined) return directory;
    }
    return undefined;
  }

  /** Id of the directory with the log; ZERO_UUID when there is none. */
  directoryIdOf(topic: string, partition: number): Uuid {
    return this.#holder(topic, partition)?.directoryId ?? ZERO_UUID;
  }

  /**
   * The id of the directory with the log, where the metadata has it elsewhere (`assigned`); null where that is right, or will
   * be when the copy there has caught up.
   */
  misplacedIn(topic: string, partition: number, assigned: Uuid): Uuid | null {
    const actual = this.directoryIdOf(topic, partition);
    if (actual === assigned || actual === ZERO_UUID) return null;
    return this.future(topic, partition)?.directory.directoryId === assigned ? null : actual;
  }

  /** The copy that is to replace the log, with its directory. */
  future(
    topic: string,
    partition: number,
  ): { readonly log: PartitionLog; readonly directory: LogDirectory } | undefined {
    for (const directory of this.live) {
      const log = directory.futureLog(topic, partition);
      if (log !== undefined) return { log, directory };
    }
    return undefined;
  }

  /** The directory of the log; undefined when it is offline or there is no log. */
  directoryOf(topic: string, partition: number): LogDirectory | undefined {
    return this.#holder(topic, partition);
  }

  /**
   * In the directory that AlterReplicaLogDirs asked for, else in the one that the metadata names, else in the one with the
   * fewest logs. Throws StorageError when the disk refuses, and when the log may lie in a directory that is offline.
   */
  createLog(options: PlacedLogOptions): PartitionLog {
    const { topic, partition, directoryId } = options;
    const name = partitionDirectoryName(topic, partition);
    const named = this.live.find((directory) => directory.directoryId === directoryId);
    if (named === undefined && directoryId !== ZERO_UUID && this.#offlinePaths.size > 0) {
      throw new StorageError(
        `${name} is not created: its directory ${directoryId} is not online, and it may lie in one of ` +
          `${[...this.#offlinePaths].join(', ')}, which failed.`,
      );
    }
    const preferred = this.directory(this.#preferredPaths.get(name) ?? '');
    const isAssigned = !RESERVED_DIRECTORY_IDS.includes(directoryId);
    const target = preferred ?? (isAssigned ? named : undefined) ?? this.#emptiest();
    const log = target.createLog(options);
    this.#preferredPaths.delete(name);
    return log;
  }

  #emptiest(): LogDirectory {
    const live = this.live;
    if (live.length === 0) throw new StorageError('every log directory is offline');
    const open = live.filter(({ path }) => !this.isCordoned(path));
    // The controller places nothing on a broker that is cordoned as a whole; what it placed before must still lie somewhere.
    if (open.length === 0) return live[0]!;
    return open.reduce((least, directory) => (directory.logCount < least.logCount ? directory : least));
  }

  /** For a log that is not here yet: it will be created there. */
  prefer(topic: string, partition: number, path: string): void {
    const [oldest] = this.#preferredPaths.keys();
    // Most of what is asked for comes to be; what does not must not pile up.
    if (oldest !== undefined && this.#preferredPaths.size >= PREFERENCES_MAX) this.#preferredPaths.delete(oldest);
    this.#preferredPaths.set(partitionDirectoryName(topic, partition), path);
  }

  deleteLog(topic: string, partition: number): boolean {
    this.deleteFutureLog(topic, partition);
    return this.#holder(topic, partition)?.deleteLog(topic, partition) ?? false;
  }

  deleteFutureLog(topic: string, partition: number): boolean {
    return this.future(topic, partition)?.directory.deleteFutureLog(topic, partition) ?? false;
  }

  /** High watermarks as the last run left them, keyed `topic-partition`. A log that was moved may be known in two places. */
  get checkpointedHighWatermarks(): ReadonlyMap<string, Offset> {
    const all = new Map<string, Offset>();
    for (const { checkpointedHighWatermarks } of this.live) {
      for (const [name, offset] of checkpointedHighWatermarks) all.set(name, Math.max(offset, all.get(name) ?? 0));
    }
    return all;
  }

  checkpointHighWatermarks(highWatermarks: ReadonlyMap<string, Offset>): void {
    const parts = new Map<LogDirectory, Map<string, Offset>>(this.live.map((directory) => [directory, new Map()]));
    for (const [name, offset] of highWatermarks) {
      const dash = name.lastIndexOf('-');
      const holder = this.#holder(name.slice(0, dash), Number(name.slice(dash + 1)));
      if (holder !== undefined) parts.get(holder)?.set(name, offset);
    }
    for (const [directory, part] of parts) directory.checkpointHighWatermarks(part);
  }

  startRetention(options: RetentionOptions): void {
    for (const directory of this.live) directory.startRetention(options);
  }

  /** Each directory has a cleaner; the buffer for keys is shared out among them. */
  startCleaner(options: CleanerOptions): void {
    const count = this.live.length;
    assert(count > 0, 'a log directory is online');
    const settings = (): CleanerSettings => {
      const all = options.settings();
      const share = Math.max(DEDUPE_BUFFER_SIZE_MIN, Math.floor(all.dedupeBufferSize / count));
      return {
        ...all,
        dedupeBufferSize: Math.min(all.dedupeBufferSize, share),
        bytesPerSecond: all.bytesPerSecond / count,
      };
    };
    for (const directory of this.live) directory.startCleaner({ ...options, settings });
  }

  async close(options: { readonly brokerEpoch: number }): Promise<void> {
    await Promise.all(this.#directories.map((directory) => directory.close(options)));
  }

  /** As `kill -9` would. */
  abandon(): void {
    for (const directory of this.#directories) directory.abandon();
  }
}
