/**
 * How many bytes a moving high watermark has passed: what a fetch that waits for `min.bytes` counts.
 *
 * It remembers the batches between the high watermark and the end of the log. When a slow follower lets these pile up,
 * neighbours are merged; the count is then a little late, never lost.
 */
import type { Offset } from '../base/flavor.ts';

const remembered = 1024;

export class AdvancedBytes {
  #endOffsets: Offset[] = [];
  #sizes: number[] = [];
  #first = 0;

  appended(endOffset: Offset, sizeInBytes: number): void {
    const last = this.#endOffsets.length - 1;
    if (last - this.#first + 1 >= remembered) {
      this.#endOffsets[last] = endOffset;
      this.#sizes[last]! += sizeInBytes;
      return;
    }
    this.#endOffsets.push(endOffset);
    this.#sizes.push(sizeInBytes);
  }

  /** The bytes of the batches that end at or before `offset` and were not counted before. */
  advanceTo(offset: Offset): number {
    let bytes = 0;
    while (this.#first < this.#endOffsets.length && this.#endOffsets[this.#first]! <= offset) {
      bytes += this.#sizes[this.#first]!;
      this.#first++;
    }
    if (this.#first === this.#endOffsets.length) {
      this.#endOffsets.length = 0;
      this.#sizes.length = 0;
      this.#first = 0;
    } else if (this.#first > remembered) {
      this.#endOffsets = this.#endOffsets.slice(this.#first);
      this.#sizes = this.#sizes.slice(this.#first);
      this.#first = 0;
    }
    return bytes;
  }
}
