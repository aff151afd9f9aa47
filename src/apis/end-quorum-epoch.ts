/**
 * EndQuorumEpoch, key 54, versions 0-1: a leader tells that it leads no more.
 *
 * v1 directory ids and endpoints (KIP-853).
 * Errors: INCONSISTENT_CLUSTER_ID; of the partition FENCED_LEADER_EPOCH; INVALID_REQUEST for any other partition.
 */
import { endQuorumEpochFrom } from '../raft/raft-wire.ts';
import { errorCode } from '../wire/errors.ts';
import { endQuorumEpochRequest, endQuorumEpochResponse } from '../wire/schema/end-quorum-epoch.ts';
import type { Handler } from './handler.ts';
import { handleLeaderEpoch, type QuorumServices } from './quorum-replica.ts';

export function endQuorumEpochHandler(
  services: QuorumServices,
): Handler<typeof endQuorumEpochRequest, typeof endQuorumEpochResponse> {
  return {
    request: endQuorumEpochRequest,
    response: endQuorumEpochResponse,
    handle: (body, context) => handleLeaderEpoch(body, endQuorumEpochFrom, services, context),
    failed: (_body, error) => ({ errorCode: errorCode(error) }),
  };
}
