/**
 * Vote, key 52, versions 0-2.
 *
 * v1 directory ids and endpoints (KIP-853); v2 pre-vote (KIP-996).
 * Errors: INCONSISTENT_CLUSTER_ID; of the partition FENCED_LEADER_EPOCH, INVALID_VOTER_KEY; INVALID_REQUEST for any other partition.
 */
import { voteBodyOf, voteFrom } from '../raft/raft-wire.ts';
import { errorCode, KafkaError } from '../wire/errors.ts';
import { voteRequest, voteResponse } from '../wire/schema/vote.ts';
import type { Handler } from './handler.ts';
import { clusterProblem, NO_LIMITS, type QuorumServices } from './quorum-replica.ts';

export function voteHandler(services: QuorumServices): Handler<typeof voteRequest, typeof voteResponse> {
  return {
    request: voteRequest,
    response: voteResponse,
    async handle(body, { apiVersion }) {
      const problem = clusterProblem(body.clusterId, services);
      if (problem !== 'NONE') return { errorCode: errorCode(problem) };
      const request = voteFrom(body);
      if (request === null) throw new KafkaError('INVALID_REQUEST');
      const { response, leaderAddress } = await services.quorum.handle(request, NO_LIMITS);
      if (response.kind !== 'vote') throw new Error(`${response.kind} for a vote`);
      return voteBodyOf(response, apiVersion >= 1 ? leaderAddress : null);
    },
    failed: (_body, error) => ({ errorCode: errorCode(error) }),
  };
}
