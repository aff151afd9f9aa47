import { array, bool, bytes, field, int16, int32, message, string, struct, type ValueOf } from '../schema.ts';

export const joinGroupRequest = message({
  name: 'JoinGroupRequest',
  kind: 'request',
  apiKey: 11,
  listeners: ['broker'],
  versions: '0-9',
  flexibleVersions: '6+',
  fields: () => ({
    groupId: field(string, '0+', { entityType: 'groupId' }),
    sessionTimeoutMs: field(int32, '0+'),
    rebalanceTimeoutMs: field(int32, '1+', { default: -1, ignorable: true }),
    memberId: field(string, '0+'),
    groupInstanceId: field(string, '5+', { nullable: '5+', default: null }),
    protocolType: field(string, '0+'),
    protocols: field(
      array(
        struct('JoinGroupRequestProtocol', {
          name: field(string, '0+', { mapKey: true }),
          metadata: field(bytes, '0+'),
        }),
      ),
      '0+',
    ),
    reason: field(string, '8+', { nullable: '8+', default: null, ignorable: true }),
  }),
});

export type JoinGroupRequest = ValueOf<typeof joinGroupRequest>;

export const joinGroupResponse = message({
  name: 'JoinGroupResponse',
  kind: 'response',
  apiKey: 11,
  versions: '0-9',
  flexibleVersions: '6+',
  fields: () => ({
    throttleTimeMs: field(int32, '2+', { ignorable: true }),
    errorCode: field(int16, '0+'),
    generationId: field(int32, '0+', { default: -1 }),
    protocolType: field(string, '7+', { nullable: '7+', default: null, ignorable: true }),
    protocolName: field(string, '0+', { nullable: '7+' }),
    leader: field(string, '0+'),
    skipAssignment: field(bool, '9+', { default: false }),
    memberId: field(string, '0+'),
    members: field(
      array(
        struct('JoinGroupResponseMember', {
          memberId: field(string, '0+'),
          groupInstanceId: field(string, '5+', { nullable: '5+', default: null, ignorable: true }),
          metadata: field(bytes, '0+'),
        }),
      ),
      '0+',
    ),
  }),
});

export type JoinGroupResponse = ValueOf<typeof joinGroupResponse>;
