import { array, field, int32, message, string, struct, uuid, type ValueOf } from '../schema.ts';

export const consumerGroupPartitionMetadataKey = message({
  name: 'ConsumerGroupPartitionMetadataKey',
  kind: 'coordinator-key',
  apiKey: 4,
  versions: '0',
  flexibleVersions: 'none',
  fields: () => ({
    groupId: field(string, '0'),
  }),
});

export type ConsumerGroupPartitionMetadataKey = ValueOf<typeof consumerGroupPartitionMetadataKey>;

export const consumerGroupPartitionMetadataValue = message({
  name: 'ConsumerGroupPartitionMetadataValue',
  kind: 'coordinator-value',
  apiKey: 4,
  versions: '0',
  flexibleVersions: '0+',
  fields: () => ({
    topics: field(
      array(
        struct('TopicMetadata', {
          topicId: field(uuid, '0+'),
          topicName: field(string, '0+'),
          numPartitions: field(int32, '0+'),
          partitionMetadata: field(
            array(
              struct('PartitionMetadata', {
                partition: field(int32, '0+'),
                racks: field(array(string), '0+'),
              }),
            ),
            '0+',
          ),
        }),
      ),
      '0+',
    ),
  }),
});

export type ConsumerGroupPartitionMetadataValue = ValueOf<typeof consumerGroupPartitionMetadataValue>;
