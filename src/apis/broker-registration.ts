/**
 * BrokerRegistration, key 62, versions 0-4 (KIP-631), on the controller listener.
 *
 * v1 migration from ZooKeeper; v2 log directories (KIP-858); v3 previous broker epoch (KIP-966); v4 features whose minimum is 0.
 * Errors: NOT_CONTROLLER, INCONSISTENT_CLUSTER_ID, DUPLICATE_BROKER_REGISTRATION, INVALID_REGISTRATION,
 * BROKER_ID_NOT_REGISTERED (a broker of a ZooKeeper cluster), UNSUPPORTED_VERSION.
 */
import { errorCode, KafkaError } from '../wire/errors.ts';
import { brokerRegistrationRequest, brokerRegistrationResponse } from '../wire/schema/broker-registration.ts';
import type { ControllerOfBrokers } from './controller-of-brokers.ts';
import type { Handler } from './handler.ts';

export function brokerRegistrationHandler(services: {
  readonly controller: ControllerOfBrokers;
}): Handler<typeof brokerRegistrationRequest, typeof brokerRegistrationResponse> {
  return {
    request: brokerRegistrationRequest,
    response: brokerRegistrationResponse,
    async handle(request) {
      if (request.isMigratingZkBroker) {
        throw new KafkaError('BROKER_ID_NOT_REGISTERED', 'Controller does not support registering ZK brokers.');
      }
      const { brokerId, clusterId, incarnationId, listeners, rack, logDirs, previousBrokerEpoch } = request;
      const supportedFeatures = Object.fromEntries(
        request.features.map(({ name, minSupportedVersion, maxSupportedVersion }) => [
          name,
          { min: minSupportedVersion, max: maxSupportedVersion },
        ]),
      );
      const registered = await services.controller.registerBroker(
        { brokerId, clusterId, incarnationId, listeners, supportedFeatures, rack, logDirs, previousBrokerEpoch },
        { replaces: false },
      );
      return 'error' in registered ? { errorCode: errorCode(registered.error) } : registered;
    },
    failed: (_request, error) => ({ errorCode: errorCode(error) }),
  };
}
