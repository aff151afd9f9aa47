/**
 * Fetch, key 1, versions 4-18.
 *
 * v4 isolation level; v5 log start offset; v7 sessions (KIP-227); v9 current leader epoch (KIP-320); v10 zstd;
 * v11 rack (KIP-392); v12 flexible, diverging epoch (KIP-595); v13 topic ids (KIP-516); v15 replica state (KIP-903);
 * v16 endpoints of current leaders (KIP-951); v17 directory id (KIP-853); v18 high watermark of the follower (KIP-1166).
 * Errors of the request: INVALID_REQUEST (isolation level), FETCH_SESSION_ID_NOT_FOUND, INVALID_FETCH_SESSION_EPOCH, FETCH_SESSION_TOPIC_ID_ERROR.
 * Errors of a partition: UNKNOWN_TOPIC_ID, INCONSISTENT_TOPIC_ID, UNKNOWN_TOPIC_OR_PARTITION, NOT_LEADER_OR_FOLLOWER,
 * FENCED_LEADER_EPOCH, UNKNOWN_LEADER_EPOCH, OFFSET_OUT_OF_RANGE, KAFKA_STORAGE_ERROR, UNSUPPORTED_COMPRESSION_TYPE.
 *
 * Record batches go out as the log gives them; nothing here looks into them.
 */
import type { Clock } from '../base/clock.ts';
import type { Offset } from '../base/flavor.ts';
import { ZERO_UUID } from '../base/uuid.ts';
import {
  type FetchIsolation,
  type FetchResult,
  failedFetch,
  noPreferredReplica,
  noRecords,
} from '../replication/fetch-records.ts';
import type { FetchContext, RequestedPartition } from '../replication/fetch-session.ts';
import { partitionKey, SessionPartition } from '../replication/fetch-session.ts';
import type { FetchSessionCache, SessionRequest } from '../replication/fetch-session-cache.ts';
import type { HostedPartitions } from '../replication/hosted-partitions.ts';
import type { Partition } from '../replication/partition.ts';
import type { InputOf } from '../wire/codec.ts';
import { type ErrorName, errorCode, KafkaError } from '../wire/errors.ts';
import { type FetchRequest, fetchRequest, fetchResponse } from '../wire/schema/fetch.ts';
import type { ClientQuotas } from './client-quotas.ts';
import { CurrentLeaders } from './current-leader.ts';
import type { Handler, RequestContext } from './handler.ts';
import type { MetadataView } from './metadata-view.ts';
import type { RequestMonitor } from './request-monitor.ts';

export interface FetchServices {
  readonly partitions: Pick<HostedPartitions, 'fetch' | 'compressionType'>;
  readonly sessions: FetchSessionCache;
  readonly metadata: MetadataView;
  readonly clock: Clock;
  /** `fetch.max.bytes` */
  readonly fetchMaxBytes: () => number;
  /** By `replica.selector.class`; null: consumers stay with the leader. */
  readonly replicaSelector: ReplicaSelector | null;
  readonly quotas: Pick<ClientQuotas, 'chargeFetched' | 'refundFetched' | 'chargeTime' | 'fetchBytesMax'>;
  readonly monitor?: Pick<RequestMonitor, 'alsoAs'>;
}

/** Which replica a consumer in this rack, connected here, should rather ask; null for the leader. */
export type ReplicaSelector = (
  partition: Partition,
  query: { readonly rack: string; readonly fetchOffset: Offset; readonly listenerName: string },
) => number | null;

type Response = InputOf<typeof fetchResponse>;
type TopicResponse = NonNullable<Response['responses']>[number];
type PartitionResponse = NonNullable<TopicResponse['partitions']>[number];

const firstVersionWithStorageError = 6;
const firstVersionWithZstd = 10;
const firstVersionWithRack = 11;
const firstVersionWithTopicIds = 13;
const firstVersionWithReplicaState = 15;
const firstVersionWithEndpoints = 16;
const consumerReplicaId = -1;
const readUncommitted = 0;
const readCommitted = 1;
const noAbortedTransactions: readonly never[] = [];

export function fetchHandler(services: FetchServices): Handler<typeof fetchRequest, typeof fetchResponse> {
  const { partitions, sessions, metadata, clock } = services;
  return {
    request: fetchRequest,
    response: fetchResponse,

    handle(request, context) {
      const version = context.apiVersion;
      if (request.isolationLevel !== readUncommitted && request.isolationLevel !== readCommitted) {
        throw new KafkaError('INVALID_REQUEST', `Unknown isolation level ${request.isolationLevel}.`);
      }
      const replicaId = version >= firstVersionWithReplicaState ? request.replicaState.replicaId : request.replicaId;
      services.monitor?.alsoAs(replicaId >= 0 ? 'FetchFollower' : 'FetchConsumer', context);
      const session = sessions.begin(sessionRequest(request, version, replicaId, metadata, clock.nowMs()));
      const { interesting, erroneous } = sortOut(session.partitions, metadata, version);
      const answer = (results: readonly FetchResult[]): Response =>
        respond(services, context, {
          session,
          results: erroneous.length === 0 ? results : [...results, ...erroneous],
          fromFollower: replicaId >= 0,
        });
      if (interesting.length === 0) return answer([]);

      const quotaBytes = replicaId >= 0 ? Number.POSITIVE_INFINITY : services.quotas.fetchBytesMax(context);
      const maxBytes = Math.min(request.maxBytes, services.fetchMaxBytes(), quotaBytes);
      const results = partitions.fetch({
        replicaId,
        replicaEpoch: version >= firstVersionWithReplicaState ? request.replicaState.replicaEpoch : -1,
        leaderOnly: replicaId >= 0 || (replicaId === consumerReplicaId && version < firstVersionWithRack),
        isolation: isolationOf(replicaId, request.isolationLevel),
        maxWaitMs: request.maxWaitMs,
        minBytes: Math.min(request.minBytes, maxBytes),
        maxBytes,
        partitions: interesting,
        ...preferringReplicas(services, request, replicaId, context),
      });
      return results instanceof Promise ? results.then(answer) : answer(results);
    },

    failed(request, error, _message, { apiVersion }) {
      // From v13 on the error of the request says it all.
      const topics = apiVersion >= firstVersionWithTopicIds ? [] : request.topics;
      return {
        errorCode: errorCode(error),
        responses: topics.map(({ topic, partitions }) => ({
          topic,
          partitions: partitions.map(({ partition }) => errorResponse(partition, error)),
        })),
      };
    },
  };
}

/** A consumer that tells its rack may be sent to a replica in it. */
function preferringReplicas(
  { replicaSelector }: FetchServices,
  { rackId: rack }: FetchRequest,
  replicaId: number,
  { connection }: RequestContext,
): Pick<Parameters<FetchServices['partitions']['fetch']>[0], 'preferredReplica'> {
  if (replicaSelector === null || rack === '' || replicaId !== consumerReplicaId) return {};
  const { listenerName } = connection;
  return {
    preferredReplica: (partition, fetchOffset) => replicaSelector(partition, { rack, fetchOffset, listenerName }),
  };
}

function isolationOf(replicaId: number, isolationLevel: number): FetchIsolation {
  if (replicaId !== consumerReplicaId) return 'log-end';
  return isolationLevel === readCommitted ? 'transactions-committed' : 'high-watermark';
}

function sessionRequest(
  request: FetchRequest,
  version: number,
  replicaId: number,
  metadata: MetadataView,
  nowMs: number,
): SessionRequest {
  const usesTopicIds = version >= firstVersionWithTopicIds;
  const { topicsById } = metadata.image;
  const partitions: RequestedPartition[] = [];
  for (const topic of request.topics) {
    const name = usesTopicIds ? (topicsById.get(topic.topicId)?.name ?? '') : topic.topic;
    for (const partition of topic.partitions) {
      partitions.push({
        topic: name,
        topicId: usesTopicIds ? topic.topicId : ZERO_UUID,
        partition: partition.partition,
        fetchOffset: partition.fetchOffset,
        partitionMaxBytes: partition.partitionMaxBytes,
        // Any negative epoch says that the client knows none.
        currentLeaderEpoch: Math.max(partition.currentLeaderEpoch, -1),
        lastFetchedEpoch: Math.max(partition.lastFetchedEpoch, -1),
        fetcherLogStartOffset: partition.logStartOffset,
      });
    }
  }
  const forgotten = request.forgottenTopicsData.flatMap((topic) =>
    topic.partitions.map((partition) => ({
      topic: topic.topic,
      topicId: usesTopicIds ? topic.topicId : ZERO_UUID,
      partition,
    })),
  );
  return {
    // Before v7 there were no sessions; the schema's defaults say the same.
    sessionId: request.sessionId,
    sessionEpoch: request.sessionEpoch,
    fromFollower: replicaId >= 0,
    usesTopicIds,
    partitions: withoutRepeats(partitions),
    forgotten,
    nowMs,
  };
}

/** A partition that is named twice is read once, in the first place and as it was asked for last. */
function withoutRepeats(partitions: RequestedPartition[]): readonly RequestedPartition[] {
  if (partitions.length < 2) return partitions;
  const seen = new Map<string, Set<number>>();
  let repeats = false;
  for (const { topic, topicId, partition } of partitions) {
    const key = topicId === ZERO_UUID ? topic : topicId;
    const known = seen.get(key) ?? new Set();
    seen.set(key, known);
    repeats ||= known.has(partition);
    known.add(partition);
  }
  if (!repeats) return partitions;
  return [...new Map(partitions.map((partition) => [partitionKey(partition), partition])).values()];
}

/** Takes out what needs no look at any log. */
function sortOut(
  partitions: readonly RequestedPartition[],
  metadata: MetadataView,
  version: number,
): { readonly interesting: readonly RequestedPartition[]; readonly erroneous: readonly FetchResult[] } {
  const { topicsByName, topicsById } = metadata.image;
  const erroneous: FetchResult[] = [];
  let interesting: RequestedPartition[] | null = null;
  for (let index = 0; index < partitions.length; index++) {
    const partition = partitions[index]!;
    // A session may hold a topic id that this broker had not heard of when it was named.
    if (partition.topic === '' && version >= firstVersionWithTopicIds && partition instanceof SessionPartition) {
      partition.topic = topicsById.get(partition.topicId)?.name ?? '';
    }
    let error: ErrorName = 'NONE';
    if (partition.topic === '' && version >= firstVersionWithTopicIds) error = 'UNKNOWN_TOPIC_ID';
    else if (!topicsByName.get(partition.topic)?.partitions.has(partition.partition))
      error = 'UNKNOWN_TOPIC_OR_PARTITION';
    if (error === 'NONE') {
      interesting?.push(partition);
      continue;
    }
    // Copied only now: nearly always every partition is fine.
    interesting ??= partitions.slice(0, index);
    // Null is the answer of a log that was looked at, as in Kafka.
    erroneous.push({ ...failedFetch(partition, error), abortedTransactions: noAbortedTransactions });
  }
  return { interesting: interesting ?? partitions, erroneous };
}

function respond(
  services: FetchServices,
  context: RequestContext,
  outcome: {
    readonly session: FetchContext;
    readonly results: readonly FetchResult[];
    readonly fromFollower: boolean;
  },
): Response {
  const { session, results, fromFollower } = outcome;
  // Followers are not clients: their quota is another one.
  if (fromFollower) context.usage.timeCharged = true;
  const mayBeTold = fromFollower || isWithinQuota(services, context, results);
  const answer = mayBeTold ? session.answer(results, services.clock.nowMs()) : session.throttled();
  const leaders = new CurrentLeaders(services.metadata, context.connection);
  const responses: { topic: string; topicId: string; partitions: PartitionResponse[] }[] = [];
  let last: (typeof responses)[number] | null = null;
  for (const result of answer.results) {
    const { topic, topicId } = result.request;
    // Neighbours of one topic share an entry, as in Kafka; rotation may split a topic in several.
    if (last === null || last.topicId !== topicId || last.topic !== topic) {
      last = { topic, topicId, partitions: [] };
      responses.push(last);
    }
    last.partitions.push(partitionResponse(services, context.apiVersion, leaders, result));
  }
  return {
    errorCode: errorCode(answer.error),
    sessionId: answer.sessionId,
    responses,
    // Followers know where brokers are.
    nodeEndpoints: fromFollower ? [] : leaders.endpoints,
  };
}

/** What each partition adds to an answer, beside its records. */
const PARTITION_BYTES = 48;

/** Charges the answer to the client's quotas. One that is above either is not given, and not charged; the client waits. */
function isWithinQuota(services: FetchServices, context: RequestContext, results: readonly FetchResult[]): boolean {
  const { quotas } = services;
  const { usage } = context;
  let bytes = 0;
  for (const { records } of results) if (records.length > 0) bytes += records.length + PARTITION_BYTES;
  const timeMs = quotas.chargeTime(context);
  const bytesMs = quotas.chargeFetched(context, bytes);
  usage.throttleTimeMs = Math.max(timeMs, bytesMs);
  if (usage.throttleTimeMs === 0) return true;
  quotas.refundFetched(context, bytes);
  return false;
}

function partitionResponse(
  services: FetchServices,
  version: number,
  leaders: CurrentLeaders,
  result: FetchResult,
): PartitionResponse {
  const { request, divergingEpoch } = result;
  // Consumers of that time know neither the compression nor how to say so.
  if (
    version < firstVersionWithZstd &&
    services.partitions.compressionType(request.topic, request.partition) === 'zstd'
  ) {
    return errorResponse(request.partition, 'UNSUPPORTED_COMPRESSION_TYPE');
  }
  const response: PartitionResponse = {
    partitionIndex: request.partition,
    errorCode: errorCode(knownError(result.error, version)),
    highWatermark: result.highWatermark,
    lastStableOffset: result.lastStableOffset,
    logStartOffset: result.logStartOffset,
    abortedTransactions: result.abortedTransactions,
    records: result.records,
  };
  if (divergingEpoch !== null) return { ...response, divergingEpoch };
  if (result.preferredReadReplica !== noPreferredReplica) {
    return { ...response, preferredReadReplica: result.preferredReadReplica };
  }
  const leaderMoved = result.error === 'NOT_LEADER_OR_FOLLOWER' || result.error === 'FENCED_LEADER_EPOCH';
  if (leaderMoved && version >= firstVersionWithEndpoints) {
    return { ...response, currentLeader: leaders.find(request.topic, request.partition) };
  }
  return response;
}

function errorResponse(partition: number, error: ErrorName): PartitionResponse {
  return {
    partitionIndex: partition,
    errorCode: errorCode(error),
    highWatermark: -1,
    abortedTransactions: noAbortedTransactions,
    records: noRecords,
  };
}

/** Older consumers would take KAFKA_STORAGE_ERROR for fatal; this one makes them look for another leader. */
function knownError(error: ErrorName, version: number): ErrorName {
  return error === 'KAFKA_STORAGE_ERROR' && version < firstVersionWithStorageError ? 'NOT_LEADER_OR_FOLLOWER' : error;
}
