import { bytes, field, int16, int32, int64, message, type ValueOf } from '../schema.ts';

export const renewDelegationTokenRequest = message({
  name: 'RenewDelegationTokenRequest',
  kind: 'request',
  apiKey: 39,
  listeners: ['broker', 'controller'],
  versions: '1-2',
  flexibleVersions: '2+',
  fields: () => ({
    hmac: field(bytes, '0+'),
    renewPeriodMs: field(int64, '0+'),
  }),
});

export type RenewDelegationTokenRequest = ValueOf<typeof renewDelegationTokenRequest>;

export const renewDelegationTokenResponse = message({
  name: 'RenewDelegationTokenResponse',
  kind: 'response',
  apiKey: 39,
  versions: '1-2',
  flexibleVersions: '2+',
  fields: () => ({
    errorCode: field(int16, '0+'),
    expiryTimestampMs: field(int64, '0+'),
    throttleTimeMs: field(int32, '0+'),
  }),
});

export type RenewDelegationTokenResponse = ValueOf<typeof renewDelegationTokenResponse>;
