/**
 * ControllerRegistration, key 70, version 0 (KIP-919): a controller tells the active one where it is and what it can.
 *
 * Errors: NOT_CONTROLLER, UNSUPPORTED_VERSION (metadata.version older than 3.7-IV0).
 */
import type { ControllerRegistration } from '../controller/broker-control.ts';
import type { ControlFailure } from '../controller/control-record.ts';
import { errorCode } from '../wire/errors.ts';
import {
  controllerRegistrationRequest,
  controllerRegistrationResponse,
} from '../wire/schema/controller-registration.ts';
import type { Handler } from './handler.ts';

export interface ControllerRegistrar {
  /** Rejects with KafkaError where the controller is not active. */
  registerController(registration: ControllerRegistration): Promise<ControlFailure>;
}

export function controllerRegistrationHandler(services: {
  readonly controller: ControllerRegistrar;
}): Handler<typeof controllerRegistrationRequest, typeof controllerRegistrationResponse> {
  return {
    request: controllerRegistrationRequest,
    response: controllerRegistrationResponse,
    async handle(request) {
      const { error, message } = await services.controller.registerController({
        controllerId: request.controllerId,
        incarnationId: request.incarnationId,
        listeners: request.listeners,
        supportedFeatures: Object.fromEntries(
          request.features.map(({ name, minSupportedVersion, maxSupportedVersion }) => [
            name,
            { min: minSupportedVersion, max: maxSupportedVersion },
          ]),
        ),
      });
      return { errorCode: errorCode(error), errorMessage: message };
    },
    failed: (_request, error, message) => ({ errorCode: errorCode(error), errorMessage: message }),
  };
}
