/**
 * A classic group as its coordinator sees it right now: members, votes and who waits. Soft state: only what a
 * GroupMetadata record says (generation, protocol, leader, members with subscription and assignment) survives a restart.
 *
 *     Empty ──join──▶ PreparingRebalance ──all joined or time is up──▶ CompletingRebalance ──leader's sync──▶ Stable
 *       ▲                │        ▲  ▲                                       │                                 │
 *       └──all gone──────┘        │  └──member joins, leaves, fails──────────┘                                 │
 *                                 └────────────────────────────────────────────────────────────────────────────┘
 *
 * Invariants: every member supports at least one protocol that all support; `staticMembers` maps each instance id to the
 * one member that has it; a waiting request is answered at most once (taking it clears it).
 */
import { assert } from '../../base/assert.ts';
import { decodeFrom } from '../../wire/codec.ts';
import type { ErrorName } from '../../wire/errors.ts';
import { Reader } from '../../wire/reader.ts';
import { consumerProtocolSubscription } from '../../wire/schema/consumer-protocol-subscription.ts';
import type { GroupMetadataValue } from '../../wire/schema/group-metadata-record.ts';
import { WireError } from '../../wire/wire-error.ts';
import type { Turn } from './commands.ts';
import type { JoinGroupResult, SyncGroupResult } from './group-coordinator.ts';
import type { PersistedClassicGroup } from './group-store.ts';

export type ClassicGroupState = 'Empty' | 'PreparingRebalance' | 'CompletingRebalance' | 'Stable';

export interface ClassicProtocol {
  readonly name: string;
  readonly metadata: Buffer;
}

export interface ClassicMember {
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  readonly protocolType: string;
  rebalanceTimeoutMs: number;
  sessionTimeoutMs: number;
  /** In the order of the member's preference. */
  protocols: readonly ClassicProtocol[];
  assignment: Buffer;
  /** The JoinGroup request that waits for the other members. */
  awaitingJoin: number | null;
  /** The SyncGroup request that waits for the leader's. */
  awaitingSync: number | null;
  /** Has not had its first JoinGroup answered: it cannot send heartbeats yet. */
  isNew: boolean;
}

/** What the protocol of plain consumers calls itself; only its subscriptions can be read here. */
export const CONSUMER_PROTOCOL_TYPE = 'consumer';

const NO_BYTES = Buffer.alloc(0);

const previousStates: Record<ClassicGroupState, readonly ClassicGroupState[]> = {
  Empty: ['PreparingRebalance'],
  PreparingRebalance: ['Stable', 'CompletingRebalance', 'Empty'],
  CompletingRebalance: ['PreparingRebalance'],
  Stable: ['CompletingRebalance'],
};

export class ClassicGroup {
  readonly groupId: string;
  state: ClassicGroupState = 'Empty';
  previousState: ClassicGroupState | null = null;
  generationId = 0;
  protocolType: string | null = null;
  protocolName: string | null = null;
  leaderId: string | null = null;
  /** `null` in groups loaded from records older than this field. */
  currentStateTimestampMs: number | null;
  /** Topics of the members' subscriptions; `null` where they cannot be known. */
  subscribedTopics: ReadonlySet<string> | null = null;
  /** During the initial rebalance: somebody joined since the delay began. */
  newMemberAdded = false;
  readonly members = new Map<string, ClassicMember>();
  readonly staticMembers = new Map<string, string>();
  /** Were given an id (KIP-394) and have not come back with it. */
  readonly pendingJoinMembers = new Set<string>();
  /** Had their JoinGroup answered and have not sent SyncGroup. */
  readonly pendingSyncMembers = new Set<string>();

  constructor(groupId: string, nowMs: number | null) {
    this.groupId = groupId;
    this.currentStateTimestampMs = nowMs;
  }

  static fromPersisted(groupId: string, persisted: PersistedClassicGroup): ClassicGroup {
    const group = new ClassicGroup(groupId, persisted.currentStateTimestampMs);
    group.state = persisted.members.length === 0 ? 'Empty' : 'Stable';
    group.generationId = persisted.generationId;
    group.protocolType = persisted.protocolType;
    group.protocolName = persisted.protocolName;
    group.leaderId = persisted.leader;
    for (const member of persisted.members) {
      group.members.set(member.memberId, {
        memberId: member.memberId,
        groupInstanceId: member.groupInstanceId,
        clientId: member.clientId,
        clientHost: member.clientHost,
        protocolType: persisted.protocolType ?? '',
        rebalanceTimeoutMs: member.rebalanceTimeoutMs,
        sessionTimeoutMs: member.sessionTimeoutMs,
        protocols: [{ name: persisted.protocolName ?? '', metadata: member.subscription }],
        assignment: member.assignment,
        awaitingJoin: null,
        awaitingSync: null,
        isNew: false,
      });
      if (member.groupInstanceId !== null) group.staticMembers.set(member.groupInstanceId, member.memberId);
    }
    group.subscribedTopics = group.computeSubscribedTopics();
    return group;
  }

  transitionTo(state: ClassicGroupState, nowMs: number): void {
    assert(previousStates[state].includes(this.state), `group cannot go from ${this.state} to ${state}`);
    this.previousState = this.state;
    this.state = state;
    this.currentStateTimestampMs = nowMs;
  }

  get canRebalance(): boolean {
    return this.state !== 'PreparingRebalance';
  }

  isLeader(memberId: string): boolean {
    return this.leaderId === memberId;
  }

  get usesConsumerProtocol(): boolean {
    return this.protocolType === CONSUMER_PROTOCOL_TYPE;
  }

  isSubscribedToTopic(topic: string): boolean {
    return this.subscribedTopics === null ? this.usesConsumerProtocol : this.subscribedTopics.has(topic);
  }

  add(member: ClassicMember): void {
    if (member.groupInstanceId !== null) {
      assert(!this.staticMembers.has(member.groupInstanceId), 'a static member is added once');
      this.staticMembers.set(member.groupInstanceId, member.memberId);
    }
    if (this.members.size === 0) this.protocolType = member.protocolType;
    this.leaderId ??= member.memberId;
    this.members.set(member.memberId, member);
    this.pendingJoinMembers.delete(member.memberId);
  }

  remove(memberId: string): void {
    const member = this.members.get(memberId);
    this.members.delete(memberId);
    if (member !== undefined && member.groupInstanceId !== null) this.staticMembers.delete(member.groupInstanceId);
    if (this.isLeader(memberId)) this.leaderId = this.members.keys().next().value ?? null;
    this.pendingJoinMembers.delete(memberId);
    this.pendingSyncMembers.delete(memberId);
  }

  /** The member of `groupInstanceId` goes on under a new id; whoever waits under the old one is fenced. */
  replaceStaticMember(
    ids: { readonly groupInstanceId: string; readonly oldMemberId: string; readonly newMemberId: string },
    turn: Turn,
  ): ClassicMember {
    const old = this.members.get(ids.oldMemberId);
    assert(old !== undefined, 'only a member can be replaced');
    this.completeJoin(old, { ...this.#noGeneration(ids.oldMemberId), error: 'FENCED_INSTANCE_ID' }, turn);
    this.completeSync(
      old,
      { error: 'FENCED_INSTANCE_ID', protocolType: null, protocolName: null, assignment: NO_BYTES },
      turn,
    );
    this.members.delete(ids.oldMemberId);
    const member: ClassicMember = { ...old, memberId: ids.newMemberId, isNew: false };
    this.members.set(ids.newMemberId, member);
    if (this.isLeader(ids.oldMemberId)) this.leaderId = ids.newMemberId;
    this.staticMembers.set(ids.groupInstanceId, ids.newMemberId);
    return member;
  }

  /** Whether some leader is there that has joined; picks another joined member where the leader did not come. */
  maybeElectNewJoinedLeader(): boolean {
    if (this.leaderId === null) return false;
    const leader = this.members.get(this.leaderId);
    if (leader !== undefined && leader.awaitingJoin !== null) return true;
    for (const member of this.members.values()) {
      if (member.awaitingJoin !== null) {
        this.leaderId = member.memberId;
        return true;
      }
    }
    return false;
  }

  get awaitingJoinCount(): number {
    let count = 0;
    for (const member of this.members.values()) if (member.awaitingJoin !== null) count++;
    return count;
  }

  get hasAllMembersJoined(): boolean {
    return this.pendingJoinMembers.size === 0 && this.awaitingJoinCount === this.members.size;
  }

  /** The longest of the members'. */
  get rebalanceTimeoutMs(): number {
    let longest = 0;
    for (const member of this.members.values()) longest = Math.max(longest, member.rebalanceTimeoutMs);
    return longest;
  }

  /** 'NONE' when the request may speak for the member. */
  checkMember(memberId: string, groupInstanceId: string | null): ErrorName {
    if (groupInstanceId !== null) {
      const current = this.staticMembers.get(groupInstanceId);
      if (current === undefined) return 'UNKNOWN_MEMBER_ID';
      if (current !== memberId) return 'FENCED_INSTANCE_ID';
    }
    return this.members.has(memberId) ? 'NONE' : 'UNKNOWN_MEMBER_ID';
  }

  supportsProtocols(protocolType: string, protocols: readonly ClassicProtocol[]): boolean {
    if (this.state === 'Empty') return protocolType !== '' && protocols.length > 0;
    if (this.protocolType !== protocolType) return false;
    const candidates = this.#candidateProtocols();
    return protocols.some((protocol) => candidates.has(protocol.name));
  }

  /** The protocol with the most votes; each member votes for the first of its own that all support. */
  selectProtocol(): string {
    const candidates = this.#candidateProtocols();
    const votes = new Map<string, number>();
    for (const member of this.members.values()) {
      const vote = member.protocols.find((protocol) => candidates.has(protocol.name));
      assert(vote !== undefined, 'members share a protocol');
      votes.set(vote.name, (votes.get(vote.name) ?? 0) + 1);
    }
    let selected: string | null = null;
    for (const [name, count] of votes) if (selected === null || count > votes.get(selected)!) selected = name;
    assert(selected !== null, 'an empty group has no protocol');
    return selected;
  }

  initNextGeneration(nowMs: number): void {
    this.generationId++;
    if (this.members.size > 0) {
      this.protocolName = this.selectProtocol();
      this.subscribedTopics = this.computeSubscribedTopics();
      this.transitionTo('CompletingRebalance', nowMs);
    } else {
      this.protocolName = null;
      this.subscribedTopics = this.computeSubscribedTopics();
      this.transitionTo('Empty', nowMs);
    }
    this.pendingSyncMembers.clear();
  }

  /** Consumer subscriptions of any version begin as version 0 does. */
  computeSubscribedTopics(): ReadonlySet<string> | null {
    if (!this.usesConsumerProtocol) return null;
    const topics = new Set<string>();
    if (this.members.size === 0) return topics;
    if (this.protocolName === null) return null;
    try {
      for (const member of this.members.values()) {
        const reader = new Reader(metadataOf(member, this.protocolName));
        reader.int16();
        for (const topic of decodeFrom(consumerProtocolSubscription, 0, reader).topics) topics.add(topic);
      }
      return topics;
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      return null;
    }
  }

  membersForLeader(): JoinGroupResult['members'] {
    return [...this.members.values()].map((member) => ({
      memberId: member.memberId,
      groupInstanceId: member.groupInstanceId,
      metadata: metadataOf(member, this.protocolName),
    }));
  }

  /** The answer to a member's JoinGroup in the current generation. */
  joinResult(memberId: string, options: { readonly members: JoinGroupResult['members'] }): JoinGroupResult {
    return {
      error: 'NONE',
      generationId: this.generationId,
      protocolType: this.protocolType,
      protocolName: this.protocolName,
      leader: this.leaderId ?? '',
      skipAssignment: false,
      memberId,
      members: options.members,
    };
  }

  completeJoin(member: ClassicMember, result: JoinGroupResult, turn: Turn): void {
    if (member.awaitingJoin === null) return;
    turn.replyToJoin(member.awaitingJoin, result);
    member.awaitingJoin = null;
  }

  /** Whether the member was waiting. */
  completeSync(member: ClassicMember, result: SyncGroupResult, turn: Turn): boolean {
    if (member.awaitingSync === null) return false;
    turn.replyToSync(member.awaitingSync, result);
    member.awaitingSync = null;
    return true;
  }

  /** The record of the current generation; members without an assignment get an empty one. */
  metadataValue(assignments: ReadonlyMap<string, Buffer>): GroupMetadataValue {
    return {
      protocolType: this.protocolType ?? '',
      generation: this.generationId,
      protocol: this.protocolName,
      leader: this.leaderId,
      currentStateTimestamp: this.currentStateTimestampMs ?? -1,
      members: [...this.members.values()].map((member) => ({
        memberId: member.memberId,
        groupInstanceId: member.groupInstanceId,
        clientId: member.clientId,
        clientHost: member.clientHost,
        rebalanceTimeout: member.rebalanceTimeoutMs,
        sessionTimeout: member.sessionTimeoutMs,
        subscription: metadataOf(member, this.protocolName),
        assignment: assignments.get(member.memberId) ?? NO_BYTES,
      })),
    };
  }

  /** The record that makes a new group known before any generation of it exists. */
  emptyMetadataValue(): GroupMetadataValue {
    return {
      protocolType: '',
      generation: 0,
      protocol: null,
      leader: null,
      currentStateTimestamp: this.currentStateTimestampMs ?? -1,
      members: [],
    };
  }

  #candidateProtocols(): Set<string> {
    const counts = new Map<string, number>();
    for (const member of this.members.values()) {
      for (const name of new Set(member.protocols.map((protocol) => protocol.name))) {
        counts.set(name, (counts.get(name) ?? 0) + 1);
      }
    }
    const candidates = new Set<string>();
    for (const [name, count] of counts) if (count === this.members.size) candidates.add(name);
    return candidates;
  }

  #noGeneration(memberId: string): JoinGroupResult {
    return {
      error: 'NONE',
      generationId: -1,
      protocolType: null,
      protocolName: null,
      leader: '',
      skipAssignment: false,
      memberId,
      members: [],
    };
  }
}

/** The member's metadata for the protocol; empty where it has none. */
export function metadataOf(member: ClassicMember, protocolName: string | null): Buffer {
  return member.protocols.find((protocol) => protocol.name === protocolName)?.metadata ?? NO_BYTES;
}

/** Whether a JoinGroup says nothing new about the member. */
export function sameProtocols(member: ClassicMember, protocols: readonly ClassicProtocol[]): boolean {
  return (
    member.protocols.length === protocols.length &&
    member.protocols.every(
      (protocol, i) => protocol.name === protocols[i]!.name && protocol.metadata.equals(protocols[i]!.metadata),
    )
  );
}
