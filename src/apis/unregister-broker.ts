/**
 * UnregisterBroker, key 64, version 0 (KIP-631).
 *
 * Error: BROKER_ID_NOT_REGISTERED.
 */
import { errorCode } from '../wire/errors.ts';
import { unregisterBrokerRequest, unregisterBrokerResponse } from '../wire/schema/unregister-broker.ts';
import type { ClusterController } from './cluster-controller.ts';
import type { Handler } from './handler.ts';

export function unregisterBrokerHandler(services: {
  readonly clusterController: ClusterController;
}): Handler<typeof unregisterBrokerRequest, typeof unregisterBrokerResponse> {
  return {
    request: unregisterBrokerRequest,
    response: unregisterBrokerResponse,
    async handle({ brokerId }) {
      const { error, message } = await services.clusterController.unregisterBroker(brokerId);
      return error === 'NONE' ? {} : { errorCode: errorCode(error), errorMessage: message };
    },
    failed: (_request, error, message) => ({ errorCode: errorCode(error), errorMessage: message }),
  };
}
