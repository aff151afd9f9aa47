import { array, field, int32, message, string, struct, uuid, type ValueOf } from '../schema.ts';

export const shareGroupTargetAssignmentMemberKey = message({
  name: 'ShareGroupTargetAssignmentMemberKey',
  kind: 'coordinator-key',
  apiKey: 13,
  versions: '0',
  flexibleVersions: 'none',
  fields: () => ({
    groupId: field(string, '0'),
    memberId: field(string, '0'),
  }),
});

export type ShareGroupTargetAssignmentMemberKey = ValueOf<typeof shareGroupTargetAssignmentMemberKey>;

export const shareGroupTargetAssignmentMemberValue = message({
  name: 'ShareGroupTargetAssignmentMemberValue',
  kind: 'coordinator-value',
  apiKey: 13,
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

export type ShareGroupTargetAssignmentMemberValue = ValueOf<typeof shareGroupTargetAssignmentMemberValue>;
