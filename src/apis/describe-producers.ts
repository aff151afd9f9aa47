/**
 * DescribeProducers, key 61, version 0 (KIP-664): the producers that a partition's leader remembers.
 *
 * Errors of a partition: INVALID_TOPIC_EXCEPTION, UNKNOWN_TOPIC_OR_PARTITION, NOT_LEADER_OR_FOLLOWER, KAFKA_STORAGE_ERROR.
 */
import { topicNameProblem } from '../config/topic-name.ts';
import type { HostedPartitions } from '../replication/hosted-partitions.ts';
import { type ErrorName, errorCode } from '../wire/errors.ts';
import { describeProducersRequest, describeProducersResponse } from '../wire/schema/describe-producers.ts';
import type { Handler } from './handler.ts';
import type { MetadataView } from './metadata-view.ts';

export interface DescribeProducersServices {
  readonly partitions: Pick<HostedPartitions, 'activeProducers'>;
  readonly metadata: MetadataView;
}

export function describeProducersHandler(
  services: DescribeProducersServices,
): Handler<typeof describeProducersRequest, typeof describeProducersResponse> {
  return {
    request: describeProducersRequest,
    response: describeProducersResponse,

    handle: ({ topics }) => ({
      topics: topics.map(({ name, partitionIndexes }) => {
        const problem = problemOf(services.metadata, name);
        return {
          name,
          partitions: partitionIndexes.map((partitionIndex) => {
            if (problem !== null) {
              return { partitionIndex, errorCode: errorCode(problem.error), errorMessage: problem.message };
            }
            const producers = services.partitions.activeProducers(name, partitionIndex);
            if (typeof producers === 'string') return { partitionIndex, errorCode: errorCode(producers) };
            return {
              partitionIndex,
              activeProducers: producers.map((producer) => ({
                producerId: producer.producerId,
                producerEpoch: producer.producerEpoch,
                lastSequence: producer.lastSequence,
                lastTimestamp: producer.lastTimestampMs,
                coordinatorEpoch: producer.coordinatorEpoch,
                currentTxnStartOffset: producer.currentTransactionStartOffset,
              })),
            };
          }),
        };
      }),
    }),

    failed: ({ topics }, error) => ({
      topics: topics.map(({ name, partitionIndexes }) => ({
        name,
        partitions: partitionIndexes.map((partitionIndex) => ({ partitionIndex, errorCode: errorCode(error) })),
      })),
    }),
  };
}

function problemOf(metadata: MetadataView, name: string): { error: ErrorName; message: string } | null {
  const problem = topicNameProblem(name);
  if (problem !== null) return problem;
  if (metadata.image.topicsByName.has(name)) return null;
  return { error: 'UNKNOWN_TOPIC_OR_PARTITION', message: 'This server does not host this topic-partition.' };
}
