/**
 * What partitions have to do with transactions beside appending: which batches must be verified with the transaction
 * coordinator before they may open one (KIP-890), and the markers by which a coordinator ends one (KIP-98).
 */
import type { Clock, Timer, TimerHandle } from '../base/clock.ts';
import type { ErrorName } from '../wire/errors.ts';
import { buildEndTransactionBatch } from '../wire/records/control-batch.ts';
import * as batch from '../wire/records/record-batch.ts';
import type { AppendEntry } from './append-records.ts';
import type { AppendWaiter } from './partition.ts';
import type { PartitionLookup } from './partition-lookup.ts';
import type { TransactionGuard } from './replica-log.ts';

/** For one entry, in the order of the entries. */
export type TransactionStart =
  /** Not transactional, or too broken to tell: the append decides. */
  | { readonly kind: 'not-transactional' }
  /** The partition cannot be asked. */
  | { readonly kind: 'failed'; readonly error: ErrorName }
  /** The transaction is open there: it was verified when it began. */
  | ({ readonly kind: 'ongoing'; readonly guard: TransactionGuard } & Producer)
  | ({ readonly kind: 'unverified'; readonly guard: TransactionGuard } & Producer);

interface Producer {
  readonly producerId: number;
  readonly producerEpoch: number;
}

const NOT_TRANSACTIONAL: TransactionStart = { kind: 'not-transactional' };
/** Never given by a log: appending with it succeeds only while the transaction is open. */
const NEVER_VERIFIED: TransactionGuard = { producerId: -1 };

export function startTransactionVerification(
  partitions: PartitionLookup,
  entries: readonly AppendEntry[],
): readonly TransactionStart[] {
  return entries.map(({ topic, partition, records }) => {
    if (records === null || !isTransactionalBatch(records)) return NOT_TRANSACTIONAL;
    const producerId = batch.producerId(records, 0);
    if (producerId < 0) return NOT_TRANSACTIONAL;
    const found = partitions.find(topic, partition);
    if (typeof found === 'string') return { kind: 'failed', error: found };
    if (!found.isLeader) return { kind: 'failed', error: 'NOT_LEADER_OR_FOLLOWER' };
    const producer = { producerId, producerEpoch: batch.producerEpoch(records, 0) };
    const guard = found.log.startTransactionVerification({
      ...producer,
      baseSequence: batch.baseSequence(records, 0),
    });
    return guard === null
      ? { kind: 'ongoing', guard: NEVER_VERIFIED, ...producer }
      : { kind: 'unverified', guard, ...producer };
  });
}

/** Looks at the first batch alone: more than one is refused by the append. */
export function isTransactionalBatch(records: Buffer): boolean {
  if (records.length < batch.RECORD_BATCH_OVERHEAD || records[batch.MAGIC_POSITION] !== batch.CURRENT_MAGIC)
    return false;
  return batch.isTransactional(batch.attributes(records, 0));
}

export interface TransactionEnd extends Producer {
  readonly coordinatorEpoch: number;
  readonly committed: boolean;
}

export interface EndServices {
  readonly partitions: PartitionLookup;
  readonly clock: Clock;
  readonly timer: Timer;
}

const MARKER_TIMEOUT_MS = 30_000;

export function endTransaction(
  services: EndServices,
  topicPartition: { readonly topic: string; readonly partition: number },
  end: TransactionEnd,
): Promise<ErrorName> {
  const partition = services.partitions.find(topicPartition.topic, topicPartition.partition);
  if (typeof partition === 'string') return Promise.resolve(partition);
  const leadership = partition.checkLeadership(-1, true);
  if (leadership !== 'NONE') return Promise.resolve(leadership);
  if (!partition.hasEnoughInSyncReplicas) return Promise.resolve('NOT_ENOUGH_REPLICAS');
  const nowMs = services.clock.nowMs();
  const { producerId, producerEpoch, coordinatorEpoch, committed } = end;
  const type = committed ? 'commit' : 'abort';
  const marker = buildEndTransactionBatch({ producerId, producerEpoch, coordinatorEpoch, type, nowMs });
  const appended = partition.append(marker, 'coordinator', nowMs);
  if (appended.kind === 'failed') return Promise.resolve(appended.error);
  return new Promise((resolve) => {
    let timeout: TimerHandle | null = null;
    const waiter: AppendWaiter = {
      requiredOffset: appended.lastOffset + 1,
      reached: (error) => {
        timeout?.cancel();
        resolve(error);
      },
    };
    timeout = services.timer.schedule(MARKER_TIMEOUT_MS, () => {
      partition.forgetAppendWaiter(waiter);
      resolve('REQUEST_TIMED_OUT');
    });
    partition.awaitCommitted(waiter);
  });
}
