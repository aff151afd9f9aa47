/** The segments of one log in the order of their offsets; at least one, of which the last is active. */
import { assert } from '../base/assert.ts';
import type { Offset } from '../base/flavor.ts';
import { type FileRead, findMaxTimestamp, findTimestamp, readSegment } from './log-reader.ts';
import type { LogSegment } from './log-segment.ts';
import type { InactiveSegment, ReadOptions, TimestampOffset } from './log-types.ts';
import type { OpenFiles } from './open-files.ts';
import type { AbortedTransaction } from './transaction-index.ts';

export class LogSegments {
  readonly #files: OpenFiles;
  #segments: LogSegment[];

  constructor(files: OpenFiles, segments: readonly LogSegment[]) {
    this.#files = files;
    this.#segments = [...segments];
  }

  get active(): LogSegment {
    return this.#segments[this.#segments.length - 1]!;
  }

  get count(): number {
    return this.#segments.length;
  }

  get firstBaseOffset(): Offset {
    return this.#segments[0]!.baseOffset;
  }

  get sizeInBytes(): number {
    let total = 0;
    for (const segment of this.#segments) total += segment.size;
    return total;
  }

  all(): readonly LogSegment[] {
    return this.#segments;
  }

  add(segment: LogSegment): void {
    this.#segments.push(segment);
  }

  /** Takes out a segment without records, behind which another one has begun. */
  takeEmpty(segment: LogSegment): LogSegment {
    assert(segment.size === 0 && segment !== this.active, 'an empty segment that is active no more');
    this.#segments = this.#segments.filter((other) => other !== segment);
    return segment;
  }

  /** Takes all segments out; another is added at once. */
  takeAll(): LogSegment[] {
    return this.#segments.splice(0);
  }

  /** Takes out the segments that begin at or after `offset`; never the first. */
  takeFrom(offset: Offset): LogSegment[] {
    return this.#segments.splice(this.#floorIndex(offset - 1) + 1);
  }

  /** Takes out the `count` oldest; the active one stays. */
  takeOldest(count: number): LogSegment[] {
    return this.#segments.splice(0, Math.min(count, this.#segments.length - 1));
  }

  /** Puts one segment in the place of neighbours, of which none is active. */
  replace(replaced: readonly LogSegment[], by: LogSegment): void {
    const index = this.#segments.indexOf(replaced[0]!);
    assert(index >= 0 && index + replaced.length < this.#segments.length, 'closed segments of this log are replaced');
    this.#segments.splice(index, replaced.length, by);
  }

  /** Takes out the segments that end at or before `offset`; never the active one. */
  takeBefore(offset: Offset): LogSegment[] {
    let count = 0;
    while (count + 1 < this.#segments.length && this.#segments[count + 1]!.baseOffset <= offset) count++;
    return this.#segments.splice(0, count);
  }

  /** All but the active one, oldest first. */
  inactive(): InactiveSegment[] {
    const found: InactiveSegment[] = [];
    for (let i = 0; i + 1 < this.#segments.length; i++) {
      const segment = this.#segments[i]!;
      found.push({
        baseOffset: segment.baseOffset,
        endOffset: this.#segments[i + 1]!.baseOffset,
        sizeInBytes: segment.size,
        largestTimestampMs: segment.maxTimestampMs >= 0 ? segment.maxTimestampMs : segment.modifiedMs,
      });
    }
    return found;
  }

  /** Closed segments from the one that holds `offset` on. */
  closedFrom(offset: Offset): readonly LogSegment[] {
    return this.#segments.slice(this.#floorIndex(offset), -1);
  }

  /** Index of the segment that holds `offset`: the last one that begins at or before it, or the first. */
  #floorIndex(offset: Offset): number {
    let low = 0;
    let high = this.#segments.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#segments[middle]!.baseOffset <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** As `readSegment`; where compaction left a gap at the end of a segment, the next one has the answer. */
  async read(
    fetchOffset: Offset,
    bytesMax: number,
    options: ReadOptions,
    indexIntervalBytes: number,
  ): Promise<FileRead | null> {
    // A list of now: what is removed under the read fails there, and the log begins again.
    const segments = this.#segments.slice(this.#floorIndex(fetchOffset));
    for (const segment of segments) {
      const found = await readSegment(this.#files, segment, fetchOffset, bytesMax, options, indexIntervalBytes);
      if (found !== null) return found;
    }
    return null;
  }

  /** The first record at or behind `startOffset` whose timestamp is at least `timestampMs`. */
  findTimestamp(timestampMs: number, startOffset: Offset): TimestampOffset | null {
    for (const segment of this.#segments) {
      if (segment.maxTimestampMs < timestampMs) continue;
      const found = findTimestamp(this.#files, segment, timestampMs, startOffset);
      if (found !== null) return found;
    }
    return null;
  }

  /** The record with the largest timestamp, in the first segment that has it. */
  findMaxTimestamp(): TimestampOffset | null {
    let best = this.#segments[0]!;
    for (const segment of this.#segments) if (segment.maxTimestampMs > best.maxTimestampMs) best = segment;
    return best.maxTimestampMs < 0 ? null : findMaxTimestamp(this.#files, best);
  }

  /** Those that overlap [fetchOffset, endOffset), by first offset: markers ascend by their ends, clients read by beginnings. */
  abortedTransactions(fetchOffset: Offset, endOffset: Offset): AbortedTransaction[] {
    const found: AbortedTransaction[] = [];
    for (let index = this.#floorIndex(fetchOffset); index < this.#segments.length; index++) {
      if (this.#segments[index]!.transactionIndex.collect(fetchOffset, endOffset, found)) break;
    }
    return found.sort((left, right) => left.firstOffset - right.firstOffset);
  }

  moveTo(directory: string): void {
    for (const segment of this.#segments) segment.moveTo(directory);
  }

  closeFiles(): void {
    for (const segment of this.#segments) segment.closeFile();
  }
}
