import { array, field, int32, message, string, struct, uuid, type ValueOf } from '../schema.ts';

export const shareGroupStatePartitionMetadataKey = message({
  name: 'ShareGroupStatePartitionMetadataKey',
  kind: 'coordinator-key',
  apiKey: 15,
  versions: '0',
  flexibleVersions: 'none',
  fields: () => ({
    groupId: field(string, '0'),
  }),
});

export type ShareGroupStatePartitionMetadataKey = ValueOf<typeof shareGroupStatePartitionMetadataKey>;

const shareGroupStatePartitionMetadataValueTopicPartitionsInfo = struct(
  'TopicPartitionsInfo',
  {
    topicId: field(uuid, '0+'),
    topicName: field(string, '0+'),
    partitions: field(array(int32), '0+'),
  },
  '0+',
);

const shareGroupStatePartitionMetadataValueTopicInfo = struct(
  'TopicInfo',
  {
    topicId: field(uuid, '0+'),
    topicName: field(string, '0+'),
  },
  '0+',
);

export const shareGroupStatePartitionMetadataValue = message({
  name: 'ShareGroupStatePartitionMetadataValue',
  kind: 'coordinator-value',
  apiKey: 15,
  versions: '0',
  flexibleVersions: '0+',
  fields: () => ({
    initializingTopics: field(array(shareGroupStatePartitionMetadataValueTopicPartitionsInfo), '0+'),
    initializedTopics: field(array(shareGroupStatePartitionMetadataValueTopicPartitionsInfo), '0+'),
    deletingTopics: field(array(shareGroupStatePartitionMetadataValueTopicInfo), '0+'),
  }),
});

export type ShareGroupStatePartitionMetadataValue = ValueOf<typeof shareGroupStatePartitionMetadataValue>;
