/**
 * What a coordinator needs of the partition that owns its state. Declared here, implemented by `replication`, plugged in
 * by `node.ts`.
 *
 * Invariants: `append` decides synchronously (offsets are assigned when it returns); whether the batch survives is told
 * by the high watermark alone. All offsets handed to a listener are exclusive ends.
 */
import type { LeaderEpoch, Offset } from '../base/flavor.ts';
import type { ErrorName } from '../wire/errors.ts';

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

export type PartitionAppendResult =
  | { readonly kind: 'appended'; readonly firstOffset: Offset; readonly lastOffset: Offset }
  | { readonly kind: 'failed'; readonly error: ErrorName; readonly message: string | null };

export interface PartitionReadResult {
  /** Whole batches; the first may begin before the offset asked for. Empty when nothing is there. */
  readonly records: Buffer;
}

export interface PartitionListener {
  /** Everything below `highWatermark` is committed. May be called from inside `append`. */
  highWatermarkAdvanced(highWatermark: Offset): void;
  /** This replica can take no more appends: another leader, a failed log directory, or the partition is gone. */
  lostLeadership(): void;
}

export interface PartitionWriter {
  /**
   * Appends one batch as leader, origin 'coordinator'. The caller's base offset is a placeholder and is overwritten.
   * `leaderEpoch` is the epoch in which the shard was loaded: another one is refused with NOT_LEADER_OR_FOLLOWER.
   * A batch larger than the topic's `max.message.bytes` is refused with MESSAGE_TOO_LARGE.
   */
  append(partition: TopicPartition, batch: Buffer, leaderEpoch: LeaderEpoch): PartitionAppendResult;
  /** `max.message.bytes` of the topic: the largest batch that `append` takes; 0 where the partition is not held. */
  batchSizeMax(partition: TopicPartition): number;
  /** `null` when this replica does not lead the partition. */
  offsets(partition: TopicPartition): PartitionOffsets | null;
  /** Reads uncommitted data too: the leader's own log is replayed to its end. */
  read(partition: TopicPartition, fetchOffset: Offset, sizeMax: number): Promise<PartitionReadResult>;
  /** Returns the function that ends the subscription. */
  watch(partition: TopicPartition, listener: PartitionListener): () => void;
}

export interface PartitionOffsets {
  readonly logStartOffset: Offset;
  readonly logEndOffset: Offset;
  readonly highWatermark: Offset;
}
