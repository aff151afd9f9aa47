/**
 * PushTelemetry, key 72, version 0 (KIP-714): metrics of a client, in OpenTelemetry's format. Offered only while metrics are
 * served, where they come out again.
 *
 * Errors: INVALID_REQUEST (a reserved instance id; a push after the one that was said to be the last),
 * THROTTLING_QUOTA_EXCEEDED (too early), UNKNOWN_SUBSCRIPTION_ID (the client should ask again),
 * UNSUPPORTED_COMPRESSION_TYPE, TELEMETRY_TOO_LARGE, INVALID_RECORD (the metrics cannot be read).
 */
import { errorCode } from '../wire/errors.ts';
import { pushTelemetryRequest, pushTelemetryResponse } from '../wire/schema/push-telemetry.ts';
import { type TelemetryServices, telemetryClient } from './get-telemetry-subscriptions.ts';
import type { Handler } from './handler.ts';

export function pushTelemetryHandler({
  telemetry,
}: TelemetryServices): Handler<typeof pushTelemetryRequest, typeof pushTelemetryResponse> {
  return {
    request: pushTelemetryRequest,
    response: pushTelemetryResponse,
    handle: (request, context) => ({ errorCode: errorCode(telemetry.push(request, telemetryClient(context))) }),
    failed: (_request, error) => ({ errorCode: errorCode(error) }),
  };
}
