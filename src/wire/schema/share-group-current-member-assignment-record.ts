import { array, field, int8, int32, message, string, struct, uuid, type ValueOf } from '../schema.ts';

export const shareGroupCurrentMemberAssignmentKey = message({
  name: 'ShareGroupCurrentMemberAssignmentKey',
  kind: 'coordinator-key',
  apiKey: 14,
  versions: '0',
  flexibleVersions: 'none',
  fields: () => ({
    groupId: field(string, '0'),
    memberId: field(string, '0'),
  }),
});

export type ShareGroupCurrentMemberAssignmentKey = ValueOf<typeof shareGroupCurrentMemberAssignmentKey>;

const shareGroupCurrentMemberAssignmentValueTopicPartitions = struct(
  'TopicPartitions',
  {
    topicId: field(uuid, '0+'),
    partitions: field(array(int32), '0+'),
  },
  '0+',
);

export const shareGroupCurrentMemberAssignmentValue = message({
  name: 'ShareGroupCurrentMemberAssignmentValue',
  kind: 'coordinator-value',
  apiKey: 14,
  versions: '0',
  flexibleVersions: '0+',
  fields: () => ({
    memberEpoch: field(int32, '0+'),
    previousMemberEpoch: field(int32, '0+'),
    state: field(int8, '0+'),
    assignedPartitions: field(array(shareGroupCurrentMemberAssignmentValueTopicPartitions), '0+'),
  }),
});

export type ShareGroupCurrentMemberAssignmentValue = ValueOf<typeof shareGroupCurrentMemberAssignmentValue>;
