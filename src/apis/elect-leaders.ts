/**
 * ElectLeaders, key 43, versions 0-2.
 *
 * v1 unclean elections (KIP-460), a top-level error; v2 flexible.
 * Errors: INVALID_REQUEST for an unknown kind of election; per partition UNKNOWN_TOPIC_OR_PARTITION, ELECTION_NOT_NEEDED,
 * PREFERRED_LEADER_NOT_AVAILABLE, ELIGIBLE_LEADERS_NOT_AVAILABLE.
 */
import { errorCode, KafkaError } from '../wire/errors.ts';
import { electLeadersRequest, electLeadersResponse } from '../wire/schema/elect-leaders.ts';
import type { ClusterController } from './cluster-controller.ts';
import type { Handler } from './handler.ts';

const elections = ['preferred', 'unclean'] as const;

export function electLeadersHandler(services: {
  readonly clusterController: ClusterController;
}): Handler<typeof electLeadersRequest, typeof electLeadersResponse> {
  return {
    request: electLeadersRequest,
    response: electLeadersResponse,
    async handle({ electionType, topicPartitions, timeoutMs }) {
      const election = elections[electionType];
      if (election === undefined) throw new KafkaError('INVALID_REQUEST', `Unknown election type ${electionType}`);
      const results = await services.clusterController.electLeaders({ election, topicPartitions, timeoutMs });
      return {
        replicaElectionResults: results.map(({ topic, partitions }) => ({
          topic,
          partitionResult: partitions.map(({ partitionId, error, message }) => ({
            partitionId,
            errorCode: errorCode(error),
            errorMessage: message,
          })),
        })),
      };
    },
    failed: ({ topicPartitions }, error, message, { apiVersion }) => ({
      // Version 0 tells it of each partition alone.
      ...(apiVersion === 0 ? {} : { errorCode: errorCode(error) }),
      replicaElectionResults: (topicPartitions ?? []).map(({ topic, partitions }) => ({
        topic,
        partitionResult: partitions.map((partitionId) => ({
          partitionId,
          errorCode: errorCode(error),
          errorMessage: message,
        })),
      })),
    }),
  };
}
