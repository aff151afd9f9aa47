/**
 * Carries what leaders want of their in-sync replicas to the controller: one AlterPartition at a time, with all that has
 * come up meanwhile. What the controller did not answer is asked again; it stays pending at the partition, which takes the
 * replicas for in-sync as long as they may be.
 */
import type { Timer, TimerHandle } from '../base/clock.ts';
import type { BrokerEpoch } from '../base/flavor.ts';
import type { Logger } from '../base/logger.ts';
import { type ErrorName, errorName } from '../wire/errors.ts';
import type { AlterPartitionRequest, AlterPartitionResponse } from '../wire/schema/alter-partition.ts';
import type { Partition } from './partition.ts';

type RequestedTopics = AlterPartitionRequest['topics'];
type RequestedPartition = RequestedTopics[number]['partitions'][number];
type AnsweredPartition = AlterPartitionResponse['topics'][number]['partitions'][number];

export interface IsrChangesOptions {
  readonly brokerId: number;
  readonly brokerEpoch: () => BrokerEpoch;
  /** Asks the active controller. Rejects when there was no answer, or the request was refused as a whole. */
  readonly alterPartition: (topics: RequestedTopics) => Promise<AlterPartitionResponse['topics']>;
  readonly timer: Timer;
  readonly logger: Logger;
}

const RETRY_MS = 50;
const RECOVERED = 0;

/** The controller is sure not to have changed anything, and will not in this state of things. */
const refusals: ReadonlySet<ErrorName> = new Set<ErrorName>(['INELIGIBLE_REPLICA', 'OPERATION_NOT_ATTEMPTED']);
/** The controller knows more than this broker: the metadata will tell. */
const outdated: ReadonlySet<ErrorName> = new Set<ErrorName>([
  'UNKNOWN_TOPIC_OR_PARTITION',
  'UNKNOWN_TOPIC_ID',
  'FENCED_LEADER_EPOCH',
  'INVALID_UPDATE_VERSION',
  'INVALID_REQUEST',
  'NEW_LEADER_ELECTED',
]);

export class IsrChanges {
  readonly #options: IsrChangesOptions;
  readonly #wanted = new Map<Partition, readonly number[]>();
  #underWay = false;
  #retry: TimerHandle | null = null;
  #closed = false;

  constructor(options: IsrChangesOptions) {
    this.#options = options;
  }

  /** `partition.pendingIsr` is `isr`. */
  ask(partition: Partition, isr: readonly number[]): void {
    this.#wanted.set(partition, isr);
    this.#sendNext();
  }

  close(): void {
    this.#closed = true;
    this.#retry?.cancel();
    this.#wanted.clear();
  }

  #sendNext(): void {
    if (this.#underWay || this.#retry !== null || this.#closed) return;
    for (const [partition, isr] of this.#wanted) if (partition.pendingIsr !== isr) this.#wanted.delete(partition);
    if (this.#wanted.size === 0) return;
    const asked = new Map(this.#wanted);
    this.#underWay = true;
    this.#options.alterPartition(this.#topicsOf(asked)).then(
      (topics) => {
        this.#underWay = false;
        if (!this.#closed) this.#answered(asked, topics);
      },
      (error: unknown) => {
        this.#underWay = false;
        this.#options.logger.debug('AlterPartition was not answered, and is asked again', { error: String(error) });
        this.#retryLater();
      },
    );
  }

  #answered(asked: ReadonlyMap<Partition, readonly number[]>, topics: AlterPartitionResponse['topics']): void {
    let again = false;
    for (const [partition, isr] of asked) {
      if (partition.pendingIsr !== isr) continue;
      const answer = topics
        .find(({ topicId }) => topicId === partition.topicId)
        ?.partitions.find(({ partitionIndex }) => partitionIndex === partition.partition);
      if (answer === undefined || !this.#take(partition, isr, answer)) again = true;
      else this.#wanted.delete(partition);
    }
    if (again) this.#retryLater();
    else this.#sendNext();
  }

  /** False: to be asked again. */
  #take(partition: Partition, isr: readonly number[], answer: AnsweredPartition): boolean {
    const { topic, partition: index } = partition;
    const error = errorName(answer.errorCode);
    if (error === 'NONE') {
      const { leaderId: leader, leaderEpoch, partitionEpoch } = answer;
      this.#options.logger.info('the in-sync replicas changed', { topic, partition: index, isr: answer.isr });
      partition.isrChanged({ leader, leaderEpoch, partitionEpoch, isr: answer.isr });
      return true;
    }
    if (!refusals.has(error) && !outdated.has(error)) return false;
    this.#options.logger.info('the controller refused other in-sync replicas', { topic, partition: index, isr, error });
    if (refusals.has(error)) partition.isrChangeRefused();
    return true;
  }

  #retryLater(): void {
    if (this.#closed || this.#retry !== null) return;
    this.#retry = this.#options.timer.schedule(RETRY_MS, () => {
      this.#retry = null;
      this.#sendNext();
    });
  }

  #topicsOf(asked: ReadonlyMap<Partition, readonly number[]>): RequestedTopics {
    const topics = new Map<string, RequestedPartition[]>();
    for (const [partition, isr] of asked) {
      const partitions = topics.get(partition.topicId) ?? [];
      topics.set(partition.topicId, partitions);
      partitions.push({
        partitionIndex: partition.partition,
        leaderEpoch: partition.leaderEpoch,
        newIsr: isr,
        newIsrWithEpochs: isr.map((brokerId) => ({ brokerId, brokerEpoch: this.#epochOf(partition, brokerId) })),
        leaderRecoveryState: RECOVERED,
        partitionEpoch: partition.state.partitionEpoch,
      });
    }
    return Array.from(topics, ([topicId, partitions]) => ({ topicId, partitions }));
  }

  #epochOf(partition: Partition, brokerId: number): BrokerEpoch {
    if (brokerId === this.#options.brokerId) return this.#options.brokerEpoch();
    return partition.follower(brokerId)?.brokerEpoch ?? -1;
  }
}
