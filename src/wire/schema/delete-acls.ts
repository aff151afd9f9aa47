import { array, field, int8, int16, int32, message, string, struct, type ValueOf } from '../schema.ts';

export const deleteAclsRequest = message({
  name: 'DeleteAclsRequest',
  kind: 'request',
  apiKey: 31,
  listeners: ['broker', 'controller'],
  versions: '1-3',
  flexibleVersions: '2+',
  fields: () => ({
    filters: field(
      array(
        struct('DeleteAclsFilter', {
          resourceTypeFilter: field(int8, '0+'),
          resourceNameFilter: field(string, '0+', { nullable: '0+' }),
          patternTypeFilter: field(int8, '1+', { default: 3 }),
          principalFilter: field(string, '0+', { nullable: '0+' }),
          hostFilter: field(string, '0+', { nullable: '0+' }),
          operation: field(int8, '0+'),
          permissionType: field(int8, '0+'),
        }),
      ),
      '0+',
    ),
  }),
});

export type DeleteAclsRequest = ValueOf<typeof deleteAclsRequest>;

export const deleteAclsResponse = message({
  name: 'DeleteAclsResponse',
  kind: 'response',
  apiKey: 31,
  versions: '1-3',
  flexibleVersions: '2+',
  fields: () => ({
    throttleTimeMs: field(int32, '0+'),
    filterResults: field(
      array(
        struct('DeleteAclsFilterResult', {
          errorCode: field(int16, '0+'),
          errorMessage: field(string, '0+', { nullable: '0+' }),
          matchingAcls: field(
            array(
              struct('DeleteAclsMatchingAcl', {
                errorCode: field(int16, '0+'),
                errorMessage: field(string, '0+', { nullable: '0+' }),
                resourceType: field(int8, '0+'),
                resourceName: field(string, '0+'),
                patternType: field(int8, '1+', { default: 3 }),
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

export type DeleteAclsResponse = ValueOf<typeof deleteAclsResponse>;
