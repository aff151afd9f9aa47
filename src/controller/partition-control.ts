/** What becomes of partitions when brokers and directories come and go, and the one way in which a partition is changed. */
import type { Uuid } from '../base/uuid.ts';
import { isOnlineDirectory, UNASSIGNED_DIRECTORY } from '../metadata/directory-id.ts';
import { NO_LEADER, type PartitionImage } from '../metadata/metadata-image.ts';
import type { BrokerControl } from './broker-control.ts';
import type { ConfigControl } from './config-control.ts';
import type { ControlRecord } from './control-record.ts';
import type { FeatureControl } from './feature-control.ts';
import { type PartitionTarget, partitionChange } from './partition-change.ts';
import type { TopicControl, TopicState } from './topic-control.ts';

export interface PartitionControlOptions {
  readonly topics: TopicControl;
  readonly brokers: BrokerControl;
  readonly configs: ConfigControl;
  readonly features: FeatureControl;
}

type BrokerPredicate = (brokerId: number) => boolean;

export class PartitionControl {
  readonly #options: PartitionControlOptions;
  readonly #isActive: BrokerPredicate;

  constructor(options: PartitionControlOptions) {
    this.#options = options;
    this.#isActive = (brokerId) => options.brokers.isActive(brokerId);
  }

  /** Null when nothing changes. `mayLead` is asked beside whether the replica's directory is online. */
  change(
    topic: TopicState,
    partitionId: number,
    target: PartitionTarget,
    mayLead: BrokerPredicate = this.#isActive,
  ): ControlRecord | null {
    const { features, configs, brokers } = this.#options;
    const partition = topic.partitions.get(partitionId);
    if (partition === undefined) throw new Error(`no partition ${partitionId} in topic ${topic.name}`);
    return partitionChange(
      {
        topicId: topic.topicId,
        partitionId,
        partition,
        metadataVersion: features.metadataVersion,
        eligibleLeaderReplicasEnabled: features.eligibleLeaderReplicasEnabled,
        minInsyncReplicas: configs.minInsyncReplicas(
          topic.name,
          (topic.partitions.get(0) ?? partition).replicas.length,
        ),
        isAcceptableLeader: (brokerId) => mayLead(brokerId) && this.#isInOnlineDirectory(partition, target, brokerId),
        defaultDirectory: (brokerId) => brokers.defaultDirectory(brokerId),
      },
      target,
    );
  }

  /** `unclean` where the topic allows it. */
  automaticElection(topicName: string): 'online' | 'unclean' {
    return this.#options.configs.uncleanLeaderElectionEnabled(topicName) ? 'unclean' : 'online';
  }

  /** A replica that comes to lie in a directory that is online may lead with the same change. */
  #isInOnlineDirectory(partition: PartitionImage, target: PartitionTarget, brokerId: number): boolean {
    const directory =
      target.directory?.brokerId === brokerId
        ? target.directory.directoryId
        : (partition.directories[partition.replicas.indexOf(brokerId)] ?? UNASSIGNED_DIRECTORY);
    return isOnlineDirectory(directory, this.#options.brokers.broker(brokerId)?.logDirs ?? []);
  }

  leadsAny(brokerId: number): boolean {
    for (const topic of this.#options.topics.all()) {
      for (const { leader } of topic.partitions.values()) if (leader === brokerId) return true;
    }
    return false;
  }

  /** The broker may lead no longer, and is in sync no longer: fenced, or on its way out. */
  brokerLeaves(brokerId: number): ControlRecord[] {
    return this.#replicasLeave(brokerId, (partition) => partition.isr.includes(brokerId));
  }

  /** Nobody will hear of this broker again: it is not even eligible any more. */
  brokerUnregistered(brokerId: number): ControlRecord[] {
    const records: ControlRecord[] = [];
    for (const [topic, partitionId, partition] of this.#partitions()) {
      if (!partition.isr.includes(brokerId) && !partition.elr.includes(brokerId)) continue;
      const record = this.#without(topic, partitionId, partition, brokerId);
      if (record !== null) records.push(record);
    }
    return records;
  }

  /** These directories of the broker have failed, and the replicas in them. */
  directoriesLeave(brokerId: number, directories: readonly Uuid[]): ControlRecord[] {
    return this.#replicasLeave(brokerId, (partition) => {
      const directory = partition.directories[partition.replicas.indexOf(brokerId)];
      return directory !== undefined && directories.includes(directory);
    });
  }

  #replicasLeave(brokerId: number, concerned: (partition: PartitionImage) => boolean): ControlRecord[] {
    const records: ControlRecord[] = [];
    for (const [topic, partitionId, partition] of this.#partitions()) {
      if (!concerned(partition)) continue;
      const record = this.#without(topic, partitionId, partition, brokerId);
      if (record !== null) records.push(record);
    }
    return records;
  }

  #without(topic: TopicState, partitionId: number, partition: PartitionImage, brokerId: number): ControlRecord | null {
    return this.change(
      topic,
      partitionId,
      {
        isr: partition.isr.filter((replica) => replica !== brokerId),
        election: this.automaticElection(topic.name),
      },
      (replica) => replica !== brokerId && this.#isActive(replica),
    );
  }

  /** One replica leaves the in-sync ones, as when its directory turns out to be offline. */
  replicaLeaves(topic: TopicState, partitionId: number, brokerId: number): ControlRecord | null {
    const partition = topic.partitions.get(partitionId);
    return partition === undefined ? null : this.#without(topic, partitionId, partition, brokerId);
  }

  /** The broker came back without a clean shutdown: it may have lost what it had acknowledged (KIP-966). */
  brokerReturnsUnclean(brokerId: number): ControlRecord[] {
    const records: ControlRecord[] = [];
    for (const [topic, partitionId, partition] of this.#partitions()) {
      if (!partition.isr.includes(brokerId) && !partition.elr.includes(brokerId)) continue;
      const target: PartitionTarget = {
        isr: partition.isr.filter((replica) => replica !== brokerId),
        uncleanShutdownReplicas: [brokerId],
        election: this.automaticElection(topic.name),
      };
      const record = this.change(topic, partitionId, target, (r) => r !== brokerId && this.#isActive(r));
      if (record !== null) records.push(record);
    }
    return records;
  }

  /** The broker is unfenced by records before these: partitions without a leader may get it. */
  brokerJoins(brokerId: number): ControlRecord[] {
    const records: ControlRecord[] = [];
    for (const [topic, partitionId, partition] of this.#partitions()) {
      if (partition.leader !== NO_LEADER) continue;
      const target: PartitionTarget = { election: this.automaticElection(topic.name) };
      const record = this.change(topic, partitionId, target, (r) => r === brokerId || this.#isActive(r));
      if (record !== null) records.push(record);
    }
    return records;
  }

  *#partitions(): Generator<[TopicState, number, PartitionImage], undefined> {
    for (const topic of this.#options.topics.all()) {
      for (const [partitionId, partition] of topic.partitions.entries()) yield [topic, partitionId, partition];
    }
  }
}
