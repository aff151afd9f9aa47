/**
 * Members of KIP-848 groups that speak the classic protocol (online migration): their JoinGroup goes through the same
 * steps as a heartbeat of the new protocol, the epoch that it gives is their generation, and SyncGroup fetches what they
 * have been assigned. Nobody waits for anybody; a member that has to come again is told so by its Heartbeat.
 */
import type { Uuid } from '../../base/uuid.ts';
import { type ErrorName, KafkaError } from '../../wire/errors.ts';
import { WireError } from '../../wire/wire-error.ts';
import {
  type ClassicMemberWrittenCommand,
  type JoinGroupCommand,
  joinGroupFailure,
  type SyncGroupCommand,
  syncGroupFailure,
  type Turn,
} from './commands.ts';
import { checkStaticMember, knownMember } from './consumer-fencing.ts';
import { type ConsumerGroup, type ConsumerMember, newConsumerMember, sortedOnce } from './consumer-group.ts';
import type { ConsumerGroupConfig } from './consumer-group-config.ts';
import { type ConsumerGroups, joinKey, syncKey } from './consumer-groups.ts';
import { readSubscription, writeAssignment } from './embedded-protocol.ts';
import type { HeartbeatInput, JoinGroupInput, LeaveGroupResult, LeavingMember } from './group-coordinator.ts';

export class ConsumerClassicMembers {
  readonly #config: ConsumerGroupConfig;
  readonly #groups: ConsumerGroups;
  /** Timers of members that were told to join again; a second reminder gives no more time. */
  readonly #reminded = new Set<string>();

  constructor(config: ConsumerGroupConfig, groups: ConsumerGroups) {
    this.#config = config;
    this.#groups = groups;
  }

  join(group: ConsumerGroup, command: JoinGroupCommand, turn: Turn): void {
    try {
      this.#join(group, command, turn);
    } catch (error) {
      if (!(error instanceof KafkaError)) throw error;
      turn.forget();
      turn.replyToJoin(command.requestId, joinGroupFailure('', error.error));
    }
  }

  #join(group: ConsumerGroup, command: JoinGroupCommand, turn: Turn): void {
    const { input, client, requestId } = command;
    const { groupId, groupInstanceId } = input;
    const isUnknown = input.memberId === '';
    const memberId = isUnknown ? command.newMemberId : input.memberId;
    this.#groups.checkRoom(group, memberId);
    if (!supportsProtocols(group, input)) {
      throw new KafkaError('INCONSISTENT_GROUP_PROTOCOL', `Member ${memberId}'s protocols are not supported.`);
    }
    if (isUnknown && groupInstanceId === null && input.requiresKnownMemberId) {
      turn.replyToJoin(requestId, joinGroupFailure(memberId, 'MEMBER_ID_REQUIRED'));
      return;
    }
    let before = group.member(memberId) ?? newConsumerMember(memberId);
    let replacedId: string | null = null;
    const existing = groupInstanceId === null ? undefined : group.staticMember(groupInstanceId);
    if (groupInstanceId !== null) {
      if (!isUnknown) before = checkStaticMember(existing, memberId, groupInstanceId);
      else if (existing !== undefined) {
        before = this.#groups.replaceStatic(group, existing, memberId, turn);
        replacedId = existing.memberId;
      }
    }
    const subscription = subscriptionOf(input);
    const image = this.#config.image();
    const owned: { topicId: Uuid; partitions: readonly number[] }[] = [];
    for (const { topic, partitions } of subscription.ownedPartitions) {
      const topicId = image.topicsByName.get(topic)?.topicId;
      if (topicId !== undefined) owned.push({ topicId, partitions });
    }
    const updated: ConsumerMember = {
      ...before,
      instanceId: groupInstanceId ?? before.instanceId,
      rackId: subscription.rackId ?? before.rackId,
      rebalanceTimeoutMs: input.rebalanceTimeoutMs === -1 ? before.rebalanceTimeoutMs : input.rebalanceTimeoutMs,
      subscribedTopicNames: sortedOnce(subscription.topics),
      // Regular expressions of the broker are not known to this protocol.
      subscribedTopicRegex: '',
      clientId: client.clientId,
      clientHost: client.clientHost,
      classic: {
        sessionTimeoutMs: input.sessionTimeoutMs,
        // Copies: the request's bytes belong to the connection.
        supportedProtocols: input.protocols.map(({ name, metadata }) => ({ name, metadata: Buffer.from(metadata) })),
      },
    };
    const replacedByClassic = existing ?? null;
    const after = this.#groups.advance({ group, before, updated, replacedId, owned, replacedByClassic }, turn);
    turn.settled = (error) => ({
      kind: 'classicMemberWritten',
      groupId,
      memberId,
      requestId,
      sessionTimeoutMs: input.sessionTimeoutMs,
      syncTimeoutMs: input.rebalanceTimeoutMs,
      result: {
        kind: 'joinGroup',
        result: {
          ...joinGroupFailure(memberId, 'NONE'),
          generationId: after.memberEpoch,
          protocolType: 'consumer',
          protocolName: input.protocols[0]!.name,
        },
      },
      error,
    });
  }

  sync(group: ConsumerGroup, { input, requestId }: SyncGroupCommand, turn: Turn): void {
    const { groupId, memberId } = input;
    const checked = checkMember(group, memberId, input.groupInstanceId, input.generationId);
    const member = typeof checked === 'string' ? null : checked;
    const [protocol] = member?.classic?.supportedProtocols ?? [];
    let error: ErrorName = typeof checked === 'string' ? checked : 'NONE';
    if (member !== null && error === 'NONE') {
      const otherType = input.protocolType !== null && input.protocolType !== 'consumer';
      const otherName = input.protocolName !== null && input.protocolName !== protocol?.name;
      if (otherType || otherName) error = 'INCONSISTENT_GROUP_PROTOCOL';
      // A member that is to revoke has joined already: it finishes that first.
      else if (group.epochs().groupEpoch > member.memberEpoch && member.state !== 'UNREVOKED_PARTITIONS') {
        this.#remind(groupId, member, turn);
        error = 'REBALANCE_IN_PROGRESS';
      }
    }
    if (member === null || member.classic === null || protocol === undefined || error !== 'NONE') {
      turn.replyToSync(requestId, syncGroupFailure(error));
      return;
    }
    const { sessionTimeoutMs } = member.classic;
    const assignment = writeAssignment(member.assigned, protocol.metadata, this.#config.image());
    turn.settled = (failed) => ({
      kind: 'classicMemberWritten',
      groupId,
      memberId,
      requestId,
      sessionTimeoutMs,
      syncTimeoutMs: null,
      result: {
        kind: 'syncGroup',
        result: { error: 'NONE', protocolType: input.protocolType, protocolName: input.protocolName, assignment },
      },
      error: failed,
    });
  }

  /** What a join or sync was told is committed, or has failed. */
  written(command: ClassicMemberWrittenCommand, turn: Turn): void {
    const { groupId, memberId, requestId, result, error } = command;
    if (result.kind === 'joinGroup') {
      turn.replyToJoin(requestId, error === null ? result.result : joinGroupFailure('', error));
    } else {
      turn.replyToSync(requestId, error === null ? result.result : syncGroupFailure(error));
    }
    if (error !== null || this.#groups.get(groupId)?.member(memberId) === undefined) return;
    this.#groups.scheduleSession(groupId, memberId, turn, command.sessionTimeoutMs);
    if (command.syncTimeoutMs === null) {
      turn.cancel(syncKey(groupId, memberId));
      return;
    }
    this.#reminded.delete(joinKey(groupId, memberId));
    turn.cancel(joinKey(groupId, memberId));
    turn.schedule(syncKey(groupId, memberId), command.syncTimeoutMs, {
      kind: 'consumerMemberExpired',
      groupId,
      memberId,
    });
  }

  heartbeat(group: ConsumerGroup, input: HeartbeatInput, turn: Turn): ErrorName {
    const { groupId, memberId } = input;
    const member = checkMember(group, memberId, input.groupInstanceId, input.generationId);
    if (typeof member === 'string') return member;
    this.#groups.scheduleSession(groupId, memberId, turn, member.classic?.sessionTimeoutMs);
    const mustJoin =
      member.memberEpoch < group.epochs().groupEpoch ||
      member.state === 'UNREVOKED_PARTITIONS' ||
      (member.state === 'UNRELEASED_PARTITIONS' && !waitsForOthers(group, member));
    if (!mustJoin) return 'NONE';
    this.#remind(groupId, member, turn);
    return 'REBALANCE_IN_PROGRESS';
  }

  leave(group: ConsumerGroup, leaving: readonly LeavingMember[], turn: Turn): LeaveGroupResult {
    const left: ConsumerMember[] = [];
    const members = leaving.map(({ memberId, groupInstanceId }) => {
      try {
        const member = leavingMember(group, memberId, groupInstanceId);
        if (!left.includes(member)) left.push(member);
        return { memberId, groupInstanceId, error: 'NONE' as const };
      } catch (error) {
        if (!(error instanceof KafkaError)) throw error;
        return { memberId, groupInstanceId, error: error.error };
      }
    });
    this.#groups.removeMembers(group, left, turn);
    return { error: 'NONE', members };
  }

  expired(groupId: string, memberId: string): void {
    this.#reminded.delete(joinKey(groupId, memberId));
  }

  #remind(groupId: string, { memberId, rebalanceTimeoutMs }: ConsumerMember, turn: Turn): void {
    const key = joinKey(groupId, memberId);
    if (this.#reminded.has(key)) return;
    this.#reminded.add(key);
    turn.schedule(key, rebalanceTimeoutMs, { kind: 'consumerMemberExpired', groupId, memberId });
  }
}

function supportsProtocols(group: ConsumerGroup, input: JoinGroupInput): boolean {
  if (input.protocolType !== 'consumer' || input.protocols.length === 0) return false;
  const classic = [...group.members()].flatMap((member) => (member.classic === null ? [] : [member.classic]));
  return input.protocols.some(({ name }) =>
    classic.every(({ supportedProtocols }) => supportedProtocols.some((each) => each.name === name)),
  );
}

function subscriptionOf(input: JoinGroupInput) {
  try {
    return readSubscription(input.protocols[0]!.metadata);
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    throw new KafkaError('INCONSISTENT_GROUP_PROTOCOL', 'Malformed embedded consumer protocol.');
  }
}

function checkMember(
  group: ConsumerGroup,
  memberId: string,
  instanceId: string | null,
  generationId: number,
): ConsumerMember | ErrorName {
  const member = instanceId === null ? group.member(memberId) : group.staticMember(instanceId);
  if (member === undefined) return 'UNKNOWN_MEMBER_ID';
  if (member.memberId !== memberId) return 'FENCED_INSTANCE_ID';
  if (member.classic === null) return 'UNKNOWN_MEMBER_ID';
  return generationId === member.memberEpoch ? member : 'ILLEGAL_GENERATION';
}

/** Members of both protocols: an administrator removes them so, and may name a static one by its instance id alone. */
function leavingMember(group: ConsumerGroup, memberId: string, instanceId: string | null): ConsumerMember {
  if (instanceId === null) return knownMember(group, memberId);
  const existing = group.staticMember(instanceId);
  return checkStaticMember(
    existing,
    memberId === '' && existing !== undefined ? existing.memberId : memberId,
    instanceId,
  );
}

function waitsForOthers(group: ConsumerGroup, member: ConsumerMember): boolean {
  for (const [topicId, partitions] of group.target(member.memberId)) {
    const assigned = member.assigned.get(topicId);
    for (const partition of partitions) {
      if (assigned?.has(partition) !== true && group.partitionEpoch(topicId, partition) !== undefined) return true;
    }
  }
  return false;
}
