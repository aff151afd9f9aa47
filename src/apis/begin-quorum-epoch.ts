/**
 * BeginQuorumEpoch, key 53, versions 0-1: a leader shows itself to a voter.
 *
 * v1 directory ids and endpoints (KIP-853).
 * Errors: INCONSISTENT_CLUSTER_ID; of the partition FENCED_LEADER_EPOCH, INVALID_VOTER_KEY; INVALID_REQUEST for any other partition.
 */
import { beginQuorumEpochFrom } from '../raft/raft-wire.ts';
import { errorCode } from '../wire/errors.ts';
import { beginQuorumEpochRequest, beginQuorumEpochResponse } from '../wire/schema/begin-quorum-epoch.ts';
import type { Handler } from './handler.ts';
import { handleLeaderEpoch, type QuorumServices } from './quorum-replica.ts';

export function beginQuorumEpochHandler(
  services: QuorumServices,
): Handler<typeof beginQuorumEpochRequest, typeof beginQuorumEpochResponse> {
  return {
    request: beginQuorumEpochRequest,
    response: beginQuorumEpochResponse,
    handle: (body, context) => handleLeaderEpoch(body, beginQuorumEpochFrom, services, context),
    failed: (_body, error) => ({ errorCode: errorCode(error) }),
  };
}
