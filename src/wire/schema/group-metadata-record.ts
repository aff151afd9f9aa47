import { array, bytes, field, int32, int64, message, string, struct, type ValueOf } from '../schema.ts';

export const groupMetadataKey = message({
  name: 'GroupMetadataKey',
  kind: 'coordinator-key',
  apiKey: 2,
  versions: '0',
  flexibleVersions: 'none',
  fields: () => ({
    group: field(string, '0'),
  }),
});

export type GroupMetadataKey = ValueOf<typeof groupMetadataKey>;

const groupMetadataValueMemberMetadata = struct(
  'MemberMetadata',
  {
    memberId: field(string, '0+'),
    groupInstanceId: field(string, '3+', { nullable: '3+', default: null, ignorable: true }),
    clientId: field(string, '0+'),
    clientHost: field(string, '0+'),
    rebalanceTimeout: field(int32, '1+', { default: -1, ignorable: true }),
    sessionTimeout: field(int32, '0+'),
    subscription: field(bytes, '0+'),
    assignment: field(bytes, '0+'),
  },
  '0+',
);

export const groupMetadataValue = message({
  name: 'GroupMetadataValue',
  kind: 'coordinator-value',
  apiKey: 2,
  versions: '0-4',
  flexibleVersions: '4+',
  fields: () => ({
    protocolType: field(string, '0+'),
    generation: field(int32, '0+'),
    protocol: field(string, '0+', { nullable: '0+' }),
    leader: field(string, '0+', { nullable: '0+' }),
    currentStateTimestamp: field(int64, '2+', { default: -1, ignorable: true }),
    members: field(array(groupMetadataValueMemberMetadata), '0+'),
  }),
});

export type GroupMetadataValue = ValueOf<typeof groupMetadataValue>;
