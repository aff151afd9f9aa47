import { array, field, int8, int16, int32, message, string, struct, type ValueOf } from '../schema.ts';

export const findCoordinatorRequest = message({
  name: 'FindCoordinatorRequest',
  kind: 'request',
  apiKey: 10,
  listeners: ['broker'],
  versions: '0-6',
  flexibleVersions: '3+',
  fields: () => ({
    key: field(string, '0-3'),
    keyType: field(int8, '1+', { default: 0 }),
    coordinatorKeys: field(array(string), '4+'),
  }),
});

export type FindCoordinatorRequest = ValueOf<typeof findCoordinatorRequest>;

export const findCoordinatorResponse = message({
  name: 'FindCoordinatorResponse',
  kind: 'response',
  apiKey: 10,
  versions: '0-6',
  flexibleVersions: '3+',
  fields: () => ({
    throttleTimeMs: field(int32, '1+', { ignorable: true }),
    errorCode: field(int16, '0-3'),
    errorMessage: field(string, '1-3', { nullable: '1-3', ignorable: true }),
    nodeId: field(int32, '0-3', { entityType: 'brokerId' }),
    host: field(string, '0-3'),
    port: field(int32, '0-3'),
    coordinators: field(
      array(
        struct('Coordinator', {
          key: field(string, '4+'),
          nodeId: field(int32, '4+', { entityType: 'brokerId' }),
          host: field(string, '4+'),
          port: field(int32, '4+'),
          errorCode: field(int16, '4+'),
          errorMessage: field(string, '4+', { nullable: '4+', ignorable: true }),
        }),
      ),
      '4+',
    ),
  }),
});

export type FindCoordinatorResponse = ValueOf<typeof findCoordinatorResponse>;
