/**
 * Opens the folder of one log: finishes what a crash interrupted, recovers what may be torn, and gives the log's state.
 *
 * - After a clean stop the indexes and the producer snapshot are trusted; only the end of the last segment is read.
 * - Otherwise every segment from the recovery point on (at least the last) is walked: CRC, offsets and magic of each batch.
 *   The log ends before the first bad one; later segments go. Indexes, transaction indexes, epochs and producers of these
 *   segments are built anew, for nothing but the batches can be trusted.
 *
 * Recovery goes in steps, for a log of many gigabytes must hold up neither the node nor other directories.
 *
 * The loader writes (renames, cuts, removes) but does not sync: the caller syncs what was recovered before it is served.
 * The clean-shutdown marker is gone by now.
 */
import type { FilePosition, Offset } from '../base/flavor.ts';
import type { Random } from '../base/random.ts';
import type { FileSystem } from '../io/file-system.ts';
import * as batch from '../wire/records/record-batch.ts';
import { scanBatches } from './batch-scanner.ts';
import { LeaderEpochCache } from './leader-epoch-cache.ts';
import type { LogConfig } from './log-config.ts';
import type { LogEnvironment } from './log-environment.ts';
import {
  CLEANED_SUFFIX,
  DELETED_SUFFIX,
  INDEX_SUFFIX,
  isSegmentFile,
  LEADER_EPOCH_CHECKPOINT,
  LOG_SUFFIX,
  offsetOfFileName,
  PARTITION_METADATA,
  PRODUCER_SNAPSHOT_SUFFIX,
  partitionDirectoryName,
  SEGMENT_SUFFIXES,
  SWAP_SUFFIX,
  segmentFileName,
  TIME_INDEX_SUFFIX,
  TRANSACTION_INDEX_SUFFIX,
} from './log-files.ts';
import { LogSegment } from './log-segment.ts';
import type { TopicPartition } from './log-types.ts';
import { isOldRecord } from './old-format.ts';
import { encodeProducerSnapshot, readProducerSnapshot } from './producer-snapshot.ts';
import { ProducerState } from './producer-state.ts';
import { CorruptFileError, CorruptIndexError, UnsupportedFormatError } from './storage-error.ts';

export interface LogLoaderOptions {
  readonly topicPartition: TopicPartition;
  readonly directory: string;
  readonly config: LogConfig;
  readonly environment: LogEnvironment;
  readonly nowMs: number;
  readonly cleanShutdown: boolean;
  readonly logStartOffsetCheckpoint: Offset;
  readonly recoveryPointCheckpoint: Offset;
}

export interface LoadedLog {
  /** At least one; the last is active. */
  readonly segments: LogSegment[];
  readonly logStartOffset: Offset;
  readonly logEndOffset: Offset;
  readonly recoveryPoint: Offset;
  readonly leaderEpochs: LeaderEpochCache;
  readonly producerState: ProducerState;
  /** Segments and files that recovery changed or accepted without knowing them synced. */
  readonly unsyncedSegments: readonly LogSegment[];
  readonly unsyncedPaths: readonly string[];
}

/** How far the recovery of a log has come. */
export interface RecoveryProgress {
  readonly log: string;
  readonly segmentsDone: number;
  readonly segments: number;
  /** Of the segment that is being walked. */
  readonly bytesDone: number;
}

/** Bytes that are walked in one step. */
const STEP_BYTES = 16_777_216;

/** In one go. Throws UnsupportedFormatError. */
export function loadLog(options: LogLoaderOptions): LoadedLog {
  const steps = loadLogInSteps(options);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** Between two steps nobody else may touch the folder. */
export function loadLogInSteps(options: LogLoaderOptions): Generator<RecoveryProgress, LoadedLog, undefined> {
  return new LogLoader(options).load();
}

/** `segment.jitter.ms` spreads the rolls of segments that were made together. */
export function rollJitterMs(config: LogConfig, random: Random): number {
  const bound = Math.min(config.segmentJitterMs, config.segmentMs, 0x7fff_ffff);
  return bound <= 0 ? 0 : random.nextInt(bound);
}

class LogLoader {
  readonly #options: LogLoaderOptions;
  readonly #unsyncedSegments: LogSegment[] = [];
  readonly #unsyncedPaths: string[] = [];
  readonly #producerState: ProducerState;
  readonly #leaderEpochs: LeaderEpochCache;
  /** What the folder holds; read once, for most folders are as the last run left them. */
  #names: ReadonlySet<string>;
  /** Producer snapshots that are there, by offset. */
  #snapshots: Offset[] = [];
  #segments: LogSegment[] = [];
  #epochsLost = false;

  constructor(options: LogLoaderOptions) {
    this.#options = options;
    const { fileSystem, producerIdExpirationMs } = options.environment;
    this.#producerState = new ProducerState(options.topicPartition, producerIdExpirationMs);
    this.#names = new Set(fileSystem.list(options.directory));
    this.#leaderEpochs = this.#readLeaderEpochs();
  }

  /** The first entry of a log is not synced (leader-epoch-cache.ts): a power loss may tear it. The batches know it, too. */
  #readLeaderEpochs(): LeaderEpochCache {
    const { directory } = this.#options;
    const { fileSystem, logger } = this.#options.environment;
    const path = `${directory}/${LEADER_EPOCH_CHECKPOINT}`;
    try {
      return new LeaderEpochCache(fileSystem, path, this.#names.has(LEADER_EPOCH_CHECKPOINT));
    } catch (error) {
      if (!(error instanceof CorruptFileError)) throw error;
      logger.warn('a leader epoch checkpoint is broken and is built anew', { reason: error.message });
      fileSystem.remove(path);
      this.#epochsLost = true;
      return new LeaderEpochCache(fileSystem, path);
    }
  }

  *load(): Generator<RecoveryProgress, LoadedLog, undefined> {
    const { logStartOffsetCheckpoint, recoveryPointCheckpoint, cleanShutdown } = this.#options;
    this.#removeLeftovers();
    this.#snapshots = snapshotOffsetsAmong(this.#names);
    const broken = this.#openSegments();
    // Within a segment formats go with the years; but a later one may be older where a server was told to go back.
    for (const segment of this.#segments) this.#refuseOldFormat(segment, 0, segment.size);
    let recoverFrom = cleanShutdown ? this.#segments.length : this.#floorIndex(recoveryPointCheckpoint);
    if (broken !== null) recoverFrom = Math.min(recoverFrom, broken);
    if (this.#epochsLost) recoverFrom = 0;
    let logEndOffset: Offset | null = null;
    if (recoverFrom >= this.#segments.length && this.#segments.length > 0) {
      logEndOffset = this.#segments[this.#segments.length - 1]!.readNextOffset();
      // The marker says clean, the file says torn: someone else wrote here. Trust nothing in this segment.
      if (logEndOffset === null) recoverFrom = this.#segments.length - 1;
    }
    const recovered = recoverFrom < this.#segments.length;
    if (recovered) logEndOffset = yield* this.#recover(recoverFrom);
    if (logEndOffset !== null && logEndOffset < logStartOffsetCheckpoint) {
      this.#options.environment.logger.warn('the log ends before its start offset; it begins anew there', {
        logEndOffset,
        logStartOffset: logStartOffsetCheckpoint,
      });
      for (const segment of this.#segments) segment.remove();
      this.#segments = [];
      this.#leaderEpochs.clear();
    }
    if (this.#segments.length === 0) {
      // A new log's file is made with its first record. Where the log begins is known by the file's name, unless it is 0.
      this.#addSegment(logStartOffsetCheckpoint, null, logStartOffsetCheckpoint === 0);
      logEndOffset = logStartOffsetCheckpoint;
      this.#removeSnapshots(() => true);
    }
    // Whatever the last run wrote here, renamed or removed, this one goes by it: a later power loss must not undo it.
    if (recovered) {
      const { directory } = this.#options;
      for (const name of [LEADER_EPOCH_CHECKPOINT, PARTITION_METADATA])
        this.#unsyncedPaths.push(`${directory}/${name}`);
      this.#unsyncedPaths.push(directory);
    }
    const end = logEndOffset!;
    const logStartOffset = Math.max(logStartOffsetCheckpoint, this.#segments[0]!.baseOffset);
    this.#leaderEpochs.truncateFromEnd(end);
    this.#leaderEpochs.truncateFromStart(logStartOffset);
    if (recovered) this.#leaderEpochs.persist();
    this.#removeStraySnapshots(end);
    if (!recovered) {
      rebuildProducerState(this.#producerState, this.#segments, logStartOffset, end, this.#options, this.#snapshots);
    }
    return {
      segments: this.#segments,
      logStartOffset,
      logEndOffset: end,
      recoveryPoint: recovered ? Math.min(recoveryPointCheckpoint, end) : end,
      leaderEpochs: this.#leaderEpochs,
      producerState: this.#producerState,
      unsyncedSegments: this.#unsyncedSegments,
      unsyncedPaths: this.#unsyncedPaths,
    };
  }

  /** Removes what was on its way out and finishes a cleaner's swap. */
  #removeLeftovers(): void {
    const { directory } = this.#options;
    const { fileSystem } = this.#options.environment;
    const swaps: string[] = [];
    const cleaned: string[] = [];
    let firstCleanedOffset = Number.POSITIVE_INFINITY;
    let changed = false;
    for (const name of this.#names) {
      // `….checkpoint.deleted` are snapshots of the metadata log; they are the quorum's.
      if (name.endsWith(DELETED_SUFFIX) && !name.includes('.checkpoint')) {
        fileSystem.remove(`${directory}/${name}`);
        changed = true;
      } else if (name.endsWith(CLEANED_SUFFIX)) {
        cleaned.push(name);
        firstCleanedOffset = Math.min(firstCleanedOffset, offsetOfFileName(name) ?? 0);
      } else if (name.endsWith(SWAP_SUFFIX)) {
        swaps.push(name);
      }
    }
    // A split that was interrupted: swap files from the first unfinished output on are not complete as a set.
    const finished = swaps.filter((name) => (offsetOfFileName(name) ?? 0) < firstCleanedOffset);
    for (const name of swaps) if (!finished.includes(name)) fileSystem.remove(`${directory}/${name}`);
    for (const name of cleaned) fileSystem.remove(`${directory}/${name}`);
    if (finished.length > 0) this.#finishSwap(finished);
    if (changed || swaps.length > 0 || cleaned.length > 0) this.#names = new Set(fileSystem.list(directory));
  }

  #finishSwap(finished: readonly string[]): void {
    const { directory } = this.#options;
    const { fileSystem, logger } = this.#options.environment;
    logger.info('finishing an interrupted swap of cleaned segments', { files: finished });
    this.#removeReplacedSegments(finished);
    for (const name of finished) {
      fileSystem.rename(`${directory}/${name}`, `${directory}/${name.slice(0, -SWAP_SUFFIX.length)}`);
    }
    this.#unsyncedPaths.push(directory);
  }

  /** The segments that the `.swap` segments replace: those whose base offset lies in the range that these cover. */
  #removeReplacedSegments(swaps: readonly string[]): void {
    const { directory } = this.#options;
    const { fileSystem } = this.#options.environment;
    let first = Number.POSITIVE_INFINITY;
    let end = -1;
    for (const name of swaps) {
      if (!isSegmentFile(name.slice(0, -SWAP_SUFFIX.length), LOG_SUFFIX)) continue;
      const path = `${directory}/${name}`;
      first = Math.min(first, offsetOfFileName(name)!);
      // Its own place is its own, also when nothing is left in it.
      end = Math.max(end, offsetOfFileName(name)! + 1);
      const handle = fileSystem.open(path, 'read');
      try {
        scanBatches(handle, 0, handle.size(), (buffer, position) => {
          end = Math.max(end, batch.nextOffset(buffer, position));
          return true;
        });
      } finally {
        handle.close();
      }
    }
    for (const name of fileSystem.list(directory)) {
      // Only the segments' own files: the producers' snapshots stay (Kafka once lost hours by dropping them).
      if (!SEGMENT_SUFFIXES.some((suffix) => isSegmentFile(name, suffix))) continue;
      const offset = offsetOfFileName(name)!;
      if (offset >= first && offset < end) fileSystem.remove(`${directory}/${name}`);
    }
  }

  /** Gives the index of the first segment that must be recovered although it is below the recovery point, or null. */
  #openSegments(): number | null {
    const { directory } = this.#options;
    const { fileSystem, logger } = this.#options.environment;
    const names = this.#names;
    let broken: number | null = null;
    for (const name of names) {
      const offset = offsetOfFileName(name);
      if (offset === null) continue;
      if (isSegmentFile(name, LOG_SUFFIX)) {
        const segment = this.#addSegment(offset, fileSystem.stat(`${directory}/${name}`).size);
        const complete =
          names.has(segmentFileName(offset, INDEX_SUFFIX)) && names.has(segmentFileName(offset, TIME_INDEX_SUFFIX));
        if (!complete) {
          // After a kill this is the rule: indexes of the active segment are written when it is closed. The transaction
          // index may be missing as well, which nobody would notice.
          logger.debug('an index is missing and is built anew', { directory, segment: name });
          broken ??= this.#segments.length - 1;
        }
        const hasTransactionIndex = names.has(segmentFileName(offset, TRANSACTION_INDEX_SUFFIX));
        if (hasTransactionIndex && !this.#transactionIndexIsSound(segment)) broken ??= this.#segments.length - 1;
      } else if (
        SEGMENT_SUFFIXES.some((suffix) => isSegmentFile(name, suffix)) &&
        !names.has(segmentFileName(offset, LOG_SUFFIX))
      ) {
        logger.warn('an index without a segment is removed', { file: name });
        fileSystem.remove(`${directory}/${name}`);
      }
    }
    return broken;
  }

  #transactionIndexIsSound(segment: LogSegment): boolean {
    try {
      return segment.transactionIndex.entryCount >= 0;
    } catch (error) {
      if (!(error instanceof CorruptIndexError)) throw error;
      this.#options.environment.logger.warn('a transaction index is broken and is built anew', {
        reason: error.message,
      });
      return false;
    }
  }

  #addSegment(baseOffset: Offset, existingSize: number | null, isDeferred = false): LogSegment {
    const { directory, config, nowMs } = this.#options;
    const { fileSystem, files, random } = this.#options.environment;
    const segment = new LogSegment({
      fileSystem,
      files,
      directory,
      baseOffset,
      existingSize,
      isDeferred,
      nowMs,
      rollJitterMs: rollJitterMs(config, random),
    });
    this.#segments.push(segment);
    return segment;
  }

  /** Index of the segment that holds `offset`, the first one when it lies before all. */
  #floorIndex(offset: Offset): number {
    let index = 0;
    while (index + 1 < this.#segments.length && this.#segments[index + 1]!.baseOffset <= offset) index++;
    return index;
  }

  /** Walks the segments from index `from` on; gives the log end offset. */
  *#recover(from: number): Generator<RecoveryProgress, Offset, undefined> {
    const { directory, topicPartition, logStartOffsetCheckpoint } = this.#options;
    const { fileSystem, logger } = this.#options.environment;
    const log = partitionDirectoryName(topicPartition.topic, topicPartition.partition);
    const first = this.#segments[from]!;
    // From here on the batches tell who produced; a later snapshot could describe some that do not survive.
    rebuildProducerState(
      this.#producerState,
      this.#segments.slice(0, from),
      Math.max(logStartOffsetCheckpoint, this.#segments[0]!.baseOffset),
      first.baseOffset,
      this.#options,
      this.#snapshots,
    );
    let nextOffset = first.baseOffset;
    for (let index = from; index < this.#segments.length; index++) {
      const segment = this.#segments[index]!;
      const sizeBefore = segment.size;
      const isMisplaced = segment.baseOffset < nextOffset || (index > from && this.#isBehindHole(segment, nextOffset));
      if (!isMisplaced) {
        const progress = {
          log,
          segmentsDone: index - from,
          segments: this.#segments.length - from,
        };
        nextOffset = yield* this.#recoverSegment(segment, sizeBefore, progress);
        if (segment.size < sizeBefore) this.#refuseOldFormat(segment, segment.size, sizeBefore);
        this.#unsyncedSegments.push(segment);
      }
      const later = this.#segments.slice(isMisplaced ? index : index + 1);
      if (isMisplaced || segment.size < sizeBefore) {
        logger.warn('the log is cut where its records stop making sense', {
          log,
          logEndOffset: nextOffset,
          removedBytes: isMisplaced ? 0 : sizeBefore - segment.size,
          removedSegments: later.length,
        });
        // The later segments first and from the end: whatever a crash leaves has no hole, and the next start does it again.
        for (const lost of later.reverse()) lost.remove();
        if (later.length > 0) fileSystem.syncDirectory(directory);
        if (!isMisplaced) this.#truncateFile(segment);
        this.#segments.length -= later.length;
        this.#unsyncedPaths.push(directory);
      } else if (later.length > 0) {
        segment.becomeInactive();
        this.#unsyncedPaths.push(...segment.persistIndexes());
        // So that the next start need not walk this segment again for the producers' sake.
        const snapshot = `${directory}/${segmentFileName(nextOffset, PRODUCER_SNAPSHOT_SUFFIX)}`;
        fileSystem.writeFile(snapshot, encodeProducerSnapshot(this.#producerState.producers()));
        this.#unsyncedPaths.push(snapshot);
        if (!this.#snapshots.includes(nextOffset)) this.#snapshots.push(nextOffset);
      }
    }
    this.#producerState.mapEndOffset = nextOffset;
    return nextOffset;
  }

  /**
   * Records between the segments' ends may be missing because they were compacted. But where nothing is known to be synced,
   * a power loss may have kept a new segment's name and bytes and not the last bytes of the segment before it. Compaction
   * keeps the last batch before the active segment, so an empty one behind a gap is always such a case.
   */
  #isBehindHole(segment: LogSegment, nextOffset: Offset): boolean {
    const { recoveryPointCheckpoint, config } = this.#options;
    return (
      segment.baseOffset > nextOffset &&
      nextOffset >= recoveryPointCheckpoint &&
      (segment.size === 0 || !config.cleanupPolicy.compact)
    );
  }

  *#recoverSegment(
    segment: LogSegment,
    size: number,
    progress: Omit<RecoveryProgress, 'bytesDone'>,
  ): Generator<RecoveryProgress, Offset, undefined> {
    const { config, environment } = this.#options;
    const { files } = environment;
    let nextOffset = segment.baseOffset;
    segment.startOver();
    segment.transactionIndex.reset();
    const handle = files.acquire(segment.file);
    try {
      let stepEnd = STEP_BYTES;
      const visit = (buffer: Buffer, position: number, filePosition: FilePosition): boolean => {
        if (filePosition >= stepEnd) return false;
        const baseOffset = batch.baseOffset(buffer, position);
        const next = batch.nextOffset(buffer, position);
        if (
          baseOffset < nextOffset ||
          next <= baseOffset ||
          next - 1 - segment.baseOffset > 0x7fff_ffff ||
          batch.computeCrc(buffer, position) !== batch.crc(buffer, position)
        ) {
          return false;
        }
        segment.enter(buffer, position, config.indexIntervalBytes);
        this.#leaderEpochs.learn(batch.partitionLeaderEpoch(buffer, position), baseOffset);
        const aborted = this.#producerState.update(buffer, position);
        if (aborted !== null) segment.transactionIndex.append(aborted);
        nextOffset = next;
        return true;
      };
      let at = scanBatches(handle, 0, size, visit);
      while (at >= stepEnd && at < size) {
        yield { ...progress, bytesDone: at };
        stepEnd = at + STEP_BYTES;
        const from = at;
        at = scanBatches(handle, from, size, visit);
        if (at === from) break;
      }
    } finally {
      files.release(segment.file);
    }
    yield { ...progress, segmentsDone: progress.segmentsDone + 1, bytesDone: 0 };
    return nextOffset;
  }

  /** Cutting them off, as what makes no sense, would destroy records that Apache Kafka still serves. */
  #refuseOldFormat(segment: LogSegment, position: FilePosition, end: FilePosition): void {
    if (end === 0) return;
    const { directory } = this.#options;
    const { files } = this.#options.environment;
    const handle = files.acquire(segment.file);
    try {
      if (!isOldRecord(handle, position, end)) return;
    } finally {
      files.release(segment.file);
    }
    throw new UnsupportedFormatError(
      `${segment.file.path} has records of message format v0 or v1 at position ${position}, from before Apache Kafka 0.11, which ` +
        `Ottla does not read. Nothing was changed. Copy the topic with Apache Kafka, or take ${directory} away, to start.`,
    );
  }

  #truncateFile(segment: LogSegment): void {
    const { files } = this.#options.environment;
    const handle = files.acquire(segment.file);
    try {
      handle.truncate(segment.size);
    } finally {
      files.release(segment.file);
    }
    segment.writtenSize = segment.size;
  }

  #removeSnapshots(condition: (offset: Offset) => boolean): void {
    const { directory } = this.#options;
    const { fileSystem } = this.#options.environment;
    for (const offset of this.#snapshots) {
      if (condition(offset)) fileSystem.remove(`${directory}/${segmentFileName(offset, PRODUCER_SNAPSHOT_SUFFIX)}`);
    }
    this.#snapshots = this.#snapshots.filter((offset) => !condition(offset));
  }

  /** Beside the segments' own, only the latest snapshot is of use; what is beyond the log end is of none. */
  #removeStraySnapshots(logEndOffset: Offset): void {
    const latest = Math.max(-1, ...this.#snapshots.filter((offset) => offset <= logEndOffset));
    const kept = new Set(this.#segments.map((segment) => segment.baseOffset));
    this.#removeSnapshots((offset) => offset > logEndOffset || (offset !== latest && !kept.has(offset)));
  }
}

/** Offsets of the producer snapshots in a log's folder, ascending. */
export function snapshotOffsets(fileSystem: FileSystem, directory: string): Offset[] {
  return snapshotOffsetsAmong(fileSystem.list(directory));
}

/** `names` ascend. */
function snapshotOffsetsAmong(names: Iterable<string>): Offset[] {
  const offsets: Offset[] = [];
  for (const name of names) {
    if (isSegmentFile(name, PRODUCER_SNAPSHOT_SUFFIX)) offsets.push(offsetOfFileName(name)!);
  }
  return offsets;
}

/** Fills `state` for a log that ends at `endOffset`: from the latest good snapshot, then from the batches behind it. */
export function rebuildProducerState(
  state: ProducerState,
  segments: readonly LogSegment[],
  logStartOffset: Offset,
  endOffset: Offset,
  options: Pick<LogLoaderOptions, 'environment' | 'directory' | 'nowMs'>,
  snapshots: readonly Offset[] = snapshotOffsets(options.environment.fileSystem, options.directory),
): void {
  const { directory, nowMs } = options;
  const { fileSystem, files, logger } = options.environment;
  state.clear(logStartOffset);
  const candidates = snapshots.filter(
    (offset) => offset <= endOffset && (offset > logStartOffset || offset === endOffset),
  );
  for (let offset = candidates.pop(); offset !== undefined; offset = candidates.pop()) {
    const path = `${directory}/${segmentFileName(offset, PRODUCER_SNAPSHOT_SUFFIX)}`;
    try {
      for (const entry of readProducerSnapshot(fileSystem, path)) state.load(entry, nowMs);
      state.mapEndOffset = offset;
      state.snapshotOffset = offset;
      break;
    } catch (error) {
      if (!(error instanceof CorruptFileError)) throw error;
      logger.warn('a producer snapshot is broken and is dropped', { reason: error.message });
      fileSystem.remove(path);
      state.clear(logStartOffset);
    }
  }
  const replayFrom = state.mapEndOffset;
  for (let index = 0; index < segments.length && state.mapEndOffset < endOffset; index++) {
    const segment = segments[index]!;
    const next = segments[index + 1];
    if (segment.size === 0 || (next !== undefined && next.baseOffset <= replayFrom)) continue;
    const handle = files.acquire(segment.file);
    try {
      scanBatches(handle, segment.positionBefore(replayFrom), segment.size, (buffer, position) => {
        if (batch.baseOffset(buffer, position) >= endOffset) return false;
        if (batch.lastOffset(buffer, position) >= replayFrom) state.update(buffer, position);
        return true;
      });
    } finally {
      files.release(segment.file);
    }
  }
  state.mapEndOffset = Math.max(state.mapEndOffset, endOffset);
}
