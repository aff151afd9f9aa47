/**
 * CreateTopics, key 19, versions 2-7.
 *
 * v4 -1 for the default partition count and replication factor (KIP-464); v5 flexible, the answer tells partitions,
 * replication factor and configs (KIP-525); v6 throttling quota errors (KIP-599); v7 topic id.
 * Errors: per topic INVALID_REQUEST (named twice, the metadata log), and the controller's: TOPIC_ALREADY_EXISTS,
 * INVALID_TOPIC_EXCEPTION, INVALID_PARTITIONS, INVALID_REPLICATION_FACTOR, INVALID_REPLICA_ASSIGNMENT, INVALID_CONFIG,
 * POLICY_VIOLATION, THROTTLING_QUOTA_EXCEEDED (v6+; older clients only wait).
 */
import { errorCode } from '../wire/errors.ts';
import { type CreateTopicsRequest, createTopicsRequest, createTopicsResponse } from '../wire/schema/create-topics.ts';
import type { InputOf } from '../wire/schema.ts';
import type { ClientQuotas } from './client-quotas.ts';
import type { Handler } from './handler.ts';
import type { CreatableTopicResult, ShownTopics, TopicController } from './topic-controller.ts';
import { CLUSTER_METADATA_TOPIC } from './topic-names.ts';

const firstVersionWithStrictQuota = 6;

export function createTopicsHandler(services: {
  readonly topicController: TopicController;
  readonly quotas: Pick<ClientQuotas, 'mutations'>;
}): Handler<typeof createTopicsRequest, typeof createTopicsResponse> {
  return {
    request: createTopicsRequest,
    response: createTopicsResponse,
    async handle(request, context) {
      const seen = new Set<string>();
      const duplicates = new Set<string>();
      for (const { name } of request.topics) {
        if (seen.has(name)) duplicates.add(name);
        seen.add(name);
      }
      const topics = request.topics.filter(({ name }) => !duplicates.has(name) && name !== CLUSTER_METADATA_TOPIC);
      const results: CreatableTopicResult[] = [];
      if (topics.length > 0) {
        const { timeoutMs, validateOnly } = request;
        const mutationQuota = services.quotas.mutations(context, context.apiVersion >= firstVersionWithStrictQuota);
        const command = { topics, timeoutMs, validateOnly, mutationQuota };
        results.push(...(await services.topicController.createTopics(command, context)));
        context.usage.throttleTimeMs = mutationQuota.throttleTimeMs();
      }
      for (const name of duplicates) results.push(invalidRequest(name, 'Duplicate topic name.'));
      if (seen.has(CLUSTER_METADATA_TOPIC) && !duplicates.has(CLUSTER_METADATA_TOPIC)) {
        const message = `Creation of internal topic ${CLUSTER_METADATA_TOPIC} is prohibited.`;
        results.push(invalidRequest(CLUSTER_METADATA_TOPIC, message));
      }
      return { topics: results };
    },
    failed: (request, error, message) => ({
      topics: request.topics.map(({ name }) => ({ name, errorCode: errorCode(error), errorMessage: message })),
    }),
  };
}

/** A client that asks about the topics that it has just created finds them, wherever the controller is. */
export function createdTopicsShown(shownTopics: ShownTopics) {
  return async (request: CreateTopicsRequest, { topics = [] }: InputOf<typeof createTopicsResponse>): Promise<void> => {
    if (request.validateOnly) return;
    await shownTopics.untilShown(topics.flatMap(({ name = '', errorCode = 0 }) => (errorCode === 0 ? [name] : [])));
  };
}

function invalidRequest(name: string, errorMessage: string): CreatableTopicResult {
  return { name, errorCode: errorCode('INVALID_REQUEST'), errorMessage };
}
