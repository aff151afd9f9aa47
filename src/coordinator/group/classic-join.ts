/**
 * JoinGroup on a classic group, as Kafka decides it, for new and known, dynamic (KIP-394) and static (KIP-345) members.
 */
import { type ClassicGroup, type ClassicMember, sameProtocols } from './classic-group.ts';
import { type JoinGroupCommand, joinGroupFailure, type StaticMemberWrittenCommand, type Turn } from './commands.ts';
import type { GroupConfig } from './group-config.ts';
import type { JoinGroupInput } from './group-coordinator.ts';
import { newGroupMetadataRecord } from './group-records.ts';
import type { Rebalance } from './rebalance.ts';

const NO_BYTES = Buffer.alloc(0);

export function joinClassicGroup(
  group: ClassicGroup,
  command: JoinGroupCommand,
  parts: { readonly config: GroupConfig; readonly rebalance: Rebalance },
  turn: Turn,
): void {
  const { input, requestId } = command;
  if (!acceptsMember(group, input.memberId, parts.config.groupSizeMax)) {
    group.remove(input.memberId);
    turn.replyToJoin(requestId, joinGroupFailure('', 'GROUP_MAX_SIZE_REACHED'));
  } else if (!group.supportsProtocols(input.protocolType, input.protocols)) {
    turn.replyToJoin(requestId, joinGroupFailure(input.memberId, 'INCONSISTENT_GROUP_PROTOCOL'));
  } else if (input.memberId === '') {
    joinNew(group, command, parts, turn);
  } else {
    joinExisting(group, command, parts, turn);
  }
}

/**
 * `group.max.size`: while preparing, only those that wait already count, so that a group which became too large by a
 * changed setting shrinks to those who come first; later, all members count.
 */
function acceptsMember(group: ClassicGroup, memberId: string, sizeMax: number): boolean {
  const member = group.members.get(memberId);
  switch (group.state) {
    case 'Empty':
      return true;
    case 'PreparingRebalance':
      return (member !== undefined && member.awaitingJoin !== null) || group.awaitingJoinCount < sizeMax;
    case 'CompletingRebalance':
    case 'Stable':
      return member !== undefined || group.members.size < sizeMax;
  }
}

function joinNew(
  group: ClassicGroup,
  command: JoinGroupCommand,
  parts: { readonly rebalance: Rebalance; readonly config: GroupConfig },
  turn: Turn,
): void {
  const { input, client, requestId } = command;
  const { groupInstanceId } = input;
  const newMemberId = `${groupInstanceId ?? client.clientId}-${command.newMemberIdSuffix}`;
  if (groupInstanceId !== null) {
    const oldMemberId = group.staticMembers.get(groupInstanceId);
    if (oldMemberId === undefined) addMember(group, command, newMemberId, parts, turn);
    else returnAsStaticMember(group, command, { groupInstanceId, oldMemberId, newMemberId }, parts.rebalance, turn);
  } else if (input.requiresKnownMemberId) {
    group.pendingJoinMembers.add(newMemberId);
    parts.rebalance.scheduleSessionOf({ groupId: group.groupId, memberId: newMemberId }, input.sessionTimeoutMs, turn);
    turn.replyToJoin(requestId, joinGroupFailure(newMemberId, 'MEMBER_ID_REQUIRED'));
  } else {
    addMember(group, command, newMemberId, parts, turn);
  }
}

function joinExisting(
  group: ClassicGroup,
  command: JoinGroupCommand,
  parts: { readonly rebalance: Rebalance; readonly config: GroupConfig },
  turn: Turn,
): void {
  const { input, requestId } = command;
  const { memberId } = input;
  if (group.pendingJoinMembers.has(memberId)) {
    // A pending id was given to a dynamic member; one that now names an instance id does not keep to the protocol.
    if (input.groupInstanceId !== null) turn.replyToJoin(requestId, joinGroupFailure('', 'UNKNOWN_SERVER_ERROR'));
    else addMember(group, command, memberId, parts, turn);
    return;
  }
  const error = group.checkMember(memberId, input.groupInstanceId);
  const member = group.members.get(memberId);
  if (error !== 'NONE' || member === undefined) {
    turn.replyToJoin(requestId, joinGroupFailure(memberId, error));
    return;
  }
  const unchanged = sameProtocols(member, input.protocols);
  switch (group.state) {
    case 'PreparingRebalance':
      break;
    case 'CompletingRebalance':
      if (!unchanged) break;
      // Its JoinGroup response got lost: it is told the current generation again.
      turn.replyToJoin(
        requestId,
        group.joinResult(memberId, { members: group.isLeader(memberId) ? group.membersForLeader() : [] }),
      );
      return;
    case 'Stable':
      // A leader that joins wants a new assignment, be it for changes that its metadata does not show.
      if (group.isLeader(memberId) || !unchanged) break;
      turn.replyToJoin(requestId, group.joinResult(memberId, { members: [] }));
      return;
    case 'Empty':
      turn.replyToJoin(requestId, joinGroupFailure(memberId, 'UNKNOWN_MEMBER_ID'));
      return;
  }
  updateMember(group, member, input, turn);
  member.awaitingJoin = requestId;
  parts.rebalance.maybePrepareOrCompleteJoin(group, turn);
}

function addMember(
  group: ClassicGroup,
  command: JoinGroupCommand,
  memberId: string,
  parts: { readonly rebalance: Rebalance; readonly config: GroupConfig },
  turn: Turn,
): void {
  const { input, client } = command;
  const member: ClassicMember = {
    memberId,
    groupInstanceId: input.groupInstanceId,
    clientId: client.clientId,
    clientHost: client.clientHost,
    protocolType: input.protocolType,
    rebalanceTimeoutMs: input.rebalanceTimeoutMs,
    sessionTimeoutMs: input.sessionTimeoutMs,
    protocols: ownedProtocols(input),
    assignment: NO_BYTES,
    awaitingJoin: command.requestId,
    awaitingSync: null,
    isNew: true,
  };
  if (group.state === 'PreparingRebalance' && group.previousState === 'Empty') group.newMemberAdded = true;
  group.add(member);
  // It does not know its id, so it sends no heartbeats, and a client that went away and tries again would leave a dead
  // member behind each time: the first join has a time limit of its own.
  parts.rebalance.scheduleSession(group, member, turn, parts.config.newMemberJoinTimeoutMs);
  parts.rebalance.maybePrepareOrCompleteJoin(group, turn);
}

/** The earlier request of the member, if one waits, is left to its client: it cannot be listening any more. */
function updateMember(group: ClassicGroup, member: ClassicMember, input: JoinGroupInput, turn: Turn): void {
  group.completeJoin(member, joinGroupFailure(member.memberId, 'REBALANCE_IN_PROGRESS'), turn);
  member.protocols = ownedProtocols(input);
  member.rebalanceTimeoutMs = input.rebalanceTimeoutMs;
  member.sessionTimeoutMs = input.sessionTimeoutMs;
}

/** A static member restarted: it comes without an id and takes over the place of its former self. */
function returnAsStaticMember(
  group: ClassicGroup,
  command: JoinGroupCommand,
  ids: { readonly groupInstanceId: string; readonly oldMemberId: string; readonly newMemberId: string },
  rebalance: Rebalance,
  turn: Turn,
): void {
  const { input, requestId } = command;
  const oldLeader = group.leaderId;
  const member = group.replaceStaticMember(ids, turn);
  rebalance.scheduleSession(group, member, turn);
  const before = {
    oldRebalanceTimeoutMs: member.rebalanceTimeoutMs,
    oldSessionTimeoutMs: member.sessionTimeoutMs,
    oldProtocols: member.protocols,
  };
  updateMember(group, member, input, turn);
  member.awaitingJoin = requestId;
  switch (group.state) {
    case 'Stable':
      if (group.protocolName !== group.selectProtocol()) {
        rebalance.maybePrepareOrCompleteJoin(group, turn);
        return;
      }
      // Nothing that the others depend on has changed: only the new id is written down, nobody rebalances.
      turn.records.push(newGroupMetadataRecord(group.groupId, group.metadataValue(assignmentsOf(group))));
      turn.settled = (error) => ({
        kind: 'staticMemberWritten',
        groupId: group.groupId,
        requestId,
        ...ids,
        ...before,
        oldLeader,
        supportsSkippingAssignment: input.supportsSkippingAssignment,
        error,
      });
      return;
    case 'CompletingRebalance':
      // The leader may be assigning to the old id right now.
      rebalance.prepare(group, turn);
      return;
    case 'PreparingRebalance':
    case 'Empty':
      rebalance.maybeCompleteJoin(group, turn);
      return;
  }
}

/** The record of `returnAsStaticMember` is committed, or has failed. */
export function staticMemberWritten(
  group: ClassicGroup,
  command: StaticMemberWrittenCommand,
  rebalance: Rebalance,
  turn: Turn,
): void {
  const member = group.members.get(command.newMemberId);
  if (member === undefined) return;
  if (command.error !== null) {
    turn.replyToJoin(command.requestId, {
      ...group.joinResult('', { members: [] }),
      leader: command.oldLeader ?? '',
      error: command.error,
    });
    member.awaitingJoin = null;
    member.protocols = command.oldProtocols;
    member.rebalanceTimeoutMs = command.oldRebalanceTimeoutMs;
    member.sessionTimeoutMs = command.oldSessionTimeoutMs;
    const ids = {
      groupInstanceId: command.groupInstanceId,
      oldMemberId: command.newMemberId,
      newMemberId: command.oldMemberId,
    };
    rebalance.scheduleSession(group, group.replaceStaticMember(ids, turn), turn);
    return;
  }
  const isLeader = group.isLeader(command.newMemberId);
  if (group.state === 'PreparingRebalance') return; // Another member came meanwhile: this one is answered with the rest.
  if (command.supportsSkippingAssignment) {
    group.completeJoin(
      member,
      {
        ...group.joinResult(command.newMemberId, { members: isLeader ? group.membersForLeader() : [] }),
        skipAssignment: isLeader,
      },
      turn,
    );
  } else {
    // Before KIP-814 the returning leader is told the old leader's id, so that it does not take itself for the leader
    // and assign anew.
    group.completeJoin(
      member,
      { ...group.joinResult(command.newMemberId, { members: [] }), leader: command.oldLeader ?? '' },
      turn,
    );
  }
}

function assignmentsOf(group: ClassicGroup): Map<string, Buffer> {
  return new Map([...group.members.values()].map((member) => [member.memberId, member.assignment]));
}

/** Copies: the request's bytes belong to the connection. */
function ownedProtocols(input: JoinGroupInput): ClassicMember['protocols'] {
  return input.protocols.map((protocol) => ({ name: protocol.name, metadata: Buffer.from(protocol.metadata) }));
}
