import { array, bool, field, float64, int16, int32, message, string, struct, type ValueOf } from '../schema.ts';

export const alterClientQuotasRequest = message({
  name: 'AlterClientQuotasRequest',
  kind: 'request',
  apiKey: 49,
  listeners: ['broker', 'controller'],
  versions: '0-1',
  flexibleVersions: '1+',
  fields: () => ({
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
          ops: field(
            array(
              struct('OpData', {
                key: field(string, '0+'),
                value: field(float64, '0+'),
                remove: field(bool, '0+'),
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

export type AlterClientQuotasRequest = ValueOf<typeof alterClientQuotasRequest>;

export const alterClientQuotasResponse = message({
  name: 'AlterClientQuotasResponse',
  kind: 'response',
  apiKey: 49,
  versions: '0-1',
  flexibleVersions: '1+',
  fields: () => ({
    throttleTimeMs: field(int32, '0+'),
    entries: field(
      array(
        struct('EntryData', {
          errorCode: field(int16, '0+'),
          errorMessage: field(string, '0+', { nullable: '0+' }),
          entity: field(
            array(
              struct('EntityData', {
                entityType: field(string, '0+'),
                entityName: field(string, '0+', { nullable: '0+' }),
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

export type AlterClientQuotasResponse = ValueOf<typeof alterClientQuotasResponse>;
