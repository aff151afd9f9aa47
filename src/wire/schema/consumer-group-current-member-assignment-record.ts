import { array, field, int8, int32, message, string, struct, uuid, type ValueOf } from '../schema.ts';

export const consumerGroupCurrentMemberAssignmentKey = message({
  name: 'ConsumerGroupCurrentMemberAssignmentKey',
  kind: 'coordinator-key',
  apiKey: 8,
  versions: '0',
  flexibleVersions: 'none',
  fields: () => ({
    groupId: field(string, '0'),
    memberId: field(string, '0'),
  }),
});

export type ConsumerGroupCurrentMemberAssignmentKey = ValueOf<typeof consumerGroupCurrentMemberAssignmentKey>;

const consumerGroupCurrentMemberAssignmentValueTopicPartitions = struct(
  'TopicPartitions',
  {
    topicId: field(uuid, '0+'),
    partitions: field(array(int32), '0+'),
    assignmentEpochs: field(array(int32), '0+', { nullable: '0+', tag: 0, tagged: '0+' }),
  },
  '0+',
);

export const consumerGroupCurrentMemberAssignmentValue = message({
  name: 'ConsumerGroupCurrentMemberAssignmentValue',
  kind: 'coordinator-value',
  apiKey: 8,
  versions: '0',
  flexibleVersions: '0+',
  fields: () => ({
    memberEpoch: field(int32, '0+'),
    previousMemberEpoch: field(int32, '0+'),
    state: field(int8, '0+'),
    assignedPartitions: field(array(consumerGroupCurrentMemberAssignmentValueTopicPartitions), '0+'),
    partitionsPendingRevocation: field(array(consumerGroupCurrentMemberAssignmentValueTopicPartitions), '0+'),
  }),
});

export type ConsumerGroupCurrentMemberAssignmentValue = ValueOf<typeof consumerGroupCurrentMemberAssignmentValue>;
