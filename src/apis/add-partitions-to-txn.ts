/**
 * AddPartitionsToTxn, key 24, versions 0-5.
 *
 * v0-3 from producers, one transaction; v2 PRODUCER_FENCED; v3 flexible; v4 from brokers, many transactions, which may be
 * verified only (KIP-890); v5 TRANSACTION_ABORTABLE.
 * Errors of a partition: INVALID_REQUEST, UNKNOWN_TOPIC_OR_PARTITION, OPERATION_NOT_ATTEMPTED (another partition of the
 * transaction is unknown), INVALID_PRODUCER_ID_MAPPING, PRODUCER_FENCED (INVALID_PRODUCER_EPOCH before v2),
 * CONCURRENT_TRANSACTIONS, TRANSACTION_ABORTABLE (not in the transaction), COORDINATOR_LOAD_IN_PROGRESS,
 * COORDINATOR_NOT_AVAILABLE, NOT_COORDINATOR.
 */
import type { TransactionCoordinator } from '../coordinator/transaction/transaction-coordinator.ts';
import { type ErrorName, errorCode } from '../wire/errors.ts';
import {
  type AddPartitionsToTxnRequest,
  addPartitionsToTxnRequest,
  addPartitionsToTxnResponse,
} from '../wire/schema/add-partitions-to-txn.ts';
import type { Handler } from './handler.ts';
import type { MetadataView } from './metadata-view.ts';

export interface AddPartitionsToTxnServices {
  readonly transactions: Pick<TransactionCoordinator, 'addPartitions' | 'verifyPartitions'>;
  readonly metadata: MetadataView;
}

type Transaction = AddPartitionsToTxnRequest['transactions'][number];
type ErrorOf = (topic: string, partition: number) => ErrorName;

const firstVersionForBrokers = 4;
const firstVersionWithFenced = 2;
/** transaction.version of those who ask: brokers add for producers that speak 2, producers that ask do not. */
const versionOfBrokers = 2;
const versionOfProducers = 0;

export function addPartitionsToTxnHandler(
  services: AddPartitionsToTxnServices,
): Handler<typeof addPartitionsToTxnRequest, typeof addPartitionsToTxnResponse> {
  return {
    request: addPartitionsToTxnRequest,
    response: addPartitionsToTxnResponse,

    async handle(request, { apiVersion }) {
      if (apiVersion < firstVersionForBrokers) {
        const transaction = transactionOf(request);
        return { resultsByTopicV3AndBelow: results(transaction, await decide(services, transaction, apiVersion)) };
      }
      // In the order of the request, as far as one shard is concerned: all are handed over before any is awaited.
      const answers = await Promise.all(request.transactions.map((each) => decide(services, each, apiVersion)));
      return {
        resultsByTransaction: request.transactions.map((transaction, index) => ({
          transactionalId: transaction.transactionalId,
          topicResults: results(transaction, answers[index]!),
        })),
      };
    },

    failed(request, error, _message, { apiVersion }) {
      if (apiVersion >= firstVersionForBrokers) return { errorCode: errorCode(error) };
      return { resultsByTopicV3AndBelow: results(transactionOf(request), () => error) };
    },
  };
}

/** The one transaction of an old request. */
function transactionOf(request: AddPartitionsToTxnRequest): Transaction {
  return {
    transactionalId: request.v3AndBelowTransactionalId,
    producerId: request.v3AndBelowProducerId,
    producerEpoch: request.v3AndBelowProducerEpoch,
    verifyOnly: false,
    topics: request.v3AndBelowTopics,
  };
}

async function decide(
  services: AddPartitionsToTxnServices,
  transaction: Transaction,
  apiVersion: number,
): Promise<ErrorOf> {
  const { topicsByName } = services.metadata.image;
  const exists = (topic: string, partition: number) => topicsByName.get(topic)?.partitions.has(partition) === true;
  const allExist = transaction.topics.every(({ name, partitions }) => partitions.every((each) => exists(name, each)));
  if (!allExist) {
    return (topic, partition) => (exists(topic, partition) ? 'OPERATION_NOT_ATTEMPTED' : 'UNKNOWN_TOPIC_OR_PARTITION');
  }
  const { transactionalId, producerId, producerEpoch } = transaction;
  const partitions = transaction.topics.map(({ name, partitions }) => ({ topic: name, partitions }));
  const producer = { transactionalId, producerId, producerEpoch, partitions };
  if (transaction.verifyOnly) {
    const verified = await services.transactions.verifyPartitions(producer);
    const errors = new Map(verified.map(({ topic, partition, error }) => [`${topic}-${partition}`, error]));
    return (topic, partition) => errors.get(`${topic}-${partition}`) ?? 'UNKNOWN_SERVER_ERROR';
  }
  const clientTransactionVersion = apiVersion < firstVersionForBrokers ? versionOfProducers : versionOfBrokers;
  const error = await services.transactions.addPartitions({ ...producer, clientTransactionVersion });
  return () => (error === 'PRODUCER_FENCED' && apiVersion < firstVersionWithFenced ? 'INVALID_PRODUCER_EPOCH' : error);
}

function results(transaction: Pick<Transaction, 'topics'>, errorOf: ErrorOf) {
  return transaction.topics.map(({ name, partitions }) => ({
    name,
    resultsByPartition: partitions.map((partition) => ({
      partitionIndex: partition,
      partitionErrorCode: errorCode(errorOf(name, partition)),
    })),
  }));
}
