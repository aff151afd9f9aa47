import { array, bool, field, int8, int16, int32, message, string, struct, uuid, type ValueOf } from '../schema.ts';

export const consumerGroupDescribeRequest = message({
  name: 'ConsumerGroupDescribeRequest',
  kind: 'request',
  apiKey: 69,
  listeners: ['broker'],
  versions: '0-1',
  flexibleVersions: '0+',
  fields: () => ({
    groupIds: field(array(string), '0+', { entityType: 'groupId' }),
    includeAuthorizedOperations: field(bool, '0+'),
  }),
});

export type ConsumerGroupDescribeRequest = ValueOf<typeof consumerGroupDescribeRequest>;

const consumerGroupDescribeResponseTopicPartitions = struct(
  'TopicPartitions',
  {
    topicId: field(uuid, '0+'),
    topicName: field(string, '0+', { entityType: 'topicName' }),
    partitions: field(array(int32), '0+'),
  },
  '0+',
);

const consumerGroupDescribeResponseAssignment = struct(
  'Assignment',
  {
    topicPartitions: field(array(consumerGroupDescribeResponseTopicPartitions), '0+'),
  },
  '0+',
);

export const consumerGroupDescribeResponse = message({
  name: 'ConsumerGroupDescribeResponse',
  kind: 'response',
  apiKey: 69,
  versions: '0-1',
  flexibleVersions: '0+',
  fields: () => ({
    throttleTimeMs: field(int32, '0+'),
    groups: field(
      array(
        struct('DescribedGroup', {
          errorCode: field(int16, '0+'),
          errorMessage: field(string, '0+', { nullable: '0+', default: null }),
          groupId: field(string, '0+', { entityType: 'groupId' }),
          groupState: field(string, '0+'),
          groupEpoch: field(int32, '0+'),
          assignmentEpoch: field(int32, '0+'),
          assignorName: field(string, '0+'),
          members: field(
            array(
              struct('Member', {
                memberId: field(string, '0+'),
                instanceId: field(string, '0+', { nullable: '0+', default: null }),
                rackId: field(string, '0+', { nullable: '0+', default: null }),
                memberEpoch: field(int32, '0+'),
                clientId: field(string, '0+'),
                clientHost: field(string, '0+'),
                subscribedTopicNames: field(array(string), '0+', { entityType: 'topicName' }),
                subscribedTopicRegex: field(string, '0+', { nullable: '0+', default: null }),
                assignment: field(consumerGroupDescribeResponseAssignment, '0+'),
                targetAssignment: field(consumerGroupDescribeResponseAssignment, '0+'),
                memberType: field(int8, '1+', { default: -1, ignorable: true }),
              }),
            ),
            '0+',
          ),
          authorizedOperations: field(int32, '0+', { default: -2147483648 }),
        }),
      ),
      '0+',
    ),
  }),
});

export type ConsumerGroupDescribeResponse = ValueOf<typeof consumerGroupDescribeResponse>;
