/**
 * DescribeTopicPartitions, key 75, version 0 (KIP-966): topics in the order of their names, a limited number of
 * partitions per answer, and a cursor to the first one that did not fit. Also tells the eligible leader replicas.
 *
 * Errors: INVALID_REQUEST (a cursor that points nowhere); per topic UNKNOWN_TOPIC_OR_PARTITION, INVALID_TOPIC_EXCEPTION.
 */
import { isInternalTopic } from '../base/topic-name.ts';
import type { MetadataImage, TopicImage } from '../metadata/metadata-image.ts';
import { errorCode, KafkaError } from '../wire/errors.ts';
import {
  type DescribeTopicPartitionsRequest,
  describeTopicPartitionsRequest,
  describeTopicPartitionsResponse,
} from '../wire/schema/describe-topic-partitions.ts';
import type { InputOf } from '../wire/schema.ts';
import { ALL_TOPIC_OPERATIONS } from './authorized-operations.ts';
import type { Handler } from './handler.ts';
import { type MetadataView, viewPartition } from './metadata-view.ts';
import { missingTopicError } from './topic-names.ts';

export interface DescribeTopicPartitionsServices {
  readonly metadata: MetadataView;
  readonly limits: {
    /** max.request.partition.size.limit */
    readonly maxRequestPartitionSizeLimit: number;
  };
}

type Response = InputOf<typeof describeTopicPartitionsResponse>;
type ResponseTopic = NonNullable<Response['topics']>[number];
type ResponsePartition = NonNullable<ResponseTopic['partitions']>[number];

export function describeTopicPartitionsHandler(
  services: DescribeTopicPartitionsServices,
): Handler<typeof describeTopicPartitionsRequest, typeof describeTopicPartitionsResponse> {
  const { metadata, limits } = services;
  return {
    request: describeTopicPartitionsRequest,
    response: describeTopicPartitionsResponse,
    handle(request, context) {
      const { image } = metadata;
      const names = selectNames(request, image);
      const limit = Math.max(Math.min(limits.maxRequestPartitionSizeLimit, request.responsePartitionLimit), 1);
      const asksForAll = request.topics.length === 0;
      const topics: ResponseTopic[] = [];
      let room = limit;
      for (const name of names) {
        if (room === 0) return { topics, nextCursor: { topicName: name, partitionIndex: 0 } };
        const topic = image.topicsByName.get(name);
        if (topic === undefined) {
          if (!asksForAll) topics.push(describeMissing(name));
          continue;
        }
        const start = request.cursor?.topicName === name ? request.cursor.partitionIndex : 0;
        const end = Math.min(topic.partitions.size, start + room);
        const partitions = describePartitions(topic, { start, end }, image, context.connection.listenerName);
        topics.push({
          name,
          topicId: topic.topicId,
          isInternal: isInternalTopic(name),
          partitions,
          topicAuthorizedOperations: ALL_TOPIC_OPERATIONS,
        });
        if (end < topic.partitions.size) return { topics, nextCursor: { topicName: name, partitionIndex: end } };
        room -= partitions.length;
      }
      return { topics };
    },
    failed: (request, error) => ({
      topics: request.topics.map((topic) => ({ name: topic.name, errorCode: errorCode(error) })),
    }),
  };
}

/** The topics from the cursor on, each once, in Java's string order, which is JavaScript's too. */
function selectNames(request: DescribeTopicPartitionsRequest, image: MetadataImage): string[] {
  const { cursor } = request;
  const asked =
    request.topics.length === 0 ? [...image.topicsByName.keys()] : request.topics.map((topic) => topic.name);
  const from = cursor?.topicName ?? '';
  const names = new Set(asked.filter((name) => name >= from));
  if (cursor !== null) {
    if (request.topics.length > 0 && !names.has(cursor.topicName)) {
      throw new KafkaError(
        'INVALID_REQUEST',
        `DescribeTopicPartitionsRequest topic list should contain the cursor topic: ${cursor.topicName}`,
      );
    }
    if (cursor.partitionIndex < 0) {
      throw new KafkaError(
        'INVALID_REQUEST',
        `DescribeTopicPartitionsRequest cursor partition must be valid: ${cursor.topicName}-${cursor.partitionIndex}`,
      );
    }
  }
  return [...names].sort();
}

function describeMissing(name: string): ResponseTopic {
  return {
    errorCode: errorCode(missingTopicError(name)),
    name,
    isInternal: isInternalTopic(name),
    topicAuthorizedOperations: ALL_TOPIC_OPERATIONS,
  };
}

/** Partitions `start` (inclusive) to `end` (exclusive). */
function describePartitions(
  topic: TopicImage,
  range: { readonly start: number; readonly end: number },
  image: MetadataImage,
  listenerName: string,
): ResponsePartition[] {
  const described: ResponsePartition[] = [];
  for (let partitionIndex = range.start; partitionIndex < range.end; partitionIndex++) {
    const partition = topic.partitions.get(partitionIndex);
    if (partition === undefined) continue;
    const view = viewPartition(partition, image, listenerName);
    described.push({
      partitionIndex,
      leaderId: view.leaderId,
      leaderEpoch: partition.leaderEpoch,
      replicaNodes: partition.replicas,
      isrNodes: partition.isr,
      eligibleLeaderReplicas: partition.elr,
      lastKnownElr: partition.lastKnownElr,
      offlineReplicas: view.offlineReplicas,
    });
  }
  return described;
}
