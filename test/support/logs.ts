// One way to make a log directory in a test, on virtual time.
import type { Clock, Timer, TimerHandle } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import type { Random } from '../../src/base/random.ts';
import type { FileSystem } from '../../src/io/file-system.ts';
import type { LogConfig } from '../../src/log/log-config.ts';
import { LogDirectory, type LogDirectoryOptions } from '../../src/log/log-directory.ts';
import type { PartitionLog } from '../../src/log/partition-log.ts';
import * as batch from '../../src/wire/records/record-batch.ts';
import { type BatchOptions, batches, buildBatch, type Record, readRecords } from '../../src/wire/records/records.ts';

export const NEVER_MS = Number.MAX_SAFE_INTEGER;
export const TOPIC_ID = 'hloYyovRSj-Y0Z7LtQuJ3A';
export const NOW_MS = 1_700_000_000_000;

export const defaultLogConfig: LogConfig = {
  segmentBytes: 1_073_741_824,
  segmentMs: 604_800_000,
  segmentJitterMs: 0,
  segmentIndexBytes: 10_485_760,
  indexIntervalBytes: 4096,
  maxMessageBytes: 1_048_588,
  compressionType: 'producer',
  compressionLevels: { gzip: -1, lz4: 9, zstd: 3 },
  messageTimestampType: 'CreateTime',
  messageTimestampBeforeMaxMs: NEVER_MS,
  messageTimestampAfterMaxMs: NEVER_MS,
  cleanupPolicy: { compact: false, delete: true },
  flushMessages: NEVER_MS,
  flushMs: NEVER_MS,
  retentionMs: -1,
  retentionBytes: -1,
  fileDeleteDelayMs: 60_000,
  deleteRetentionMs: 86_400_000,
  minCompactionLagMs: 0,
  maxCompactionLagMs: NEVER_MS,
  minCleanableDirtyRatio: 0.5,
};

/** Time stands still until `advance`. */
export class VirtualTime implements Clock, Timer {
  #now: number;
  #scheduled: { at: number; action: () => void }[] = [];

  constructor(nowMs: number = NOW_MS) {
    this.#now = nowMs;
  }

  nowMs(): number {
    return this.#now;
  }

  monotonicMs(): number {
    return this.#now;
  }

  get scheduledCount(): number {
    return this.#scheduled.length;
  }

  schedule(delayMs: number, action: () => void): TimerHandle {
    const entry = { at: this.#now + delayMs, action };
    this.#scheduled.push(entry);
    return {
      cancel: () => {
        this.#scheduled = this.#scheduled.filter((other) => other !== entry);
      },
    };
  }

  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const due = this.#scheduled.filter((entry) => entry.at <= end).sort((a, b) => a.at - b.at)[0];
      if (due === undefined) break;
      this.#scheduled = this.#scheduled.filter((entry) => entry !== due);
      this.#now = Math.max(this.#now, due.at);
      due.action();
    }
    this.#now = end;
  }
}

export function seededRandom(seed = 1): Random {
  let state = seed;
  const next = () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    return state;
  };
  return {
    nextInt: (bound) => next() % bound,
    bytes: (count) => Buffer.from(Array.from({ length: count }, () => next() >> 16)),
  };
}

export function openLogDirectory(
  fileSystem: FileSystem,
  options: Partial<LogDirectoryOptions> & { time?: VirtualTime } = {},
): LogDirectory {
  const time = options.time ?? new VirtualTime();
  return LogDirectory.open({
    path: '/data',
    fileSystem,
    clock: time,
    timer: time,
    random: seededRandom(),
    logger: silentLogger,
    producerIdExpirationMs: () => 86_400_000,
    recoveryPointCheckpointIntervalMs: 60_000,
    tailCacheBytesMax: 16_777_216,
    tailCacheBytesMaxPerLog: 1_048_576,
    openFilesMax: 100,
    ...options,
  });
}

/** A directory with the log `t-0`, new or as the file system has it. */
export async function openLog(
  fileSystem: FileSystem,
  config: Partial<LogConfig> = {},
  options: Partial<LogDirectoryOptions> & { time?: VirtualTime } = {},
): Promise<{ directory: LogDirectory; log: PartitionLog }> {
  const directory = openLogDirectory(fileSystem, options);
  const merged = { ...defaultLogConfig, ...config };
  await directory.loadLogs(() => merged);
  const log =
    directory.log('t', 0) ?? directory.createLog({ topic: 't', partition: 0, topicId: TOPIC_ID, config: merged });
  return { directory, log };
}

/** As a producer sends it. */
export function batchOf(values: readonly string[], options: Partial<BatchOptions> = {}): Buffer {
  return buildBatch({
    nowMs: NOW_MS,
    records: values.map((value) => ({ key: null, value: Buffer.from(value) })),
    ...options,
  });
}

/** Appends and waits until it is written; gives the first offset. */
export async function append(log: PartitionLog, records: Buffer, leaderEpoch = 0): Promise<number> {
  const result = log.appendAsLeader(records, { leaderEpoch, origin: 'client' });
  if (result.kind === 'failed') throw new Error(`${result.error}: ${result.message}`);
  await result.written;
  return result.firstOffset;
}

/** Every batch from `from` on, read in steps of `maxBytes`. */
export async function readBatches(
  log: PartitionLog,
  from: number = log.logStartOffset,
  endOffset: number = log.logEndOffset,
  maxBytes = 1_048_576,
): Promise<Buffer[]> {
  const found: Buffer[] = [];
  for (let offset = from; offset < endOffset; ) {
    const read = await log.read(offset, maxBytes, { minOneBatch: true, endOffset });
    if (read.kind === 'failed') throw new Error(`${read.error}: ${read.message}`);
    if (read.records.length === 0) break;
    for (const { position, sizeInBytes } of batches(read.records)) {
      found.push(read.records.subarray(position, position + sizeInBytes));
    }
    offset = read.nextOffset;
  }
  return found;
}

export interface StoredRecord extends Record {
  readonly leaderEpoch: number;
  readonly control: boolean;
  readonly logAppendTime: boolean;
}

export async function readAll(log: PartitionLog, from?: number, maxBytes?: number): Promise<StoredRecord[]> {
  const start = from ?? log.logStartOffset;
  const records: StoredRecord[] = [];
  for (const bytes of await readBatches(log, start, log.logEndOffset, maxBytes)) {
    const attributes = batch.attributes(bytes, 0);
    for (const record of readRecords(bytes)) {
      if (record.offset < start) continue;
      records.push({
        ...record,
        leaderEpoch: batch.partitionLeaderEpoch(bytes, 0),
        control: batch.isControl(attributes),
        logAppendTime: batch.isLogAppendTime(attributes),
      });
    }
  }
  return records;
}

export async function readValues(log: PartitionLog, from?: number, maxBytes?: number): Promise<string[]> {
  return (await readAll(log, from, maxBytes)).filter(({ control }) => !control).map(({ value }) => String(value));
}
