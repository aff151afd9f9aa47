/**
 * DescribeCluster, key 60, versions 0-2.
 *
 * v1 endpoint type (KIP-919); v2 fenced brokers on request (KIP-1073).
 * Errors: UNSUPPORTED_ENDPOINT_TYPE, MISMATCHED_ENDPOINT_TYPE; INVALID_REQUEST instead of both in v0.
 */
import { errorCode } from '../wire/errors.ts';
import { describeClusterRequest, describeClusterResponse } from '../wire/schema/describe-cluster.ts';
import type { InputOf } from '../wire/schema.ts';
import { ALL_CLUSTER_OPERATIONS, OPERATIONS_NOT_ASKED } from './authorized-operations.ts';
import type { Handler } from './handler.ts';
import { controllerIdForClients, endpointFor, type MetadataView } from './metadata-view.ts';

const BROKER_ENDPOINT = 1;
const CONTROLLER_ENDPOINT = 2;

type ResponseBroker = NonNullable<InputOf<typeof describeClusterResponse>['brokers']>[number];

export function describeClusterHandler(services: {
  readonly metadata: MetadataView;
}): Handler<typeof describeClusterRequest, typeof describeClusterResponse> {
  const { metadata } = services;
  return {
    request: describeClusterRequest,
    response: describeClusterResponse,
    handle(request, context) {
      if (request.endpointType !== BROKER_ENDPOINT) {
        const isController = request.endpointType === CONTROLLER_ENDPOINT;
        const error = isController ? 'MISMATCHED_ENDPOINT_TYPE' : 'UNSUPPORTED_ENDPOINT_TYPE';
        return {
          errorCode: errorCode(context.apiVersion === 0 ? 'INVALID_REQUEST' : error),
          errorMessage: isController
            ? 'The request was sent to an endpoint of type BROKER, but we wanted an endpoint of type CONTROLLER'
            : `Unsupported endpoint type ${request.endpointType}`,
        };
      }
      const brokers: ResponseBroker[] = [];
      for (const broker of metadata.image.brokers.values()) {
        if (broker.fenced && !request.includeFencedBrokers) continue;
        const endpoint = endpointFor(broker, metadata, context.connection);
        if (endpoint === null) continue;
        brokers.push({
          brokerId: broker.brokerId,
          host: endpoint.host,
          port: endpoint.port,
          rack: broker.rack,
          // Versions below 2 lack the field, and list no fenced broker.
          isFenced: broker.fenced,
        });
      }
      const controllerId = controllerIdForClients(metadata);
      return {
        clusterId: metadata.clusterId,
        controllerId: brokers.some((broker) => broker.brokerId === controllerId) ? controllerId : -1,
        clusterAuthorizedOperations: request.includeClusterAuthorizedOperations
          ? ALL_CLUSTER_OPERATIONS
          : OPERATIONS_NOT_ASKED,
        brokers,
        endpointType: BROKER_ENDPOINT,
      };
    },
    failed: (_request, error, message) => ({ errorCode: errorCode(error), errorMessage: message }),
  };
}
