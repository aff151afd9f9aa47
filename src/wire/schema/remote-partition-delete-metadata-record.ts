import { field, int8, int32, int64, message, string, struct, uuid, type ValueOf } from '../schema.ts';

export const remotePartitionDeleteMetadataRecord = message({
  name: 'RemotePartitionDeleteMetadataRecord',
  kind: 'metadata',
  apiKey: 2,
  versions: '0',
  flexibleVersions: '0+',
  fields: () => ({
    topicIdPartition: field(
      struct('TopicIdPartitionEntry', {
        name: field(string, '0+'),
        id: field(uuid, '0+'),
        partition: field(int32, '0+'),
      }),
      '0+',
    ),
    brokerId: field(int32, '0+'),
    eventTimestampMs: field(int64, '0+'),
    remotePartitionDeleteState: field(int8, '0+'),
  }),
});

export type RemotePartitionDeleteMetadataRecord = ValueOf<typeof remotePartitionDeleteMetadataRecord>;
