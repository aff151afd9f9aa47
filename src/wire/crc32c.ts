import { createRequire } from 'node:module';

/**
 * CRC-32C (Castagnoli), the checksum of record batches.
 *
 * The script beats a call into a native library for short input; the library is loaded when so much long input has come
 * that loading it pays, and the script does its work until then and where the platform has none. The script looks up 16 bytes a step (slicing). In a long input
 * each step waits for the one before, so there it runs three lanes side by side, each of 256 bytes, and joins their results: the
 * CRC of A followed by B is that of A, moved over as many zeros as B has bytes, xor that of B. The lanes look up a word as
 * 11, 11 and 10 bits: fewer steps than four bytes, and the tables still fit the processor's first cache.
 * They are one array, so that its address and length stay in registers, and a constant, which they would not be if it were made later:
 * it is only filled when the first input comes that is long enough.
 */

/** From this size on the native library is faster, measured by bench/wire-records.ts. */
export const NATIVE_SIZE_MIN = 256;
/** Loading the library takes about as long as the script takes for ten times as much; a start stays below it. */
const NATIVE_AFTER_BYTES = 1 << 20;

const POLYNOMIAL = 0x82f63b78;
const SLICES = 16;
const LANE_BYTES = 256;
const LANE_WORDS = LANE_BYTES / 4;
const LANES = 3;
/** Table n at 256 n: the effect of a byte that is followed by n more. */
const tables = buildTables();
/** What the lowest 11 bits, the next 11 (at 2048), and the highest 10 (at 4096) of a word become when four bytes have passed. */
const wordTable = new Int32Array(5 * 1024);
/** Byte n of a CRC, moved over a lane of zeros, at 256 n. */
const laneTable = new Int32Array(4 * 256);
let laneTablesFilled = false;
type NativeCrc = (input: Uint8Array, initial?: number) => number;
/** Undefined: not tried yet. */
let native: NativeCrc | null | undefined;
/** Of long input, before the library was tried. */
let scriptedBytes = 0;

/** CRC-32C of `buffer[start, end)`, unsigned. */
export function crc32c(buffer: Uint8Array, start: number, end: number): number {
  if (end - start >= NATIVE_SIZE_MIN) {
    if (native === undefined) {
      scriptedBytes += end - start;
      if (scriptedBytes >= NATIVE_AFTER_BYTES) native = loadNative();
    }
    // A plain view: a Buffer's own costs several times as much to make.
    if (native) return native(new Uint8Array(buffer.buffer, buffer.byteOffset + start, end - start));
  }
  return scriptCrc32c(buffer, start, end);
}

/** What `crc32c` does without a native library. */
export function scriptCrc32c(buffer: Uint8Array, start: number, end: number): number {
  const t = tables;
  let crc = -1;
  let i = start;
  if (end - start > LANES * LANE_BYTES + 3) {
    // Words can only be read at multiples of their size.
    for (; ((buffer.byteOffset + i) & 3) !== 0; i++) crc = t[(crc ^ buffer[i]!) & 0xff]! ^ (crc >>> 8);
    const blocks = Math.floor((end - i) / (LANES * LANE_BYTES));
    const words = new Int32Array(buffer.buffer, buffer.byteOffset + i, blocks * LANES * LANE_WORDS);
    crc = crcOfBlocks(crc, words);
    i += blocks * LANES * LANE_BYTES;
  }
  for (const last = end - 16; i <= last; i += 16) {
    crc =
      t[3840 + (buffer[i]! ^ (crc & 0xff))]! ^
      t[3584 + (buffer[i + 1]! ^ ((crc >>> 8) & 0xff))]! ^
      t[3328 + (buffer[i + 2]! ^ ((crc >>> 16) & 0xff))]! ^
      t[3072 + (buffer[i + 3]! ^ (crc >>> 24))]! ^
      t[2816 + buffer[i + 4]!]! ^
      t[2560 + buffer[i + 5]!]! ^
      t[2304 + buffer[i + 6]!]! ^
      t[2048 + buffer[i + 7]!]! ^
      t[1792 + buffer[i + 8]!]! ^
      t[1536 + buffer[i + 9]!]! ^
      t[1280 + buffer[i + 10]!]! ^
      t[1024 + buffer[i + 11]!]! ^
      t[768 + buffer[i + 12]!]! ^
      t[512 + buffer[i + 13]!]! ^
      t[256 + buffer[i + 14]!]! ^
      t[buffer[i + 15]!]!;
  }
  for (; i < end; i++) crc = t[(crc ^ buffer[i]!) & 0xff]! ^ (crc >>> 8);
  return ~crc >>> 0;
}

/** Three lanes at a time, a word of each per step; words are little-endian, as on every machine that runs Node. */
function crcOfBlocks(initial: number, words: Int32Array): number {
  if (!laneTablesFilled) fillLaneTables();
  const t = wordTable;
  let a = initial;
  for (let block = 0; block < words.length; block += LANES * LANE_WORDS) {
    let b = 0;
    let c = 0;
    for (let i = block, stop = block + LANE_WORDS; i < stop; i++) {
      a ^= words[i]!;
      b ^= words[i + LANE_WORDS]!;
      c ^= words[i + 2 * LANE_WORDS]!;
      a = t[a & 0x7ff]! ^ t[2048 + ((a >>> 11) & 0x7ff)]! ^ t[4096 + (a >>> 22)]!;
      b = t[b & 0x7ff]! ^ t[2048 + ((b >>> 11) & 0x7ff)]! ^ t[4096 + (b >>> 22)]!;
      c = t[c & 0x7ff]! ^ t[2048 + ((c >>> 11) & 0x7ff)]! ^ t[4096 + (c >>> 22)]!;
    }
    a = overLane(overLane(a) ^ b) ^ c;
  }
  return a;
}

function overLane(crc: number): number {
  return (
    laneTable[crc & 0xff]! ^
    laneTable[256 + ((crc >>> 8) & 0xff)]! ^
    laneTable[512 + ((crc >>> 16) & 0xff)]! ^
    laneTable[768 + (crc >>> 24)]!
  );
}

/** Whether the native library is there. Loads it. */
export function hasNativeCrc32c(): boolean {
  if (native === undefined) native = loadNative();
  return native !== null;
}

/** For benches and tests: what machines without the native library do. */
export function useNativeCrc32c(use: boolean): void {
  native = use ? loadNative() : null;
}

function loadNative(): NativeCrc | null {
  try {
    // The package has types for exactly this function.
    return (createRequire(import.meta.url)('@node-rs/crc32') as { crc32c: NativeCrc }).crc32c;
  } catch {
    return null;
  }
}

function buildTables(): Int32Array {
  const all = new Int32Array(256 * SLICES);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
    all[byte] = crc;
  }
  for (let i = 256; i < all.length; i++) all[i] = (all[i - 256]! >>> 8) ^ all[all[i - 256]! & 0xff]!;
  return all;
}

function fillLaneTables(): void {
  for (const shift of [0, 11, 22]) {
    wordTable.set(
      linearTable(Math.min(11, 32 - shift), (bit) => moveOverZeros(1 << (bit + shift), 4)),
      (shift / 11) * 2048,
    );
  }
  for (const shift of [0, 8, 16, 24]) {
    laneTable.set(
      linearTable(8, (bit) => moveOverZeros(1 << (bit + shift), LANE_BYTES)),
      shift * 32,
    );
  }
  laneTablesFilled = true;
}

function moveOverZeros(crc: number, bytes: number): number {
  let moved = crc;
  for (let i = 0; i < bytes; i++) moved = tables[moved & 0xff]! ^ (moved >>> 8);
  return moved;
}

/** Moving is linear: the effect of a number is that of its lowest bit and that of the rest. */
function linearTable(bits: number, effect: (bit: number) => number): Int32Array {
  const table = new Int32Array(1 << bits);
  for (let bit = 0; bit < bits; bit++) table[1 << bit] = effect(bit);
  for (let i = 1; i < table.length; i++) {
    const lowest = i & -i;
    if (i !== lowest) table[i] = table[lowest]! ^ table[i - lowest]!;
  }
  return table;
}
