/** AlterPartition: what a leader says about who is in sync (KIP-497, KIP-841, KIP-903). */
import { ZERO_UUID } from '../base/uuid.ts';
import { NO_LEADER, type PartitionImage } from '../metadata/metadata-image.ts';
import {
  changedPartition,
  leaderRecoveryStateNumber,
  leaderRecoveryStateOf,
  NO_LEADER_CHANGE,
} from '../metadata/partition-records.ts';
import { type ErrorName, errorCode } from '../wire/errors.ts';
import type { AlterPartitionRequest, AlterPartitionResponse } from '../wire/schema/alter-partition.ts';
import type { BrokerControl } from './broker-control.ts';
import type { ControlRecord, ControlResult } from './control-record.ts';
import type { PartitionControl } from './partition-control.ts';
import type { TopicControl, TopicState } from './topic-control.ts';

type RequestedTopic = AlterPartitionRequest['topics'][number];
type RequestedPartition = RequestedTopic['partitions'][number];
type ResponseTopic = AlterPartitionResponse['topics'][number];
type ResponsePartition = ResponseTopic['partitions'][number];

interface MemberOfIsr {
  readonly brokerId: number;
  /** -1: not told. */
  readonly brokerEpoch: number;
}

export class IsrControl {
  readonly #topics: TopicControl;
  readonly #brokers: BrokerControl;
  readonly #partitions: PartitionControl;

  constructor(options: {
    readonly topics: TopicControl;
    readonly brokers: BrokerControl;
    readonly partitions: PartitionControl;
  }) {
    this.#topics = options.topics;
    this.#brokers = options.brokers;
    this.#partitions = options.partitions;
  }

  /** The broker and its epoch have been checked. */
  alterPartitions(brokerId: number, topics: readonly RequestedTopic[]): ControlResult<readonly ResponseTopic[]> {
    const records: ControlRecord[] = [];
    const response = topics.map(({ topicId, partitions }) => {
      const topic = topicId === ZERO_UUID ? undefined : this.#topics.topicOf(topicId);
      return {
        topicId,
        partitions: partitions.map((requested): ResponsePartition => {
          const altered = topic === undefined ? 'UNKNOWN_TOPIC_ID' : this.#alter(brokerId, topic, requested, records);
          const { partitionIndex } = requested;
          return typeof altered === 'string'
            ? { ...notAltered, partitionIndex, errorCode: errorCode(altered) }
            : { partitionIndex, ...altered };
        }),
      };
    });
    return { records, response, append: 'batches' };
  }

  #alter(
    brokerId: number,
    topic: TopicState,
    requested: RequestedPartition,
    records: ControlRecord[],
  ): ErrorName | Omit<ResponsePartition, 'partitionIndex'> {
    const partition = topic.partitions.get(requested.partitionIndex);
    if (partition === undefined) return 'UNKNOWN_TOPIC_OR_PARTITION';
    const isr = membersOf(requested);
    const problem = this.#problem(brokerId, partition, requested, isr);
    if (problem !== null) return problem;
    const recoveryState = leaderRecoveryStateOf(requested.leaderRecoveryState) ?? partition.leaderRecoveryState;
    const record = this.#partitions.change(topic, requested.partitionIndex, {
      isr: isr.map((member) => member.brokerId),
      election: this.#partitions.automaticElection(topic.name),
      leaderRecoveryState: recoveryState,
    });
    let current = partition;
    if (record !== null && record.record.type === 'PartitionChangeRecord') {
      records.push(record);
      const change = record.record.value;
      current = changedPartition(partition, change);
      // The change completed a reassignment that the leader is no part of: it is done, and somebody else leads.
      if (change.leader !== brokerId && change.leader !== NO_LEADER_CHANGE) return 'NEW_LEADER_ELECTED';
    }
    return {
      errorCode: errorCode('NONE'),
      leaderId: current.leader,
      leaderEpoch: current.leaderEpoch,
      isr: current.isr,
      leaderRecoveryState: leaderRecoveryStateNumber(current.leaderRecoveryState),
      partitionEpoch: current.partitionEpoch,
    };
  }

  #problem(
    brokerId: number,
    partition: PartitionImage,
    requested: RequestedPartition,
    isr: readonly MemberOfIsr[],
  ): ErrorName | null {
    // The request knows more than this controller: it is not the active one any more.
    if (requested.leaderEpoch > partition.leaderEpoch || requested.partitionEpoch > partition.partitionEpoch) {
      return 'NOT_CONTROLLER';
    }
    if (requested.leaderEpoch < partition.leaderEpoch) return 'FENCED_LEADER_EPOCH';
    if (brokerId !== partition.leader) return 'INVALID_REQUEST';
    if (requested.partitionEpoch < partition.partitionEpoch) return 'INVALID_UPDATE_VERSION';
    const ids = new Set(isr.map((member) => member.brokerId));
    const isValid =
      ids.size > 0 &&
      ids.size === isr.length &&
      partition.leader !== NO_LEADER &&
      ids.has(partition.leader) &&
      isr.every((member) => partition.replicas.includes(member.brokerId));
    if (!isValid) return 'INVALID_REQUEST';
    const recoveryState = leaderRecoveryStateOf(requested.leaderRecoveryState);
    if (recoveryState === null) return 'INVALID_REQUEST';
    if (recoveryState === 'RECOVERING' && (isr.length > 1 || partition.leaderRecoveryState === 'RECOVERED')) {
      return 'INVALID_REQUEST';
    }
    return isr.every((member) => this.#isEligible(member)) ? null : 'INELIGIBLE_REPLICA';
  }

  #isEligible({ brokerId, brokerEpoch }: MemberOfIsr): boolean {
    if (!this.#brokers.isActive(brokerId)) return false;
    return brokerEpoch === -1 || this.#brokers.broker(brokerId)?.brokerEpoch === brokerEpoch;
  }
}

const notAltered = { leaderId: 0, leaderEpoch: 0, isr: [], leaderRecoveryState: 0, partitionEpoch: 0 };

/** Version 2 has ids alone. */
function membersOf({ newIsr, newIsrWithEpochs }: RequestedPartition): readonly MemberOfIsr[] {
  return newIsrWithEpochs.length > 0 ? newIsrWithEpochs : newIsr.map((brokerId) => ({ brokerId, brokerEpoch: -1 }));
}
