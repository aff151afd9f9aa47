/**
 * Reading one log: from memory where the reader keeps up (log-tail.ts), else from the files (log-reader.ts). A read of the files
 * may be overtaken by what takes bytes away, at either end; it begins again then.
 */
import type { Offset } from '../base/flavor.ts';
import type { LogState } from './log-state.ts';
import type { FailedRead, LogReadResult, ReadOptions, TimestampOffset } from './log-types.ts';
import { StorageError } from './storage-error.ts';

const EMPTY = Buffer.alloc(0);

export class LogReads {
  readonly #log: LogState;

  constructor(log: LogState) {
    this.#log = log;
  }

  /** As `PartitionLog.read`. */
  read(fetchOffset: Offset, maxBytes: number, options: ReadOptions): LogReadResult | Promise<LogReadResult> {
    const log = this.#log;
    const { tail } = log;
    const failure = this.#check(fetchOffset);
    if (failure !== null) return failure;
    const endOffset = Math.min(options.endOffset, log.logEndOffset);
    if (fetchOffset >= endOffset || (maxBytes <= 0 && !options.minOneBatch)) {
      return { kind: 'records', records: EMPTY, fetchOffset, nextOffset: fetchOffset };
    }
    if (fetchOffset < tail.startOffset) return this.#readFiles(fetchOffset, maxBytes, { ...options, endOffset });
    const result = { nextOffset: fetchOffset };
    const records = tail.read(fetchOffset, maxBytes, options.minOneBatch, endOffset, result);
    return { kind: 'records', records, fetchOffset, nextOffset: result.nextOffset };
  }

  #check(fetchOffset: Offset): FailedRead | null {
    const log = this.#log;
    const { name } = log;
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

  async #readFiles(fetchOffset: Offset, maxBytes: number, options: ReadOptions): Promise<LogReadResult> {
    const log = this.#log;
    const { name, segments } = log;
    const { logger } = log.environment;
    for (;;) {
      const failure = this.#check(fetchOffset);
      if (failure !== null) return failure;
      const truncationsBefore = log.truncations;
      try {
        const found = await segments.read(fetchOffset, maxBytes, options, log.config.indexIntervalBytes);
        if (truncationsBefore !== log.truncations) continue;
        if (found !== null) {
          return { kind: 'records', records: found.records, fetchOffset, nextOffset: found.nextOffset };
        }
        return { kind: 'records', records: EMPTY, fetchOffset, nextOffset: fetchOffset };
      } catch (error) {
        // A log that was closed, deleted or cut under the read has no disk to blame.
        if (log.offline) return this.#check(fetchOffset)!;
        if (truncationsBefore !== log.truncations) continue;
        if (isSystemError(error)) log.diskFailed(error);
        const message = error instanceof Error ? error.message : String(error);
        logger.error('a read failed', { log: name, fetchOffset, reason: message });
        return { kind: 'failed', error: 'KAFKA_STORAGE_ERROR', message };
      }
    }
  }

  /** As `PartitionLog.offsetForTimestamp`; everything appended is written. */
  offsetForTimestamp(timestampMs: number): TimestampOffset | null {
    const log = this.#log;
    const { segments } = log;
    return this.#search(() => segments.findTimestamp(timestampMs, log.logStartOffset));
  }

  /** As `PartitionLog.maxTimestampOffset`; everything appended is written. */
  maxTimestampOffset(): TimestampOffset | null {
    return this.#search(() => this.#log.segments.findMaxTimestamp());
  }

  #search(look: () => TimestampOffset | null): TimestampOffset | null {
    const log = this.#log;
    if (log.offline) throw log.writer.failure ?? new StorageError(`${log.name} is closed`);
    try {
      return look();
    } catch (error) {
      if (isSystemError(error)) log.diskFailed(error);
      throw error;
    }
  }
}

/** Of the operating system, not of a file's content. */
function isSystemError(error: unknown): boolean {
  return error instanceof Error && 'code' in error;
}
