/**
 * JoinGroup, key 11, versions 0-9.
 *
 * v1 rebalance timeout (KIP-62); v4 MEMBER_ID_REQUIRED (KIP-394); v5 static members (KIP-345); v6 flexible; v7 protocol
 * type in the response (KIP-559); v8 reason (KIP-800); v9 skip assignment (KIP-814).
 * Errors: INVALID_GROUP_ID, INVALID_SESSION_TIMEOUT, UNKNOWN_MEMBER_ID, MEMBER_ID_REQUIRED, FENCED_INSTANCE_ID,
 * GROUP_MAX_SIZE_REACHED, INCONSISTENT_GROUP_PROTOCOL, COORDINATOR_LOAD_IN_PROGRESS, COORDINATOR_NOT_AVAILABLE,
 * NOT_COORDINATOR.
 */
import type { GroupCoordinator } from '../coordinator/group/group-coordinator.ts';
import { errorCode } from '../wire/errors.ts';
import { joinGroupRequest, joinGroupResponse } from '../wire/schema/join-group.ts';
import type { Handler, RequestContext } from './handler.ts';

export interface JoinGroupServices {
  readonly groups: Pick<GroupCoordinator, 'joinGroup'>;
}

const firstVersionWithRebalanceTimeout = 1;
const firstVersionWithRequiredMemberId = 4;
const firstVersionWithNullableProtocol = 7;
const firstVersionWithSkipAssignment = 9;

export function joinGroupHandler(
  services: JoinGroupServices,
): Handler<typeof joinGroupRequest, typeof joinGroupResponse> {
  return {
    request: joinGroupRequest,
    response: joinGroupResponse,

    async handle(request, context) {
      const { apiVersion } = context;
      const { error, ...result } = await services.groups.joinGroup(
        {
          ...request,
          rebalanceTimeoutMs:
            apiVersion >= firstVersionWithRebalanceTimeout ? request.rebalanceTimeoutMs : request.sessionTimeoutMs,
          requiresKnownMemberId: apiVersion >= firstVersionWithRequiredMemberId,
          supportsSkippingAssignment: apiVersion >= firstVersionWithSkipAssignment,
        },
        groupClientOf(context),
      );
      return {
        ...result,
        errorCode: errorCode(error),
        protocolName: result.protocolName ?? noProtocolName(apiVersion),
      };
    },

    failed(_request, error, _message, { apiVersion }) {
      return { errorCode: errorCode(error), protocolName: noProtocolName(apiVersion) };
    },
  };
}

function noProtocolName(apiVersion: number): string | null {
  return apiVersion >= firstVersionWithNullableProtocol ? null : '';
}

/** A missing client id counts as an empty one, as in Kafka. */
function groupClientOf(context: RequestContext): { readonly clientId: string; readonly clientHost: string } {
  return { clientId: context.clientId ?? '', clientHost: `/${context.connection.clientAddress}` };
}
