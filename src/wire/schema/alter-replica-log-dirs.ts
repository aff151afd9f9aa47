import { array, field, int16, int32, message, string, struct, type ValueOf } from '../schema.ts';

export const alterReplicaLogDirsRequest = message({
  name: 'AlterReplicaLogDirsRequest',
  kind: 'request',
  apiKey: 34,
  listeners: ['broker'],
  versions: '1-2',
  flexibleVersions: '2+',
  fields: () => ({
    dirs: field(
      array(
        struct('AlterReplicaLogDir', {
          path: field(string, '0+', { mapKey: true }),
          topics: field(
            array(
              struct('AlterReplicaLogDirTopic', {
                name: field(string, '0+', { mapKey: true, entityType: 'topicName' }),
                partitions: field(array(int32), '0+'),
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

export type AlterReplicaLogDirsRequest = ValueOf<typeof alterReplicaLogDirsRequest>;

export const alterReplicaLogDirsResponse = message({
  name: 'AlterReplicaLogDirsResponse',
  kind: 'response',
  apiKey: 34,
  versions: '1-2',
  flexibleVersions: '2+',
  fields: () => ({
    throttleTimeMs: field(int32, '0+'),
    results: field(
      array(
        struct('AlterReplicaLogDirTopicResult', {
          topicName: field(string, '0+', { entityType: 'topicName' }),
          partitions: field(
            array(
              struct('AlterReplicaLogDirPartitionResult', {
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
});

export type AlterReplicaLogDirsResponse = ValueOf<typeof alterReplicaLogDirsResponse>;
