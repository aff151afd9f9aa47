/**
 * Key -> its last offset, for compaction, in a fixed amount of memory: 24 bytes a key. Not the key is kept but a hash of
 * 128 bits, so two keys are taken for one with a chance that nobody lives to see. The hash is keyed (two HalfSipHash-1-3 of
 * 64 bits), because who writes keys must not be able to choose two that collide and so make one of them vanish.
 *
 *     hashes   4 x int32 per slot      linear probing from hash mod slots
 *     offsets  float64 per slot        offset + 1; 0: the slot is free
 */
import { assert } from '../base/assert.ts';
import type { Offset } from '../base/flavor.ts';

const BYTES_PER_SLOT = 24;
export const HASH_KEY_SIZE = 16;

/** How many keys fit into `size` bytes when every slot is taken. */
export function slotsIn(size: number): number {
  return Math.floor(size / BYTES_PER_SLOT);
}

export class KeyOffsetMap {
  readonly slotCount: number;
  size = 0;
  readonly #hashes: Int32Array;
  readonly #offsets: Float64Array;
  readonly #hashKey: Int32Array;
  readonly #hash = new Int32Array(4);

  /** `hashKey`: 16 random bytes. */
  constructor(slotCount: number, hashKey: Uint8Array) {
    assert(slotCount > 0 && hashKey.length === HASH_KEY_SIZE, 'a map has slots and a key');
    this.slotCount = slotCount;
    this.#hashes = new Int32Array(slotCount * 4);
    this.#offsets = new Float64Array(slotCount);
    this.#hashKey = new Int32Array(new Uint8Array(hashKey).buffer);
  }

  /** Offsets come in ascending order, or what was there is kept. There must be room. */
  put(buffer: Buffer, start: number, size: number, offset: Offset): void {
    const slot = this.#find(buffer, start, size);
    if (this.#offsets[slot] === 0) {
      // One slot stays free: a search ends there.
      assert(this.size + 1 < this.slotCount, 'the map of keys is full');
      this.#hashes.set(this.#hash, slot * 4);
      this.size++;
    }
    if (offset + 1 > this.#offsets[slot]!) this.#offsets[slot] = offset + 1;
  }

  /** -1: not there. */
  get(buffer: Buffer, start: number, size: number): Offset {
    return this.#offsets[this.#find(buffer, start, size)]! - 1;
  }

  #find(buffer: Buffer, start: number, size: number): number {
    const hash = this.#hash;
    const key = this.#hashKey;
    halfSipHash(buffer, start, size, key[0]!, key[1]!, hash, 0);
    halfSipHash(buffer, start, size, key[2]!, key[3]!, hash, 2);
    const [h0, h1, h2, h3] = [hash[0]!, hash[1]!, hash[2]!, hash[3]!];
    const hashes = this.#hashes;
    let slot = (h0 >>> 0) % this.slotCount;
    while (this.#offsets[slot] !== 0) {
      const at = slot * 4;
      if (hashes[at] === h0 && hashes[at + 1] === h1 && hashes[at + 2] === h2 && hashes[at + 3] === h3) return slot;
      slot = slot + 1 === this.slotCount ? 0 : slot + 1;
    }
    return slot;
  }
}

/** The 64-bit variant; both halves go to `out`. Source: the SipHash paper's 32-bit relative, as Linux has it. */
function halfSipHash(
  buffer: Buffer,
  start: number,
  size: number,
  key0: number,
  key1: number,
  out: Int32Array,
  at: number,
): void {
  let v0 = key0;
  let v1 = key1 ^ 0xee;
  let v2 = key0 ^ 0x6c796765;
  let v3 = key1 ^ 0x74656462;
  const wordCount = (size >>> 2) + 1;
  // One round for each word, the last one with the size and the rest, then three, out, three, out.
  for (let i = 0; i < wordCount + 6; i++) {
    let word = 0;
    if (i < wordCount) {
      const position = start + i * 4;
      if (i < wordCount - 1) {
        word =
          buffer[position]! |
          (buffer[position + 1]! << 8) |
          (buffer[position + 2]! << 16) |
          (buffer[position + 3]! << 24);
      } else {
        word = size << 24;
        for (let rest = 0; rest < (size & 3); rest++) word |= buffer[position + rest]! << (8 * rest);
      }
      v3 ^= word;
    } else if (i === wordCount) {
      v2 ^= 0xee;
    } else if (i === wordCount + 3) {
      out[at] = v1 ^ v3;
      v1 ^= 0xdd;
    }
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
    if (i < wordCount) v0 ^= word;
  }
  out[at + 1] = v1 ^ v3;
}
