/**
 * AlterPartition, key 56, versions 2-3 (KIP-497), on the controller listener.
 *
 * v2 topic ids, INELIGIBLE_REPLICA (KIP-841); v3 broker epochs of the in-sync replicas (KIP-903).
 * Errors: NOT_CONTROLLER, STALE_BROKER_EPOCH (or not registered); of a partition UNKNOWN_TOPIC_ID,
 * UNKNOWN_TOPIC_OR_PARTITION, NOT_CONTROLLER, FENCED_LEADER_EPOCH, INVALID_UPDATE_VERSION, INVALID_REQUEST,
 * INELIGIBLE_REPLICA, NEW_LEADER_ELECTED.
 */
import { errorCode } from '../wire/errors.ts';
import { alterPartitionRequest, alterPartitionResponse } from '../wire/schema/alter-partition.ts';
import type { ControllerOfBrokers } from './controller-of-brokers.ts';
import type { Handler } from './handler.ts';

export function alterPartitionHandler(services: {
  readonly controller: ControllerOfBrokers;
}): Handler<typeof alterPartitionRequest, typeof alterPartitionResponse> {
  return {
    request: alterPartitionRequest,
    response: alterPartitionResponse,
    async handle(request) {
      const altered = await services.controller.alterPartition(request);
      return 'error' in altered ? { errorCode: errorCode(altered.error) } : { topics: altered };
    },
    failed: (_request, error) => ({ errorCode: errorCode(error) }),
  };
}
