/**
 * InitProducerId, key 22, versions 0-5.
 *
 * v2 flexible; v3 the producer names its id and epoch (KIP-360); v4 PRODUCER_FENCED; v5 KIP-890; v6 (two-phase commit,
 * KIP-939) is not offered, as in Kafka.
 * Errors: INVALID_REQUEST, TRANSACTIONAL_ID_AUTHORIZATION_FAILED, COORDINATOR_LOAD_IN_PROGRESS.
 *
 * Without a transactional id every call gives a new producer id with epoch 0. With one, the answer is an error that no
 * client retries, until there is a transaction coordinator (docs/deviations.md).
 */
import type { ProducerIds } from '../replication/producer-ids.ts';
import { type ErrorName, errorCode } from '../wire/errors.ts';
import { initProducerIdRequest, initProducerIdResponse } from '../wire/schema/init-producer-id.ts';
import type { Handler } from './handler.ts';

export interface InitProducerIdServices {
  readonly producerIds: Pick<ProducerIds, 'next'>;
}

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

    handle(request) {
      const { transactionalId, producerId, producerEpoch } = request;
      if ((producerId === noProducerId) !== (producerEpoch === noProducerEpoch)) return refused('INVALID_REQUEST');
      if (transactionalId === '') return refused('INVALID_REQUEST');
      if (transactionalId !== null) return refused('TRANSACTIONAL_ID_AUTHORIZATION_FAILED');
      return services.producerIds
        .next()
        .then((next) =>
          typeof next === 'string'
            ? refused(next)
            : { errorCode: errorCode('NONE'), producerId: next, producerEpoch: 0 },
        );
    },

    failed: (_request, error) => refused(error),
  };
}
