/**
 * DescribeCluster on a controller listener, key 60, versions 1-2 and 0 to refuse it: the controllers in place of brokers (KIP-919).
 *
 * Errors: UNSUPPORTED_ENDPOINT_TYPE, MISMATCHED_ENDPOINT_TYPE; INVALID_REQUEST instead of both in v0.
 */
import type { MetadataImage } from '../metadata/metadata-image.ts';
import { errorCode } from '../wire/errors.ts';
import { describeClusterRequest, describeClusterResponse } from '../wire/schema/describe-cluster.ts';
import { ALL_CLUSTER_OPERATIONS, OPERATIONS_NOT_ASKED } from './authorized-operations.ts';
import type { Handler } from './handler.ts';

const BROKER_ENDPOINT = 1;
const CONTROLLER_ENDPOINT = 2;

/** What a controller knows of the quorum it belongs to. */
export interface ControllerView {
  /** Immutable; take it once per request. */
  readonly image: MetadataImage;
  readonly clusterId: string;
  /** The active controller; null when none is known. */
  readonly leaderId: number | null;
}

export function describeControllersHandler(services: {
  readonly controllers: ControllerView;
}): Handler<typeof describeClusterRequest, typeof describeClusterResponse> {
  const { controllers } = services;
  return {
    request: describeClusterRequest,
    response: describeClusterResponse,
    handle(request, context) {
      if (request.endpointType !== CONTROLLER_ENDPOINT) {
        const isBroker = request.endpointType === BROKER_ENDPOINT;
        const error = isBroker ? 'MISMATCHED_ENDPOINT_TYPE' : 'UNSUPPORTED_ENDPOINT_TYPE';
        return {
          errorCode: errorCode(context.apiVersion === 0 ? 'INVALID_REQUEST' : error),
          errorMessage: isBroker
            ? 'The request was sent to an endpoint of type CONTROLLER, but we wanted an endpoint of type BROKER'
            : `Unsupported endpoint type ${request.endpointType}`,
        };
      }
      const brokers = [...controllers.image.controllers.values()].flatMap(({ controllerId, listeners }) => {
        const endpoint = listeners.find(({ name }) => name === context.connection.listenerName);
        return endpoint === undefined ? [] : [{ brokerId: controllerId, host: endpoint.host, port: endpoint.port }];
      });
      const { leaderId } = controllers;
      return {
        clusterId: controllers.clusterId,
        controllerId: leaderId !== null && brokers.some(({ brokerId }) => brokerId === leaderId) ? leaderId : -1,
        clusterAuthorizedOperations: request.includeClusterAuthorizedOperations
          ? ALL_CLUSTER_OPERATIONS
          : OPERATIONS_NOT_ASKED,
        brokers,
        endpointType: CONTROLLER_ENDPOINT,
      };
    },
    failed: (_request, error, message) => ({ errorCode: errorCode(error), errorMessage: message }),
  };
}
