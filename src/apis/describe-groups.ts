/**
 * DescribeGroups, key 15, versions 0-6.
 *
 * v3 authorized operations (KIP-430); v4 instance ids (KIP-345); v5 flexible; v6 GROUP_ID_NOT_FOUND with a message where
 * older versions describe a group in state 'Dead' (KIP-1043). Other errors: COORDINATOR_LOAD_IN_PROGRESS,
 * COORDINATOR_NOT_AVAILABLE, NOT_COORDINATOR.
 */
import type { GroupCoordinator } from '../coordinator/group/group-coordinator.ts';
import { errorCode } from '../wire/errors.ts';
import { describeGroupsRequest, describeGroupsResponse } from '../wire/schema/describe-groups.ts';
import { ALL_GROUP_OPERATIONS, OPERATIONS_NOT_ASKED } from './authorized-operations.ts';
import type { Handler } from './handler.ts';

export interface DescribeGroupsServices {
  readonly groups: Pick<GroupCoordinator, 'describeGroups'>;
}

export function describeGroupsHandler(
  services: DescribeGroupsServices,
): Handler<typeof describeGroupsRequest, typeof describeGroupsResponse> {
  return {
    request: describeGroupsRequest,
    response: describeGroupsResponse,

    async handle(request, { apiVersion }) {
      const groups = await services.groups.describeGroups(request.groups, apiVersion);
      return {
        groups: groups.map(({ error, ...group }) => ({
          ...group,
          errorCode: errorCode(error),
          authorizedOperations:
            request.includeAuthorizedOperations && error === 'NONE' ? ALL_GROUP_OPERATIONS : OPERATIONS_NOT_ASKED,
        })),
      };
    },

    failed(request, error) {
      return { groups: request.groups.map((groupId) => ({ groupId, errorCode: errorCode(error) })) };
    },
  };
}
