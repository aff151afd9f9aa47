/**
 * EndQuorumEpoch, key 54, versions 0-1: a leader tells that it leads no more.
 *
 * v1 directory ids and endpoints (KIP-853).
 * Errors: INCONSISTENT_CLUSTER_ID; of the partition FENCED_LEADER_EPOCH; INVALID_REQUEST for any other partition.
 */
import { endQuorumEpochFrom, epochBodyOf } from '../raft/raft-wire.ts';
import { errorCode, KafkaError } from '../wire/errors.ts';
import { endQuorumEpochRequest, endQuorumEpochResponse } from '../wire/schema/end-quorum-epoch.ts';
import type { Handler } from './handler.ts';
import { clusterProblem, NO_LIMITS, type QuorumServices } from './quorum-replica.ts';

export function endQuorumEpochHandler(
  services: QuorumServices,
): Handler<typeof endQuorumEpochRequest, typeof endQuorumEpochResponse> {
  return {
    request: endQuorumEpochRequest,
    response: endQuorumEpochResponse,
    async handle(body, { apiVersion, connection }) {
      const problem = clusterProblem(body.clusterId, services);
      if (problem !== 'NONE') return { errorCode: errorCode(problem) };
      const request = endQuorumEpochFrom(body);
      if (request === null) throw new KafkaError('INVALID_REQUEST');
      const sender = body.leaderEndpoints.find(({ name }) => name === connection.listenerName) ?? null;
      const { response, leaderAddress } = await services.quorum.handle(request, NO_LIMITS, sender);
      if (response.kind !== 'epoch') throw new Error(`${response.kind} for an epoch`);
      return epochBodyOf(response, apiVersion >= 1 ? leaderAddress : null);
    },
    failed: (_body, error) => ({ errorCode: errorCode(error) }),
  };
}
