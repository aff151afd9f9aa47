/**
 * Where the markers of transactions go: into the logs that this broker leads, and, where a partition belongs to the group
 * coordinator, through that, which counts or drops the offsets of the transaction; for what other brokers lead, to them.
 */
import type { GroupCoordinatorEvents } from '../coordinator/group/group-coordinator.ts';
import type { TransactionEnd } from '../coordinator/shard.ts';
import type { MarkerResult, MarkerWriter } from '../coordinator/transaction/transaction-coordinator.ts';
import { type MetadataImage, NO_LEADER } from '../metadata/metadata-image.ts';
import type { HostedPartitions } from '../replication/hosted-partitions.ts';
import type { ErrorName } from '../wire/errors.ts';
import type { RemoteMarkers } from './remote-markers.ts';

interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

export interface TransactionMarkersOptions {
  readonly groupTopic: string;
  readonly groups: Pick<GroupCoordinatorEvents, 'endTransaction'>;
  readonly partitions: Pick<HostedPartitions, 'endTransaction'>;
  readonly brokerId: number;
  /** Asks another broker for the marker. */
  readonly remote: Pick<RemoteMarkers, 'endTransaction'>;
  readonly image: () => MetadataImage;
}

export class TransactionMarkers implements MarkerWriter {
  readonly #options: TransactionMarkersOptions;

  constructor(options: TransactionMarkersOptions) {
    this.#options = options;
  }

  /** Of one partition that this broker leads; NONE when the marker is committed. */
  async endTransaction(partition: TopicPartition, end: TransactionEnd): Promise<ErrorName> {
    const { groupTopic, groups, partitions } = this.#options;
    if (!this.#exists(partition)) return 'UNKNOWN_TOPIC_OR_PARTITION';
    if (partition.topic !== groupTopic) return partitions.endTransaction(partition, end);
    const error = await groups.endTransaction(partition.partition, end);
    switch (error) {
      case 'COORDINATOR_NOT_AVAILABLE':
      case 'COORDINATOR_LOAD_IN_PROGRESS':
      case 'NOT_COORDINATOR':
        return 'NOT_LEADER_OR_FOLLOWER';
      default:
        return error;
    }
  }

  async write(partition: TopicPartition, end: TransactionEnd): Promise<MarkerResult> {
    const error = await this.#end(partition, end);
    switch (error) {
      case 'NONE':
        return 'written';
      case 'INVALID_PRODUCER_EPOCH':
      case 'TRANSACTION_COORDINATOR_FENCED':
        return 'fenced';
      case 'UNKNOWN_TOPIC_OR_PARTITION':
        // A partition of a topic that is in the metadata may not be open yet.
        return this.#exists(partition) ? 'retry' : 'gone';
      default:
        return 'retry';
    }
  }

  #end(partition: TopicPartition, end: TransactionEnd): Promise<ErrorName> {
    const { image, brokerId, remote } = this.#options;
    const leader = image().topicsByName.get(partition.topic)?.partitions.get(partition.partition)?.leader ?? NO_LEADER;
    if (leader === brokerId || leader === NO_LEADER) return this.endTransaction(partition, end);
    return remote.endTransaction(leader, partition, end);
  }

  #exists({ topic, partition }: TopicPartition): boolean {
    return this.#options.image().topicsByName.get(topic)?.partitions.has(partition) === true;
  }
}
