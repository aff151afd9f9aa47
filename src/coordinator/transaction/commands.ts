/**
 * Everything that can happen to the transactional ids of one shard, as data. Producer ids come with the command: a command
 * that turns out to need one and has none answers `needsProducerId`, changes nothing, and is sent again with one.
 */
import type { ErrorName } from '../../wire/errors.ts';
import type { Decision, Effect } from '../shard.ts';
import type {
  AddPartitionsInput,
  DecidedTransaction,
  EndTransactionInput,
  InitProducerIdInput,
  PartitionVerification,
  ProducerIdResult,
  ProducerOfTransaction,
  VerifyPartitionsInput,
} from './transaction-coordinator.ts';
import type { TransactionLogRecord } from './transaction-records.ts';

export type TransactionCommand =
  | {
      readonly kind: 'initProducerId';
      readonly input: InitProducerIdInput & { readonly transactionalId: string };
      readonly newProducerId: number | null;
    }
  | { readonly kind: 'addPartitions'; readonly input: AddPartitionsInput }
  | { readonly kind: 'verifyPartitions'; readonly input: VerifyPartitionsInput }
  | { readonly kind: 'endTransaction'; readonly input: EndTransactionInput; readonly newProducerId: number | null }
  /** A transaction has timed out and its epoch is exhausted: the new producer id is here. */
  | { readonly kind: 'abortTimedOut'; readonly producer: ProducerOfTransaction; readonly newProducerId: number }
  /** Every partition of the transaction has its marker. */
  | { readonly kind: 'markersWritten'; readonly producer: ProducerOfTransaction; readonly decidedAtMs: number }
  // Timers.
  | { readonly kind: 'abortAllTimedOut' }
  | { readonly kind: 'removeExpired' }
  /** The fate of the records that decided these transactions. */
  | { readonly kind: 'decided'; readonly transactionalIds: readonly string[]; readonly error: ErrorName | null };

export type NeedsProducerId = 'needsProducerId';

/** What each kind of command answers. */
export interface TransactionResponses {
  initProducerId: ProducerIdResult | NeedsProducerId;
  addPartitions: ErrorName;
  verifyPartitions: readonly PartitionVerification[];
  endTransaction: ProducerIdResult | NeedsProducerId;
  abortTimedOut: null;
  markersWritten: null;
  abortAllTimedOut: null;
  removeExpired: null;
  decided: null;
}

export type TransactionResponse = TransactionResponses[TransactionCommand['kind']];

/** What the shard asks of its surroundings. */
export type TransactionReply =
  | {
      readonly kind: 'writeMarkers';
      readonly statePartition: number;
      readonly transactions: readonly DecidedTransaction[];
    }
  | {
      readonly kind: 'abortWithNewProducerId';
      readonly statePartition: number;
      readonly producer: ProducerOfTransaction;
    };

export type TransactionEffect = Effect<TransactionCommand, TransactionReply>;
export type TransactionDecision<R extends TransactionResponse = TransactionResponse> = Decision<
  TransactionCommand,
  R,
  TransactionLogRecord,
  TransactionReply
>;
