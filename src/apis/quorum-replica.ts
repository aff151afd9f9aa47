/** What the quorum's APIs need of this node's replica; `node.ts` plugs the driver in. */

import type { QuorumView } from '../raft/quorum-view.ts';
import type { BeginQuorumEpochRequest, EndQuorumEpochRequest, RaftRequest, ReplicaKey } from '../raft/raft-message.ts';
import type { Address, OwnVoter, RaftAnswer } from '../raft/raft-transport.ts';
import { epochBodyOf } from '../raft/raft-wire.ts';
import type { VoterChangeResult } from '../raft/voter-changes.ts';
import type { VoterSet } from '../raft/voter-set.ts';
import type { RequestLimits } from '../raft/waiting-requests.ts';
import { type ErrorName, errorCode, KafkaError } from '../wire/errors.ts';
import type { RequestContext } from './handler.ts';

export interface QuorumReplica {
  readonly clusterId: string;
  /** Rejects where this replica stops. */
  handle(request: RaftRequest, limits: RequestLimits, senderAddress?: Address | null): Promise<RaftAnswer>;
  /** Null where this replica does not lead. */
  describe(): QuorumView | null;
  readonly voters: VoterSet;
  readonly leaderId: number | null;
  readonly leaderEpoch: number;
  readonly leaderAddress: Address | null;
  readonly voterChanges: {
    add(
      voter: OwnVoter,
      options: { readonly timeoutMs: number; readonly ackWhenCommitted: boolean },
    ): Promise<VoterChangeResult>;
    remove(replica: ReplicaKey): Promise<VoterChangeResult>;
    update(voter: OwnVoter): Promise<VoterChangeResult>;
  };
}

export interface QuorumServices {
  readonly quorum: QuorumReplica;
}

/** Answered at once. */
export const NO_LIMITS: RequestLimits = { maxWaitMs: 0, maxBytes: 0 };

/** INCONSISTENT_CLUSTER_ID for another cluster's; a request may leave it out. */
export function clusterProblem(clusterId: string | null, { quorum }: QuorumServices): ErrorName {
  return clusterId === null || clusterId === quorum.clusterId ? 'NONE' : 'INCONSISTENT_CLUSTER_ID';
}

export function clusterProblemMessage(clusterId: string | null, { quorum }: QuorumServices): string {
  return `The given id "${clusterId}" doesn't match the cluster id "${quorum.clusterId}"`;
}

/** A leader begins or ends its epoch. `from` is null where the body names another partition than the quorum's. */
export async function handleLeaderEpoch<Body extends LeaderEpochBody>(
  body: Body,
  from: (body: Body) => BeginQuorumEpochRequest | EndQuorumEpochRequest | null,
  services: QuorumServices,
  { apiVersion, connection }: RequestContext,
): Promise<ReturnType<typeof epochBodyOf>> {
  const problem = clusterProblem(body.clusterId, services);
  if (problem !== 'NONE') return { errorCode: errorCode(problem) };
  const request = from(body);
  if (request === null) throw new KafkaError('INVALID_REQUEST');
  const sender = body.leaderEndpoints.find(({ name }) => name === connection.listenerName) ?? null;
  const { response, leaderAddress } = await services.quorum.handle(request, NO_LIMITS, sender);
  if (response.kind !== 'epoch') throw new Error(`${response.kind} for an epoch`);
  return epochBodyOf(response, apiVersion >= 1 ? leaderAddress : null);
}

interface LeaderEpochBody {
  readonly clusterId: string | null;
  readonly leaderEndpoints: readonly (Address & { readonly name: string })[];
}
