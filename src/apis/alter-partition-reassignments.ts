/**
 * AlterPartitionReassignments, key 45, versions 0-1.
 *
 * v1 the replication factor may be kept from changing (KIP-860). Replicas that are null cancel.
 * Errors: per partition UNKNOWN_TOPIC_OR_PARTITION, INVALID_REPLICA_ASSIGNMENT, INVALID_REPLICATION_FACTOR,
 * NO_REASSIGNMENT_IN_PROGRESS.
 */
import { errorCode } from '../wire/errors.ts';
import {
  alterPartitionReassignmentsRequest,
  alterPartitionReassignmentsResponse,
} from '../wire/schema/alter-partition-reassignments.ts';
import type { ClusterController } from './cluster-controller.ts';
import type { Handler } from './handler.ts';

export function alterPartitionReassignmentsHandler(services: {
  readonly clusterController: ClusterController;
}): Handler<typeof alterPartitionReassignmentsRequest, typeof alterPartitionReassignmentsResponse> {
  return {
    request: alterPartitionReassignmentsRequest,
    response: alterPartitionReassignmentsResponse,
    async handle(request) {
      // Apache Kafka does not bother its controller then, and leaves the message as the schema has it.
      if (request.topics.length === 0) return {};
      const results = await services.clusterController.alterPartitionReassignments(request);
      return {
        allowReplicationFactorChange: request.allowReplicationFactorChange,
        errorMessage: null,
        responses: results.map(({ name, partitions }) => ({
          name,
          partitions: partitions.map(({ partitionIndex, error, message }) => ({
            partitionIndex,
            errorCode: errorCode(error),
            errorMessage: message,
          })),
        })),
      };
    },
    failed: ({ topics }, error, message) => ({
      errorCode: errorCode(error),
      errorMessage: message,
      responses: topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ partitionIndex }) => ({
          partitionIndex,
          errorCode: errorCode(error),
          errorMessage: message,
        })),
      })),
    }),
  };
}
