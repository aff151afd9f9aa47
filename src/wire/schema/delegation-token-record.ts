import { array, field, int64, message, string, type ValueOf } from '../schema.ts';

export const delegationTokenRecord = message({
  name: 'DelegationTokenRecord',
  kind: 'metadata',
  apiKey: 10,
  versions: '0',
  flexibleVersions: '0+',
  fields: () => ({
    owner: field(string, '0+'),
    requester: field(string, '0+'),
    renewers: field(array(string), '0+'),
    issueTimestamp: field(int64, '0+'),
    maxTimestamp: field(int64, '0+'),
    expirationTimestamp: field(int64, '0+'),
    tokenId: field(string, '0+'),
  }),
});

export type DelegationTokenRecord = ValueOf<typeof delegationTokenRecord>;
