/**
 * Committing, fetching, deleting and expiring offsets: decisions over the offset store and the groups that own them.
 */
import type { Offset } from '../../base/flavor.ts';
import { type Uuid, ZERO_UUID } from '../../base/uuid.ts';
import type { ErrorName } from '../../wire/errors.ts';
import type { ClassicGroup } from './classic-group.ts';
import type { ClassicGroups } from './classic-groups.ts';
import type { Turn } from './commands.ts';
import { checkConsumerCommit, checkConsumerFetch } from './consumer-offset-checks.ts';
import type { GroupConfig } from './group-config.ts';
import type {
  FetchedOffset,
  OffsetCommitInput,
  OffsetCommitResult,
  OffsetDeleteResult,
  OffsetFetchInput,
  OffsetFetchResult,
  OffsetToCommit,
  TransactionalOffsetCommitInput,
} from './group-coordinator.ts';
import { type GroupRecord, newOffsetCommitRecord, newOffsetCommitTombstone } from './group-records.ts';
import type { GroupStore, PersistedGroup } from './group-store.ts';
import { type CommittedOffset, isOfOtherTopic, type OffsetStore } from './offset-store.ts';

const NOTHING_COMMITTED = -1;

export class GroupOffsets {
  readonly #config: GroupConfig;
  readonly #groups: GroupStore;
  readonly #classic: ClassicGroups;
  readonly #offsets: OffsetStore;

  constructor(config: GroupConfig, groups: GroupStore, classic: ClassicGroups, offsets: OffsetStore) {
    this.#config = config;
    this.#groups = groups;
    this.#classic = classic;
    this.#offsets = offsets;
  }

  commit(input: OffsetCommitInput, turn: Turn): OffsetCommitResult {
    const { groupId } = input;
    const error = this.#checkCommit(input);
    if (error !== 'NONE') return { error, topics: [] };

    // A committing member is alive (before KIP-62 clients had no other sign of life while they processed).
    const group = this.#classic.get(groupId);
    const member = group?.members.get(input.memberId);
    if (
      group !== undefined &&
      member !== undefined &&
      (group.state === 'Stable' || group.state === 'PreparingRebalance')
    ) {
      this.#classic.rebalance.scheduleSession(group, member, turn);
    }

    // Clients that mean "for ever" send the largest number there is.
    const expireTimestamp =
      input.retentionTimeMs === -1 ? -1 : Math.min(turn.nowMs + input.retentionTimeMs, Number.MAX_SAFE_INTEGER);
    return { error: 'NONE', topics: this.#write(groupId, input.topics, expireTimestamp, turn) };
  }

  /** The offsets are pending until the transaction's marker comes; the turn's records must be its producer's. */
  commitTransactional(input: TransactionalOffsetCommitInput, turn: Turn): OffsetCommitResult {
    const error = this.#checkTransactionalCommit(input);
    if (error !== 'NONE') return { error, topics: [] };
    return { error: 'NONE', topics: this.#write(input.groupId, input.topics, -1, turn) };
  }

  #write(
    groupId: string,
    input: OffsetCommitInput['topics'],
    expireTimestamp: number,
    turn: Turn,
  ): OffsetCommitResult['topics'] {
    return input.map((topic) => ({
      name: topic.name,
      partitions: topic.partitions.map((partition) => {
        const partitionError = this.#checkOffset(partition);
        if (partitionError === 'NONE') {
          const value = {
            offset: partition.committedOffset,
            leaderEpoch: partition.committedLeaderEpoch,
            metadata: partition.metadata ?? '',
            commitTimestamp: turn.nowMs,
            expireTimestamp,
            topicId: topic.topicId,
          };
          turn.records.push(
            newOffsetCommitRecord({ groupId, topic: topic.name, partition: partition.partition, value }),
          );
        }
        return { partition: partition.partition, error: partitionError };
      }),
    }));
  }

  #checkOffset(partition: OffsetToCommit): ErrorName {
    if (partition.metadata !== null && partition.metadata.length > this.#config.offsetMetadataSizeMax) {
      return 'OFFSET_METADATA_TOO_LARGE';
    }
    // Decoding saturates there: the number that was meant is not known, and must not be stored as another one.
    if (Math.abs(partition.committedOffset) >= Number.MAX_SAFE_INTEGER) return 'INVALID_COMMIT_OFFSET_SIZE';
    return 'NONE';
  }

  #checkCommit(input: OffsetCommitInput): ErrorName {
    const persisted = this.#groups.get(input.groupId);
    if (persisted === undefined) {
      // Whoever is not in a group may commit to one that does not exist: its offsets make it ("simple" group).
      if (input.generationIdOrMemberEpoch < 0) return 'NONE';
      return input.apiVersion >= 9 ? 'GROUP_ID_NOT_FOUND' : 'ILLEGAL_GENERATION';
    }
    if (persisted.kind === 'consumer') return checkConsumerCommit(persisted, input, false);
    if (persisted.kind !== 'classic') return checkCommitToOther(persisted, input);
    const group = this.#classic.get(input.groupId)!;
    if (input.generationIdOrMemberEpoch < 0 && group.state === 'Empty') return 'NONE';
    if (input.generationIdOrMemberEpoch >= 0 || input.memberId !== '' || input.groupInstanceId !== null) {
      const error = group.checkMember(input.memberId, input.groupInstanceId);
      if (error !== 'NONE') return error;
      if (input.generationIdOrMemberEpoch !== group.generationId) return 'ILLEGAL_GENERATION';
    } else if (group.state !== 'Empty') {
      return 'UNKNOWN_MEMBER_ID';
    }
    return group.state === 'CompletingRebalance' ? 'REBALANCE_IN_PROGRESS' : 'NONE';
  }

  /** Unlike an ordinary commit, one in a transaction may come while the group rebalances, or from nobody's member. */
  #checkTransactionalCommit(input: TransactionalOffsetCommitInput): ErrorName {
    const { generationId, memberId, groupInstanceId } = input;
    const persisted = this.#groups.get(input.groupId);
    if (persisted === undefined) return generationId < 0 ? 'NONE' : 'ILLEGAL_GENERATION';
    if (persisted.kind === 'consumer') {
      return checkConsumerCommit(persisted, { ...input, generationIdOrMemberEpoch: generationId }, true);
    }
    if (persisted.kind !== 'classic') {
      return checkCommitToOther(persisted, { generationIdOrMemberEpoch: generationId });
    }
    if (generationId < 0 && memberId === '' && groupInstanceId === null) return 'NONE';
    const group = this.#classic.get(input.groupId)!;
    if (generationId < 0 && group.state === 'Empty') return 'NONE';
    const error = group.checkMember(memberId, groupInstanceId);
    if (error !== 'NONE') return error;
    return generationId === group.generationId ? 'NONE' : 'ILLEGAL_GENERATION';
  }

  /** `atOffset` left out: everything written counts, and open transactions make an offset unstable. */
  fetch(input: OffsetFetchInput, atOffset?: Offset): OffsetFetchResult {
    const { groupId } = input;
    const persisted = this.#groups.get(groupId, atOffset);
    if (persisted?.kind === 'consumer') {
      const error = checkConsumerFetch(persisted, input, atOffset);
      if (error !== 'NONE') return { error, topics: [] };
    }
    if (persisted?.kind === 'streams') {
      // Membership of these groups is not known here: only requests from outside the group are answered.
      if (input.memberId !== null || input.memberEpoch >= 0) return { error: 'UNKNOWN_MEMBER_ID', topics: [] };
    }
    const known = persisted !== undefined && persisted.kind !== 'share';
    if (input.topics === null) {
      if (!known) return { error: 'NONE', topics: [] };
      return {
        error: 'NONE',
        topics: [...this.#offsets.topicsOf(groupId, atOffset)].map(([name, partitions]) => {
          let topicId: Uuid = ZERO_UUID;
          const fetched = [...partitions].map(([partition, committed]) => {
            topicId = committed.topicId;
            return this.#fetched({ groupId, topic: name, partition }, committed, input.requireStable);
          });
          return { name, topicId, partitions: fetched };
        }),
      };
    }
    return {
      error: 'NONE',
      topics: input.topics.map((topic) => ({
        name: topic.name,
        topicId: topic.topicId,
        partitions: topic.partitions.map((partition) => {
          const committed = known ? this.#offsets.get(groupId, topic.name, partition, atOffset) : undefined;
          const mine = committed !== undefined && !isOfOtherTopic(committed, topic.topicId) ? committed : undefined;
          return this.#fetched({ groupId, topic: topic.name, partition }, mine, input.requireStable);
        }),
      })),
    };
  }

  #fetched(
    key: { readonly groupId: string; readonly topic: string; readonly partition: number },
    committed: CommittedOffset | undefined,
    requireStable: boolean,
  ): FetchedOffset {
    const nothing = {
      partition: key.partition,
      committedOffset: NOTHING_COMMITTED,
      committedLeaderEpoch: -1,
      metadata: '',
    };
    if (requireStable && this.#offsets.hasPending(key.groupId, key.topic, key.partition)) {
      return { ...nothing, error: 'UNSTABLE_OFFSET_COMMIT' };
    }
    if (committed === undefined) return { ...nothing, error: 'NONE' };
    return {
      partition: key.partition,
      committedOffset: committed.committedOffset,
      committedLeaderEpoch: committed.leaderEpoch,
      metadata: committed.metadata,
      error: 'NONE',
    };
  }

  deleteOffsets(
    groupId: string,
    topics: readonly { readonly name: string; readonly partitions: readonly number[] }[],
    turn: Turn,
  ): OffsetDeleteResult {
    const persisted = this.#groups.get(groupId);
    if (persisted === undefined || persisted.kind === 'share') return { error: 'GROUP_ID_NOT_FOUND', topics: [] };
    const group = this.#classic.get(groupId);
    if (group !== undefined && group.state !== 'Empty' && !group.usesConsumerProtocol) {
      return { error: 'NON_EMPTY_GROUP', topics: [] };
    }
    return {
      error: 'NONE',
      topics: topics.map(({ name, partitions }) => {
        const subscribed = isSubscribed(persisted, group, name);
        return {
          name,
          partitions: partitions.map((partition) => {
            if (subscribed) return { partition, error: 'GROUP_SUBSCRIBED_TO_TOPIC' as const };
            if (
              this.#offsets.get(groupId, name, partition) !== undefined ||
              this.#offsets.hasPending(groupId, name, partition)
            ) {
              turn.records.push(newOffsetCommitTombstone({ groupId, topic: name, partition }));
            }
            return { partition, error: 'NONE' as const };
          }),
        };
      }),
    };
  }

  /** Tombstones for every offset of the group, pending ones too. */
  deleteAll(groupId: string, turn: Turn): void {
    for (const { topic, partition } of this.#offsets.all(groupId)) {
      turn.records.push(newOffsetCommitTombstone({ groupId, topic, partition }));
    }
    for (const { topic, partition } of this.#offsets.pendingOf(groupId)) {
      if (this.#offsets.get(groupId, topic, partition) === undefined) {
        turn.records.push(newOffsetCommitTombstone({ groupId, topic, partition }));
      }
    }
  }

  /** Offsets of a topic that was created again under the same name stay; a tombstone would take what is pending with it. */
  topicsDeleted(
    topics: readonly { readonly name: string; readonly topicId: Uuid; readonly partitions: readonly number[] }[],
    turn: Turn,
  ): void {
    const partitionsByTopic = new Map(topics.map((topic) => [topic.name, new Set(topic.partitions)]));
    const topicIds = new Map(topics.map((topic) => [topic.name, topic.topicId]));
    /** By group, topic and partition; `null` where something there is of the new topic. */
    const gone = new Map<string, GroupRecord | null>();
    for (const { groupId, topic, partition, committed } of this.#offsets.ofTopics(partitionsByTopic)) {
      const key = JSON.stringify([groupId, topic, partition]);
      if (isOfOtherTopic(committed, topicIds.get(topic)!)) gone.set(key, null);
      else if (!gone.has(key)) gone.set(key, newOffsetCommitTombstone({ groupId, topic, partition }));
    }
    for (const tombstone of gone.values()) if (tombstone !== null) turn.records.push(tombstone);
  }

  /** `offsets.retention.minutes` (KIP-211): tombstones for what is past it; groups with nothing left go as well. */
  expire(turn: Turn, deleteGroup: (groupId: string) => void): void {
    for (const groupId of this.#groups.groupIds()) {
      if (!this.#expireOffsetsOf(groupId, turn) || this.#offsets.hasOpenTransaction(groupId)) continue;
      const persisted = this.#groups.get(groupId);
      const empty =
        persisted?.kind === 'consumer' ? persisted.memberCount === 0 : this.#classic.get(groupId)?.state === 'Empty';
      if (empty) deleteGroup(groupId);
    }
  }

  /** Whether no offset of the group is left. */
  #expireOffsetsOf(groupId: string, turn: Turn): boolean {
    if (!this.#offsets.hasOffsets(groupId)) return true;
    const persisted = this.#groups.get(groupId);
    const group = this.#classic.get(groupId);
    if (persisted === undefined) return false;
    const retainedSince = this.#retainedSince(persisted, group);
    if (retainedSince === null) return false;
    let allExpired = true;
    for (const { topic, partition, committed } of this.#offsets.all(groupId)) {
      const expired =
        committed.expireTimestampMs === null
          ? turn.nowMs - retainedSince(committed) >= this.#config.offsetsRetentionMs
          : turn.nowMs >= committed.expireTimestampMs;
      if (expired && !isSubscribed(persisted, group, topic) && !this.#offsets.hasPending(groupId, topic, partition)) {
        turn.records.push(newOffsetCommitTombstone({ groupId, topic, partition }));
      } else {
        allExpired = false;
      }
    }
    return allExpired;
  }

  /** From when on an offset's retention counts; `null` where the group keeps all. */
  #retainedSince(
    persisted: PersistedGroup,
    group: ClassicGroup | undefined,
  ): ((committed: CommittedOffset) => number) | null {
    const sinceCommit = (committed: CommittedOffset) => committed.commitTimestampMs;
    if (group === undefined) return persisted.kind === 'share' ? null : sinceCommit;
    // Consumers without a group have nothing but their commits.
    if (group.protocolType === null) return sinceCommit;
    if (group.state === 'Empty') {
      return (committed) => group.currentStateTimestampMs ?? committed.commitTimestampMs;
    }
    // Of a living group, only topics that nobody in it subscribes to any more.
    if (group.usesConsumerProtocol && group.subscribedTopics !== null && group.state === 'Stable') return sinceCommit;
    return null;
  }
}

function checkCommitToOther(
  persisted: Exclude<PersistedGroup, { kind: 'classic' | 'consumer' }>,
  input: Pick<OffsetCommitInput, 'generationIdOrMemberEpoch'>,
): ErrorName {
  if (persisted.kind === 'share') return 'GROUP_ID_NOT_FOUND';
  if (persisted.memberCount === 0 && input.generationIdOrMemberEpoch < 0) return 'NONE';
  return 'UNKNOWN_MEMBER_ID';
}

/** What a group of another kind subscribes to is not known: all topics, as long as it has members. */
function isSubscribed(persisted: PersistedGroup, group: ClassicGroup | undefined, topic: string): boolean {
  if (group !== undefined) return group.isSubscribedToTopic(topic);
  if (persisted.kind === 'consumer') return persisted.subscribesTo(topic);
  return persisted.kind !== 'classic' && persisted.memberCount > 0;
}
