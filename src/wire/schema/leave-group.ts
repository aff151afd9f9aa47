import { array, field, int16, int32, message, string, struct, type ValueOf } from '../schema.ts';

export const leaveGroupRequest = message({
  name: 'LeaveGroupRequest',
  kind: 'request',
  apiKey: 13,
  listeners: ['broker'],
  versions: '0-5',
  flexibleVersions: '4+',
  fields: () => ({
    groupId: field(string, '0+', { entityType: 'groupId' }),
    memberId: field(string, '0-2'),
    members: field(
      array(
        struct('MemberIdentity', {
          memberId: field(string, '3+'),
          groupInstanceId: field(string, '3+', { nullable: '3+', default: null }),
          reason: field(string, '5+', { nullable: '5+', default: null, ignorable: true }),
        }),
      ),
      '3+',
    ),
  }),
});

export type LeaveGroupRequest = ValueOf<typeof leaveGroupRequest>;

export const leaveGroupResponse = message({
  name: 'LeaveGroupResponse',
  kind: 'response',
  apiKey: 13,
  versions: '0-5',
  flexibleVersions: '4+',
  fields: () => ({
    throttleTimeMs: field(int32, '1+', { ignorable: true }),
    errorCode: field(int16, '0+'),
    members: field(
      array(
        struct('MemberResponse', {
          memberId: field(string, '3+'),
          groupInstanceId: field(string, '3+', { nullable: '3+' }),
          errorCode: field(int16, '3+'),
        }),
      ),
      '3+',
    ),
  }),
});

export type LeaveGroupResponse = ValueOf<typeof leaveGroupResponse>;
