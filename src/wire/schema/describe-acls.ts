import { array, field, int8, int16, int32, message, string, struct, type ValueOf } from '../schema.ts';

export const describeAclsRequest = message({
  name: 'DescribeAclsRequest',
  kind: 'request',
  apiKey: 29,
  listeners: ['broker', 'controller'],
  versions: '1-3',
  flexibleVersions: '2+',
  fields: () => ({
    resourceTypeFilter: field(int8, '0+'),
    resourceNameFilter: field(string, '0+', { nullable: '0+' }),
    patternTypeFilter: field(int8, '1+', { default: 3 }),
    principalFilter: field(string, '0+', { nullable: '0+' }),
    hostFilter: field(string, '0+', { nullable: '0+' }),
    operation: field(int8, '0+'),
    permissionType: field(int8, '0+'),
  }),
});

export type DescribeAclsRequest = ValueOf<typeof describeAclsRequest>;

export const describeAclsResponse = message({
  name: 'DescribeAclsResponse',
  kind: 'response',
  apiKey: 29,
  versions: '1-3',
  flexibleVersions: '2+',
  fields: () => ({
    throttleTimeMs: field(int32, '0+'),
    errorCode: field(int16, '0+'),
    errorMessage: field(string, '0+', { nullable: '0+' }),
    resources: field(
      array(
        struct('DescribeAclsResource', {
          resourceType: field(int8, '0+'),
          resourceName: field(string, '0+'),
          patternType: field(int8, '1+', { default: 3 }),
          acls: field(
            array(
              struct('AclDescription', {
                principal: field(string, '0+'),
                host: field(string, '0+'),
                operation: field(int8, '0+'),
                permissionType: field(int8, '0+'),
              }),
            ),
            '0+',
          ),
        }),
      ),
      '0+',
    ),
  }),
});

export type DescribeAclsResponse = ValueOf<typeof describeAclsResponse>;
