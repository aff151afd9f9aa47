/**
 * The records of `__transaction_state`. Key: int16 record type 0, transactional id; value: int16 version, then the state.
 * A null value is a tombstone. Version 0 is written while the cluster's transaction.version is 0, version 1 (flexible, with
 * the fields of KIP-890) from 1 on.
 */
import {
  decodeCoordinatorKey,
  decodeCoordinatorValue,
  encodeCoordinatorKey,
  encodeCoordinatorValue,
} from '../../wire/record-framing.ts';
import { transactionLogKey, transactionLogValue } from '../../wire/schema/transaction-log-record.ts';
import { WireError } from '../../wire/wire-error.ts';
import type { RecordCodec } from '../shard.ts';
import { NO_PRODUCER_EPOCH, type TransactionMetadata, transactionStates } from './transaction-metadata.ts';

export interface TransactionRecord {
  readonly kind: 'transaction';
  readonly transactionalId: string;
  /** `null` is a tombstone. */
  readonly metadata: TransactionMetadata | null;
  readonly valueVersion: number;
}

/** Of a later release, or one that does not decode; left where it is. */
export interface OtherTransactionRecord {
  readonly kind: 'other';
  readonly key: Buffer;
  readonly value: Buffer | null;
}

export type TransactionLogRecord = TransactionRecord | OtherTransactionRecord;

/** From this transaction.version on, records have the fields of KIP-890. */
const FLEXIBLE_RECORDS_VERSION = 1;

export function newTransactionRecord(
  transactionalId: string,
  metadata: TransactionMetadata,
  transactionVersion: number,
): TransactionRecord {
  const valueVersion = transactionVersion >= FLEXIBLE_RECORDS_VERSION ? 1 : 0;
  return { kind: 'transaction', transactionalId, metadata, valueVersion };
}

export function newTransactionTombstone(transactionalId: string): TransactionRecord {
  return { kind: 'transaction', transactionalId, metadata: null, valueVersion: 0 };
}

export const transactionRecordCodec: RecordCodec<TransactionLogRecord> = {
  encode(record) {
    if (record.kind === 'other') return { key: record.key, value: record.value };
    const { transactionalId, metadata, valueVersion } = record;
    const key = encodeCoordinatorKey(transactionLogKey, { transactionalId });
    return { key, value: metadata === null ? null : encodeMetadata(metadata, valueVersion) };
  },

  decode(key, value) {
    try {
      const { transactionalId } = decodeCoordinatorKey(transactionLogKey, key);
      if (value === null) return newTransactionTombstone(transactionalId);
      const decoded = decodeMetadata(value);
      if (decoded !== null) return { kind: 'transaction', transactionalId, ...decoded };
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
    }
    // Copied: what was read from the log is a view into a larger buffer.
    return { kind: 'other', key: Buffer.from(key), value: value === null ? null : Buffer.from(value) };
  },
};

function encodeMetadata(metadata: TransactionMetadata, version: number): Buffer {
  return encodeCoordinatorValue(transactionLogValue, version, {
    producerId: metadata.producerId,
    producerEpoch: metadata.producerEpoch,
    transactionTimeoutMs: metadata.timeoutMs,
    transactionStatus: transactionStates.indexOf(metadata.state),
    transactionPartitions:
      metadata.state === 'Empty'
        ? null
        : metadata.partitions.map(({ topic, partitions }) => ({ topic, partitionIds: partitions })),
    transactionLastUpdateTimestampMs: metadata.lastUpdateTimestampMs,
    transactionStartTimestampMs: metadata.startTimestampMs,
    ...(version === 0
      ? {}
      : {
          previousProducerId: metadata.previousProducerId,
          nextProducerId: metadata.nextProducerId,
          clientTransactionVersion: metadata.clientTransactionVersion,
        }),
  });
}

function decodeMetadata(
  bytes: Buffer,
): { readonly metadata: TransactionMetadata; readonly valueVersion: number } | null {
  const { version, value } = decodeCoordinatorValue(transactionLogValue, bytes);
  const state = transactionStates[value.transactionStatus];
  if (state === undefined) return null;
  return {
    valueVersion: version,
    metadata: {
      producerId: value.producerId,
      previousProducerId: value.previousProducerId,
      nextProducerId: value.nextProducerId,
      producerEpoch: value.producerEpoch,
      lastProducerEpoch: NO_PRODUCER_EPOCH,
      timeoutMs: value.transactionTimeoutMs,
      state,
      partitions:
        state === 'Empty'
          ? []
          : (value.transactionPartitions ?? []).map(({ topic, partitionIds }) => ({ topic, partitions: partitionIds })),
      startTimestampMs: value.transactionStartTimestampMs,
      lastUpdateTimestampMs: value.transactionLastUpdateTimestampMs,
      clientTransactionVersion: value.clientTransactionVersion,
    },
  };
}
