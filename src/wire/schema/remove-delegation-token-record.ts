import { field, message, string, type ValueOf } from '../schema.ts';

export const removeDelegationTokenRecord = message({
  name: 'RemoveDelegationTokenRecord',
  kind: 'metadata',
  apiKey: 26,
  versions: '0',
  flexibleVersions: '0+',
  fields: () => ({
    tokenId: field(string, '0+'),
  }),
});

export type RemoveDelegationTokenRecord = ValueOf<typeof removeDelegationTokenRecord>;
