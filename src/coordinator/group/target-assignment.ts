/**
 * The target assignment of a KIP-848 group: the assignor's answer for the members as they are about to be, and the
 * records of what changed by it.
 */
import type { Uuid } from '../../base/uuid.ts';
import type { MetadataImage } from '../../metadata/metadata-image.ts';
import type { Assignor, MemberToAssign } from './assignors.ts';
import {
  type Assignment,
  type ConsumerGroup,
  type ConsumerMember,
  newTargetRecord,
  type ResolvedRegex,
} from './consumer-group.ts';
import type { ConsumerGroupRecord } from './consumer-group-records.ts';
import { sameAssignment } from './reconciliation.ts';

export type Regexes = ReadonlyMap<string, ResolvedRegex>;

const NO_TOPICS: Assignment = new Map();

export function* subscribedTopicNames(member: ConsumerMember, regexes: Regexes): Generator<string> {
  yield* member.subscribedTopicNames;
  yield* regexes.get(member.subscribedTopicRegex)?.topics ?? [];
}

/** Those of the member's topics that exist. */
export function subscribedTopicIds(member: ConsumerMember, regexes: Regexes, image: MetadataImage): Set<Uuid> {
  const topicIds = new Set<Uuid>();
  for (const name of subscribedTopicNames(member, regexes)) {
    const topic = image.topicsByName.get(name);
    if (topic !== undefined) topicIds.add(topic.topicId);
  }
  return topicIds;
}

/** The members once `updated` is in the group, in place of the one it replaces. */
export function membersWith(
  group: ConsumerGroup,
  updated: ConsumerMember,
  replacedId: string | null,
): ConsumerMember[] {
  const members: ConsumerMember[] = [];
  let found = false;
  for (const member of group.members()) {
    if (member.memberId === replacedId && replacedId !== updated.memberId) continue;
    if (member.memberId === updated.memberId) found = true;
    members.push(member.memberId === updated.memberId ? updated : member);
  }
  if (!found) members.push(updated);
  return members;
}

export function computeTarget(input: {
  readonly group: ConsumerGroup;
  readonly groupEpoch: number;
  readonly updated: ConsumerMember;
  /** The former self of a static member that came back under a new id. */
  readonly replacedId: string | null;
  readonly assignor: Assignor;
  readonly regexes: Regexes;
  readonly image: MetadataImage;
  readonly nowMs: number;
}): { readonly records: ConsumerGroupRecord[]; readonly target: Assignment } {
  const { group, updated, replacedId, image } = input;
  const { groupId } = group;
  const members = membersWith(group, updated, replacedId).map((member): MemberToAssign => {
    const heir = member === updated && replacedId !== null;
    return {
      memberId: member.memberId,
      instanceId: member.instanceId,
      topicIds: subscribedTopicIds(member, input.regexes, image),
      assignment: group.target(heir ? replacedId : member.memberId),
    };
  });
  const targets = input.assignor({
    members,
    partitionCount: (topicId) => image.topicsById.get(topicId)?.partitions.size ?? 0,
  });
  const records: ConsumerGroupRecord[] = [];
  for (const { memberId } of members) {
    const target = targets.get(memberId) ?? NO_TOPICS;
    if (!group.hasTarget(memberId) || !sameAssignment(target, group.target(memberId))) {
      records.push(newTargetRecord(groupId, memberId, target));
    }
  }
  records.push({
    kind: 'consumerTargetEpoch',
    groupId,
    value: { assignmentEpoch: input.groupEpoch, assignmentTimestamp: input.nowMs },
  });
  return { records, target: targets.get(updated.memberId) ?? NO_TOPICS };
}
