/**
 * The group coordinator as the API handlers (and the console) see it. Implemented by group-coordinator-service.ts.
 *
 * Every answer is a value: `error` is 'NONE' or the error of the whole group; nothing here rejects.
 */
import type { Offset } from '../../base/flavor.ts';
import type { Uuid } from '../../base/uuid.ts';
import type { ErrorName } from '../../wire/errors.ts';
import type { TransactionEnd } from '../shard.ts';

export const GROUP_METADATA_TOPIC = '__consumer_offsets';

/** Who asks; `clientHost` is Kafka's text of the peer's address, '/127.0.0.1'. */
export interface GroupClient {
  readonly clientId: string;
  readonly clientHost: string;
}

export interface JoinGroupInput {
  readonly groupId: string;
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
  /** '' for a member that has no id yet. */
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly protocolType: string;
  readonly protocols: readonly { readonly name: string; readonly metadata: Buffer }[];
  readonly reason: string | null;
  /** KIP-394 (JoinGroup v4+): a new dynamic member is given its id and sent away to come again with it. */
  readonly requiresKnownMemberId: boolean;
  /** KIP-814 (JoinGroup v9+): a returning static leader is told to skip the assignment. */
  readonly supportsSkippingAssignment: boolean;
}

export interface JoinGroupResult {
  readonly error: ErrorName;
  readonly generationId: number;
  readonly protocolType: string | null;
  readonly protocolName: string | null;
  readonly leader: string;
  readonly skipAssignment: boolean;
  readonly memberId: string;
  /** Only for the leader. */
  readonly members: readonly {
    readonly memberId: string;
    readonly groupInstanceId: string | null;
    readonly metadata: Buffer;
  }[];
}

export interface SyncGroupInput {
  readonly groupId: string;
  readonly generationId: number;
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly protocolType: string | null;
  readonly protocolName: string | null;
  readonly assignments: readonly { readonly memberId: string; readonly assignment: Buffer }[];
}

export interface SyncGroupResult {
  readonly error: ErrorName;
  readonly protocolType: string | null;
  readonly protocolName: string | null;
  readonly assignment: Buffer;
}

export interface HeartbeatInput {
  readonly groupId: string;
  readonly generationId: number;
  readonly memberId: string;
  readonly groupInstanceId: string | null;
}

export interface ConsumerGroupHeartbeatInput {
  readonly groupId: string;
  readonly memberId: string;
  /** 0 joins, -1 leaves, -2 leaves for a while (static members). */
  readonly memberEpoch: number;
  readonly instanceId: string | null;
  readonly rackId: string | null;
  /** -1: as before; so does `null` below. */
  readonly rebalanceTimeoutMs: number;
  readonly subscribedTopicNames: readonly string[] | null;
  readonly subscribedTopicRegex: string | null;
  readonly serverAssignor: string | null;
  /** What the member has. */
  readonly topicPartitions: readonly TopicIdPartitions[] | null;
}

export interface TopicIdPartitions {
  readonly topicId: Uuid;
  readonly partitions: readonly number[];
}

export interface ConsumerGroupHeartbeatResult {
  readonly error: ErrorName;
  readonly errorMessage: string | null;
  readonly memberId: string | null;
  readonly memberEpoch: number;
  readonly heartbeatIntervalMs: number;
  /** `null`: as before. */
  readonly assignment: readonly TopicIdPartitions[] | null;
}

export interface DescribedTopicPartitions extends TopicIdPartitions {
  readonly topicName: string;
}

export interface DescribedConsumerGroup {
  readonly error: ErrorName;
  readonly errorMessage: string | null;
  readonly groupId: string;
  /** 'Empty', 'Assigning', 'Reconciling', 'Stable'; '' with an error. */
  readonly groupState: string;
  readonly groupEpoch: number;
  readonly assignmentEpoch: number;
  readonly assignorName: string;
  readonly members: readonly {
    readonly memberId: string;
    readonly instanceId: string | null;
    readonly rackId: string | null;
    readonly memberEpoch: number;
    readonly clientId: string;
    readonly clientHost: string;
    readonly subscribedTopicNames: readonly string[];
    readonly subscribedTopicRegex: string | null;
    readonly assignment: readonly DescribedTopicPartitions[];
    readonly targetAssignment: readonly DescribedTopicPartitions[];
    readonly usesClassicProtocol: boolean;
  }[];
}

export interface LeavingMember {
  /** '' when an administrator names the static member by its instance id alone. */
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly reason: string | null;
}

export interface LeaveGroupResult {
  readonly error: ErrorName;
  readonly members: readonly {
    readonly memberId: string;
    readonly groupInstanceId: string | null;
    readonly error: ErrorName;
  }[];
}

export interface OffsetToCommit {
  readonly partition: number;
  readonly committedOffset: Offset;
  /** -1 when unknown. */
  readonly committedLeaderEpoch: number;
  readonly metadata: string | null;
}

export interface OffsetCommitInput {
  readonly groupId: string;
  readonly generationIdOrMemberEpoch: number;
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  /** -1: the broker's retention (OffsetCommit v2-4 alone can say otherwise). */
  readonly retentionTimeMs: number;
  /** v9+: an unknown group is GROUP_ID_NOT_FOUND rather than ILLEGAL_GENERATION. */
  readonly apiVersion: number;
  readonly topics: readonly {
    readonly name: string;
    readonly topicId: Uuid;
    readonly partitions: readonly OffsetToCommit[];
  }[];
}

/** Offsets that count when the producer's transaction is committed (KIP-98, 447). */
export interface TransactionalOffsetCommitInput {
  readonly groupId: string;
  readonly producerId: number;
  readonly producerEpoch: number;
  /** -1, '' and null where the producer does not say for which consumer it commits (TxnOffsetCommit v0-2). */
  readonly generationId: number;
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly topics: OffsetCommitInput['topics'];
}

export interface PartitionError {
  readonly partition: number;
  readonly error: ErrorName;
}

export interface OffsetCommitResult {
  /** Not 'NONE': nothing was committed, every partition fails with it. */
  readonly error: ErrorName;
  readonly topics: readonly { readonly name: string; readonly partitions: readonly PartitionError[] }[];
}

export interface FetchedOffset {
  readonly partition: number;
  /** -1 when nothing is committed. */
  readonly committedOffset: Offset;
  readonly committedLeaderEpoch: number;
  readonly metadata: string;
  readonly error: ErrorName;
}

export interface OffsetFetchInput {
  readonly groupId: string;
  readonly memberId: string | null;
  readonly memberEpoch: number;
  /** `null`: every topic with a committed offset. `topicId` is ZERO_UUID where only the name was given. */
  readonly topics:
    | readonly { readonly name: string; readonly topicId: Uuid; readonly partitions: readonly number[] }[]
    | null;
  /** KIP-447: wait for pending writes, and answer UNSTABLE_OFFSET_COMMIT where a transaction is open. */
  readonly requireStable: boolean;
}

export interface OffsetFetchResult {
  readonly error: ErrorName;
  readonly topics: readonly {
    readonly name: string;
    readonly topicId: Uuid;
    readonly partitions: readonly FetchedOffset[];
  }[];
}

export interface OffsetDeleteResult {
  readonly error: ErrorName;
  readonly topics: readonly { readonly name: string; readonly partitions: readonly PartitionError[] }[];
}

export interface DescribedGroup {
  readonly error: ErrorName;
  readonly errorMessage: string | null;
  readonly groupId: string;
  /** 'Empty', 'PreparingRebalance', 'CompletingRebalance', 'Stable', 'Dead'; '' with an error. */
  readonly groupState: string;
  readonly protocolType: string;
  readonly protocolData: string;
  readonly members: readonly {
    readonly memberId: string;
    readonly groupInstanceId: string | null;
    readonly clientId: string;
    readonly clientHost: string;
    readonly memberMetadata: Buffer;
    readonly memberAssignment: Buffer;
  }[];
}

export interface ListedGroup {
  readonly groupId: string;
  readonly protocolType: string;
  readonly groupState: string;
  /** 'classic', 'consumer', 'share', 'streams'. */
  readonly groupType: string;
}

export interface ListGroupsResult {
  readonly error: ErrorName;
  readonly groups: readonly ListedGroup[];
}

export interface GroupCoordinator {
  /** The partition of `__consumer_offsets` that owns the group. */
  partitionFor(groupId: string): number;
  joinGroup(input: JoinGroupInput, client: GroupClient): Promise<JoinGroupResult>;
  syncGroup(input: SyncGroupInput): Promise<SyncGroupResult>;
  heartbeat(input: HeartbeatInput): Promise<ErrorName>;
  leaveGroup(groupId: string, members: readonly LeavingMember[]): Promise<LeaveGroupResult>;
  consumerGroupHeartbeat(
    input: ConsumerGroupHeartbeatInput,
    client: GroupClient,
    apiVersion: number,
  ): Promise<ConsumerGroupHeartbeatResult>;
  describeConsumerGroups(groupIds: readonly string[]): Promise<readonly DescribedConsumerGroup[]>;
  commitOffsets(input: OffsetCommitInput): Promise<OffsetCommitResult>;
  /** The caller has verified that the producer's transaction contains this group's partition. */
  commitTransactionalOffsets(input: TransactionalOffsetCommitInput): Promise<OffsetCommitResult>;
  fetchOffsets(input: OffsetFetchInput): Promise<OffsetFetchResult>;
  deleteOffsets(
    groupId: string,
    topics: readonly { readonly name: string; readonly partitions: readonly number[] }[],
  ): Promise<OffsetDeleteResult>;
  /** `apiVersion` 6+ answers GROUP_ID_NOT_FOUND where older versions answer state 'Dead' (KIP-1043). */
  describeGroups(groupIds: readonly string[], apiVersion: number): Promise<readonly DescribedGroup[]>;
  /** Both filters are case-insensitive; empty means all. */
  listGroups(statesFilter: readonly string[], typesFilter: readonly string[]): Promise<ListGroupsResult>;
  deleteGroups(
    groupIds: readonly string[],
  ): Promise<readonly { readonly groupId: string; readonly error: ErrorName }[]>;
}

/** What `replication` and the metadata publisher tell the coordinator. */
export interface GroupCoordinatorEvents {
  /** This broker became leader of the partition of `__consumer_offsets`: load it. */
  elected(partition: number, leaderEpoch: number): void;
  /** `leaderEpoch` null: the replica is gone altogether. */
  resigned(partition: number, leaderEpoch: number | null): void;
  /** Writes the marker of a transaction into a partition of `__consumer_offsets`; NONE when it is committed. */
  endTransaction(partition: number, end: TransactionEnd): Promise<ErrorName>;
  /** Topics that are gone from the metadata: their committed offsets go too. */
  topicsDeleted(
    topics: readonly { readonly name: string; readonly topicId: Uuid; readonly partitions: readonly number[] }[],
  ): void;
  /** Topics that came, went or got more partitions; `createdAtVersion` is the image's offset if any were created. */
  topicsChanged(names: readonly string[], createdAtVersion: number | null): void;
}
