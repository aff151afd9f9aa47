/**
 * EndTxn, key 26, versions 0-5: commits or aborts a transaction. The answer comes when the decision is in the log for
 * good; the partitions are told afterwards.
 *
 * v2 PRODUCER_FENCED; v3 flexible; v4 TRANSACTION_ABORTABLE; v5 the next producer id and epoch in the answer: the epoch is
 * bumped with every transaction (KIP-890, transaction.version 2).
 * Errors: INVALID_REQUEST, INVALID_PRODUCER_ID_MAPPING, PRODUCER_FENCED (INVALID_PRODUCER_EPOCH before v2),
 * INVALID_TXN_STATE, CONCURRENT_TRANSACTIONS, COORDINATOR_LOAD_IN_PROGRESS, COORDINATOR_NOT_AVAILABLE, NOT_COORDINATOR.
 */
import type { TransactionCoordinator } from '../coordinator/transaction/transaction-coordinator.ts';
import { errorCode } from '../wire/errors.ts';
import { endTxnRequest, endTxnResponse } from '../wire/schema/end-txn.ts';
import type { Handler } from './handler.ts';

export interface EndTxnServices {
  readonly transactions: Pick<TransactionCoordinator, 'endTransaction'>;
}

const firstVersionWithFenced = 2;
const firstVersionWithEpochBump = 5;

export function endTxnHandler(services: EndTxnServices): Handler<typeof endTxnRequest, typeof endTxnResponse> {
  return {
    request: endTxnRequest,
    response: endTxnResponse,

    async handle({ transactionalId, producerId, producerEpoch, committed }, { apiVersion }) {
      const result = await services.transactions.endTransaction({
        transactionalId,
        producerId,
        producerEpoch,
        committed,
        clientTransactionVersion: apiVersion >= firstVersionWithEpochBump ? 2 : 0,
      });
      const unknown = result.error === 'PRODUCER_FENCED' && apiVersion < firstVersionWithFenced;
      return {
        errorCode: errorCode(unknown ? 'INVALID_PRODUCER_EPOCH' : result.error),
        producerId: result.producerId,
        producerEpoch: result.producerEpoch,
      };
    },

    failed: (_request, error) => ({ errorCode: errorCode(error) }),
  };
}
