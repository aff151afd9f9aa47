/**
 * DeleteGroups, key 42, versions 0-2 (KIP-229); v2 flexible.
 *
 * Errors of a group: GROUP_ID_NOT_FOUND, NON_EMPTY_GROUP, COORDINATOR_LOAD_IN_PROGRESS, COORDINATOR_NOT_AVAILABLE,
 * NOT_COORDINATOR.
 */
import type { GroupCoordinator } from '../coordinator/group/group-coordinator.ts';
import { errorCode } from '../wire/errors.ts';
import { deleteGroupsRequest, deleteGroupsResponse } from '../wire/schema/delete-groups.ts';
import type { Handler } from './handler.ts';

export interface DeleteGroupsServices {
  readonly groups: Pick<GroupCoordinator, 'deleteGroups'>;
}

export function deleteGroupsHandler(
  services: DeleteGroupsServices,
): Handler<typeof deleteGroupsRequest, typeof deleteGroupsResponse> {
  return {
    request: deleteGroupsRequest,
    response: deleteGroupsResponse,

    async handle(request) {
      const results = await services.groups.deleteGroups([...new Set(request.groupsNames)]);
      return { results: results.map(({ groupId, error }) => ({ groupId, errorCode: errorCode(error) })) };
    },

    failed(request, error) {
      const groupIds = [...new Set(request.groupsNames)];
      return { results: groupIds.map((groupId) => ({ groupId, errorCode: errorCode(error) })) };
    },
  };
}
