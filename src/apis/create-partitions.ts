/**
 * CreatePartitions, key 37, versions 0-3.
 *
 * v2 flexible; v3 throttling quota errors (KIP-599).
 * Errors: per topic INVALID_REQUEST (named twice), and the controller's: UNKNOWN_TOPIC_OR_PARTITION, INVALID_PARTITIONS,
 * INVALID_REPLICA_ASSIGNMENT, INVALID_REPLICATION_FACTOR, REASSIGNMENT_IN_PROGRESS, THROTTLING_QUOTA_EXCEEDED (v3+).
 */
import { errorCode } from '../wire/errors.ts';
import { createPartitionsRequest, createPartitionsResponse } from '../wire/schema/create-partitions.ts';
import type { InputOf } from '../wire/schema.ts';
import type { ClientQuotas } from './client-quotas.ts';
import type { Handler } from './handler.ts';
import type { TopicController } from './topic-controller.ts';

type Result = NonNullable<InputOf<typeof createPartitionsResponse>['results']>[number];

const firstVersionWithStrictQuota = 3;

export function createPartitionsHandler(services: {
  readonly topicController: TopicController;
  readonly quotas: Pick<ClientQuotas, 'mutations'>;
}): Handler<typeof createPartitionsRequest, typeof createPartitionsResponse> {
  return {
    request: createPartitionsRequest,
    response: createPartitionsResponse,
    async handle(request, context) {
      const seen = new Set<string>();
      const duplicates = new Set<string>();
      for (const { name } of request.topics) {
        if (seen.has(name)) duplicates.add(name);
        seen.add(name);
      }
      const results: Result[] = [...duplicates].map((name) => ({
        name,
        errorCode: errorCode('INVALID_REQUEST'),
        errorMessage: 'Duplicate topic name.',
      }));
      const topics = request.topics.filter(({ name }) => !duplicates.has(name));
      if (topics.length > 0) {
        const { timeoutMs, validateOnly } = request;
        const mutationQuota = services.quotas.mutations(context, context.apiVersion >= firstVersionWithStrictQuota);
        const command = { topics, timeoutMs, validateOnly, mutationQuota };
        const outcomes = await services.topicController.createPartitions(command, context);
        context.usage.throttleTimeMs = mutationQuota.throttleTimeMs();
        for (const [name, { error, message }] of outcomes) {
          results.push({ name, errorCode: errorCode(error), errorMessage: message });
        }
      }
      return { results };
    },
    failed: (request, error, message) => ({
      results: request.topics.map(({ name }) => ({ name, errorCode: errorCode(error), errorMessage: message })),
    }),
  };
}
