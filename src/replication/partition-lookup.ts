import type { ErrorName } from '../wire/errors.ts';
import type { Partition } from './partition.ts';

/** Finds a partition that this broker holds; an error's name where it does not. */
export interface PartitionLookup {
  /**
   * UNKNOWN_TOPIC_OR_PARTITION where nobody knows it, NOT_LEADER_OR_FOLLOWER where other brokers hold it,
   * KAFKA_STORAGE_ERROR where its disk failed.
   */
  find(topic: string, partition: number): Partition | ErrorName;
}

/** Topics that coordinators keep their state in; clients neither write to them nor delete their records. */
export function isInternalTopic(topic: string): boolean {
  return topic === '__consumer_offsets' || topic === '__transaction_state' || topic === '__share_group_state';
}
