/**
 * UpdateRaftVoter, key 82, version 0 (KIP-853): a voter tells the leader where it listens and what it can.
 *
 * Errors: INCONSISTENT_CLUSTER_ID, FENCED_LEADER_EPOCH, UNKNOWN_LEADER_EPOCH, NOT_LEADER_OR_FOLLOWER, INVALID_REQUEST,
 * UNSUPPORTED_VERSION (kraft.version 0), VOTER_NOT_FOUND, REQUEST_TIMED_OUT.
 */
import { type ErrorName, errorCode } from '../wire/errors.ts';
import {
  type UpdateRaftVoterRequest,
  updateRaftVoterRequest,
  updateRaftVoterResponse,
} from '../wire/schema/update-raft-voter.ts';
import type { InputOf } from '../wire/schema.ts';
import type { Handler } from './handler.ts';
import { clusterProblem, type QuorumServices } from './quorum-replica.ts';

export function updateRaftVoterHandler(
  services: QuorumServices,
): Handler<typeof updateRaftVoterRequest, typeof updateRaftVoterResponse> {
  const { quorum } = services;
  const answer = (error: ErrorName): InputOf<typeof updateRaftVoterResponse> => {
    const { leaderId, leaderEpoch, leaderAddress } = quorum;
    const { host, port } = leaderAddress ?? { host: '', port: 0 };
    return { errorCode: errorCode(error), currentLeader: { leaderId: leaderId ?? -1, leaderEpoch, host, port } };
  };
  const problemOf = (request: UpdateRaftVoterRequest): ErrorName => {
    const problem = clusterProblem(request.clusterId, services);
    if (problem !== 'NONE') return problem;
    if (request.currentLeaderEpoch < quorum.leaderEpoch) return 'FENCED_LEADER_EPOCH';
    return request.currentLeaderEpoch > quorum.leaderEpoch ? 'UNKNOWN_LEADER_EPOCH' : 'NONE';
  };
  return {
    request: updateRaftVoterRequest,
    response: updateRaftVoterResponse,
    async handle(request) {
      const problem = problemOf(request);
      if (problem !== 'NONE') return answer(problem);
      const { minSupportedVersion, maxSupportedVersion } = request.kRaftVersionFeature;
      const { error } = await quorum.voterChanges.update({
        voterId: request.voterId,
        directoryId: request.voterDirectoryId,
        endpoints: request.listeners,
        kraftVersions: { min: minSupportedVersion, max: maxSupportedVersion },
      });
      return answer(error);
    },
    failed: (_request, error) => answer(error),
  };
}
