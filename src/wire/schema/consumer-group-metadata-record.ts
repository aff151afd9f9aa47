import { field, int32, int64, message, string, type ValueOf } from '../schema.ts';

export const consumerGroupMetadataKey = message({
  name: 'ConsumerGroupMetadataKey',
  kind: 'coordinator-key',
  apiKey: 3,
  versions: '0',
  flexibleVersions: 'none',
  fields: () => ({
    groupId: field(string, '0'),
  }),
});

export type ConsumerGroupMetadataKey = ValueOf<typeof consumerGroupMetadataKey>;

export const consumerGroupMetadataValue = message({
  name: 'ConsumerGroupMetadataValue',
  kind: 'coordinator-value',
  apiKey: 3,
  versions: '0',
  flexibleVersions: '0+',
  fields: () => ({
    epoch: field(int32, '0+'),
    metadataHash: field(int64, '0+', { tag: 0, tagged: '0+', default: 0 }),
  }),
});

export type ConsumerGroupMetadataValue = ValueOf<typeof consumerGroupMetadataValue>;
