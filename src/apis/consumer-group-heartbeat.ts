/**
 * ConsumerGroupHeartbeat, key 68, versions 0-1 (KIP-848). v1 regular expressions, member ids chosen by the client.
 *
 * Errors: INVALID_REQUEST, UNSUPPORTED_VERSION (the protocol is switched off), UNSUPPORTED_ASSIGNOR,
 * INVALID_REGULAR_EXPRESSION, GROUP_ID_NOT_FOUND, GROUP_MAX_SIZE_REACHED, UNKNOWN_MEMBER_ID, FENCED_MEMBER_EPOCH,
 * FENCED_INSTANCE_ID, UNRELEASED_INSTANCE_ID, COORDINATOR_LOAD_IN_PROGRESS, COORDINATOR_NOT_AVAILABLE, NOT_COORDINATOR.
 */
import type { GroupCoordinator } from '../coordinator/group/group-coordinator.ts';
import { errorCode } from '../wire/errors.ts';
import {
  consumerGroupHeartbeatRequest,
  consumerGroupHeartbeatResponse,
} from '../wire/schema/consumer-group-heartbeat.ts';
import type { Handler } from './handler.ts';

export interface ConsumerGroupHeartbeatServices {
  readonly groups: Pick<GroupCoordinator, 'consumerGroupHeartbeat'>;
}

export function consumerGroupHeartbeatHandler(
  services: ConsumerGroupHeartbeatServices,
): Handler<typeof consumerGroupHeartbeatRequest, typeof consumerGroupHeartbeatResponse> {
  return {
    request: consumerGroupHeartbeatRequest,
    response: consumerGroupHeartbeatResponse,

    async handle(request, { apiVersion, clientId, connection }) {
      const client = { clientId: clientId ?? '', clientHost: `/${connection.clientAddress}` };
      const result = await services.groups.consumerGroupHeartbeat(request, client, apiVersion);
      return {
        errorCode: errorCode(result.error),
        errorMessage: result.errorMessage,
        memberId: result.memberId,
        memberEpoch: result.memberEpoch,
        heartbeatIntervalMs: result.heartbeatIntervalMs,
        assignment: result.assignment === null ? null : { topicPartitions: result.assignment },
      };
    },

    failed(_request, error, message) {
      return { errorCode: errorCode(error), errorMessage: message };
    },
  };
}
