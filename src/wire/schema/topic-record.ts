import { field, message, string, uuid, type ValueOf } from '../schema.ts';

export const topicRecord = message({
  name: 'TopicRecord',
  kind: 'metadata',
  apiKey: 2,
  versions: '0',
  flexibleVersions: '0+',
  fields: () => ({
    name: field(string, '0+', { entityType: 'topicName' }),
    topicId: field(uuid, '0+'),
  }),
});

export type TopicRecord = ValueOf<typeof topicRecord>;
