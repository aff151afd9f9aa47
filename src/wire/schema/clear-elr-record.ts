import { field, message, string, type ValueOf } from '../schema.ts';

export const clearElrRecord = message({
  name: 'ClearElrRecord',
  kind: 'metadata',
  apiKey: 28,
  versions: '0',
  flexibleVersions: '0+',
  fields: () => ({
    topicName: field(string, '0+', { entityType: 'topicName' }),
  }),
});

export type ClearElrRecord = ValueOf<typeof clearElrRecord>;
