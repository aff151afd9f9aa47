/**
 * DeleteRecords (KIP-107): the leader's log start offset moves at once; the answer waits until every replica that is there has
 * followed, because only then can nobody become leader who still shows the records. Followers hear of it with their next fetch
 * and tell with the one after.
 */

import type { Timer, TimerHandle } from '../base/clock.ts';
import type { Offset } from '../base/flavor.ts';
import { isInternalTopic } from '../base/topic-name.ts';
import type { ErrorName } from '../wire/errors.ts';
import type { AppendWaiter, Partition } from './partition.ts';
import type { PartitionLookup } from './partition-lookup.ts';

/** As the offset to delete before: everything that is committed. */
export const deleteBeforeHighWatermark = -1;

export interface RecordDeletion {
  readonly topic: string;
  readonly partition: number;
  readonly beforeOffset: Offset;
}

export interface DeletedRecords {
  readonly error: ErrorName;
  /** The smallest log start offset among the replicas; -1 with an error, but for REQUEST_TIMED_OUT. */
  readonly lowWatermark: Offset;
}

/** One result per deletion, in order. */
export function deleteRecords(
  { partitions, timer }: { readonly partitions: PartitionLookup; readonly timer: Timer },
  deletions: readonly RecordDeletion[],
  timeoutMs: number,
): DeletedRecords[] | Promise<DeletedRecords[]> {
  const results: DeletedRecords[] = [];
  const waiting = new WaitingDeletion(results);
  for (const [index, deletion] of deletions.entries()) {
    const begun = begin(partitions, deletion);
    results.push(begun.result);
    if ('partition' in begun) waiting.add(index, begun.partition, begun.beforeOffset);
  }
  return waiting.complete ? results : waiting.start(timer, timeoutMs);
}

type Begun =
  | { readonly result: DeletedRecords }
  | { readonly result: DeletedRecords; readonly partition: Partition; readonly beforeOffset: Offset };

function begin(partitions: PartitionLookup, deletion: RecordDeletion): Begun {
  const failed = (error: ErrorName): Begun => ({ result: { error, lowWatermark: -1 } });
  if (isInternalTopic(deletion.topic)) return failed('INVALID_TOPIC_EXCEPTION');
  const partition = partitions.find(deletion.topic, deletion.partition);
  if (typeof partition === 'string') return failed(partition);
  const leadership = partition.checkLeadership(-1, true);
  if (leadership !== 'NONE') return failed(leadership);
  if (!partition.log.config.cleanupPolicy.delete) return failed('POLICY_VIOLATION');
  const { highWatermark } = partition;
  const beforeOffset = deletion.beforeOffset === deleteBeforeHighWatermark ? highWatermark : deletion.beforeOffset;
  if (beforeOffset < 0 || beforeOffset > highWatermark) return failed('OFFSET_OUT_OF_RANGE');
  partition.deleteRecordsBefore(beforeOffset);
  return { result: { error: 'NONE', lowWatermark: partition.lowWatermark }, partition, beforeOffset };
}

class WaitingDeletion {
  readonly #results: DeletedRecords[];
  readonly #open = new Map<number, { readonly partition: Partition; readonly waiter: AppendWaiter }>();
  #timeout: TimerHandle | null = null;
  #resolve: ((results: DeletedRecords[]) => void) | null = null;

  constructor(results: DeletedRecords[]) {
    this.#results = results;
  }

  get complete(): boolean {
    return this.#open.size === 0;
  }

  add(index: number, partition: Partition, beforeOffset: Offset): void {
    const waiter: AppendWaiter = {
      requiredOffset: beforeOffset,
      reached: (error) => {
        this.#open.delete(index);
        this.#results[index] = { error, lowWatermark: error === 'NONE' ? partition.lowWatermark : -1 };
        if (this.complete) this.#finish();
      },
    };
    this.#open.set(index, { partition, waiter });
    partition.awaitDeleted(waiter);
  }

  start(timer: Timer, timeoutMs: number): Promise<DeletedRecords[]> {
    return new Promise((resolve) => {
      this.#resolve = resolve;
      this.#timeout = timer.schedule(Math.max(0, timeoutMs), () => this.#expire());
    });
  }

  /** What the leader has deleted stays deleted; the low watermark is that of the beginning, as Kafka has it. */
  #expire(): void {
    for (const [index, { partition, waiter }] of this.#open) {
      partition.forgetDeletionWaiter(waiter);
      this.#results[index] = { ...this.#results[index]!, error: 'REQUEST_TIMED_OUT' };
    }
    this.#open.clear();
    this.#finish();
  }

  #finish(): void {
    this.#timeout?.cancel();
    this.#resolve?.(this.#results);
    this.#resolve = null;
  }
}
