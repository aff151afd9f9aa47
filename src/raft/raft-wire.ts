/**
 * The quorum's messages as Kafka's (KIP-595, 630, 853, 996, 1166), in both directions. Each of Kafka's carries a list of
 * topics, of which the quorum's is the only one.
 *
 * Versions below the newest lack directory ids and endpoints, never what the rules need of a cluster without them; Vote before
 * version 2 cannot ask for a pre-vote, and encoding it fails.
 */
import { ONE_UUID, type Uuid, ZERO_UUID } from '../base/uuid.ts';
import { errorCode, errorName } from '../wire/errors.ts';
import type { Answer, NodeClient, SendOptions } from '../wire/node-client.ts';
import {
  type BeginQuorumEpochRequest as BeginQuorumEpochBody,
  beginQuorumEpochRequest,
  beginQuorumEpochResponse,
} from '../wire/schema/begin-quorum-epoch.ts';
import {
  type EndQuorumEpochRequest as EndQuorumEpochBody,
  endQuorumEpochRequest,
  endQuorumEpochResponse,
} from '../wire/schema/end-quorum-epoch.ts';
import { type FetchRequest as FetchBody, fetchRequest, fetchResponse } from '../wire/schema/fetch.ts';
import {
  type FetchSnapshotRequest as FetchSnapshotBody,
  fetchSnapshotRequest,
  fetchSnapshotResponse,
} from '../wire/schema/fetch-snapshot.ts';
import { type VoteRequest as VoteBody, voteRequest, voteResponse } from '../wire/schema/vote.ts';
import type { InputOf } from '../wire/schema.ts';
import type {
  BeginQuorumEpochRequest,
  EndQuorumEpochRequest,
  EpochResponse,
  FetchRequest,
  FetchResponse,
  FetchSnapshotRequest,
  FetchSnapshotResponse,
  RaftRequest,
  RaftResponse,
  ReplicaKey,
  VoteRequest,
  VoteResponse,
} from './raft-message.ts';
import { type Address, QuorumRefusal, type RaftAnswer } from './raft-transport.ts';
import type { VoterEndpoint } from './voter-set.ts';

export const QUORUM_TOPIC = '__cluster_metadata';
export const QUORUM_TOPIC_ID: Uuid = ONE_UUID;
const QUORUM_PARTITION = 0;

/** What every request of one replica has in common. */
export interface RaftSender {
  readonly clusterId: string;
  readonly endpoints: readonly VoterEndpoint[];
  /** `fetchMaxWaitMs` of Kafka's quorum. */
  readonly fetchMaxWaitMs: number;
  readonly fetchMaxBytes: number;
  readonly fetchSnapshotMaxBytes: number;
}

// ---- the side that asks

/** Rejects where there is no answer, or one that says nothing of the quorum. */
export async function askOver(client: NodeClient, request: RaftRequest, sender: RaftSender): Promise<RaftAnswer> {
  switch (request.kind) {
    case 'vote': {
      const exchange = { request: voteRequest, response: voteResponse };
      const answer = await client.send(exchange, { body: voteBody(request, sender) });
      const { partition, leaderAddress } = only(answer.body);
      return { response: { kind: 'vote', ...facts(partition), granted: partition.voteGranted }, leaderAddress };
    }
    case 'beginQuorumEpoch': {
      const exchange = { request: beginQuorumEpochRequest, response: beginQuorumEpochResponse };
      return epochAnswer(await client.send(exchange, { body: beginQuorumEpochBody(request, sender) }));
    }
    case 'endQuorumEpoch': {
      const exchange = { request: endQuorumEpochRequest, response: endQuorumEpochResponse };
      return epochAnswer(await client.send(exchange, { body: endQuorumEpochBody(request, sender) }));
    }
    case 'fetch': {
      const exchange = { request: fetchRequest, response: fetchResponse };
      return fetchAnswer(await client.send(exchange, fetchOptions(request, sender)));
    }
    case 'fetchSnapshot': {
      const exchange = { request: fetchSnapshotRequest, response: fetchSnapshotResponse };
      return snapshotAnswer(await client.send(exchange, { body: fetchSnapshotBody(request, sender) }));
    }
  }
}

/** Before the answer is due a fetch may have waited, so its time is longer than that of other requests. */
function fetchOptions(request: FetchRequest, sender: RaftSender): SendOptions<typeof fetchRequest> {
  return {
    body: (apiVersion) => ({
      clusterId: sender.clusterId,
      ...(apiVersion >= 15
        ? { replicaState: { replicaId: request.from.replicaId } }
        : { replicaId: request.from.replicaId }),
      maxWaitMs: sender.fetchMaxWaitMs,
      minBytes: 0,
      maxBytes: sender.fetchMaxBytes,
      topics: [
        {
          topic: QUORUM_TOPIC,
          topicId: QUORUM_TOPIC_ID,
          partitions: [
            {
              partition: QUORUM_PARTITION,
              currentLeaderEpoch: request.epoch,
              fetchOffset: request.fetchOffset,
              lastFetchedEpoch: request.lastFetchedEpoch,
              partitionMaxBytes: sender.fetchMaxBytes,
              replicaDirectoryId: request.from.directoryId,
              highWatermark: request.highWatermark,
            },
          ],
        },
      ],
    }),
  };
}

function voteBody(request: VoteRequest, { clusterId }: RaftSender): InputOf<typeof voteRequest> {
  return {
    clusterId,
    voterId: request.voter?.replicaId ?? -1,
    topics: [
      {
        topicName: QUORUM_TOPIC,
        partitions: [
          {
            partitionIndex: QUORUM_PARTITION,
            replicaEpoch: request.epoch,
            replicaId: request.from.replicaId,
            replicaDirectoryId: request.from.directoryId,
            voterDirectoryId: request.voter?.directoryId ?? ZERO_UUID,
            lastOffsetEpoch: request.lastEpoch,
            lastOffset: request.lastEpochEndOffset,
            preVote: request.preVote,
          },
        ],
      },
    ],
  };
}

function beginQuorumEpochBody(
  request: BeginQuorumEpochRequest,
  { clusterId, endpoints }: RaftSender,
): InputOf<typeof beginQuorumEpochRequest> {
  return {
    clusterId,
    voterId: request.voter?.replicaId ?? -1,
    topics: [
      {
        topicName: QUORUM_TOPIC,
        partitions: [
          {
            partitionIndex: QUORUM_PARTITION,
            voterDirectoryId: request.voter?.directoryId ?? ZERO_UUID,
            leaderId: request.from.replicaId,
            leaderEpoch: request.epoch,
          },
        ],
      },
    ],
    leaderEndpoints: endpoints,
  };
}

function endQuorumEpochBody(
  request: EndQuorumEpochRequest,
  { clusterId, endpoints }: RaftSender,
): InputOf<typeof endQuorumEpochRequest> {
  return {
    clusterId,
    topics: [
      {
        topicName: QUORUM_TOPIC,
        partitions: [
          {
            partitionIndex: QUORUM_PARTITION,
            leaderId: request.from.replicaId,
            leaderEpoch: request.epoch,
            preferredSuccessors: request.preferredSuccessors.map(({ replicaId }) => replicaId),
            preferredCandidates: request.preferredSuccessors.map(({ replicaId, directoryId }) => ({
              candidateId: replicaId,
              candidateDirectoryId: directoryId,
            })),
          },
        ],
      },
    ],
    leaderEndpoints: endpoints,
  };
}

function fetchSnapshotBody(
  request: FetchSnapshotRequest,
  { clusterId, fetchSnapshotMaxBytes }: RaftSender,
): InputOf<typeof fetchSnapshotRequest> {
  return {
    clusterId,
    replicaId: request.from.replicaId,
    maxBytes: fetchSnapshotMaxBytes,
    topics: [
      {
        name: QUORUM_TOPIC,
        partitions: [
          {
            partition: QUORUM_PARTITION,
            currentLeaderEpoch: request.epoch,
            snapshotId: request.snapshotId,
            position: request.position,
            replicaDirectoryId: request.from.directoryId,
          },
        ],
      },
    ],
  };
}

interface Endpoints {
  readonly nodeEndpoints: readonly { readonly nodeId: number; readonly host: string; readonly port: number }[];
}

function addressIn({ nodeEndpoints }: Endpoints, leaderId: number): Address | null {
  const found = nodeEndpoints.find(({ nodeId }) => nodeId === leaderId);
  return found === undefined ? null : { host: found.host, port: found.port };
}

/** The one partition of an answer. Throws where the request failed as a whole. */
function only<P extends { readonly leaderId: number }>(
  body: { readonly errorCode: number; readonly topics: readonly { readonly partitions: readonly P[] }[] } & Endpoints,
): { readonly partition: P; readonly leaderAddress: Address | null } {
  const partition = body.topics[0]?.partitions[0];
  if (body.errorCode !== 0 || partition === undefined) throw new QuorumRefusal(errorName(body.errorCode));
  return { partition, leaderAddress: addressIn(body, partition.leaderId) };
}

function facts(partition: { readonly errorCode: number; readonly leaderId: number; readonly leaderEpoch: number }) {
  return { error: errorName(partition.errorCode), leaderId: partition.leaderId, epoch: partition.leaderEpoch };
}

function epochAnswer({
  body,
}: Answer<typeof beginQuorumEpochResponse> | Answer<typeof endQuorumEpochResponse>): RaftAnswer {
  const { partition, leaderAddress } = only(body);
  return { response: { kind: 'epoch', ...facts(partition) }, leaderAddress };
}

function fetchAnswer({ body }: Answer<typeof fetchResponse>): RaftAnswer {
  const partition = body.responses[0]?.partitions[0];
  if (body.errorCode !== 0 || partition === undefined) throw new QuorumRefusal(errorName(body.errorCode));
  const { leaderId, leaderEpoch } = partition.currentLeader;
  const { divergingEpoch, snapshotId } = partition;
  const response: FetchResponse = {
    kind: 'fetch',
    error: errorName(partition.errorCode),
    epoch: leaderEpoch,
    leaderId,
    highWatermark: partition.highWatermark,
    logStartOffset: partition.logStartOffset,
    diverging:
      divergingEpoch.endOffset < 0 ? null : { leaderEpoch: divergingEpoch.epoch, endOffset: divergingEpoch.endOffset },
    snapshotId: snapshotId.endOffset < 0 ? null : snapshotId,
    records: partition.records ?? EMPTY,
  };
  return { response, leaderAddress: addressIn(body, leaderId) };
}

function snapshotAnswer({ body }: Answer<typeof fetchSnapshotResponse>): RaftAnswer {
  const partition = body.topics[0]?.partitions[0];
  if (body.errorCode !== 0 || partition === undefined) throw new QuorumRefusal(errorName(body.errorCode));
  const { leaderId, leaderEpoch } = partition.currentLeader;
  const response: FetchSnapshotResponse = {
    kind: 'fetchSnapshot',
    error: errorName(partition.errorCode),
    epoch: leaderEpoch,
    leaderId,
    snapshotId: partition.snapshotId,
    size: partition.size,
    position: partition.position,
    data: partition.unalignedRecords ?? EMPTY,
  };
  return { response, leaderAddress: addressIn(body, leaderId) };
}

// ---- the side that is asked; null: the request is not of the quorum's partition

export function voteFrom(body: VoteBody): VoteRequest | null {
  const partition = onlyOf(body.topics);
  if (partition === null) return null;
  const { replicaId, replicaDirectoryId, voterDirectoryId } = partition;
  return {
    kind: 'vote',
    from: { replicaId, directoryId: replicaDirectoryId },
    epoch: partition.replicaEpoch,
    voter: keyOrNull(body.voterId, voterDirectoryId),
    preVote: partition.preVote,
    lastEpoch: partition.lastOffsetEpoch,
    lastEpochEndOffset: partition.lastOffset,
  };
}

export function beginQuorumEpochFrom(body: BeginQuorumEpochBody): BeginQuorumEpochRequest | null {
  const partition = onlyOf(body.topics);
  if (partition === null) return null;
  return {
    kind: 'beginQuorumEpoch',
    from: { replicaId: partition.leaderId, directoryId: ZERO_UUID },
    epoch: partition.leaderEpoch,
    voter: keyOrNull(body.voterId, partition.voterDirectoryId),
  };
}

export function endQuorumEpochFrom(body: EndQuorumEpochBody): EndQuorumEpochRequest | null {
  const partition = onlyOf(body.topics);
  if (partition === null) return null;
  const { preferredCandidates, preferredSuccessors } = partition;
  return {
    kind: 'endQuorumEpoch',
    from: { replicaId: partition.leaderId, directoryId: ZERO_UUID },
    epoch: partition.leaderEpoch,
    preferredSuccessors:
      preferredCandidates.length > 0
        ? preferredCandidates.map(({ candidateId, candidateDirectoryId }) => ({
            replicaId: candidateId,
            directoryId: candidateDirectoryId,
          }))
        : preferredSuccessors.map((replicaId) => ({ replicaId, directoryId: ZERO_UUID })),
  };
}

export function fetchFrom(body: FetchBody, apiVersion: number): FetchRequest | null {
  const [topic] = body.topics;
  const [partition] = topic?.partitions ?? [];
  const isQuorum = apiVersion >= 13 ? topic?.topicId === QUORUM_TOPIC_ID : topic?.topic === QUORUM_TOPIC;
  if (partition?.partition !== QUORUM_PARTITION || !isQuorum || body.topics.length !== 1) return null;
  if (topic?.partitions.length !== 1) return null;
  return {
    kind: 'fetch',
    from: {
      replicaId: apiVersion >= 15 ? body.replicaState.replicaId : body.replicaId,
      directoryId: partition.replicaDirectoryId,
    },
    epoch: partition.currentLeaderEpoch,
    fetchOffset: partition.fetchOffset,
    lastFetchedEpoch: partition.lastFetchedEpoch,
    highWatermark: partition.highWatermark,
  };
}

export function fetchSnapshotFrom(body: FetchSnapshotBody): FetchSnapshotRequest | null {
  const [topic] = body.topics;
  const [partition] = topic?.partitions ?? [];
  if (topic?.name !== QUORUM_TOPIC || partition?.partition !== QUORUM_PARTITION || body.topics.length !== 1)
    return null;
  return {
    kind: 'fetchSnapshot',
    from: { replicaId: body.replicaId, directoryId: partition.replicaDirectoryId },
    epoch: partition.currentLeaderEpoch,
    snapshotId: partition.snapshotId,
    position: partition.position,
  };
}

export function voteBodyOf(response: VoteResponse, address: Address | null): InputOf<typeof voteResponse> {
  const partition = { ...partitionOf(response), voteGranted: response.granted };
  return { topics: [{ topicName: QUORUM_TOPIC, partitions: [partition] }], ...endpointsOf(response, address) };
}

/** Of BeginQuorumEpoch and EndQuorumEpoch. */
export function epochBodyOf(
  response: EpochResponse,
  address: Address | null,
): InputOf<typeof beginQuorumEpochResponse> {
  return {
    topics: [{ topicName: QUORUM_TOPIC, partitions: [partitionOf(response)] }],
    ...endpointsOf(response, address),
  };
}

export function fetchBodyOf(response: FetchResponse, address: Address | null): InputOf<typeof fetchResponse> {
  const { diverging, snapshotId, epoch, leaderId } = response;
  return {
    responses: [
      {
        topic: QUORUM_TOPIC,
        topicId: QUORUM_TOPIC_ID,
        partitions: [
          {
            partitionIndex: QUORUM_PARTITION,
            errorCode: errorCode(response.error),
            highWatermark: response.highWatermark,
            logStartOffset: response.logStartOffset,
            currentLeader: { leaderId, leaderEpoch: epoch },
            ...(diverging === null
              ? {}
              : { divergingEpoch: { epoch: diverging.leaderEpoch, endOffset: diverging.endOffset } }),
            ...(snapshotId === null ? {} : { snapshotId }),
            abortedTransactions: null,
            records: response.records,
          },
        ],
      },
    ],
    ...endpointsOf(response, address),
  };
}

export function fetchSnapshotBodyOf(
  response: FetchSnapshotResponse,
  address: Address | null,
): InputOf<typeof fetchSnapshotResponse> {
  const { epoch, leaderId } = response;
  return {
    topics: [
      {
        name: QUORUM_TOPIC,
        partitions: [
          {
            index: QUORUM_PARTITION,
            errorCode: errorCode(response.error),
            snapshotId: response.snapshotId,
            currentLeader: { leaderId, leaderEpoch: epoch },
            size: response.size,
            position: response.position,
            unalignedRecords: response.data,
          },
        ],
      },
    ],
    ...endpointsOf(response, address),
  };
}

function onlyOf<P extends { readonly partitionIndex: number }>(
  topics: readonly { readonly topicName: string; readonly partitions: readonly P[] }[],
): P | null {
  const [topic] = topics;
  const [partition] = topic?.partitions ?? [];
  if (topics.length !== 1 || topic?.topicName !== QUORUM_TOPIC || topic.partitions.length !== 1) return null;
  return partition?.partitionIndex === QUORUM_PARTITION ? partition : null;
}

function keyOrNull(replicaId: number, directoryId: Uuid): ReplicaKey | null {
  return replicaId < 0 ? null : { replicaId, directoryId };
}

function partitionOf({ error, leaderId, epoch }: RaftResponse) {
  return { partitionIndex: QUORUM_PARTITION, errorCode: errorCode(error), leaderId, leaderEpoch: epoch };
}

/** Older versions have no place for them, and their senders know where the voters listen. */
function endpointsOf({ leaderId }: RaftResponse, address: Address | null) {
  return address === null || leaderId < 0 ? {} : { nodeEndpoints: [{ nodeId: leaderId, ...onlyAddress(address) }] };
}

function onlyAddress({ host, port }: Address): Address {
  return { host, port };
}

const EMPTY = Buffer.alloc(0);
