/**
 * ListPartitionReassignments, key 46, version 0 (KIP-455).
 *
 * No errors of its own: topics and partitions that do not exist are left out, as are those without a reassignment.
 */
import { errorCode } from '../wire/errors.ts';
import {
  listPartitionReassignmentsRequest,
  listPartitionReassignmentsResponse,
} from '../wire/schema/list-partition-reassignments.ts';
import type { ClusterController } from './cluster-controller.ts';
import type { Handler } from './handler.ts';

export function listPartitionReassignmentsHandler(services: {
  readonly clusterController: ClusterController;
}): Handler<typeof listPartitionReassignmentsRequest, typeof listPartitionReassignmentsResponse> {
  return {
    request: listPartitionReassignmentsRequest,
    response: listPartitionReassignmentsResponse,
    async handle(request) {
      const topics = await services.clusterController.listPartitionReassignments(request);
      return { errorMessage: null, topics };
    },
    failed: ({ topics }, error, message) => ({
      errorCode: errorCode(error),
      errorMessage: message,
      topics: (topics ?? []).map(({ name, partitionIndexes }) => ({
        name,
        partitions: partitionIndexes.map((partitionIndex) => ({ partitionIndex })),
      })),
    }),
  };
}
