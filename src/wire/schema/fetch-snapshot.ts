import {
  array,
  field,
  int16,
  int32,
  int64,
  message,
  records,
  string,
  struct,
  uint16,
  uuid,
  type ValueOf,
} from '../schema.ts';

export const fetchSnapshotRequest = message({
  name: 'FetchSnapshotRequest',
  kind: 'request',
  apiKey: 59,
  listeners: ['controller'],
  versions: '0-1',
  flexibleVersions: '0+',
  fields: () => ({
    clusterId: field(string, '0+', { nullable: '0+', tag: 0, tagged: '0+', default: null }),
    replicaId: field(int32, '0+', { default: -1, entityType: 'brokerId' }),
    maxBytes: field(int32, '0+', { default: 2147483647 }),
    topics: field(
      array(
        struct('TopicSnapshot', {
          name: field(string, '0+', { entityType: 'topicName' }),
          partitions: field(
            array(
              struct('PartitionSnapshot', {
                partition: field(int32, '0+'),
                currentLeaderEpoch: field(int32, '0+'),
                snapshotId: field(
                  struct('SnapshotId', {
                    endOffset: field(int64, '0+'),
                    epoch: field(int32, '0+'),
                  }),
                  '0+',
                ),
                position: field(int64, '0+'),
                replicaDirectoryId: field(uuid, '1+', { tag: 0, tagged: '1+', ignorable: true }),
              }),
            ),
            '0+',
          ),
        }),
      ),
      '0+',
    ),
  }),
});

export type FetchSnapshotRequest = ValueOf<typeof fetchSnapshotRequest>;

export const fetchSnapshotResponse = message({
  name: 'FetchSnapshotResponse',
  kind: 'response',
  apiKey: 59,
  versions: '0-1',
  flexibleVersions: '0+',
  fields: () => ({
    throttleTimeMs: field(int32, '0+', { ignorable: true }),
    errorCode: field(int16, '0+'),
    topics: field(
      array(
        struct('TopicSnapshot', {
          name: field(string, '0+', { entityType: 'topicName' }),
          partitions: field(
            array(
              struct('PartitionSnapshot', {
                index: field(int32, '0+'),
                errorCode: field(int16, '0+'),
                snapshotId: field(
                  struct('SnapshotId', {
                    endOffset: field(int64, '0+'),
                    epoch: field(int32, '0+'),
                  }),
                  '0+',
                ),
                currentLeader: field(
                  struct('LeaderIdAndEpoch', {
                    leaderId: field(int32, '0+', { entityType: 'brokerId' }),
                    leaderEpoch: field(int32, '0+'),
                  }),
                  '0+',
                  { tag: 0, tagged: '0+' },
                ),
                size: field(int64, '0+'),
                position: field(int64, '0+'),
                unalignedRecords: field(records, '0+'),
              }),
            ),
            '0+',
          ),
        }),
      ),
      '0+',
    ),
    nodeEndpoints: field(
      array(
        struct('NodeEndpoint', {
          nodeId: field(int32, '1+', { mapKey: true, entityType: 'brokerId' }),
          host: field(string, '1+'),
          port: field(uint16, '1+'),
        }),
      ),
      '1+',
      { tag: 0, tagged: '1+' },
    ),
  }),
});

export type FetchSnapshotResponse = ValueOf<typeof fetchSnapshotResponse>;
