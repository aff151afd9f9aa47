/**
 * The KIP-848 groups of a shard: heartbeats, leaving, fencing and the timers that end a member's time.
 *
 * A heartbeat goes through the same steps each time, every one of which may write records:
 *
 *     member and its subscription ─▶ group epoch (subscription or metadata changed) ─▶ target assignment (group epoch is
 *     ahead of it) ─▶ the member's current assignment (reconciliation.ts) ─▶ answer
 *
 * Soft state: which group has compared its subscription with the newest metadata, and timers. Losing it costs nothing
 * but comparing again.
 */
import { SnapshotRegistry } from '../../base/timeline-map.ts';
import { type ErrorName, KafkaError } from '../../wire/errors.ts';
import { assignors } from './assignors.ts';
import type { ConsumerHeartbeatCommand, Turn } from './commands.ts';
import { checkEpoch, checkStaticMember, dynamicMember, knownMember } from './consumer-fencing.ts';
import {
  type Assignment,
  ConsumerGroup,
  type ConsumerMember,
  JOIN_GROUP_MEMBER_EPOCH,
  LEAVE_GROUP_MEMBER_EPOCH,
  LEAVE_GROUP_STATIC_MEMBER_EPOCH,
  memberTombstones,
  newConsumerMember,
  newCurrentRecord,
  newMemberRecord,
  newTargetRecord,
  sortedOnce,
} from './consumer-group.ts';
import type { ConsumerGroupConfig } from './consumer-group-config.ts';
import type { ConsumerGroupRecord } from './consumer-group-records.ts';
import { ConsumerRegexes } from './consumer-regexes.ts';
import type { ConsumerGroupHeartbeatInput, ConsumerGroupHeartbeatResult, GroupClient } from './group-coordinator.ts';
import { type GroupRecord, newGroupMetadataTombstone } from './group-records.ts';
import type { GroupStore } from './group-store.ts';
import { groupMetadataHash } from './metadata-hash.ts';
import { type OwnedPartitions, reconcile, sameHeld } from './reconciliation.ts';
import {
  computeTarget,
  membersWith,
  type Regexes,
  subscribedTopicIds,
  subscribedTopicNames,
} from './target-assignment.ts';

const sessionKey = (groupId: string, memberId: string) => `consumer session ${groupId.length} ${groupId} ${memberId}`;
const rebalanceKey = (groupId: string, memberId: string) =>
  `consumer rebalance ${groupId.length} ${groupId} ${memberId}`;
export const joinKey = (groupId: string, memberId: string) => `consumer join ${groupId.length} ${groupId} ${memberId}`;
export const syncKey = (groupId: string, memberId: string) => `consumer sync ${groupId.length} ${groupId} ${memberId}`;

/** What the online migration does; consumer-migration.ts. */
export interface Migration {
  /** The records that make a KIP-848 group of a classic one, whose waiting members are told to come again. */
  upgrade(groupId: string): ConsumerGroupRecord[];
  /** The upgrade is decided: what the classic group was doing ends. */
  upgraded(groupId: string, turn: Turn): void;
  /** Makes the group classic when none but classic members remain; whether it did. */
  maybeDowngrade(group: ConsumerGroup, leaving: ReadonlySet<string>, turn: Turn): boolean;
  /** Whether the group would become classic without those that leave. */
  mayDowngrade(group: ConsumerGroup, leaving: ReadonlySet<string>, restCount: number): boolean;
  /** Makes the group classic with a classic member in the place of its last one of the new protocol. */
  downgradeReplacing(group: ConsumerGroup, step: Replacement, turn: Turn): void;
}

export interface Replacement {
  readonly replaced: ConsumerMember;
  readonly joining: ConsumerMember;
  /** The target assignment is older than the group epoch: the classic group begins with a rebalance. */
  readonly isStale: boolean;
}

/** A member on its way through one request. */
export interface Step {
  readonly group: ConsumerGroup;
  /** As it was; of a new member, empty. */
  readonly before: ConsumerMember;
  /** With what the request says of it. */
  readonly updated: ConsumerMember;
  /** The former self of a returning static member. */
  readonly replacedId: string | null;
  readonly owned: OwnedPartitions;
  /** The last member of the new protocol, whose place a classic one takes: the group becomes classic where it may. */
  readonly replacedByClassic: ConsumerMember | null;
}

export class ConsumerGroups {
  readonly #config: ConsumerGroupConfig;
  readonly #store: GroupStore;
  readonly #migration: Migration;
  readonly #regexes: ConsumerRegexes;
  /** The group epoch up to which the group's subscription is known to agree with the metadata. */
  readonly #refreshed = new Map<string, number>();

  constructor(config: ConsumerGroupConfig, store: GroupStore, migration: Migration) {
    this.#config = config;
    this.#store = store;
    this.#migration = migration;
    this.#regexes = new ConsumerRegexes(config);
  }

  get(groupId: string): ConsumerGroup | undefined {
    const group = this.#store.get(groupId);
    return group?.kind === 'consumer' ? group : undefined;
  }

  heartbeat(command: ConsumerHeartbeatCommand, turn: Turn): ConsumerGroupHeartbeatResult {
    const { input } = command;
    try {
      return input.memberEpoch === LEAVE_GROUP_MEMBER_EPOCH || input.memberEpoch === LEAVE_GROUP_STATIC_MEMBER_EPOCH
        ? this.#leave(input, turn)
        : this.#heartbeat(command, turn);
    } catch (error) {
      if (!(error instanceof KafkaError)) throw error;
      turn.forget();
      return heartbeatFailure(error.error, error.message);
    }
  }

  #heartbeat({ input, client, newMemberId }: ConsumerHeartbeatCommand, turn: Turn): ConsumerGroupHeartbeatResult {
    const { groupId } = input;
    const memberId = input.memberId === '' ? newMemberId : input.memberId;
    const group = this.#getOrCreate(groupId, input.memberEpoch === JOIN_GROUP_MEMBER_EPOCH, turn);
    this.checkRoom(group, memberId);
    const { before, replacedId } =
      input.instanceId === null
        ? { before: dynamicMember(group, memberId, input), replacedId: null }
        : this.#staticMember(group, memberId, input.instanceId, input, turn);
    const updated = withSubscription(before, input, client);
    const step = { group, before, updated, replacedId, owned: input.topicPartitions, replacedByClassic: null };
    const after = this.advance(step, turn);
    this.scheduleSession(groupId, memberId, turn);
    if (this.get(groupId) !== group) this.#upgraded(group, turn);
    const answersAll =
      input.memberEpoch === JOIN_GROUP_MEMBER_EPOCH ||
      (input.rebalanceTimeoutMs !== -1 &&
        (input.subscribedTopicNames !== null || input.subscribedTopicRegex !== null) &&
        input.topicPartitions !== null);
    return {
      error: 'NONE',
      errorMessage: null,
      memberId,
      memberEpoch: after.memberEpoch,
      heartbeatIntervalMs: this.#config.timesOf(groupId).heartbeatIntervalMs,
      assignment:
        answersAll || !samePartitions(before, after)
          ? [...after.assigned].map(([topicId, partitions]) => ({
              topicId,
              partitions: [...partitions.keys()].sort((a, b) => a - b),
            }))
          : null,
    };
  }

  /** The group comes into being; it may have been a classic one until now. */
  #upgraded(group: ConsumerGroup, turn: Turn): void {
    this.#migration.upgraded(group.groupId, turn);
    for (const { memberId, classic } of group.members()) {
      this.scheduleSession(group.groupId, memberId, turn, classic?.sessionTimeoutMs);
    }
  }

  /** The steps from a subscription to a current assignment; gives the member as it is after them. */
  advance(step: Step, turn: Turn): ConsumerMember {
    const { group, before, updated, replacedId } = step;
    const { groupId } = group;
    let namesChanged = false;
    if (!sameSubscription(before, updated)) {
      turn.records.push(newMemberRecord(groupId, updated));
      namesChanged = !sameNames(before.subscribedTopicNames, updated.subscribedTopicNames);
    }
    const regex = this.#regexes.update(group, before, updated, turn);
    const regexes = group.regexes();
    const groupEpoch = this.#groupEpoch(step, namesChanged || regex === 'resolved', regexes, turn);
    const replaced = step.replacedByClassic;
    const downgrades =
      replaced !== null && this.#migration.mayDowngrade(group, new Set([replaced.memberId]), group.memberCount);
    if (downgrades && groupEpoch > group.epochs().assignmentEpoch) {
      this.#downgrade(group, { replaced, joining: updated, isStale: true }, turn);
      return updated;
    }
    const { targetEpoch, target } = this.#target(step, groupEpoch, regexes, turn);

    const image = this.#config.image();
    const after = reconcile(updated, {
      targetEpoch,
      target,
      subscribedTopicIds: subscribedTopicIds(updated, regexes, image),
      subscriptionChanged: namesChanged || regex !== 'unchanged',
      owned: step.owned,
      isFree: (topicId, partition) => isFree(group, replacedId, topicId, partition),
    });
    if (!sameCurrent(updated, after)) {
      turn.records.push(newCurrentRecord(groupId, after));
      if (after.classic === null) this.#scheduleRebalanceEnd(groupId, after, turn);
    }
    if (downgrades) this.#downgrade(group, { replaced, joining: after, isStale: false }, turn);
    return after;
  }

  #downgrade(group: ConsumerGroup, replacement: Replacement, turn: Turn): void {
    for (const { memberId } of group.members()) this.#cancelTimers(group.groupId, memberId, turn);
    this.#migration.downgradeReplacing(group, replacement, turn);
  }

  #groupEpoch(step: Step, bump: boolean, regexes: Regexes, turn: Turn): number {
    const { group, updated, replacedId } = step;
    const { groupEpoch, metadataHash, hasPartitionMetadata } = group.epochs();
    const refreshedEpoch = this.#refreshed.get(group.groupId);
    // An epoch below the one of the comparison: what had been decided then was rolled back.
    if (!bump && refreshedEpoch !== undefined && groupEpoch >= refreshedEpoch) return groupEpoch;
    const names = new Set<string>();
    for (const member of membersWith(group, updated, replacedId)) {
      for (const name of subscribedTopicNames(member, regexes)) names.add(name);
    }
    const hash = groupMetadataHash(names, this.#config.image());
    let epoch = groupEpoch;
    if (bump || hash !== metadataHash) {
      epoch++;
      turn.records.push(newEpochRecord(group.groupId, epoch, hash));
      if (hasPartitionMetadata) {
        turn.records.push({ kind: 'consumerPartitionMetadata', groupId: group.groupId, value: null });
      }
    }
    this.#refreshed.set(group.groupId, epoch);
    return epoch;
  }

  #target(
    { group, before, updated, replacedId }: Step,
    groupEpoch: number,
    regexes: Regexes,
    turn: Turn,
  ): { readonly targetEpoch: number; readonly target: Assignment } {
    const { groupId } = group;
    const { assignmentEpoch, assignmentTimestampMs } = group.epochs();
    const { assignmentIntervalMs } = this.#config.timesOf(groupId);
    // Members that come one after the other share an assignment, instead of moving partitions for each of them.
    const waits = assignmentTimestampMs !== 0 && turn.nowMs < assignmentTimestampMs + assignmentIntervalMs;
    if (groupEpoch <= assignmentEpoch || (waits && assignmentIntervalMs > 0)) {
      return { targetEpoch: assignmentEpoch, target: group.target(replacedId ?? updated.memberId) };
    }
    const { records, target } = computeTarget({
      group,
      groupEpoch,
      updated,
      replacedId,
      assignor: assignors[this.#preferredAssignor(group, before, updated)],
      regexes,
      image: this.#config.image(),
      nowMs: turn.nowMs,
    });
    turn.records.push(...records);
    return { targetEpoch: groupEpoch, target };
  }

  /** The one that most members ask for; the broker's first where nobody asks. */
  #preferredAssignor(group: ConsumerGroup, before: ConsumerMember, updated: ConsumerMember) {
    const members = [...group.members()].filter(({ memberId }) => memberId !== before.memberId);
    return preferredAssignor([...members, updated], this.#config);
  }

  #getOrCreate(groupId: string, joins: boolean, turn: Turn): ConsumerGroup {
    const persisted = this.#store.get(groupId);
    if (persisted?.kind === 'consumer') return persisted;
    if (persisted === undefined && !joins) {
      throw new KafkaError('GROUP_ID_NOT_FOUND', `Consumer group ${groupId} not found.`);
    }
    const created = new ConsumerGroup(groupId, new SnapshotRegistry());
    if (persisted === undefined) return created;
    if (!joins || persisted.kind !== 'classic') {
      throw new KafkaError('GROUP_ID_NOT_FOUND', `Group ${groupId} is not a consumer group.`);
    }
    const records = this.#migration.upgrade(groupId);
    turn.records.push(newGroupMetadataTombstone(groupId), ...records);
    for (const record of records) created.replay(record);
    return created;
  }

  checkRoom(group: ConsumerGroup, memberId: string): void {
    const { groupSizeMax } = this.#config;
    if (group.memberCount >= groupSizeMax && group.member(memberId) === undefined) {
      throw new KafkaError(
        'GROUP_MAX_SIZE_REACHED',
        `The consumer group has reached its maximum capacity of ${groupSizeMax} members.`,
      );
    }
  }

  #staticMember(
    group: ConsumerGroup,
    memberId: string,
    instanceId: string,
    input: ConsumerGroupHeartbeatInput,
    turn: Turn,
  ): { readonly before: ConsumerMember; readonly replacedId: string | null } {
    const existing = group.staticMember(instanceId);
    if (input.memberEpoch !== JOIN_GROUP_MEMBER_EPOCH) {
      const member = checkStaticMember(existing, memberId, instanceId);
      checkEpoch(member, input);
      return { before: member, replacedId: null };
    }
    if (existing === undefined) {
      return { before: group.member(memberId) ?? newConsumerMember(memberId), replacedId: null };
    }
    // Of two that are both alive the first one stays; only after it has said good-bye can its place be taken.
    if (existing.classic === null && existing.memberEpoch !== LEAVE_GROUP_STATIC_MEMBER_EPOCH) {
      throw new KafkaError(
        'UNRELEASED_INSTANCE_ID',
        `Static member ${memberId} with instance id ${instanceId} cannot join the group because the instance id is owned by ${existing.memberId} member.`,
      );
    }
    return { before: this.replaceStatic(group, existing, memberId, turn), replacedId: existing.memberId };
  }

  /** The same member under a new id: it keeps its subscription and assignments, and nobody else notices. */
  replaceStatic(group: ConsumerGroup, existing: ConsumerMember, memberId: string, turn: Turn): ConsumerMember {
    const { groupId } = group;
    const member: ConsumerMember = { ...existing, memberId, memberEpoch: 0, previousMemberEpoch: 0 };
    turn.records.push(
      ...memberTombstones(groupId, existing.memberId),
      newMemberRecord(groupId, member),
      newTargetRecord(groupId, memberId, group.target(existing.memberId)),
      newCurrentRecord(groupId, member),
    );
    return member;
  }

  #leave(input: ConsumerGroupHeartbeatInput, turn: Turn): ConsumerGroupHeartbeatResult {
    const { groupId, memberId, instanceId, memberEpoch } = input;
    const group = this.get(groupId);
    if (group === undefined) {
      const exists = this.#store.get(groupId) !== undefined;
      throw new KafkaError(
        'GROUP_ID_NOT_FOUND',
        exists ? `Group ${groupId} is not a consumer group.` : `Group ${groupId} not found.`,
      );
    }
    const member =
      instanceId === null
        ? knownMember(group, memberId)
        : checkStaticMember(group.staticMember(instanceId), memberId, instanceId);
    if (instanceId !== null && memberEpoch === LEAVE_GROUP_STATIC_MEMBER_EPOCH) {
      // It will be back: its partitions stay its own until its session ends.
      const away = {
        ...member,
        memberEpoch: LEAVE_GROUP_STATIC_MEMBER_EPOCH,
        assigned: withEpochsZero(member.assigned),
        pendingRevocation: new Map(),
      };
      turn.records.push(newCurrentRecord(groupId, away));
    } else {
      this.removeMembers(group, [member], turn);
    }
    return {
      error: 'NONE',
      errorMessage: null,
      memberId,
      memberEpoch,
      heartbeatIntervalMs: 0,
      assignment: null,
    };
  }

  /** The members are out: the rest of the group gets a new epoch, and with the next heartbeat a new assignment. */
  removeMembers(group: ConsumerGroup, members: readonly ConsumerMember[], turn: Turn): void {
    if (members.length === 0) return;
    const { groupId } = group;
    const leaving = new Set(members.map(({ memberId }) => memberId));
    for (const memberId of leaving) this.#cancelTimers(groupId, memberId, turn);
    if (this.#migration.maybeDowngrade(group, leaving, turn)) {
      for (const { memberId } of group.members()) this.#cancelTimers(groupId, memberId, turn);
      return;
    }
    for (const memberId of leaving) turn.records.push(...memberTombstones(groupId, memberId));
    const rest = [...group.members()].filter(({ memberId }) => !leaving.has(memberId));
    const gone = new Set(members.map(({ subscribedTopicRegex }) => subscribedTopicRegex));
    for (const { subscribedTopicRegex } of rest) gone.delete(subscribedTopicRegex);
    const regexes = group.regexes();
    for (const regularExpression of gone) {
      if (!regexes.has(regularExpression)) continue;
      turn.records.push({ kind: 'consumerRegex', groupId, regularExpression, value: null });
    }
    const names = new Set<string>();
    for (const member of rest) for (const name of subscribedTopicNames(member, regexes)) names.add(name);
    const hash = groupMetadataHash(names, this.#config.image());
    turn.records.push(newEpochRecord(groupId, group.epochs().groupEpoch + 1, hash));
  }

  // Timers.

  memberExpired(groupId: string, memberId: string, turn: Turn): void {
    const group = this.get(groupId);
    const member = group?.member(memberId);
    if (group !== undefined && member !== undefined) this.removeMembers(group, [member], turn);
  }

  /** The member has not given up what it had to in its rebalance timeout. */
  rebalanceExpired(groupId: string, memberId: string, memberEpoch: number, turn: Turn): void {
    const group = this.get(groupId);
    const member = group?.member(memberId);
    if (group === undefined || member?.memberEpoch !== memberEpoch) return;
    this.removeMembers(group, [member], turn);
  }

  resolveRegexes(groupId: string, turn: Turn): void {
    const group = this.get(groupId);
    if (group === undefined) return;
    const epoch = this.#regexes.resolve(group, turn);
    if (epoch !== null) this.#refreshed.set(groupId, epoch);
  }

  /** Topics came, went or grew: groups that subscribe to them compare with their next heartbeat. */
  topicsChanged(names: readonly string[], createdAtVersion: number | null): void {
    if (createdAtVersion !== null) this.#regexes.topicsCreated(createdAtVersion);
    for (const groupId of [...this.#refreshed.keys()]) {
      const group = this.get(groupId);
      if (group === undefined || names.some((name) => group.subscribesTo(name))) this.#refreshed.delete(groupId);
    }
  }

  loaded(turn: Turn): void {
    this.#regexes.topicsCreated(this.#config.image().highestOffset);
    for (const [groupId, group] of this.#store.entries()) {
      if (group.kind !== 'consumer') continue;
      for (const member of group.members()) {
        this.scheduleSession(groupId, member.memberId, turn, member.classic?.sessionTimeoutMs);
        if (member.state === 'UNREVOKED_PARTITIONS') this.#scheduleRebalanceEnd(groupId, member, turn);
      }
    }
  }

  scheduleSession(
    groupId: string,
    memberId: string,
    turn: Turn,
    timeoutMs = this.#config.timesOf(groupId).sessionTimeoutMs,
  ): void {
    turn.schedule(sessionKey(groupId, memberId), timeoutMs, { kind: 'consumerMemberExpired', groupId, memberId });
  }

  #scheduleRebalanceEnd(groupId: string, member: ConsumerMember, turn: Turn): void {
    const { memberId, memberEpoch, rebalanceTimeoutMs } = member;
    if (member.state !== 'UNREVOKED_PARTITIONS') {
      turn.cancel(rebalanceKey(groupId, memberId));
      return;
    }
    turn.schedule(rebalanceKey(groupId, memberId), rebalanceTimeoutMs, {
      kind: 'consumerRebalanceExpired',
      groupId,
      memberId,
      memberEpoch,
    });
  }

  #cancelTimers(groupId: string, memberId: string, turn: Turn): void {
    for (const key of [sessionKey, rebalanceKey, joinKey, syncKey]) turn.cancel(key(groupId, memberId));
  }
}

export function heartbeatFailure(error: ErrorName, errorMessage: string | null): ConsumerGroupHeartbeatResult {
  return { error, errorMessage, memberId: null, memberEpoch: 0, heartbeatIntervalMs: 0, assignment: null };
}

export function preferredAssignor(members: Iterable<ConsumerMember>, config: ConsumerGroupConfig) {
  const votes = new Map<string, number>();
  for (const { serverAssignor } of members) {
    if (serverAssignor !== null) votes.set(serverAssignor, (votes.get(serverAssignor) ?? 0) + 1);
  }
  let preferred = config.assignors[0]!;
  let count = 0;
  for (const name of config.assignors) {
    if ((votes.get(name) ?? 0) > count) {
      preferred = name;
      count = votes.get(name)!;
    }
  }
  return preferred;
}

function newEpochRecord(groupId: string, epoch: number, metadataHash: bigint): GroupRecord {
  return { kind: 'consumerEpoch', groupId, value: { epoch, metadataHash } };
}

/** What the request leaves out stays as it was. */
function withSubscription(
  member: ConsumerMember,
  input: ConsumerGroupHeartbeatInput,
  client: GroupClient,
): ConsumerMember {
  return {
    ...member,
    instanceId: input.instanceId ?? member.instanceId,
    rackId: input.rackId ?? member.rackId,
    rebalanceTimeoutMs: input.rebalanceTimeoutMs === -1 ? member.rebalanceTimeoutMs : input.rebalanceTimeoutMs,
    serverAssignor: input.serverAssignor ?? member.serverAssignor,
    subscribedTopicNames:
      input.subscribedTopicNames === null ? member.subscribedTopicNames : sortedOnce(input.subscribedTopicNames),
    subscribedTopicRegex: input.subscribedTopicRegex ?? member.subscribedTopicRegex,
    clientId: client.clientId,
    clientHost: client.clientHost,
    classic: null,
  };
}

function sameSubscription(a: ConsumerMember, b: ConsumerMember): boolean {
  return (
    a.instanceId === b.instanceId &&
    a.rackId === b.rackId &&
    a.clientId === b.clientId &&
    a.clientHost === b.clientHost &&
    a.rebalanceTimeoutMs === b.rebalanceTimeoutMs &&
    a.serverAssignor === b.serverAssignor &&
    a.subscribedTopicRegex === b.subscribedTopicRegex &&
    sameNames(a.subscribedTopicNames, b.subscribedTopicNames) &&
    sameClassic(a.classic, b.classic)
  );
}

function sameClassic(a: ConsumerMember['classic'], b: ConsumerMember['classic']): boolean {
  if (a === null || b === null) return a === b;
  return (
    a.sessionTimeoutMs === b.sessionTimeoutMs &&
    a.supportedProtocols.length === b.supportedProtocols.length &&
    a.supportedProtocols.every(({ name, metadata }, i) => {
      const other = b.supportedProtocols[i]!;
      return name === other.name && metadata.equals(other.metadata);
    })
  );
}

function sameNames(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name, i) => name === b[i]);
}

function sameCurrent(a: ConsumerMember, b: ConsumerMember): boolean {
  return (
    a.memberEpoch === b.memberEpoch &&
    a.previousMemberEpoch === b.previousMemberEpoch &&
    a.state === b.state &&
    sameHeld(a.assigned, b.assigned) &&
    sameHeld(a.pendingRevocation, b.pendingRevocation)
  );
}

function samePartitions(a: ConsumerMember, b: ConsumerMember): boolean {
  return sameHeld(withEpochsZero(a.assigned), withEpochsZero(b.assigned));
}

function withEpochsZero(held: ConsumerMember['assigned']): ConsumerMember['assigned'] {
  return new Map(
    [...held].map(([topicId, partitions]) => [topicId, new Map([...partitions.keys()].map((each) => [each, 0]))]),
  );
}

/** What a returning static member's former self holds is its own. */
function isFree(group: ConsumerGroup, replacedId: string | null, topicId: string, partition: number): boolean {
  if (group.partitionEpoch(topicId, partition) === undefined) return true;
  const former = replacedId === null ? undefined : group.member(replacedId);
  return former?.pendingRevocation.get(topicId)?.has(partition) === true;
}
