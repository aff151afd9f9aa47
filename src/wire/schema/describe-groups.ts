import { array, bool, bytes, field, int16, int32, message, string, struct, type ValueOf } from '../schema.ts';

export const describeGroupsRequest = message({
  name: 'DescribeGroupsRequest',
  kind: 'request',
  apiKey: 15,
  listeners: ['broker'],
  versions: '0-6',
  flexibleVersions: '5+',
  fields: () => ({
    groups: field(array(string), '0+', { entityType: 'groupId' }),
    includeAuthorizedOperations: field(bool, '3+'),
  }),
});

export type DescribeGroupsRequest = ValueOf<typeof describeGroupsRequest>;

export const describeGroupsResponse = message({
  name: 'DescribeGroupsResponse',
  kind: 'response',
  apiKey: 15,
  versions: '0-6',
  flexibleVersions: '5+',
  fields: () => ({
    throttleTimeMs: field(int32, '1+', { ignorable: true }),
    groups: field(
      array(
        struct('DescribedGroup', {
          errorCode: field(int16, '0+'),
          errorMessage: field(string, '6+', { nullable: '6+', default: null }),
          groupId: field(string, '0+', { entityType: 'groupId' }),
          groupState: field(string, '0+'),
          protocolType: field(string, '0+'),
          protocolData: field(string, '0+'),
          members: field(
            array(
              struct('DescribedGroupMember', {
                memberId: field(string, '0+'),
                groupInstanceId: field(string, '4+', { nullable: '4+', default: null, ignorable: true }),
                clientId: field(string, '0+'),
                clientHost: field(string, '0+'),
                memberMetadata: field(bytes, '0+'),
                memberAssignment: field(bytes, '0+'),
              }),
            ),
            '0+',
          ),
          authorizedOperations: field(int32, '3+', { default: -2147483648 }),
        }),
      ),
      '0+',
    ),
  }),
});

export type DescribeGroupsResponse = ValueOf<typeof describeGroupsResponse>;
