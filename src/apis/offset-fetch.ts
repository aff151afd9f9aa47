/**
 * OffsetFetch, key 9, versions 1-10.
 *
 * v2 all topics of the group, error of the group; v5 leader epochs (KIP-320); v6 flexible; v7 require stable (KIP-447);
 * v8 several groups (KIP-709); v9 member id and epoch (KIP-848); v10 topic ids.
 * Errors: UNSTABLE_OFFSET_COMMIT, UNKNOWN_TOPIC_ID, UNKNOWN_MEMBER_ID, STALE_MEMBER_EPOCH, COORDINATOR_LOAD_IN_PROGRESS, NOT_COORDINATOR.
 * A group or partition without offsets is no error: its offset is -1, its metadata "".
 */
import { type Uuid, ZERO_UUID } from '../base/uuid.ts';
import type { GroupCoordinator, OffsetFetchResult } from '../coordinator/group/group-coordinator.ts';
import type { InputOf } from '../wire/codec.ts';
import { type ErrorName, errorCode } from '../wire/errors.ts';
import { type OffsetFetchRequest, offsetFetchRequest, offsetFetchResponse } from '../wire/schema/offset-fetch.ts';
import type { Handler } from './handler.ts';
import type { MetadataView } from './metadata-view.ts';

export interface OffsetFetchServices {
  readonly groups: Pick<GroupCoordinator, 'fetchOffsets'>;
  readonly metadata: MetadataView;
}

type Response = InputOf<typeof offsetFetchResponse>;
type ResponseGroup = NonNullable<Response['groups']>[number];
type ResponseTopics = NonNullable<ResponseGroup['topics']>;
type RequestGroup = OffsetFetchRequest['groups'][number];

const firstVersionWithGroupError = 2;
const firstVersionWithGroups = 8;
const firstVersionWithTopicIds = 10;

export function offsetFetchHandler(
  services: OffsetFetchServices,
): Handler<typeof offsetFetchRequest, typeof offsetFetchResponse> {
  return {
    request: offsetFetchRequest,
    response: offsetFetchResponse,

    async handle(request, { apiVersion }) {
      if (apiVersion < firstVersionWithGroups) {
        return singleGroup(
          await fetchGroup(services, onlyGroup(request), request.requireStable, apiVersion),
          apiVersion,
        );
      }
      const groups = request.groups.map((group) => fetchGroup(services, group, request.requireStable, apiVersion));
      return { groups: await Promise.all(groups) };
    },

    failed(request, error, _message, { apiVersion }) {
      if (apiVersion < firstVersionWithGroups) {
        return singleGroup(failedGroup(onlyGroup(request), error, apiVersion), apiVersion);
      }
      return { groups: request.groups.map((group) => failedGroup(group, error, apiVersion)) };
    },
  };
}

async function fetchGroup(
  services: OffsetFetchServices,
  group: RequestGroup,
  requireStable: boolean,
  apiVersion: number,
): Promise<ResponseGroup> {
  const { image } = services.metadata;
  const useTopicIds = apiVersion >= firstVersionWithTopicIds;
  const unknown: { topicId: Uuid; partitions: readonly number[] }[] = [];
  const topics: { name: string; topicId: Uuid; partitions: readonly number[] }[] = [];
  for (const topic of group.topics ?? []) {
    const name = useTopicIds ? image.topicsById.get(topic.topicId)?.name : topic.name;
    const topicId = useTopicIds ? topic.topicId : ZERO_UUID;
    if (name === undefined) unknown.push({ topicId, partitions: topic.partitionIndexes });
    else topics.push({ name, topicId, partitions: topic.partitionIndexes });
  }
  const result = await services.groups.fetchOffsets({
    groupId: group.groupId,
    memberId: group.memberId,
    memberEpoch: group.memberEpoch,
    topics: group.topics === null ? null : topics,
    requireStable,
  });
  if (result.error !== 'NONE') return failedGroup(group, result.error, apiVersion);
  const answers: ResponseTopics[number][] = [];
  for (const topic of result.topics) {
    const topicId = useTopicIds ? image.topicsByName.get(topic.name)?.topicId : ZERO_UUID;
    // In answer to "all topics", one that has no id any more cannot be told.
    if (topicId !== undefined)
      answers.push(answerOf(topic, useTopicIds ? { name: '', topicId } : { name: topic.name, topicId }));
  }
  for (const { topicId, partitions } of unknown) {
    answers.push({
      topicId,
      partitions: partitions.map((partition) => failedPartition(partition, 'UNKNOWN_TOPIC_ID')),
    });
  }
  return { groupId: group.groupId, topics: answers, errorCode: errorCode('NONE') };
}

function answerOf(
  topic: OffsetFetchResult['topics'][number],
  id: { readonly name: string; readonly topicId: Uuid },
): ResponseTopics[number] {
  return {
    ...id,
    partitions: topic.partitions.map((fetched) => ({
      partitionIndex: fetched.partition,
      committedOffset: fetched.committedOffset,
      committedLeaderEpoch: fetched.committedLeaderEpoch,
      metadata: fetched.metadata,
      errorCode: errorCode(fetched.error),
    })),
  };
}

function failedPartition(partitionIndex: number, error: ErrorName) {
  return { partitionIndex, committedOffset: -1, committedLeaderEpoch: -1, metadata: '', errorCode: errorCode(error) };
}

/** Version 1 has no place for the group's error: each partition tells it. */
function failedGroup(group: RequestGroup, error: ErrorName, apiVersion: number): ResponseGroup {
  if (apiVersion >= firstVersionWithGroupError) return { groupId: group.groupId, errorCode: errorCode(error) };
  return {
    groupId: group.groupId,
    topics: (group.topics ?? []).map(({ name, partitionIndexes }) => ({
      name,
      partitions: partitionIndexes.map((partition) => failedPartition(partition, error)),
    })),
  };
}

function onlyGroup(request: OffsetFetchRequest): RequestGroup {
  return {
    groupId: request.groupId,
    memberId: null,
    memberEpoch: -1,
    topics: request.topics?.map((topic) => ({ ...topic, topicId: ZERO_UUID })) ?? null,
  };
}

function singleGroup(group: ResponseGroup, apiVersion: number): Response {
  return {
    topics: (group.topics ?? []).map(({ name, partitions }) => ({ name, partitions })),
    errorCode: apiVersion >= firstVersionWithGroupError ? group.errorCode : errorCode('NONE'),
  };
}
