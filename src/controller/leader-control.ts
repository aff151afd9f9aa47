/** Elections that somebody or the clock asks for: ElectLeaders, the return to preferred leaders, and unclean ones. */
import { NO_LEADER } from '../metadata/metadata-image.ts';
import { type ControlFailure, type ControlRecord, type ControlResult, failure, succeeded } from './control-record.ts';
import type { PartitionControl } from './partition-control.ts';
import type { TopicControl } from './topic-control.ts';

/** Kafka's limit: elections of one round, so that commands of others come in between. */
export const ELECTIONS_PER_ROUND_MAX = 1_000;

const electionNotNeeded = failure('ELECTION_NOT_NEEDED', 'Leader election not needed for topic partition.');
const preferredLeaderNotAvailable = failure(
  'PREFERRED_LEADER_NOT_AVAILABLE',
  'The preferred leader was not available.',
);
const eligibleLeadersNotAvailable = failure(
  'ELIGIBLE_LEADERS_NOT_AVAILABLE',
  'Eligible topic partition leaders are not available.',
);

export type ElectionKind = 'preferred' | 'unclean';

export interface ElectionResults {
  readonly topic: string;
  readonly partitions: readonly (ControlFailure & { readonly partitionId: number })[];
}

export class LeaderControl {
  readonly #topics: TopicControl;
  readonly #partitions: PartitionControl;

  constructor(options: { readonly topics: TopicControl; readonly partitions: PartitionControl }) {
    this.#topics = options.topics;
    this.#partitions = options.partitions;
  }

  /** `topicPartitions` null: every partition; those that need no election are then left out of the answer. */
  electLeaders(
    election: ElectionKind,
    topicPartitions: readonly { readonly topic: string; readonly partitions: readonly number[] }[] | null,
  ): ControlResult<readonly ElectionResults[]> {
    const records: ControlRecord[] = [];
    const asked =
      topicPartitions ??
      Array.from(this.#topics.all(), ({ name, partitions }) => ({ topic: name, partitions: [...partitions.keys()] }));
    const response = asked.map(({ topic, partitions }) => ({
      topic,
      partitions: partitions
        .map((partitionId) => ({ partitionId, ...this.#elect(topic, partitionId, election, records) }))
        .filter(({ error }) => topicPartitions !== null || error !== 'ELECTION_NOT_NEEDED'),
    }));
    return { records, response, append: 'batches' };
  }

  #elect(name: string, partitionId: number, election: ElectionKind, records: ControlRecord[]): ControlFailure {
    const topic = this.#topics.topicNamed(name);
    if (topic === undefined) return failure('UNKNOWN_TOPIC_OR_PARTITION', `No such topic as ${name}`);
    const partition = topic.partitions.get(partitionId);
    if (partition === undefined) {
      return failure('UNKNOWN_TOPIC_OR_PARTITION', `No such partition as ${name}-${partitionId}`);
    }
    const needed =
      election === 'preferred' ? partition.leader !== partition.replicas[0] : partition.leader === NO_LEADER;
    if (!needed) return electionNotNeeded;
    const record = this.#partitions.change(topic, partitionId, { election });
    if (record === null) return election === 'preferred' ? preferredLeaderNotAvailable : eligibleLeadersNotAvailable;
    records.push(record);
    return succeeded;
  }

  /** Gives partitions back to the first of their replicas where it is in sync. True: there may be more to do. */
  balanceLeaders(): ControlResult<boolean> {
    return this.#round((topic, partitionId, partition) => {
      if (partition.leader === partition.replicas[0]) return null;
      return this.#partitions.change(topic, partitionId, { election: 'preferred' });
    });
  }

  /** Where the topic allows it, leaderless partitions get any replica that is there. True: there may be more to do. */
  electUncleanLeaders(): ControlResult<boolean> {
    return this.#round((topic, partitionId, partition) => {
      if (partition.leader !== NO_LEADER || this.#partitions.automaticElection(topic.name) !== 'unclean') return null;
      return this.#partitions.change(topic, partitionId, { election: 'unclean' });
    });
  }

  #round(
    elect: (
      topic: Parameters<PartitionControl['change']>[0],
      partitionId: number,
      partition: { readonly leader: number; readonly replicas: readonly number[] },
    ) => ControlRecord | null,
  ): ControlResult<boolean> {
    const records: ControlRecord[] = [];
    for (const topic of this.#topics.all()) {
      for (const [partitionId, partition] of topic.partitions.entries()) {
        const record = elect(topic, partitionId, partition);
        if (record === null) continue;
        records.push(record);
        if (records.length === ELECTIONS_PER_ROUND_MAX) return { records, response: true, append: 'batches' };
      }
    }
    return { records, response: false, append: 'batches' };
  }
}
