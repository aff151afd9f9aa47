import { field, int32, int64, message, type ValueOf } from '../schema.ts';

export const unfenceBrokerRecord = message({
  name: 'UnfenceBrokerRecord',
  kind: 'metadata',
  apiKey: 8,
  versions: '0',
  flexibleVersions: '0+',
  fields: () => ({
    id: field(int32, '0+', { entityType: 'brokerId' }),
    epoch: field(int64, '0+'),
  }),
});

export type UnfenceBrokerRecord = ValueOf<typeof unfenceBrokerRecord>;
