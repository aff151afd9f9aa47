// What was appended to a log, and what a log that was found after a crash must then be: the invariants of every crash test.
import { expect } from 'vitest';
import type { PartitionLog } from '../../src/log/partition-log.ts';
import { buildEndTransactionBatch } from '../../src/wire/records/control-batch.ts';
import { append, batchOf, NOW_MS, readAll } from './logs.ts';

interface AppendedBatch {
  readonly firstOffset: number;
  /** Exclusive. */
  readonly endOffset: number;
  readonly kind: 'data' | 'commit' | 'abort';
  readonly values: readonly string[];
  /** -1: none. */
  readonly producerId: number;
  readonly baseSequence: number;
  readonly transactional: boolean;
  readonly leaderEpoch: number;
}

/** Where a log may begin and end after a crash. */
export interface Bounds {
  readonly start: readonly number[];
  readonly endMin: number;
  readonly endMax: number;
}

export class LogHistory {
  batches: AppendedBatch[] = [];
  /** Exclusive end of what was answered to producers. */
  acknowledgedEndOffset = 0;
  leaderEpoch = 0;
  readonly #sequences = new Map<number, number>();
  #counter = 0;

  copy(): LogHistory {
    const copy = new LogHistory();
    copy.batches = [...this.batches];
    copy.acknowledgedEndOffset = this.acknowledgedEndOffset;
    copy.leaderEpoch = this.leaderEpoch;
    return copy;
  }

  get endOffset(): number {
    return this.batches.at(-1)?.endOffset ?? 0;
  }

  async append(
    log: PartitionLog,
    count: number,
    options: { readonly producerId?: number; readonly transactional?: boolean } = {},
  ): Promise<void> {
    const { producerId = -1, transactional = false } = options;
    const baseSequence = producerId < 0 ? -1 : (this.#sequences.get(producerId) ?? 0);
    const values = Array.from({ length: count }, () => `${this.#counter++}`);
    const firstOffset = this.endOffset;
    // In the books before it is on disk: a crash in between may keep it.
    this.batches.push({
      ...{ firstOffset, endOffset: firstOffset + count, kind: 'data', values, producerId, baseSequence, transactional },
      leaderEpoch: this.leaderEpoch,
    });
    if (producerId >= 0) this.#sequences.set(producerId, baseSequence + count);
    const producer = producerId < 0 ? {} : { producerId, producerEpoch: 0, baseSequence, transactional };
    expect(await append(log, batchOf(values, producer), this.leaderEpoch)).toBe(firstOffset);
    this.acknowledgedEndOffset = this.endOffset;
  }

  async endTransaction(log: PartitionLog, producerId: number, type: 'abort' | 'commit'): Promise<void> {
    const firstOffset = this.endOffset;
    this.batches.push({
      ...{ firstOffset, endOffset: firstOffset + 1, kind: type, values: [], producerId, baseSequence: -1 },
      transactional: true,
      leaderEpoch: this.leaderEpoch,
    });
    const marker = buildEndTransactionBatch({ producerId, producerEpoch: 0, type, coordinatorEpoch: 0, nowMs: NOW_MS });
    const result = log.appendAsLeader(marker, { leaderEpoch: this.leaderEpoch, origin: 'coordinator' });
    if (result.kind !== 'appended') throw new Error(`the marker was not appended: ${result.kind}`);
    await result.written;
    this.acknowledgedEndOffset = this.endOffset;
  }

  /** A log of four segments: plain, idempotent and transactional batches, two epochs; committed, aborted and open transactions. */
  async fill(log: PartitionLog): Promise<void> {
    await this.append(log, 2, { producerId: 7 });
    await this.append(log, 1, { producerId: 8, transactional: true });
    await this.append(log, 2);
    log.roll();
    await this.endTransaction(log, 8, 'abort');
    await this.append(log, 3, { producerId: 7 });
    await this.append(log, 2, { producerId: 9, transactional: true });
    log.roll();
    this.leaderEpoch = 1;
    await this.append(log, 1, { producerId: 8, transactional: true });
    await this.endTransaction(log, 9, 'commit');
    await this.append(log, 2, { producerId: 7 });
    log.roll();
    await this.endTransaction(log, 8, 'abort');
    await this.append(log, 2, { producerId: 9, transactional: true });
    await this.append(log, 1);
  }

  /** The log ends at `offset`, or before the batch that holds it. */
  truncate(offset: number): void {
    this.batches = this.batches.filter(({ endOffset }) => endOffset <= offset);
    this.acknowledgedEndOffset = Math.min(this.acknowledgedEndOffset, this.endOffset);
    for (const producerId of this.#sequences.keys()) {
      const last = this.batches.findLast((batch) => batch.kind === 'data' && batch.producerId === producerId);
      this.#sequences.set(producerId, last === undefined ? 0 : last.baseSequence + last.values.length);
    }
  }

  /**
   * No acknowledged record lost, no phantom read, offsets dense and stable, producers known, aborted list and last stable
   * offset right, epochs right.
   */
  async check(log: PartitionLog, bounds: Bounds, what: string): Promise<void> {
    const { logStartOffset: start, logEndOffset: end } = log;
    expect(bounds.start, `${what}: log start offset`).toContain(start);
    expect(end, `${what}: log end offset`).toBeGreaterThanOrEqual(bounds.endMin);
    expect(end, `${what}: log end offset`).toBeLessThanOrEqual(bounds.endMax);
    const kept = this.batches.filter(({ endOffset }) => endOffset <= end);
    expect([start, kept.at(-1)?.endOffset], `${what}: the log ends with a batch`).toContain(end);

    const wanted = kept.flatMap(({ firstOffset, kind, values }) =>
      kind === 'data' ? values.map((value, index) => `${firstOffset + index}=${value}`) : [`${firstOffset}:${kind}`],
    );
    const found = (await readAll(log)).map(({ offset, value, key, control }) =>
      control ? `${offset}:${key!.readInt16BE(2) === 0 ? 'abort' : 'commit'}` : `${offset}=${value}`,
    );
    expect(found, `${what}: records`).toEqual(wanted.filter((entry) => Number.parseInt(entry, 10) >= start));

    this.#checkTransactions(log, kept, what);
    this.#checkProducers(log, kept, what);
    const epochs = kept.filter(({ endOffset }) => endOffset > start);
    if (epochs.length > 0) {
      const last = epochs.at(-1)!.leaderEpoch;
      expect(log.latestEpoch, `${what}: epoch`).toBe(last);
      const ofLast = epochs.find(({ leaderEpoch }) => leaderEpoch === last)!.firstOffset;
      if (last > 0 && ofLast > start) {
        expect(log.endOffsetForEpoch(last - 1), `${what}: end of the epoch before`).toMatchObject({
          endOffset: ofLast,
        });
      }
    }
  }

  #checkTransactions(log: PartitionLog, kept: readonly AppendedBatch[], what: string): void {
    const { logStartOffset: start, logEndOffset: end } = log;
    const open = new Map<number, number>();
    const aborted: { producerId: number; firstOffset: number; lastOffset: number }[] = [];
    for (const { kind, producerId, transactional, firstOffset } of kept) {
      if (kind === 'data') {
        if (transactional && !open.has(producerId)) open.set(producerId, firstOffset);
      } else {
        const first = open.get(producerId);
        open.delete(producerId);
        if (kind === 'abort' && first !== undefined)
          aborted.push({ producerId, firstOffset: first, lastOffset: firstOffset });
      }
    }
    const firstOpen = Math.min(end, ...open.values());
    expect(log.lastStableOffset(end), `${what}: last stable offset`).toBe(Math.max(firstOpen, start));
    const overlapping = aborted
      .filter(({ lastOffset }) => lastOffset >= start)
      .sort((left, right) => left.firstOffset - right.firstOffset)
      // Of a transaction whose first records were deleted, the log may know only the rest.
      .map((transaction) => ({ ...transaction, firstOffset: Math.max(transaction.firstOffset, start) }));
    expect(
      log.abortedTransactions(start, end).map(({ producerId, firstOffset, lastOffset }) => ({
        producerId,
        firstOffset: Math.max(firstOffset, start),
        lastOffset,
      })),
      `${what}: aborted transactions`,
    ).toEqual(overlapping);
  }

  /** A retry of the last batch is known as one; a gap is refused. */
  #checkProducers(log: PartitionLog, kept: readonly AppendedBatch[], what: string): void {
    const lastOf = new Map<number, AppendedBatch>();
    for (const batch of kept) {
      if (batch.kind === 'data' && batch.producerId >= 0 && batch.firstOffset >= log.logStartOffset) {
        lastOf.set(batch.producerId, batch);
      }
    }
    for (const [producerId, { firstOffset, values, baseSequence, transactional, leaderEpoch }] of lastOf) {
      const send = (sequence: number) =>
        log.appendAsLeader(batchOf(values, { producerId, producerEpoch: 0, baseSequence: sequence, transactional }), {
          leaderEpoch: Math.max(leaderEpoch, log.latestEpoch),
          origin: 'client',
        });
      expect(send(baseSequence), `${what}: retry of producer ${producerId}`).toMatchObject({
        kind: 'duplicate',
        firstOffset,
      });
      expect(send(baseSequence + values.length + 5), `${what}: gap of producer ${producerId}`).toMatchObject({
        kind: 'failed',
        error: 'OUT_OF_ORDER_SEQUENCE_NUMBER',
      });
    }
  }
}
