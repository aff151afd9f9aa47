/** Who may commit to and fetch from a KIP-848 group: its members, in their present epoch, and strangers while it is empty. */
import type { Offset } from '../../base/flavor.ts';
import type { ErrorName } from '../../wire/errors.ts';
import type { ConsumerGroup, ConsumerMember } from './consumer-group.ts';
import type { OffsetCommitInput, OffsetFetchInput } from './group-coordinator.ts';

/** From here on clients know STALE_MEMBER_EPOCH. */
const firstVersionOfMembers = 9;

/**
 * A commit of an earlier epoch is good for the partitions that the member has had since then (KIP-1251): it was on its
 * way while the member moved on.
 */
export function checkConsumerCommit(
  group: ConsumerGroup,
  input: Pick<OffsetCommitInput, 'generationIdOrMemberEpoch' | 'memberId' | 'groupInstanceId' | 'topics'> &
    Partial<Pick<OffsetCommitInput, 'apiVersion'>>,
  transactional: boolean,
): ErrorName {
  const received = input.generationIdOrMemberEpoch;
  if (received < 0 && group.memberCount === 0) return 'NONE';
  // A producer that names no member (before KIP-447): its transactional id fences it.
  if (transactional && received === -1 && input.memberId === '' && input.groupInstanceId === null) return 'NONE';
  const member = group.member(input.memberId);
  if (member === undefined) return 'UNKNOWN_MEMBER_ID';
  // Which version of OffsetCommit a member speaks says nothing about a commit in a transaction.
  if (!transactional && member.classic === null && (input.apiVersion ?? 0) < firstVersionOfMembers) {
    return 'UNSUPPORTED_VERSION';
  }
  if (received === member.memberEpoch) return 'NONE';
  // Producers do not know the new protocol's error.
  const stale = transactional ? 'ILLEGAL_GENERATION' : epochError(member);
  if (received > member.memberEpoch) return stale;
  for (const { topicId, partitions } of input.topics) {
    for (const { partition } of partitions) {
      const since =
        member.assigned.get(topicId)?.get(partition) ?? member.pendingRevocation.get(topicId)?.get(partition);
      if (since === undefined || received < since) return stale;
    }
  }
  return 'NONE';
}

export function checkConsumerFetch(group: ConsumerGroup, input: OffsetFetchInput, atOffset?: Offset): ErrorName {
  // Administrators and clients of older versions name nobody.
  if (input.memberId === null && input.memberEpoch < 0) return 'NONE';
  const member = group.member(input.memberId ?? '', atOffset);
  if (member === undefined) return 'UNKNOWN_MEMBER_ID';
  return input.memberEpoch === member.memberEpoch ? 'NONE' : epochError(member);
}

function epochError(member: ConsumerMember): ErrorName {
  return member.classic === null ? 'STALE_MEMBER_EPOCH' : 'ILLEGAL_GENERATION';
}
