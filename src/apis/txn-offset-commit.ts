/**
 * TxnOffsetCommit, key 28, versions 0-5: offsets that count when the producer's transaction is committed.
 *
 * v2 leader epochs; v3 the consumer's member and generation (KIP-447), flexible; v4 TRANSACTION_ABORTABLE; v5 adds the
 * group's partition to the transaction by the way (KIP-890).
 * Errors of a partition: UNKNOWN_TOPIC_OR_PARTITION, OFFSET_METADATA_TOO_LARGE, INVALID_COMMIT_OFFSET_SIZE; of all:
 * INVALID_GROUP_ID, ILLEGAL_GENERATION, UNKNOWN_MEMBER_ID, FENCED_INSTANCE_ID, INVALID_PRODUCER_ID_MAPPING,
 * INVALID_PRODUCER_EPOCH, INVALID_TXN_STATE or (v4) TRANSACTION_ABORTABLE, CONCURRENT_TRANSACTIONS,
 * COORDINATOR_LOAD_IN_PROGRESS (COORDINATOR_NOT_AVAILABLE before v2), COORDINATOR_NOT_AVAILABLE, NOT_COORDINATOR.
 */
import { ZERO_UUID } from '../base/uuid.ts';
import {
  GROUP_METADATA_TOPIC,
  type GroupCoordinator,
  type OffsetCommitInput,
} from '../coordinator/group/group-coordinator.ts';
import type { TransactionCoordinator } from '../coordinator/transaction/transaction-coordinator.ts';
import { type ErrorName, errorCode } from '../wire/errors.ts';
import {
  type TxnOffsetCommitRequest,
  txnOffsetCommitRequest,
  txnOffsetCommitResponse,
} from '../wire/schema/txn-offset-commit.ts';
import type { Handler } from './handler.ts';
import type { MetadataView } from './metadata-view.ts';

export interface TxnOffsetCommitServices {
  readonly groups: Pick<GroupCoordinator, 'commitTransactionalOffsets' | 'partitionFor'>;
  /** The coordinator of the transaction, which may be another broker than the group's. */
  readonly transactionsAnywhere: Pick<TransactionCoordinator, 'addPartitions' | 'verifyPartitions'>;
  readonly transactionSettings: {
    /** `transaction.partition.verification.enable` */
    readonly verificationEnabled: () => boolean;
  };
  readonly metadata: MetadataView;
}

type Topic = OffsetCommitInput['topics'][number];

const firstVersionWithLoadInProgress = 2;
const firstVersionThatKnowsAbortable = 4;
const firstVersionThatAddsPartitions = 5;

export function txnOffsetCommitHandler(
  services: TxnOffsetCommitServices,
): Handler<typeof txnOffsetCommitRequest, typeof txnOffsetCommitResponse> {
  return {
    request: txnOffsetCommitRequest,
    response: txnOffsetCommitResponse,

    async handle(request, { apiVersion }) {
      const { image } = services.metadata;
      const answered = new Map<string, { partitionIndex: number; errorCode: number }[]>();
      const answer = (name: string, partitionIndex: number, error: ErrorName): void => {
        const entry = { partitionIndex, errorCode: errorCode(knownError(error, apiVersion)) };
        const partitions = answered.get(name);
        if (partitions === undefined) answered.set(name, [entry]);
        else partitions.push(entry);
      };
      const topics: Topic[] = [];
      for (const { name, partitions } of request.topics) {
        const known = image.topicsByName.get(name);
        const existing: Topic['partitions'][number][] = [];
        for (const { partitionIndex, committedOffset, committedLeaderEpoch, committedMetadata } of partitions) {
          if (known?.partitions.has(partitionIndex)) {
            existing.push({
              partition: partitionIndex,
              committedOffset,
              committedLeaderEpoch,
              metadata: committedMetadata,
            });
          } else {
            answer(name, partitionIndex, 'UNKNOWN_TOPIC_OR_PARTITION');
          }
        }
        if (known !== undefined && existing.length > 0)
          // Kafka's records of offsets in transactions name no topic id.
          topics.push({ name, topicId: ZERO_UUID, partitions: existing });
      }
      if (topics.length > 0) {
        const result = await commit(services, request, topics, apiVersion);
        for (const [index, { name, partitions }] of topics.entries()) {
          for (const [place, { partition }] of partitions.entries()) {
            const error = result.error === 'NONE' ? result.topics[index]!.partitions[place]!.error : result.error;
            answer(name, partition, error);
          }
        }
      }
      return { topics: [...answered].map(([name, partitions]) => ({ name, partitions })) };
    },

    failed: (request, error) => ({
      topics: request.topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode: errorCode(error) })),
      })),
    }),
  };
}

async function commit(
  services: TxnOffsetCommitServices,
  request: TxnOffsetCommitRequest,
  topics: readonly Topic[],
  apiVersion: number,
): ReturnType<GroupCoordinator['commitTransactionalOffsets']> {
  // Before anything is added to the transaction.
  if (request.groupId === '') return { error: 'INVALID_GROUP_ID', topics: [] };
  const refused = await verify(services, request, apiVersion);
  if (refused !== 'NONE') return { error: refused, topics: [] };
  const { groupId, producerId, producerEpoch, generationId, memberId, groupInstanceId } = request;
  return services.groups.commitTransactionalOffsets({
    groupId,
    producerId,
    producerEpoch,
    generationId,
    memberId,
    groupInstanceId,
    topics,
  });
}

async function verify(
  services: TxnOffsetCommitServices,
  { transactionalId, producerId, producerEpoch, groupId }: TxnOffsetCommitRequest,
  apiVersion: number,
): Promise<ErrorName> {
  const adds = apiVersion >= firstVersionThatAddsPartitions;
  if (!adds && !services.transactionSettings.verificationEnabled()) return 'NONE';
  const partitions = [{ topic: GROUP_METADATA_TOPIC, partitions: [services.groups.partitionFor(groupId)] }];
  const input = { transactionalId, producerId, producerEpoch, partitions };
  let error: ErrorName;
  if (adds) {
    error = await services.transactionsAnywhere.addPartitions({ ...input, clientTransactionVersion: 2 });
  } else {
    error = (await services.transactionsAnywhere.verifyPartitions(input))[0]?.error ?? 'UNKNOWN_SERVER_ERROR';
  }
  // A producer takes PRODUCER_FENCED for the end; this one lets it abort and go on (KIP-588).
  if (error === 'PRODUCER_FENCED') return 'INVALID_PRODUCER_EPOCH';
  const unknown = error === 'TRANSACTION_ABORTABLE' && apiVersion < firstVersionThatKnowsAbortable;
  return unknown ? 'INVALID_TXN_STATE' : error;
}

function knownError(error: ErrorName, apiVersion: number): ErrorName {
  const unknown = error === 'COORDINATOR_LOAD_IN_PROGRESS' && apiVersion < firstVersionWithLoadInProgress;
  return unknown ? 'COORDINATOR_NOT_AVAILABLE' : error;
}
