/**
 * RemoveRaftVoter, key 81, version 0 (KIP-853), answered by the leader alone; a broker forwards it.
 *
 * Errors: INCONSISTENT_CLUSTER_ID, NOT_LEADER_OR_FOLLOWER, INVALID_REQUEST, UNSUPPORTED_VERSION (kraft.version 0),
 * VOTER_NOT_FOUND, REQUEST_TIMED_OUT.
 */
import { errorCode } from '../wire/errors.ts';
import { removeRaftVoterRequest, removeRaftVoterResponse } from '../wire/schema/remove-raft-voter.ts';
import type { Handler } from './handler.ts';
import { clusterProblem, clusterProblemMessage, type QuorumServices } from './quorum-replica.ts';

export function removeRaftVoterHandler(
  services: QuorumServices,
): Handler<typeof removeRaftVoterRequest, typeof removeRaftVoterResponse> {
  return {
    request: removeRaftVoterRequest,
    response: removeRaftVoterResponse,
    async handle(request) {
      const problem = clusterProblem(request.clusterId, services);
      if (problem !== 'NONE') {
        const errorMessage = clusterProblemMessage(request.clusterId, services);
        return { errorCode: errorCode(problem), errorMessage };
      }
      const { voterId, voterDirectoryId } = request;
      const voter = { replicaId: voterId, directoryId: voterDirectoryId };
      const { error, message } = await services.quorum.voterChanges.remove(voter);
      return { errorCode: errorCode(error), errorMessage: message };
    },
    failed: (_request, error, errorMessage) => ({ errorCode: errorCode(error), errorMessage }),
  };
}
