import { array, field, int8, int16, int32, int64, message, string, struct, uuid, type ValueOf } from '../schema.ts';

export const shareSnapshotKey = message({
  name: 'ShareSnapshotKey',
  kind: 'coordinator-key',
  apiKey: 0,
  versions: '0',
  flexibleVersions: 'none',
  fields: () => ({
    groupId: field(string, '0'),
    topicId: field(uuid, '0'),
    partition: field(int32, '0'),
  }),
});

export type ShareSnapshotKey = ValueOf<typeof shareSnapshotKey>;

export const shareSnapshotValue = message({
  name: 'ShareSnapshotValue',
  kind: 'coordinator-value',
  apiKey: 0,
  versions: '0',
  flexibleVersions: '0+',
  fields: () => ({
    snapshotEpoch: field(int32, '0+'),
    stateEpoch: field(int32, '0+'),
    leaderEpoch: field(int32, '0+'),
    startOffset: field(int64, '0+'),
    deliveryCompleteCount: field(int32, '0+', { tag: 0, tagged: '0+', default: -1 }),
    createTimestamp: field(int64, '0+'),
    writeTimestamp: field(int64, '0+'),
    stateBatches: field(
      array(
        struct('StateBatch', {
          firstOffset: field(int64, '0+'),
          lastOffset: field(int64, '0+'),
          deliveryState: field(int8, '0+'),
          deliveryCount: field(int16, '0+'),
        }),
      ),
      '0+',
    ),
  }),
});

export type ShareSnapshotValue = ValueOf<typeof shareSnapshotValue>;
