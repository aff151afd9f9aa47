/**
 * Compaction of one log (Kafka's Cleaner), as a synchronous walk over files: a worker thread runs it on the real disk, and
 * ephemeral brokers and tests run it in line. It reads segments that no longer change and writes new ones beside them:
 *
 *     1. the dirty part is read: key -> last offset, as far as the map holds (it ends where the map is full)
 *     2. segments from the first on, up to that end, in groups that fit one segment: what is the last of its key, or
 *        behind the end, goes to `<base offset>.log.cleaned` and its indexes, which are synced
 *     3. the log swaps each group in when it hears of it (segment-swap.ts); nothing here touches a live file
 *
 * Offsets are stable. The walk gives steps: after each piece of I/O (the runner may stop, wait or go on) and per group.
 */
import type { Offset } from '../base/flavor.ts';
import type { FileSystem } from '../io/file-system.ts';
import * as batch from '../wire/records/record-batch.ts';
import { RecordCursor } from '../wire/records/record-cursor.ts';
import { recordBytes } from '../wire/records/records.ts';
import { type BatchRule, compactBatch, type RecordRule } from './batch-compaction.ts';
import { scanBatches } from './batch-scanner.ts';
import { CleanedTransactions } from './cleaned-transactions.ts';
import { KeyOffsetMap, slotsIn } from './key-offset-map.ts';
import { CLEANED_SUFFIX, LOG_SUFFIX, segmentFileName } from './log-files.ts';
import { LogSegment } from './log-segment.ts';
import { OpenFiles } from './open-files.ts';
import { CorruptFileError } from './storage-error.ts';
import type { AbortedTransaction } from './transaction-index.ts';

export interface CompactionSegment {
  readonly baseOffset: Offset;
  readonly sizeInBytes: number;
  readonly offsetIndexSize: number;
  readonly timeIndexSize: number;
}

/** Where an active producer's state is in the log: the batch, or the marker, with it must stay. */
export interface LastOfProducer {
  readonly producerId: number;
  readonly producerEpoch: number;
  /** -1: no data batch of this epoch is known. */
  readonly lastDataOffset: Offset;
}

/** Plain data: it travels to the worker. */
export interface CompactionJob {
  readonly directory: string;
  /** All that begin below `firstUncleanableOffset`, in order; none is active. */
  readonly segments: readonly CompactionSegment[];
  readonly firstDirtyOffset: Offset;
  /** A segment's base offset; exclusive end of what may be cleaned. */
  readonly firstUncleanableOffset: Offset;
  /** All that overlap the segments. */
  readonly abortedTransactions: readonly AbortedTransaction[];
  readonly producers: readonly LastOfProducer[];
  readonly segmentBytes: number;
  readonly segmentIndexBytes: number;
  readonly indexIntervalBytes: number;
  readonly deleteRetentionMs: number;
  readonly nowMs: number;
  /** `log.cleaner.dedupe.buffer.size` */
  readonly dedupeBufferSize: number;
  /** `log.cleaner.io.buffer.load.factor` */
  readonly dedupeBufferLoadFactor: number;
  /** Bytes read between two steps, about. */
  readonly ioStepSize: number;
  /** 16 random bytes. */
  readonly hashKey: Uint8Array;
}

export interface CleanedGroup {
  readonly baseOffset: Offset;
  readonly sizeInBytes: number;
  readonly replacedBaseOffsets: readonly Offset[];
}

export type CompactionStep =
  | { readonly kind: 'io'; readonly bytes: number }
  | { readonly kind: 'cleaned'; readonly group: CleanedGroup };

export interface CompactionResult {
  /** The next cleaning's first dirty offset. */
  readonly endOffset: Offset;
  readonly bytesRead: number;
  readonly bytesWritten: number;
  readonly keyCount: number;
}

export type Compaction = Generator<CompactionStep, CompactionResult, void>;

/** Throws what the file system throws, and RecordError or CorruptFileError where a segment holds no good batches. */
export function compact(fileSystem: FileSystem, job: CompactionJob): Compaction {
  return new CompactionRun(fileSystem, job).run();
}

class CompactionRun {
  readonly #fileSystem: FileSystem;
  readonly #job: CompactionJob;
  readonly #files: OpenFiles;
  readonly #map: KeyOffsetMap;
  /** Inclusive; keys up to here are in the map. */
  #latestOffset: Offset = -1;
  readonly #producers: ReadonlyMap<number, LastOfProducer>;
  #bytesRead = 0;
  #bytesWritten = 0;

  constructor(fileSystem: FileSystem, job: CompactionJob) {
    this.#fileSystem = fileSystem;
    this.#job = job;
    this.#files = new OpenFiles(fileSystem, 4);
    // No more slots than there can be keys: most logs need a small part of the buffer.
    const keysMax = job.firstUncleanableOffset - job.firstDirtyOffset;
    const slotsNeeded = Math.ceil(keysMax / job.dedupeBufferLoadFactor) + 2;
    this.#map = new KeyOffsetMap(Math.max(4, Math.min(slotsIn(job.dedupeBufferSize), slotsNeeded)), job.hashKey);
    this.#producers = new Map(job.producers.map((producer) => [producer.producerId, producer]));
  }

  *run(): Compaction {
    yield* this.#readKeys();
    const endOffset = this.#latestOffset + 1;
    const segments = this.#job.segments.filter(({ baseOffset }) => baseOffset < endOffset);
    let target: LogSegment | null = null;
    const transactions = new CleanedTransactions(this.#job.abortedTransactions, (aborted) =>
      target?.transactionIndex.append(aborted),
    );
    for (const group of groupSegments(segments, this.#job)) {
      target = new LogSegment({
        fileSystem: this.#fileSystem,
        files: this.#files,
        directory: this.#job.directory,
        baseOffset: group[0]!.baseOffset,
        suffix: CLEANED_SUFFIX,
        existingSize: null,
        nowMs: this.#job.nowMs,
        rollJitterMs: 0,
      });
      try {
        for (const segment of group) yield* this.#cleanInto(target, segment, transactions);
        this.#finish(target);
      } finally {
        target.closeFile();
      }
      const replacedBaseOffsets = group.map(({ baseOffset }) => baseOffset);
      yield {
        kind: 'cleaned',
        group: { baseOffset: target.baseOffset, sizeInBytes: target.size, replacedBaseOffsets },
      };
    }
    return {
      endOffset,
      bytesRead: this.#bytesRead,
      bytesWritten: this.#bytesWritten,
      keyCount: this.#map.size,
    };
  }

  *#readKeys(): Generator<CompactionStep, void, void> {
    const { segments, firstDirtyOffset, firstUncleanableOffset, abortedTransactions } = this.#job;
    const transactions = new CleanedTransactions(
      abortedTransactions.filter(({ lastOffset }) => lastOffset >= firstDirtyOffset),
      () => {},
    );
    for (let index = 0; index < segments.length; index++) {
      const endOffset = segments[index + 1]?.baseOffset ?? firstUncleanableOffset;
      if (endOffset <= firstDirtyOffset) continue;
      if (yield* this.#readKeysOf(segments[index]!, transactions)) return;
      // Offsets may be missing at the end of the segment.
      this.#latestOffset = Math.max(this.#latestOffset, endOffset - 1);
    }
  }

  /** True: the map is full. */
  *#readKeysOf(
    segment: CompactionSegment,
    transactions: CleanedTransactions,
  ): Generator<CompactionStep, boolean, void> {
    let full = false;
    const sizeMax = Math.max(
      1,
      Math.min(Math.floor(this.#map.slotCount * this.#job.dedupeBufferLoadFactor), this.#map.slotCount - 1),
    );
    const walk = this.#walk(segment, (buffer, position) => {
      if (batch.lastOffset(buffer, position) < this.#job.firstDirtyOffset) return true;
      const discarded = transactions.mayDiscard(buffer, position);
      const isControl = batch.isControl(batch.attributes(buffer, position));
      if (!isControl && !discarded && !this.#putKeys(buffer, position, sizeMax)) {
        full = true;
        return false;
      }
      this.#latestOffset = Math.max(this.#latestOffset, batch.lastOffset(buffer, position));
      return true;
    });
    for (const bytes of walk) {
      yield { kind: 'io', bytes };
      if (full) return true;
    }
    return full;
  }

  /** False: the map is full before the end of the batch. */
  #putKeys(buffer: Buffer, position: number, sizeMax: number): boolean {
    const count = batch.recordCount(buffer, position);
    if (count === 0) return true;
    const baseOffset = batch.baseOffset(buffer, position);
    const records = recordBytes(buffer, position);
    const cursor = new RecordCursor(records, 0, records.length);
    for (let i = 0; i < count; i++) {
      cursor.next();
      const offset = baseOffset + cursor.offsetDelta;
      const { keySize } = cursor;
      if (keySize < 0 || offset < this.#job.firstDirtyOffset) continue;
      if (this.#map.size >= sizeMax) return false;
      this.#map.put(records, cursor.keyPosition, keySize, offset);
      this.#latestOffset = offset;
    }
    return true;
  }

  *#cleanInto(
    target: LogSegment,
    segment: CompactionSegment,
    transactions: CleanedTransactions,
  ): Generator<CompactionStep, void, void> {
    const { indexIntervalBytes, nowMs, deleteRetentionMs } = this.#job;
    const rule: RecordRule = {
      nowMs,
      deleteRetentionMs,
      isLatest: (records, cursor, offset) => {
        if (offset > this.#latestOffset) return 'not-looked-at';
        if (cursor.keySize < 0) return 'superseded';
        return offset >= this.#map.get(records, cursor.keyPosition, cursor.keySize) ? 'latest' : 'superseded';
      },
    };
    let output: Buffer[] = [];
    let outputSize = 0;
    const walk = this.#walk(segment, (buffer, position) => {
      const bytes = compactBatch(buffer, position, this.#batchRule(buffer, position, transactions), rule);
      if (bytes.length > 0) {
        target.enter(bytes, 0, indexIntervalBytes);
        output.push(bytes);
        outputSize += bytes.length;
      }
      return true;
    });
    for (const bytes of walk) {
      this.#write(target, output, outputSize);
      yield { kind: 'io', bytes: bytes + outputSize };
      output = [];
      outputSize = 0;
    }
  }

  #batchRule(buffer: Buffer, position: number, transactions: CleanedTransactions): BatchRule {
    const mayDiscard = transactions.mayDiscard(buffer, position);
    const isControl = batch.isControl(batch.attributes(buffer, position));
    const deleteHorizonMs = batch.deleteHorizonMs(buffer, position);
    const horizonPassed = deleteHorizonMs !== null && deleteHorizonMs <= this.#job.nowMs;
    return {
      discardRecords: mayDiscard && (!isControl || horizonPassed),
      keepEmpty:
        this.#isLastOfProducer(buffer, position, isControl) ||
        // Without it the log would seem to end earlier, should all behind it be lost.
        batch.nextOffset(buffer, position) === this.#job.firstUncleanableOffset,
      markerMayGo: mayDiscard && isControl,
    };
  }

  #isLastOfProducer(buffer: Buffer, position: number, isControl: boolean): boolean {
    const producer = this.#producers.get(batch.producerId(buffer, position));
    if (producer === undefined) return false;
    if (producer.lastDataOffset >= 0) return batch.lastOffset(buffer, position) === producer.lastDataOffset;
    return isControl && batch.producerEpoch(buffer, position) === producer.producerEpoch;
  }

  #write(target: LogSegment, output: readonly Buffer[], size: number): void {
    if (size === 0) return;
    const handle = this.#files.acquire(target.file);
    try {
      handle.writevSync(output, target.writtenSize);
    } finally {
      this.#files.release(target.file);
    }
    target.writtenSize += size;
    this.#bytesWritten += size;
  }

  /** Everything of the new segment is on disk before anybody may put it in another's place. */
  #finish(target: LogSegment): void {
    target.becomeInactive();
    const handle = this.#files.acquire(target.file);
    handle.syncSync();
    this.#files.release(target.file);
    for (const path of target.persistIndexes()) {
      const index = this.#fileSystem.open(path, 'write');
      index.syncSync();
      index.close();
    }
  }

  /** Each batch of a segment; gives the bytes walked, a step at a time. `visit` false ends it. */
  *#walk(
    segment: CompactionSegment,
    visit: (buffer: Buffer, position: number) => boolean,
  ): Generator<number, void, void> {
    const path = `${this.#job.directory}/${segmentFileName(segment.baseOffset, LOG_SUFFIX)}`;
    const handle = this.#fileSystem.open(path, 'read');
    try {
      let stepSize = this.#job.ioStepSize;
      for (let from = 0; from < segment.sizeInBytes; ) {
        const to = Math.min(from + stepSize, segment.sizeInBytes);
        let stopped = false;
        const end = scanBatches(handle, from, to, (buffer, position) => {
          stopped = !visit(buffer, position);
          return !stopped;
        });
        if (stopped) {
          yield end - from;
          return;
        }
        if (end === from) {
          // A batch that is larger than the step, or none at all.
          if (to === segment.sizeInBytes) throw new CorruptFileError(`${path}: no record batch at position ${from}`);
          stepSize *= 2;
          continue;
        }
        this.#bytesRead += end - from;
        yield end - from;
        from = end;
        stepSize = this.#job.ioStepSize;
      }
    } finally {
      handle.close();
    }
  }
}

const RELATIVE_OFFSET_MAX = 0x7fff_ffff;

/** Neighbours that fit one segment together: in bytes, in the sizes of their indexes and in the span of their offsets. */
export function groupSegments(
  segments: readonly CompactionSegment[],
  limits: Pick<CompactionJob, 'segmentBytes' | 'segmentIndexBytes' | 'firstUncleanableOffset'>,
): CompactionSegment[][] {
  const groups: CompactionSegment[][] = [];
  let group: CompactionSegment[] = [];
  let [size, offsetIndexSize, timeIndexSize] = [0, 0, 0];
  segments.forEach((segment, index) => {
    const lastOffset = (segments[index + 1]?.baseOffset ?? limits.firstUncleanableOffset) - 1;
    const fits =
      group.length > 0 &&
      size + segment.sizeInBytes <= limits.segmentBytes &&
      offsetIndexSize + segment.offsetIndexSize <= limits.segmentIndexBytes &&
      timeIndexSize + segment.timeIndexSize <= limits.segmentIndexBytes &&
      (segment.sizeInBytes === 0 || lastOffset - group[0]!.baseOffset <= RELATIVE_OFFSET_MAX);
    if (!fits) {
      group = [];
      groups.push(group);
      size = offsetIndexSize = timeIndexSize = 0;
    }
    group.push(segment);
    size += segment.sizeInBytes;
    offsetIndexSize += segment.offsetIndexSize;
    timeIndexSize += segment.timeIndexSize;
  });
  return groups;
}
