import { array, field, int16, int32, message, string, struct, uuid, type ValueOf } from '../schema.ts';

export const consumerGroupHeartbeatRequest = message({
  name: 'ConsumerGroupHeartbeatRequest',
  kind: 'request',
  apiKey: 68,
  listeners: ['broker'],
  versions: '0-1',
  flexibleVersions: '0+',
  fields: () => ({
    groupId: field(string, '0+', { entityType: 'groupId' }),
    memberId: field(string, '0+'),
    memberEpoch: field(int32, '0+'),
    instanceId: field(string, '0+', { nullable: '0+', default: null }),
    rackId: field(string, '0+', { nullable: '0+', default: null }),
    rebalanceTimeoutMs: field(int32, '0+', { default: -1 }),
    subscribedTopicNames: field(array(string), '0+', { nullable: '0+', default: null, entityType: 'topicName' }),
    subscribedTopicRegex: field(string, '1+', { nullable: '1+', default: null }),
    serverAssignor: field(string, '0+', { nullable: '0+', default: null }),
    topicPartitions: field(
      array(
        struct('TopicPartitions', {
          topicId: field(uuid, '0+'),
          partitions: field(array(int32), '0+'),
        }),
      ),
      '0+',
      { nullable: '0+', default: null },
    ),
  }),
});

export type ConsumerGroupHeartbeatRequest = ValueOf<typeof consumerGroupHeartbeatRequest>;

const consumerGroupHeartbeatResponseTopicPartitions = struct(
  'TopicPartitions',
  {
    topicId: field(uuid, '0+'),
    partitions: field(array(int32), '0+'),
  },
  '0+',
);

export const consumerGroupHeartbeatResponse = message({
  name: 'ConsumerGroupHeartbeatResponse',
  kind: 'response',
  apiKey: 68,
  versions: '0-1',
  flexibleVersions: '0+',
  fields: () => ({
    throttleTimeMs: field(int32, '0+'),
    errorCode: field(int16, '0+'),
    errorMessage: field(string, '0+', { nullable: '0+', default: null }),
    memberId: field(string, '0+', { nullable: '0+', default: null }),
    memberEpoch: field(int32, '0+'),
    heartbeatIntervalMs: field(int32, '0+'),
    assignment: field(
      struct('Assignment', {
        topicPartitions: field(array(consumerGroupHeartbeatResponseTopicPartitions), '0+'),
      }),
      '0+',
      { nullable: '0+', default: null },
    ),
  }),
});

export type ConsumerGroupHeartbeatResponse = ValueOf<typeof consumerGroupHeartbeatResponse>;
