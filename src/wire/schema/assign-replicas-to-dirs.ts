import { array, field, int16, int32, int64, message, struct, uuid, type ValueOf } from '../schema.ts';

export const assignReplicasToDirsRequest = message({
  name: 'AssignReplicasToDirsRequest',
  kind: 'request',
  apiKey: 73,
  listeners: ['controller'],
  versions: '0',
  flexibleVersions: '0+',
  fields: () => ({
    brokerId: field(int32, '0+', { entityType: 'brokerId' }),
    brokerEpoch: field(int64, '0+', { default: -1 }),
    directories: field(
      array(
        struct('DirectoryData', {
          id: field(uuid, '0+'),
          topics: field(
            array(
              struct('TopicData', {
                topicId: field(uuid, '0+'),
                partitions: field(
                  array(
                    struct('PartitionData', {
                      partitionIndex: field(int32, '0+'),
                    }),
                  ),
                  '0+',
                ),
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

export type AssignReplicasToDirsRequest = ValueOf<typeof assignReplicasToDirsRequest>;

export const assignReplicasToDirsResponse = message({
  name: 'AssignReplicasToDirsResponse',
  kind: 'response',
  apiKey: 73,
  versions: '0',
  flexibleVersions: '0+',
  fields: () => ({
    throttleTimeMs: field(int32, '0+'),
    errorCode: field(int16, '0+'),
    directories: field(
      array(
        struct('DirectoryData', {
          id: field(uuid, '0+'),
          topics: field(
            array(
              struct('TopicData', {
                topicId: field(uuid, '0+'),
                partitions: field(
                  array(
                    struct('PartitionData', {
                      partitionIndex: field(int32, '0+'),
                      errorCode: field(int16, '0+'),
                    }),
                  ),
                  '0+',
                ),
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

export type AssignReplicasToDirsResponse = ValueOf<typeof assignReplicasToDirsResponse>;
