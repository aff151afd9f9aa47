/**
 * ListGroups, key 16, versions 0-5. v3 flexible; v4 states (KIP-518); v5 types (KIP-848).
 *
 * Errors: COORDINATOR_LOAD_IN_PROGRESS (one partition of groups is not loaded yet), COORDINATOR_NOT_AVAILABLE.
 */
import type { GroupCoordinator } from '../coordinator/group/group-coordinator.ts';
import { errorCode } from '../wire/errors.ts';
import { listGroupsRequest, listGroupsResponse } from '../wire/schema/list-groups.ts';
import type { Handler } from './handler.ts';

export interface ListGroupsServices {
  readonly groups: Pick<GroupCoordinator, 'listGroups'>;
}

export function listGroupsHandler(
  services: ListGroupsServices,
): Handler<typeof listGroupsRequest, typeof listGroupsResponse> {
  return {
    request: listGroupsRequest,
    response: listGroupsResponse,

    async handle(request) {
      const { error, groups } = await services.groups.listGroups(request.statesFilter, request.typesFilter);
      return { errorCode: errorCode(error), groups };
    },

    failed(_request, error) {
      return { errorCode: errorCode(error) };
    },
  };
}
