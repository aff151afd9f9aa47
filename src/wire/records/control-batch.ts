import { buildBatch, type Record } from './records.ts';

/**
 * Control batches: what brokers and controllers write among the records of clients. The key of each record says which it is:
 *
 *     version int16 = 0 | type int16
 *
 * Source: KIP-98 (transaction markers), KIP-595, 630, 853 (the quorum's).
 */
export const controlRecordTypes = {
  abort: 0,
  commit: 1,
  leaderChange: 2,
  snapshotHeader: 3,
  snapshotFooter: 4,
  kRaftVersion: 5,
  kRaftVoters: 6,
} as const;
export type ControlRecordType = keyof typeof controlRecordTypes;
export type EndTransactionType = 'abort' | 'commit';

const END_TRANSACTION_MARKER_VERSION = 0;
const END_TRANSACTION_MARKER_SIZE = 6;
const KEY_SIZE = 4;

/** Null: not the key of a control record, or of one that is not known. */
export function controlRecordType(key: Buffer | null): ControlRecordType | null {
  if (key === null || key.length < KEY_SIZE || key.readInt16BE(0) < 0) return null;
  const id = key.readInt16BE(2);
  for (const type of Object.keys(controlRecordTypes) as ControlRecordType[]) {
    if (controlRecordTypes[type] === id) return type;
  }
  return null;
}

export function controlRecordKey(type: ControlRecordType): Buffer {
  const key = Buffer.alloc(KEY_SIZE);
  key.writeInt16BE(controlRecordTypes[type], 2);
  return key;
}

export interface EndTransactionMarker {
  readonly type: EndTransactionType;
  readonly coordinatorEpoch: number;
}

/** Null: the record is no transaction marker. */
export function readEndTransactionMarker(record: Record): EndTransactionMarker | null {
  const type = controlRecordType(record.key);
  if (type !== 'abort' && type !== 'commit') return null;
  const value = record.value;
  if (value === null || value.length < END_TRANSACTION_MARKER_SIZE || value.readInt16BE(0) < 0) return null;
  return { type, coordinatorEpoch: value.readInt32BE(2) };
}

export interface EndTransactionOptions {
  readonly baseOffset?: number;
  readonly partitionLeaderEpoch?: number;
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly type: EndTransactionType;
  readonly coordinatorEpoch: number;
  readonly nowMs: number;
}

/** The marker that ends a producer's transaction in one partition. */
export function buildEndTransactionBatch(options: EndTransactionOptions): Buffer {
  const value = Buffer.alloc(END_TRANSACTION_MARKER_SIZE);
  value.writeInt16BE(END_TRANSACTION_MARKER_VERSION, 0);
  value.writeInt32BE(options.coordinatorEpoch, 2);
  const { baseOffset, partitionLeaderEpoch } = options;
  return buildBatch({
    ...(baseOffset === undefined ? {} : { baseOffset }),
    ...(partitionLeaderEpoch === undefined ? {} : { partitionLeaderEpoch }),
    producerId: options.producerId,
    producerEpoch: options.producerEpoch,
    transactional: true,
    control: true,
    nowMs: options.nowMs,
    records: [{ key: controlRecordKey(options.type), value }],
  });
}

export interface ControlBatchOptions {
  readonly baseOffset?: number;
  readonly partitionLeaderEpoch: number;
  readonly nowMs: number;
  readonly records: readonly {
    readonly type: Exclude<ControlRecordType, EndTransactionType>;
    /** The encoded message of that type, version included. */
    readonly value: Buffer;
  }[];
}

/** The quorum's own records: LeaderChange, KRaftVersion, KRaftVoters, SnapshotHeader, SnapshotFooter. */
export function buildControlBatch(options: ControlBatchOptions): Buffer {
  return buildBatch({
    baseOffset: options.baseOffset ?? 0,
    partitionLeaderEpoch: options.partitionLeaderEpoch,
    control: true,
    nowMs: options.nowMs,
    records: options.records.map(({ type, value }) => ({ key: controlRecordKey(type), value })),
  });
}
