import { createRequire } from 'node:module';
import { RecordError } from './record-error.ts';

/**
 * Snappy in the two framings that Kafka's clients use. librdkafka, franz-go and others send one raw block; Java sends the
 * stream of snappy-java, which is what Kafka itself writes:
 *
 *     0x82 "SNAPPY" 0x00 | version int32 | lowest compatible version int32 | chunks
 *     chunk: size int32 | raw block (32 KiB of input)
 *
 * Several such streams may follow each other. All integers are big-endian.
 */
const MAGIC = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);
const HEADER_SIZE = 16;
const CHUNK_SIZE = 32 * 1024;
const VERSION = 1;
/** No element of a raw block makes more of a byte: a copy of 64 bytes takes 3. */
const EXPANSION_MAX = 22;

interface SnappyModule {
  compressSync(input: Buffer, options: { copyOutputData: boolean }): Buffer;
  uncompressSync(input: Buffer, options: { copyOutputData: boolean; asBuffer: true }): Buffer;
}
let loaded: SnappyModule | undefined;

function snappy(): SnappyModule {
  // The package's types say string | Buffer; with asBuffer it is a Buffer.
  loaded ??= createRequire(import.meta.url)('snappy') as SnappyModule;
  return loaded;
}

export function compressSnappy(source: Buffer): Buffer {
  const header = Buffer.alloc(HEADER_SIZE);
  MAGIC.copy(header);
  header.writeInt32BE(VERSION, 8);
  header.writeInt32BE(VERSION, 12);
  const parts: Buffer[] = [header];
  for (let start = 0; start < source.length; start += CHUNK_SIZE) {
    const block = snappy().compressSync(source.subarray(start, start + CHUNK_SIZE), { copyOutputData: true });
    const size = Buffer.allocUnsafe(4);
    size.writeInt32BE(block.length);
    parts.push(size, block);
  }
  return Buffer.concat(parts);
}

export function decompressSnappy(source: Buffer, maxSize: number): Buffer {
  return isStream(source, 0) ? decompressStream(source, maxSize) : decompressBlock(source, maxSize);
}

function isStream(source: Buffer, position: number): boolean {
  if (source.length - position < HEADER_SIZE) return false;
  return source.compare(MAGIC, 0, MAGIC.length, position, position + MAGIC.length) === 0;
}

function decompressStream(source: Buffer, maxSize: number): Buffer {
  const blocks: Buffer[] = [];
  let written = 0;
  let position = 0;
  // snappy-java, too, takes fewer than four bytes at the end for the end.
  while (source.length - position >= 4) {
    if (isStream(source, position)) {
      if (source.readInt32BE(position + 8) < VERSION) throw broken('stream version below 1');
      position += HEADER_SIZE;
      continue;
    }
    const size = source.readInt32BE(position);
    position += 4;
    if (size < 0 || size > source.length - position) throw broken('a chunk is cut');
    const block = decompressBlock(source.subarray(position, position + size), maxSize - written);
    written += block.length;
    blocks.push(block);
    position += size;
  }
  return blocks.length === 1 ? blocks[0]! : Buffer.concat(blocks, written);
}

function decompressBlock(block: Buffer, maxSize: number): Buffer {
  // The library allocates what the block announces: a lie must not get that far.
  const size = announcedSize(block);
  if (size < 0 || size > block.length * EXPANSION_MAX) throw broken('impossible size');
  if (size > maxSize) throw new RecordError('too-large', `The records take more than ${maxSize} bytes uncompressed`);
  const { uncompressSync } = snappy();
  try {
    return uncompressSync(block, { copyOutputData: true, asBuffer: true });
  } catch (error) {
    throw broken(error instanceof Error ? error.message : String(error));
  }
}

/** The varint at the start of a raw block; -1 when there is none. */
function announcedSize(block: Buffer): number {
  let size = 0;
  for (let i = 0; i < 5 && i < block.length; i++) {
    size += (block[i]! & 0x7f) * 2 ** (7 * i);
    if (block[i]! < 0x80) return size;
  }
  return -1;
}

function broken(reason: string): RecordError {
  return new RecordError('broken-compression', `Broken snappy data: ${reason}`);
}
