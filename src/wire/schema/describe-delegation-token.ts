import { array, bytes, field, int16, int32, int64, message, string, struct, type ValueOf } from '../schema.ts';

export const describeDelegationTokenRequest = message({
  name: 'DescribeDelegationTokenRequest',
  kind: 'request',
  apiKey: 41,
  listeners: ['broker', 'controller'],
  versions: '1-3',
  flexibleVersions: '2+',
  fields: () => ({
    owners: field(
      array(
        struct('DescribeDelegationTokenOwner', {
          principalType: field(string, '0+'),
          principalName: field(string, '0+'),
        }),
      ),
      '0+',
      { nullable: '0+' },
    ),
  }),
});

export type DescribeDelegationTokenRequest = ValueOf<typeof describeDelegationTokenRequest>;

export const describeDelegationTokenResponse = message({
  name: 'DescribeDelegationTokenResponse',
  kind: 'response',
  apiKey: 41,
  versions: '1-3',
  flexibleVersions: '2+',
  fields: () => ({
    errorCode: field(int16, '0+'),
    tokens: field(
      array(
        struct('DescribedDelegationToken', {
          principalType: field(string, '0+'),
          principalName: field(string, '0+'),
          tokenRequesterPrincipalType: field(string, '3+'),
          tokenRequesterPrincipalName: field(string, '3+'),
          issueTimestamp: field(int64, '0+'),
          expiryTimestamp: field(int64, '0+'),
          maxTimestamp: field(int64, '0+'),
          tokenId: field(string, '0+'),
          hmac: field(bytes, '0+'),
          renewers: field(
            array(
              struct('DescribedDelegationTokenRenewer', {
                principalType: field(string, '0+'),
                principalName: field(string, '0+'),
              }),
            ),
            '0+',
          ),
        }),
      ),
      '0+',
    ),
    throttleTimeMs: field(int32, '0+'),
  }),
});

export type DescribeDelegationTokenResponse = ValueOf<typeof describeDelegationTokenResponse>;
