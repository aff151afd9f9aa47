/**
 * BrokerHeartbeat, key 63, versions 0-2 (KIP-631), on the controller listener.
 *
 * v1 offline log directories (KIP-858); v2 cordoned log directories (KIP-1066).
 * Errors: NOT_CONTROLLER, STALE_BROKER_EPOCH (or not registered).
 */
import { errorCode } from '../wire/errors.ts';
import { brokerHeartbeatRequest, brokerHeartbeatResponse } from '../wire/schema/broker-heartbeat.ts';
import type { ControllerOfBrokers } from './controller-of-brokers.ts';
import type { Handler } from './handler.ts';

export function brokerHeartbeatHandler(services: {
  readonly controller: ControllerOfBrokers;
}): Handler<typeof brokerHeartbeatRequest, typeof brokerHeartbeatResponse> {
  return {
    request: brokerHeartbeatRequest,
    response: brokerHeartbeatResponse,
    async handle(request) {
      const reply = await services.controller.brokerHeartbeat(request);
      return 'error' in reply ? { errorCode: errorCode(reply.error) } : reply;
    },
    failed: (_request, error) => ({ errorCode: errorCode(error) }),
  };
}
