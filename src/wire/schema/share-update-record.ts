import { array, field, int8, int16, int32, int64, message, string, struct, uuid, type ValueOf } from '../schema.ts';

export const shareUpdateKey = message({
  name: 'ShareUpdateKey',
  kind: 'coordinator-key',
  apiKey: 1,
  versions: '0',
  flexibleVersions: 'none',
  fields: () => ({
    groupId: field(string, '0'),
    topicId: field(uuid, '0'),
    partition: field(int32, '0'),
  }),
});

export type ShareUpdateKey = ValueOf<typeof shareUpdateKey>;

export const shareUpdateValue = message({
  name: 'ShareUpdateValue',
  kind: 'coordinator-value',
  apiKey: 1,
  versions: '0',
  flexibleVersions: '0+',
  fields: () => ({
    snapshotEpoch: field(int32, '0+'),
    leaderEpoch: field(int32, '0+'),
    startOffset: field(int64, '0+'),
    deliveryCompleteCount: field(int32, '0+', { tag: 0, tagged: '0+', default: -1 }),
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

export type ShareUpdateValue = ValueOf<typeof shareUpdateValue>;
