import { compressLz4, decompressLz4 } from './lz4.ts';
import type { CompressionType } from './record-batch.ts';
import { RecordError } from './record-error.ts';
import { compressSnappy, decompressSnappy } from './snappy.ts';
import { compressZstd, decompressZstd } from './zstd.ts';

/**
 * The codecs of record batches, all synchronous: an append is decided without waiting. A library, Node's own too, is loaded
 * when its codec is first met.
 */
const zlib = () => process.getBuiltinModule('node:zlib');

/**
 * What the records of one batch may take when decompressed: as much as a request may carry uncompressed
 * (`socket.request.max.bytes`). The official broker streams and has no such limit; a listed deviation.
 */
export const DECOMPRESSED_SIZE_MAX = 100 * 1024 * 1024;

/** Kafka's `compression.gzip.level` and `compression.zstd.level`; lz4 has one level here. */
const DEFAULT_ZSTD_LEVEL = 3;

/** `level` null: the codec's own default. A level of lz4 changes nothing but the ratio, and is not acted on. */
export function compress(type: CompressionType, level: number | null, bytes: Buffer): Buffer {
  switch (type) {
    case 'none':
      return bytes;
    case 'gzip':
      return zlib().gzipSync(bytes, level === null ? {} : { level });
    case 'snappy':
      return compressSnappy(bytes);
    case 'lz4':
      return compressLz4(bytes);
    case 'zstd':
      return compressZstd(bytes, level ?? DEFAULT_ZSTD_LEVEL);
    default:
      throw new RecordError('unknown-compression', `Unknown compression type ${type satisfies never}`);
  }
}

/** Throws RecordError: 'broken-compression', or 'too-large' where the result would have more than `maxSize` bytes. */
export function decompress(type: CompressionType, bytes: Buffer, maxSize: number): Buffer {
  switch (type) {
    case 'none':
      return bytes;
    case 'gzip':
      return decompressGzip(bytes, maxSize);
    case 'snappy':
      return decompressSnappy(bytes, maxSize);
    case 'lz4':
      return decompressLz4(bytes, maxSize);
    case 'zstd':
      return decompressZstd(bytes, maxSize);
    default:
      throw new RecordError('unknown-compression', `Unknown compression type ${type satisfies never}`);
  }
}

function decompressGzip(bytes: Buffer, maxSize: number): Buffer {
  try {
    return zlib().gunzipSync(bytes, { maxOutputLength: maxSize });
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE') {
      throw new RecordError('too-large', `The records take more than ${maxSize} bytes uncompressed`);
    }
    throw new RecordError('broken-compression', `Broken gzip data: ${error instanceof Error ? error.message : error}`);
  }
}
