import { RecordError } from './record-error.ts';
import { xxHash32 } from './xx-hash32.ts';

/**
 * LZ4 frames as Kafka reads and writes them: independent blocks, no dictionary. Written here because no prebuilt binding
 * stops at a size limit or forgives what Kafka forgives; see docs/decisions/compression-lz4.md.
 *
 *     magic 0x184D2204 LE | FLG | BD | [content size 8] | header checksum | blocks | end mark 0 | [content checksum 4]
 *     block: size LE, highest bit set where stored uncompressed | bytes | [block checksum 4]
 *
 * Kafka does not look at the content checksum and ignores whatever follows the first frame: so do we.
 */
const MAGIC = 0x184d2204;
const INCOMPRESSIBLE = 0x8000_0000;
/** 64 KiB, what Kafka writes; a producer may choose up to 4 MiB. */
const BLOCK_SIZE_ID = 4;
const BLOCK_SIZE = 1 << 16;
/** Version 1, independent blocks. */
const FLG = 0x60;
const HEADER_SIZE = 7;

export function decompressLz4(source: Buffer, maxSize: number): Buffer {
  if (source.length < HEADER_SIZE) throw broken('the frame header is cut');
  if (source.readUInt32LE(0) !== MAGIC) throw broken('no LZ4 frame');
  const flags = source[4]!;
  const descriptor = source[5]!;
  // Linked blocks, a dictionary, reserved bits and other versions: the official reader refuses each.
  if (flags >>> 6 !== 1 || (flags & 0x20) === 0 || (flags & 0x03) !== 0)
    throw broken(`unsupported frame flags ${flags}`);
  const blockSizeId = descriptor >>> 4;
  if ((descriptor & 0x8f) !== 0 || blockSizeId < 4) throw broken(`unsupported block descriptor ${descriptor}`);
  const blockSizeMax = 1 << (2 * blockSizeId + 8);
  const blockChecksum = (flags & 0x10) !== 0;
  const headerEnd = 6 + ((flags & 0x08) !== 0 ? 8 : 0);
  if (source.length <= headerEnd) throw broken('the frame header is cut');
  if (source[headerEnd] !== ((xxHash32(source, 4, headerEnd) >>> 8) & 0xff)) throw broken('wrong header checksum');

  let position = headerEnd + 1;
  let target = Buffer.allocUnsafe(Math.min(maxSize, Math.max(256, source.length * 4)));
  let written = 0;
  for (;;) {
    if (position + 4 > source.length) throw broken('the stream is cut');
    const word = source.readUInt32LE(position);
    position += 4;
    if (word === 0) break;
    const stored = word >= INCOMPRESSIBLE;
    const size = stored ? word - INCOMPRESSIBLE : word;
    if (size > blockSizeMax) throw broken(`block of ${size} bytes, the frame allows ${blockSizeMax}`);
    const end = position + size;
    if (end + (blockChecksum ? 4 : 0) > source.length) throw broken('the stream is cut');
    // A block of n bytes holds at most 255 n.
    const needed = stored ? size : Math.min(blockSizeMax, size * 255);
    if (written + needed > target.length) {
      const grown = Buffer.allocUnsafe(Math.min(maxSize, Math.max(target.length * 2, written + needed)));
      target.copy(grown, 0, 0, written);
      target = grown;
    }
    if (stored) {
      if (written + size > maxSize) throw tooLarge(maxSize);
      source.copy(target, written, position, end);
      written += size;
    } else {
      const limit = Math.min(target.length, written + blockSizeMax);
      const after = decompressBlock(source, position, end, target, written, limit);
      if (after === -1) throw broken('a block is damaged');
      if (after === -2) throw limit === maxSize ? tooLarge(maxSize) : broken('a block is too long');
      written = after;
    }
    position = end;
    if (blockChecksum) {
      if (xxHash32(source, end - size, end) !== source.readUInt32LE(position)) throw broken('wrong block checksum');
      position += 4;
    }
  }
  return target.subarray(0, written);
}

/** One LZ4 block into `target[position, limit)`. Returns the position after it, -1 when damaged, -2 when it does not fit. */
function decompressBlock(
  source: Buffer,
  start: number,
  end: number,
  target: Buffer,
  position: number,
  limit: number,
): number {
  const origin = position;
  let from = start;
  let to = position;
  for (;;) {
    if (from >= end) return -1;
    const token = source[from++]!;
    let literals = token >>> 4;
    if (literals === 15) {
      let more: number;
      do {
        if (from >= end) return -1;
        more = source[from++]!;
        literals += more;
      } while (more === 255);
    }
    const literalsEnd = from + literals;
    if (literalsEnd > end) return -1;
    if (to + literals > limit) return -2;
    if (literals > 32) {
      target.set(source.subarray(from, literalsEnd), to);
      to += literals;
      from = literalsEnd;
    } else {
      while (from < literalsEnd) target[to++] = source[from++]!;
    }
    if (from === end) return to;

    if (from + 2 > end) return -1;
    const distance = source[from]! | (source[from + 1]! << 8);
    from += 2;
    let length = (token & 15) + 4;
    if (length === 19) {
      let more: number;
      do {
        if (from >= end) return -1;
        more = source[from++]!;
        length += more;
      } while (more === 255);
    }
    let match = to - distance;
    if (distance === 0 || match < origin) return -1;
    const matchEnd = to + length;
    if (matchEnd > limit) return -2;
    if (length > 64 && distance >= length) {
      target.copyWithin(to, match, match + length);
      to = matchEnd;
    } else if (distance === 1 && length > 32) {
      target.fill(target[match]!, to, matchEnd);
      to = matchEnd;
    } else {
      while (to < matchEnd) target[to++] = target[match++]!;
    }
  }
}

export function compressLz4(source: Buffer): Buffer {
  const blocks = Math.ceil(source.length / BLOCK_SIZE);
  // A block that does not shrink is stored as it is.
  const target = Buffer.allocUnsafe(HEADER_SIZE + blocks * 4 + source.length + 4);
  target.writeUInt32LE(MAGIC, 0);
  target[4] = FLG;
  target[5] = BLOCK_SIZE_ID << 4;
  target[6] = (xxHash32(target, 4, 6) >>> 8) & 0xff;
  let position = HEADER_SIZE;
  for (let start = 0; start < source.length; start += BLOCK_SIZE) {
    const end = Math.min(source.length, start + BLOCK_SIZE);
    const size = compressBlock(source, start, end, target, position + 4, position + 4 + (end - start) - 1);
    if (size === 0) {
      target.writeUInt32LE(INCOMPRESSIBLE + (end - start), position);
      source.copy(target, position + 4, start, end);
      position += 4 + (end - start);
    } else {
      target.writeUInt32LE(size, position);
      position += 4 + size;
    }
  }
  target.writeUInt32LE(0, position);
  return target.subarray(0, position + 4);
}

const HASH_BITS = 13;
/** Block-relative position of the last occurrence of a hash, plus one; a block has at most 2^16 bytes. */
const hashTable = new Int32Array(1 << HASH_BITS);
/** The last match must start this far before the end, and the last bytes are literals: rules of the format. */
const LAST_MATCH_MARGIN = 12;
const LAST_LITERALS = 5;

/** One block into `target[position, limit)`. Returns its size, 0 when it does not fit. */
function compressBlock(
  source: Buffer,
  start: number,
  end: number,
  target: Buffer,
  position: number,
  limit: number,
): number {
  const matchLimit = end - LAST_LITERALS;
  const searchEnd = end - LAST_MATCH_MARGIN;
  let to = position;
  let anchor = start;
  let from = start;
  let misses = 0;
  hashTable.fill(0);
  while (from < searchEnd) {
    const word = source[from]! | (source[from + 1]! << 8) | (source[from + 2]! << 16) | (source[from + 3]! << 24);
    const slot = Math.imul(word, 0x9e3779b1) >>> (32 - HASH_BITS);
    let match = hashTable[slot]! - 1 + start;
    hashTable[slot] = from - start + 1;
    if (
      match < start ||
      source[match] !== source[from] ||
      source[match + 1] !== source[from + 1] ||
      source[match + 2] !== source[from + 2] ||
      source[match + 3] !== source[from + 3] ||
      from - match > 0xffff
    ) {
      // Hard to compress: look at fewer places the longer nothing is found.
      from += 1 + (misses++ >>> 6);
      continue;
    }
    misses = 0;
    while (from > anchor && match > start && source[from - 1] === source[match - 1]) {
      from--;
      match--;
    }
    const distance = from - match;
    let matchEnd = from + 4;
    match += 4;
    while (matchEnd < matchLimit && source[matchEnd] === source[match]) {
      matchEnd++;
      match++;
    }
    const literals = from - anchor;
    const length = matchEnd - from - 4;
    if (to + literals + Math.floor(literals / 255) + Math.floor(length / 255) + 8 > limit) return 0;
    const token = to++;
    target[token] = (Math.min(literals, 15) << 4) | Math.min(length, 15);
    if (literals >= 15) to = writeLength(target, to, literals - 15);
    source.copy(target, to, anchor, from);
    to += literals;
    target[to++] = distance;
    target[to++] = distance >>> 8;
    if (length >= 15) to = writeLength(target, to, length - 15);
    from = matchEnd;
    anchor = matchEnd;
  }
  const literals = end - anchor;
  if (to + literals + Math.floor(literals / 255) + 2 > limit) return 0;
  target[to++] = Math.min(literals, 15) << 4;
  if (literals >= 15) to = writeLength(target, to, literals - 15);
  source.copy(target, to, anchor, end);
  return to + literals - position;
}

function writeLength(target: Buffer, position: number, length: number): number {
  let to = position;
  let left = length;
  for (; left >= 255; left -= 255) target[to++] = 255;
  target[to++] = left;
  return to;
}

function broken(reason: string): RecordError {
  return new RecordError('broken-compression', `Broken lz4 data: ${reason}`);
}

function tooLarge(maxSize: number): RecordError {
  return new RecordError('too-large', `The records take more than ${maxSize} bytes uncompressed`);
}
