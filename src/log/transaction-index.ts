/**
 * `.txnindex`: the aborted transactions whose marker is in the segment. An entry is int16 version (0), int64 producer id,
 * first offset, last offset (the marker's) and last stable offset at the time; last offsets ascend. The file exists only
 * where there is an entry.
 */
import type { Offset } from '../base/flavor.ts';
import type { FileSystem } from '../io/file-system.ts';
import { readInt64, writeInt64 } from '../wire/int64.ts';
import { IndexFile } from './index-file.ts';
import { type SegmentPlace, TRANSACTION_INDEX_SUFFIX } from './log-files.ts';
import { CorruptIndexError } from './storage-error.ts';

const ENTRY_SIZE = 34;

export interface AbortedTransaction {
  readonly producerId: number;
  readonly firstOffset: Offset;
  /** Inclusive: the marker's offset. */
  readonly lastOffset: Offset;
  /** First offset that was not yet decided when the marker was written. */
  readonly lastStableOffset: Offset;
}

export class TransactionIndex extends IndexFile {
  constructor(fileSystem: FileSystem, place: SegmentPlace, onDisk: boolean) {
    super(fileSystem, place, TRANSACTION_INDEX_SUFFIX, ENTRY_SIZE, onDisk);
  }

  /** The file is never preallocated: zeros would be a broken entry. */
  protected override isPadding(): boolean {
    return false;
  }

  protected override check(entries: Buffer, count: number): void {
    let lastOffset = -1;
    for (let i = 0; i < count; i++) {
      const at = i * ENTRY_SIZE;
      const next = readInt64(entries, at + 18);
      if (entries.readInt16BE(at) !== 0 || next <= lastOffset || next < this.place.baseOffset) {
        throw new CorruptIndexError(`${this.path}: entry ${i} cannot be`);
      }
      lastOffset = next;
    }
  }

  append(transaction: AbortedTransaction): void {
    const at = this.extend();
    const entries = this.loaded();
    entries.writeInt16BE(0, at);
    writeInt64(entries, at + 2, transaction.producerId);
    writeInt64(entries, at + 10, transaction.firstOffset);
    writeInt64(entries, at + 18, transaction.lastOffset);
    writeInt64(entries, at + 26, transaction.lastStableOffset);
  }

  entry(index: number): AbortedTransaction {
    const entries = this.loaded();
    const at = index * ENTRY_SIZE;
    return {
      producerId: readInt64(entries, at + 2),
      firstOffset: readInt64(entries, at + 10),
      lastOffset: readInt64(entries, at + 18),
      lastStableOffset: readInt64(entries, at + 26),
    };
  }

  /**
   * Adds to `found` what overlaps [fetchOffset, endOffset). True when no later segment can have more: an entry whose last
   * stable offset is at or beyond the end closes the search.
   */
  collect(fetchOffset: Offset, endOffset: Offset, found: AbortedTransaction[]): boolean {
    for (let i = 0; i < this.entryCount; i++) {
      const entry = this.entry(i);
      if (entry.lastOffset >= fetchOffset && entry.firstOffset < endOffset) found.push(entry);
      if (entry.lastStableOffset >= endOffset) return true;
    }
    return false;
  }

  /** Keeps only transactions whose marker is below `offset`. */
  truncateTo(offset: Offset): void {
    let count = this.entryCount;
    while (count > 0 && this.entry(count - 1).lastOffset >= offset) count--;
    this.truncateToCount(count);
  }
}
