import { array, field, int8, int16, int32, int64, message, string, struct, type ValueOf } from '../schema.ts';

export const listOffsetsRequest = message({
  name: 'ListOffsetsRequest',
  kind: 'request',
  apiKey: 2,
  listeners: ['broker'],
  versions: '1-11',
  flexibleVersions: '6+',
  fields: () => ({
    replicaId: field(int32, '0+', { entityType: 'brokerId' }),
    isolationLevel: field(int8, '2+'),
    topics: field(
      array(
        struct('ListOffsetsTopic', {
          name: field(string, '0+', { entityType: 'topicName' }),
          partitions: field(
            array(
              struct('ListOffsetsPartition', {
                partitionIndex: field(int32, '0+'),
                currentLeaderEpoch: field(int32, '4+', { default: -1, ignorable: true }),
                timestamp: field(int64, '0+'),
              }),
            ),
            '0+',
          ),
        }),
      ),
      '0+',
    ),
    timeoutMs: field(int32, '10+', { ignorable: true }),
  }),
});

export type ListOffsetsRequest = ValueOf<typeof listOffsetsRequest>;

export const listOffsetsResponse = message({
  name: 'ListOffsetsResponse',
  kind: 'response',
  apiKey: 2,
  versions: '1-11',
  flexibleVersions: '6+',
  fields: () => ({
    throttleTimeMs: field(int32, '2+', { ignorable: true }),
    topics: field(
      array(
        struct('ListOffsetsTopicResponse', {
          name: field(string, '0+', { entityType: 'topicName' }),
          partitions: field(
            array(
              struct('ListOffsetsPartitionResponse', {
                partitionIndex: field(int32, '0+'),
                errorCode: field(int16, '0+'),
                timestamp: field(int64, '1+', { default: -1 }),
                offset: field(int64, '1+', { default: -1 }),
                leaderEpoch: field(int32, '4+', { default: -1 }),
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

export type ListOffsetsResponse = ValueOf<typeof listOffsetsResponse>;
