/**
 * The partitions of internal topics as a coordinator uses them: append as leader, hear of the high watermark, read the
 * whole partition to load. Has the shape of the `PartitionWriter` that `coordinator/` declares; `node.ts` joins the two.
 */
import type { Clock } from '../base/clock.ts';
import type { LeaderEpoch, Offset } from '../base/flavor.ts';
import { type ErrorName, KafkaError } from '../wire/errors.ts';
import type { PartitionListener } from './partition.ts';
import type { PartitionLookup } from './partition-lookup.ts';
import type { TopicPartition } from './replica-log.ts';

export type CoordinatorAppendResult =
  | { readonly kind: 'appended'; readonly firstOffset: Offset; readonly lastOffset: Offset }
  | { readonly kind: 'failed'; readonly error: ErrorName; readonly message: string | null };

export class CoordinatorPartitions {
  readonly #partitions: PartitionLookup;
  readonly #clock: Clock;

  constructor(partitions: PartitionLookup, clock: Clock) {
    this.#partitions = partitions;
    this.#clock = clock;
  }

  /** Appends one batch; `leaderEpoch` is the one in which the coordinator loaded, another one is refused. */
  append(topicPartition: TopicPartition, batch: Buffer, leaderEpoch: LeaderEpoch): CoordinatorAppendResult {
    const partition = this.#partitions.find(topicPartition.topic, topicPartition.partition);
    if (typeof partition === 'string') return { kind: 'failed', error: partition, message: null };
    if (!partition.isLeader || partition.leaderEpoch !== leaderEpoch) {
      return { kind: 'failed', error: 'NOT_LEADER_OR_FOLLOWER', message: null };
    }
    if (!partition.hasEnoughInSyncReplicas) return { kind: 'failed', error: 'NOT_ENOUGH_REPLICAS', message: null };
    const appended = partition.append(batch, 'coordinator', this.#clock.nowMs());
    switch (appended.kind) {
      case 'appended':
      case 'duplicate':
        return { kind: 'appended', firstOffset: appended.firstOffset, lastOffset: appended.lastOffset };
      case 'failed':
        return { kind: 'failed', error: appended.error, message: appended.message };
    }
  }

  /** `max.message.bytes` of the topic; 0 where the partition is not held. */
  batchSizeMax(topicPartition: TopicPartition): number {
    const partition = this.#partitions.find(topicPartition.topic, topicPartition.partition);
    return typeof partition === 'string' ? 0 : partition.log.config.maxMessageBytes;
  }

  /** Null when this broker does not lead the partition. */
  offsets(topicPartition: TopicPartition): {
    readonly logStartOffset: Offset;
    readonly logEndOffset: Offset;
    readonly highWatermark: Offset;
  } | null {
    const partition = this.#partitions.find(topicPartition.topic, topicPartition.partition);
    if (typeof partition === 'string' || !partition.isLeader) return null;
    const { logStartOffset, logEndOffset } = partition.log;
    return { logStartOffset, logEndOffset, highWatermark: partition.highWatermark };
  }

  /** Reads up to the log end, committed or not. Rejects with KafkaError where the partition cannot be read. */
  async read(
    topicPartition: TopicPartition,
    fetchOffset: Offset,
    sizeMax: number,
  ): Promise<{ readonly records: Buffer }> {
    const partition = this.#partitions.find(topicPartition.topic, topicPartition.partition);
    if (typeof partition === 'string') throw new KafkaError(partition);
    const read = await partition.log.read(fetchOffset, sizeMax, {
      minOneBatch: true,
      endOffset: partition.log.logEndOffset,
    });
    if (read.kind === 'failed') throw new KafkaError(read.error, read.message);
    return { records: read.records };
  }

  /** Gives the function that ends it. A partition that is not held is lost at once. */
  watch(topicPartition: TopicPartition, listener: PartitionListener): () => void {
    const partition = this.#partitions.find(topicPartition.topic, topicPartition.partition);
    if (typeof partition === 'string') {
      listener.lostLeadership();
      return () => {};
    }
    return partition.listen(listener);
  }
}
