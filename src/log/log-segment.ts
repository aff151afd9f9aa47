/**
 * One stretch of a log: `<base offset>.log` with its indexes. It keeps the books (sizes, indexes, largest timestamp);
 * the bytes go through the log's writer.
 *
 * Only the last segment of a log is active, that is, grows. `size` counts appended bytes, `writtenSize` those in the file.
 */
import type { FilePosition, Offset } from '../base/flavor.ts';
import type { FileSystem } from '../io/file-system.ts';
import * as batch from '../wire/records/record-batch.ts';
import { scanBatches } from './batch-scanner.ts';
import type { LogConfig } from './log-config.ts';
import { DELETED_SUFFIX, SEGMENT_SUFFIXES, SegmentPlace } from './log-files.ts';
import { OffsetIndex } from './offset-index.ts';
import { LogFile, type OpenFiles } from './open-files.ts';
import { CorruptIndexError } from './storage-error.ts';
import { TimeIndex } from './time-index.ts';
import { TransactionIndex } from './transaction-index.ts';

const RELATIVE_OFFSET_MAX = 0x7fff_ffff;

export interface LogSegmentOptions {
  readonly fileSystem: FileSystem;
  readonly files: OpenFiles;
  readonly directory: string;
  readonly baseOffset: Offset;
  /** Behind the names of the files: `.cleaned`, while it is made; empty for a live one. */
  readonly suffix?: string;
  /** Bytes in the file; null makes a new one. */
  readonly existingSize: number | null;
  /** A new one whose files are not there, nor are they made before `makeFile`. */
  readonly isDeferred?: boolean;
  readonly nowMs: number;
  readonly rollJitterMs: number;
}

export class LogSegment {
  readonly baseOffset: Offset;
  readonly file: LogFile;
  readonly offsetIndex: OffsetIndex;
  readonly timeIndex: TimeIndex;
  readonly transactionIndex: TransactionIndex;
  size: number;
  writtenSize: number;
  /** Where the last read from the file stopped: a consumer that catches up goes on there. */
  hintOffset: Offset = -1;
  hintPosition: FilePosition = 0;
  readonly #place: SegmentPlace;
  readonly #fileSystem: FileSystem;
  readonly #files: OpenFiles;
  #createdMs: number;
  #hasFile: boolean;
  readonly #rollJitterMs: number;
  #bytesSinceLastIndexEntry = 0;
  /** Null until the time index is asked. */
  #maxTimestampMs: number | null = null;
  /** Last offset of the batch with that timestamp. */
  #offsetOfMaxTimestamp: Offset = -1;
  /** Largest timestamp of the first batch, which `segment.ms` counts from; null until the file is asked. */
  #firstTimestampMs: number | null = null;

  constructor(options: LogSegmentOptions) {
    const { fileSystem, directory, baseOffset } = options;
    const place = new SegmentPlace(directory, baseOffset, options.suffix);
    const onDisk = options.existingSize !== null;
    this.#fileSystem = fileSystem;
    this.#files = options.files;
    this.#place = place;
    this.baseOffset = baseOffset;
    this.file = new LogFile(place);
    this.offsetIndex = new OffsetIndex(fileSystem, place, onDisk);
    this.timeIndex = new TimeIndex(fileSystem, place, onDisk);
    this.transactionIndex = new TransactionIndex(fileSystem, place, onDisk);
    this.size = options.existingSize ?? 0;
    this.writtenSize = this.size;
    this.#createdMs = options.nowMs;
    this.#rollJitterMs = options.rollJitterMs;
    this.#hasFile = onDisk;
    if (!onDisk) {
      if (options.isDeferred !== true) {
        // Nothing of an earlier segment of this name may shine through.
        for (const suffix of SEGMENT_SUFFIXES) fileSystem.remove(place.path(suffix));
        this.makeFile();
      }
      this.#maxTimestampMs = -1;
      this.#offsetOfMaxTimestamp = baseOffset;
    }
  }

  /** False until the first record where the segment is that of a new log: most logs of ten thousand have none. */
  get hasFile(): boolean {
    return this.#hasFile;
  }

  makeFile(): void {
    this.#fileSystem.writeFile(this.file.path, '');
    this.#hasFile = true;
  }

  get maxTimestampMs(): number {
    if (this.#maxTimestampMs === null) {
      this.checkedIndexes();
      this.#maxTimestampMs = this.timeIndex.lastTimestampMs();
      this.#offsetOfMaxTimestamp = this.timeIndex.lastOffset();
    }
    return this.#maxTimestampMs;
  }

  get offsetOfMaxTimestamp(): Offset {
    return this.maxTimestampMs < 0 ? this.baseOffset : this.#offsetOfMaxTimestamp;
  }

  /** The first batch's largest timestamp, or Infinity: the segment's age for retention and compaction. */
  get firstTimestampMs(): number {
    this.#loadFirstTimestamp();
    return this.#firstTimestampMs !== null && this.#firstTimestampMs >= 0
      ? this.#firstTimestampMs
      : Number.POSITIVE_INFINITY;
  }

  /** Of all records; where none has a timestamp, when the file was last written. An idle log keeps no index in memory for it. */
  get largestTimestampMs(): number {
    const known = this.#maxTimestampMs !== null;
    const timestampMs = this.maxTimestampMs;
    if (!known) this.unloadIndexes();
    return timestampMs >= 0 ? timestampMs : this.modifiedMs;
  }

  get modifiedMs(): number {
    return this.#hasFile ? this.#fileSystem.stat(this.file.path).modifiedMs : this.#createdMs;
  }

  /** Must a new segment begin before an append of this size, largest timestamp and last offset? */
  shouldRoll(
    config: LogConfig,
    sizeInBytes: number,
    maxTimestampMs: number,
    lastOffset: Offset,
    nowMs: number,
  ): boolean {
    if (lastOffset - this.baseOffset > RELATIVE_OFFSET_MAX) return true;
    if (this.size === 0) return false;
    return (
      this.size > config.segmentBytes - sizeInBytes ||
      this.#timeWaitedMs(nowMs, maxTimestampMs) > this.#segmentMs(config) - this.#rollJitterMs ||
      this.offsetIndex.isFull(config.segmentIndexBytes) ||
      this.timeIndex.isFull(config.segmentIndexBytes)
    );
  }

  /** `max.compaction.lag.ms` is kept only if segments are closed in time: the active one is not compacted. */
  #segmentMs(config: LogConfig): number {
    return config.cleanupPolicy.compact && config.maxCompactionLagMs > 0
      ? Math.min(config.maxCompactionLagMs, config.segmentMs)
      : config.segmentMs;
  }

  #timeWaitedMs(nowMs: number, timestampMs: number): number {
    this.#loadFirstTimestamp();
    const first = this.#firstTimestampMs ?? -1;
    return first >= 0 ? timestampMs - first : nowMs - this.#createdMs;
  }

  #loadFirstTimestamp(): void {
    if (this.#firstTimestampMs !== null || this.writtenSize < batch.RECORD_BATCH_OVERHEAD) return;
    const header = Buffer.alloc(batch.RECORD_BATCH_OVERHEAD);
    const handle = this.#files.acquire(this.file);
    try {
      handle.readSync(header, 0, header.length, 0);
    } finally {
      this.#files.release(this.file);
    }
    this.#firstTimestampMs = batch.maxTimestamp(header, 0);
  }

  /** Enters one whole batch, the next one in the file, into the books. */
  enter(buffer: Buffer, position: number, indexIntervalBytes: number): void {
    const sizeInBytes = batch.sizeInBytes(buffer, position);
    const timestampMs = batch.maxTimestamp(buffer, position);
    const lastOffset = batch.lastOffset(buffer, position);
    if (this.size === 0) this.#firstTimestampMs = timestampMs;
    if (timestampMs > this.maxTimestampMs) {
      this.#maxTimestampMs = timestampMs;
      this.#offsetOfMaxTimestamp = lastOffset;
    }
    if (this.#bytesSinceLastIndexEntry > indexIntervalBytes) {
      this.offsetIndex.append(lastOffset, this.size);
      this.timeIndex.maybeAppend(this.#maxTimestampMs!, this.#offsetOfMaxTimestamp);
      this.#bytesSinceLastIndexEntry = 0;
    }
    this.#bytesSinceLastIndexEntry += sizeInBytes;
    this.size += sizeInBytes;
  }

  /** No more appends: the time index gets its last entry. */
  becomeInactive(): void {
    this.timeIndex.maybeAppend(this.maxTimestampMs, this.offsetOfMaxTimestamp);
  }

  /** Brings the indexes' files up to date; gives the paths of those that changed and are not synced. */
  persistIndexes(): string[] {
    const changed: string[] = [];
    if (this.offsetIndex.persist(true)) changed.push(this.offsetIndex.path);
    if (this.timeIndex.persist(true)) changed.push(this.timeIndex.path);
    if (this.transactionIndex.persist(false)) changed.push(this.transactionIndex.path);
    return changed;
  }

  /** Would `persistIndexes` write? */
  get hasUnwrittenIndexes(): boolean {
    return this.offsetIndex.isUnwritten || this.timeIndex.isUnwritten || this.transactionIndex.isUnwritten;
  }

  unloadIndexes(): void {
    this.offsetIndex.unload();
    this.timeIndex.unload();
    this.transactionIndex.unload();
  }

  /** Loads the indexes and sees that they fit the file; an index that is missing or does not fit is built anew. */
  checkedIndexes(): void {
    try {
      const position = this.offsetIndex.lastPosition();
      if (position >= this.size && this.size > 0 && position > 0) {
        throw new CorruptIndexError(`${this.offsetIndex.path}: position ${position} of ${this.size}`);
      }
      void this.timeIndex.entryCount;
    } catch (error) {
      if (!(error instanceof CorruptIndexError)) throw error;
      this.rebuildIndexes(DEFAULT_INDEX_INTERVAL_BYTES);
    }
  }

  /** Offset and time index from the batches. The transaction index is left alone: it needs the producers' state. */
  rebuildIndexes(indexIntervalBytes: number): void {
    const end = this.size;
    this.startOver();
    const handle = this.#files.acquire(this.file);
    try {
      scanBatches(handle, 0, end, (buffer, position) => {
        this.enter(buffer, position, indexIntervalBytes);
        return true;
      });
    } finally {
      this.#files.release(this.file);
    }
    this.size = end;
    this.becomeInactive();
  }

  /** Empties offset and time index and the other books, so that every batch can be entered again. */
  startOver(): void {
    this.offsetIndex.reset();
    this.timeIndex.reset();
    this.size = 0;
    this.#bytesSinceLastIndexEntry = 0;
    this.#maxTimestampMs = -1;
    this.#offsetOfMaxTimestamp = this.baseOffset;
    this.#firstTimestampMs = null;
  }

  /** Where to begin looking for `offset`: the start of some batch at or before it. */
  positionBefore(offset: Offset): FilePosition {
    if (offset >= this.hintOffset && this.hintOffset >= 0 && this.hintPosition <= this.size) return this.hintPosition;
    this.checkedIndexes();
    return this.offsetIndex.lookup(offset);
  }

  /** The next offset after the last whole batch in the file; the base offset when there is none. Null when the file is torn. */
  readNextOffset(): Offset | null {
    this.checkedIndexes();
    if (this.writtenSize === 0) return this.offsetIndex.entryCount === 0 ? this.baseOffset : null;
    let nextOffset = this.baseOffset;
    const handle = this.#files.acquire(this.file);
    try {
      const end = scanBatches(handle, this.offsetIndex.lastPosition(), this.writtenSize, (buffer, position) => {
        nextOffset = batch.nextOffset(buffer, position);
        return true;
      });
      return end === this.writtenSize ? nextOffset : null;
    } finally {
      this.#files.release(this.file);
    }
  }

  /** Cuts the batch that holds `offset` and all that follows; gives the next offset. All appended bytes must be written. */
  truncateTo(offset: Offset, nowMs: number): Offset {
    this.checkedIndexes();
    let nextOffset = this.baseOffset;
    let cut = this.writtenSize;
    let maxTimestampMs = -1;
    let offsetOfMaxTimestamp = this.baseOffset;
    const handle = this.#files.acquire(this.file);
    try {
      cut = scanBatches(handle, this.offsetIndex.lookup(offset - 1), this.writtenSize, (buffer, position) => {
        if (batch.lastOffset(buffer, position) >= offset) return false;
        nextOffset = batch.nextOffset(buffer, position);
        return true;
      });
      this.offsetIndex.truncateTo(offset);
      this.timeIndex.truncateTo(offset);
      this.transactionIndex.truncateTo(offset);
      handle.truncate(cut);
      maxTimestampMs = this.timeIndex.lastTimestampMs();
      offsetOfMaxTimestamp = this.timeIndex.lastOffset();
      scanBatches(handle, this.offsetIndex.lookup(offsetOfMaxTimestamp), cut, (buffer, position) => {
        const timestampMs = batch.maxTimestamp(buffer, position);
        if (timestampMs > maxTimestampMs) {
          maxTimestampMs = timestampMs;
          offsetOfMaxTimestamp = batch.lastOffset(buffer, position);
        }
        return true;
      });
    } finally {
      this.#files.release(this.file);
    }
    this.size = cut;
    this.writtenSize = cut;
    this.hintOffset = -1;
    this.#maxTimestampMs = maxTimestampMs;
    this.#offsetOfMaxTimestamp = offsetOfMaxTimestamp;
    this.#bytesSinceLastIndexEntry = 0;
    if (cut === 0) {
      this.#firstTimestampMs = null;
      this.#createdMs = nowMs;
    }
    return nextOffset;
  }

  /** The folder was renamed. */
  moveTo(directory: string): void {
    this.#place.directory = directory;
  }

  closeFile(): void {
    this.#files.close(this.file);
  }

  /** The four files get the suffix `.deleted`; gives their new paths. Reads that are under way go on. */
  renameToDeleted(): string[] {
    this.closeFile();
    this.file.removed = true;
    const renamed: string[] = [];
    // The log file first: a crash in between leaves indexes without one, which the next start removes. A log file without
    // its transaction index would show aborted records.
    const { path } = this.file;
    for (const from of [path, this.offsetIndex.path, this.timeIndex.path, this.transactionIndex.path]) {
      if (!this.#fileSystem.exists(from)) continue;
      const to = from + DELETED_SUFFIX;
      this.#fileSystem.rename(from, to);
      renamed.push(to);
    }
    return renamed;
  }

  /** The four files, gone at once. */
  remove(): void {
    this.closeFile();
    this.file.removed = true;
    this.#fileSystem.remove(this.file.path);
    this.#fileSystem.remove(this.offsetIndex.path);
    this.#fileSystem.remove(this.timeIndex.path);
    this.#fileSystem.remove(this.transactionIndex.path);
  }
}

/** For an index that turns out broken while it is used; any density is right. */
const DEFAULT_INDEX_INTERVAL_BYTES = 4096;
