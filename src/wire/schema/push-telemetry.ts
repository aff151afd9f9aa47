import { bool, bytes, field, int8, int16, int32, message, uuid, type ValueOf } from '../schema.ts';

export const pushTelemetryRequest = message({
  name: 'PushTelemetryRequest',
  kind: 'request',
  apiKey: 72,
  listeners: ['broker'],
  versions: '0',
  flexibleVersions: '0+',
  fields: () => ({
    clientInstanceId: field(uuid, '0+'),
    subscriptionId: field(int32, '0+'),
    terminating: field(bool, '0+'),
    compressionType: field(int8, '0+'),
    metrics: field(bytes, '0+', { zeroCopy: true }),
  }),
});

export type PushTelemetryRequest = ValueOf<typeof pushTelemetryRequest>;

export const pushTelemetryResponse = message({
  name: 'PushTelemetryResponse',
  kind: 'response',
  apiKey: 72,
  versions: '0',
  flexibleVersions: '0+',
  fields: () => ({
    throttleTimeMs: field(int32, '0+'),
    errorCode: field(int16, '0+'),
  }),
});

export type PushTelemetryResponse = ValueOf<typeof pushTelemetryResponse>;
