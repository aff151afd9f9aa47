/**
 * FetchSnapshot, key 59, versions 0-1: a replica takes a snapshot of the metadata, piece by piece (KIP-630).
 *
 * v1 directory ids and endpoints (KIP-853).
 * Errors: INCONSISTENT_CLUSTER_ID; of the partition NOT_LEADER_OR_FOLLOWER, FENCED_LEADER_EPOCH, UNKNOWN_LEADER_EPOCH,
 * SNAPSHOT_NOT_FOUND, POSITION_OUT_OF_RANGE; UNKNOWN_TOPIC_OR_PARTITION for any other partition.
 */
import { fetchSnapshotBodyOf, fetchSnapshotFrom } from '../raft/raft-wire.ts';
import { errorCode } from '../wire/errors.ts';
import { fetchSnapshotRequest, fetchSnapshotResponse } from '../wire/schema/fetch-snapshot.ts';
import type { Handler } from './handler.ts';
import { clusterProblem, type QuorumServices } from './quorum-replica.ts';

export interface FetchSnapshotServices extends QuorumServices {
  /** `controller.quorum.fetch.snapshot.max.bytes` */
  readonly quorumFetchSnapshotMaxBytes: number;
}

export function fetchSnapshotHandler(
  services: FetchSnapshotServices,
): Handler<typeof fetchSnapshotRequest, typeof fetchSnapshotResponse> {
  return {
    request: fetchSnapshotRequest,
    response: fetchSnapshotResponse,
    async handle(body, { apiVersion }) {
      const problem = clusterProblem(body.clusterId, services);
      if (problem !== 'NONE') return { errorCode: errorCode(problem) };
      const request = fetchSnapshotFrom(body);
      if (request === null) return { errorCode: errorCode('UNKNOWN_TOPIC_OR_PARTITION') };
      const maxBytes = Math.max(1, Math.min(body.maxBytes, services.quorumFetchSnapshotMaxBytes));
      const { response, leaderAddress } = await services.quorum.handle(request, { maxWaitMs: 0, maxBytes });
      if (response.kind !== 'fetchSnapshot') throw new Error(`${response.kind} for a snapshot`);
      return fetchSnapshotBodyOf(response, apiVersion >= 1 ? leaderAddress : null);
    },
    failed: (_body, error) => ({ errorCode: errorCode(error) }),
  };
}
