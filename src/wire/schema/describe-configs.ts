import { array, bool, field, int8, int16, int32, message, string, struct, type ValueOf } from '../schema.ts';

export const describeConfigsRequest = message({
  name: 'DescribeConfigsRequest',
  kind: 'request',
  apiKey: 32,
  listeners: ['broker', 'controller'],
  versions: '1-4',
  flexibleVersions: '4+',
  fields: () => ({
    resources: field(
      array(
        struct('DescribeConfigsResource', {
          resourceType: field(int8, '0+'),
          resourceName: field(string, '0+'),
          configurationKeys: field(array(string), '0+', { nullable: '0+' }),
        }),
      ),
      '0+',
    ),
    includeSynonyms: field(bool, '1+', { default: false }),
    includeDocumentation: field(bool, '3+', { default: false }),
  }),
});

export type DescribeConfigsRequest = ValueOf<typeof describeConfigsRequest>;

export const describeConfigsResponse = message({
  name: 'DescribeConfigsResponse',
  kind: 'response',
  apiKey: 32,
  versions: '1-4',
  flexibleVersions: '4+',
  fields: () => ({
    throttleTimeMs: field(int32, '0+'),
    results: field(
      array(
        struct('DescribeConfigsResult', {
          errorCode: field(int16, '0+'),
          errorMessage: field(string, '0+', { nullable: '0+' }),
          resourceType: field(int8, '0+'),
          resourceName: field(string, '0+'),
          configs: field(
            array(
              struct('DescribeConfigsResourceResult', {
                name: field(string, '0+'),
                value: field(string, '0+', { nullable: '0+' }),
                readOnly: field(bool, '0+'),
                configSource: field(int8, '1+', { default: -1, ignorable: true }),
                isSensitive: field(bool, '0+'),
                synonyms: field(
                  array(
                    struct('DescribeConfigsSynonym', {
                      name: field(string, '1+'),
                      value: field(string, '1+', { nullable: '0+' }),
                      source: field(int8, '1+'),
                    }),
                  ),
                  '1+',
                  { ignorable: true },
                ),
                configType: field(int8, '3+', { default: 0, ignorable: true }),
                documentation: field(string, '3+', { nullable: '0+', ignorable: true }),
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

export type DescribeConfigsResponse = ValueOf<typeof describeConfigsResponse>;
