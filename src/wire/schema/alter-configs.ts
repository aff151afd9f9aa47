import { array, bool, field, int8, int16, int32, message, string, struct, type ValueOf } from '../schema.ts';

export const alterConfigsRequest = message({
  name: 'AlterConfigsRequest',
  kind: 'request',
  apiKey: 33,
  listeners: ['broker', 'controller'],
  versions: '0-2',
  flexibleVersions: '2+',
  fields: () => ({
    resources: field(
      array(
        struct('AlterConfigsResource', {
          resourceType: field(int8, '0+', { mapKey: true }),
          resourceName: field(string, '0+', { mapKey: true }),
          configs: field(
            array(
              struct('AlterableConfig', {
                name: field(string, '0+', { mapKey: true }),
                value: field(string, '0+', { nullable: '0+' }),
              }),
            ),
            '0+',
          ),
        }),
      ),
      '0+',
    ),
    validateOnly: field(bool, '0+'),
  }),
});

export type AlterConfigsRequest = ValueOf<typeof alterConfigsRequest>;

export const alterConfigsResponse = message({
  name: 'AlterConfigsResponse',
  kind: 'response',
  apiKey: 33,
  versions: '0-2',
  flexibleVersions: '2+',
  fields: () => ({
    throttleTimeMs: field(int32, '0+'),
    responses: field(
      array(
        struct('AlterConfigsResourceResponse', {
          errorCode: field(int16, '0+'),
          errorMessage: field(string, '0+', { nullable: '0+' }),
          resourceType: field(int8, '0+'),
          resourceName: field(string, '0+'),
        }),
      ),
      '0+',
    ),
  }),
});

export type AlterConfigsResponse = ValueOf<typeof alterConfigsResponse>;
