import { array, field, int16, int32, message, string, struct, uuid, type ValueOf } from '../schema.ts';

export const shareGroupHeartbeatRequest = message({
  name: 'ShareGroupHeartbeatRequest',
  kind: 'request',
  apiKey: 76,
  listeners: ['broker'],
  versions: '1',
  flexibleVersions: '0+',
  fields: () => ({
    groupId: field(string, '0+', { entityType: 'groupId' }),
    memberId: field(string, '0+'),
    memberEpoch: field(int32, '0+'),
    rackId: field(string, '0+', { nullable: '0+', default: null }),
    subscribedTopicNames: field(array(string), '0+', { nullable: '0+', default: null, entityType: 'topicName' }),
  }),
});

export type ShareGroupHeartbeatRequest = ValueOf<typeof shareGroupHeartbeatRequest>;

const shareGroupHeartbeatResponseTopicPartitions = struct(
  'TopicPartitions',
  {
    topicId: field(uuid, '0+'),
    partitions: field(array(int32), '0+'),
  },
  '0+',
);

export const shareGroupHeartbeatResponse = message({
  name: 'ShareGroupHeartbeatResponse',
  kind: 'response',
  apiKey: 76,
  versions: '1',
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
        topicPartitions: field(array(shareGroupHeartbeatResponseTopicPartitions), '0+'),
      }),
      '0+',
      { nullable: '0+', default: null },
    ),
  }),
});

export type ShareGroupHeartbeatResponse = ValueOf<typeof shareGroupHeartbeatResponse>;
