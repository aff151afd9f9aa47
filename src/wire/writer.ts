import type { Uuid } from '../base/uuid.ts';
import { writeInt64 } from './int64.ts';
import { WireError } from './wire-error.ts';

const FIRST_CHUNK_SIZE = 256;
const MAX_CHUNK_SIZE = 65_536;
/** From this size on, bytes are put into the list of chunks by reference; copying smaller ones is cheaper than one more iovec. */
const REFERENCE_SIZE = 2048;
const MAX_STRING_BYTES = 32_767;

/**
 * Writes Kafka's primitive types into a growing list of chunks, ready for one `writev`. Large byte values are taken by
 * reference: their owner must not change them until the chunks are sent.
 */
export class Writer {
  #chunk: Buffer;
  #position = 0;
  #chunkStart = 0;
  readonly #chunks: Buffer[] = [];
  #size = 0;

  constructor(sizeHint = FIRST_CHUNK_SIZE) {
    this.#chunk = Buffer.allocUnsafe(sizeHint);
  }

  /** Bytes written so far. */
  get size(): number {
    return this.#size + this.#position - this.#chunkStart;
  }

  /** All that was written, in order. Nothing may be written afterwards. */
  chunks(): Buffer[] {
    this.#closeChunk();
    return this.#chunks;
  }

  /** All that was written as one buffer; copies where there are several chunks. */
  toBuffer(): Buffer {
    const chunks = this.chunks();
    return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, this.#size);
  }

  #closeChunk(): void {
    if (this.#position === this.#chunkStart) return;
    this.#chunks.push(this.#chunk.subarray(this.#chunkStart, this.#position));
    this.#size += this.#position - this.#chunkStart;
    this.#chunkStart = this.#position;
  }

  /** Room for `size` bytes in one piece; gives the position to write at. */
  #take(size: number): number {
    const position = this.#position;
    if (position + size <= this.#chunk.length) {
      this.#position = position + size;
      return position;
    }
    this.#closeChunk();
    this.#chunk = Buffer.allocUnsafe(Math.max(size, Math.min(this.#chunk.length * 2, MAX_CHUNK_SIZE)));
    this.#chunkStart = 0;
    this.#position = size;
    return 0;
  }

  bool(value: boolean): void {
    const p = this.#take(1);
    this.#chunk[p] = value ? 1 : 0;
  }

  int8(value: number): void {
    const p = this.#take(1);
    this.#chunk[p] = value;
  }

  int16(value: number): void {
    const p = this.#take(2);
    this.#chunk[p] = value >> 8;
    this.#chunk[p + 1] = value;
  }

  uint16(value: number): void {
    this.int16(value);
  }

  int32(value: number): void {
    const p = this.#take(4);
    const b = this.#chunk;
    b[p] = value >> 24;
    b[p + 1] = value >> 16;
    b[p + 2] = value >> 8;
    b[p + 3] = value;
  }

  uint32(value: number): void {
    this.int32(value | 0);
  }

  int64(value: number): void {
    const p = this.#take(8);
    writeInt64(this.#chunk, p, value);
  }

  float64(value: number): void {
    const p = this.#take(8);
    this.#chunk.writeDoubleBE(value, p);
  }

  uuid(value: Uuid): void {
    const p = this.#take(16);
    if (value.length !== 22 || this.#chunk.write(value, p, 16, 'base64url') !== 16) {
      throw new WireError(`not a UUID: ${value}`);
    }
  }

  uvarint(value: number): void {
    let rest = value >>> 0;
    while (rest >= 0x80) {
      this.int8((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    this.int8(rest);
  }

  string(value: string): void {
    const length = checkedByteLength(value);
    this.int16(length);
    this.#text(value, length);
  }

  nullableString(value: string | null): void {
    if (value === null) this.int16(-1);
    else this.string(value);
  }

  compactString(value: string): void {
    const length = checkedByteLength(value);
    this.uvarint(length + 1);
    this.#text(value, length);
  }

  compactNullableString(value: string | null): void {
    if (value === null) this.int8(0);
    else this.compactString(value);
  }

  #text(value: string, byteLength: number): void {
    const p = this.#take(byteLength);
    if (byteLength === value.length && byteLength < 24) {
      for (let i = 0; i < byteLength; i++) this.#chunk[p + i] = value.charCodeAt(i);
    } else {
      this.#chunk.write(value, p, byteLength, 'utf8');
    }
  }

  /** The bytes alone, without a length. */
  raw(value: Uint8Array): void {
    if (value.length >= REFERENCE_SIZE) {
      this.#closeChunk();
      this.#chunks.push(asBuffer(value));
      this.#size += value.length;
      return;
    }
    const p = this.#take(value.length);
    this.#chunk.set(value, p);
  }

  bytes(value: Uint8Array): void {
    this.int32(value.length);
    this.raw(value);
  }

  nullableBytes(value: Uint8Array | null): void {
    if (value === null) this.int32(-1);
    else this.bytes(value);
  }

  compactBytes(value: Uint8Array): void {
    this.uvarint(value.length + 1);
    this.raw(value);
  }

  compactNullableBytes(value: Uint8Array | null): void {
    if (value === null) this.int8(0);
    else this.compactBytes(value);
  }

  /** Takes over all that `other` holds. */
  append(other: Writer): void {
    for (const chunk of other.chunks()) this.raw(chunk);
  }
}

function checkedByteLength(value: string): number {
  const length = Buffer.byteLength(value, 'utf8');
  if (length > MAX_STRING_BYTES) throw new WireError(`string of ${length} bytes; ${MAX_STRING_BYTES} is the most`);
  return length;
}

function asBuffer(value: Uint8Array): Buffer {
  return Buffer.isBuffer(value) ? value : Buffer.from(value.buffer, value.byteOffset, value.byteLength);
}
