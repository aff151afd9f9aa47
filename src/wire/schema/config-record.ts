import { field, int8, message, string, type ValueOf } from '../schema.ts';

export const configRecord = message({
  name: 'ConfigRecord',
  kind: 'metadata',
  apiKey: 4,
  versions: '0',
  flexibleVersions: '0+',
  fields: () => ({
    resourceType: field(int8, '0+'),
    resourceName: field(string, '0+'),
    name: field(string, '0+'),
    value: field(string, '0+', { nullable: '0+' }),
  }),
});

export type ConfigRecord = ValueOf<typeof configRecord>;
