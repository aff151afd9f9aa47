/**
 * Moving replicas between the log directories of this broker (KIP-113; Kafka's ReplicaAlterLogDirsManager).
 *
 *     copying --caught up--> assigning --the controller agrees--> switching --> moved
 *     copying, assigning --another wish, or the partition goes--> cancelled: the copy is deleted
 *     any --a disk fails--> ended: the copy goes with its directory, or the partition with its log's
 *
 * Invariants: the log serves until the switch, the copy from then on, and both have the same records at that moment. The copy
 * gets its folder's final name only when all that was ever acknowledged is synced in it, and the old folder goes after that:
 * whatever is left after a crash, the one with the larger end has everything.
 */
import type { Timer } from '../base/clock.ts';
import type { Offset } from '../base/flavor.ts';
import type { Logger } from '../base/logger.ts';
import type { Uuid } from '../base/uuid.ts';
import type { LogDirectories } from '../log/log-directories.ts';
import type { LogDirectory } from '../log/log-directory.ts';
import type { PartitionLog } from '../log/partition-log.ts';
import type { ErrorName } from '../wire/errors.ts';
import { baseOffset } from '../wire/records/record-batch.ts';
import type { HostedPartitions } from './hosted-partitions.ts';
import { Partition } from './partition.ts';

export interface ReplicaMovesOptions {
  readonly directories: LogDirectories;
  readonly partitions: HostedPartitions;
  readonly timer: Timer;
  readonly logger: Logger;
  /** `replica.alter.log.dirs.io.max.bytes.per.second`, as it is now. */
  readonly bytesPerSecond: () => number;
  /** Tells the controller where the replica lies, or is about to; false when it did not take it. */
  readonly assign: (replica: {
    readonly topicId: Uuid;
    readonly partition: number;
    readonly directoryId: Uuid;
  }) => Promise<boolean>;
}

export interface DescribedLog {
  readonly topic: string;
  readonly partition: number;
  readonly sizeInBytes: number;
  /** How far it lags behind the high watermark or, a copy, behind the log. */
  readonly offsetLag: Offset;
  readonly isFuture: boolean;
}

export type DescribedDirectory =
  | { readonly path: string; readonly error: 'KAFKA_STORAGE_ERROR' }
  | {
      readonly path: string;
      readonly error: null;
      readonly totalBytes: number;
      readonly usableBytes: number;
      readonly isCordoned: boolean;
      readonly logs: readonly DescribedLog[];
    };

const COPY_BYTES = 1024 * 1024;
const ASSIGN_RETRY_MS = 1000;
const FOLDER_NAME_MAX = 255;
/** What `.<32 hex digits>-future` adds to the name of a partition's folder. */
const FUTURE_SUFFIX_LENGTH = 40;

export class ReplicaMoves {
  readonly #options: ReplicaMovesOptions;
  readonly #moves = new Map<PartitionLog, ReplicaMove>();
  #closed = false;

  constructor(options: ReplicaMovesOptions) {
    this.#options = options;
  }

  /** The partitions are served: moves that the last run left go on. */
  resume(): void {
    for (const directory of this.#options.directories.live) {
      for (const future of directory.futureLogs()) {
        const partition = this.#options.partitions.find(future.topicPartition.topic, future.topicPartition.partition);
        if (partition instanceof Partition) this.#start(partition, future, directory);
      }
    }
  }

  /** Copies stay where they are; the next run goes on with them. */
  async close(): Promise<void> {
    this.#closed = true;
    const running = [...this.#moves.values()];
    for (const move of running) move.stop();
    await Promise.all(running.map(({ ended }) => ended));
  }

  /** AlterReplicaLogDirs for one partition; NONE when it is there, or on its way. */
  alter(topic: string, partition: number, path: string): ErrorName {
    const { directories, partitions } = this.#options;
    if (`${topic}-${partition}`.length + FUTURE_SUFFIX_LENGTH > FOLDER_NAME_MAX) return 'INVALID_TOPIC_EXCEPTION';
    if (!directories.paths.includes(path)) return 'LOG_DIR_NOT_FOUND';
    const target = directories.directory(path);
    if (target === undefined) return 'KAFKA_STORAGE_ERROR';
    const found = partitions.find(topic, partition);
    if (found === 'KAFKA_STORAGE_ERROR') return found;
    const future = directories.future(topic, partition);
    if (found instanceof Partition && future !== undefined && future.directory !== target) {
      this.#cancel(found, future.log);
    }
    if (!(found instanceof Partition)) {
      directories.prefer(topic, partition, path);
      return found === 'NOT_LEADER_OR_FOLLOWER' ? 'REPLICA_NOT_AVAILABLE' : found;
    }
    if (directories.directoryOf(topic, partition) === target || future?.directory === target) return 'NONE';
    // The partition's copies must not multiply while a directory that may have one is away.
    if (directories.offlinePaths.size > 0) return 'KAFKA_STORAGE_ERROR';
    try {
      const { topicId, log } = found;
      this.#start(found, target.createFutureLog({ topic, partition, topicId, config: log.config }), target);
    } catch (error) {
      this.#options.logger.error('a copy of a log cannot be made', { topic, partition, path, error });
      return 'KAFKA_STORAGE_ERROR';
    }
    return 'NONE';
  }

  #cancel({ topic, partition }: Partition, future: PartitionLog): void {
    this.#moves.get(future)?.stop();
    this.#options.logger.info('a move between log directories is cancelled', { topic, partition });
    this.#options.directories.deleteFutureLog(topic, partition);
  }

  #start(partition: Partition, future: PartitionLog, target: LogDirectory): void {
    if (this.#closed || this.#moves.has(future)) return;
    const move = new ReplicaMove(this.#options, partition, future, target);
    this.#moves.set(future, move);
    void move.ended.then(() => this.#moves.delete(future));
  }

  /** Null: all partitions. */
  describe(wanted: ((topic: string, partition: number) => boolean) | null): DescribedDirectory[] {
    const { directories } = this.#options;
    return directories.paths.map((path): DescribedDirectory => {
      const directory = directories.directory(path);
      const volume = directory?.volumeSize() ?? null;
      if (directory === undefined || volume === null) return { path, error: 'KAFKA_STORAGE_ERROR' };
      const logs: DescribedLog[] = [];
      for (const isFuture of [false, true]) {
        for (const log of isFuture ? directory.futureLogs() : directory.logs()) {
          const { topic, partition } = log.topicPartition;
          if (wanted?.(topic, partition) === false) continue;
          const offsetLag = this.#offsetLag(log, isFuture);
          logs.push({ topic, partition, sizeInBytes: log.sizeInBytes, offsetLag, isFuture });
        }
      }
      return { path, error: null, ...volume, isCordoned: directories.isCordoned(path), logs };
    });
  }

  #offsetLag(log: PartitionLog, isFuture: boolean): Offset {
    const { topic, partition } = log.topicPartition;
    const found = this.#options.partitions.find(topic, partition);
    if (!(found instanceof Partition)) return -1;
    return isFuture ? found.log.logEndOffset - log.logEndOffset : Math.max(0, found.highWatermark - log.logEndOffset);
  }
}

class ReplicaMove {
  /** Resolves when nothing more is done; never rejects. */
  readonly ended: Promise<void>;
  readonly #options: ReplicaMovesOptions;
  readonly #partition: Partition;
  readonly #future: PartitionLog;
  readonly #target: LogDirectory;
  readonly #current: PartitionLog;
  #stopped = false;
  /** The controller has been asked to note the new directory. */
  #asked = false;
  #wake: (() => void) | null = null;
  /** Where the copy was made to begin; Infinity while it begins where it was found. */
  #firstBatchOffset: Offset = Number.POSITIVE_INFINITY;

  constructor(options: ReplicaMovesOptions, partition: Partition, future: PartitionLog, target: LogDirectory) {
    const { topic, partition: index } = partition;
    this.#options = options;
    this.#partition = partition;
    this.#future = future;
    this.#target = target;
    // A partition that is served has a log.
    this.#current = options.directories.log(topic, index)!;
    // A compaction in between would leave the copy with other records than the log.
    this.#current.pauseCleaning();
    options.logger.info('a log is moved to another directory', {
      topic,
      partition: index,
      from: this.#current.directory,
      to: future.directory,
      offsets: this.#current.logEndOffset - future.logEndOffset,
    });
    this.ended = this.#run().then(
      (moved) => {
        if (!moved) this.#abandoned();
      },
      (error: unknown) => {
        options.logger.error('a move between log directories failed', { topic, partition: index, error });
        this.#abandoned();
      },
    );
  }

  stop(): void {
    this.#stopped = true;
    this.#wake?.();
  }

  /** Not by anyone's wish any more, or not possible. */
  get #isOver(): boolean {
    return this.#stopped || this.#future.offline || this.#current.offline || this.#partition.log !== this.#current;
  }

  #abandoned(): void {
    this.#current.resumeCleaning();
    const { topic, topicId, partition } = this.#partition;
    const directoryId = this.#options.directories.directoryIdOf(topic, partition);
    const isGone = this.#options.partitions.find(topic, partition) !== this.#partition;
    // The log stays where it is after all, and so must the metadata say, unless the next run goes on with the move.
    if (!this.#asked || isGone || this.#options.directories.future(topic, partition) !== undefined) return;
    void this.#options.assign({ topicId, partition, directoryId });
  }

  /** True when the log has been moved. */
  async #run(): Promise<boolean> {
    let accepted = false;
    for (;;) {
      await this.#pause(0);
      if (this.#isOver) return false;
      await this.#align();
      await this.#copyAll();
      if (this.#isOver) return false;
      if (!accepted) {
        const { topicId, partition } = this.#partition;
        this.#asked = true;
        accepted = await this.#options.assign({ topicId, partition, directoryId: this.#target.directoryId });
        if (!accepted) await this.#pause(ASSIGN_RETRY_MS);
        continue;
      }
      await this.#future.flush();
      if (!this.#isOver && this.#copyRest()) {
        await this.#switch();
        return true;
      }
    }
  }

  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timeout = this.#options.timer.schedule(delayMs, () => this.#wake?.());
      this.#wake = () => {
        this.#wake = null;
        timeout.cancel();
        resolve();
      };
    });
  }

  /** Takes from the copy what the log does not have, or has no longer: it was cut, or its oldest records went. */
  async #align(): Promise<void> {
    const [current, future] = [this.#current, this.#future];
    const leaderEpoch = future.latestEpoch;
    const end = leaderEpoch < 0 ? null : current.endOffsetForEpoch(leaderEpoch);
    if (leaderEpoch >= 0 && end?.leaderEpoch !== leaderEpoch) {
      const common = end?.leaderEpoch ?? current.latestEpoch;
      const futureEnd = future.endOffsetForEpoch(common)?.endOffset ?? 0;
      await future.truncateTo(Math.min(futureEnd, end?.endOffset ?? current.logEndOffset));
    } else if (end !== null && end.endOffset < future.logEndOffset) {
      await future.truncateTo(end.endOffset);
    }
    if (future.logEndOffset > current.logEndOffset) await future.truncateTo(current.logEndOffset);
    if (future.logEndOffset >= this.#firstBatchOffset || future.logEndOffset >= current.logStartOffset) return;
    // The batch that holds the first offset may begin before it.
    const first = await this.#read(current.logStartOffset, 1);
    if (first === null) return;
    const start = first.length === 0 ? current.logStartOffset : Math.min(current.logStartOffset, baseOffset(first, 0));
    await future.truncateFullyAndStartAt(start);
    this.#firstBatchOffset = start;
  }

  /** What is to be read next; the log's first batch may begin before its first offset. */
  get #nextOffset(): Offset {
    return Math.max(this.#future.logEndOffset, this.#current.logStartOffset);
  }

  /** Until the copy has what the log had a moment ago, as fast as the setting allows. */
  async #copyAll(): Promise<void> {
    while (!this.#isOver && this.#future.logEndOffset < this.#current.logEndOffset) {
      const bytesPerSecond = this.#options.bytesPerSecond();
      const records = await this.#read(this.#nextOffset, Math.min(COPY_BYTES, bytesPerSecond));
      // Cut or deleted from meanwhile: `#align` has a look.
      if (records === null || this.#isOver) return;
      const written = this.#append(records);
      if (written === null) return;
      await written;
      await this.#pause(Math.floor((records.length / bytesPerSecond) * 1000));
    }
  }

  async #read(offset: Offset, bytesMax: number): Promise<Buffer | null> {
    const endOffset = this.#current.logEndOffset;
    const read = await this.#current.read(offset, bytesMax, { minOneBatch: true, endOffset });
    return read.kind === 'records' ? read.records : null;
  }

  #append(records: Buffer): Promise<void> | null {
    const [current, future] = [this.#current, this.#future];
    if (records.length > 0) {
      const appended = future.appendAsFollower(records, Math.max(this.#partition.leaderEpoch, current.latestEpoch));
      if (appended.kind !== 'appended') return null;
      this.#advanceStart();
      return appended.written;
    }
    return null;
  }

  #advanceStart(): void {
    const start = Math.min(this.#current.logStartOffset, this.#future.logEndOffset);
    if (start > this.#future.logStartOffset) this.#future.advanceLogStartOffset(start);
  }

  /** What was appended while the copy was synced, at once, so that nothing can come in between. False: it takes longer. */
  #copyRest(): boolean {
    const [current, future] = [this.#current, this.#future];
    if (future.logEndOffset > current.logEndOffset) return false;
    while (future.logEndOffset < current.logEndOffset) {
      const before = future.logEndOffset;
      const read = current.read(this.#nextOffset, COPY_BYTES, { minOneBatch: true, endOffset: current.logEndOffset });
      // Not in memory any more.
      if (read instanceof Promise || read.kind !== 'records') return false;
      if (this.#append(read.records) === null || future.logEndOffset === before) return false;
    }
    this.#advanceStart();
    // Epochs without a record of their own, the present leader's among them.
    for (const { epoch, startOffset } of current.leaderEpochs) {
      if (epoch > future.latestEpoch) future.assignEpochStartOffset(epoch, startOffset);
    }
    return !future.offline;
  }

  async #switch(): Promise<void> {
    const [current, future] = [this.#current, this.#future];
    const { directories, logger } = this.#options;
    const { topic, partition } = this.#partition;
    // A partition that is served has a log in a directory that works.
    const source = directories.directoryOf(topic, partition)!;
    const cleanedTo = source.cleanerCheckpoint(topic, partition);
    source.releaseLog(topic, partition);
    this.#target.adoptFutureLog(topic, partition);
    future.updateConfig(current.config);
    this.#partition.replaceLog(future, future.written());
    if (cleanedTo !== null) this.#target.setCleanerCheckpoint(topic, partition, cleanedTo);
    await future.flush();
    // The topic may have been deleted by now, and the folder with it.
    if (this.#target.log(topic, partition) === future) this.#target.renameToCurrent(future);
    await current.written().catch(() => {}); // What failed here is in the copy.
    source.discard(current);
    logger.info('a log has been moved', { topic, partition, directory: future.directory });
  }
}
