import { RecordError } from './record-error.ts';

/**
 * Walks the records of one batch, decompressed, without making an object per record: `next` leaves the facts of one
 * record in the fields. Everything is checked against the bytes that are there before it is used.
 *
 *     length varint | attributes int8 | timestamp delta varlong | offset delta varint
 *     | key length varint (negative: null) | key | value length varint (negative: null) | value
 *     | header count varint | per header: key length varint | key | value length varint (negative: null) | value
 *
 * varint: zigzag, at most 5 bytes; varlong: zigzag, at most 10. Source: KIP-98.
 */
export class RecordCursor {
  timestampDelta = 0;
  offsetDelta = 0;
  /** Of the whole record with its length. */
  start = 0;
  /** Where the key's length is: from here to `end`, a record does not depend on its place in a batch. */
  keyLengthPosition = 0;
  keyPosition = 0;
  /** Negative: null. */
  keySize = -1;
  valuePosition = 0;
  /** Negative: null. */
  valueSize = -1;
  headerCount = 0;
  headersPosition = 0;
  end: number;

  readonly #buffer: Buffer;
  readonly #limit: number;
  /** The place of the varint reader. */
  #at = 0;

  constructor(buffer: Buffer, position: number, limit: number) {
    this.#buffer = buffer;
    this.end = position;
    this.#limit = limit;
  }

  /** False: no byte left, as it must be after the last record. */
  get hasRemaining(): boolean {
    return this.end < this.#limit;
  }

  /** Goes to the next record. Throws RecordError. */
  next(): void {
    const buffer = this.#buffer;
    this.start = this.end;
    this.#at = this.end;
    const size = this.#varint(this.#limit);
    const end = this.#at + size;
    // One byte for each of: attributes, timestamp, offset, key length, value length, header count.
    if (size < 6 || end > this.#limit) throw invalid(`record size ${size}, bytes left: ${this.#limit - this.#at}`);
    this.end = end;
    this.#at++;
    const first = buffer[this.#at]!;
    if (first < 0x80) {
      this.timestampDelta = (first >>> 1) ^ -(first & 1);
      this.#at++;
    } else {
      this.timestampDelta = this.#varlong(end);
    }
    this.offsetDelta = this.#varint(end);

    this.keyLengthPosition = this.#at;
    this.keySize = this.#varint(end);
    this.keyPosition = this.#at;
    if (this.keySize > 0) this.#skip(this.keySize, end);
    this.valueSize = this.#varint(end);
    this.valuePosition = this.#at;
    if (this.valueSize > 0) this.#skip(this.valueSize, end);

    const headerCount = this.#varint(end);
    // A header takes two bytes at least.
    if (headerCount < 0 || headerCount > end - this.#at) throw invalid(`${headerCount} headers`);
    this.headerCount = headerCount;
    this.headersPosition = this.#at;
    for (let i = 0; i < headerCount; i++) {
      const keySize = this.#varint(end);
      if (keySize < 0) throw invalid('a header without a key');
      this.#skip(keySize, end);
      const valueSize = this.#varint(end);
      if (valueSize > 0) this.#skip(valueSize, end);
    }
    if (this.#at !== end) throw invalid(`${end - this.#at} bytes after the headers of a record`);
  }

  get key(): Buffer | null {
    return this.keySize < 0 ? null : this.#buffer.subarray(this.keyPosition, this.keyPosition + this.keySize);
  }

  get value(): Buffer | null {
    return this.valueSize < 0 ? null : this.#buffer.subarray(this.valuePosition, this.valuePosition + this.valueSize);
  }

  /** Of the current record; the bytes are views. */
  headers(): { key: string; value: Buffer | null }[] {
    const headers: { key: string; value: Buffer | null }[] = [];
    this.#at = this.headersPosition;
    for (let i = 0; i < this.headerCount; i++) {
      const keySize = this.#varint(this.end);
      const key = this.#buffer.toString('utf8', this.#at, this.#at + keySize);
      this.#at += keySize;
      const valueSize = this.#varint(this.end);
      const value = valueSize < 0 ? null : this.#buffer.subarray(this.#at, this.#at + valueSize);
      if (valueSize > 0) this.#at += valueSize;
      headers.push({ key, value });
    }
    return headers;
  }

  #skip(size: number, end: number): void {
    this.#at += size;
    if (this.#at > end) throw invalid('a field is longer than its record');
  }

  #varint(end: number): number {
    const buffer = this.#buffer;
    let at = this.#at;
    if (at >= end) throw invalid('a record is cut');
    let byte = buffer[at++]!;
    if (byte < 0x80) {
      this.#at = at;
      return (byte >>> 1) ^ -(byte & 1);
    }
    let value = byte & 0x7f;
    for (let shift = 7; shift < 35; shift += 7) {
      if (at >= end) throw invalid('a record is cut');
      byte = buffer[at++]!;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) {
        this.#at = at;
        return (value >>> 1) ^ -(value & 1);
      }
    }
    throw invalid('a varint of more than 5 bytes');
  }

  /** Saturates at ±(2^53-1). */
  #varlong(end: number): number {
    const buffer = this.#buffer;
    let at = this.#at;
    let value = 0;
    let scale = 1;
    for (let count = 1; count <= 7; count++) {
      if (at >= end) throw invalid('a record is cut');
      const byte = buffer[at++]!;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        this.#at = at;
        return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
      }
      scale *= 128;
    }
    return this.#longVarlong(end);
  }

  /** 8 to 10 bytes: more than a double holds. */
  #longVarlong(end: number): number {
    let value = 0n;
    for (let count = 0n; count < 10n; count++) {
      if (this.#at >= end) throw invalid('a record is cut');
      const byte = this.#buffer[this.#at++]!;
      value |= BigInt(byte & 0x7f) << (7n * count);
      if (byte < 0x80) {
        const bits = BigInt.asUintN(64, value);
        const signed = bits & 1n ? -(bits >> 1n) - 1n : bits >> 1n;
        if (signed > BigInt(Number.MAX_SAFE_INTEGER)) return Number.MAX_SAFE_INTEGER;
        if (signed < BigInt(Number.MIN_SAFE_INTEGER)) return Number.MIN_SAFE_INTEGER;
        return Number(signed);
      }
    }
    throw invalid('a varlong of more than 10 bytes');
  }
}

function invalid(reason: string): RecordError {
  return new RecordError('invalid-record', `Invalid record: ${reason}`);
}
