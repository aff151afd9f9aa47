import { array, field, int8, int16, int32, message, string, struct, type ValueOf } from '../schema.ts';

export const createAclsRequest = message({
  name: 'CreateAclsRequest',
  kind: 'request',
  apiKey: 30,
  listeners: ['broker', 'controller'],
  versions: '1-3',
  flexibleVersions: '2+',
  fields: () => ({
    creations: field(
      array(
        struct('AclCreation', {
          resourceType: field(int8, '0+'),
          resourceName: field(string, '0+'),
          resourcePatternType: field(int8, '1+', { default: 3 }),
          principal: field(string, '0+'),
          host: field(string, '0+'),
          operation: field(int8, '0+'),
          permissionType: field(int8, '0+'),
        }),
      ),
      '0+',
    ),
  }),
});

export type CreateAclsRequest = ValueOf<typeof createAclsRequest>;

export const createAclsResponse = message({
  name: 'CreateAclsResponse',
  kind: 'response',
  apiKey: 30,
  versions: '1-3',
  flexibleVersions: '2+',
  fields: () => ({
    throttleTimeMs: field(int32, '0+'),
    results: field(
      array(
        struct('AclCreationResult', {
          errorCode: field(int16, '0+'),
          errorMessage: field(string, '0+', { nullable: '0+' }),
        }),
      ),
      '0+',
    ),
  }),
});

export type CreateAclsResponse = ValueOf<typeof createAclsResponse>;
