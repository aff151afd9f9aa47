import { field, int32, int64, message, type ValueOf } from '../schema.ts';

export const unregisterBrokerRecord = message({
  name: 'UnregisterBrokerRecord',
  kind: 'metadata',
  apiKey: 1,
  versions: '0',
  flexibleVersions: '0+',
  fields: () => ({
    brokerId: field(int32, '0+', { entityType: 'brokerId' }),
    brokerEpoch: field(int64, '0+'),
  }),
});

export type UnregisterBrokerRecord = ValueOf<typeof unregisterBrokerRecord>;
