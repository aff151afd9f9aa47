import { field, int16, int64, message, type ValueOf } from '../schema.ts';

export const snapshotHeaderRecord = message({
  name: 'SnapshotHeaderRecord',
  kind: 'data',
  versions: '0',
  flexibleVersions: '0+',
  fields: () => ({
    version: field(int16, '0+'),
    lastContainedLogTimestamp: field(int64, '0+'),
  }),
});

export type SnapshotHeaderRecord = ValueOf<typeof snapshotHeaderRecord>;
