import { field, int8, message, type ValueOf } from '../schema.ts';

export const zkMigrationStateRecord = message({
  name: 'ZkMigrationStateRecord',
  kind: 'metadata',
  apiKey: 21,
  versions: '0',
  flexibleVersions: '0+',
  fields: () => ({
    zkMigrationState: field(int8, '0+'),
  }),
});

export type ZkMigrationStateRecord = ValueOf<typeof zkMigrationStateRecord>;
