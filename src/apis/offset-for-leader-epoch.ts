/**
 * OffsetForLeaderEpoch, key 23, versions 2-4 (KIP-101, KIP-320).
 *
 * v2 current leader epoch; v3 replica id; v4 flexible.
 * Errors: UNKNOWN_TOPIC_OR_PARTITION, NOT_LEADER_OR_FOLLOWER, FENCED_LEADER_EPOCH, UNKNOWN_LEADER_EPOCH,
 * KAFKA_STORAGE_ERROR.
 */
import type { HostedPartitions } from '../replication/hosted-partitions.ts';
import { errorCode } from '../wire/errors.ts';
import { offsetForLeaderEpochRequest, offsetForLeaderEpochResponse } from '../wire/schema/offset-for-leader-epoch.ts';
import type { Handler } from './handler.ts';

export interface OffsetForLeaderEpochServices {
  readonly partitions: Pick<HostedPartitions, 'endOfLeaderEpoch'>;
}

export function offsetForLeaderEpochHandler(
  services: OffsetForLeaderEpochServices,
): Handler<typeof offsetForLeaderEpochRequest, typeof offsetForLeaderEpochResponse> {
  return {
    request: offsetForLeaderEpochRequest,
    response: offsetForLeaderEpochResponse,

    handle(request) {
      return {
        topics: request.topics.map(({ topic, partitions }) => ({
          topic,
          partitions: partitions.map(({ partition, currentLeaderEpoch, leaderEpoch }) => {
            const end = services.partitions.endOfLeaderEpoch({ topic, partition, currentLeaderEpoch, leaderEpoch });
            return {
              errorCode: errorCode(end.error),
              partition,
              leaderEpoch: end.leaderEpoch,
              endOffset: end.endOffset,
            };
          }),
        })),
      };
    },

    failed(request, error) {
      return {
        topics: request.topics.map(({ topic, partitions }) => ({
          topic,
          partitions: partitions.map(({ partition }) => ({ errorCode: errorCode(error), partition })),
        })),
      };
    },
  };
}
