import { array, bytes, field, int32, message, string, struct, type ValueOf } from '../schema.ts';

export const consumerProtocolSubscription = message({
  name: 'ConsumerProtocolSubscription',
  kind: 'data',
  versions: '0-3',
  flexibleVersions: 'none',
  fields: () => ({
    topics: field(array(string), '0+'),
    userData: field(bytes, '0+', { nullable: '0+', default: null, zeroCopy: true }),
    ownedPartitions: field(
      array(
        struct('TopicPartition', {
          topic: field(string, '1+', { mapKey: true, entityType: 'topicName' }),
          partitions: field(array(int32), '1+'),
        }),
      ),
      '1+',
      { ignorable: true },
    ),
    generationId: field(int32, '2+', { default: -1, ignorable: true }),
    rackId: field(string, '3+', { nullable: '3+', default: null, ignorable: true }),
  }),
});

export type ConsumerProtocolSubscription = ValueOf<typeof consumerProtocolSubscription>;
