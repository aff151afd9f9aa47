/**
 * AllocateProducerIds, key 67, version 0 (KIP-730), on the controller listener.
 *
 * Errors: NOT_CONTROLLER, STALE_BROKER_EPOCH (or not registered).
 */
import { errorCode } from '../wire/errors.ts';
import { allocateProducerIdsRequest, allocateProducerIdsResponse } from '../wire/schema/allocate-producer-ids.ts';
import type { ControllerOfBrokers } from './controller-of-brokers.ts';
import type { Handler } from './handler.ts';

export function allocateProducerIdsHandler(services: {
  readonly controller: ControllerOfBrokers;
}): Handler<typeof allocateProducerIdsRequest, typeof allocateProducerIdsResponse> {
  return {
    request: allocateProducerIdsRequest,
    response: allocateProducerIdsResponse,
    async handle(request) {
      const block = await services.controller.allocateProducerIds(request);
      if ('error' in block) return { errorCode: errorCode(block.error) };
      return { producerIdStart: block.firstProducerId, producerIdLen: block.count };
    },
    failed: (_request, error) => ({ errorCode: errorCode(error) }),
  };
}
