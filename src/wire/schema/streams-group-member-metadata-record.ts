import { array, field, int32, message, string, struct, uint16, type ValueOf } from '../schema.ts';

export const streamsGroupMemberMetadataKey = message({
  name: 'StreamsGroupMemberMetadataKey',
  kind: 'coordinator-key',
  apiKey: 19,
  versions: '0',
  flexibleVersions: 'none',
  fields: () => ({
    groupId: field(string, '0'),
    memberId: field(string, '0'),
  }),
});

export type StreamsGroupMemberMetadataKey = ValueOf<typeof streamsGroupMemberMetadataKey>;

const streamsGroupMemberMetadataValueEndpoint = struct(
  'Endpoint',
  {
    host: field(string, '0+'),
    port: field(uint16, '0+'),
  },
  '0+',
);

const streamsGroupMemberMetadataValueKeyValue = struct(
  'KeyValue',
  {
    key: field(string, '0+'),
    value: field(string, '0+'),
  },
  '0+',
);

export const streamsGroupMemberMetadataValue = message({
  name: 'StreamsGroupMemberMetadataValue',
  kind: 'coordinator-value',
  apiKey: 19,
  versions: '0',
  flexibleVersions: '0+',
  fields: () => ({
    instanceId: field(string, '0+', { nullable: '0+' }),
    rackId: field(string, '0+', { nullable: '0+' }),
    clientId: field(string, '0+'),
    clientHost: field(string, '0+'),
    rebalanceTimeoutMs: field(int32, '0+', { default: -1 }),
    topologyEpoch: field(int32, '0+'),
    processId: field(string, '0+'),
    userEndpoint: field(streamsGroupMemberMetadataValueEndpoint, '0+', { nullable: '0+', default: null }),
    clientTags: field(array(streamsGroupMemberMetadataValueKeyValue), '0+'),
  }),
});

export type StreamsGroupMemberMetadataValue = ValueOf<typeof streamsGroupMemberMetadataValue>;
