/**
 * LeaveGroup, key 13, versions 0-5.
 *
 * v3 several members, each with an error of its own, and removal of static members by instance id (KIP-345); v4 flexible;
 * v5 reason (KIP-800). Errors: INVALID_GROUP_ID, UNKNOWN_MEMBER_ID, FENCED_INSTANCE_ID, COORDINATOR_LOAD_IN_PROGRESS,
 * COORDINATOR_NOT_AVAILABLE, NOT_COORDINATOR.
 */
import type { GroupCoordinator } from '../coordinator/group/group-coordinator.ts';
import { errorCode } from '../wire/errors.ts';
import { leaveGroupRequest, leaveGroupResponse } from '../wire/schema/leave-group.ts';
import type { Handler } from './handler.ts';

export interface LeaveGroupServices {
  readonly groups: Pick<GroupCoordinator, 'leaveGroup'>;
}

const firstVersionWithMembers = 3;

export function leaveGroupHandler(
  services: LeaveGroupServices,
): Handler<typeof leaveGroupRequest, typeof leaveGroupResponse> {
  return {
    request: leaveGroupRequest,
    response: leaveGroupResponse,

    async handle(request, { apiVersion }) {
      if (apiVersion < firstVersionWithMembers) {
        const member = { memberId: request.memberId, groupInstanceId: null, reason: null };
        const result = await services.groups.leaveGroup(request.groupId, [member]);
        const error = result.error === 'NONE' ? (result.members[0]?.error ?? 'NONE') : result.error;
        return { errorCode: errorCode(error) };
      }
      const result = await services.groups.leaveGroup(request.groupId, request.members);
      return {
        errorCode: errorCode(result.error),
        members: result.members.map(({ memberId, groupInstanceId, error }) => ({
          memberId,
          groupInstanceId,
          errorCode: errorCode(error),
        })),
      };
    },

    failed(_request, error) {
      return { errorCode: errorCode(error) };
    },
  };
}
