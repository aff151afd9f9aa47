/**
 * ConsumerGroupDescribe, key 69, versions 0-1 (KIP-848). v1 tells which protocol a member speaks (KIP-1099).
 *
 * Errors: INVALID_GROUP_ID, GROUP_ID_NOT_FOUND (also of a group of another type), COORDINATOR_LOAD_IN_PROGRESS,
 * COORDINATOR_NOT_AVAILABLE, NOT_COORDINATOR.
 */
import type { GroupCoordinator } from '../coordinator/group/group-coordinator.ts';
import { errorCode } from '../wire/errors.ts';
import { consumerGroupDescribeRequest, consumerGroupDescribeResponse } from '../wire/schema/consumer-group-describe.ts';
import { ALL_GROUP_OPERATIONS, OPERATIONS_NOT_ASKED } from './authorized-operations.ts';
import type { Handler } from './handler.ts';

export interface ConsumerGroupDescribeServices {
  readonly groups: Pick<GroupCoordinator, 'describeConsumerGroups'>;
}

const memberType = { classic: 0, consumer: 1 } as const;

export function consumerGroupDescribeHandler(
  services: ConsumerGroupDescribeServices,
): Handler<typeof consumerGroupDescribeRequest, typeof consumerGroupDescribeResponse> {
  return {
    request: consumerGroupDescribeRequest,
    response: consumerGroupDescribeResponse,

    async handle(request) {
      const groups = await services.groups.describeConsumerGroups(request.groupIds);
      return {
        groups: groups.map(({ error, members, ...group }) => ({
          ...group,
          errorCode: errorCode(error),
          members: members.map(({ usesClassicProtocol, assignment, targetAssignment, ...member }) => ({
            ...member,
            assignment: { topicPartitions: assignment },
            targetAssignment: { topicPartitions: targetAssignment },
            memberType: usesClassicProtocol ? memberType.classic : memberType.consumer,
          })),
          authorizedOperations:
            request.includeAuthorizedOperations && error === 'NONE' ? ALL_GROUP_OPERATIONS : OPERATIONS_NOT_ASKED,
        })),
      };
    },

    failed(request, error, message) {
      return {
        groups: request.groupIds.map((groupId) => ({ groupId, errorCode: errorCode(error), errorMessage: message })),
      };
    },
  };
}
