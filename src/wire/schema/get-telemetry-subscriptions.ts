import { array, bool, field, int8, int16, int32, message, string, uuid, type ValueOf } from '../schema.ts';

export const getTelemetrySubscriptionsRequest = message({
  name: 'GetTelemetrySubscriptionsRequest',
  kind: 'request',
  apiKey: 71,
  listeners: ['broker'],
  versions: '0',
  flexibleVersions: '0+',
  fields: () => ({
    clientInstanceId: field(uuid, '0+'),
  }),
});

export type GetTelemetrySubscriptionsRequest = ValueOf<typeof getTelemetrySubscriptionsRequest>;

export const getTelemetrySubscriptionsResponse = message({
  name: 'GetTelemetrySubscriptionsResponse',
  kind: 'response',
  apiKey: 71,
  versions: '0',
  flexibleVersions: '0+',
  fields: () => ({
    throttleTimeMs: field(int32, '0+'),
    errorCode: field(int16, '0+'),
    clientInstanceId: field(uuid, '0+'),
    subscriptionId: field(int32, '0+'),
    acceptedCompressionTypes: field(array(int8), '0+'),
    pushIntervalMs: field(int32, '0+'),
    telemetryMaxBytes: field(int32, '0+'),
    deltaTemporality: field(bool, '0+'),
    requestedMetrics: field(array(string), '0+'),
  }),
});

export type GetTelemetrySubscriptionsResponse = ValueOf<typeof getTelemetrySubscriptionsResponse>;
