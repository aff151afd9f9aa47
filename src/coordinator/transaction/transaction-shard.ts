/**
 * The transaction coordinator's state machine over one partition of `__transaction_state`. The states and what leads from
 * one to the next are drawn in transaction-metadata.ts; here is who may ask for it (KIP-98, 360, 588, 890).
 *
 * Invariants: an answer leaves when its record is committed; markers are asked for only once the decision is committed,
 * and the transaction is complete only when every partition has its marker. Between decision and completion every request
 * for the id is told CONCURRENT_TRANSACTIONS, so its partitions are never in two transactions at a time.
 */
import { unreachable } from '../../base/assert.ts';
import type { Offset } from '../../base/flavor.ts';
import { type SnapshotRegistry, TimelineMap } from '../../base/timeline-map.ts';
import type { ErrorName } from '../../wire/errors.ts';
import type { CoordinatorShard } from '../shard.ts';
import type {
  TransactionCommand,
  TransactionDecision,
  TransactionEffect,
  TransactionReply,
  TransactionResponse,
} from './commands.ts';
import type {
  AddPartitionsInput,
  DecidedTransaction,
  DescribedTransaction,
  EndTransactionInput,
  ListedTransaction,
  PartitionVerification,
  ProducerIdResult,
  ProducerOfTransaction,
  TransactionFilters,
  VerifyPartitionsInput,
} from './transaction-coordinator.ts';
import {
  bumpsEpoch,
  completed,
  containsAll,
  containsPartition,
  fenced,
  initialised,
  isEpochExhausted,
  isPrepared,
  NO_PRODUCER_EPOCH,
  NO_PRODUCER_ID,
  newTransactionMetadata,
  prepared,
  type TransactionMetadata,
  withPartitions,
} from './transaction-metadata.ts';
import { newTransactionRecord, newTransactionTombstone, type TransactionLogRecord } from './transaction-records.ts';

export interface TransactionConfig {
  /** `transaction.abort.timed.out.transaction.cleanup.interval.ms` */
  readonly abortTimedOutIntervalMs: number;
  /** `transactional.id.expiration.ms` */
  readonly transactionalIdExpirationMs: number;
  /** `transaction.remove.expired.transaction.cleanup.interval.ms` */
  readonly removeExpiredIntervalMs: number;
  /** The cluster's finalized transaction.version. */
  readonly transactionVersion: () => number;
}

const ABORT_KEY = 'abort timed out transactions';
const EXPIRY_KEY = 'remove expired transactional ids';

type InitCommand = Extract<TransactionCommand, { kind: 'initProducerId' }>;

export class TransactionShard
  implements CoordinatorShard<TransactionCommand, TransactionResponse, TransactionLogRecord, TransactionReply>
{
  readonly #config: TransactionConfig;
  readonly #statePartition: number;
  readonly #transactions: TimelineMap<string, TransactionMetadata>;

  constructor(config: TransactionConfig, statePartition: number, registry: SnapshotRegistry) {
    this.#config = config;
    this.#statePartition = statePartition;
    this.#transactions = new TimelineMap(registry);
  }

  handle(command: TransactionCommand, nowMs: number): TransactionDecision {
    switch (command.kind) {
      case 'initProducerId':
        return this.#initProducerId(command, nowMs);
      case 'addPartitions':
        return this.#addPartitions(command.input, nowMs);
      case 'verifyPartitions':
        return answer(this.#verifyPartitions(command.input));
      case 'endTransaction':
        return this.#endTransaction(command.input, command.newProducerId, nowMs);
      case 'abortTimedOut':
        return this.#abortTimedOut(command.producer, command.newProducerId, nowMs);
      case 'markersWritten':
        return this.#markersWritten(command.producer, command.decidedAtMs, nowMs);
      case 'abortAllTimedOut':
        return this.#abortAllTimedOut(nowMs);
      case 'removeExpired':
        return this.#removeExpired(nowMs);
      case 'decided':
        return this.#decided(command.transactionalIds, command.error);
      default:
        return unreachable(command);
    }
  }

  // ---- InitProducerId

  #initProducerId({ input, newProducerId }: InitCommand, nowMs: number): TransactionDecision {
    const { transactionalId, timeoutMs } = input;
    const metadata = this.#transactions.get(transactionalId);
    if (metadata === undefined) {
      if (newProducerId === null) return answer('needsProducerId');
      return this.#initialise(transactionalId, newTransactionMetadata(newProducerId, timeoutMs, nowMs));
    }
    // Its partitions still wait for their markers: the producer asks again.
    if (isPrepared(metadata)) return refuse('CONCURRENT_TRANSACTIONS');
    const expects = input.producerId !== NO_PRODUCER_ID;
    if (expects && !this.#isProducerOf(metadata, input)) return refuse('PRODUCER_FENCED');
    if (metadata.state === 'Ongoing') return this.#fenceOngoing(transactionalId, metadata, newProducerId, nowMs);

    const { producerEpoch, lastProducerEpoch } = metadata;
    if (isEpochExhausted(producerEpoch) && (!expects || input.producerEpoch === producerEpoch)) {
      if (newProducerId === null) return answer('needsProducerId');
      const rotated = { producerId: newProducerId, producerEpoch: 0, timeoutMs, nowMs };
      const last = expects ? producerEpoch : NO_PRODUCER_EPOCH;
      return this.#initialise(transactionalId, initialised(metadata, { ...rotated, lastProducerEpoch: last }));
    }
    const same = { producerId: metadata.producerId, timeoutMs, nowMs };
    if (!expects) {
      const bumped = { ...same, producerEpoch: producerEpoch + 1, lastProducerEpoch: NO_PRODUCER_EPOCH };
      return this.#initialise(transactionalId, initialised(metadata, bumped));
    }
    if (input.producerEpoch === producerEpoch) {
      const bumped = { ...same, producerEpoch: producerEpoch + 1, lastProducerEpoch: producerEpoch };
      return this.#initialise(transactionalId, initialised(metadata, bumped));
    }
    // The answer to the same request got lost: nobody else has taken the id since, so it is given again.
    if (input.producerEpoch === lastProducerEpoch) {
      return this.#initialise(transactionalId, initialised(metadata, { ...same, producerEpoch, lastProducerEpoch }));
    }
    return refuse('PRODUCER_FENCED');
  }

  /** KIP-360: does the producer that asks hold this id, or the one before it, whose epochs ran out? */
  #isProducerOf(metadata: TransactionMetadata, { producerId, producerEpoch }: InitCommand['input']): boolean {
    if (producerId === metadata.producerId) return true;
    return producerId === metadata.previousProducerId && isEpochExhausted(producerEpoch);
  }

  /** Another incarnation of the producer left a transaction open: it is aborted, and the new one asks again. */
  #fenceOngoing(
    transactionalId: string,
    metadata: TransactionMetadata,
    newProducerId: number | null,
    nowMs: number,
  ): TransactionDecision {
    const transactionVersion = this.#config.transactionVersion();
    const rotates = bumpsEpoch(transactionVersion) && isEpochExhausted(metadata.producerEpoch);
    if (rotates && newProducerId === null) return answer('needsProducerId');
    const nextProducerId = rotates ? newProducerId! : NO_PRODUCER_ID;
    const next = fenced(metadata, { transactionVersion, nextProducerId, nowMs });
    return this.#decide([[transactionalId, next]], producerFailure('CONCURRENT_TRANSACTIONS'));
  }

  #initialise(transactionalId: string, metadata: TransactionMetadata): TransactionDecision {
    const { producerId, producerEpoch } = metadata;
    return this.#write(transactionalId, metadata, { error: 'NONE', producerId, producerEpoch });
  }

  // ---- partitions

  #addPartitions(input: AddPartitionsInput, nowMs: number): TransactionDecision {
    const metadata = this.#transactions.get(input.transactionalId);
    if (metadata === undefined) return answer<ErrorName>('INVALID_PRODUCER_ID_MAPPING');
    // First: with transaction.version 2 the producer may use the id and epoch that only the completion will bring.
    if (isPrepared(metadata)) return answer<ErrorName>('CONCURRENT_TRANSACTIONS');
    const error = checkProducer(metadata, input);
    if (error !== 'NONE') return answer(error);
    if (metadata.state === 'Ongoing' && containsAll(metadata, input.partitions)) return answer<ErrorName>('NONE');
    const next = withPartitions(metadata, input.partitions, input.clientTransactionVersion, nowMs);
    return this.#write(input.transactionalId, next, 'NONE');
  }

  #verifyPartitions(input: VerifyPartitionsInput): readonly PartitionVerification[] {
    const metadata = this.#transactions.get(input.transactionalId);
    const error = metadata === undefined ? 'INVALID_PRODUCER_ID_MAPPING' : checkProducer(metadata, input);
    return input.partitions.flatMap(({ topic, partitions }) =>
      partitions.map((partition): PartitionVerification => {
        if (metadata === undefined || error !== 'NONE') return { topic, partition, error };
        if (isPrepared(metadata)) return { topic, partition, error: 'CONCURRENT_TRANSACTIONS' };
        const added = containsPartition(metadata, topic, partition);
        return { topic, partition, error: added ? 'NONE' : 'TRANSACTION_ABORTABLE' };
      }),
    );
  }

  // ---- EndTxn

  #endTransaction(input: EndTransactionInput, newProducerId: number | null, nowMs: number): TransactionDecision {
    const metadata = this.#transactions.get(input.transactionalId);
    if (metadata === undefined) return refuse('INVALID_PRODUCER_ID_MAPPING');
    if (!bumpsEpoch(input.clientTransactionVersion)) return this.#endWithSameEpoch(input, metadata, nowMs);

    if (isPrepared(metadata)) return refuse('CONCURRENT_TRANSACTIONS');
    const retry = retriedEnd(metadata, input);
    if (metadata.producerId !== input.producerId && retry !== 'of-exhausted-epoch') {
      return refuse('INVALID_PRODUCER_ID_MAPPING');
    }
    if (retry === null && input.producerEpoch !== metadata.producerEpoch) return refuse('PRODUCER_FENCED');
    switch (metadata.state) {
      case 'Ongoing':
        return this.#endWithNextEpoch(input, metadata, newProducerId, false, nowMs);
      case 'CompleteCommit':
      case 'CompleteAbort':
        if (retry !== null) {
          if (input.committed !== (metadata.state === 'CompleteCommit')) return refuse('INVALID_TXN_STATE');
          const { producerId, producerEpoch } = metadata;
          return answer<ProducerIdResult>({ error: 'NONE', producerId, producerEpoch });
        }
        break;
      default:
    }
    // The client does not know whether any of its batches began a transaction: aborting none is fine, committing is not.
    if (input.committed) return refuse('INVALID_TXN_STATE');
    return this.#endWithNextEpoch(input, metadata, newProducerId, true, nowMs);
  }

  #endWithNextEpoch(
    input: EndTransactionInput,
    metadata: TransactionMetadata,
    newProducerId: number | null,
    beginsNow: boolean,
    nowMs: number,
  ): TransactionDecision {
    const rotates = isEpochExhausted(metadata.producerEpoch);
    if (rotates && newProducerId === null) return answer('needsProducerId');
    const nextProducerId = rotates ? newProducerId! : NO_PRODUCER_ID;
    const { committed, clientTransactionVersion } = input;
    const next = prepared(metadata, { committed, clientTransactionVersion, nextProducerId, beginsNow, nowMs });
    // The producer goes on with what it will be once the markers are written.
    const { producerId, producerEpoch } = completed(next, nowMs);
    return this.#decide([[input.transactionalId, next]], { error: 'NONE', producerId, producerEpoch });
  }

  /** Clients before transaction.version 2: the epoch stays, and an end may be told again as often as they like. */
  #endWithSameEpoch(input: EndTransactionInput, metadata: TransactionMetadata, nowMs: number): TransactionDecision {
    const error = checkProducer(metadata, input);
    if (error !== 'NONE') return refuse(error);
    const done: ProducerIdResult = {
      error: 'NONE',
      producerId: metadata.producerId,
      producerEpoch: metadata.producerEpoch,
    };
    switch (metadata.state) {
      case 'Ongoing': {
        const next = prepared(metadata, {
          committed: input.committed,
          clientTransactionVersion: 0,
          nextProducerId: NO_PRODUCER_ID,
          beginsNow: false,
          nowMs,
        });
        return this.#decide([[input.transactionalId, next]], done);
      }
      case 'PrepareCommit':
      case 'PrepareAbort':
        return refuse('CONCURRENT_TRANSACTIONS');
      case 'CompleteCommit':
        return input.committed ? answer(done) : refuse('INVALID_TXN_STATE');
      case 'CompleteAbort':
        return input.committed ? refuse('INVALID_TXN_STATE') : answer(done);
      default:
        return refuse('INVALID_TXN_STATE');
    }
  }

  // ---- from decision to completion

  /** Writes decisions; what then has to be told to the partitions is asked for when they are committed. */
  #decide(
    decisions: readonly (readonly [transactionalId: string, next: TransactionMetadata])[],
    response: TransactionResponse,
  ): TransactionDecision {
    const version = this.#config.transactionVersion();
    const transactionalIds = decisions.map(([transactionalId]) => transactionalId);
    return {
      records: decisions.map(([transactionalId, next]) => newTransactionRecord(transactionalId, next, version)),
      response,
      effects: [],
      settled: (error) => ({ kind: 'decided', transactionalIds, error }),
    };
  }

  #decided(transactionalIds: readonly string[], error: ErrorName | null): TransactionDecision {
    if (error === 'REQUEST_TIMED_OUT') {
      // The records are in the log and may still be committed: wait on.
      return {
        ...answer(null),
        settled: (later) => ({ kind: 'decided', transactionalIds, error: later }),
      };
    }
    // After any other failure the state is what it was before.
    if (error !== null) return answer(null);
    const transactions = transactionalIds.flatMap((transactionalId): DecidedTransaction[] => {
      const metadata = this.#transactions.get(transactionalId);
      if (metadata === undefined || !isPrepared(metadata)) return [];
      const { producerId, producerEpoch, state, partitions, lastUpdateTimestampMs: decidedAtMs } = metadata;
      const committed = state === 'PrepareCommit';
      return [{ transactionalId, producerId, producerEpoch, committed, decidedAtMs, partitions }];
    });
    if (transactions.length === 0) return answer(null);
    const reply: TransactionReply = { kind: 'writeMarkers', statePartition: this.#statePartition, transactions };
    return { ...answer(null), effects: [{ kind: 'reply', reply }] };
  }

  /** May come twice: it is told again when its record was not committed in time. */
  #markersWritten(producer: ProducerOfTransaction, decidedAtMs: number, nowMs: number): TransactionDecision {
    const metadata = this.#transactions.get(producer.transactionalId);
    if (metadata === undefined || !isPrepared(metadata) || checkProducer(metadata, producer) !== 'NONE') {
      return answer(null);
    }
    if (metadata.lastUpdateTimestampMs !== decidedAtMs) return answer(null);
    return this.#write(producer.transactionalId, completed(metadata, nowMs), null);
  }

  // ---- timers

  #abortAllTimedOut(nowMs: number): TransactionDecision {
    const transactionVersion = this.#config.transactionVersion();
    const decisions: [string, TransactionMetadata][] = [];
    const effects: TransactionEffect[] = [];
    for (const [transactionalId, metadata] of this.#transactions) {
      if (!isTimedOut(metadata, nowMs)) continue;
      if (bumpsEpoch(transactionVersion) && isEpochExhausted(metadata.producerEpoch)) {
        const { producerId, producerEpoch } = metadata;
        const producer = { transactionalId, producerId, producerEpoch };
        const reply = { kind: 'abortWithNewProducerId', statePartition: this.#statePartition, producer } as const;
        effects.push({ kind: 'reply', reply });
        continue;
      }
      const next = fenced(metadata, { transactionVersion, nextProducerId: NO_PRODUCER_ID, nowMs });
      decisions.push([transactionalId, next]);
    }
    effects.push(this.#schedule(ABORT_KEY, this.#config.abortTimedOutIntervalMs, { kind: 'abortAllTimedOut' }));
    if (decisions.length === 0) return { ...answer(null), effects };
    return { ...this.#decide(decisions, null), effects, divisible: true };
  }

  #abortTimedOut(producer: ProducerOfTransaction, newProducerId: number, nowMs: number): TransactionDecision {
    const metadata = this.#transactions.get(producer.transactionalId);
    if (metadata === undefined || !isTimedOut(metadata, nowMs)) return answer(null);
    if (checkProducer(metadata, producer) !== 'NONE') return answer(null);
    const transactionVersion = this.#config.transactionVersion();
    const next = fenced(metadata, { transactionVersion, nextProducerId: newProducerId, nowMs });
    return this.#decide([[producer.transactionalId, next]], null);
  }

  /** `transactional.id.expiration.ms`: ids that nobody uses go; an open transaction never does. */
  #removeExpired(nowMs: number): TransactionDecision {
    const records: TransactionLogRecord[] = [];
    for (const [transactionalId, { state, lastUpdateTimestampMs }] of this.#transactions) {
      if (state !== 'Empty' && state !== 'CompleteCommit' && state !== 'CompleteAbort') continue;
      if (nowMs - lastUpdateTimestampMs < this.#config.transactionalIdExpirationMs) continue;
      records.push(newTransactionTombstone(transactionalId));
    }
    const timer = this.#schedule(EXPIRY_KEY, this.#config.removeExpiredIntervalMs, { kind: 'removeExpired' });
    return { records, response: null, effects: [timer], divisible: true };
  }

  #schedule(key: string, delayMs: number, command: TransactionCommand): TransactionEffect {
    return { kind: 'schedule', key, delayMs, command };
  }

  #write(transactionalId: string, metadata: TransactionMetadata, response: TransactionResponse): TransactionDecision {
    const record = newTransactionRecord(transactionalId, metadata, this.#config.transactionVersion());
    return { records: [record], response, effects: [] };
  }

  // ---- the log

  replay(record: TransactionLogRecord): void {
    if (record.kind === 'other') return;
    if (record.metadata === null) this.#transactions.delete(record.transactionalId);
    else this.#transactions.set(record.transactionalId, record.metadata);
  }

  /** Nobody writes into this topic in a transaction. */
  replayEndTransaction(): void {}

  loaded(): TransactionDecision<null> {
    const decided = [...this.#transactions].filter(([, metadata]) => isPrepared(metadata)).map(([id]) => id);
    return {
      records: [],
      response: null,
      effects: [
        this.#schedule(ABORT_KEY, this.#config.abortTimedOutIntervalMs, { kind: 'abortAllTimedOut' }),
        this.#schedule(EXPIRY_KEY, this.#config.removeExpiredIntervalMs, { kind: 'removeExpired' }),
      ],
      // A coordinator that went before its time decided these and may not have told all partitions.
      settled: (error) => ({ kind: 'decided', transactionalIds: decided, error }),
    };
  }

  unloaded(): readonly TransactionEffect[] {
    return [];
  }

  rolledBack(): readonly TransactionEffect[] {
    return [];
  }

  // ---- reads of the committed state

  list(filters: TransactionFilters, committedOffset: Offset, nowMs: number): readonly ListedTransaction[] {
    const found: ListedTransaction[] = [];
    for (const [transactionalId, metadata] of this.#transactions.entries(committedOffset)) {
      const { producerId, state, startTimestampMs } = metadata;
      if (filters.producerIds.length > 0 && !filters.producerIds.includes(producerId)) continue;
      if (filters.states.length > 0 && !filters.states.includes(state)) continue;
      if (filters.durationMs >= 0 && nowMs - startTimestampMs <= filters.durationMs) continue;
      if (filters.matches !== null && !filters.matches(transactionalId)) continue;
      found.push({ transactionalId, producerId, state });
    }
    return found;
  }

  describe(transactionalId: string, committedOffset: Offset): DescribedTransaction | null {
    const metadata = this.#transactions.get(transactionalId, committedOffset);
    if (metadata === undefined) return null;
    const { state, timeoutMs, startTimestampMs, producerId, producerEpoch, partitions } = metadata;
    return {
      error: 'NONE',
      transactionalId,
      state,
      timeoutMs,
      startTimestampMs,
      producerId,
      producerEpoch,
      partitions,
    };
  }
}

function answer<R extends TransactionResponse>(response: R): TransactionDecision<R> {
  return { records: [], response, effects: [] };
}

export function producerFailure(error: ErrorName): ProducerIdResult {
  return { error, producerId: NO_PRODUCER_ID, producerEpoch: NO_PRODUCER_EPOCH };
}

function refuse(error: ErrorName): TransactionDecision {
  return answer(producerFailure(error));
}

function checkProducer(metadata: TransactionMetadata, producer: ProducerOfTransaction): ErrorName {
  if (metadata.producerId !== producer.producerId) return 'INVALID_PRODUCER_ID_MAPPING';
  return metadata.producerEpoch === producer.producerEpoch ? 'NONE' : 'PRODUCER_FENCED';
}

/** Is this an end that was decided before, told again by a producer that has not heard of its new epoch? */
function retriedEnd(
  metadata: TransactionMetadata,
  { producerId, producerEpoch }: ProducerOfTransaction,
): 'of-last-epoch' | 'of-exhausted-epoch' | null {
  if (!bumpsEpoch(metadata.clientTransactionVersion)) return null;
  if (metadata.state !== 'CompleteCommit' && metadata.state !== 'CompleteAbort') return null;
  if (metadata.producerEpoch === producerEpoch + 1) return 'of-last-epoch';
  const exhausted = isEpochExhausted(producerEpoch) && metadata.producerEpoch === 0;
  return exhausted && metadata.previousProducerId === producerId ? 'of-exhausted-epoch' : null;
}

function isTimedOut(metadata: TransactionMetadata, nowMs: number): boolean {
  return metadata.state === 'Ongoing' && metadata.startTimestampMs + metadata.timeoutMs < nowMs;
}
