import { field, int8, message, string, uuid, type ValueOf } from '../schema.ts';

export const accessControlEntryRecord = message({
  name: 'AccessControlEntryRecord',
  kind: 'metadata',
  apiKey: 18,
  versions: '0',
  flexibleVersions: '0+',
  fields: () => ({
    id: field(uuid, '0+'),
    resourceType: field(int8, '0+'),
    resourceName: field(string, '0+'),
    patternType: field(int8, '0+'),
    principal: field(string, '0+'),
    host: field(string, '0+'),
    operation: field(int8, '0+'),
    permissionType: field(int8, '0+'),
  }),
});

export type AccessControlEntryRecord = ValueOf<typeof accessControlEntryRecord>;
