// One way to compact a log in a test, in line and on virtual time; and a consumer's view of it.

import type { FileSystem } from '../../src/io/file-system.ts';
import { InlineCompaction } from '../../src/log/inline-compaction.ts';
import type { CleanerOptions, CleanerSettings } from '../../src/log/log-cleaner.ts';
import type { LogDirectory } from '../../src/log/log-directory.ts';
import type { PartitionLog } from '../../src/log/partition-log.ts';
import { readEndTransactionMarker } from '../../src/wire/records/control-batch.ts';
import * as batch from '../../src/wire/records/record-batch.ts';
import { type Record, readRecords } from '../../src/wire/records/records.ts';
import { readBatches, type VirtualTime } from './logs.ts';

export const CLEANER_BACKOFF_MS = 1000;

export const cleanerSettings: CleanerSettings = {
  backoffMs: CLEANER_BACKOFF_MS,
  dedupeBufferSize: 1_048_576,
  dedupeBufferLoadFactor: 0.9,
  ioBufferSize: 524_288,
  bytesPerSecond: Number.MAX_VALUE,
};

export function startCleaner(
  directory: LogDirectory,
  fileSystem: FileSystem,
  time: VirtualTime,
  options: Partial<CleanerOptions> = {},
): void {
  directory.startCleaner({
    settings: () => cleanerSettings,
    runner: new InlineCompaction(fileSystem, time),
    highWatermark: (log) => log.writtenEndOffset,
    ...options,
  });
}

/** One back-off and all the cleanings that are due after it. */
export async function letClean(time: VirtualTime): Promise<void> {
  for (let i = 0; i < 10; i++) await null;
  time.advance(CLEANER_BACKOFF_MS);
  for (let turn = 0; turn < 20; turn++) {
    for (let i = 0; i < 10; i++) await null;
    time.advance(0);
  }
}

/** What a read_committed consumer is given: the aborted list decides, as in the official client. */
export async function readCommitted(log: PartitionLog, highWatermark: number): Promise<Record[]> {
  const end = log.lastStableOffset(highWatermark);
  const aborted = log.abortedTransactions(log.logStartOffset, end);
  const abortedProducers = new Set<number>();
  const found: Record[] = [];
  for (const bytes of await readBatches(log, log.logStartOffset, end)) {
    while (aborted.length > 0 && aborted[0]!.firstOffset <= batch.lastOffset(bytes, 0)) {
      abortedProducers.add(aborted.shift()!.producerId);
    }
    const attributes = batch.attributes(bytes, 0);
    const producerId = batch.producerId(bytes, 0);
    if (batch.isControl(attributes)) {
      const [record] = readRecords(bytes);
      if (record !== undefined && readEndTransactionMarker(record)?.type === 'abort')
        abortedProducers.delete(producerId);
      continue;
    }
    if (batch.isTransactional(attributes) && abortedProducers.has(producerId)) continue;
    found.push(...readRecords(bytes).filter(({ offset }) => offset >= log.logStartOffset));
  }
  return found;
}

/** The last value of each key, as a reader of the whole log knows it; a deleted key is absent. */
export function lastValues(records: readonly Record[]): { [key: string]: string } {
  const values = new Map<string, string>();
  for (const { key, value } of records) {
    if (value === null) values.delete(String(key));
    else values.set(String(key), String(value));
  }
  return Object.fromEntries([...values].sort());
}
