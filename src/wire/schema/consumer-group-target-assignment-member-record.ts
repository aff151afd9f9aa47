import { array, field, int32, message, string, struct, uuid, type ValueOf } from '../schema.ts';

export const consumerGroupTargetAssignmentMemberKey = message({
  name: 'ConsumerGroupTargetAssignmentMemberKey',
  kind: 'coordinator-key',
  apiKey: 7,
  versions: '0',
  flexibleVersions: 'none',
  fields: () => ({
    groupId: field(string, '0'),
    memberId: field(string, '0'),
  }),
});

export type ConsumerGroupTargetAssignmentMemberKey = ValueOf<typeof consumerGroupTargetAssignmentMemberKey>;

export const consumerGroupTargetAssignmentMemberValue = message({
  name: 'ConsumerGroupTargetAssignmentMemberValue',
  kind: 'coordinator-value',
  apiKey: 7,
  versions: '0',
  flexibleVersions: '0+',
  fields: () => ({
    topicPartitions: field(
      array(
        struct('TopicPartition', {
          topicId: field(uuid, '0+'),
          partitions: field(array(int32), '0+'),
        }),
      ),
      '0+',
    ),
  }),
});

export type ConsumerGroupTargetAssignmentMemberValue = ValueOf<typeof consumerGroupTargetAssignmentMemberValue>;
