/**
 * Vote, key 52, versions 0-2.
 *
 * v1 directory ids and endpoints (KIP-853); v2 pre-vote (KIP-996).
 * Errors: INCONSISTENT_CLUSTER_ID; of the partition FENCED_LEADER_EPOCH, INVALID_VOTER_KEY, INVALID_REQUEST (a log that a candidate of
 * that epoch cannot have); INVALID_REQUEST for any other partition.
 */
import type { VoteRequest } from '../raft/raft-message.ts';
import type { RaftAnswer } from '../raft/raft-transport.ts';
import { voteBodyOf, voteFrom } from '../raft/raft-wire.ts';
import { errorCode, KafkaError } from '../wire/errors.ts';
import { voteRequest, voteResponse } from '../wire/schema/vote.ts';
import type { Handler } from './handler.ts';
import { clusterProblem, NO_LIMITS, type QuorumServices } from './quorum-replica.ts';

const NO_LEADER = -1;

export function voteHandler(services: QuorumServices): Handler<typeof voteRequest, typeof voteResponse> {
  return {
    request: voteRequest,
    response: voteResponse,
    async handle(body, { apiVersion }) {
      const problem = clusterProblem(body.clusterId, services);
      if (problem !== 'NONE') return { errorCode: errorCode(problem) };
      const request = voteFrom(body);
      if (request === null) throw new KafkaError('INVALID_REQUEST');
      const { response, leaderAddress } = isPossible(request)
        ? await services.quorum.handle(request, NO_LIMITS)
        : refusal(services);
      if (response.kind !== 'vote') throw new Error(`${response.kind} for a vote`);
      return voteBodyOf(response, apiVersion >= 1 ? leaderAddress : null);
    },
    failed: (_body, error) => ({ errorCode: errorCode(error) }),
  };
}

/** A candidate votes in an epoch after all of its log; who asks beforehand may be in the last of them. */
function isPossible({ preVote, epoch, lastEpoch, lastEpochEndOffset }: VoteRequest): boolean {
  return lastEpoch >= 0 && lastEpochEndOffset >= 0 && (preVote ? lastEpoch <= epoch : lastEpoch < epoch);
}

function refusal({ quorum: { leaderEpoch, leaderId, leaderAddress } }: QuorumServices): RaftAnswer {
  const facts = { error: 'INVALID_REQUEST', epoch: leaderEpoch, leaderId: leaderId ?? NO_LEADER } as const;
  return { response: { kind: 'vote', ...facts, granted: false }, leaderAddress };
}
