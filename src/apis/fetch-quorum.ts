/**
 * Fetch of the metadata log on a controller listener, key 1, versions 4-18: voters and observers replicate by it (KIP-595).
 *
 * v12 diverging epoch, snapshot id, current leader; v17 directory ids and endpoints (KIP-853); v18 the sender's high watermark, so
 * that it hears at once of a newer one (KIP-1166).
 * Errors: INCONSISTENT_CLUSTER_ID; of the partition NOT_LEADER_OR_FOLLOWER, FENCED_LEADER_EPOCH, UNKNOWN_LEADER_EPOCH;
 * INVALID_REQUEST for any other partition, and for a negative offset, epoch or wait.
 */
import { fetchBodyOf, fetchFrom } from '../raft/raft-wire.ts';
import { errorCode, KafkaError } from '../wire/errors.ts';
import { fetchRequest, fetchResponse } from '../wire/schema/fetch.ts';
import type { Handler } from './handler.ts';
import { clusterProblem, type QuorumServices } from './quorum-replica.ts';

export interface FetchQuorumServices extends QuorumServices {
  /** `controller.quorum.fetch.max.bytes` */
  readonly quorumFetchMaxBytes: number;
}

/** Kafka's quorum answers no sooner to anyone than it would to a voter. */
const MAX_WAIT_MS = 30_000;

export function fetchQuorumHandler(services: FetchQuorumServices): Handler<typeof fetchRequest, typeof fetchResponse> {
  return {
    request: fetchRequest,
    response: fetchResponse,
    async handle(body, { apiVersion }) {
      const problem = clusterProblem(body.clusterId, services);
      if (problem !== 'NONE') return { errorCode: errorCode(problem) };
      const request = fetchFrom(body, apiVersion);
      const isBad = request === null || request.fetchOffset < 0 || request.lastFetchedEpoch < 0 || request.epoch < 0;
      if (isBad || body.maxWaitMs < 0) throw new KafkaError('INVALID_REQUEST');
      const maxBytes = Math.max(1, Math.min(body.maxBytes, services.quorumFetchMaxBytes));
      const limits = { maxWaitMs: Math.min(body.maxWaitMs, MAX_WAIT_MS), maxBytes };
      const { response, leaderAddress } = await services.quorum.handle(request, limits);
      if (response.kind !== 'fetch') throw new Error(`${response.kind} for a fetch`);
      return fetchBodyOf(response, apiVersion >= 17 ? leaderAddress : null);
    },
    failed: (_body, error) => ({ errorCode: errorCode(error) }),
  };
}
