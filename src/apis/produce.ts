/**
 * Produce, key 0, versions 3-13; announced from 0 on, because old librdkafka looks there for it (0-2 are refused).
 *
 * v3 transactional id, message format 2; v5 log start offset; v7 zstd (KIP-110); v8 record errors (KIP-467);
 * v9 flexible; v10 current leader (KIP-951); v11, v12 transactions (KIP-890); v13 topic ids (KIP-516).
 * Errors: INVALID_REQUIRED_ACKS, UNKNOWN_TOPIC_OR_PARTITION, UNKNOWN_TOPIC_ID, INVALID_TOPIC_EXCEPTION, INVALID_RECORD,
 * CORRUPT_MESSAGE, MESSAGE_TOO_LARGE, INVALID_TIMESTAMP, UNSUPPORTED_COMPRESSION_TYPE, OUT_OF_ORDER_SEQUENCE_NUMBER,
 * INVALID_PRODUCER_EPOCH, INVALID_PRODUCER_ID_MAPPING, TRANSACTIONAL_ID_AUTHORIZATION_FAILED, NOT_LEADER_OR_FOLLOWER,
 * INVALID_TXN_STATE, TRANSACTION_ABORTABLE, CONCURRENT_TRANSACTIONS (v12), NOT_ENOUGH_REPLICAS, NOT_ENOUGH_REPLICAS_AFTER_APPEND, REQUEST_TIMED_OUT, KAFKA_STORAGE_ERROR.
 *
 * Every batch is appended before `handle` returns, so consecutive requests of a connection may wait side by side. Only a
 * batch that opens a transaction waits for the transaction coordinator first (produce-verification.ts), and then every
 * later request of its connection waits behind it, so that their batches are appended in order, too.
 * acks=0 has no response: an error closes the connection, which is how the client learns of it.
 */
import type { Uuid } from '../base/uuid.ts';
import { type AppendEntry, type EntryResult, failedEntry } from '../replication/append-records.ts';
import type { HostedPartitions } from '../replication/hosted-partitions.ts';
import type { InputOf } from '../wire/codec.ts';
import { type ErrorName, errorCode, KafkaError } from '../wire/errors.ts';
import { ATTRIBUTES_POSITION, attributes, isTransactional, MAGIC_POSITION } from '../wire/records/record-batch.ts';
import { type ProduceRequest, produceRequest, produceResponse } from '../wire/schema/produce.ts';
import type { ClientQuotas } from './client-quotas.ts';
import { CurrentLeaders } from './current-leader.ts';
import type { ConnectionContext, Handler, RequestContext } from './handler.ts';
import type { MetadataView } from './metadata-view.ts';
import type { ProduceVerification } from './produce-verification.ts';

export interface ProduceServices {
  readonly partitions: Pick<HostedPartitions, 'append'>;
  readonly verification: Pick<ProduceVerification, 'verify'>;
  readonly metadata: MetadataView;
  readonly quotas: Pick<ClientQuotas, 'chargeProduced'>;
}

type Response = InputOf<typeof produceResponse>;
type PartitionResponse = NonNullable<NonNullable<Response['responses']>[number]['partitionResponses']>[number];

const firstVersionWithTopicIds = 13;
const firstVersionWithCurrentLeader = 10;
/** The official tools' client id, which may write to internal topics. */
const adminClientId = '__admin_client';
const noEntries: readonly AppendEntry[] = [];

export function produceHandler(services: ProduceServices): Handler<typeof produceRequest, typeof produceResponse> {
  /** Requests that wait for the transaction coordinator, the last of each connection. */
  const waiting = new WeakMap<ConnectionContext, Promise<unknown>>();
  return {
    request: produceRequest,
    response: produceResponse,
    advertised: { min: 0, max: 13 },

    handle(asked, context) {
      if (asked.transactionalId === null && hasTransactionalBatch(asked)) {
        throw new KafkaError('TRANSACTIONAL_ID_AUTHORIZATION_FAILED');
      }
      const { connection } = context;
      const request = withoutRepeats(asked, context.apiVersion);
      const entries = entriesOf(request, context.apiVersion, services.metadata);
      const verified = services.verification.verify(request.transactionalId, context.apiVersion, entries.known);
      const before = waiting.get(connection);
      if (before === undefined && !(verified instanceof Promise)) {
        return append(services, request, context, entries.unknownTopicIds, verified);
      }
      // The settled promise of one that is done lets the next one through a moment later, which does no harm.
      const turn = Promise.all([verified, before]);
      const ended = turn
        .catch(() => {})
        .then(() => {
          if (waiting.get(connection) === ended) waiting.delete(connection);
        });
      waiting.set(connection, ended);
      return turn.then(([known]) => append(services, request, context, entries.unknownTopicIds, known));
    },

    failed(request, error, message) {
      if (request.acks === 0) return null;
      return {
        responses: request.topicData.map((topic) => ({
          name: topic.name,
          topicId: topic.topicId,
          partitionResponses: topic.partitionData.map(({ index }) =>
            partitionResponse(index, failedEntry(error, message)),
          ),
        })),
      };
    },
  };
}

function append(
  services: ProduceServices,
  request: ProduceRequest,
  context: RequestContext,
  unknownTopicIds: ReadonlySet<Uuid> | null,
  entries: readonly AppendEntry[],
): Response | null | Promise<Response | null> {
  const results = services.partitions.append({
    acks: request.acks,
    produceVersion: context.apiVersion,
    timeoutMs: request.timeoutMs,
    internalTopicsAllowed: context.clientId === adminClientId,
    nowMs: context.receivedAtMs,
    entries,
  });
  if (results instanceof Promise) {
    return results.then((known) => respond(services, request, context, unknownTopicIds, known));
  }
  return respond(services, request, context, unknownTopicIds, results);
}

function hasTransactionalBatch(request: ProduceRequest): boolean {
  for (const topic of request.topicData) {
    for (const { records } of topic.partitionData) {
      if (records === null || records.length < ATTRIBUTES_POSITION + 2 || records[MAGIC_POSITION] !== 2) continue;
      if (isTransactional(attributes(records, 0))) return true;
    }
  }
  return false;
}

/** A topic or partition that is named twice is answered once, and of the partition the last records count. */
function withoutRepeats(request: ProduceRequest, version: number): ProduceRequest {
  type Topic = ProduceRequest['topicData'][number];
  type Partition = Topic['partitionData'][number];
  const { topicData } = request;
  // As most requests are.
  if (topicData.length === 1 && topicData[0]!.partitionData.length === 1) return request;
  const topics = new Map<string, { readonly topic: Topic; readonly partitions: Map<number, Partition> }>();
  for (const topic of topicData) {
    if (topic.partitionData.length === 0) continue;
    const key = version >= firstVersionWithTopicIds ? topic.topicId : topic.name;
    const { partitions } = topics.get(key) ?? { partitions: new Map<number, Partition>() };
    if (partitions.size === 0) topics.set(key, { topic, partitions });
    for (const partition of topic.partitionData) partitions.set(partition.index, partition);
  }
  return {
    ...request,
    topicData: [...topics.values()].map(({ topic, partitions }) => ({
      ...topic,
      partitionData: [...partitions.values()],
    })),
  };
}

/** The entries of topics that can be named, in the order of the request; the others are told apart by their id. */
function entriesOf(
  request: ProduceRequest,
  version: number,
  metadata: MetadataView,
): { readonly known: readonly AppendEntry[]; readonly unknownTopicIds: ReadonlySet<Uuid> | null } {
  const byId = version >= firstVersionWithTopicIds;
  let known: AppendEntry[] | null = null;
  let unknownTopicIds: Set<Uuid> | null = null;
  for (const { name, topicId, partitionData } of request.topicData) {
    const topic = byId ? metadata.image.topicsById.get(topicId)?.name : name;
    if (topic === undefined) {
      unknownTopicIds ??= new Set();
      unknownTopicIds.add(topicId);
      continue;
    }
    for (const { index, records } of partitionData) {
      known ??= [];
      known.push({ topic, topicId: byId ? topicId : null, partition: index, records });
    }
  }
  return { known: known ?? noEntries, unknownTopicIds };
}

function respond(
  services: ProduceServices,
  request: ProduceRequest,
  context: RequestContext,
  unknownTopicIds: ReadonlySet<Uuid> | null,
  known: readonly EntryResult[],
): Response | null {
  context.usage.throttleTimeMs = services.quotas.chargeProduced(context, context.usage.requestSize);
  if (request.acks === 0) {
    const error: ErrorName | undefined =
      unknownTopicIds !== null ? 'UNKNOWN_TOPIC_ID' : known.find((result) => result.error !== 'NONE')?.error;
    if (error !== undefined) throw new KafkaError(error, `acks=0 produce request failed with ${error}`);
    return null;
  }
  const withLeaders = context.apiVersion >= firstVersionWithCurrentLeader;
  let leaders: CurrentLeaders | null = null;
  let index = 0;
  const responses = request.topicData.map(({ name, topicId, partitionData }) => ({
    name,
    topicId,
    partitionResponses: partitionData.map((partition): PartitionResponse => {
      if (unknownTopicIds?.has(topicId)) return partitionResponse(partition.index, failedEntry('UNKNOWN_TOPIC_ID'));
      const result = known[index++]!;
      if (!withLeaders || result.error !== 'NOT_LEADER_OR_FOLLOWER') return partitionResponse(partition.index, result);
      leaders ??= new CurrentLeaders(services.metadata, context.connection);
      const topic = services.metadata.image.topicsById.get(topicId)?.name ?? name;
      return { ...partitionResponse(partition.index, result), currentLeader: leaders.find(topic, partition.index) };
    }),
  }));
  return { responses, nodeEndpoints: endpointsOf(leaders) };
}

function endpointsOf(leaders: CurrentLeaders | null): CurrentLeaders['endpoints'] {
  return leaders === null ? [] : leaders.endpoints;
}

function partitionResponse(index: number, result: EntryResult): PartitionResponse {
  return {
    index,
    errorCode: errorCode(result.error),
    baseOffset: result.baseOffset,
    logAppendTimeMs: result.logAppendTimeMs,
    logStartOffset: result.logStartOffset,
    recordErrors: result.recordErrors.map(({ batchIndex, message }) => ({
      batchIndex,
      batchIndexErrorMessage: message,
    })),
    errorMessage: result.message,
  };
}
