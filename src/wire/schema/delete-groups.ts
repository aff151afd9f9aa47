import { array, field, int16, int32, message, string, struct, type ValueOf } from '../schema.ts';

export const deleteGroupsRequest = message({
  name: 'DeleteGroupsRequest',
  kind: 'request',
  apiKey: 42,
  listeners: ['broker'],
  versions: '0-2',
  flexibleVersions: '2+',
  fields: () => ({
    groupsNames: field(array(string), '0+', { entityType: 'groupId' }),
  }),
});

export type DeleteGroupsRequest = ValueOf<typeof deleteGroupsRequest>;

export const deleteGroupsResponse = message({
  name: 'DeleteGroupsResponse',
  kind: 'response',
  apiKey: 42,
  versions: '0-2',
  flexibleVersions: '2+',
  fields: () => ({
    throttleTimeMs: field(int32, '0+'),
    results: field(
      array(
        struct('DeletableGroupResult', {
          groupId: field(string, '0+', { mapKey: true, entityType: 'groupId' }),
          errorCode: field(int16, '0+'),
        }),
      ),
      '0+',
    ),
  }),
});

export type DeleteGroupsResponse = ValueOf<typeof deleteGroupsResponse>;
