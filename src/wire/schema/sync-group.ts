import { array, bytes, field, int16, int32, message, string, struct, type ValueOf } from '../schema.ts';

export const syncGroupRequest = message({
  name: 'SyncGroupRequest',
  kind: 'request',
  apiKey: 14,
  listeners: ['broker'],
  versions: '0-5',
  flexibleVersions: '4+',
  fields: () => ({
    groupId: field(string, '0+', { entityType: 'groupId' }),
    generationId: field(int32, '0+'),
    memberId: field(string, '0+'),
    groupInstanceId: field(string, '3+', { nullable: '3+', default: null }),
    protocolType: field(string, '5+', { nullable: '5+', default: null, ignorable: true }),
    protocolName: field(string, '5+', { nullable: '5+', default: null, ignorable: true }),
    assignments: field(
      array(
        struct('SyncGroupRequestAssignment', {
          memberId: field(string, '0+'),
          assignment: field(bytes, '0+'),
        }),
      ),
      '0+',
    ),
  }),
});

export type SyncGroupRequest = ValueOf<typeof syncGroupRequest>;

export const syncGroupResponse = message({
  name: 'SyncGroupResponse',
  kind: 'response',
  apiKey: 14,
  versions: '0-5',
  flexibleVersions: '4+',
  fields: () => ({
    throttleTimeMs: field(int32, '1+', { ignorable: true }),
    errorCode: field(int16, '0+'),
    protocolType: field(string, '5+', { nullable: '5+', default: null, ignorable: true }),
    protocolName: field(string, '5+', { nullable: '5+', default: null, ignorable: true }),
    assignment: field(bytes, '0+'),
  }),
});

export type SyncGroupResponse = ValueOf<typeof syncGroupResponse>;
