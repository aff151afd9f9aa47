/**
 * What a cleaning knows of transactions while it walks a log from front to back: whose batches were aborted, and whether a
 * marker still has batches in front of it. A marker may go only when none is left: without it the aborted records of a
 * transaction would count as committed, or hold back the last stable offset for ever.
 *
 *     aborted transaction:  waiting --(first batch or marker at or behind its first offset)--> ongoing --(marker)--> gone
 */
import type { Offset } from '../base/flavor.ts';
import { readEndTransactionMarker } from '../wire/records/control-batch.ts';
import * as batch from '../wire/records/record-batch.ts';
import { readRecords } from '../wire/records/records.ts';
import type { AbortedTransaction } from './transaction-index.ts';

interface OngoingAbort {
  readonly transaction: AbortedTransaction;
  /** A batch of it, perhaps an empty one, was met. */
  hasBatches: boolean;
}

export class CleanedTransactions {
  /** By first offset, ascending. */
  readonly #waiting: readonly AbortedTransaction[];
  #next = 0;
  readonly #aborted = new Map<number, OngoingAbort>();
  readonly #committed = new Set<number>();
  readonly #onAbortKept: (transaction: AbortedTransaction) => void;

  /** `aborted`: all that overlap what is walked. `onAbortKept` hears of those that the new transaction index needs. */
  constructor(aborted: readonly AbortedTransaction[], onAbortKept: (transaction: AbortedTransaction) => void) {
    this.#waiting = [...aborted].sort((one, other) => one.firstOffset - other.firstOffset);
    this.#onAbortKept = onAbortKept;
  }

  /** For each batch in order. True: it belongs to an aborted transaction, or is a marker that nothing needs any more. */
  mayDiscard(buffer: Buffer, position: number): boolean {
    this.#begin(batch.lastOffset(buffer, position));
    const attributes = batch.attributes(buffer, position);
    const producerId = batch.producerId(buffer, position);
    if (batch.isControl(attributes)) return this.#mayDiscardMarker(buffer, position, producerId);
    if (!batch.isTransactional(attributes)) return false;
    const aborted = this.#aborted.get(producerId);
    if (aborted !== undefined) {
      aborted.hasBatches = true;
      return true;
    }
    this.#committed.add(producerId);
    return false;
  }

  #mayDiscardMarker(buffer: Buffer, position: number, producerId: number): boolean {
    // An empty one was cleaned before.
    if (batch.recordCount(buffer, position) === 0) return true;
    const record = readRecords(buffer.subarray(position, position + batch.sizeInBytes(buffer, position)))[0];
    const marker = record === undefined ? null : readEndTransactionMarker(record);
    if (marker === null) return false;
    if (marker.type === 'commit') return !this.#committed.delete(producerId);
    const aborted = this.#aborted.get(producerId);
    this.#aborted.delete(producerId);
    if (aborted === undefined || !aborted.hasBatches) return true;
    this.#onAbortKept(aborted.transaction);
    return false;
  }

  #begin(offset: Offset): void {
    for (; this.#next < this.#waiting.length; this.#next++) {
      const transaction = this.#waiting[this.#next]!;
      if (transaction.firstOffset > offset) return;
      if (!this.#aborted.has(transaction.producerId)) {
        this.#aborted.set(transaction.producerId, { transaction, hasBatches: false });
      }
    }
  }
}
