import { array, bool, field, int16, int32, message, string, struct, uuid, type ValueOf } from '../schema.ts';

export const describeTopicPartitionsRequest = message({
  name: 'DescribeTopicPartitionsRequest',
  kind: 'request',
  apiKey: 75,
  listeners: ['broker'],
  versions: '0',
  flexibleVersions: '0+',
  fields: () => ({
    topics: field(
      array(
        struct('TopicRequest', {
          name: field(string, '0+', { entityType: 'topicName' }),
        }),
      ),
      '0+',
    ),
    responsePartitionLimit: field(int32, '0+', { default: 2000 }),
    cursor: field(
      struct('Cursor', {
        topicName: field(string, '0+', { entityType: 'topicName' }),
        partitionIndex: field(int32, '0+'),
      }),
      '0+',
      { nullable: '0+', default: null },
    ),
  }),
});

export type DescribeTopicPartitionsRequest = ValueOf<typeof describeTopicPartitionsRequest>;

export const describeTopicPartitionsResponse = message({
  name: 'DescribeTopicPartitionsResponse',
  kind: 'response',
  apiKey: 75,
  versions: '0',
  flexibleVersions: '0+',
  fields: () => ({
    throttleTimeMs: field(int32, '0+', { ignorable: true }),
    topics: field(
      array(
        struct('DescribeTopicPartitionsResponseTopic', {
          errorCode: field(int16, '0+'),
          name: field(string, '0+', { nullable: '0+', mapKey: true, entityType: 'topicName' }),
          topicId: field(uuid, '0+', { ignorable: true }),
          isInternal: field(bool, '0+', { default: false, ignorable: true }),
          partitions: field(
            array(
              struct('DescribeTopicPartitionsResponsePartition', {
                errorCode: field(int16, '0+'),
                partitionIndex: field(int32, '0+'),
                leaderId: field(int32, '0+', { entityType: 'brokerId' }),
                leaderEpoch: field(int32, '0+', { default: -1, ignorable: true }),
                replicaNodes: field(array(int32), '0+', { entityType: 'brokerId' }),
                isrNodes: field(array(int32), '0+', { entityType: 'brokerId' }),
                eligibleLeaderReplicas: field(array(int32), '0+', {
                  nullable: '0+',
                  default: null,
                  entityType: 'brokerId',
                }),
                lastKnownElr: field(array(int32), '0+', { nullable: '0+', default: null, entityType: 'brokerId' }),
                offlineReplicas: field(array(int32), '0+', { ignorable: true, entityType: 'brokerId' }),
              }),
            ),
            '0+',
          ),
          topicAuthorizedOperations: field(int32, '0+', { default: -2147483648 }),
        }),
      ),
      '0+',
    ),
    nextCursor: field(
      struct('Cursor', {
        topicName: field(string, '0+', { entityType: 'topicName' }),
        partitionIndex: field(int32, '0+'),
      }),
      '0+',
      { nullable: '0+', default: null },
    ),
  }),
});

export type DescribeTopicPartitionsResponse = ValueOf<typeof describeTopicPartitionsResponse>;
