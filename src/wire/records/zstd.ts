import { createRequire } from 'node:module';
import { RecordError } from './record-error.ts';

/**
 * zstd: Node's own from 22.15 on, before that the WebAssembly build, loaded at the first use. Both are asked for at most
 * the size that the frames can have, which is known from their block headers without decompressing anything.
 *
 *     frame: magic 0xFD2FB528 | descriptor | [window] | [dictionary id] | [content size] | blocks | [checksum 4]
 *     block: 3 bytes LE: last (1 bit), type (2), size (21) | bytes; type: 0 raw, 1 one byte repeated, 2 compressed
 *     skippable frame: magic 0x184D2A50 to 5F | size | bytes
 *
 * Several frames may follow each other (RFC 8878).
 */
const FRAME_MAGIC = 0xfd2fb528;
const SKIPPABLE_MAGIC = 0x184d2a50;
const BLOCK_SIZE_MAX = 128 * 1024;
const DST_SIZE_TOO_SMALL = -70;

interface Zstd {
  compress(source: Buffer, level: number): Buffer;
  /** `frame` is exactly one frame, which holds at most `sizeMax` bytes. */
  decompress(frame: Buffer, sizeMax: number): Buffer;
}
let loaded: Zstd | undefined;

export function compressZstd(source: Buffer, level: number): Buffer {
  loaded ??= load();
  return loaded.compress(source, level);
}

export function decompressZstd(source: Buffer, maxSize: number): Buffer {
  loaded ??= load();
  const parts: Buffer[] = [];
  let written = 0;
  for (let position = 0; position < source.length; ) {
    const frame = readFrame(source, position);
    if (!frame.skippable) {
      if (frame.sizeMin > maxSize - written) throw tooLarge(maxSize);
      // One byte more than allowed: so that "too large" is told apart from "exactly as large as allowed".
      const limit = Math.min(frame.sizeMax, maxSize - written + 1);
      const part = decompressFrame(loaded, source.subarray(position, frame.end), limit, frame.sizeMax > limit, maxSize);
      written += part.length;
      if (written > maxSize) throw tooLarge(maxSize);
      parts.push(part);
    }
    position = frame.end;
  }
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts, written);
}

function decompressFrame(zstd: Zstd, frame: Buffer, limit: number, cut: boolean, maxSize: number): Buffer {
  try {
    return zstd.decompress(frame, limit);
  } catch (error) {
    if (error instanceof OutputTooSmall)
      throw cut ? tooLarge(maxSize) : broken('the content is longer than its frame says');
    throw broken(error instanceof Error ? error.message : String(error));
  }
}

/** What the library says when the output does not fit. */
class OutputTooSmall extends Error {
  override name = 'OutputTooSmall';
}

interface Frame {
  readonly skippable: boolean;
  /** Position after the frame. */
  readonly end: number;
  /** What the content has at least and at most. */
  readonly sizeMin: number;
  readonly sizeMax: number;
}

function readFrame(source: Buffer, start: number): Frame {
  const magic = integer(source, start, 4);
  if (magic >>> 4 === SKIPPABLE_MAGIC >>> 4) {
    const end = start + 8 + integer(source, start + 4, 4);
    if (end > source.length) throw broken('the stream is cut');
    return { skippable: true, end, sizeMin: 0, sizeMax: 0 };
  }
  if (magic !== FRAME_MAGIC) throw broken('no zstd frame');
  const descriptor = integer(source, start + 4, 1);
  const singleSegment = (descriptor & 0x20) !== 0;
  const dictionaryIdSize = [0, 1, 2, 4][descriptor & 3]!;
  const contentSizeSize = [singleSegment ? 1 : 0, 2, 4, 8][descriptor >>> 6]!;
  let position = start + 5 + (singleSegment ? 0 : 1) + dictionaryIdSize;
  let contentSize = -1;
  if (contentSizeSize > 0) {
    contentSize = integer(source, position, contentSizeSize) + (contentSizeSize === 2 ? 256 : 0);
    position += contentSizeSize;
  }
  let sizeMin = 0;
  let sizeMax = 0;
  for (let last = false; !last; ) {
    const header = integer(source, position, 3);
    position += 3;
    last = (header & 1) !== 0;
    const type = (header >>> 1) & 3;
    const size = header >>> 3;
    if (type === 3 || size > BLOCK_SIZE_MAX) throw broken('a block header is damaged');
    position += type === 1 ? 1 : size;
    if (type !== 2) sizeMin += size;
    sizeMax += type === 2 ? BLOCK_SIZE_MAX : size;
  }
  if ((descriptor & 4) !== 0) position += 4;
  if (position > source.length) throw broken('the stream is cut');
  if (contentSize > sizeMax) throw broken('the content is shorter than its frame says');
  return contentSize >= 0
    ? { skippable: false, end: position, sizeMin: contentSize, sizeMax: contentSize }
    : { skippable: false, end: position, sizeMin, sizeMax };
}

/** Little-endian; beyond 2^53 only its order of magnitude counts. */
function integer(source: Buffer, position: number, size: number): number {
  if (position + size > source.length) throw broken('the stream is cut');
  let value = 0;
  for (let i = size - 1; i >= 0; i--) value = value * 256 + source[position + i]!;
  return value;
}

function load(): Zstd {
  // Node's types for version 20 do not know them.
  const native = process.getBuiltinModule('node:zlib') as unknown as Partial<NativeZlib>;
  const { zstdCompressSync, zstdDecompressSync, constants } = native;
  if (zstdCompressSync !== undefined && zstdDecompressSync !== undefined && constants !== undefined) {
    const levelParameter = constants.ZSTD_c_compressionLevel;
    return {
      compress: (source, level) => zstdCompressSync(source, { params: { [levelParameter]: level } }),
      decompress: (frame, sizeMax) => {
        try {
          // Zero is not a limit that Node takes.
          return zstdDecompressSync(frame, { maxOutputLength: Math.max(1, sizeMax) });
        } catch (error) {
          if ((error as { code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE') throw new OutputTooSmall();
          throw error;
        }
      },
    };
  }
  return loadWasm();
}

interface NativeZlib {
  zstdCompressSync(source: Buffer, options: { params: { [parameter: number]: number } }): Buffer;
  zstdDecompressSync(source: Buffer, options: { maxOutputLength: number }): Buffer;
  constants: { ZSTD_c_compressionLevel: number };
}

/** The parts of the package's Emscripten module that are used; its own functions can neither start synchronously nor stop at a limit. */
interface WasmModule {
  instantiateWasm: (imports: object, receive: (instance: object) => object) => object;
  init(wasm: Buffer): void;
  HEAPU8: Uint8Array;
  _malloc(size: number): number;
  _free(pointer: number): void;
  _ZSTD_compressBound(size: number): number;
  _ZSTD_compress(target: number, targetSize: number, source: number, sourceSize: number, level: number): number;
  _ZSTD_decompress(target: number, targetSize: number, source: number, sourceSize: number): number;
}
interface WebAssemblyConstructors {
  readonly Module: new (wasm: Buffer) => object;
  readonly Instance: new (module: object, imports: object) => object;
}

function loadWasm(): Zstd {
  // The package exports only its entry; its parts are beside it.
  const require = createRequire(createRequire(import.meta.url).resolve('@bokuweb/zstd-wasm'));
  const { Module: wasm } = require('./zstd.js') as { Module: WasmModule };
  // Reading a package's own code is loading a module, which `require` does for every type but this one.
  const { readFileSync } = require('node:fs') as { readFileSync(path: string): Buffer };
  const bytes = readFileSync(require.resolve('./zstd.wasm'));
  const { Module, Instance } = (globalThis as unknown as { WebAssembly: WebAssemblyConstructors }).WebAssembly;
  wasm.instantiateWasm = (imports, receive) => receive(new Instance(new Module(bytes), imports));
  wasm.init(bytes);

  const run = (source: Buffer, targetSize: number, action: (target: number, from: number) => number): Buffer => {
    const from = wasm._malloc(source.length);
    const target = wasm._malloc(Math.max(1, targetSize));
    try {
      if (from === 0 || target === 0) throw new Error('out of memory');
      wasm.HEAPU8.set(source, from);
      const size = action(target, from);
      if (size === DST_SIZE_TOO_SMALL) throw new OutputTooSmall();
      // Errors are small negative numbers.
      if (size < 0) throw new Error(`zstd error ${-size}`);
      return Buffer.from(wasm.HEAPU8.subarray(target, target + size));
    } finally {
      wasm._free(target);
      wasm._free(from);
    }
  };
  return {
    compress: (source, level) => {
      const bound = wasm._ZSTD_compressBound(source.length);
      return run(source, bound, (target, from) => wasm._ZSTD_compress(target, bound, from, source.length, level));
    },
    decompress: (frame, sizeMax) =>
      run(frame, sizeMax, (target, from) => wasm._ZSTD_decompress(target, sizeMax, from, frame.length)),
  };
}

function broken(reason: string): RecordError {
  return new RecordError('broken-compression', `Broken zstd data: ${reason}`);
}

function tooLarge(maxSize: number): RecordError {
  return new RecordError('too-large', `The records take more than ${maxSize} bytes uncompressed`);
}
