/**
 * InitProducerId, key 22, versions 0-5.
 *
 * v2 flexible; v3 the producer names its id and epoch (KIP-360); v4 PRODUCER_FENCED; v5 KIP-890; v6 (two-phase commit,
 * KIP-939) is not offered, as in Kafka.
 * Errors: INVALID_REQUEST, INVALID_TRANSACTION_TIMEOUT, PRODUCER_FENCED (INVALID_PRODUCER_EPOCH before v4),
 * CONCURRENT_TRANSACTIONS (the last transaction is being ended: ask again), COORDINATOR_LOAD_IN_PROGRESS,
 * COORDINATOR_NOT_AVAILABLE, NOT_COORDINATOR.
 *
 * Without a transactional id every call gives a new producer id with epoch 0.
 */
import type { TransactionCoordinator } from '../coordinator/transaction/transaction-coordinator.ts';
import { type ErrorName, errorCode } from '../wire/errors.ts';
import { initProducerIdRequest, initProducerIdResponse } from '../wire/schema/init-producer-id.ts';
import type { Handler } from './handler.ts';

export interface InitProducerIdServices {
  readonly transactions: Pick<TransactionCoordinator, 'initProducerId'>;
}

const firstVersionWithFenced = 4;
const noProducerId = -1;
const noProducerEpoch = -1;

export function initProducerIdHandler(
  services: InitProducerIdServices,
): Handler<typeof initProducerIdRequest, typeof initProducerIdResponse> {
  const refused = (error: ErrorName) => ({
    errorCode: errorCode(error),
    producerId: noProducerId,
    producerEpoch: noProducerEpoch,
  });
  return {
    request: initProducerIdRequest,
    response: initProducerIdResponse,
    versions: { min: 0, max: 5 },

    async handle(request, { apiVersion }) {
      const { transactionalId, transactionTimeoutMs, producerId, producerEpoch } = request;
      if ((producerId === noProducerId) !== (producerEpoch === noProducerEpoch)) return refused('INVALID_REQUEST');
      const result = await services.transactions.initProducerId({
        transactionalId,
        timeoutMs: transactionTimeoutMs,
        producerId,
        producerEpoch,
      });
      const unknown = result.error === 'PRODUCER_FENCED' && apiVersion < firstVersionWithFenced;
      if (result.error !== 'NONE') return refused(unknown ? 'INVALID_PRODUCER_EPOCH' : result.error);
      return { errorCode: errorCode('NONE'), producerId: result.producerId, producerEpoch: result.producerEpoch };
    },

    failed: (_request, error) => refused(error),
  };
}
