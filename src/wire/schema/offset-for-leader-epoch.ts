import { array, field, int16, int32, int64, message, string, struct, type ValueOf } from '../schema.ts';

export const offsetForLeaderEpochRequest = message({
  name: 'OffsetForLeaderEpochRequest',
  kind: 'request',
  apiKey: 23,
  listeners: ['broker'],
  versions: '2-4',
  flexibleVersions: '4+',
  fields: () => ({
    replicaId: field(int32, '3+', { default: -2, ignorable: true, entityType: 'brokerId' }),
    topics: field(
      array(
        struct('OffsetForLeaderTopic', {
          topic: field(string, '0+', { mapKey: true, entityType: 'topicName' }),
          partitions: field(
            array(
              struct('OffsetForLeaderPartition', {
                partition: field(int32, '0+'),
                currentLeaderEpoch: field(int32, '2+', { default: -1, ignorable: true }),
                leaderEpoch: field(int32, '0+'),
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

export type OffsetForLeaderEpochRequest = ValueOf<typeof offsetForLeaderEpochRequest>;

export const offsetForLeaderEpochResponse = message({
  name: 'OffsetForLeaderEpochResponse',
  kind: 'response',
  apiKey: 23,
  versions: '2-4',
  flexibleVersions: '4+',
  fields: () => ({
    throttleTimeMs: field(int32, '2+', { ignorable: true }),
    topics: field(
      array(
        struct('OffsetForLeaderTopicResult', {
          topic: field(string, '0+', { mapKey: true, entityType: 'topicName' }),
          partitions: field(
            array(
              struct('EpochEndOffset', {
                errorCode: field(int16, '0+'),
                partition: field(int32, '0+'),
                leaderEpoch: field(int32, '1+', { default: -1, ignorable: true }),
                endOffset: field(int64, '0+', { default: -1 }),
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

export type OffsetForLeaderEpochResponse = ValueOf<typeof offsetForLeaderEpochResponse>;
