/**
 * DescribeQuorum, key 55, versions 0-2, answered by the leader alone; a broker forwards it.
 *
 * v1 timestamps of the last fetch (KIP-836); v2 directory ids, endpoints, error messages (KIP-853).
 * Errors: INVALID_REQUEST, NOT_LEADER_OR_FOLLOWER, UNKNOWN_TOPIC_OR_PARTITION.
 */
import type { ReplicaView } from '../raft/quorum-view.ts';
import { QUORUM_TOPIC } from '../raft/raft-wire.ts';
import { type ErrorName, errorCode } from '../wire/errors.ts';
import {
  type DescribeQuorumRequest,
  describeQuorumRequest,
  describeQuorumResponse,
} from '../wire/schema/describe-quorum.ts';
import type { InputOf } from '../wire/schema.ts';
import type { Handler } from './handler.ts';
import type { QuorumServices } from './quorum-replica.ts';

export function describeQuorumHandler(
  services: QuorumServices,
): Handler<typeof describeQuorumRequest, typeof describeQuorumResponse> {
  const { quorum } = services;
  return {
    request: describeQuorumRequest,
    response: describeQuorumResponse,
    handle(request, { apiVersion }) {
      const [topic] = request.topics;
      const isQuorum =
        request.topics.length === 1 &&
        topic?.topicName === QUORUM_TOPIC &&
        topic.partitions.length === 1 &&
        topic.partitions[0]?.partitionIndex === 0;
      if (!isQuorum) {
        return partitionErrors(
          request,
          'UNKNOWN_TOPIC_OR_PARTITION',
          'This server does not host this topic-partition.',
        );
      }
      const view = quorum.describe();
      if (view === null) return partitionErrors(request, 'NOT_LEADER_OR_FOLLOWER');
      const stateOf = (replica: ReplicaView) => ({
        replicaId: replica.replica.replicaId,
        ...(apiVersion >= 2 ? { replicaDirectoryId: replica.replica.directoryId } : {}),
        logEndOffset: replica.logEndOffset,
        lastFetchTimestamp: replica.lastFetchTimestampMs,
        lastCaughtUpTimestamp: replica.lastCaughtUpTimestampMs,
      });
      return {
        errorMessage: '',
        topics: [
          {
            topicName: QUORUM_TOPIC,
            partitions: [
              {
                partitionIndex: 0,
                errorMessage: '',
                leaderId: view.leaderId ?? -1,
                leaderEpoch: view.leaderEpoch,
                highWatermark: view.highWatermark,
                currentVoters: view.voters.map(stateOf),
                observers: view.observers.map(stateOf),
              },
            ],
          },
        ],
        ...(apiVersion >= 2
          ? { nodes: quorum.voters.voters.map(({ voterId, endpoints }) => ({ nodeId: voterId, listeners: endpoints })) }
          : {}),
      };
    },
    failed: (_request, error, errorMessage) => ({ errorCode: errorCode(error), errorMessage }),
  };
}

function partitionErrors(
  { topics }: DescribeQuorumRequest,
  error: ErrorName,
  message = '',
): InputOf<typeof describeQuorumResponse> {
  return {
    errorMessage: '',
    topics: topics.map(({ topicName, partitions }) => ({
      topicName,
      partitions: partitions.map(({ partitionIndex }) => ({
        partitionIndex,
        errorCode: errorCode(error),
        errorMessage: message,
      })),
    })),
  };
}
