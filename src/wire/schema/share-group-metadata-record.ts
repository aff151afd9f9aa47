import { field, int32, int64, message, string, type ValueOf } from '../schema.ts';

export const shareGroupMetadataKey = message({
  name: 'ShareGroupMetadataKey',
  kind: 'coordinator-key',
  apiKey: 11,
  versions: '0',
  flexibleVersions: 'none',
  fields: () => ({
    groupId: field(string, '0'),
  }),
});

export type ShareGroupMetadataKey = ValueOf<typeof shareGroupMetadataKey>;

export const shareGroupMetadataValue = message({
  name: 'ShareGroupMetadataValue',
  kind: 'coordinator-value',
  apiKey: 11,
  versions: '0',
  flexibleVersions: '0+',
  fields: () => ({
    epoch: field(int32, '0+'),
    metadataHash: field(int64, '0+'),
  }),
});

export type ShareGroupMetadataValue = ValueOf<typeof shareGroupMetadataValue>;
