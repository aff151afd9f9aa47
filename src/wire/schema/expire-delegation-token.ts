import { bytes, field, int16, int32, int64, message, type ValueOf } from '../schema.ts';

export const expireDelegationTokenRequest = message({
  name: 'ExpireDelegationTokenRequest',
  kind: 'request',
  apiKey: 40,
  listeners: ['broker', 'controller'],
  versions: '1-2',
  flexibleVersions: '2+',
  fields: () => ({
    hmac: field(bytes, '0+'),
    expiryTimePeriodMs: field(int64, '0+'),
  }),
});

export type ExpireDelegationTokenRequest = ValueOf<typeof expireDelegationTokenRequest>;

export const expireDelegationTokenResponse = message({
  name: 'ExpireDelegationTokenResponse',
  kind: 'response',
  apiKey: 40,
  versions: '1-2',
  flexibleVersions: '2+',
  fields: () => ({
    errorCode: field(int16, '0+'),
    expiryTimestampMs: field(int64, '0+'),
    throttleTimeMs: field(int32, '0+'),
  }),
});

export type ExpireDelegationTokenResponse = ValueOf<typeof expireDelegationTokenResponse>;
