/**
 * What a log knows of its idempotent and transactional producers (KIP-98): the last five batches of each, by which
 * duplicates and gaps are found, and the transactions that are open.
 *
 * `check` reads and `update` changes; `update` is used alike for live appends, for recovery and for replication, so the
 * state after a restart is the state before it. A transaction goes
 *
 *     (first transactional batch) -> ongoing -> (marker) -> unreplicated -> (high watermark passes the marker) -> gone
 *
 * and while it is in one of the two it holds back the last stable offset.
 */
import type { Offset, ProducerEpoch } from '../base/flavor.ts';
import type { ErrorName } from '../wire/errors.ts';
import { readEndTransactionMarker } from '../wire/records/control-batch.ts';
import * as batch from '../wire/records/record-batch.ts';
import { readRecords } from '../wire/records/records.ts';
import type { TopicPartition, TransactionGuard } from './log-types.ts';
import type { AppendOrigin } from './log-validator.ts';
import type { AbortedTransaction } from './transaction-index.ts';

/** Clients keep at most five requests in flight, so an older batch cannot be an honest retry. */
const BATCHES_RETAINED = 5;
const NO_EPOCH = -1;
const NO_SEQUENCE = -1;

export interface ProducerBatch {
  lastSequence: number;
  lastOffset: Offset;
  /** lastOffset - firstOffset, and lastSequence - firstSequence. */
  offsetDelta: number;
  timestampMs: number;
}

export class ProducerEntry {
  readonly producerId: number;
  /** -1: this log has no data of the producer any more, any sequence may follow. */
  producerEpoch: ProducerEpoch = NO_EPOCH;
  coordinatorEpoch = -1;
  lastTimestampMs = -1;
  /** -1 when no transaction is open. */
  currentTransactionFirstOffset: Offset = -1;
  /** Oldest first, at most five. */
  readonly batches: ProducerBatch[] = [];

  constructor(producerId: number) {
    this.producerId = producerId;
  }

  get lastSequence(): number {
    return this.batches.length === 0 ? NO_SEQUENCE : this.batches[this.batches.length - 1]!.lastSequence;
  }

  /** -1 when there is no batch. */
  get lastDataOffset(): Offset {
    return this.batches.length === 0 ? -1 : this.batches[this.batches.length - 1]!.lastOffset;
  }

  get lastOffsetDelta(): number {
    return this.batches.length === 0 ? 0 : this.batches[this.batches.length - 1]!.offsetDelta;
  }

  setEpoch(producerEpoch: ProducerEpoch): void {
    if (this.producerEpoch === producerEpoch) return;
    this.batches.length = 0;
    this.producerEpoch = producerEpoch;
  }

  addBatch(lastSequence: number, lastOffset: Offset, offsetDelta: number, timestampMs: number): void {
    if (this.batches.length < BATCHES_RETAINED) {
      this.batches.push({ lastSequence, lastOffset, offsetDelta, timestampMs });
    } else {
      // The oldest one's object is used again: this runs once per appended batch.
      const reused = this.batches.shift()!;
      reused.lastSequence = lastSequence;
      reused.lastOffset = lastOffset;
      reused.offsetDelta = offsetDelta;
      reused.timestampMs = timestampMs;
      this.batches.push(reused);
    }
    this.lastTimestampMs = timestampMs;
  }

  findDuplicate(producerEpoch: ProducerEpoch, baseSequence: number, lastSequence: number): ProducerBatch | null {
    if (producerEpoch !== this.producerEpoch) return null;
    for (let i = 0; i < this.batches.length; i++) {
      const candidate = this.batches[i]!;
      if (
        candidate.lastSequence === lastSequence &&
        batch.decrementSequence(candidate.lastSequence, candidate.offsetDelta) === baseSequence
      ) {
        return candidate;
      }
    }
    return null;
  }
}

interface Transaction {
  readonly producerId: number;
  readonly firstOffset: Offset;
  /** Of the marker; -1 while the transaction is open. */
  lastOffset: Offset;
}

interface Verification {
  readonly guard: TransactionGuard;
  readonly producerEpoch: ProducerEpoch;
  lowestSequence: number;
  startedMs: number;
}

export type ProducerCheck =
  | { readonly kind: 'accepted' }
  | { readonly kind: 'duplicate'; readonly batch: ProducerBatch }
  | { readonly kind: 'refused'; readonly error: ErrorName; readonly message: string };

const NO_PRODUCER_EPOCH: ProducerEpoch = -1;
const ACCEPTED: ProducerCheck = { kind: 'accepted' };

export class ProducerState {
  readonly #topicPartition: TopicPartition;
  /** `producer.id.expiration.ms` */
  readonly #expirationMs: () => number;
  /** Null until the first one, and so are the verifications: most logs of ten thousand have neither. */
  #producers: Map<number, ProducerEntry> | null = null;
  /** By first offset, ascending. */
  #ongoing: Transaction[] = [];
  /** Decided, but the marker is not known to be below the high watermark. By first offset of completion order. */
  #unreplicated: Transaction[] = [];
  /** Producers about whose transaction the coordinator is being asked (KIP-890). Not recovered: producers ask again. */
  #verifications: Map<number, Verification> | null = null;
  /** The state reflects the log up to here, exclusive. */
  mapEndOffset: Offset = 0;
  /** A snapshot file holds the state as it was here. */
  snapshotOffset: Offset = 0;

  constructor(topicPartition: TopicPartition, expirationMs: () => number) {
    this.#topicPartition = topicPartition;
    this.#expirationMs = expirationMs;
  }

  get producerCount(): number {
    return this.#producers?.size ?? 0;
  }

  producer(producerId: number): ProducerEntry | undefined {
    return this.#producers?.get(producerId);
  }

  producers(): Iterable<ProducerEntry> {
    return this.#producers?.values() ?? [];
  }

  clear(mapEndOffset: Offset): void {
    this.#producers = null;
    this.#ongoing = [];
    this.#unreplicated = [];
    this.#verifications = null;
    this.mapEndOffset = mapEndOffset;
    this.snapshotOffset = mapEndOffset;
  }

  /** An entry of a snapshot. Expired ones stay out. */
  load(entry: ProducerEntry, nowMs: number): void {
    if (this.#isExpired(entry, nowMs)) return;
    this.#producers ??= new Map();
    this.#producers.set(entry.producerId, entry);
    if (entry.currentTransactionFirstOffset >= 0) {
      this.#addOngoing({
        producerId: entry.producerId,
        firstOffset: entry.currentTransactionFirstOffset,
        lastOffset: -1,
      });
    }
  }

  /** May the batch at `position` be appended at the offsets it has? */
  check(buffer: Buffer, position: number, origin: AppendOrigin, guard?: TransactionGuard): ProducerCheck {
    const producerId = batch.producerId(buffer, position);
    if (producerId < 0) return ACCEPTED;
    const checked = this.#check(producerId, buffer, position, origin);
    if (checked !== ACCEPTED || guard === undefined) return checked;
    return this.#checkVerified(producerId, buffer, position, guard);
  }

  #check(producerId: number, buffer: Buffer, position: number, origin: AppendOrigin): ProducerCheck {
    const entry = this.#producers?.get(producerId);
    const producerEpoch = batch.producerEpoch(buffer, position);
    const checksEpoch = origin !== 'replication' && origin !== 'raft-leader';
    if (entry === undefined) {
      // A producer that is not known counts as one of epoch -1.
      if (!checksEpoch || producerEpoch >= NO_PRODUCER_EPOCH) return ACCEPTED;
      return this.#oldEpoch(buffer, position, NO_PRODUCER_EPOCH);
    }
    const attributes = batch.attributes(buffer, position);
    const control = batch.isControl(attributes);
    if (origin === 'client' && !control) {
      const found = entry.findDuplicate(
        producerEpoch,
        batch.baseSequence(buffer, position),
        batch.lastSequence(buffer, position),
      );
      if (found !== null) return { kind: 'duplicate', batch: found };
    }
    if (checksEpoch && producerEpoch < entry.producerEpoch) {
      return this.#oldEpoch(buffer, position, entry.producerEpoch);
    }
    if (control) return this.#checkMarker(entry, buffer, position, origin);
    if (origin === 'client') {
      const refused = this.#checkSequence(entry, producerEpoch, buffer, position);
      if (refused !== null) return refused;
    }
    if (entry.currentTransactionFirstOffset >= 0 && !batch.isTransactional(attributes)) {
      return {
        kind: 'refused',
        error: 'INVALID_TXN_STATE',
        message:
          `Expected transactional write from producer ${producerId} at offset ` +
          `${batch.baseOffset(buffer, position)} in partition ${this.#name()}`,
      };
    }
    return ACCEPTED;
  }

  /** A batch that opens a transaction must have been verified since the last one ended, lest it hang for ever. */
  #checkVerified(producerId: number, buffer: Buffer, position: number, guard: TransactionGuard): ProducerCheck {
    if (!batch.isTransactional(batch.attributes(buffer, position))) return ACCEPTED;
    if ((this.#producers?.get(producerId)?.currentTransactionFirstOffset ?? -1) >= 0) return ACCEPTED;
    const verification = this.#verifications?.get(producerId);
    if (verification === undefined || verification.guard !== guard) {
      return {
        kind: 'refused',
        error: 'INVALID_TXN_STATE',
        message: 'Record was not part of an ongoing transaction',
      };
    }
    const baseSequence = batch.baseSequence(buffer, position);
    if (baseSequence <= verification.lowestSequence) return ACCEPTED;
    return {
      kind: 'refused',
      error: 'OUT_OF_ORDER_SEQUENCE_NUMBER',
      message:
        `Out of order sequence number for producer ${producerId} at offset ${batch.baseOffset(buffer, position)} in ` +
        `partition ${this.#name()}: ${baseSequence} (incoming seq. number), ${verification.lowestSequence} (earliest seen sequence)`,
    };
  }

  /** Null: the producer's transaction is open here already, nothing is to be verified. */
  startVerification(
    producer: { readonly producerId: number; readonly producerEpoch: ProducerEpoch; readonly baseSequence: number },
    nowMs: number,
  ): TransactionGuard | null {
    const { producerId, producerEpoch, baseSequence } = producer;
    const entry = this.#producers?.get(producerId);
    if (entry !== undefined && entry.producerEpoch === producerEpoch && entry.currentTransactionFirstOffset >= 0) {
      return null;
    }
    const known = this.#verifications?.get(producerId);
    if (known !== undefined && known.producerEpoch >= producerEpoch) {
      // Several requests may be on their way; the first in sequence must be appended first.
      if (known.producerEpoch === producerEpoch) {
        known.lowestSequence = Math.min(known.lowestSequence, baseSequence);
        known.startedMs = nowMs;
      }
      return known.guard;
    }
    const guard: TransactionGuard = { producerId };
    this.#verifications ??= new Map();
    this.#verifications.set(producerId, { guard, producerEpoch, lowestSequence: baseSequence, startedMs: nowMs });
    return guard;
  }

  #oldEpoch(buffer: Buffer, position: number, lastEpoch: ProducerEpoch): ProducerCheck {
    return {
      kind: 'refused',
      error: 'INVALID_PRODUCER_EPOCH',
      message:
        `Epoch of producer ${batch.producerId(buffer, position)} at offset ${batch.baseOffset(buffer, position)} in ` +
        `${this.#name()} is ${batch.producerEpoch(buffer, position)}, which is smaller than the last seen epoch ${lastEpoch}`,
    };
  }

  #checkSequence(
    entry: ProducerEntry,
    producerEpoch: ProducerEpoch,
    buffer: Buffer,
    position: number,
  ): ProducerCheck | null {
    const baseSequence = batch.baseSequence(buffer, position);
    // No data of the producer is left (deleted or never there): it goes on wherever it is.
    if (entry.producerEpoch === NO_EPOCH) return null;
    if (producerEpoch !== entry.producerEpoch) {
      if (baseSequence === 0) return null;
      return {
        kind: 'refused',
        error: 'OUT_OF_ORDER_SEQUENCE_NUMBER',
        message:
          `Invalid sequence number for new epoch of producer ${entry.producerId} at offset ` +
          `${batch.baseOffset(buffer, position)} in partition ${this.#name()}: ${producerEpoch} (request epoch), ` +
          `${baseSequence} (seq. number), ${entry.producerEpoch} (current producer epoch)`,
      };
    }
    const lastSequence = entry.lastSequence;
    if (baseSequence === lastSequence + 1 || (baseSequence === 0 && lastSequence === 0x7fff_ffff)) return null;
    return {
      kind: 'refused',
      error: 'OUT_OF_ORDER_SEQUENCE_NUMBER',
      message:
        `Out of order sequence number for producer ${entry.producerId} at offset ` +
        `${batch.baseOffset(buffer, position)} in partition ${this.#name()}: ${baseSequence} (incoming seq. number), ` +
        `${lastSequence} (current end sequence number)`,
    };
  }

  #checkMarker(entry: ProducerEntry, buffer: Buffer, position: number, origin: AppendOrigin): ProducerCheck {
    const marker = readMarker(buffer, position);
    if (marker === null || origin === 'replication' || entry.coordinatorEpoch <= marker.coordinatorEpoch) {
      return ACCEPTED;
    }
    return {
      kind: 'refused',
      error: 'TRANSACTION_COORDINATOR_FENCED',
      message:
        `Invalid coordinator epoch for producerId ${entry.producerId} at offset ` +
        `${batch.baseOffset(buffer, position)} in partition ${this.#name()}: ${marker.coordinatorEpoch} (zombie), ` +
        `${entry.coordinatorEpoch} (current)`,
    };
  }

  /** Takes in a batch that is in the log. Gives the entry for the transaction index when it ends a transaction by aborting it. */
  update(buffer: Buffer, position: number): AbortedTransaction | null {
    this.mapEndOffset = batch.nextOffset(buffer, position);
    const producerId = batch.producerId(buffer, position);
    if (producerId < 0) return null;
    const attributes = batch.attributes(buffer, position);
    if (batch.isControl(attributes)) return this.#updateFromMarker(producerId, buffer, position);
    const entry = this.#entry(producerId);
    entry.setEpoch(batch.producerEpoch(buffer, position));
    entry.addBatch(
      batch.lastSequence(buffer, position),
      batch.lastOffset(buffer, position),
      batch.lastOffsetDelta(buffer, position),
      batch.maxTimestamp(buffer, position),
    );
    if (batch.isTransactional(attributes)) this.#verifications?.delete(producerId);
    if (batch.isTransactional(attributes) && entry.currentTransactionFirstOffset < 0) {
      const firstOffset = batch.baseOffset(buffer, position);
      entry.currentTransactionFirstOffset = firstOffset;
      this.#addOngoing({ producerId, firstOffset, lastOffset: -1 });
    }
    return null;
  }

  #updateFromMarker(producerId: number, buffer: Buffer, position: number): AbortedTransaction | null {
    const marker = readMarker(buffer, position);
    // Compaction took the whole transaction and left an empty batch.
    if (marker === null) return null;
    this.#verifications?.delete(producerId);
    const entry = this.#entry(producerId);
    const firstOffset = entry.currentTransactionFirstOffset;
    entry.setEpoch(batch.producerEpoch(buffer, position));
    entry.coordinatorEpoch = marker.coordinatorEpoch;
    entry.lastTimestampMs = marker.timestampMs;
    entry.currentTransactionFirstOffset = -1;
    // A marker without data before it decides nothing: neither index nor last stable offset care.
    if (firstOffset < 0) return null;
    const lastOffset = batch.baseOffset(buffer, position);
    const lastStableOffset = this.#firstOngoingOfOthers(producerId) ?? lastOffset + 1;
    const index = this.#ongoing.findIndex((transaction) => transaction.firstOffset === firstOffset);
    if (index >= 0) {
      const [transaction] = this.#ongoing.splice(index, 1);
      transaction!.lastOffset = lastOffset;
      this.#unreplicated.push(transaction!);
    }
    return marker.aborted ? { producerId, firstOffset, lastOffset, lastStableOffset } : null;
  }

  #entry(producerId: number): ProducerEntry {
    this.#producers ??= new Map();
    let entry = this.#producers.get(producerId);
    if (entry === undefined) {
      entry = new ProducerEntry(producerId);
      this.#producers.set(producerId, entry);
    }
    return entry;
  }

  #addOngoing(transaction: Transaction): void {
    let index = this.#ongoing.length;
    while (index > 0 && this.#ongoing[index - 1]!.firstOffset > transaction.firstOffset) index--;
    this.#ongoing.splice(index, 0, transaction);
  }

  #firstOngoingOfOthers(producerId: number): Offset | null {
    for (let i = 0; i < this.#ongoing.length; i++) {
      if (this.#ongoing[i]!.producerId !== producerId) return this.#ongoing[i]!.firstOffset;
    }
    return null;
  }

  /** The first offset of a transaction that is open, or whose marker is not below `highWatermark`; null when there is none. */
  firstUnstableOffset(highWatermark: Offset): Offset | null {
    let first: Offset | null = this.#ongoing.length === 0 ? null : this.#ongoing[0]!.firstOffset;
    for (let i = 0; i < this.#unreplicated.length; i++) {
      const transaction = this.#unreplicated[i]!;
      if (transaction.lastOffset < highWatermark) {
        this.#unreplicated.splice(i--, 1);
      } else if (first === null || transaction.firstOffset < first) {
        first = transaction.firstOffset;
      }
    }
    return first;
  }

  /** The first offset of an open transaction; null when there is none. */
  firstUndecidedOffset(): Offset | null {
    return this.#ongoing.length === 0 ? null : this.#ongoing[0]!.firstOffset;
  }

  removeExpired(nowMs: number): void {
    for (const entry of this.producers()) {
      if (this.#isExpired(entry, nowMs)) this.#producers?.delete(entry.producerId);
    }
    for (const [producerId, { startedMs }] of this.#verifications ?? []) {
      if (nowMs - startedMs >= this.#expirationMs()) this.#verifications?.delete(producerId);
    }
  }

  #isExpired(entry: ProducerEntry, nowMs: number): boolean {
    return entry.currentTransactionFirstOffset < 0 && nowMs - entry.lastTimestampMs >= this.#expirationMs();
  }

  #name(): string {
    return `${this.#topicPartition.topic}-${this.#topicPartition.partition}`;
  }
}

/** The one record of an end-transaction batch. Null when compaction emptied the batch, or it is another control batch. */
function readMarker(
  buffer: Buffer,
  position: number,
): { aborted: boolean; coordinatorEpoch: number; timestampMs: number } | null {
  const record = readRecords(buffer.subarray(position, position + batch.sizeInBytes(buffer, position)))[0];
  const marker = record === undefined ? null : readEndTransactionMarker(record);
  if (marker === null) return null;
  return {
    aborted: marker.type === 'abort',
    coordinatorEpoch: marker.coordinatorEpoch,
    timestampMs: record!.timestamp,
  };
}
