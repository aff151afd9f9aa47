// A partition in memory and time that stands still until it is told to pass.
import type { Clock, Timer, TimerHandle } from '../../../src/base/clock.ts';
import type { Random } from '../../../src/base/random.ts';
import type {
  PartitionAppendResult,
  PartitionListener,
  PartitionOffsets,
  PartitionWriter,
  TopicPartition,
} from '../../../src/coordinator/partition-writer.ts';
import type { ErrorName } from '../../../src/wire/errors.ts';
import { lastOffset, setBaseOffset } from '../../../src/wire/records/record-batch.ts';
import { readRecords } from '../../../src/wire/records/records.ts';

export class VirtualTime implements Clock, Timer {
  #nowMs = 1_000_000;
  #lastId = 0;
  readonly #scheduled = new Map<number, { readonly atMs: number; readonly action: () => void }>();

  nowMs(): number {
    return this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  schedule(delayMs: number, action: () => void): TimerHandle {
    const id = ++this.#lastId;
    this.#scheduled.set(id, { atMs: this.#nowMs + delayMs, action });
    return { cancel: () => this.#scheduled.delete(id) };
  }

  /** Runs what is due, in order, letting promises settle after each. */
  async pass(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    await settle();
    for (;;) {
      let next: [number, { readonly atMs: number; readonly action: () => void }] | undefined;
      for (const entry of this.#scheduled) {
        if (entry[1].atMs <= endMs && (next === undefined || entry[1].atMs < next[1].atMs)) next = entry;
      }
      if (next === undefined) break;
      this.#scheduled.delete(next[0]);
      this.#nowMs = Math.max(this.#nowMs, next[1].atMs);
      next[1].action();
      await settle();
    }
    this.#nowMs = endMs;
  }
}

/** Lets everything run that waits for nothing but promises. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}

export interface LoggedRecord {
  readonly offset: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
}

/** One partition per topic and number, led by this broker; commits at once unless told otherwise. */
export class MemoryPartitions implements PartitionWriter {
  readonly batches: Buffer[] = [];
  logStartOffset = 0;
  logEndOffset = 0;
  highWatermark = 0;
  commitsAtOnce = true;
  leads = true;
  sizeMax = 1_048_576;
  failWith: ErrorName | null = null;
  /** While set, reads wait for it. */
  gate: Promise<void> | null = null;
  readonly #listeners = new Set<PartitionListener>();

  append(_partition: TopicPartition, batch: Buffer): PartitionAppendResult {
    if (this.failWith !== null) return { kind: 'failed', error: this.failWith, message: null };
    const copy = Buffer.from(batch);
    const firstOffset = this.logEndOffset;
    setBaseOffset(copy, 0, firstOffset);
    this.batches.push(copy);
    this.logEndOffset = lastOffset(copy, 0) + 1;
    if (this.commitsAtOnce) this.commit();
    return { kind: 'appended', firstOffset, lastOffset: this.logEndOffset - 1 };
  }

  commit(toOffset = this.logEndOffset): void {
    this.highWatermark = toOffset;
    for (const listener of [...this.#listeners]) listener.highWatermarkAdvanced(toOffset);
  }

  loseLeadership(): void {
    this.leads = false;
    for (const listener of [...this.#listeners]) listener.lostLeadership();
  }

  batchSizeMax(): number {
    return this.sizeMax;
  }

  offsets(): PartitionOffsets | null {
    if (!this.leads) return null;
    return {
      logStartOffset: this.logStartOffset,
      logEndOffset: this.logEndOffset,
      highWatermark: this.highWatermark,
    };
  }

  async read(_partition: TopicPartition, fetchOffset: number): Promise<{ readonly records: Buffer }> {
    if (this.gate !== null) await this.gate;
    // One batch at a time, so that loading takes several reads.
    const batch = this.batches.find((each) => lastOffset(each, 0) >= fetchOffset);
    return { records: batch ?? Buffer.alloc(0) };
  }

  watch(_partition: TopicPartition, listener: PartitionListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  records(): LoggedRecord[] {
    return this.batches.flatMap((batch) => readRecords(batch));
  }
}

/** The bytes 0, 1, 2, … so that every id differs and is known. */
export function countingRandom(): Random {
  let calls = 0;
  return {
    nextInt: (bound) => calls++ % bound,
    bytes: (count) => {
      calls++;
      const bytes = Buffer.alloc(count);
      bytes.writeUInt8(calls & 0xff, count - 1);
      return bytes;
    },
  };
}
