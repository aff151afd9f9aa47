/** What a log is asked and what it answers. */
import type { BufferPool } from '../base/buffer-pool.ts';
import type { LeaderEpoch, Offset, ProducerEpoch } from '../base/flavor.ts';
import type { ErrorName } from '../wire/errors.ts';
import type { AppendOrigin } from './log-validator.ts';

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

export interface AppendAsLeaderOptions {
  readonly leaderEpoch: LeaderEpoch;
  readonly origin: AppendOrigin;
  /** Wall clock of the decision; the log's clock when absent. */
  readonly nowMs?: number;
  /**
   * What `startTransactionVerification` gave before the coordinator was asked (KIP-890): a transactional batch that would
   * open a transaction is refused unless it still stands. Absent: no verification is asked for.
   */
  readonly transactionGuard?: TransactionGuard;
}

/** Stands until a batch or a marker of its producer is appended; compared by identity. */
export interface TransactionGuard {
  readonly producerId: number;
}

export interface Appended {
  readonly kind: 'appended';
  readonly firstOffset: Offset;
  /** Inclusive. */
  readonly lastOffset: Offset;
  /** -1 where the topic's timestamp type is CreateTime. */
  readonly logAppendTimeMs: number;
  readonly logStartOffset: Offset;
  readonly maxTimestampMs: number;
  readonly recordCount: number;
  /** Bytes as stored. */
  readonly sizeInBytes: number;
  /** True where the broker changed the compression. */
  readonly recompressed: boolean;
  /**
   * Resolves when the bytes survive `kill -9` (and, as `flush.messages` or `flush.ms` demand, power loss); rejects with
   * StorageError. Appends that go out together share it.
   */
  readonly written: Promise<void>;
}

/** One of the producer's last five batches came again: the answer is that batch's, nothing was appended. */
export interface DuplicateAppend {
  readonly kind: 'duplicate';
  readonly firstOffset: Offset;
  readonly lastOffset: Offset;
  /** The batch's largest timestamp, whatever the timestamp type: Kafka answers so. */
  readonly logAppendTimeMs: number;
  readonly logStartOffset: Offset;
  readonly maxTimestampMs: number;
  /** As in Appended: the original may still be on its way to the file. */
  readonly written: Promise<void>;
}

export interface FailedAppend {
  readonly kind: 'failed';
  readonly error: ErrorName;
  readonly message: string | null;
  readonly recordErrors: readonly { readonly batchIndex: number; readonly message: string | null }[];
  readonly logStartOffset: Offset;
}

export type AppendResult = Appended | DuplicateAppend | FailedAppend;

export interface LogRead {
  readonly kind: 'records';
  /** Whole batches, the first being the one that contains `fetchOffset` (it may start before it); empty at the end of the log. */
  readonly records: Buffer;
  readonly fetchOffset: Offset;
  /** The offset after the last batch in `records`; `fetchOffset` when empty. */
  readonly nextOffset: Offset;
}

export interface FailedRead {
  readonly kind: 'failed';
  readonly error: 'OFFSET_OUT_OF_RANGE' | 'KAFKA_STORAGE_ERROR';
  readonly message: string;
}

export type LogReadResult = LogRead | FailedRead;

export interface ReadOptions {
  /** The first batch is returned even when it is larger than `maxBytes`. */
  readonly minOneBatch: boolean;
  /** Exclusive upper bound: high watermark, last stable offset or log end offset. No batch that ends beyond it is returned. */
  readonly endOffset: Offset;
  /** Memory for what is read from the file, by callers of whom somebody gives it back. */
  readonly buffers?: BufferPool | undefined;
}

export interface TimestampOffset {
  readonly offset: Offset;
  readonly timestampMs: number;
  /** -1 when not known. */
  readonly leaderEpoch: LeaderEpoch;
}

export interface EpochEndOffset {
  /** The largest epoch of this log that is not above the requested one; the requested one when it is older than all. */
  readonly leaderEpoch: LeaderEpoch;
  /** Exclusive. */
  readonly endOffset: Offset;
}

/** For DescribeProducers. */
export interface ActiveProducer {
  readonly producerId: number;
  readonly producerEpoch: ProducerEpoch;
  readonly lastSequence: number;
  readonly lastTimestampMs: number;
  /** -1 when no marker was seen. */
  readonly coordinatorEpoch: number;
  /** -1 when no transaction is open. */
  readonly currentTransactionStartOffset: Offset;
}

/** A whole segment that retention may look at; never the active one. */
export interface InactiveSegment {
  readonly baseOffset: Offset;
  /** Exclusive: the next segment's base offset. */
  readonly endOffset: Offset;
  readonly sizeInBytes: number;
  /** Largest record timestamp; the file's modification time where no record has one. */
  readonly largestTimestampMs: number;
}
