import { array, bool, bytes, field, int8, int32, int64, message, struct, uuid, type ValueOf } from '../schema.ts';

export const remoteLogSegmentMetadataSnapshotRecord = message({
  name: 'RemoteLogSegmentMetadataSnapshotRecord',
  kind: 'metadata',
  apiKey: 3,
  versions: '0',
  flexibleVersions: '0+',
  fields: () => ({
    segmentId: field(uuid, '0+'),
    startOffset: field(int64, '0+'),
    endOffset: field(int64, '0+'),
    brokerId: field(int32, '0+'),
    maxTimestampMs: field(int64, '0+'),
    eventTimestampMs: field(int64, '0+'),
    segmentLeaderEpochs: field(
      array(
        struct('SegmentLeaderEpochEntry', {
          leaderEpoch: field(int32, '0+'),
          offset: field(int64, '0+'),
        }),
      ),
      '0+',
    ),
    segmentSizeInBytes: field(int32, '0+'),
    customMetadata: field(bytes, '0+', { nullable: '0+', default: null }),
    remoteLogSegmentState: field(int8, '0+'),
    txnIndexEmpty: field(bool, '0+', { tag: 0, tagged: '0+' }),
  }),
});

export type RemoteLogSegmentMetadataSnapshotRecord = ValueOf<typeof remoteLogSegmentMetadataSnapshotRecord>;
