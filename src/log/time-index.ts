/**
 * `.timeindex`: sparse map from timestamp to offset. An entry is int64 timestamp, int32 offset relative to the segment's
 * base offset; it says that no record up to this offset is younger than the timestamp. Timestamps ascend strictly. The
 * last entry of an inactive segment holds the segment's largest timestamp.
 */
import type { Offset } from '../base/flavor.ts';
import type { FileSystem } from '../io/file-system.ts';
import { readInt64, writeInt64 } from '../wire/int64.ts';
import { IndexFile } from './index-file.ts';
import { type SegmentPlace, TIME_INDEX_SUFFIX } from './log-files.ts';
import { CorruptIndexError } from './storage-error.ts';

const ENTRY_SIZE = 12;

export class TimeIndex extends IndexFile {
  constructor(fileSystem: FileSystem, place: SegmentPlace, onDisk: boolean) {
    super(fileSystem, place, TIME_INDEX_SUFFIX, ENTRY_SIZE, onDisk);
  }

  /** Timestamp 0 of the segment's first record is an entry of zeros, and it can only be the single one. */
  protected override isPadding(entries: Buffer, index: number): boolean {
    return entries.length > ENTRY_SIZE && super.isPadding(entries, index);
  }

  protected override check(entries: Buffer, count: number): void {
    let timestampMs = Number.NEGATIVE_INFINITY;
    let offset = -1;
    for (let i = 0; i < count; i++) {
      const nextTimestampMs = readInt64(entries, i * ENTRY_SIZE);
      const nextOffset = entries.readInt32BE(i * ENTRY_SIZE + 8);
      if (nextTimestampMs <= timestampMs || nextOffset < offset || nextOffset < 0) {
        throw new CorruptIndexError(`${this.path}: entry ${i} does not ascend`);
      }
      timestampMs = nextTimestampMs;
      offset = nextOffset;
    }
  }

  /** One entry is kept free for the one that is added when the segment becomes inactive. */
  isFull(sizeMax: number): boolean {
    return this.entryCount >= Math.floor(sizeMax / ENTRY_SIZE) - 1;
  }

  /** Does nothing when `timestampMs` is not above the last entry's (-1 when there is none). */
  maybeAppend(timestampMs: number, offset: Offset): void {
    if (timestampMs <= this.lastTimestampMs()) return;
    const at = this.extend();
    const entries = this.loaded();
    writeInt64(entries, at, timestampMs);
    entries.writeInt32BE(offset - this.place.baseOffset, at + 8);
  }

  /** -1 when there is no entry. */
  lastTimestampMs(): number {
    const count = this.entryCount;
    return count === 0 ? -1 : readInt64(this.loaded(), (count - 1) * ENTRY_SIZE);
  }

  /** The base offset when there is no entry. */
  lastOffset(): Offset {
    const count = this.entryCount;
    return count === 0 ? this.place.baseOffset : this.entry(count - 1).offset;
  }

  entry(index: number): { timestampMs: number; offset: Offset } {
    const entries = this.loaded();
    return {
      timestampMs: readInt64(entries, index * ENTRY_SIZE),
      offset: this.place.baseOffset + entries.readInt32BE(index * ENTRY_SIZE + 8),
    };
  }

  /** An offset that no record at or above `timestampMs` precedes: the last entry's below it, or the base offset. */
  lookup(timestampMs: number): Offset {
    const entries = this.loaded();
    let low = -1;
    let high = this.entryCount - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      // Strictly below: a batch that holds the searched timestamp may end at the entry that has the same one.
      if (readInt64(entries, middle * ENTRY_SIZE) < timestampMs) low = middle;
      else high = middle - 1;
    }
    return low < 0 ? this.place.baseOffset : this.entry(low).offset;
  }

  /** Keeps only entries of offsets below `offset`. */
  truncateTo(offset: Offset): void {
    let count = this.entryCount;
    while (count > 0 && this.entry(count - 1).offset >= offset) count--;
    this.truncateToCount(count);
  }
}
