import { array, bool, field, int16, int32, message, string, struct, uuid, type ValueOf } from '../schema.ts';

export const shareGroupDescribeRequest = message({
  name: 'ShareGroupDescribeRequest',
  kind: 'request',
  apiKey: 77,
  listeners: ['broker'],
  versions: '1',
  flexibleVersions: '0+',
  fields: () => ({
    groupIds: field(array(string), '0+', { entityType: 'groupId' }),
    includeAuthorizedOperations: field(bool, '0+'),
  }),
});

export type ShareGroupDescribeRequest = ValueOf<typeof shareGroupDescribeRequest>;

const shareGroupDescribeResponseTopicPartitions = struct(
  'TopicPartitions',
  {
    topicId: field(uuid, '0+'),
    topicName: field(string, '0+', { entityType: 'topicName' }),
    partitions: field(array(int32), '0+'),
  },
  '0+',
);

const shareGroupDescribeResponseAssignment = struct(
  'Assignment',
  {
    topicPartitions: field(array(shareGroupDescribeResponseTopicPartitions), '0+'),
  },
  '0+',
);

export const shareGroupDescribeResponse = message({
  name: 'ShareGroupDescribeResponse',
  kind: 'response',
  apiKey: 77,
  versions: '1',
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
                rackId: field(string, '0+', { nullable: '0+', default: null }),
                memberEpoch: field(int32, '0+'),
                clientId: field(string, '0+'),
                clientHost: field(string, '0+'),
                subscribedTopicNames: field(array(string), '0+', { entityType: 'topicName' }),
                assignment: field(shareGroupDescribeResponseAssignment, '0+'),
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

export type ShareGroupDescribeResponse = ValueOf<typeof shareGroupDescribeResponse>;
