import { array, bytes, field, int16, int32, int64, message, string, struct, type ValueOf } from '../schema.ts';

export const createDelegationTokenRequest = message({
  name: 'CreateDelegationTokenRequest',
  kind: 'request',
  apiKey: 38,
  listeners: ['broker', 'controller'],
  versions: '1-3',
  flexibleVersions: '2+',
  fields: () => ({
    ownerPrincipalType: field(string, '3+', { nullable: '3+' }),
    ownerPrincipalName: field(string, '3+', { nullable: '3+' }),
    renewers: field(
      array(
        struct('CreatableRenewers', {
          principalType: field(string, '0+'),
          principalName: field(string, '0+'),
        }),
      ),
      '0+',
    ),
    maxLifetimeMs: field(int64, '0+'),
  }),
});

export type CreateDelegationTokenRequest = ValueOf<typeof createDelegationTokenRequest>;

export const createDelegationTokenResponse = message({
  name: 'CreateDelegationTokenResponse',
  kind: 'response',
  apiKey: 38,
  versions: '1-3',
  flexibleVersions: '2+',
  fields: () => ({
    errorCode: field(int16, '0+'),
    principalType: field(string, '0+'),
    principalName: field(string, '0+'),
    tokenRequesterPrincipalType: field(string, '3+'),
    tokenRequesterPrincipalName: field(string, '3+'),
    issueTimestampMs: field(int64, '0+'),
    expiryTimestampMs: field(int64, '0+'),
    maxTimestampMs: field(int64, '0+'),
    tokenId: field(string, '0+'),
    hmac: field(bytes, '0+'),
    throttleTimeMs: field(int32, '0+'),
  }),
});

export type CreateDelegationTokenResponse = ValueOf<typeof createDelegationTokenResponse>;
