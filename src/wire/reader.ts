import { type Uuid, ZERO_UUID } from '../base/uuid.ts';
import { readInt64 } from './int64.ts';
import { WireError } from './wire-error.ts';

/** No message of Kafka's comes near these; a listed deviation (docs/deviations.md). */
export const MAX_COLLECTION_ELEMENTS = 1_000_000;
export const MAX_TAGGED_FIELDS = 10_000;

/** The one read last: a million offsets of a topic are loaded with one text for its id. */
let lastUuid = { a: 0, b: 0, c: 0, d: 0, text: ZERO_UUID };

/**
 * Reads Kafka's primitive types from one buffer, front to back. Every read is checked against `end` before anything is
 * allocated: a length or count beyond the bytes left is an error, not an allocation. Buffers it returns are views.
 */
export class Reader {
  readonly buffer: Buffer;
  position: number;
  readonly end: number;

  constructor(buffer: Buffer, position = 0, end = buffer.length) {
    this.buffer = buffer;
    this.position = position;
    this.end = end;
  }

  get remaining(): number {
    return this.end - this.position;
  }

  /** Moves on by `size` bytes and gives the position before. */
  #take(size: number): number {
    const position = this.position;
    if (position + size > this.end) throw new WireError(`${size} bytes wanted, ${this.end - position} left`);
    this.position = position + size;
    return position;
  }

  bool(): boolean {
    return this.buffer[this.#take(1)]! !== 0;
  }

  int8(): number {
    return (this.buffer[this.#take(1)]! << 24) >> 24;
  }

  int16(): number {
    const p = this.#take(2);
    return ((this.buffer[p]! << 24) >> 16) | this.buffer[p + 1]!;
  }

  uint16(): number {
    const p = this.#take(2);
    return (this.buffer[p]! << 8) | this.buffer[p + 1]!;
  }

  int32(): number {
    const p = this.#take(4);
    const b = this.buffer;
    return (b[p]! << 24) | (b[p + 1]! << 16) | (b[p + 2]! << 8) | b[p + 3]!;
  }

  uint32(): number {
    return this.int32() >>> 0;
  }

  int64(): number {
    return readInt64(this.buffer, this.#take(8));
  }

  float64(): number {
    return this.buffer.readDoubleBE(this.#take(8));
  }

  uuid(): Uuid {
    const p = this.#take(16);
    const { buffer } = this;
    const [a, b] = [buffer.readInt32LE(p), buffer.readInt32LE(p + 4)];
    const [c, d] = [buffer.readInt32LE(p + 8), buffer.readInt32LE(p + 12)];
    if (a !== lastUuid.a || b !== lastUuid.b || c !== lastUuid.c || d !== lastUuid.d) {
      lastUuid = { a, b, c, d, text: buffer.toString('base64url', p, p + 16) };
    }
    return lastUuid.text;
  }

  /** Unsigned varint of at most 32 bits. */
  uvarint(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.buffer[this.#take(1)]!;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
    throw new WireError('varint of more than 5 bytes');
  }

  #text(length: number): string {
    const p = this.#take(length);
    return this.buffer.toString('utf8', p, p + length);
  }

  string(): string {
    const length = this.int16();
    if (length < 0) throw new WireError('null string where none may be');
    return this.#text(length);
  }

  nullableString(): string | null {
    const length = this.int16();
    return length < 0 ? null : this.#text(length);
  }

  compactString(): string {
    const lengthPlusOne = this.uvarint();
    if (lengthPlusOne === 0) throw new WireError('null string where none may be');
    if (lengthPlusOne > 0x8000) throw new WireError(`string of ${lengthPlusOne - 1} bytes`);
    return this.#text(lengthPlusOne - 1);
  }

  compactNullableString(): string | null {
    const lengthPlusOne = this.uvarint();
    if (lengthPlusOne === 0) return null;
    if (lengthPlusOne > 0x8000) throw new WireError(`string of ${lengthPlusOne - 1} bytes`);
    return this.#text(lengthPlusOne - 1);
  }

  /** The next `length` bytes, as a view. */
  view(length: number): Buffer {
    const p = this.#take(length);
    return this.buffer.subarray(p, p + length);
  }

  bytes(): Buffer {
    const length = this.int32();
    if (length < 0) throw new WireError('null bytes where none may be');
    return this.view(length);
  }

  nullableBytes(): Buffer | null {
    const length = this.int32();
    return length < 0 ? null : this.view(length);
  }

  compactBytes(): Buffer {
    const lengthPlusOne = this.uvarint();
    if (lengthPlusOne === 0) throw new WireError('null bytes where none may be');
    return this.view(lengthPlusOne - 1);
  }

  compactNullableBytes(): Buffer | null {
    const lengthPlusOne = this.uvarint();
    return lengthPlusOne === 0 ? null : this.view(lengthPlusOne - 1);
  }

  /** Element count of an array; -1 is null. Each element takes a byte at least, so more elements than bytes are a lie. */
  arrayCount(): number {
    const count = this.int32();
    return count < 0 ? -1 : this.#checkCount(count);
  }

  compactArrayCount(): number {
    const countPlusOne = this.uvarint();
    return countPlusOne === 0 ? -1 : this.#checkCount(countPlusOne - 1);
  }

  #checkCount(count: number): number {
    if (count > this.end - this.position) throw new WireError(`${count} elements in ${this.remaining} bytes`);
    if (count > MAX_COLLECTION_ELEMENTS) throw new WireError(`${count} elements are more than a message may have`);
    return count;
  }

  taggedFieldCount(): number {
    const count = this.uvarint();
    if (count > MAX_TAGGED_FIELDS) throw new WireError(`${count} tagged fields are more than a struct may have`);
    return count;
  }
}
