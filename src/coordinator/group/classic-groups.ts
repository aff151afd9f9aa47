/**
 * The classic groups of a shard: the soft state of each, on top of what the log says of it (group-store.ts).
 *
 * Invariants: a group lives here only while the store has it; one that the store has and that is not here is exactly
 * what its record says; dropping a group that nobody is in loses nothing.
 */
import type { ErrorName } from '../../wire/errors.ts';
import { ClassicGroup } from './classic-group.ts';
import { joinClassicGroup, staticMemberWritten } from './classic-join.ts';
import {
  type AssignmentWrittenCommand,
  type GroupEffect,
  type JoinGroupCommand,
  joinGroupFailure,
  type StaticMemberWrittenCommand,
  type SyncGroupCommand,
  syncGroupFailure,
  Turn,
} from './commands.ts';
import { groupTombstones } from './consumer-group.ts';
import type { GroupConfig } from './group-config.ts';
import type { HeartbeatInput, LeaveGroupResult, LeavingMember, SyncGroupInput } from './group-coordinator.ts';
import { newGroupMetadataRecord } from './group-records.ts';
import type { GroupStore, PersistedClassicGroup } from './group-store.ts';
import { Rebalance } from './rebalance.ts';

export class ClassicGroups {
  readonly #config: GroupConfig;
  readonly #store: GroupStore;
  readonly #groups = new Map<string, ClassicGroup>();
  readonly rebalance: Rebalance;
  #loaded = false;

  constructor(config: GroupConfig, store: GroupStore) {
    this.#config = config;
    this.#store = store;
    this.rebalance = new Rebalance(config);
  }

  /** The group as it is now; undefined where there is none, or one of another kind. */
  get(groupId: string): ClassicGroup | undefined {
    const persisted = this.#store.get(groupId);
    if (persisted?.kind !== 'classic') {
      this.#groups.delete(groupId);
      return undefined;
    }
    let group = this.#groups.get(groupId);
    if (group === undefined) {
      group = this.#fromPersisted(groupId, persisted);
      this.#groups.set(groupId, group);
    }
    return group;
  }

  /**
   * Members that the log still has, of a group that is not kept here, have left since: only the record of their leaving
   * could not be written. They must not come back, as nothing would watch their sessions.
   */
  #fromPersisted(groupId: string, persisted: PersistedClassicGroup): ClassicGroup {
    const empty = this.#loaded && persisted.members.length > 0;
    return ClassicGroup.fromPersisted(
      groupId,
      empty ? { ...persisted, members: [], protocolName: null, leader: null } : persisted,
    );
  }

  /** For reads: does not begin to keep the group. */
  peek(groupId: string, persisted: PersistedClassicGroup): ClassicGroup {
    return this.#groups.get(groupId) ?? this.#fromPersisted(groupId, persisted);
  }

  /** A KIP-848 group goes on as this one, which its record says too. */
  adopt(group: ClassicGroup): void {
    this.#groups.set(group.groupId, group);
  }

  /** The group's tombstone was replayed: nobody is in it. */
  forget(groupId: string): void {
    this.#groups.delete(groupId);
  }

  join(command: JoinGroupCommand, turn: Turn): void {
    const { input, requestId } = command;
    const { groupId } = input;
    const persisted = this.#store.get(groupId);
    const parts = { config: this.#config, rebalance: this.rebalance };
    if (persisted?.kind === 'classic') {
      joinClassicGroup(this.get(groupId)!, command, parts, turn);
      return;
    }
    if (persisted !== undefined) {
      // An empty KIP-848 group becomes a classic one when a classic member joins; its offsets stay.
      if (persisted.kind !== 'consumer' || persisted.memberCount > 0) {
        turn.replyToJoin(requestId, joinGroupFailure('', 'INCONSISTENT_GROUP_PROTOCOL'));
        return;
      }
    }
    if (input.memberId !== '') {
      turn.replyToJoin(requestId, joinGroupFailure(input.memberId, 'UNKNOWN_MEMBER_ID'));
      return;
    }
    if (persisted?.kind === 'consumer') {
      turn.records.push(...groupTombstones(persisted));
    }
    const group = new ClassicGroup(groupId, turn.nowMs);
    this.#groups.set(groupId, group);
    joinClassicGroup(group, command, parts, turn);
    // The group must be in the log before it has a generation, so that it can be listed and cannot vanish unnoticed.
    turn.records.push(newGroupMetadataRecord(groupId, group.emptyMetadataValue()));
    turn.settled = (error) => ({ kind: 'groupCreated', groupId, requestId, error });
  }

  sync(command: SyncGroupCommand, turn: Turn): void {
    const { input, requestId } = command;
    const group = this.get(input.groupId);
    if (group === undefined || group.state === 'Empty') {
      turn.replyToSync(requestId, syncGroupFailure('UNKNOWN_MEMBER_ID'));
      return;
    }
    const error = checkSync(group, input);
    const member = group.members.get(input.memberId);
    if (error !== 'NONE' || member === undefined) {
      turn.replyToSync(requestId, syncGroupFailure(error));
      return;
    }
    switch (group.state) {
      case 'PreparingRebalance':
        turn.replyToSync(requestId, syncGroupFailure('REBALANCE_IN_PROGRESS'));
        return;
      case 'Stable':
        this.rebalance.syncReceived(group, input.memberId, turn);
        turn.replyToSync(requestId, {
          error: 'NONE',
          protocolType: group.protocolType,
          protocolName: group.protocolName,
          assignment: member.assignment,
        });
        return;
      case 'CompletingRebalance': {
        group.completeSync(member, syncGroupFailure('REBALANCE_IN_PROGRESS'), turn);
        member.awaitingSync = requestId;
        this.rebalance.syncReceived(group, input.memberId, turn);
        if (!group.isLeader(input.memberId)) return;
        // Copies: the request's bytes belong to the connection.
        const assignments = new Map(input.assignments.map((each) => [each.memberId, Buffer.from(each.assignment)]));
        turn.records.push(newGroupMetadataRecord(group.groupId, group.metadataValue(assignments)));
        const { generationId, groupId } = group;
        turn.settled = (appendError) => ({
          kind: 'assignmentWritten',
          groupId,
          generationId,
          memberId: input.memberId,
          assignments,
          error: appendError,
        });
        return;
      }
    }
  }

  assignmentWritten(command: AssignmentWrittenCommand, turn: Turn): void {
    const group = this.get(command.groupId);
    // Another rebalance may have begun while the record was on its way.
    if (group?.state !== 'CompletingRebalance' || group.generationId !== command.generationId) return;
    if (command.error === null) {
      this.rebalance.propagateAssignments(group, command.assignments, turn);
      group.transitionTo('Stable', turn.nowMs);
    } else {
      this.rebalance.failSyncs(group, command.error, turn);
      this.rebalance.maybePrepareOrCompleteJoin(group, turn);
    }
  }

  groupCreated(requestId: number, error: ErrorName | null, turn: Turn): void {
    if (error !== null) turn.replyToJoin(requestId, joinGroupFailure('', error));
  }

  staticMemberWritten(command: StaticMemberWrittenCommand, turn: Turn): void {
    const group = this.get(command.groupId);
    if (group !== undefined) staticMemberWritten(group, command, this.rebalance, turn);
  }

  heartbeat(input: HeartbeatInput, turn: Turn): ErrorName {
    const group = this.get(input.groupId);
    if (group === undefined) return 'UNKNOWN_MEMBER_ID';
    const error = group.checkMember(input.memberId, input.groupInstanceId);
    const member = group.members.get(input.memberId);
    if (error !== 'NONE' || member === undefined) return error;
    if (input.generationId !== group.generationId) return 'ILLEGAL_GENERATION';
    switch (group.state) {
      case 'Empty':
        return 'UNKNOWN_MEMBER_ID';
      case 'PreparingRebalance':
        this.rebalance.scheduleSession(group, member, turn);
        return 'REBALANCE_IN_PROGRESS';
      case 'CompletingRebalance':
      case 'Stable':
        this.rebalance.scheduleSession(group, member, turn);
        return 'NONE';
    }
  }

  leave(groupId: string, leaving: readonly LeavingMember[], turn: Turn): LeaveGroupResult {
    const group = this.get(groupId);
    if (group === undefined) {
      return { error: 'NONE', members: leaving.map((member) => left(member, 'UNKNOWN_MEMBER_ID')) };
    }
    const members = leaving.map((member) => left(member, this.#leaveOne(group, member, turn)));
    if (members.some((member) => member.error === 'NONE')) {
      if (group.state === 'Stable' || group.state === 'CompletingRebalance') {
        this.rebalance.maybePrepareOrCompleteJoin(group, turn);
      } else if (group.state === 'PreparingRebalance') {
        this.rebalance.maybeCompleteJoin(group, turn);
      }
    }
    return { error: 'NONE', members };
  }

  #leaveOne(group: ClassicGroup, leaving: LeavingMember, turn: Turn): ErrorName {
    const { memberId, groupInstanceId } = leaving;
    if (memberId === '') {
      // KIP-345: an administrator removes a static member by its instance id.
      const staticMemberId = groupInstanceId === null ? undefined : group.staticMembers.get(groupInstanceId);
      if (staticMemberId === undefined) return 'UNKNOWN_MEMBER_ID';
      this.#remove(group, staticMemberId, turn);
      return 'NONE';
    }
    if (group.pendingJoinMembers.has(memberId)) {
      group.remove(memberId);
      this.rebalance.cancelSession(group, memberId, turn);
      return 'NONE';
    }
    const error = group.checkMember(memberId, groupInstanceId);
    if (error === 'NONE') this.#remove(group, memberId, turn);
    return error;
  }

  #remove(group: ClassicGroup, memberId: string, turn: Turn): void {
    this.rebalance.cancelSession(group, memberId, turn);
    const member = group.members.get(memberId);
    if (member !== undefined) this.rebalance.removeMember(group, member, turn);
  }

  /** After loading: every member must show itself within its session timeout. */
  loaded(turn: Turn): void {
    for (const [groupId, persisted] of this.#store.entries()) {
      if (persisted.kind !== 'classic' || persisted.members.length === 0) continue;
      const group = this.get(groupId)!;
      for (const member of group.members.values()) this.rebalance.scheduleSession(group, member, turn);
      // `group.max.size` may have become smaller since.
      if (group.members.size > this.#config.groupSizeMax) this.rebalance.prepare(group, turn);
    }
    this.#loaded = true;
  }

  unloaded(): readonly GroupEffect[] {
    const turn = new Turn(0);
    for (const group of this.#groups.values()) failWaiting(group, 'NOT_COORDINATOR', turn);
    this.#groups.clear();
    return turn.effects;
  }

  rolledBack(error: ErrorName): readonly GroupEffect[] {
    const turn = new Turn(0);
    for (const [groupId, group] of this.#groups) {
      const persisted = this.#store.get(groupId);
      if (persisted?.kind !== 'classic') {
        failWaiting(group, error, turn);
        this.#groups.delete(groupId);
      } else if (group.state === 'Empty' && group.pendingJoinMembers.size === 0) {
        this.#groups.delete(groupId);
      }
    }
    return turn.effects;
  }
}

function failWaiting(group: ClassicGroup, error: ErrorName, turn: Turn): void {
  for (const member of group.members.values()) {
    group.completeJoin(member, joinGroupFailure(member.memberId, error), turn);
    group.completeSync(member, syncGroupFailure(error), turn);
  }
}

function checkSync(group: ClassicGroup, input: SyncGroupInput): ErrorName {
  const error = group.checkMember(input.memberId, input.groupInstanceId);
  if (error !== 'NONE') return error;
  if (input.generationId !== group.generationId) return 'ILLEGAL_GENERATION';
  if (differs(input.protocolType, group.protocolType) || differs(input.protocolName, group.protocolName)) {
    return 'INCONSISTENT_GROUP_PROTOCOL';
  }
  return 'NONE';
}

function differs(asked: string | null, ours: string | null): boolean {
  return asked !== null && ours !== null && asked !== ours;
}

function left(member: LeavingMember, error: ErrorName): LeaveGroupResult['members'][number] {
  return { memberId: member.memberId, groupInstanceId: member.groupInstanceId, error };
}
