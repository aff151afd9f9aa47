/**
 * Brings one member of a KIP-848 group from what it has to what it is to have, a step per heartbeat:
 *
 *     STABLE ──new target──▶ UNREVOKED_PARTITIONS (must give up) ──has given up──┐
 *       ▲  └─────────────────────────────────────────────────────────────────────┤
 *       └──all there──── UNRELEASED_PARTITIONS (others must give up first) ◀─────┘
 *
 * Invariants: a member takes the target's epoch only when it has nothing left to revoke; it is given only partitions
 * that nobody else has.
 */
import type { Uuid } from '../../base/uuid.ts';
import { KafkaError } from '../../wire/errors.ts';
import type { Assignment, ConsumerMember, CurrentAssignment } from './consumer-group.ts';

/** Partitions that a client says it has, by topic id; null when it said nothing. */
export type OwnedPartitions = readonly { readonly topicId: Uuid; readonly partitions: readonly number[] }[] | null;

export interface ReconciliationInput {
  readonly targetEpoch: number;
  readonly target: Assignment;
  /** Topics of the member's subscription that exist. */
  readonly subscribedTopicIds: ReadonlySet<Uuid>;
  readonly subscriptionChanged: boolean;
  readonly owned: OwnedPartitions;
  readonly isFree: (topicId: Uuid, partition: number) => boolean;
}

/** The member after this step; the same object when nothing changed. */
export function reconcile(member: ConsumerMember, input: ReconciliationInput): ConsumerMember {
  switch (member.state) {
    case 'STABLE':
      if (member.memberEpoch !== input.targetEpoch) return nextAssignment(member, member.memberEpoch, input);
      return input.subscriptionChanged ? withoutUnsubscribed(member, input) : member;
    case 'UNREVOKED_PARTITIONS':
      // Revoked means: not among what the client says it has any more.
      if (owns(input.owned, member.pendingRevocation)) {
        return input.subscriptionChanged ? withoutUnsubscribed(member, input) : member;
      }
      return nextAssignment(member, member.memberEpoch, input);
    case 'UNRELEASED_PARTITIONS':
      return nextAssignment(member, member.memberEpoch, input);
    case 'UNKNOWN':
      // A state of a later release: the member begins anew, without partitions.
      if (input.owned === null || input.owned.length > 0) {
        throw new KafkaError(
          'FENCED_MEMBER_EPOCH',
          'The consumer group member is in a unknown state. The member must abandon all its partitions and rejoin.',
        );
      }
      return nextAssignment(member, input.targetEpoch, input);
  }
}

function nextAssignment(member: ConsumerMember, memberEpoch: number, input: ReconciliationInput): ConsumerMember {
  const assigned = new Map<Uuid, Map<number, number>>();
  const pendingRevocation = new Map<Uuid, Map<number, number>>();
  const added: [Uuid, number][] = [];
  let unreleased = false;
  for (const topicId of new Set([...input.target.keys(), ...member.assigned.keys()])) {
    const target = input.subscribedTopicIds.has(topicId) ? input.target.get(topicId) : undefined;
    const current = member.assigned.get(topicId);
    for (const [partition, epoch] of current ?? []) {
      put(target?.has(partition) === true ? assigned : pendingRevocation, topicId, partition, epoch);
    }
    for (const partition of target ?? []) {
      if (current?.has(partition) === true) continue;
      if (input.isFree(topicId, partition)) added.push([topicId, partition]);
      else unreleased = true;
    }
  }
  if (pendingRevocation.size > 0 && owns(input.owned, pendingRevocation)) {
    return {
      ...member,
      state: 'UNREVOKED_PARTITIONS',
      previousMemberEpoch: member.memberEpoch,
      memberEpoch,
      assigned,
      pendingRevocation,
    };
  }
  for (const [topicId, partition] of added) put(assigned, topicId, partition, input.targetEpoch);
  return {
    ...member,
    state: unreleased ? 'UNRELEASED_PARTITIONS' : 'STABLE',
    previousMemberEpoch: member.memberEpoch,
    memberEpoch: input.targetEpoch,
    assigned,
    pendingRevocation: new Map(),
  };
}

/** What the member does not subscribe to any more goes at once, before there is a new target. */
function withoutUnsubscribed(member: ConsumerMember, input: ReconciliationInput): ConsumerMember {
  const assigned = new Map(member.assigned);
  const pendingRevocation = new Map(member.pendingRevocation);
  let changed = false;
  for (const [topicId, partitions] of member.assigned) {
    if (input.subscribedTopicIds.has(topicId)) continue;
    changed = true;
    assigned.delete(topicId);
    pendingRevocation.set(topicId, new Map([...(pendingRevocation.get(topicId) ?? []), ...partitions]));
  }
  if (!changed) return member;
  if (owns(input.owned, pendingRevocation)) {
    return {
      ...member,
      state: 'UNREVOKED_PARTITIONS',
      previousMemberEpoch: member.memberEpoch,
      assigned,
      pendingRevocation,
    };
  }
  // The client has given them up by itself.
  return { ...member, previousMemberEpoch: member.memberEpoch, assigned };
}

function put(held: Map<Uuid, Map<number, number>>, topicId: Uuid, partition: number, epoch: number): void {
  const partitions = held.get(topicId);
  if (partitions === undefined) held.set(topicId, new Map([[partition, epoch]]));
  else partitions.set(partition, epoch);
}

/** A client that says nothing may have them still. */
function owns(owned: OwnedPartitions, revoked: CurrentAssignment): boolean {
  if (owned === null) return true;
  return owned.some(({ topicId, partitions }) => partitions.some((each) => revoked.get(topicId)?.has(each) === true));
}

/** Whether everything that the client says it has is assigned to it. */
export function ownsSubsetOf(owned: OwnedPartitions, assigned: CurrentAssignment): boolean {
  if (owned === null) return false;
  return owned.every(({ topicId, partitions }) => {
    const mine = assigned.get(topicId);
    return mine !== undefined && partitions.every((partition) => mine.has(partition));
  });
}

export function sameHeld(a: CurrentAssignment, b: CurrentAssignment): boolean {
  if (a.size !== b.size) return false;
  for (const [topicId, partitions] of a) {
    const others = b.get(topicId);
    if (others === undefined || others.size !== partitions.size) return false;
    for (const [partition, epoch] of partitions) if (others.get(partition) !== epoch) return false;
  }
  return true;
}

export function sameAssignment(a: Assignment, b: Assignment): boolean {
  if (a === b) return true;
  if (a.size !== b.size) return false;
  for (const [topicId, partitions] of a) {
    const others = b.get(topicId);
    if (others === undefined || others.size !== partitions.size) return false;
    for (const partition of partitions) if (!others.has(partition)) return false;
  }
  return true;
}
