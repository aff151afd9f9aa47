/**
 * DeleteTopics, key 20, versions 1-6.
 *
 * v3 TOPIC_DELETION_DISABLED; v4 flexible; v5 error message (KIP-599); v6 topics by id (KIP-516).
 * Errors: INVALID_REQUEST or TOPIC_DELETION_DISABLED (delete.topic.enable=false); per topic INVALID_REQUEST (named twice, by
 * both or by neither of name and id), UNKNOWN_TOPIC_OR_PARTITION, UNKNOWN_TOPIC_ID, THROTTLING_QUOTA_EXCEEDED (v5+), and the controller's.
 */
import { type Uuid, ZERO_UUID } from '../base/uuid.ts';
import { type ErrorName, errorCode, KafkaError } from '../wire/errors.ts';
import { type DeleteTopicsRequest, deleteTopicsRequest, deleteTopicsResponse } from '../wire/schema/delete-topics.ts';
import type { InputOf } from '../wire/schema.ts';
import type { ClientQuotas } from './client-quotas.ts';
import type { Handler } from './handler.ts';
import type { MetadataView } from './metadata-view.ts';
import type { TopicController } from './topic-controller.ts';

export interface DeleteTopicsServices {
  readonly metadata: MetadataView;
  readonly topicController: TopicController;
  readonly quotas: Pick<ClientQuotas, 'mutations'>;
  readonly topicDeletion: {
    /** delete.topic.enable */
    readonly enabled: boolean;
  };
}

const firstVersionWithStrictQuota = 5;

type Result = NonNullable<InputOf<typeof deleteTopicsResponse>['responses']>[number];

export function deleteTopicsHandler(
  services: DeleteTopicsServices,
): Handler<typeof deleteTopicsRequest, typeof deleteTopicsResponse> {
  return {
    request: deleteTopicsRequest,
    response: deleteTopicsResponse,
    async handle(request, context) {
      if (!services.topicDeletion.enabled) {
        if (context.apiVersion < 3) throw new KafkaError('INVALID_REQUEST', 'Topic deletion is disabled.');
        throw new KafkaError('TOPIC_DELETION_DISABLED');
      }
      const { responses, nameById } = resolveTopics(request, services.metadata);
      if (nameById.size > 0) {
        const mutationQuota = services.quotas.mutations(context, context.apiVersion >= firstVersionWithStrictQuota);
        const command = { topicIds: [...nameById.keys()], timeoutMs: request.timeoutMs, mutationQuota };
        const results = await services.topicController.deleteTopics(command, context);
        context.usage.throttleTimeMs = mutationQuota.throttleTimeMs();
        for (const [topicId, { error, message }] of results) {
          responses.push(failure(nameById.get(topicId) ?? null, topicId, error, message));
        }
      }
      return { responses };
    },
    failed: (request, error) => ({
      responses: [
        ...request.topicNames.map((name) => failure(name, ZERO_UUID, error, null)),
        ...request.topics.map(({ name, topicId }) => failure(name, topicId, error, null)),
      ],
    }),
  };
}

/** The topics to delete, and an answer for each that cannot be. */
function resolveTopics(
  request: DeleteTopicsRequest,
  metadata: MetadataView,
): { responses: Result[]; nameById: Map<Uuid, string> } {
  const responses: Result[] = [];
  const invalid = (name: string | null, topicId: Uuid, message: string): void => {
    responses.push(failure(name, topicId, 'INVALID_REQUEST', message));
  };
  const names = new Occurrences();
  const ids = new Occurrences();
  for (const name of request.topicNames) names.add(name);
  for (const { name, topicId } of request.topics) {
    if (name === null) {
      if (topicId === ZERO_UUID) invalid(null, ZERO_UUID, 'Neither topic name nor id were specified.');
      else ids.add(topicId);
    } else if (topicId === ZERO_UUID) names.add(name);
    else invalid(name, topicId, 'You may not specify both topic name and topic id.');
  }
  for (const name of names.repeated) invalid(name, ZERO_UUID, 'Duplicate topic name.');
  for (const topicId of ids.repeated) invalid(null, topicId, 'Duplicate topic id.');

  const { topicsByName, topicsById } = metadata.image;
  const nameById = new Map<Uuid, string>();
  for (const topicId of ids.single) {
    const topic = topicsById.get(topicId);
    if (topic !== undefined) nameById.set(topicId, topic.name);
    else responses.push(failure(null, topicId, 'UNKNOWN_TOPIC_ID', 'This server does not host this topic ID.'));
  }
  for (const name of names.single) {
    const topic = topicsByName.get(name);
    if (topic === undefined) {
      const message = 'This server does not host this topic-partition.';
      responses.push(failure(name, ZERO_UUID, 'UNKNOWN_TOPIC_OR_PARTITION', message));
    } else if (nameById.has(topic.topicId) || ids.repeated.has(topic.topicId)) {
      nameById.delete(topic.topicId);
      invalid(name, topic.topicId, 'The provided topic name maps to an ID that was already supplied.');
    } else nameById.set(topic.topicId, name);
  }
  return { responses, nameById };
}

/** Tells what was named once from what was named more than once. */
class Occurrences {
  readonly single = new Set<string>();
  readonly repeated = new Set<string>();

  add(key: string): void {
    if (this.repeated.has(key)) return;
    if (this.single.delete(key)) this.repeated.add(key);
    else this.single.add(key);
  }
}

function failure(name: string | null, topicId: Uuid, error: ErrorName, errorMessage: string | null): Result {
  return { name, topicId, errorCode: errorCode(error), errorMessage };
}
