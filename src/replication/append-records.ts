/**
 * Produce: appends at once, in the order of the calls, then waits for what `acks` asks (Kafka's appendRecords and
 * DelayedProduce).
 *
 *   acks=0   nothing is waited for
 *   acks=1   until the batch is in the leader's file, so that an acknowledged record survives a kill of the process
 *   acks=-1  until the high watermark has passed the batch: each in-sync replica has it
 *
 * One request waits once for all its partitions. Waits are bounded by the requests that the connections may have under
 * way; each ends at latest after the request's timeout.
 */

import type { Timer, TimerHandle } from '../base/clock.ts';
import type { Offset } from '../base/flavor.ts';
import { isInternalTopic } from '../base/topic-name.ts';
import type { Uuid } from '../base/uuid.ts';
import { validateProduceRecords } from '../log/log-validator.ts';
import { StorageError } from '../log/storage-error.ts';
import type { ErrorName } from '../wire/errors.ts';
import type { AppendWaiter, Partition } from './partition.ts';
import type { PartitionLookup } from './partition-lookup.ts';
import type { TransactionGuard } from './replica-log.ts';

export interface AppendEntry {
  readonly topic: string;
  /** Null where the request names the topic; else a partition of another incarnation is UNKNOWN_TOPIC_ID. */
  readonly topicId: Uuid | null;
  readonly partition: number;
  /** As the client sent them: one batch, if all is well. */
  readonly records: Buffer | null;
  /** What the transaction coordinator said of a transactional batch; absent where it was not asked. */
  readonly verification?: TransactionVerification;
}

/** The guard goes into the append; one of a transaction that was open already never fits, lest it end meanwhile. */
export type TransactionVerification =
  | { readonly kind: 'verified'; readonly guard: TransactionGuard }
  | { readonly kind: 'refused'; readonly error: ErrorName; readonly message: string | null };

export interface AppendRequest {
  /** As the client sent it; INVALID_REQUIRED_ACKS unless 0, 1 or -1. */
  readonly acks: number;
  /** Version of the Produce request: which batches a client may send depends on it. */
  readonly produceVersion: number;
  readonly timeoutMs: number;
  /** Only tools that repair a cluster may write to internal topics. */
  readonly internalTopicsAllowed: boolean;
  readonly nowMs: number;
  readonly entries: readonly AppendEntry[];
}

/** For one entry, in the order of the entries. */
export interface EntryResult {
  error: ErrorName;
  readonly message: string | null;
  readonly recordErrors: readonly { readonly batchIndex: number; readonly message: string | null }[];
  /** -1 where nothing was appended. */
  readonly baseOffset: Offset;
  readonly logAppendTimeMs: number;
  readonly logStartOffset: Offset;
}

export interface AppendServices {
  readonly partitions: PartitionLookup;
  readonly timer: Timer;
  storageFailed(error: unknown): void;
}

const noRecordErrors: EntryResult['recordErrors'] = [];

export function failedEntry(error: ErrorName, message: string | null = null): EntryResult {
  return { error, message, recordErrors: noRecordErrors, baseOffset: -1, logAppendTimeMs: -1, logStartOffset: -1 };
}

/**
 * Every append has happened when this returns; a promise means that acknowledgements are still out.
 */
export function appendRecords(
  services: AppendServices,
  request: AppendRequest,
): EntryResult[] | Promise<EntryResult[]> {
  const results: EntryResult[] = [];
  let waiting: WaitingAppend | null = null;
  for (const entry of request.entries) {
    const admitted = admit(services.partitions, entry, request);
    if ('error' in admitted) {
      results.push(admitted);
      continue;
    }
    const { partition, records } = admitted;
    partition.metrics.produceRequested();
    const guard = entry.verification?.kind === 'verified' ? entry.verification.guard : undefined;
    const appended = appendToLog(services, partition, records, request.nowMs, guard);
    results.push(appended.result);
    if (appended.result.error !== 'NONE') countFailure(partition, appended.result.error, records);
    if (appended.endOffset === null || request.acks === 0) continue;
    waiting ??= new WaitingAppend(results, request.acks);
    waiting.add(partition, appended.endOffset, appended.result);
  }
  if (waiting === null || waiting.complete) return results;
  return waiting.start(services.timer, request.timeoutMs);
}

/** What is checked before the log is asked, in Kafka's order. */
function admit(
  partitions: PartitionLookup,
  entry: AppendEntry,
  request: AppendRequest,
): { readonly partition: Partition; readonly records: Buffer } | EntryResult {
  const { records } = entry;
  const partition = partitions.find(entry.topic, entry.partition);
  if (partition === 'UNKNOWN_TOPIC_OR_PARTITION') return failedEntry(partition);
  // The official broker never answers this one.
  if (records === null) return failedEntry('INVALID_RECORD', 'a partition to produce to has null records');
  const invalid = validateProduceRecords(records, request.produceVersion);
  if (invalid !== null) return { ...failedEntry(invalid.error, invalid.message), recordErrors: invalid.recordErrors };
  if (entry.verification?.kind === 'refused') {
    return failedEntry(entry.verification.error, entry.verification.message);
  }
  const { acks } = request;
  if (acks !== 0 && acks !== 1 && acks !== -1) return failedEntry('INVALID_REQUIRED_ACKS');
  if (isInternalTopic(entry.topic) && !request.internalTopicsAllowed) return failedEntry('INVALID_TOPIC_EXCEPTION');
  if (typeof partition === 'string') return failedEntry(partition);
  if (entry.topicId !== null && entry.topicId !== partition.topicId) return failedEntry('UNKNOWN_TOPIC_ID');
  const leadership = partition.checkLeadership(-1, true);
  if (leadership !== 'NONE') return failedEntry(leadership);
  // Only acks=all promises the replicas; acks=1 goes on with fewer.
  if (acks === -1 && !partition.hasEnoughInSyncReplicas) {
    partition.metrics.produceRequested();
    partition.metrics.produceFailed();
    return { ...failedEntry('NOT_ENOUGH_REPLICAS'), logStartOffset: partition.log.logStartOffset };
  }
  return { partition, records };
}

/** What is no failure of the broker in Kafka's count of failed Produce requests. */
const expectedErrors: ReadonlySet<ErrorName> = new Set<ErrorName>([
  'MESSAGE_TOO_LARGE',
  'RECORD_LIST_TOO_LARGE',
  'CORRUPT_MESSAGE',
  'KAFKA_STORAGE_ERROR',
]);

function countFailure(partition: Partition, error: ErrorName, records: Buffer): void {
  if (error === 'MESSAGE_TOO_LARGE') partition.metrics.rejected(records.length);
  if (!expectedErrors.has(error)) partition.metrics.produceFailed();
}

/** Errors after which Kafka's answer has no log start offset; all the others tell it. */
const withoutLogStartOffset: ReadonlySet<ErrorName> = new Set<ErrorName>([
  'MESSAGE_TOO_LARGE',
  'RECORD_LIST_TOO_LARGE',
  'CORRUPT_MESSAGE',
  'KAFKA_STORAGE_ERROR',
]);

/** Errors of the producer's state: Kafka explains them in its log only. */
const withoutMessage: ReadonlySet<ErrorName> = new Set<ErrorName>([
  'OUT_OF_ORDER_SEQUENCE_NUMBER',
  'INVALID_PRODUCER_EPOCH',
  'UNKNOWN_PRODUCER_ID',
]);

function appendToLog(
  services: AppendServices,
  partition: Partition,
  records: Buffer,
  nowMs: number,
  transactionGuard: TransactionGuard | undefined,
): { readonly result: EntryResult; readonly endOffset: Offset | null } {
  try {
    const appended = partition.append(records, 'client', nowMs, transactionGuard);
    switch (appended.kind) {
      case 'appended':
      case 'duplicate':
        return {
          result: {
            error: 'NONE',
            message: null,
            recordErrors: noRecordErrors,
            baseOffset: appended.firstOffset,
            logAppendTimeMs: appended.logAppendTimeMs,
            logStartOffset: appended.logStartOffset,
          },
          endOffset: appended.lastOffset + 1,
        };
      case 'failed': {
        const { error, recordErrors } = appended;
        const logStartOffset = withoutLogStartOffset.has(error) ? -1 : appended.logStartOffset;
        return {
          result: {
            error,
            message: withoutMessage.has(error) ? null : appended.message,
            recordErrors,
            baseOffset: -1,
            logAppendTimeMs: -1,
            logStartOffset,
          },
          endOffset: null,
        };
      }
    }
  } catch (error) {
    if (!isStorageFailure(error)) throw error;
    services.storageFailed(error);
    return { result: failedEntry('KAFKA_STORAGE_ERROR'), endOffset: null };
  }
}

/** What the file system throws has Node's `code` (ENOSPC, EIO, …); everything else is a bug of ours. */
function isStorageFailure(error: unknown): boolean {
  if (error instanceof StorageError) return true;
  return error instanceof Error && 'code' in error && typeof error.code === 'string';
}

class WaitingAppend {
  readonly #results: EntryResult[];
  readonly #acks: number;
  readonly #open = new Set<{
    readonly partition: Partition;
    readonly waiter: AppendWaiter;
    readonly fail: () => void;
  }>();
  #timeout: TimerHandle | null = null;
  #resolve: ((results: EntryResult[]) => void) | null = null;

  constructor(results: EntryResult[], acks: number) {
    this.#results = results;
    this.#acks = acks;
  }

  get complete(): boolean {
    return this.#open.size === 0;
  }

  add(partition: Partition, endOffset: Offset, result: EntryResult): void {
    const waiter: AppendWaiter = {
      requiredOffset: endOffset,
      reached: (error) => {
        if (!this.#open.delete(open)) return;
        // The in-sync replicas may have become too few while the batch was on its way.
        const tooFew = this.#acks === -1 && error === 'NONE' && !partition.hasEnoughInSyncReplicas;
        result.error = tooFew ? 'NOT_ENOUGH_REPLICAS_AFTER_APPEND' : error;
        if (this.complete) this.#finish();
      },
    };
    const open = {
      partition,
      waiter,
      fail: () => {
        result.error = 'REQUEST_TIMED_OUT';
      },
    };
    this.#open.add(open);
    if (this.#acks === -1) partition.awaitCommitted(waiter);
    else partition.awaitWritten(waiter);
  }

  start(timer: Timer, timeoutMs: number): Promise<EntryResult[]> {
    return new Promise((resolve) => {
      this.#resolve = resolve;
      // Only replicas can keep a producer waiting; Kafka's own write to the local log has no timeout either.
      if (this.#acks === -1) this.#timeout = timer.schedule(Math.max(0, timeoutMs), () => this.#expire());
    });
  }

  #expire(): void {
    for (const open of this.#open) {
      open.fail();
      open.partition.forgetAppendWaiter(open.waiter);
    }
    this.#open.clear();
    this.#finish();
  }

  #finish(): void {
    this.#timeout?.cancel();
    this.#resolve?.(this.#results);
    this.#resolve = null;
  }
}
