/**
 * Whether a request may speak for a member of a KIP-848 group: members that are not known, instance ids that somebody else has, and
 * epochs of another time are refused. What is thrown is the answer.
 */
import { KafkaError } from '../../wire/errors.ts';
import {
  type ConsumerGroup,
  type ConsumerMember,
  JOIN_GROUP_MEMBER_EPOCH,
  newConsumerMember,
} from './consumer-group.ts';
import type { ConsumerGroupHeartbeatInput } from './group-coordinator.ts';
import { ownsSubsetOf } from './reconciliation.ts';

export function knownMember(group: ConsumerGroup, memberId: string): ConsumerMember {
  const member = group.member(memberId);
  if (member !== undefined) return member;
  throw new KafkaError('UNKNOWN_MEMBER_ID', `Member ${memberId} is not a member of group ${group.groupId}.`);
}

export function dynamicMember(
  group: ConsumerGroup,
  memberId: string,
  input: ConsumerGroupHeartbeatInput,
): ConsumerMember {
  if (input.memberEpoch === JOIN_GROUP_MEMBER_EPOCH) {
    const member = group.member(memberId);
    if (member === undefined) return newConsumerMember(memberId);
    checkEpoch(member, input);
    return member;
  }
  const member = knownMember(group, memberId);
  checkEpoch(member, input);
  return member;
}

export function checkStaticMember(
  existing: ConsumerMember | undefined,
  memberId: string,
  instanceId: string,
): ConsumerMember {
  if (existing === undefined) throw new KafkaError('UNKNOWN_MEMBER_ID', `Instance id ${instanceId} is unknown.`);
  if (existing.memberId !== memberId) {
    throw new KafkaError(
      'FENCED_INSTANCE_ID',
      `Static member ${memberId} with instance id ${instanceId} was fenced by member ${existing.memberId}.`,
    );
  }
  return existing;
}

/**
 * A member that is one answer behind is let through if it has nothing but what is assigned to it; one that joins again,
 * always: clients that were fenced keep their id and begin anew, with nothing.
 */
export function checkEpoch(member: ConsumerMember, input: ConsumerGroupHeartbeatInput): void {
  const received = input.memberEpoch;
  if (received === JOIN_GROUP_MEMBER_EPOCH || received === member.memberEpoch) return;
  const greater = received > member.memberEpoch;
  if (!greater && received === member.previousMemberEpoch && ownsSubsetOf(input.topicPartitions, member.assigned)) {
    return;
  }
  throw new KafkaError(
    'FENCED_MEMBER_EPOCH',
    `The consumer group member has a ${greater ? 'greater' : 'smaller'} member epoch (${received}) than the one known by the group coordinator (${member.memberEpoch}). The member must abandon all its partitions and rejoin.`,
  );
}
