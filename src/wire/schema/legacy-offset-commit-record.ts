import { field, int32, int64, message, string, type ValueOf } from '../schema.ts';

export const legacyOffsetCommitKey = message({
  name: 'LegacyOffsetCommitKey',
  kind: 'coordinator-key',
  apiKey: 0,
  versions: '0',
  flexibleVersions: 'none',
  fields: () => ({
    group: field(string, '0'),
    topic: field(string, '0'),
    partition: field(int32, '0'),
  }),
});

export type LegacyOffsetCommitKey = ValueOf<typeof legacyOffsetCommitKey>;

export const legacyOffsetCommitValue = message({
  name: 'LegacyOffsetCommitValue',
  kind: 'coordinator-value',
  apiKey: 0,
  versions: '0',
  flexibleVersions: 'none',
  fields: () => ({
    offset: field(int64, '0'),
    metadata: field(string, '0'),
    commitTimestamp: field(int64, '0'),
  }),
});

export type LegacyOffsetCommitValue = ValueOf<typeof legacyOffsetCommitValue>;
