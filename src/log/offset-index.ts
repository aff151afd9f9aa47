/**
 * `.index`: sparse map from offset to file position. An entry is int32 offset (relative to the segment's base offset) of
 * the last record of a batch, int32 position of that batch; both ascend.
 */
import type { FilePosition, Offset } from '../base/flavor.ts';
import type { FileSystem } from '../io/file-system.ts';
import { IndexFile } from './index-file.ts';
import { INDEX_SUFFIX, type SegmentPlace } from './log-files.ts';
import { CorruptIndexError } from './storage-error.ts';

const ENTRY_SIZE = 8;

export class OffsetIndex extends IndexFile {
  constructor(fileSystem: FileSystem, place: SegmentPlace, onDisk: boolean) {
    super(fileSystem, place, INDEX_SUFFIX, ENTRY_SIZE, onDisk);
  }

  protected override check(entries: Buffer, count: number): void {
    let offset = -1;
    let position = -1;
    for (let i = 0; i < count; i++) {
      const nextOffset = entries.readInt32BE(i * ENTRY_SIZE);
      const nextPosition = entries.readInt32BE(i * ENTRY_SIZE + 4);
      // A single entry at the base offset is right: a compacted segment may begin so.
      if (nextOffset <= offset || nextPosition <= position) {
        throw new CorruptIndexError(`${this.path}: entry ${i} does not ascend`);
      }
      offset = nextOffset;
      position = nextPosition;
    }
  }

  isFull(sizeMax: number): boolean {
    return this.entryCount >= Math.floor(sizeMax / ENTRY_SIZE);
  }

  append(offset: Offset, position: FilePosition): void {
    const at = this.extend();
    const entries = this.loaded();
    entries.writeInt32BE(offset - this.place.baseOffset, at);
    entries.writeInt32BE(position, at + 4);
  }

  entry(index: number): { offset: Offset; position: FilePosition } {
    const entries = this.loaded();
    return {
      offset: this.place.baseOffset + entries.readInt32BE(index * ENTRY_SIZE),
      position: entries.readInt32BE(index * ENTRY_SIZE + 4),
    };
  }

  /** Where to begin looking for `offset`: the position of the last entry at or below it, 0 when there is none. */
  lookup(offset: Offset): FilePosition {
    const index = this.#floor(offset);
    return index < 0 ? 0 : this.loaded().readInt32BE(index * ENTRY_SIZE + 4);
  }

  /** Position of the last entry, 0 when there is none. */
  lastPosition(): FilePosition {
    return this.entryCount === 0 ? 0 : this.loaded().readInt32BE((this.entryCount - 1) * ENTRY_SIZE + 4);
  }

  /** Index of the last entry whose offset is not above `offset`; -1 when there is none. */
  #floor(offset: Offset): number {
    const entries = this.loaded();
    const relative = offset - this.place.baseOffset;
    let low = -1;
    let high = this.entryCount - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (entries.readInt32BE(middle * ENTRY_SIZE) <= relative) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** Keeps only entries of offsets below `offset`. */
  truncateTo(offset: Offset): void {
    this.truncateToCount(this.#floor(offset - 1) + 1);
  }
}
