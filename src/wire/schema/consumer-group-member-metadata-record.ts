import { array, bytes, field, int32, message, string, struct, type ValueOf } from '../schema.ts';

export const consumerGroupMemberMetadataKey = message({
  name: 'ConsumerGroupMemberMetadataKey',
  kind: 'coordinator-key',
  apiKey: 5,
  versions: '0',
  flexibleVersions: 'none',
  fields: () => ({
    groupId: field(string, '0'),
    memberId: field(string, '0'),
  }),
});

export type ConsumerGroupMemberMetadataKey = ValueOf<typeof consumerGroupMemberMetadataKey>;

export const consumerGroupMemberMetadataValue = message({
  name: 'ConsumerGroupMemberMetadataValue',
  kind: 'coordinator-value',
  apiKey: 5,
  versions: '0',
  flexibleVersions: '0+',
  fields: () => ({
    instanceId: field(string, '0+', { nullable: '0+' }),
    rackId: field(string, '0+', { nullable: '0+' }),
    clientId: field(string, '0+'),
    clientHost: field(string, '0+'),
    subscribedTopicNames: field(array(string), '0+'),
    subscribedTopicRegex: field(string, '0+', { nullable: '0+' }),
    rebalanceTimeoutMs: field(int32, '0+', { default: -1 }),
    serverAssignor: field(string, '0+', { nullable: '0+' }),
    classicMemberMetadata: field(
      struct('ClassicMemberMetadata', {
        sessionTimeoutMs: field(int32, '0+'),
        supportedProtocols: field(
          array(
            struct('ClassicProtocol', {
              name: field(string, '0+'),
              metadata: field(bytes, '0+'),
            }),
          ),
          '0+',
        ),
      }),
      '0+',
      { nullable: '0+', tag: 0, tagged: '0+' },
    ),
  }),
});

export type ConsumerGroupMemberMetadataValue = ValueOf<typeof consumerGroupMemberMetadataValue>;
