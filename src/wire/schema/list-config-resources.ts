import { array, field, int8, int16, int32, message, string, struct, type ValueOf } from '../schema.ts';

export const listConfigResourcesRequest = message({
  name: 'ListConfigResourcesRequest',
  kind: 'request',
  apiKey: 74,
  listeners: ['broker'],
  versions: '0-1',
  flexibleVersions: '0+',
  fields: () => ({
    resourceTypes: field(array(int8), '1+'),
  }),
});

export type ListConfigResourcesRequest = ValueOf<typeof listConfigResourcesRequest>;

export const listConfigResourcesResponse = message({
  name: 'ListConfigResourcesResponse',
  kind: 'response',
  apiKey: 74,
  versions: '0-1',
  flexibleVersions: '0+',
  fields: () => ({
    throttleTimeMs: field(int32, '0+'),
    errorCode: field(int16, '0+'),
    configResources: field(
      array(
        struct('ConfigResource', {
          resourceName: field(string, '0+'),
          resourceType: field(int8, '1+', { default: 16, ignorable: true }),
        }),
      ),
      '0+',
    ),
  }),
});

export type ListConfigResourcesResponse = ValueOf<typeof listConfigResourcesResponse>;
