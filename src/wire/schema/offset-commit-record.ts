import { field, int32, int64, message, string, uuid, type ValueOf } from '../schema.ts';

export const offsetCommitKey = message({
  name: 'OffsetCommitKey',
  kind: 'coordinator-key',
  apiKey: 1,
  versions: '0',
  flexibleVersions: 'none',
  fields: () => ({
    group: field(string, '0'),
    topic: field(string, '0'),
    partition: field(int32, '0'),
  }),
});

export type OffsetCommitKey = ValueOf<typeof offsetCommitKey>;

export const offsetCommitValue = message({
  name: 'OffsetCommitValue',
  kind: 'coordinator-value',
  apiKey: 1,
  versions: '0-4',
  flexibleVersions: '4+',
  fields: () => ({
    offset: field(int64, '0+'),
    leaderEpoch: field(int32, '3+', { default: -1, ignorable: true }),
    metadata: field(string, '0+'),
    commitTimestamp: field(int64, '0+'),
    expireTimestamp: field(int64, '1', { default: -1, ignorable: true }),
    topicId: field(uuid, '4+', { tag: 0, tagged: '4+', ignorable: true }),
  }),
});

export type OffsetCommitValue = ValueOf<typeof offsetCommitValue>;
