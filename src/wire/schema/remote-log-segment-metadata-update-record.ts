import { bytes, field, int8, int32, int64, message, string, struct, uuid, type ValueOf } from '../schema.ts';

export const remoteLogSegmentMetadataUpdateRecord = message({
  name: 'RemoteLogSegmentMetadataUpdateRecord',
  kind: 'metadata',
  apiKey: 1,
  versions: '0',
  flexibleVersions: '0+',
  fields: () => ({
    remoteLogSegmentId: field(
      struct('RemoteLogSegmentIdEntry', {
        topicIdPartition: field(
          struct('TopicIdPartitionEntry', {
            name: field(string, '0+'),
            id: field(uuid, '0+'),
            partition: field(int32, '0+'),
          }),
          '0+',
        ),
        id: field(uuid, '0+'),
      }),
      '0+',
    ),
    brokerId: field(int32, '0+'),
    eventTimestampMs: field(int64, '0+'),
    customMetadata: field(bytes, '0+', { nullable: '0+', default: null }),
    remoteLogSegmentState: field(int8, '0+'),
  }),
});

export type RemoteLogSegmentMetadataUpdateRecord = ValueOf<typeof remoteLogSegmentMetadataUpdateRecord>;
