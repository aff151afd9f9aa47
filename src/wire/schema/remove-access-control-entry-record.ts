import { field, message, uuid, type ValueOf } from '../schema.ts';

export const removeAccessControlEntryRecord = message({
  name: 'RemoveAccessControlEntryRecord',
  kind: 'metadata',
  apiKey: 19,
  versions: '0',
  flexibleVersions: '0+',
  fields: () => ({
    id: field(uuid, '0+'),
  }),
});

export type RemoveAccessControlEntryRecord = ValueOf<typeof removeAccessControlEntryRecord>;
