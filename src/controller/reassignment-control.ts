/** AlterPartitionReassignments and ListPartitionReassignments (KIP-455, KIP-860). */
import type { PartitionImage } from '../metadata/metadata-image.ts';
import type { AlterPartitionReassignmentsRequest } from '../wire/schema/alter-partition-reassignments.ts';
import type { ListPartitionReassignmentsRequest } from '../wire/schema/list-partition-reassignments.ts';
import { type ControlFailure, type ControlRecord, type ControlResult, failure, succeeded } from './control-record.ts';
import type { PartitionControl } from './partition-control.ts';
import { isReassigning, newReassignment, revertedReassignment } from './reassignment.ts';
import type { TopicControl, TopicState } from './topic-control.ts';

export interface ReassignmentResults {
  readonly name: string;
  readonly partitions: readonly (ControlFailure & { readonly partitionIndex: number })[];
}

export interface OngoingReassignments {
  readonly name: string;
  readonly partitions: readonly {
    readonly partitionIndex: number;
    readonly replicas: readonly number[];
    readonly addingReplicas: readonly number[];
    readonly removingReplicas: readonly number[];
  }[];
}

type ReassignableTopics = AlterPartitionReassignmentsRequest['topics'];

export class ReassignmentControl {
  readonly #topics: TopicControl;
  readonly #partitions: PartitionControl;

  constructor(options: { readonly topics: TopicControl; readonly partitions: PartitionControl }) {
    this.#topics = options.topics;
    this.#partitions = options.partitions;
  }

  /** Each partition stands for itself; what succeeds is one batch. */
  alter(
    topics: ReassignableTopics,
    allowReplicationFactorChange: boolean,
  ): ControlResult<readonly ReassignmentResults[]> {
    const records: ControlRecord[] = [];
    const response = topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex, replicas }) => {
        const changed = this.#alter(name, partitionIndex, replicas, allowReplicationFactorChange);
        if (changed !== null && 'error' in changed) return { partitionIndex, ...changed };
        if (changed !== null) records.push(changed);
        return { partitionIndex, ...succeeded };
      }),
    }));
    return { records, response, append: 'atomic' };
  }

  #alter(
    name: string,
    partitionId: number,
    target: readonly number[] | null,
    allowReplicationFactorChange: boolean,
  ): ControlRecord | ControlFailure | null {
    const topic = this.#topics.topicNamed(name);
    if (topic === undefined) {
      return failure('UNKNOWN_TOPIC_OR_PARTITION', `Unable to find a topic named ${name}.`);
    }
    const partition = topic.partitions.get(partitionId);
    if (partition === undefined) {
      return failure('UNKNOWN_TOPIC_OR_PARTITION', `Unable to find partition ${name}:${partitionId}.`);
    }
    if (target === null) return this.#cancel(topic, partitionId, partition);
    const problem =
      this.#topics.assignmentProblem(target, null) ??
      (allowReplicationFactorChange ? null : replicationFactorProblem(partition, target));
    if (problem !== null) return problem;
    return this.#partitions.change(topic, partitionId, newReassignment(partition.replicas, target));
  }

  #cancel(topic: TopicState, partitionId: number, partition: PartitionImage): ControlRecord | ControlFailure | null {
    if (!isReassigning(partition)) {
      return failure('NO_REASSIGNMENT_IN_PROGRESS', null);
    }
    const { replicas, isr, unclean } = revertedReassignment(partition);
    const election = this.#partitions.automaticElection(topic.name);
    if (unclean && election !== 'unclean') {
      const message =
        `Unable to revert partition assignment for ${topic.name}:${partitionId} because it would require an unclean ` +
        'leader election.';
      return failure('INVALID_REPLICA_ASSIGNMENT', message);
    }
    const target = { replicas, isr, addingReplicas: [], removingReplicas: [], election };
    return this.#partitions.change(topic, partitionId, target);
  }

  /** `topics` null: all that is under way. Topics and partitions without a reassignment are left out. */
  list(topics: ListPartitionReassignmentsRequest['topics']): readonly OngoingReassignments[] {
    const asked =
      topics?.map(({ name, partitionIndexes }) => ({ topic: this.#topics.topicNamed(name), partitionIndexes })) ??
      Array.from(this.#topics.all(), (topic) => ({ topic, partitionIndexes: [...topic.partitions.keys()] }));
    const ongoing: OngoingReassignments[] = [];
    for (const { topic, partitionIndexes } of asked) {
      if (topic === undefined) continue;
      const partitions = partitionIndexes.flatMap((partitionIndex) => {
        const partition = topic.partitions.get(partitionIndex);
        if (partition === undefined || !isReassigning(partition)) return [];
        const { replicas, addingReplicas, removingReplicas } = partition;
        return [{ partitionIndex, replicas, addingReplicas, removingReplicas }];
      });
      if (partitions.length > 0) ongoing.push({ name: topic.name, partitions });
    }
    return ongoing;
  }
}

/** KIP-860: of a reassignment that is under way, the target counts. */
function replicationFactorProblem(partition: PartitionImage, target: readonly number[]): ControlFailure | null {
  const replicas = new Set([...partition.replicas, ...partition.addingReplicas]);
  for (const replica of partition.removingReplicas) replicas.delete(replica);
  if (replicas.size === target.length) return null;
  const message = `The replication factor is changed from ${replicas.size} to ${target.length}`;
  return failure('INVALID_REPLICATION_FACTOR', message);
}
