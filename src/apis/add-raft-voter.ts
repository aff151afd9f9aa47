/**
 * AddRaftVoter, key 80, versions 0-1 (KIP-853), answered by the leader alone; a broker forwards it.
 *
 * v1 may be answered before the change is committed.
 * Errors: INCONSISTENT_CLUSTER_ID, NOT_LEADER_OR_FOLLOWER, INVALID_REQUEST, UNSUPPORTED_VERSION (kraft.version 0),
 * DUPLICATE_VOTER, REQUEST_TIMED_OUT.
 */
import { errorCode } from '../wire/errors.ts';
import { addRaftVoterRequest, addRaftVoterResponse } from '../wire/schema/add-raft-voter.ts';
import type { Handler } from './handler.ts';
import { clusterProblem, clusterProblemMessage, type QuorumServices } from './quorum-replica.ts';

/** The leader asks the new voter itself. */
const UNKNOWN_KRAFT_VERSIONS = { min: 0, max: 0 };

export function addRaftVoterHandler(
  services: QuorumServices,
): Handler<typeof addRaftVoterRequest, typeof addRaftVoterResponse> {
  return {
    request: addRaftVoterRequest,
    response: addRaftVoterResponse,
    async handle(request) {
      const problem = clusterProblem(request.clusterId, services);
      if (problem !== 'NONE') {
        const errorMessage = clusterProblemMessage(request.clusterId, services);
        return { errorCode: errorCode(problem), errorMessage };
      }
      const { voterId, voterDirectoryId, listeners, timeoutMs, ackWhenCommitted } = request;
      const { error, message } = await services.quorum.voterChanges.add(
        { voterId, directoryId: voterDirectoryId, endpoints: listeners, kraftVersions: UNKNOWN_KRAFT_VERSIONS },
        { timeoutMs, ackWhenCommitted },
      );
      return { errorCode: errorCode(error), errorMessage: message };
    },
    failed: (_request, error, errorMessage) => ({ errorCode: errorCode(error), errorMessage }),
  };
}
