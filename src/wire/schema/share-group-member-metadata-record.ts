import { array, field, message, string, type ValueOf } from '../schema.ts';

export const shareGroupMemberMetadataKey = message({
  name: 'ShareGroupMemberMetadataKey',
  kind: 'coordinator-key',
  apiKey: 10,
  versions: '0',
  flexibleVersions: 'none',
  fields: () => ({
    groupId: field(string, '0'),
    memberId: field(string, '0'),
  }),
});

export type ShareGroupMemberMetadataKey = ValueOf<typeof shareGroupMemberMetadataKey>;

export const shareGroupMemberMetadataValue = message({
  name: 'ShareGroupMemberMetadataValue',
  kind: 'coordinator-value',
  apiKey: 10,
  versions: '0',
  flexibleVersions: '0+',
  fields: () => ({
    rackId: field(string, '0+', { nullable: '0+' }),
    clientId: field(string, '0+'),
    clientHost: field(string, '0+'),
    subscribedTopicNames: field(array(string), '0+'),
  }),
});

export type ShareGroupMemberMetadataValue = ValueOf<typeof shareGroupMemberMetadataValue>;
