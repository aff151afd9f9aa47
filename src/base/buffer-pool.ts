/**
 * Large buffers that are used again. V8 counts the memory of buffers as its own and collects the whole heap for every few
 * dozen megabytes of it, so what is only passed on is better not left to it.
 *
 *   take -> filled -> given back by the last who has it -> take
 *
 * A buffer that nobody gives back is collected as any other, so to forget one is safe; to give one back while somebody
 * still reads it is not.
 */

/** Smaller ones are not worth it. */
export const POOLED_SIZE_MIN = 65_536;
const SIZE_STEP = 131_072;

export class BufferPool {
  readonly #bytesMax: number;
  /** By their size, which is a multiple of SIZE_STEP. */
  readonly #free = new Map<number, ArrayBufferLike[]>();
  #freeBytes = 0;
  readonly #lent = new WeakSet<ArrayBufferLike>();

  /** Keeps at most `bytesMax` for later. */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Bytes that are kept. */
  get freeBytes(): number {
    return this.#freeBytes;
  }

  /** `size` bytes of any content. */
  take(size: number): Buffer {
    if (size < POOLED_SIZE_MIN) return Buffer.allocUnsafeSlow(size);
    const rounded = Math.ceil(size / SIZE_STEP) * SIZE_STEP;
    const kept = this.#free.get(rounded)?.pop();
    if (kept !== undefined) this.#freeBytes -= rounded;
    const memory = kept ?? Buffer.allocUnsafeSlow(rounded).buffer;
    this.#lent.add(memory);
    return Buffer.from(memory, 0, size);
  }

  /** `buffer` is one that was taken, or a part of it; nobody looks at any part of it any more. Others, and a second time, are nothing. */
  give(buffer: Buffer): void {
    const memory = buffer.buffer;
    if (!this.#lent.delete(memory) || this.#freeBytes + memory.byteLength > this.#bytesMax) return;
    this.#freeBytes += memory.byteLength;
    const free = this.#free.get(memory.byteLength);
    if (free === undefined) this.#free.set(memory.byteLength, [memory]);
    else free.push(memory);
  }
}
