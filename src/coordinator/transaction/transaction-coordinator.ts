/**
 * The transaction coordinator as the API handlers and produce verification see it. Implemented by
 * transaction-coordinator-service.ts. Every answer is a value; nothing here rejects.
 */
import type { ErrorName } from '../../wire/errors.ts';
import type { TopicPartitions } from './transaction-metadata.ts';

export const TRANSACTION_STATE_TOPIC = '__transaction_state';

export interface ProducerOfTransaction {
  readonly transactionalId: string;
  readonly producerId: number;
  readonly producerEpoch: number;
}

export interface InitProducerIdInput {
  /** `null`: an idempotent producer without transactions. */
  readonly transactionalId: string | null;
  readonly timeoutMs: number;
  /** What the producer had before (KIP-360); both -1 where it says nothing. */
  readonly producerId: number;
  readonly producerEpoch: number;
}

/** With an error, both numbers are -1. */
export interface ProducerIdResult {
  readonly error: ErrorName;
  readonly producerId: number;
  readonly producerEpoch: number;
}

export interface AddPartitionsInput extends ProducerOfTransaction {
  readonly partitions: readonly TopicPartitions[];
  /** transaction.version that the client speaks. */
  readonly clientTransactionVersion: number;
}

export interface VerifyPartitionsInput extends ProducerOfTransaction {
  readonly partitions: readonly TopicPartitions[];
}

export interface PartitionVerification {
  readonly topic: string;
  readonly partition: number;
  readonly error: ErrorName;
}

export interface EndTransactionInput extends ProducerOfTransaction {
  readonly committed: boolean;
  readonly clientTransactionVersion: number;
}

export interface TransactionFilters {
  /** Empty: all. */
  readonly states: readonly string[];
  readonly producerIds: readonly number[];
  /** Only transactions that have run for longer; -1: all. */
  readonly durationMs: number;
  /** `null`: all. */
  readonly matches: ((transactionalId: string) => boolean) | null;
}

export interface ListedTransaction {
  readonly transactionalId: string;
  readonly producerId: number;
  readonly state: string;
}

export interface ListTransactionsResult {
  readonly error: ErrorName;
  readonly unknownStates: readonly string[];
  readonly transactions: readonly ListedTransaction[];
}

export interface DescribedTransaction {
  readonly error: ErrorName;
  readonly transactionalId: string;
  readonly state: string;
  readonly timeoutMs: number;
  readonly startTimestampMs: number;
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly partitions: readonly TopicPartitions[];
}

export interface TransactionCoordinator {
  /** The partition of `__transaction_state` that owns the transactional id. */
  partitionFor(transactionalId: string): number;
  initProducerId(input: InitProducerIdInput): Promise<ProducerIdResult>;
  addPartitions(input: AddPartitionsInput): Promise<ErrorName>;
  /** Changes nothing: is each partition in the producer's open transaction (KIP-890)? */
  verifyPartitions(input: VerifyPartitionsInput): Promise<readonly PartitionVerification[]>;
  endTransaction(input: EndTransactionInput): Promise<ProducerIdResult>;
  listTransactions(filters: TransactionFilters): ListTransactionsResult;
  describeTransaction(transactionalId: string): DescribedTransaction;
}

/** A transaction whose end is decided and in the log: what its partitions have to be told. */
export interface DecidedTransaction {
  readonly transactionalId: string;
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly committed: boolean;
  /** When it was decided: tells it from the next one, which has the same epoch with clients before transaction.version 2. */
  readonly decidedAtMs: number;
  readonly partitions: readonly TopicPartitions[];
}

/**
 * What became of a marker: `gone` (the partition no longer exists), `fenced` (a newer coordinator or producer epoch has
 * been there), `retry` (its leader cannot take it now).
 */
export type MarkerResult = 'written' | 'gone' | 'fenced' | 'retry';

export interface MarkerWriter {
  /** Resolves when the marker is committed, or with why it is not. Never rejects. */
  write(
    partition: { readonly topic: string; readonly partition: number },
    end: {
      readonly producerId: number;
      readonly producerEpoch: number;
      readonly coordinatorEpoch: number;
      readonly committed: boolean;
    },
  ): Promise<MarkerResult>;
}
