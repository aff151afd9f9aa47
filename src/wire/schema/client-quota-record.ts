import { array, bool, field, float64, message, string, struct, type ValueOf } from '../schema.ts';

export const clientQuotaRecord = message({
  name: 'ClientQuotaRecord',
  kind: 'metadata',
  apiKey: 14,
  versions: '0',
  flexibleVersions: '0+',
  fields: () => ({
    entity: field(
      array(
        struct('EntityData', {
          entityType: field(string, '0+'),
          entityName: field(string, '0+', { nullable: '0+' }),
        }),
      ),
      '0+',
    ),
    key: field(string, '0+'),
    value: field(float64, '0+'),
    remove: field(bool, '0+'),
  }),
});

export type ClientQuotaRecord = ValueOf<typeof clientQuotaRecord>;
