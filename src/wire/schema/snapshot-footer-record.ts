import { field, int16, message, type ValueOf } from '../schema.ts';

export const snapshotFooterRecord = message({
  name: 'SnapshotFooterRecord',
  kind: 'data',
  versions: '0',
  flexibleVersions: '0+',
  fields: () => ({
    version: field(int16, '0+'),
  }),
});

export type SnapshotFooterRecord = ValueOf<typeof snapshotFooterRecord>;
