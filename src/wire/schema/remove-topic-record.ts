import { field, message, uuid, type ValueOf } from '../schema.ts';

export const removeTopicRecord = message({
  name: 'RemoveTopicRecord',
  kind: 'metadata',
  apiKey: 9,
  versions: '0',
  flexibleVersions: '0+',
  fields: () => ({
    topicId: field(uuid, '0+'),
  }),
});

export type RemoveTopicRecord = ValueOf<typeof removeTopicRecord>;
