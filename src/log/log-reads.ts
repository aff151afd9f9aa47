/**
 * Reading one log: from memory where the reader keeps up (log-tail.ts), else from the files (log-reader.ts). A read of the files
 * may be overtaken by what takes bytes away, at either end; it begins again then.
 */
import type { Offset } from '../base/flavor.ts';
import type { Logger } from '../base/logger.ts';
import type { LogSegments } from './log-segments.ts';
import type { LogTail } from './log-tail.ts';
import type { FailedRead, LogReadResult, ReadOptions, TimestampOffset } from './log-types.ts';
import { StorageError } from './storage-error.ts';

const EMPTY = Buffer.alloc(0);

/** The log as it is at the moment. */
export interface ReadLog {
  readonly offline: boolean;
  readonly logStartOffset: Offset;
  readonly logEndOffset: Offset;
}

export interface LogReadsOptions {
  /** `topic-partition` */
  readonly name: string;
  readonly log: ReadLog;
  readonly segments: LogSegments;
  readonly tail: LogTail;
  readonly logger: Logger;
  readonly indexIntervalBytes: () => number;
  /** Goes up with all that takes bytes away. */
  readonly truncations: () => number;
  /** Why the log is offline, where its disk failed. */
  readonly failure: () => StorageError | null;
  readonly diskFailed: (error: unknown) => void;
}

export class LogReads {
  readonly #options: LogReadsOptions;

  constructor(options: LogReadsOptions) {
    this.#options = options;
  }

  /** As `PartitionLog.read`. */
  read(fetchOffset: Offset, maxBytes: number, options: ReadOptions): LogReadResult | Promise<LogReadResult> {
    const { log, tail } = this.#options;
    const failure = this.#check(fetchOffset);
    if (failure !== null) return failure;
    const endOffset = Math.min(options.endOffset, log.logEndOffset);
    if (fetchOffset >= endOffset || (maxBytes <= 0 && !options.minOneBatch)) {
      return { kind: 'records', records: EMPTY, fetchOffset, nextOffset: fetchOffset };
    }
    if (fetchOffset < tail.startOffset) return this.#readFiles(fetchOffset, maxBytes, options.minOneBatch, endOffset);
    const result = { nextOffset: fetchOffset };
    const records = tail.read(fetchOffset, maxBytes, options.minOneBatch, endOffset, result);
    return { kind: 'records', records, fetchOffset, nextOffset: result.nextOffset };
  }

  #check(fetchOffset: Offset): FailedRead | null {
    const { log, name } = this.#options;
    if (log.offline) {
      return { kind: 'failed', error: 'KAFKA_STORAGE_ERROR', message: `The log directory of ${name} is offline.` };
    }
    if (fetchOffset >= log.logStartOffset && fetchOffset <= log.logEndOffset) return null;
    return {
      kind: 'failed',
      error: 'OFFSET_OUT_OF_RANGE',
      message:
        `Received request for offset ${fetchOffset} for partition ${name}, but we only have log segments from ` +
        `offset: ${log.logStartOffset} up to ${log.logEndOffset}.`,
    };
  }

  async #readFiles(
    fetchOffset: Offset,
    maxBytes: number,
    minOneBatch: boolean,
    endOffset: Offset,
  ): Promise<LogReadResult> {
    const { log, name, segments, logger, indexIntervalBytes, truncations, diskFailed } = this.#options;
    for (;;) {
      const failure = this.#check(fetchOffset);
      if (failure !== null) return failure;
      const truncationsBefore = truncations();
      try {
        const found = await segments.read(fetchOffset, maxBytes, minOneBatch, endOffset, indexIntervalBytes());
        if (truncationsBefore !== truncations()) continue;
        if (found !== null) {
          return { kind: 'records', records: found.records, fetchOffset, nextOffset: found.nextOffset };
        }
        return { kind: 'records', records: EMPTY, fetchOffset, nextOffset: fetchOffset };
      } catch (error) {
        // A log that was closed, deleted or cut under the read has no disk to blame.
        if (log.offline) return this.#check(fetchOffset)!;
        if (truncationsBefore !== truncations()) continue;
        if (isSystemError(error)) diskFailed(error);
        const message = error instanceof Error ? error.message : String(error);
        logger.error('a read failed', { log: name, fetchOffset, reason: message });
        return { kind: 'failed', error: 'KAFKA_STORAGE_ERROR', message };
      }
    }
  }

  /** As `PartitionLog.offsetForTimestamp`; everything appended is written. */
  offsetForTimestamp(timestampMs: number): TimestampOffset | null {
    const { log, segments } = this.#options;
    return this.#search(() => segments.findTimestamp(timestampMs, log.logStartOffset));
  }

  /** As `PartitionLog.maxTimestampOffset`; everything appended is written. */
  maxTimestampOffset(): TimestampOffset | null {
    return this.#search(() => this.#options.segments.findMaxTimestamp());
  }

  #search(look: () => TimestampOffset | null): TimestampOffset | null {
    const { log, name, failure, diskFailed } = this.#options;
    if (log.offline) throw failure() ?? new StorageError(`${name} is closed`);
    try {
      return look();
    } catch (error) {
      if (isSystemError(error)) diskFailed(error);
      throw error;
    }
  }
}

/** Of the operating system, not of a file's content. */
function isSystemError(error: unknown): boolean {
  return error instanceof Error && 'code' in error;
}
