/**
 * GetTelemetrySubscriptions, key 71, version 0 (KIP-714): what a client is to push, and how often. Offered only where
 * something receives what clients push: while metrics are served.
 *
 * Errors: THROTTLING_QUOTA_EXCEEDED (asked again before the interval is over).
 */

import {
  ACCEPTED_COMPRESSION_TYPES,
  type ClientTelemetry,
  type TelemetryClient,
} from '../telemetry/client-telemetry.ts';
import { errorCode } from '../wire/errors.ts';
import {
  getTelemetrySubscriptionsRequest,
  getTelemetrySubscriptionsResponse,
} from '../wire/schema/get-telemetry-subscriptions.ts';
import type { Handler, RequestContext } from './handler.ts';

export interface TelemetryServices {
  readonly telemetry: Pick<ClientTelemetry, 'subscriptions' | 'push' | 'maxBytes'>;
}

export function getTelemetrySubscriptionsHandler({
  telemetry,
}: TelemetryServices): Handler<typeof getTelemetrySubscriptionsRequest, typeof getTelemetrySubscriptionsResponse> {
  return {
    request: getTelemetrySubscriptionsRequest,
    response: getTelemetrySubscriptionsResponse,
    handle({ clientInstanceId }, context) {
      const demand = telemetry.subscriptions(clientInstanceId, telemetryClient(context));
      if ('error' in demand) return { errorCode: errorCode(demand.error) };
      return {
        clientInstanceId: demand.clientInstanceId,
        subscriptionId: demand.subscriptionId,
        acceptedCompressionTypes: ACCEPTED_COMPRESSION_TYPES,
        pushIntervalMs: demand.pushIntervalMs,
        telemetryMaxBytes: telemetry.maxBytes,
        deltaTemporality: true,
        requestedMetrics: demand.metrics,
      };
    },
    failed: (_request, error) => ({ errorCode: errorCode(error) }),
  };
}

export function telemetryClient({ clientId, connection }: RequestContext): TelemetryClient {
  return {
    connectionId: connection.connectionId,
    clientId,
    softwareName: connection.clientSoftwareName,
    softwareVersion: connection.clientSoftwareVersion,
    address: connection.clientAddress,
    port: connection.clientPort,
  };
}
