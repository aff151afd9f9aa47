/**
 * SyncGroup, key 14, versions 0-5.
 *
 * v3 static members (KIP-345); v4 flexible; v5 protocol type and name, both mandatory (KIP-559).
 * Errors: INVALID_GROUP_ID, UNKNOWN_MEMBER_ID, FENCED_INSTANCE_ID, ILLEGAL_GENERATION, REBALANCE_IN_PROGRESS,
 * INCONSISTENT_GROUP_PROTOCOL, COORDINATOR_LOAD_IN_PROGRESS, COORDINATOR_NOT_AVAILABLE, NOT_COORDINATOR.
 */
import type { GroupCoordinator } from '../coordinator/group/group-coordinator.ts';
import { errorCode } from '../wire/errors.ts';
import { syncGroupRequest, syncGroupResponse } from '../wire/schema/sync-group.ts';
import type { Handler } from './handler.ts';

export interface SyncGroupServices {
  readonly groups: Pick<GroupCoordinator, 'syncGroup'>;
}

const firstVersionWithProtocol = 5;

export function syncGroupHandler(
  services: SyncGroupServices,
): Handler<typeof syncGroupRequest, typeof syncGroupResponse> {
  return {
    request: syncGroupRequest,
    response: syncGroupResponse,

    async handle(request, { apiVersion }) {
      if (apiVersion >= firstVersionWithProtocol && (request.protocolType === null || request.protocolName === null)) {
        return { errorCode: errorCode('INCONSISTENT_GROUP_PROTOCOL') };
      }
      const { error, ...result } = await services.groups.syncGroup(request);
      return { ...result, errorCode: errorCode(error) };
    },

    failed(_request, error) {
      return { errorCode: errorCode(error) };
    },
  };
}
