import { field, int32, int64, message, type ValueOf } from '../schema.ts';

export const fenceBrokerRecord = message({
  name: 'FenceBrokerRecord',
  kind: 'metadata',
  apiKey: 7,
  versions: '0',
  flexibleVersions: '0+',
  fields: () => ({
    id: field(int32, '0+', { entityType: 'brokerId' }),
    epoch: field(int64, '0+'),
  }),
});

export type FenceBrokerRecord = ValueOf<typeof fenceBrokerRecord>;
