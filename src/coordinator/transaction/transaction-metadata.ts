/**
 * What is known of one transactional id, and every transition between its states. Values are immutable: a transition gives
 * the next one, which goes into the log as a record and becomes the state when that is replayed.
 *
 *     (none) ──init──▶ Empty ──add──▶ Ongoing ──commit──▶ PrepareCommit ──markers written──▶ CompleteCommit
 *                        ▲               │ ▲                                                      │
 *                        │               │ └────────────── add (also from CompleteAbort) ◀────────┤
 *                        │               └─abort, timeout, init──▶ PrepareAbort ──markers──▶ CompleteAbort
 *                        └──────────────────────── init ──────────────────────────────────────────┘
 *     Empty, CompleteCommit, CompleteAbort ──unused for long──▶ (none): a tombstone
 *
 * Kafka's states Dead and PrepareEpochFence live in memory only, while a record is on its way; here a record is replayed
 * at once, so they are only names in the log's schema.
 *
 * With transaction.version 2 (KIP-890) every end of a transaction bumps the producer epoch, so nothing that was sent
 * before it can land in the next one. An epoch that cannot be bumped any more is followed by a new producer id.
 */

export const transactionStates = [
  'Empty',
  'Ongoing',
  'PrepareCommit',
  'PrepareAbort',
  'CompleteCommit',
  'CompleteAbort',
  'Dead',
  'PrepareEpochFence',
] as const;
export type TransactionState = (typeof transactionStates)[number];

export interface TopicPartitions {
  readonly topic: string;
  readonly partitions: readonly number[];
}

export interface TransactionMetadata {
  readonly producerId: number;
  /** The producer id before the last transition, -1 when unknown: an answer that got lost may have named another one. */
  readonly previousProducerId: number;
  /** Takes over when the markers are written; -1 where the producer id stays. */
  readonly nextProducerId: number;
  readonly producerEpoch: number;
  /** The epoch before the last bump, by which a retry is known. -1: none. Not in the log, as in Kafka. */
  readonly lastProducerEpoch: number;
  readonly timeoutMs: number;
  readonly state: TransactionState;
  /** In the order in which they were added. */
  readonly partitions: readonly TopicPartitions[];
  /** -1 before the first transaction. */
  readonly startTimestampMs: number;
  readonly lastUpdateTimestampMs: number;
  /** transaction.version as the client of the transaction speaks it: 0 or 2. */
  readonly clientTransactionVersion: number;
}

/** From this transaction.version on, the end of a transaction bumps the producer epoch. */
export const EPOCH_BUMP_VERSION = 2;
export const NO_PRODUCER_ID = -1;
export const NO_PRODUCER_EPOCH = -1;
const PRODUCER_EPOCH_MAX = 32_767;
const NO_PARTITIONS: readonly TopicPartitions[] = [];

/** The last epoch is kept for fencing. */
export function isEpochExhausted(producerEpoch: number): boolean {
  return producerEpoch >= PRODUCER_EPOCH_MAX - 1;
}

export function bumpsEpoch(transactionVersion: number): boolean {
  return transactionVersion >= EPOCH_BUMP_VERSION;
}

/** An id that nobody has used yet; its first record is an `initialised` one. */
export function newTransactionMetadata(producerId: number, timeoutMs: number, nowMs: number): TransactionMetadata {
  return {
    producerId,
    previousProducerId: producerId,
    nextProducerId: NO_PRODUCER_ID,
    producerEpoch: 0,
    lastProducerEpoch: NO_PRODUCER_EPOCH,
    timeoutMs,
    state: 'Empty',
    partitions: NO_PARTITIONS,
    startTimestampMs: -1,
    lastUpdateTimestampMs: nowMs,
    clientTransactionVersion: 0,
  };
}

/** InitProducerId between transactions. */
export function initialised(
  metadata: TransactionMetadata,
  next: {
    readonly producerId: number;
    readonly producerEpoch: number;
    readonly lastProducerEpoch: number;
    readonly timeoutMs: number;
    readonly nowMs: number;
  },
): TransactionMetadata {
  return {
    producerId: next.producerId,
    previousProducerId: metadata.producerId,
    nextProducerId: NO_PRODUCER_ID,
    producerEpoch: next.producerEpoch,
    lastProducerEpoch: next.lastProducerEpoch,
    timeoutMs: next.timeoutMs,
    state: 'Empty',
    partitions: NO_PARTITIONS,
    startTimestampMs: -1,
    lastUpdateTimestampMs: next.nowMs,
    clientTransactionVersion: 0,
  };
}

export function withPartitions(
  metadata: TransactionMetadata,
  added: readonly TopicPartitions[],
  clientTransactionVersion: number,
  nowMs: number,
): TransactionMetadata {
  const ongoing = metadata.state === 'Ongoing';
  return {
    ...metadata,
    previousProducerId: metadata.producerId,
    nextProducerId: NO_PRODUCER_ID,
    state: 'Ongoing',
    partitions: union(ongoing ? metadata.partitions : NO_PARTITIONS, added),
    startTimestampMs: ongoing ? metadata.startTimestampMs : nowMs,
    lastUpdateTimestampMs: nowMs,
    clientTransactionVersion,
  };
}

/**
 * The decision to commit or abort. `nextProducerId` where the epoch is exhausted. `beginsNow`: there was no transaction
 * (a client of version 2 may abort one of which it does not know whether it began), so its start is not known.
 */
export function prepared(
  metadata: TransactionMetadata,
  end: {
    readonly committed: boolean;
    readonly clientTransactionVersion: number;
    readonly nextProducerId: number;
    readonly beginsNow: boolean;
    readonly nowMs: number;
  },
): TransactionMetadata {
  const { producerEpoch } = metadata;
  const bumps = bumpsEpoch(end.clientTransactionVersion);
  return {
    ...metadata,
    previousProducerId: metadata.producerId,
    nextProducerId: end.nextProducerId,
    producerEpoch: bumps ? Math.min(producerEpoch + 1, PRODUCER_EPOCH_MAX) : producerEpoch,
    lastProducerEpoch: bumps ? producerEpoch : metadata.lastProducerEpoch,
    state: end.committed ? 'PrepareCommit' : 'PrepareAbort',
    partitions: end.beginsNow ? NO_PARTITIONS : metadata.partitions,
    startTimestampMs: end.beginsNow ? end.nowMs : metadata.startTimestampMs,
    lastUpdateTimestampMs: end.nowMs,
    clientTransactionVersion: end.clientTransactionVersion,
  };
}

/** The coordinator aborts by itself (timeout, or another producer takes the id): whatever the version, the epoch fences. */
export function fenced(
  metadata: TransactionMetadata,
  end: { readonly transactionVersion: number; readonly nextProducerId: number; readonly nowMs: number },
): TransactionMetadata {
  const { transactionVersion, nextProducerId, nowMs } = end;
  const aborted = { committed: false, clientTransactionVersion: transactionVersion, nextProducerId, beginsNow: false };
  if (bumpsEpoch(transactionVersion)) return prepared(metadata, { ...aborted, nowMs });
  const producerEpoch = Math.min(metadata.producerEpoch + 1, PRODUCER_EPOCH_MAX);
  const next = { ...metadata, producerEpoch, lastProducerEpoch: NO_PRODUCER_EPOCH };
  return prepared(next, { ...aborted, clientTransactionVersion: 0, nowMs });
}

/** Every partition has its marker. */
export function completed(metadata: TransactionMetadata, nowMs: number): TransactionMetadata {
  const rotates = metadata.nextProducerId !== NO_PRODUCER_ID && bumpsEpoch(metadata.clientTransactionVersion);
  return {
    ...metadata,
    producerId: rotates ? metadata.nextProducerId : metadata.producerId,
    producerEpoch: rotates ? 0 : metadata.producerEpoch,
    previousProducerId: metadata.producerId,
    nextProducerId: NO_PRODUCER_ID,
    state: metadata.state === 'PrepareCommit' ? 'CompleteCommit' : 'CompleteAbort',
    partitions: NO_PARTITIONS,
    lastUpdateTimestampMs: nowMs,
  };
}

/** The end is decided, its markers are on their way. */
export function isPrepared(metadata: TransactionMetadata): boolean {
  return metadata.state === 'PrepareCommit' || metadata.state === 'PrepareAbort';
}

export function containsPartition(metadata: TransactionMetadata, topic: string, partition: number): boolean {
  return metadata.partitions.some((each) => each.topic === topic && each.partitions.includes(partition));
}

export function containsAll(metadata: TransactionMetadata, partitions: readonly TopicPartitions[]): boolean {
  return partitions.every((each) => each.partitions.every((index) => containsPartition(metadata, each.topic, index)));
}

function union(known: readonly TopicPartitions[], added: readonly TopicPartitions[]): readonly TopicPartitions[] {
  const byTopic = new Map(known.map(({ topic, partitions }) => [topic, new Set(partitions)]));
  for (const { topic, partitions } of added) {
    let indexes = byTopic.get(topic);
    if (indexes === undefined) {
      indexes = new Set();
      byTopic.set(topic, indexes);
    }
    for (const index of partitions) indexes.add(index);
  }
  return [...byTopic].map(([topic, partitions]) => ({ topic, partitions: [...partitions] }));
}
