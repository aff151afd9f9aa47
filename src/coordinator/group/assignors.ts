/**
 * Server-side assignors of KIP-848 groups: who is to have which partition. Pure functions of members and topics; both
 * give each partition of a subscribed topic to exactly one subscriber. Racks are told to neither, as in Kafka since 4.0.
 *
 *     uniform  all partitions evenly over all members, moving as few as can be
 *     range    per topic a contiguous range to each member in the order of their ids, so that topics with equally many
 *              partitions are split alike (co-partitioning)
 */
import { assert } from '../../base/assert.ts';
import type { Uuid } from '../../base/uuid.ts';
import type { Assignment } from './consumer-group.ts';

export interface MemberToAssign {
  readonly memberId: string;
  readonly instanceId: string | null;
  /** Only topics that exist. */
  readonly topicIds: ReadonlySet<Uuid>;
  /** The target assignment until now. */
  readonly assignment: Assignment;
}

export interface AssignmentInput {
  readonly members: readonly MemberToAssign[];
  readonly partitionCount: (topicId: Uuid) => number;
}

/** An assignment for each member, in the order of the members. */
export type Assignor = (input: AssignmentInput) => ReadonlyMap<string, Assignment>;

export type AssignorName = 'uniform' | 'range';

export const assignors: Record<AssignorName, Assignor> = { uniform: assignUniformly, range: assignRanges };

type Draft = Map<Uuid, Set<number>>;

function assignUniformly(input: AssignmentInput): ReadonlyMap<string, Assignment> {
  const [first, ...others] = input.members;
  if (first === undefined) return new Map();
  const alike = others.every(({ topicIds }) => sameSet(topicIds, first.topicIds));
  return alike ? assignToAlike(input, first.topicIds) : assignToDifferent(input);
}

/** All members subscribe to the same topics: a quota for each, what is above it moves to those below. */
function assignToAlike(
  { members, partitionCount }: AssignmentInput,
  topicIds: ReadonlySet<Uuid>,
): ReadonlyMap<string, Assignment> {
  let total = 0;
  const taken = new Map<Uuid, Uint8Array>();
  for (const topicId of topicIds) {
    const count = partitionCount(topicId);
    total += count;
    taken.set(topicId, new Uint8Array(count));
  }
  for (const { assignment } of members) {
    for (const [topicId, partitions] of assignment) {
      const ofTopic = taken.get(topicId);
      // A write beyond the last partition does nothing.
      if (ofTopic !== undefined) for (const partition of partitions) ofTopic[partition] = 1;
    }
  }
  const unassigned: [Uuid, number][] = [];
  for (const [topicId, ofTopic] of taken) {
    ofTopic.forEach((isTaken, partition) => {
      if (isTaken === 0) unassigned.push([topicId, partition]);
    });
  }
  const quota = Math.floor(total / members.length);
  const extras = total % members.length;
  const result = new Map<string, Assignment>();
  const room: { readonly draft: Draft; readonly count: number }[] = [];
  members.forEach(({ memberId, assignment }, index) => {
    let left = quota + (index < extras ? 1 : 0);
    if (fits(assignment, left, taken)) {
      result.set(memberId, assignment);
      return;
    }
    const draft: Draft = new Map();
    for (const [topicId, partitions] of assignment) {
      const count = taken.get(topicId)?.length ?? 0;
      for (const partition of partitions) {
        if (partition >= count) continue;
        if (left > 0) {
          left--;
          add(draft, topicId, partition);
        } else {
          unassigned.push([topicId, partition]);
        }
      }
    }
    result.set(memberId, draft);
    if (left > 0) room.push({ draft, count: left });
  });
  let next = 0;
  for (const { draft, count } of room) {
    for (let i = 0; i < count && next < unassigned.length; i++, next++) add(draft, ...unassigned[next]!);
  }
  assert(next === unassigned.length, 'quotas cover all partitions');
  return result;
}

/** Whether the member can keep exactly what it has: with many members, most of them can. */
function fits(assignment: Assignment, quota: number, topics: ReadonlyMap<Uuid, { readonly length: number }>): boolean {
  let count = 0;
  for (const [topicId, partitions] of assignment) {
    const ofTopic = topics.get(topicId);
    if (ofTopic === undefined) return false;
    for (const partition of partitions) if (partition >= ofTopic.length) return false;
    count += partitions.size;
  }
  return count === quota;
}

/** Topics are gone through again until nothing moves any more, but not for ever. */
const ROUNDS_MAX = 16;

function assignToDifferent({ members, partitionCount }: AssignmentInput): ReadonlyMap<string, Assignment> {
  const drafts: Draft[] = members.map(() => new Map());
  const sizes = members.map(() => 0);
  const subscribers = new Map<Uuid, number[]>();
  members.forEach(({ topicIds }, index) => {
    for (const topicId of topicIds) subscribers.set(topicId, [...(subscribers.get(topicId) ?? []), index]);
  });
  const owners = new Map([...subscribers.keys()].map((id) => [id, new Array<number>(partitionCount(id)).fill(-1)]));
  const give = (topicId: Uuid, partition: number, index: number): void => {
    const before = owners.get(topicId)![partition]!;
    if (before !== -1) {
      const partitions = drafts[before]!.get(topicId)!;
      partitions.delete(partition);
      if (partitions.size === 0) drafts[before]!.delete(topicId);
      sizes[before]!--;
    }
    owners.get(topicId)![partition] = index;
    add(drafts[index]!, topicId, partition);
    sizes[index]!++;
  };
  members.forEach(({ topicIds, assignment }, index) => {
    for (const [topicId, partitions] of assignment) {
      if (!topicIds.has(topicId)) continue;
      for (const partition of partitions) if (owners.get(topicId)![partition] === -1) give(topicId, partition, index);
    }
  });

  // The topics that leave the least choice come first.
  const load = (topicId: Uuid) => partitionCount(topicId) / subscribers.get(topicId)!.length;
  const topicIds = [...subscribers.keys()].sort(
    (a, b) => load(b) - load(a) || subscribers.get(a)!.length - subscribers.get(b)!.length || compareUuids(a, b),
  );
  for (const topicId of topicIds) {
    const candidates = bySize(subscribers.get(topicId)!, sizes);
    owners.get(topicId)!.forEach((owner, partition) => {
      if (owner === -1) give(topicId, partition, leastLoaded(candidates, sizes));
    });
  }
  const shared = topicIds.filter((topicId) => subscribers.get(topicId)!.length > 1);
  for (let round = 0, quiet = 0; round < ROUNDS_MAX && quiet < shared.length; round++) {
    for (const topicId of shared) {
      if (balanceTopic(subscribers.get(topicId)!, owners.get(topicId)!, sizes, (p, to) => give(topicId, p, to)) > 0) {
        quiet = 0;
      } else if (++quiet >= shared.length) {
        break;
      }
    }
  }
  return new Map(members.map(({ memberId }, index) => [memberId, drafts[index]!]));
}

/** Moves partitions of one topic from the most to the least loaded subscriber; gives how many were moved. */
function balanceTopic(
  subscribers: readonly number[],
  owners: readonly number[],
  sizes: readonly number[],
  move: (partition: number, to: number) => void,
): number {
  const candidates = bySize(subscribers, sizes);
  const givers = new Map<number, number[]>();
  for (const [partition, owner] of owners.entries()) givers.set(owner, [...(givers.get(owner) ?? []), partition]);
  let moved = 0;
  for (;;) {
    let most = -1;
    for (const index of candidates) {
      if ((givers.get(index)?.length ?? 0) > 0 && (most === -1 || sizes[index]! >= sizes[most]!)) most = index;
    }
    const least = leastLoaded(candidates, sizes);
    if (most === -1 || sizes[most]! - sizes[least]! <= 1) return moved;
    move(givers.get(most)!.pop()!, least);
    moved++;
  }
}

function bySize(indexes: readonly number[], sizes: readonly number[]): readonly number[] {
  return [...indexes].sort((a, b) => sizes[a]! - sizes[b]! || a - b);
}

function leastLoaded(candidates: readonly number[], sizes: readonly number[]): number {
  let least = candidates[0]!;
  for (const index of candidates) if (sizes[index]! < sizes[least]!) least = index;
  return least;
}

function assignRanges({ members, partitionCount }: AssignmentInput): ReadonlyMap<string, Assignment> {
  const sorted = [...members].sort(byInstanceThenMember);
  const counts = new Map<Uuid, number>();
  for (const { topicIds } of sorted) for (const id of topicIds) counts.set(id, (counts.get(id) ?? 0) + 1);
  const progress = new Map<Uuid, { next: number; membersBefore: number }>();
  const result = new Map<string, Draft>();
  for (const { memberId, topicIds } of sorted) {
    const draft: Draft = new Map();
    for (const topicId of topicIds) {
      const total = partitionCount(topicId);
      const memberCount = counts.get(topicId)!;
      const done = progress.get(topicId) ?? { next: 0, membersBefore: 0 };
      const extra = done.membersBefore < total % memberCount ? 1 : 0;
      const end = done.next + Math.floor(total / memberCount) + extra;
      for (let partition = done.next; partition < end; partition++) add(draft, topicId, partition);
      progress.set(topicId, { next: end, membersBefore: done.membersBefore + 1 });
    }
    result.set(memberId, draft);
  }
  return new Map(members.map(({ memberId }) => [memberId, result.get(memberId)!]));
}

/** Static members come first, so that their ranges do not depend on the ids that a restart gives them. */
function byInstanceThenMember(a: MemberToAssign, b: MemberToAssign): number {
  if (a.instanceId !== null && b.instanceId !== null) return compareText(a.instanceId, b.instanceId);
  if (a.instanceId !== null) return -1;
  if (b.instanceId !== null) return 1;
  return compareText(a.memberId, b.memberId);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** As Kafka orders them: two signed halves. */
function compareUuids(a: Uuid, b: Uuid): number {
  const [left, right] = [Buffer.from(a, 'base64url'), Buffer.from(b, 'base64url')];
  for (const position of [0, 8]) {
    const difference = left.readBigInt64BE(position) - right.readBigInt64BE(position);
    if (difference !== 0n) return difference < 0n ? -1 : 1;
  }
  return 0;
}

function sameSet(a: ReadonlySet<Uuid>, b: ReadonlySet<Uuid>): boolean {
  if (a.size !== b.size) return false;
  for (const each of a) if (!b.has(each)) return false;
  return true;
}

function add(draft: Draft, topicId: Uuid, partition: number): void {
  const partitions = draft.get(topicId);
  if (partitions === undefined) draft.set(topicId, new Set([partition]));
  else partitions.add(partition);
}
