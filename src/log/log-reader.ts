/** Reads of a log that its tail in memory cannot serve: one positional read of the file per fetch, and searches by timestamp. */
import type { Offset } from '../base/flavor.ts';
import * as batch from '../wire/records/record-batch.ts';
import { readRecords } from '../wire/records/records.ts';
import { scanBatches } from './batch-scanner.ts';
import type { LogSegment } from './log-segment.ts';
import type { ReadOptions } from './log-types.ts';
import type { OpenFiles } from './open-files.ts';

export interface FileRead {
  records: Buffer;
  /** After the last batch of `records`. */
  nextOffset: Offset;
}

const EMPTY = Buffer.alloc(0);

/**
 * Whole batches of `segment` from the one that holds `fetchOffset` (or the next one, where offsets are missing) on. Null
 * when the segment has none. Throws what the file system throws, and when the file holds no batches.
 */
export async function readSegment(
  files: OpenFiles,
  segment: LogSegment,
  fetchOffset: Offset,
  bytesMax: number,
  { minOneBatch, endOffset, buffers }: ReadOptions,
  indexIntervalBytes: number,
): Promise<FileRead | null> {
  const limit = segment.writtenSize;
  let at = segment.positionBefore(fetchOffset);
  // What may lie between the indexed batch and the wanted one comes on top.
  let wanted = bytesMax + (at === segment.hintPosition && at > 0 ? 0 : indexIntervalBytes);
  if (wanted < READ_SIZE_MIN) wanted = READ_SIZE_MIN;
  let found = false;
  for (;;) {
    const length = Math.min(wanted, limit - at);
    if (length < batch.RECORD_BATCH_OVERHEAD) return null;
    const buffer = buffers?.take(length) ?? Buffer.allocUnsafeSlow(length);
    const handle = files.acquire(segment.file);
    let count: number;
    try {
      count = await handle.read(buffer, 0, length, at);
    } finally {
      files.release(segment.file);
    }
    let start = 0;
    let size = 0;
    for (; start + batch.RECORD_BATCH_OVERHEAD <= count; start += size) {
      size = batch.sizeInBytes(buffer, start);
      if (!isBatch(buffer, start)) throw new Error(`no record batch at ${at + start} of ${segment.file.path}`);
      found = batch.lastOffset(buffer, start) >= fetchOffset;
      if (found) break;
    }
    if (!found) {
      if (count < length || start === 0) return null;
      at += start;
      continue;
    }
    if (start + size > count) {
      // The wanted batch is cut by the end of the piece. Is it wanted at all?
      if (count < length || (size > bytesMax && !minOneBatch)) return { records: EMPTY, nextOffset: fetchOffset };
      at += start;
      wanted = Math.max(size, Math.min(bytesMax, limit - at));
      if (at + size > limit) return null;
      continue;
    }
    return collect(buffer, start, count, at, segment, fetchOffset, bytesMax, minOneBatch, endOffset);
  }
}

/** Nonsense, and records of older formats, are for no consumer: what stands before them is served, then reads fail. */
function isBatch(buffer: Buffer, position: number): boolean {
  return (
    batch.sizeInBytes(buffer, position) >= batch.RECORD_BATCH_OVERHEAD &&
    batch.magic(buffer, position) === batch.CURRENT_MAGIC
  );
}

/** So that a caller that asks for little does not pay a read per header. */
const READ_SIZE_MIN = 4096;

function collect(
  buffer: Buffer,
  start: number,
  count: number,
  filePosition: number,
  segment: LogSegment,
  fetchOffset: Offset,
  bytesMax: number,
  minOneBatch: boolean,
  endOffset: Offset,
): FileRead {
  let end = start;
  let nextOffset = fetchOffset;
  while (end + batch.RECORD_BATCH_OVERHEAD <= count) {
    const size = batch.sizeInBytes(buffer, end);
    if (!isBatch(buffer, end) || end + size > count) break;
    const next = batch.nextOffset(buffer, end);
    if (next > endOffset || (end + size - start > bytesMax && !(minOneBatch && end === start))) break;
    end += size;
    nextOffset = next;
  }
  if (end === start) return { records: EMPTY, nextOffset: fetchOffset };
  segment.hintOffset = nextOffset;
  segment.hintPosition = filePosition + end;
  return { records: buffer.subarray(start, end), nextOffset };
}

export interface FoundRecord {
  readonly offset: Offset;
  readonly timestampMs: number;
  readonly leaderEpoch: number;
}

/** The first record of `segment` at or behind `startOffset` whose timestamp is at least `timestampMs`. */
export function findTimestamp(
  files: OpenFiles,
  segment: LogSegment,
  timestampMs: number,
  startOffset: Offset,
): FoundRecord | null {
  segment.checkedIndexes();
  const from = segment.offsetIndex.lookup(Math.max(segment.timeIndex.lookup(timestampMs), startOffset));
  return scan(files, segment, from, (buffer, position) => {
    if (batch.maxTimestamp(buffer, position) < timestampMs || batch.lastOffset(buffer, position) < startOffset) {
      return null;
    }
    return recordOf(buffer, position, (record) => record.timestamp >= timestampMs && record.offset >= startOffset);
  });
}

/** The record with the segment's largest timestamp. */
export function findMaxTimestamp(files: OpenFiles, segment: LogSegment): FoundRecord | null {
  const timestampMs = segment.maxTimestampMs;
  const from = segment.offsetIndex.lookup(segment.offsetOfMaxTimestamp);
  return scan(files, segment, from, (buffer, position) => {
    if (batch.maxTimestamp(buffer, position) !== timestampMs) return null;
    return recordOf(buffer, position, (record) => record.timestamp === timestampMs);
  });
}

function scan(
  files: OpenFiles,
  segment: LogSegment,
  from: number,
  look: (buffer: Buffer, position: number) => FoundRecord | null,
): FoundRecord | null {
  let found: FoundRecord | null = null;
  const handle = files.acquire(segment.file);
  try {
    scanBatches(handle, from, segment.writtenSize, (buffer, position) => {
      found = look(buffer, position);
      return found === null;
    });
  } finally {
    files.release(segment.file);
  }
  return found;
}

function recordOf(
  buffer: Buffer,
  position: number,
  condition: (record: { offset: number; timestamp: number }) => boolean,
): FoundRecord | null {
  const records = readRecords(buffer.subarray(position, position + batch.sizeInBytes(buffer, position)));
  for (const record of records) {
    if (condition(record)) {
      return {
        offset: record.offset,
        timestampMs: record.timestamp,
        leaderEpoch: batch.partitionLeaderEpoch(buffer, position),
      };
    }
  }
  return null;
}
