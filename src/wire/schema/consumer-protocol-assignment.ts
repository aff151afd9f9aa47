import { array, bytes, field, int32, message, string, struct, type ValueOf } from '../schema.ts';

export const consumerProtocolAssignment = message({
  name: 'ConsumerProtocolAssignment',
  kind: 'data',
  versions: '0-3',
  flexibleVersions: 'none',
  fields: () => ({
    assignedPartitions: field(
      array(
        struct('TopicPartition', {
          topic: field(string, '0+', { mapKey: true, entityType: 'topicName' }),
          partitions: field(array(int32), '0+'),
        }),
      ),
      '0+',
    ),
    userData: field(bytes, '0+', { nullable: '0+', default: null, zeroCopy: true }),
  }),
});

export type ConsumerProtocolAssignment = ValueOf<typeof consumerProtocolAssignment>;
