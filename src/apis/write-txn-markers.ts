/**
 * WriteTxnMarkers, key 27, versions 1-2: from transaction coordinators, and from `kafka-transactions abort`, which ends a
 * transaction that hangs in a partition.
 *
 * v1 flexible; v2 the transaction.version of the marker's producer.
 * Errors of a partition: UNKNOWN_TOPIC_OR_PARTITION, NOT_LEADER_OR_FOLLOWER, NOT_ENOUGH_REPLICAS, REQUEST_TIMED_OUT,
 * INVALID_PRODUCER_EPOCH, TRANSACTION_COORDINATOR_FENCED, KAFKA_STORAGE_ERROR.
 */
import { type ErrorName, errorCode } from '../wire/errors.ts';
import { writeTxnMarkersRequest, writeTxnMarkersResponse } from '../wire/schema/write-txn-markers.ts';
import type { Handler } from './handler.ts';

export interface WriteTxnMarkersServices {
  readonly markers: {
    /** Appends the marker as leader of the partition; NONE when it is committed. Never rejects. */
    endTransaction(
      partition: { readonly topic: string; readonly partition: number },
      end: {
        readonly producerId: number;
        readonly producerEpoch: number;
        readonly coordinatorEpoch: number;
        readonly committed: boolean;
      },
    ): Promise<ErrorName>;
  };
}

export function writeTxnMarkersHandler(
  services: WriteTxnMarkersServices,
): Handler<typeof writeTxnMarkersRequest, typeof writeTxnMarkersResponse> {
  return {
    request: writeTxnMarkersRequest,
    exemptFromQuota: true,
    response: writeTxnMarkersResponse,

    async handle(request) {
      const markers = await Promise.all(
        request.markers.map(async ({ producerId, producerEpoch, coordinatorEpoch, transactionResult, topics }) => {
          const end = { producerId, producerEpoch, coordinatorEpoch, committed: transactionResult };
          return { producerId, topics: await Promise.all(topics.map((topic) => endIn(topic, end))) };
        }),
      );
      // A marker for no partition at all has no answer, as in Kafka.
      return { markers: markers.filter(({ topics }) => topics.some(({ partitions }) => partitions.length > 0)) };
    },

    failed: (request, error) => ({
      markers: request.markers.map(({ producerId, topics }) => ({
        producerId,
        topics: topics.map(({ name, partitionIndexes }) => ({
          name,
          partitions: partitionIndexes.map((partitionIndex) => ({ partitionIndex, errorCode: errorCode(error) })),
        })),
      })),
    }),
  };

  async function endIn(
    { name, partitionIndexes }: { readonly name: string; readonly partitionIndexes: readonly number[] },
    end: Parameters<WriteTxnMarkersServices['markers']['endTransaction']>[1],
  ) {
    const partitions = await Promise.all(
      partitionIndexes.map(async (partitionIndex) => {
        const error = await services.markers.endTransaction({ topic: name, partition: partitionIndex }, end);
        return { partitionIndex, errorCode: errorCode(error) };
      }),
    );
    return { name, partitions };
  }
}
