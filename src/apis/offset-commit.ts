/**
 * OffsetCommit, key 8, versions 2-10.
 *
 * v2-4 retention chosen by the client; v6 leader epochs (KIP-320); v7 static members (KIP-345); v8 flexible; v9
 * GROUP_ID_NOT_FOUND and STALE_MEMBER_EPOCH (KIP-848); v10 topic ids.
 * Errors of a partition: UNKNOWN_TOPIC_OR_PARTITION, UNKNOWN_TOPIC_ID, OFFSET_METADATA_TOO_LARGE,
 * INVALID_COMMIT_OFFSET_SIZE (an offset of 2^53-1 or more); of all: ILLEGAL_GENERATION, GROUP_ID_NOT_FOUND,
 * STALE_MEMBER_EPOCH, UNKNOWN_MEMBER_ID, FENCED_INSTANCE_ID, REBALANCE_IN_PROGRESS, COORDINATOR_LOAD_IN_PROGRESS,
 * COORDINATOR_NOT_AVAILABLE, NOT_COORDINATOR.
 */
import { type Uuid, ZERO_UUID } from '../base/uuid.ts';
import type { GroupCoordinator, OffsetCommitInput } from '../coordinator/group/group-coordinator.ts';
import { type ErrorName, errorCode } from '../wire/errors.ts';
import { type OffsetCommitRequest, offsetCommitRequest, offsetCommitResponse } from '../wire/schema/offset-commit.ts';
import type { Handler } from './handler.ts';
import type { MetadataView } from './metadata-view.ts';

export interface OffsetCommitServices {
  readonly groups: Pick<GroupCoordinator, 'commitOffsets'>;
  readonly metadata: MetadataView;
}

interface AnsweredTopic {
  readonly name: string;
  readonly topicId: Uuid;
  readonly partitions: { readonly partitionIndex: number; readonly errorCode: number }[];
}

const firstVersionWithTopicIds = 10;

export function offsetCommitHandler(
  services: OffsetCommitServices,
): Handler<typeof offsetCommitRequest, typeof offsetCommitResponse> {
  return {
    request: offsetCommitRequest,
    response: offsetCommitResponse,

    async handle(request, { apiVersion }) {
      const { image } = services.metadata;
      const useTopicIds = apiVersion >= firstVersionWithTopicIds;
      // A topic stands once in the answer, with what failed here in front.
      const answered = new Map<string, AnsweredTopic>();
      const answer = (topic: { name: string; topicId: Uuid }, partitionIndex: number, error: ErrorName): void => {
        const key = useTopicIds ? topic.topicId : topic.name;
        let entry = answered.get(key);
        if (entry === undefined) {
          entry = { name: topic.name, topicId: topic.topicId, partitions: [] };
          answered.set(key, entry);
        }
        entry.partitions.push({ partitionIndex, errorCode: errorCode(error) });
      };

      const topics: OffsetCommitInput['topics'][number][] = [];
      for (const topic of request.topics) {
        const known = useTopicIds ? image.topicsById.get(topic.topicId) : image.topicsByName.get(topic.name);
        const asked = { name: known?.name ?? topic.name, topicId: known?.topicId ?? topic.topicId };
        const partitions: OffsetCommitInput['topics'][number]['partitions'][number][] = [];
        for (const partition of topic.partitions) {
          const { partitionIndex } = partition;
          if (known === undefined) {
            answer(asked, partitionIndex, useTopicIds ? 'UNKNOWN_TOPIC_ID' : 'UNKNOWN_TOPIC_OR_PARTITION');
          } else if (!known.partitions.has(partitionIndex)) {
            answer(asked, partitionIndex, 'UNKNOWN_TOPIC_OR_PARTITION');
          } else {
            partitions.push({
              partition: partitionIndex,
              committedOffset: partition.committedOffset,
              committedLeaderEpoch: partition.committedLeaderEpoch,
              metadata: partition.committedMetadata,
            });
          }
        }
        if (partitions.length > 0) topics.push({ ...asked, partitions });
      }

      if (topics.length > 0) {
        const result = await services.groups.commitOffsets({
          groupId: request.groupId,
          generationIdOrMemberEpoch: request.generationIdOrMemberEpoch,
          memberId: request.memberId,
          groupInstanceId: request.groupInstanceId,
          retentionTimeMs: request.retentionTimeMs,
          apiVersion,
          topics,
        });
        for (let i = 0; i < topics.length; i++) {
          const topic = topics[i]!;
          for (let j = 0; j < topic.partitions.length; j++) {
            const error = result.error === 'NONE' ? result.topics[i]!.partitions[j]!.error : result.error;
            answer(topic, topic.partitions[j]!.partition, error);
          }
        }
      }
      return { topics: [...answered.values()].map((topic) => nameOrId(topic, useTopicIds)) };
    },

    failed(request, error, _message, { apiVersion }) {
      const useTopicIds = apiVersion >= firstVersionWithTopicIds;
      return { topics: request.topics.map((topic) => nameOrId(failedTopic(topic, error), useTopicIds)) };
    },
  };
}

function nameOrId(topic: AnsweredTopic, useTopicIds: boolean): AnsweredTopic {
  return useTopicIds ? { ...topic, name: '' } : { ...topic, topicId: ZERO_UUID };
}

function failedTopic(topic: OffsetCommitRequest['topics'][number], error: ErrorName): AnsweredTopic {
  return {
    name: topic.name,
    topicId: topic.topicId,
    partitions: topic.partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode: errorCode(error) })),
  };
}
