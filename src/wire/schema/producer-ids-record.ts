import { field, int32, int64, message, type ValueOf } from '../schema.ts';

export const producerIdsRecord = message({
  name: 'ProducerIdsRecord',
  kind: 'metadata',
  apiKey: 15,
  versions: '0',
  flexibleVersions: '0+',
  fields: () => ({
    brokerId: field(int32, '0+', { entityType: 'brokerId' }),
    brokerEpoch: field(int64, '0+', { default: -1 }),
    nextProducerId: field(int64, '0+'),
  }),
});

export type ProducerIdsRecord = ValueOf<typeof producerIdsRecord>;
