/**
 * DescribeTransactions, key 65, version 0 (KIP-664).
 *
 * Errors of a transactional id: INVALID_REQUEST, TRANSACTIONAL_ID_NOT_FOUND, COORDINATOR_LOAD_IN_PROGRESS,
 * COORDINATOR_NOT_AVAILABLE, NOT_COORDINATOR.
 */
import type { TransactionCoordinator } from '../coordinator/transaction/transaction-coordinator.ts';
import { errorCode } from '../wire/errors.ts';
import { describeTransactionsRequest, describeTransactionsResponse } from '../wire/schema/describe-transactions.ts';
import type { Handler } from './handler.ts';

export interface DescribeTransactionsServices {
  readonly transactions: Pick<TransactionCoordinator, 'describeTransaction'>;
}

export function describeTransactionsHandler(
  services: DescribeTransactionsServices,
): Handler<typeof describeTransactionsRequest, typeof describeTransactionsResponse> {
  return {
    request: describeTransactionsRequest,
    response: describeTransactionsResponse,

    handle: ({ transactionalIds }) => ({
      transactionStates: transactionalIds.map((transactionalId) => {
        const described = services.transactions.describeTransaction(transactionalId);
        return {
          errorCode: errorCode(described.error),
          transactionalId,
          transactionState: described.state,
          transactionTimeoutMs: described.timeoutMs,
          transactionStartTimeMs: described.startTimestampMs,
          producerId: described.producerId,
          producerEpoch: described.producerEpoch,
          topics: described.partitions,
        };
      }),
    }),

    failed: ({ transactionalIds }, error) => ({
      transactionStates: transactionalIds.map((transactionalId) => ({ errorCode: errorCode(error), transactionalId })),
    }),
  };
}
