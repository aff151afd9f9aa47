/**
 * The phases of a classic group's rebalance and the timers that end them.
 *
 *     prepare ─▶ (initial delay, or: wait for all members, at most the rebalance timeout) ─▶ complete the join phase
 *             ─▶ (wait for the SyncGroup of each member, at most the rebalance timeout)   ─▶ stable, or prepare again
 *
 * Timer keys are unique within a shard; scheduling one again replaces it. A timer that finds its group gone does nothing.
 */
import { assert } from '../../base/assert.ts';
import type { ErrorName } from '../../wire/errors.ts';
import type { ClassicGroup, ClassicMember } from './classic-group.ts';
import { joinGroupFailure, syncGroupFailure, type Turn } from './commands.ts';
import type { GroupConfig } from './group-config.ts';
import { newGroupMetadataRecord } from './group-records.ts';

// With the length, because ids may hold spaces: one member must never cancel the timer of another.
const sessionKey = (groupId: string, memberId: string) => `session ${groupId.length} ${groupId} ${memberId}`;
const joinKey = (groupId: string) => `join ${groupId}`;
const syncKey = (groupId: string) => `sync ${groupId}`;

const NO_BYTES = Buffer.alloc(0);

export class Rebalance {
  readonly #config: GroupConfig;

  constructor(config: GroupConfig) {
    this.#config = config;
  }

  /** (Re)starts the time after which a silent member is removed. */
  scheduleSession(group: ClassicGroup, member: ClassicMember, turn: Turn, timeoutMs = member.sessionTimeoutMs): void {
    this.scheduleSessionOf({ groupId: group.groupId, memberId: member.memberId }, timeoutMs, turn);
  }

  scheduleSessionOf(
    member: { readonly groupId: string; readonly memberId: string },
    timeoutMs: number,
    turn: Turn,
  ): void {
    turn.schedule(sessionKey(member.groupId, member.memberId), timeoutMs, { kind: 'memberExpired', ...member });
  }

  cancelSession(group: ClassicGroup, memberId: string, turn: Turn): void {
    turn.cancel(sessionKey(group.groupId, memberId));
  }

  /** The group ends as a classic one. */
  cancelTimers(group: ClassicGroup, turn: Turn): void {
    turn.cancel(joinKey(group.groupId));
    turn.cancel(syncKey(group.groupId));
    for (const memberId of [...group.members.keys(), ...group.pendingJoinMembers]) {
      this.cancelSession(group, memberId, turn);
    }
  }

  maybePrepareOrCompleteJoin(group: ClassicGroup, turn: Turn): void {
    if (group.canRebalance) this.prepare(group, turn);
    else this.maybeCompleteJoin(group, turn);
  }

  prepare(group: ClassicGroup, turn: Turn): void {
    // Whoever awaits an assignment of the old generation has to join again.
    if (group.state === 'CompletingRebalance') this.failSyncs(group, 'REBALANCE_IN_PROGRESS', turn);
    group.pendingSyncMembers.clear();
    turn.cancel(syncKey(group.groupId));

    const initial = group.state === 'Empty';
    group.transitionTo('PreparingRebalance', turn.nowMs);
    if (initial) {
      // KIP-134: give the other members of a starting application time to come too.
      const delayMs = this.#config.initialRebalanceDelayMs;
      const remainingMs = Math.max(group.rebalanceTimeoutMs - delayMs, 0);
      this.#scheduleInitialDelay(group, { delayMs, remainingMs }, turn);
    } else if (group.hasAllMembersJoined) {
      this.completeJoin(group, turn);
    } else {
      this.#scheduleJoinPhaseEnd(group, turn);
    }
  }

  /** Ends the join phase when nobody is missing; the initial rebalance ends by its delay alone. */
  maybeCompleteJoin(group: ClassicGroup, turn: Turn): void {
    if (group.state !== 'PreparingRebalance' || group.previousState === 'Empty') return;
    if (group.hasAllMembersJoined) this.completeJoin(group, turn);
  }

  initialDelayPassed(
    group: ClassicGroup,
    passed: { readonly delayMs: number; readonly remainingMs: number },
    turn: Turn,
  ): void {
    if (group.newMemberAdded && passed.remainingMs !== 0) {
      group.newMemberAdded = false;
      const delayMs = Math.min(this.#config.initialRebalanceDelayMs, passed.remainingMs);
      const remainingMs = Math.max(passed.remainingMs - passed.delayMs, 0);
      this.#scheduleInitialDelay(group, { delayMs, remainingMs }, turn);
    } else {
      this.completeJoin(group, turn);
    }
  }

  /** The join phase is over: members that did not come are out, the others are told the new generation. */
  completeJoin(group: ClassicGroup, turn: Turn): void {
    if (group.state !== 'PreparingRebalance') return;
    turn.cancel(joinKey(group.groupId));
    for (const member of [...group.members.values()]) {
      // KIP-345: a static member that is away keeps its place until its session times out.
      if (member.awaitingJoin !== null || member.groupInstanceId !== null) continue;
      group.remove(member.memberId);
      this.cancelSession(group, member.memberId, turn);
    }
    if (!group.maybeElectNewJoinedLeader() && group.members.size > 0) {
      // Only absent static members are left: wait for them, or for the end of their sessions.
      this.#scheduleJoinPhaseEnd(group, turn);
      return;
    }
    group.initNextGeneration(turn.nowMs);
    if (group.members.size === 0) {
      turn.records.push(newGroupMetadataRecord(group.groupId, group.metadataValue(new Map())));
      return;
    }
    for (const member of group.members.values()) {
      const members = group.isLeader(member.memberId) ? group.membersForLeader() : [];
      group.completeJoin(member, group.joinResult(member.memberId, { members }), turn);
      this.scheduleSession(group, member, turn);
      member.isNew = false;
      group.pendingSyncMembers.add(member.memberId);
    }
    turn.schedule(syncKey(group.groupId), group.rebalanceTimeoutMs, {
      kind: 'syncPhaseExpired',
      groupId: group.groupId,
      generationId: group.generationId,
    });
  }

  /** Members that were told the generation and never sent SyncGroup are out. */
  syncPhaseExpired(group: ClassicGroup, generationId: number, turn: Turn): void {
    if (group.generationId !== generationId) return;
    if (group.state !== 'CompletingRebalance' && group.state !== 'Stable') return;
    if (group.pendingSyncMembers.size === 0) return;
    for (const memberId of [...group.pendingSyncMembers]) {
      group.remove(memberId);
      this.cancelSession(group, memberId, turn);
    }
    this.prepare(group, turn);
  }

  syncReceived(group: ClassicGroup, memberId: string, turn: Turn): void {
    group.pendingSyncMembers.delete(memberId);
    if (group.pendingSyncMembers.size === 0) turn.cancel(syncKey(group.groupId));
  }

  memberExpired(group: ClassicGroup, memberId: string, turn: Turn): void {
    if (group.pendingJoinMembers.has(memberId)) {
      group.remove(memberId);
      if (group.state === 'PreparingRebalance' && group.hasAllMembersJoined) this.completeJoin(group, turn);
      return;
    }
    const member = group.members.get(memberId);
    if (member === undefined) return;
    // Whoever waits for us cannot send heartbeats, unless it is a new member whose first join has taken too long.
    if (!member.isNew && (member.awaitingJoin !== null || member.awaitingSync !== null)) return;
    this.removeMember(group, member, turn);
    if (group.state === 'Stable' || group.state === 'CompletingRebalance') this.maybePrepareOrCompleteJoin(group, turn);
    else if (group.state === 'PreparingRebalance' && group.hasAllMembersJoined) this.completeJoin(group, turn);
  }

  /** A JoinGroup that still waits is told to begin anew. */
  removeMember(group: ClassicGroup, member: ClassicMember, turn: Turn): void {
    group.completeJoin(member, joinGroupFailure('', 'UNKNOWN_MEMBER_ID'), turn);
    // Kafka leaves such a SyncGroup to its client's timeout; an answer now is the same to the client, and sooner.
    group.completeSync(member, syncGroupFailure('UNKNOWN_MEMBER_ID'), turn);
    group.remove(member.memberId);
  }

  /** Forgets what was assigned in this generation and fails everyone who waits for it. */
  failSyncs(group: ClassicGroup, error: ErrorName, turn: Turn): void {
    assert(group.state === 'CompletingRebalance', 'assignments are awaited in CompletingRebalance');
    for (const member of group.members.values()) {
      member.assignment = NO_BYTES;
      if (group.completeSync(member, syncGroupFailure(error), turn)) this.scheduleSession(group, member, turn);
    }
  }

  propagateAssignments(group: ClassicGroup, assignments: ReadonlyMap<string, Buffer>, turn: Turn): void {
    assert(group.state === 'CompletingRebalance', 'assignments are given out in CompletingRebalance');
    for (const member of group.members.values()) {
      member.assignment = assignments.get(member.memberId) ?? NO_BYTES;
      const result = {
        error: 'NONE',
        protocolType: group.protocolType,
        protocolName: group.protocolName,
        assignment: member.assignment,
      } as const;
      // Its session may have run out unnoticed while it waited.
      if (group.completeSync(member, result, turn)) this.scheduleSession(group, member, turn);
    }
  }

  #scheduleInitialDelay(
    group: ClassicGroup,
    delay: { readonly delayMs: number; readonly remainingMs: number },
    turn: Turn,
  ): void {
    turn.schedule(joinKey(group.groupId), delay.delayMs, {
      kind: 'initialDelayPassed',
      groupId: group.groupId,
      ...delay,
    });
  }

  #scheduleJoinPhaseEnd(group: ClassicGroup, turn: Turn): void {
    turn.schedule(joinKey(group.groupId), group.rebalanceTimeoutMs, {
      kind: 'joinPhaseExpired',
      groupId: group.groupId,
    });
  }
}
