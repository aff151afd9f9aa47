import { array, field, int16, int32, message, string, struct, type ValueOf } from '../schema.ts';

export const listGroupsRequest = message({
  name: 'ListGroupsRequest',
  kind: 'request',
  apiKey: 16,
  listeners: ['broker'],
  versions: '0-5',
  flexibleVersions: '3+',
  fields: () => ({
    statesFilter: field(array(string), '4+'),
    typesFilter: field(array(string), '5+'),
  }),
});

export type ListGroupsRequest = ValueOf<typeof listGroupsRequest>;

export const listGroupsResponse = message({
  name: 'ListGroupsResponse',
  kind: 'response',
  apiKey: 16,
  versions: '0-5',
  flexibleVersions: '3+',
  fields: () => ({
    throttleTimeMs: field(int32, '1+', { ignorable: true }),
    errorCode: field(int16, '0+'),
    groups: field(
      array(
        struct('ListedGroup', {
          groupId: field(string, '0+', { entityType: 'groupId' }),
          protocolType: field(string, '0+'),
          groupState: field(string, '4+', { ignorable: true }),
          groupType: field(string, '5+', { ignorable: true }),
        }),
      ),
      '0+',
    ),
  }),
});

export type ListGroupsResponse = ValueOf<typeof listGroupsResponse>;
