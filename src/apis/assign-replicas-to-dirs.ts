/**
 * AssignReplicasToDirs, key 73, version 0 (KIP-858), on the controller listener.
 *
 * Errors: NOT_CONTROLLER, STALE_BROKER_EPOCH (or not registered), UNSUPPORTED_VERSION (metadata.version older than
 * 3.7-IV2); of a partition UNKNOWN_TOPIC_ID, UNKNOWN_TOPIC_OR_PARTITION, NOT_LEADER_OR_FOLLOWER.
 */
import { errorCode } from '../wire/errors.ts';
import { assignReplicasToDirsRequest, assignReplicasToDirsResponse } from '../wire/schema/assign-replicas-to-dirs.ts';
import type { ControllerOfBrokers } from './controller-of-brokers.ts';
import type { Handler } from './handler.ts';

export function assignReplicasToDirsHandler(services: {
  readonly controller: ControllerOfBrokers;
}): Handler<typeof assignReplicasToDirsRequest, typeof assignReplicasToDirsResponse> {
  return {
    request: assignReplicasToDirsRequest,
    response: assignReplicasToDirsResponse,
    async handle(request) {
      const assigned = await services.controller.assignReplicasToDirs(request);
      return 'error' in assigned ? { errorCode: errorCode(assigned.error) } : { directories: assigned };
    },
    failed: (_request, error) => ({ errorCode: errorCode(error) }),
  };
}
