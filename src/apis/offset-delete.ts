/**
 * OffsetDelete, key 47, version 0 (KIP-496).
 *
 * Errors of a partition: UNKNOWN_TOPIC_OR_PARTITION, GROUP_SUBSCRIBED_TO_TOPIC; of the group: INVALID_GROUP_ID,
 * GROUP_ID_NOT_FOUND, NON_EMPTY_GROUP, COORDINATOR_LOAD_IN_PROGRESS, COORDINATOR_NOT_AVAILABLE, NOT_COORDINATOR.
 */
import type { GroupCoordinator } from '../coordinator/group/group-coordinator.ts';
import { type ErrorName, errorCode } from '../wire/errors.ts';
import { offsetDeleteRequest, offsetDeleteResponse } from '../wire/schema/offset-delete.ts';
import type { Handler } from './handler.ts';
import type { MetadataView } from './metadata-view.ts';

export interface OffsetDeleteServices {
  readonly groups: Pick<GroupCoordinator, 'deleteOffsets'>;
  readonly metadata: MetadataView;
}

export function offsetDeleteHandler(
  services: OffsetDeleteServices,
): Handler<typeof offsetDeleteRequest, typeof offsetDeleteResponse> {
  return {
    request: offsetDeleteRequest,
    response: offsetDeleteResponse,

    async handle(request) {
      const { image } = services.metadata;
      const answered = new Map<string, { partitionIndex: number; errorCode: number }[]>();
      const answer = (name: string, partitionIndex: number, error: ErrorName): void => {
        const partitions = answered.get(name);
        const entry = { partitionIndex, errorCode: errorCode(error) };
        if (partitions === undefined) answered.set(name, [entry]);
        else partitions.push(entry);
      };
      const topics: { name: string; partitions: number[] }[] = [];
      for (const { name, partitions } of request.topics) {
        const known = image.topicsByName.get(name);
        const existing: number[] = [];
        for (const { partitionIndex } of partitions) {
          if (known?.partitions.has(partitionIndex)) existing.push(partitionIndex);
          else answer(name, partitionIndex, 'UNKNOWN_TOPIC_OR_PARTITION');
        }
        if (existing.length > 0) topics.push({ name, partitions: existing });
      }
      const result = await services.groups.deleteOffsets(request.groupId, topics);
      for (const { name, partitions } of result.topics) {
        for (const { partition, error } of partitions) answer(name, partition, error);
      }
      return {
        errorCode: errorCode(result.error),
        topics: [...answered].map(([name, partitions]) => ({ name, partitions })),
      };
    },

    failed(_request, error) {
      return { errorCode: errorCode(error) };
    },
  };
}
