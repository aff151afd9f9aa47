/**
 * DeleteRecords, key 21, versions 0-2 (KIP-107); v2 flexible.
 *
 * Errors: UNKNOWN_TOPIC_OR_PARTITION, INVALID_TOPIC_EXCEPTION (internal topics), NOT_LEADER_OR_FOLLOWER,
 * POLICY_VIOLATION (cleanup.policy without delete), OFFSET_OUT_OF_RANGE, KAFKA_STORAGE_ERROR, REQUEST_TIMED_OUT (a replica
 * has not followed yet).
 */
import type { Offset } from '../base/flavor.ts';
import type { HostedPartitions } from '../replication/hosted-partitions.ts';
import { errorCode } from '../wire/errors.ts';
import {
  type DeleteRecordsRequest,
  deleteRecordsRequest,
  deleteRecordsResponse,
} from '../wire/schema/delete-records.ts';
import type { Handler } from './handler.ts';

export interface DeleteRecordsServices {
  readonly partitions: Pick<HostedPartitions, 'deleteRecords'>;
}

export function deleteRecordsHandler(
  services: DeleteRecordsServices,
): Handler<typeof deleteRecordsRequest, typeof deleteRecordsResponse> {
  return {
    request: deleteRecordsRequest,
    response: deleteRecordsResponse,

    async handle(request) {
      const asked = askedOffsets(request);
      const deletions = [...asked].flatMap(([topic, offsets]) =>
        Array.from(offsets, ([partition, beforeOffset]) => ({ topic, partition, beforeOffset })),
      );
      const results = await services.partitions.deleteRecords(deletions, request.timeoutMs);
      let next = 0;
      return {
        topics: Array.from(asked, ([name, offsets]) => ({
          name,
          partitions: Array.from(offsets.keys(), (partitionIndex) => {
            const { error, lowWatermark } = results[next++]!;
            return { partitionIndex, lowWatermark, errorCode: errorCode(error) };
          }),
        })),
      };
    },

    failed(request, error) {
      return {
        topics: request.topics.map(({ name, partitions }) => ({
          name,
          partitions: partitions.map(({ partitionIndex }) => ({
            partitionIndex,
            lowWatermark: -1,
            errorCode: errorCode(error),
          })),
        })),
      };
    },
  };
}

/** By topic and partition; of a partition that is named twice the last offset counts. */
function askedOffsets(request: DeleteRecordsRequest): Map<string, Map<number, Offset>> {
  const asked = new Map<string, Map<number, Offset>>();
  for (const { name, partitions } of request.topics) {
    const offsets = asked.get(name) ?? new Map<number, Offset>();
    if (partitions.length > 0) asked.set(name, offsets);
    for (const { partitionIndex, offset } of partitions) offsets.set(partitionIndex, offset);
  }
  return asked;
}
