/**
 * What the topic APIs need of the active controller, wherever it is; `node.ts` plugs a local or a remote one in.
 */
import type { Uuid } from '../base/uuid.ts';
import type { MutationQuota } from '../controller/mutation-quota.ts';
import type { ErrorName } from '../wire/errors.ts';
import type { CreatePartitionsRequest } from '../wire/schema/create-partitions.ts';
import type { CreateTopicsRequest, createTopicsResponse } from '../wire/schema/create-topics.ts';
import type { InputOf } from '../wire/schema.ts';
import type { RequestContext } from './handler.ts';

export type CreatableTopic = CreateTopicsRequest['topics'][number];
export type CreatableTopicResult = NonNullable<InputOf<typeof createTopicsResponse>['topics']>[number];
export type CreatePartitionsTopic = CreatePartitionsRequest['topics'][number];

export interface TopicError {
  readonly error: ErrorName;
  readonly message: string | null;
}

/** What a broker answers about topics that another node has just created. */
export interface ShownTopics {
  /** Resolves when all have been heard of, or that takes too long. */
  untilShown(names: readonly string[]): Promise<void>;
}

/**
 * Each command resolves when its records are committed *and* the effect can be relied on from this broker: the leaders of
 * new partitions serve requests, a deleted topic is gone from every answer, or `timeoutMs` has passed. A command that
 * fails as a whole (no controller, time-out) rejects with a KafkaError.
 */
export interface TopicController {
  /** One result per topic, in the order of `topics`; configs of the result as Kafka lists them. */
  createTopics(
    command: {
      readonly topics: readonly CreatableTopic[];
      readonly timeoutMs: number;
      readonly validateOnly: boolean;
      readonly mutationQuota?: MutationQuota;
    },
    context: RequestContext,
  ): Promise<readonly CreatableTopicResult[]>;

  /** One result per topic id; NONE where the topic is deleted. */
  deleteTopics(
    command: {
      readonly topicIds: readonly Uuid[];
      readonly timeoutMs: number;
      readonly mutationQuota?: MutationQuota;
    },
    context: RequestContext,
  ): Promise<ReadonlyMap<Uuid, TopicError>>;

  /** One result per topic name. */
  createPartitions(
    command: {
      readonly topics: readonly CreatePartitionsTopic[];
      readonly timeoutMs: number;
      readonly validateOnly: boolean;
      readonly mutationQuota?: MutationQuota;
    },
    context: RequestContext,
  ): Promise<ReadonlyMap<string, TopicError>>;
}
