/**
 * ListOffsets, key 2, versions 1-11.
 *
 * v2 isolation level; v4 leader epochs (KIP-320); v5 OFFSET_NOT_AVAILABLE (KIP-207); v6 flexible; v7 maximum timestamp
 * (KIP-734); v8 earliest local, v9 latest tiered, v11 earliest pending upload (tiered storage); v10 timeout.
 * Errors: UNKNOWN_TOPIC_OR_PARTITION, NOT_LEADER_OR_FOLLOWER, FENCED_LEADER_EPOCH, UNKNOWN_LEADER_EPOCH,
 * OFFSET_NOT_AVAILABLE, LEADER_NOT_AVAILABLE, INVALID_REQUEST, UNSUPPORTED_VERSION, KAFKA_STORAGE_ERROR.
 */
import type { HostedPartitions } from '../replication/hosted-partitions.ts';
import {
  earliestLocalTimestamp,
  earliestPendingUploadTimestamp,
  earliestTimestamp,
  type ListedOffset,
  latestTieredTimestamp,
  latestTimestamp,
  maxTimestamp,
  unlistedOffset,
} from '../replication/partition-offsets.ts';
import type { InputOf } from '../wire/codec.ts';
import { type ErrorName, errorCode, KafkaError } from '../wire/errors.ts';
import { type ListOffsetsRequest, listOffsetsRequest, listOffsetsResponse } from '../wire/schema/list-offsets.ts';
import type { Handler } from './handler.ts';

export interface ListOffsetsServices {
  readonly partitions: Pick<HostedPartitions, 'listOffset'>;
}

type Partition = ListOffsetsRequest['topics'][number]['partitions'][number];
type Response = InputOf<typeof listOffsetsResponse>;
type PartitionResponse = NonNullable<NonNullable<Response['topics']>[number]['partitions']>[number];

const consumerReplicaId = -1;
const debuggingReplicaId = -2;
const readUncommitted = 0;
const readCommitted = 1;
const firstVersionWithLeaderEpoch = 4;
const firstVersionWithOffsetNotAvailable = 5;

/** First version in which a client may ask for the place that a negative time stands for. */
const firstVersionOf: ReadonlyMap<number, number> = new Map([
  [latestTimestamp, 1],
  [earliestTimestamp, 1],
  [maxTimestamp, 7],
  [earliestLocalTimestamp, 8],
  [latestTieredTimestamp, 9],
  [earliestPendingUploadTimestamp, 11],
]);

export function listOffsetsHandler(
  services: ListOffsetsServices,
): Handler<typeof listOffsetsRequest, typeof listOffsetsResponse> {
  return {
    request: listOffsetsRequest,
    response: listOffsetsResponse,

    async handle(request, { apiVersion }) {
      const { replicaId, isolationLevel } = request;
      if (isolationLevel !== readUncommitted && isolationLevel !== readCommitted) {
        throw new KafkaError('INVALID_REQUEST', `Unknown isolation level ${isolationLevel}.`);
      }
      const visibility =
        replicaId !== consumerReplicaId ? 'replica' : isolationLevel === readCommitted ? 'committed' : 'uncommitted';
      const listed = (topic: string, partition: Partition | 'repeated'): ListedOffset | Promise<ListedOffset> => {
        if (partition === 'repeated') return unlistedOffset('INVALID_REQUEST');
        const { partitionIndex, timestamp, currentLeaderEpoch } = partition;
        if (timestamp < 0 && apiVersion < (firstVersionOf.get(timestamp) ?? Number.POSITIVE_INFINITY)) {
          return unlistedOffset('UNSUPPORTED_VERSION');
        }
        return services.partitions.listOffset({
          topic,
          partition: partitionIndex,
          timestamp,
          currentLeaderEpoch,
          visibility,
          leaderOnly: replicaId !== debuggingReplicaId,
        });
      };
      // All look-ups are under way before the first is waited for.
      const topics = [...askedPartitions(request)].map(([name, partitions]) => ({
        name,
        indexes: [...partitions.keys()],
        offsets: Promise.all([...partitions.values()].map((partition) => listed(name, partition))),
      }));
      const answers: { name: string; partitions: PartitionResponse[] }[] = [];
      for (const { name, indexes, offsets } of topics) {
        const partitions = (await offsets).map((offset, i) => partitionResponse(indexes[i]!, offset, apiVersion));
        answers.push({ name, partitions });
      }
      return { topics: answers };
    },

    failed(request, error, _message, { apiVersion }) {
      return {
        topics: request.topics.map(({ name, partitions }) => ({
          name,
          partitions: partitions.map(({ partitionIndex }) =>
            partitionResponse(partitionIndex, unlistedOffset(error), apiVersion),
          ),
        })),
      };
    },
  };
}

/** By topic and partition; a topic that is named twice has one entry, and so has a partition. */
function askedPartitions(request: ListOffsetsRequest): Map<string, Map<number, Partition | 'repeated'>> {
  const asked = new Map<string, Map<number, Partition | 'repeated'>>();
  for (const { name, partitions } of request.topics) {
    if (partitions.length === 0) continue;
    const known = asked.get(name) ?? new Map<number, Partition | 'repeated'>();
    asked.set(name, known);
    for (const partition of partitions) {
      known.set(partition.partitionIndex, known.has(partition.partitionIndex) ? 'repeated' : partition);
    }
  }
  return asked;
}

function partitionResponse(partitionIndex: number, listed: ListedOffset, version: number): PartitionResponse {
  return {
    partitionIndex,
    errorCode: errorCode(knownError(listed.error, version)),
    timestamp: listed.timestamp,
    offset: listed.offset,
    leaderEpoch: version >= firstVersionWithLeaderEpoch ? listed.leaderEpoch : -1,
  };
}

function knownError(error: ErrorName, version: number): ErrorName {
  return error === 'OFFSET_NOT_AVAILABLE' && version < firstVersionWithOffsetNotAvailable
    ? 'LEADER_NOT_AVAILABLE'
    : error;
}
