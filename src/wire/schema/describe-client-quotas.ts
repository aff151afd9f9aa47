import { array, bool, field, float64, int8, int16, int32, message, string, struct, type ValueOf } from '../schema.ts';

export const describeClientQuotasRequest = message({
  name: 'DescribeClientQuotasRequest',
  kind: 'request',
  apiKey: 48,
  listeners: ['broker'],
  versions: '0-1',
  flexibleVersions: '1+',
  fields: () => ({
    components: field(
      array(
        struct('ComponentData', {
          entityType: field(string, '0+'),
          matchType: field(int8, '0+'),
          match: field(string, '0+', { nullable: '0+' }),
        }),
      ),
      '0+',
    ),
    strict: field(bool, '0+'),
  }),
});

export type DescribeClientQuotasRequest = ValueOf<typeof describeClientQuotasRequest>;

export const describeClientQuotasResponse = message({
  name: 'DescribeClientQuotasResponse',
  kind: 'response',
  apiKey: 48,
  versions: '0-1',
  flexibleVersions: '1+',
  fields: () => ({
    throttleTimeMs: field(int32, '0+'),
    errorCode: field(int16, '0+'),
    errorMessage: field(string, '0+', { nullable: '0+' }),
    entries: field(
      array(
        struct('EntryData', {
          entity: field(
            array(
              struct('EntityData', {
                entityType: field(string, '0+'),
                entityName: field(string, '0+', { nullable: '0+' }),
              }),
            ),
            '0+',
          ),
          values: field(
            array(
              struct('ValueData', {
                key: field(string, '0+'),
                value: field(float64, '0+'),
              }),
            ),
            '0+',
          ),
        }),
      ),
      '0+',
      { nullable: '0+' },
    ),
  }),
});

export type DescribeClientQuotasResponse = ValueOf<typeof describeClientQuotasResponse>;
