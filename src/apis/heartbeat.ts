/**
 * Heartbeat, key 12, versions 0-4. v3 static members (KIP-345); v4 flexible.
 *
 * Errors: INVALID_GROUP_ID, UNKNOWN_MEMBER_ID, FENCED_INSTANCE_ID, ILLEGAL_GENERATION, REBALANCE_IN_PROGRESS,
 * COORDINATOR_NOT_AVAILABLE, NOT_COORDINATOR. While the group is being loaded the answer is NONE.
 */
import type { GroupCoordinator } from '../coordinator/group/group-coordinator.ts';
import { errorCode } from '../wire/errors.ts';
import { heartbeatRequest, heartbeatResponse } from '../wire/schema/heartbeat.ts';
import type { Handler } from './handler.ts';

export interface HeartbeatServices {
  readonly groups: Pick<GroupCoordinator, 'heartbeat'>;
}

export function heartbeatHandler(
  services: HeartbeatServices,
): Handler<typeof heartbeatRequest, typeof heartbeatResponse> {
  return {
    request: heartbeatRequest,
    response: heartbeatResponse,

    async handle(request) {
      return { errorCode: errorCode(await services.groups.heartbeat(request)) };
    },

    failed(_request, error) {
      return { errorCode: errorCode(error) };
    },
  };
}
