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
