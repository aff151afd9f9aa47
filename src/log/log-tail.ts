/**
 * The most recently appended bytes of a log, in memory: consumers that keep up are served from here without a copy, and
 * the writer takes its buffers from here.
 *
 * Batches are copied side by side into blocks, so that they do not hold the request they came in, and leave in one piece,
 * both to the file and to a consumer; only large ones are kept as they are. A block only grows, and its memory is used again
 * only if nobody has read it: a slice that was handed out never changes. What is not yet written is never dropped.
 *
 *     blocks   [ batch batch batch ....free ] [ large batch ] [ batch ......free ]
 *              ^ startOffset, startPosition                             ^ length
 */
import type { FilePosition, Offset } from '../base/flavor.ts';
import * as batch from '../wire/records/record-batch.ts';

const COPIED_BATCH_SIZE_MAX = 65_536;
const BLOCK_SIZE_MIN = 1024;
const BLOCK_SIZE_MAX = 262_144;
/** Of the largest size, kept for the next block: what a few logs write between two drops. */
const SPARE_BLOCKS_MAX = 8;

export interface TailBlock {
  readonly tail: LogTail;
  /** Log end offset before its first batch: offsets missing in front of that batch belong to it. */
  readonly startOffset: Offset;
  readonly segmentBaseOffset: Offset;
  /** File position of its first byte. */
  readonly startPosition: FilePosition;
  readonly buffer: Buffer;
  length: number;
  /** Exclusive. */
  endOffset: Offset;
  /** Where the last read stopped; most reads begin there. */
  hintOffset: Offset;
  hintPosition: number;
  /** Somebody has, or had, a slice of it: its memory is never written to again. */
  isLent: boolean;
}

/**
 * What all logs of a directory may keep together. The oldest blocks go first, whichever log they are of; a block that its
 * log drops is forgotten here at once, or an idle log's block in front of it would keep it in memory for ever.
 */
export class TailBudget {
  readonly #bytesMax: number;
  #bytes = 0;
  /** Oldest first. */
  readonly #blocks = new Set<TailBlock>();
  readonly #spare: Buffer[] = [];

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Of all blocks that are kept, their free room included. */
  get bytes(): number {
    return this.#bytes;
  }

  get blockCount(): number {
    return this.#blocks.size;
  }

  add(block: TailBlock): void {
    this.#bytes += block.buffer.length;
    this.#blocks.add(block);
    this.trim();
  }

  remove(block: TailBlock): void {
    if (this.#blocks.delete(block)) this.#bytes -= block.buffer.length;
  }

  /** Memory for a block. */
  take(size: number): Buffer {
    return (size === BLOCK_SIZE_MAX ? this.#spare.pop() : undefined) ?? Buffer.allocUnsafeSlow(size);
  }

  /**
   * The memory of a block that nobody has seen and that is in the file. Used again, it is no work for the garbage
   * collector, which counts such memory as its own and would otherwise run for every few dozen megabytes that are produced.
   */
  give(buffer: Buffer): void {
    if (buffer.length === BLOCK_SIZE_MAX && this.#spare.length < SPARE_BLOCKS_MAX) this.#spare.push(buffer);
  }

  trim(): void {
    if (this.#bytes <= this.#bytesMax) return;
    for (const block of this.#blocks) {
      // The oldest block of all is the oldest of its log; one that is not in the file yet stays, and all behind it.
      if (!block.tail.dropOldest() || this.#bytes <= this.#bytesMax) return;
    }
  }
}

export class LogTail {
  readonly #budget: TailBudget;
  readonly #bytesMax: number;
  #blocks: TailBlock[] = [];
  #bytes = 0;
  /** Everything below is in the file. */
  #writtenEndOffset: Offset;

  constructor(budget: TailBudget, bytesMax: number, endOffset: Offset) {
    this.#budget = budget;
    this.#bytesMax = bytesMax;
    this.#writtenEndOffset = endOffset;
  }

  /** Offsets from here on are in memory; Infinity when nothing is. */
  get startOffset(): Offset {
    return this.#blocks.length === 0 ? Number.POSITIVE_INFINITY : this.#blocks[0]!.startOffset;
  }

  /** `records`: whole batches, appended at `position` of the segment. Gives the block that now ends with them. */
  append(
    segmentBaseOffset: Offset,
    position: FilePosition,
    records: Buffer,
    logEndOffset: Offset,
    nextOffset: Offset,
  ): TailBlock {
    const last = this.#blocks[this.#blocks.length - 1];
    const copied = records.length <= COPIED_BATCH_SIZE_MAX;
    if (
      copied &&
      last !== undefined &&
      last.segmentBaseOffset === segmentBaseOffset &&
      last.buffer.length - last.length >= records.length
    ) {
      last.buffer.set(records, last.length);
      last.length += records.length;
      last.endOffset = nextOffset;
      return last;
    }
    let buffer = records;
    if (copied) {
      const previous = last !== undefined && last.buffer.length <= BLOCK_SIZE_MAX ? last.buffer.length : 0;
      let size = Math.max(BLOCK_SIZE_MIN, Math.min(previous * 2, BLOCK_SIZE_MAX));
      while (size < records.length) size *= 2;
      buffer = this.#budget.take(size);
      buffer.set(records, 0);
    }
    const block: TailBlock = {
      tail: this,
      startOffset: logEndOffset,
      segmentBaseOffset,
      startPosition: position,
      buffer,
      length: records.length,
      endOffset: nextOffset,
      hintOffset: logEndOffset,
      hintPosition: 0,
      isLent: !copied,
    };
    this.#blocks.push(block);
    this.#bytes += buffer.length;
    this.#budget.add(block);
    while (this.#bytes > this.#bytesMax && this.dropOldest());
    return block;
  }

  /** Everything below `endOffset` is in the file now. */
  written(endOffset: Offset): void {
    this.#writtenEndOffset = endOffset;
    while (this.#bytes > this.#bytesMax && this.dropOldest());
    this.#budget.trim();
  }

  /** False when there is none, or it is not written yet. */
  dropOldest(): boolean {
    const block = this.#blocks[0];
    if (block === undefined || block.endOffset > this.#writtenEndOffset) return false;
    this.#blocks.shift();
    this.#forget(block);
    if (!block.isLent) this.#budget.give(block.buffer);
    return true;
  }

  /** Drops what begins below `offset`: it was compacted, and what a reader must know of it may be gone. */
  dropBelow(offset: Offset): void {
    while (this.#blocks.length > 0 && this.#blocks[0]!.startOffset < offset && this.dropOldest());
  }

  clear(): void {
    for (const block of this.#blocks) this.#forget(block);
    this.#blocks = [];
  }

  #forget(block: TailBlock): void {
    this.#bytes -= block.buffer.length;
    this.#budget.remove(block);
  }

  /**
   * Whole batches from the one that holds `fetchOffset` (>= startOffset) on, as `PartitionLog.read` describes. `result`
   * gets the offset after the last of them; an empty buffer leaves it alone.
   */
  read(
    fetchOffset: Offset,
    bytesMax: number,
    minOneBatch: boolean,
    endOffset: Offset,
    result: { nextOffset: Offset },
  ): Buffer {
    let index = this.#blocks.length - 1;
    while (index > 0 && this.#blocks[index]!.startOffset > fetchOffset) index--;
    let pieces: Buffer[] | null = null;
    let only: Buffer = EMPTY;
    let total = 0;
    let full = false;
    for (; index < this.#blocks.length && !full; index++) {
      const block = this.#blocks[index]!;
      const buffer = block.buffer;
      let start = total === 0 && fetchOffset >= block.hintOffset ? block.hintPosition : 0;
      if (total === 0) {
        while (start < block.length && batch.lastOffset(buffer, start) < fetchOffset) {
          start += batch.sizeInBytes(buffer, start);
        }
      }
      let end = start;
      while (end < block.length) {
        const size = batch.sizeInBytes(buffer, end);
        const next = batch.nextOffset(buffer, end);
        if (next > endOffset || (total + size > bytesMax && !(minOneBatch && total === 0))) {
          full = true;
          break;
        }
        total += size;
        end += size;
        result.nextOffset = next;
      }
      if (end > start) {
        block.hintOffset = result.nextOffset;
        block.hintPosition = end;
        const piece = buffer.subarray(start, end);
        block.isLent = true;
        if (pieces !== null) pieces.push(piece);
        else if (only.length === 0) only = piece;
        else pieces = [only, piece];
      }
    }
    return pieces === null ? only : Buffer.concat(pieces, total);
  }
}

const EMPTY = Buffer.alloc(0);
