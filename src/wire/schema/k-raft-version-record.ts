import { field, int16, message, type ValueOf } from '../schema.ts';

export const kRaftVersionRecord = message({
  name: 'KRaftVersionRecord',
  kind: 'data',
  versions: '0',
  flexibleVersions: '0+',
  fields: () => ({
    version: field(int16, '0+'),
    kRaftVersion: field(int16, '0+'),
  }),
});

export type KRaftVersionRecord = ValueOf<typeof kRaftVersionRecord>;
