/**
 * Key -> its last offset, for compaction, in a fixed amount of memory: 24 bytes a key. Not the key is kept but a hash of
 * 128 bits, so two keys are taken for one with a chance that nobody lives to see. The hash is keyed (two HalfSipHash-1-3 of
 * 64 bits), because who writes keys must not be able to choose two that collide and so make one of them vanish.
 *
 *     slot     hash 4 x int32 | offset + 1 as low and high int32 (0, 0: the slot is free)      linear probing
 *
 * One array, so that a look-up mostly costs one miss of the processor's cache.
 */
import { assert } from '../base/assert.ts';
import type { Offset } from '../base/flavor.ts';

const BYTES_PER_SLOT = 24;
const INTS_PER_SLOT = 6;
const LOW = 4;
const HIGH = 5;
const TWO_TO_32 = 0x1_0000_0000;
export const HASH_KEY_SIZE = 16;

/** How many keys fit into `size` bytes when every slot is taken. */
export function slotsIn(size: number): number {
  return Math.floor(size / BYTES_PER_SLOT);
}

export class KeyOffsetMap {
  readonly slotCount: number;
  size = 0;
  readonly #slots: Int32Array;
  readonly #hashKey: Int32Array;
  readonly #hash = new Int32Array(4);

  /** `hashKey`: 16 random bytes. */
  constructor(slotCount: number, hashKey: Uint8Array) {
    assert(slotCount > 0 && hashKey.length === HASH_KEY_SIZE, 'a map has slots and a key');
    this.slotCount = slotCount;
    this.#slots = new Int32Array(slotCount * INTS_PER_SLOT);
    this.#hashKey = new Int32Array(new Uint8Array(hashKey).buffer);
  }

  /** Offsets come in ascending order, or what was there is kept. There must be room. */
  put(buffer: Buffer, start: number, size: number, offset: Offset): void {
    const slots = this.#slots;
    const at = this.#find(buffer, start, size);
    const known = this.#offsetAt(at);
    if (known < 0) {
      // One slot stays free: a search ends there.
      assert(this.size + 1 < this.slotCount, 'the map of keys is full');
      slots.set(this.#hash, at);
      this.size++;
    }
    if (offset <= known) return;
    slots[at + LOW] = offset + 1; // the low half: a typed array takes it modulo 2^32
    slots[at + HIGH] = Math.floor((offset + 1) / TWO_TO_32);
  }

  /** -1: not there. */
  get(buffer: Buffer, start: number, size: number): Offset {
    return this.#offsetAt(this.#find(buffer, start, size));
  }

  #offsetAt(at: number): Offset {
    return this.#slots[at + HIGH]! * TWO_TO_32 + (this.#slots[at + LOW]! >>> 0) - 1;
  }

  /** Where the key's slot begins, or the free one that it would get. */
  #find(buffer: Buffer, start: number, size: number): number {
    const hash = this.#hash;
    const key = this.#hashKey;
    hashTwice(buffer, start, size, key, hash);
    const h0 = hash[0]!;
    const slots = this.#slots;
    let at = ((h0 >>> 0) % this.slotCount) * INTS_PER_SLOT;
    while (slots[at + LOW] !== 0 || slots[at + HIGH] !== 0) {
      if (slots[at] === h0 && slots[at + 1] === hash[1] && slots[at + 2] === hash[2] && slots[at + 3] === hash[3]) {
        return at;
      }
      at += INTS_PER_SLOT;
      if (at === slots.length) at = 0;
    }
    return at;
  }
}

/**
 * HalfSipHash, the variant of 64 bits, with two keys side by side: its steps wait for each other, so the second one costs little.
 * `out` gets both halves of the first and then of the second. Source: the SipHash paper's 32-bit relative, as Linux has it.
 */
function hashTwice(buffer: Buffer, start: number, size: number, key: Int32Array, out: Int32Array): void {
  const key0 = key[0]!;
  const key1 = key[1]!;
  const key2 = key[2]!;
  const key3 = key[3]!;
  let v0 = key0;
  let v1 = key1 ^ 0xee;
  let v2 = key0 ^ 0x6c796765;
  let v3 = key1 ^ 0x74656462;
  let w0 = key2;
  let w1 = key3 ^ 0xee;
  let w2 = key2 ^ 0x6c796765;
  let w3 = key3 ^ 0x74656462;
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
      w3 ^= word;
    } else if (i === wordCount) {
      v2 ^= 0xee;
      w2 ^= 0xee;
    } else if (i === wordCount + 3) {
      out[0] = v1 ^ v3;
      out[2] = w1 ^ w3;
      v1 ^= 0xdd;
      w1 ^= 0xdd;
    }
    v0 = (v0 + v1) | 0;
    w0 = (w0 + w1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    w1 = ((w1 << 5) | (w1 >>> 27)) ^ w0;
    v0 = (v0 << 16) | (v0 >>> 16);
    w0 = (w0 << 16) | (w0 >>> 16);
    v2 = (v2 + v3) | 0;
    w2 = (w2 + w3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    w3 = ((w3 << 8) | (w3 >>> 24)) ^ w2;
    v0 = (v0 + v3) | 0;
    w0 = (w0 + w3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    w3 = ((w3 << 7) | (w3 >>> 25)) ^ w0;
    v2 = (v2 + v1) | 0;
    w2 = (w2 + w1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    w1 = ((w1 << 13) | (w1 >>> 19)) ^ w2;
    v2 = (v2 << 16) | (v2 >>> 16);
    w2 = (w2 << 16) | (w2 >>> 16);
    if (i < wordCount) {
      v0 ^= word;
      w0 ^= word;
    }
  }
  out[1] = v1 ^ v3;
  out[3] = w1 ^ w3;
}
