/**
 * Metadata, key 3, versions 0-13.
 *
 * v0 an empty list asks for all topics; v1 null does, controller id, rack, is_internal; v2 cluster id; v4
 * allow_auto_topic_creation; v5 offline replicas; v7 leader epoch; v8 authorized operations (KIP-430; the cluster's only
 * until v10); v9 flexible; v10 topic ids in answers (KIP-516); v12 topics asked by id; v13 top-level error (KIP-1102).
 * Errors: INVALID_REQUEST; per topic UNKNOWN_TOPIC_OR_PARTITION, UNKNOWN_TOPIC_ID, INVALID_TOPIC_EXCEPTION; per partition
 * LEADER_NOT_AVAILABLE, LISTENER_NOT_FOUND (v6+), REPLICA_NOT_AVAILABLE (v0).
 */
import { isInternalTopic, topicNameProblem } from '../base/topic-name.ts';
import { ZERO_UUID } from '../base/uuid.ts';
import type { MetadataImage, TopicImage } from '../metadata/metadata-image.ts';
import { type ErrorName, errorCode, KafkaError } from '../wire/errors.ts';
import { type MetadataRequest, metadataRequest, metadataResponse } from '../wire/schema/metadata.ts';
import type { InputOf } from '../wire/schema.ts';
import { ALL_CLUSTER_OPERATIONS, ALL_TOPIC_OPERATIONS, OPERATIONS_NOT_ASKED } from './authorized-operations.ts';
import type { ConnectionContext, Handler, RequestContext } from './handler.ts';
import {
  aliveBrokers,
  aliveReplicas,
  controllerIdForClients,
  type MetadataView,
  viewPartition,
} from './metadata-view.ts';
import { CLUSTER_METADATA_TOPIC, missingTopicError } from './topic-names.ts';

/** Creates topics that clients name without having created them (auto.create.topics.enable). */
export interface AutoTopicCreation {
  /** auto.create.topics.enable */
  readonly enabled: boolean;
  /**
   * Has the topics created with the broker's defaults, internal ones with their own settings. Resolves when the local
   * image has what could be created and its leaders serve; at once where the controller is not in this process, because
   * clients ask again anyway. Never rejects: what failed is simply not there afterwards, and logged.
   */
  create(topics: readonly string[], context: RequestContext): Promise<void>;
}

export interface MetadataServices {
  readonly metadata: MetadataView;
  readonly autoTopicCreation: AutoTopicCreation;
}

type Response = InputOf<typeof metadataResponse>;
type ResponseTopic = NonNullable<Response['topics']>[number];
type ResponsePartition = NonNullable<ResponseTopic['partitions']>[number];

export function metadataHandler(services: MetadataServices): Handler<typeof metadataRequest, typeof metadataResponse> {
  const { metadata, autoTopicCreation } = services;
  return {
    request: metadataRequest,
    response: metadataResponse,
    handle(request, context) {
      checkTopics(request, context.apiVersion);
      const missing = creatableTopics(request, context, services);
      if (missing.length === 0) return respond(request, context, metadata);
      return autoTopicCreation.create(missing, context).then(() => respond(request, context, metadata));
    },
    failed: (request, error) => ({
      errorCode: errorCode(error),
      topics: (request.topics ?? []).map((topic) => ({
        errorCode: errorCode(error),
        // Versions below 12 have no null here; an empty name is what Kafka sends.
        name: topic.name ?? '',
        topicId: topic.topicId,
      })),
    }),
  };
}

function checkTopics(request: MetadataRequest, apiVersion: number): void {
  if (request.topics === null) return;
  for (const topic of request.topics) {
    if (apiVersion < 12) {
      if (topic.name === null)
        throw new KafkaError('INVALID_REQUEST', `Topic name can not be null for version ${apiVersion}`);
      if (topic.topicId !== ZERO_UUID) {
        throw new KafkaError('INVALID_REQUEST', `Topic IDs are not supported in requests for version ${apiVersion}`);
      }
    } else if (topic.name === null && topic.topicId === ZERO_UUID) {
      throw new KafkaError('INVALID_REQUEST', 'A topic must be given by its name or by its topic ID');
    }
  }
}

function asksForAllTopics(request: MetadataRequest, apiVersion: number): boolean {
  return request.topics === null || (apiVersion === 0 && request.topics.length === 0);
}

function asksByTopicId(request: MetadataRequest): boolean {
  return request.topics?.some((topic) => topic.topicId !== ZERO_UUID) ?? false;
}

/** Names as asked, each once. */
function namesOf(request: MetadataRequest): string[] {
  const names = new Set<string>();
  for (const topic of request.topics ?? []) if (topic.name !== null) names.add(topic.name);
  return [...names];
}

function creatableTopics(request: MetadataRequest, context: RequestContext, services: MetadataServices): string[] {
  if (!request.allowAutoTopicCreation || !services.autoTopicCreation.enabled) return [];
  if (asksForAllTopics(request, context.apiVersion) || asksByTopicId(request)) return [];
  const { topicsByName } = services.metadata.image;
  return namesOf(request).filter(
    (name) => !topicsByName.has(name) && topicNameProblem(name) === null && name !== CLUSTER_METADATA_TOPIC,
  );
}

function respond(request: MetadataRequest, context: RequestContext, view: MetadataView): Response {
  const { apiVersion, connection } = context;
  const { image } = view;
  const operations =
    apiVersion >= 8 && request.includeTopicAuthorizedOperations ? ALL_TOPIC_OPERATIONS : OPERATIONS_NOT_ASKED;
  const describe = (topic: TopicImage): ResponseTopic =>
    describeTopic(topic, { image, connection, apiVersion, operations });

  const topics: ResponseTopic[] = [];
  if (asksForAllTopics(request, apiVersion)) {
    for (const topic of image.topicsByName.values()) topics.push(describe(topic));
  } else if (asksByTopicId(request)) {
    // Kafka looks at the ids alone as soon as one topic is given by id.
    const known: ResponseTopic[] = [];
    for (const topicId of new Set(request.topics?.map((topic) => topic.topicId))) {
      if (topicId === ZERO_UUID) continue;
      const topic = image.topicsById.get(topicId);
      if (topic === undefined) topics.push({ errorCode: errorCode('UNKNOWN_TOPIC_ID'), name: null, topicId });
      else known.push(describe(topic));
    }
    topics.push(...known);
  } else {
    const missing: ResponseTopic[] = [];
    for (const name of namesOf(request)) {
      const topic = image.topicsByName.get(name);
      if (topic === undefined) missing.push(describeMissing(name, operations));
      else topics.push(describe(topic));
    }
    topics.push(...missing);
  }

  return {
    brokers: aliveBrokers(view, connection).map(({ broker, endpoint }) => ({
      nodeId: broker.brokerId,
      host: endpoint.host,
      port: endpoint.port,
      rack: broker.rack,
    })),
    clusterId: view.clusterId,
    controllerId: controllerIdForClients(view),
    topics,
    clusterAuthorizedOperations: request.includeClusterAuthorizedOperations
      ? ALL_CLUSTER_OPERATIONS
      : OPERATIONS_NOT_ASKED,
  };
}

function describeMissing(name: string, operations: number): ResponseTopic {
  return {
    errorCode: errorCode(missingTopicError(name)),
    name,
    isInternal: isInternalTopic(name),
    topicAuthorizedOperations: operations,
  };
}

interface Viewpoint {
  readonly image: MetadataImage;
  readonly connection: ConnectionContext;
  readonly apiVersion: number;
  readonly operations: number;
}

function describeTopic(topic: TopicImage, viewpoint: Viewpoint): ResponseTopic {
  const { image, apiVersion } = viewpoint;
  const { listenerName } = viewpoint.connection;
  const partitions: ResponsePartition[] = [];
  for (const [partitionIndex, partition] of topic.partitions) {
    const view = viewPartition(partition, image, listenerName);
    let replicas = partition.replicas;
    let isr = partition.isr;
    let error: ErrorName = 'NONE';
    if (apiVersion === 0) {
      // Version 0 knows no offline replicas: it lists those that are there and says that some are missing.
      replicas = aliveReplicas(replicas, image, listenerName);
      isr = aliveReplicas(isr, image, listenerName);
      if (replicas.length < partition.replicas.length || isr.length < partition.isr.length)
        error = 'REPLICA_NOT_AVAILABLE';
    }
    if (view.leaderId === -1) {
      error = view.leaderLacksListener && apiVersion >= 6 ? 'LISTENER_NOT_FOUND' : 'LEADER_NOT_AVAILABLE';
    }
    partitions.push({
      errorCode: errorCode(error),
      partitionIndex,
      leaderId: view.leaderId,
      leaderEpoch: partition.leaderEpoch,
      replicaNodes: replicas,
      isrNodes: isr,
      offlineReplicas: view.offlineReplicas,
    });
  }
  return {
    name: topic.name,
    topicId: topic.topicId,
    isInternal: isInternalTopic(topic.name),
    partitions,
    topicAuthorizedOperations: viewpoint.operations,
  };
}
