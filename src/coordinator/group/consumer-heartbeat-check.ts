/** What is wrong with a ConsumerGroupHeartbeat whatever state its group is in, in Kafka's order and words. */
import type { ErrorName } from '../../wire/errors.ts';
import { LEAVE_GROUP_MEMBER_EPOCH, LEAVE_GROUP_STATIC_MEMBER_EPOCH } from './consumer-group.ts';
import type { ConsumerGroupHeartbeatInput } from './group-coordinator.ts';

const firstVersionWithMemberIdsOfClients = 1;

export function refuseConsumerHeartbeat(
  input: ConsumerGroupHeartbeatInput,
  apiVersion: number,
  assignors: readonly string[],
): { readonly error: ErrorName; readonly message: string } | null {
  const { memberEpoch, serverAssignor } = input;
  const wantsMemberId =
    apiVersion >= firstVersionWithMemberIdsOfClients || memberEpoch > 0 || memberEpoch === LEAVE_GROUP_MEMBER_EPOCH;
  if (wantsMemberId && isBlank(input.memberId)) return invalid("MemberId can't be empty.");
  if (isBlank(input.groupId)) return invalid("GroupId can't be empty.");
  if (isBlank(input.instanceId)) return invalid("InstanceId can't be empty.");
  if (isBlank(input.rackId)) return invalid("RackId can't be empty.");
  if (memberEpoch === 0) {
    if (input.rebalanceTimeoutMs === -1) return invalid('RebalanceTimeoutMs must be provided in first request.');
    if (input.topicPartitions === null || input.topicPartitions.length > 0) {
      return invalid('TopicPartitions must be empty when (re-)joining.');
    }
    if (input.subscribedTopicNames === null && input.subscribedTopicRegex === null) {
      return invalid('Either SubscribedTopicNames or SubscribedTopicRegex must be non-null when (re-)joining.');
    }
  } else if (memberEpoch === LEAVE_GROUP_STATIC_MEMBER_EPOCH) {
    if (input.instanceId === null) return invalid("InstanceId can't be null.");
  } else if (memberEpoch < LEAVE_GROUP_STATIC_MEMBER_EPOCH) {
    return invalid('MemberEpoch is invalid.');
  }
  if (serverAssignor !== null && !assignors.includes(serverAssignor)) {
    return {
      error: 'UNSUPPORTED_ASSIGNOR',
      message: `ServerAssignor ${serverAssignor} is not supported. Supported assignors: ${assignors.join(', ')}.`,
    };
  }
  return null;
}

function invalid(message: string): { readonly error: ErrorName; readonly message: string } {
  return { error: 'INVALID_REQUEST', message };
}

function isBlank(text: string | null): boolean {
  return text !== null && text.trim() === '';
}
