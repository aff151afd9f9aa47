import { field, int16, int32, message, string, type ValueOf } from '../schema.ts';

export const heartbeatRequest = message({
  name: 'HeartbeatRequest',
  kind: 'request',
  apiKey: 12,
  listeners: ['broker'],
  versions: '0-4',
  flexibleVersions: '4+',
  fields: () => ({
    groupId: field(string, '0+', { entityType: 'groupId' }),
    generationId: field(int32, '0+'),
    memberId: field(string, '0+'),
    groupInstanceId: field(string, '3+', { nullable: '3+', default: null }),
  }),
});

export type HeartbeatRequest = ValueOf<typeof heartbeatRequest>;

export const heartbeatResponse = message({
  name: 'HeartbeatResponse',
  kind: 'response',
  apiKey: 12,
  versions: '0-4',
  flexibleVersions: '4+',
  fields: () => ({
    throttleTimeMs: field(int32, '1+', { ignorable: true }),
    errorCode: field(int16, '0+'),
  }),
});

export type HeartbeatResponse = ValueOf<typeof heartbeatResponse>;
