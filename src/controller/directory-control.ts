/** Which directory of its broker a replica lies in, and directories that fail (KIP-858). */
import type { Uuid } from '../base/uuid.ts';
import { isOnlineDirectory } from '../metadata/directory-id.ts';
import { errorCode } from '../wire/errors.ts';
import type {
  AssignReplicasToDirsRequest,
  assignReplicasToDirsResponse,
} from '../wire/schema/assign-replicas-to-dirs.ts';
import type { InputOf } from '../wire/schema.ts';
import type { BrokerControl } from './broker-control.ts';
import type { ControlRecord, ControlResult } from './control-record.ts';
import type { PartitionControl } from './partition-control.ts';
import type { TopicControl, TopicState } from './topic-control.ts';

type RequestedDirectory = AssignReplicasToDirsRequest['directories'][number];
type ResponseDirectory = NonNullable<InputOf<typeof assignReplicasToDirsResponse>['directories']>[number];

export class DirectoryControl {
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
  assign(brokerId: number, directories: readonly RequestedDirectory[]): ControlResult<readonly ResponseDirectory[]> {
    const records: ControlRecord[] = [];
    const response = directories.map(({ id, topics }) => ({
      id,
      topics: topics.map(({ topicId, partitions }) => {
        const topic = this.#topics.topicOf(topicId);
        return {
          topicId,
          partitions: partitions.map(({ partitionIndex }) => {
            const error =
              topic === undefined ? 'UNKNOWN_TOPIC_ID' : this.#assign(brokerId, topic, partitionIndex, id, records);
            return { partitionIndex, errorCode: errorCode(error) };
          }),
        };
      }),
    }));
    return { records, response, append: 'batches' };
  }

  #assign(brokerId: number, topic: TopicState, partitionId: number, directoryId: Uuid, records: ControlRecord[]) {
    const partition = topic.partitions.get(partitionId);
    if (partition === undefined) return 'UNKNOWN_TOPIC_OR_PARTITION';
    if (!partition.replicas.includes(brokerId)) return 'NOT_LEADER_OR_FOLLOWER';
    const record = this.#partitions.change(topic, partitionId, { directory: { brokerId, directoryId } });
    if (record !== null) records.push(record);
    const online = isOnlineDirectory(directoryId, this.#brokers.broker(brokerId)?.logDirs ?? []);
    const left = online ? null : this.#partitions.replicaLeaves(topic, partitionId, brokerId);
    if (left !== null) records.push(left);
    return 'NONE';
  }

  /** `directories`: what the broker's heartbeat says has failed. */
  directoriesOffline(brokerId: number, directories: readonly Uuid[]): ControlRecord[] {
    const broker = this.#brokers.broker(brokerId);
    const failed = broker?.logDirs.filter((directory) => directories.includes(directory)) ?? [];
    if (broker === undefined || failed.length === 0) return [];
    const online = broker.logDirs.filter((directory) => !failed.includes(directory));
    return [...this.#partitions.directoriesLeave(brokerId, failed), this.#brokers.onlineLogDirsRecord(broker, online)];
  }
}
