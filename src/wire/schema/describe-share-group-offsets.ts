import { array, field, int16, int32, int64, message, string, struct, uuid, type ValueOf } from '../schema.ts';

export const describeShareGroupOffsetsRequest = message({
  name: 'DescribeShareGroupOffsetsRequest',
  kind: 'request',
  apiKey: 90,
  listeners: ['broker'],
  versions: '0-1',
  flexibleVersions: '0+',
  fields: () => ({
    groups: field(
      array(
        struct('DescribeShareGroupOffsetsRequestGroup', {
          groupId: field(string, '0+', { entityType: 'groupId' }),
          topics: field(
            array(
              struct('DescribeShareGroupOffsetsRequestTopic', {
                topicName: field(string, '0+', { entityType: 'topicName' }),
                partitions: field(array(int32), '0+'),
              }),
            ),
            '0+',
            { nullable: '0+' },
          ),
        }),
      ),
      '0+',
    ),
  }),
});

export type DescribeShareGroupOffsetsRequest = ValueOf<typeof describeShareGroupOffsetsRequest>;

export const describeShareGroupOffsetsResponse = message({
  name: 'DescribeShareGroupOffsetsResponse',
  kind: 'response',
  apiKey: 90,
  versions: '0-1',
  flexibleVersions: '0+',
  fields: () => ({
    throttleTimeMs: field(int32, '0+'),
    groups: field(
      array(
        struct('DescribeShareGroupOffsetsResponseGroup', {
          groupId: field(string, '0+', { entityType: 'groupId' }),
          topics: field(
            array(
              struct('DescribeShareGroupOffsetsResponseTopic', {
                topicName: field(string, '0+', { entityType: 'topicName' }),
                topicId: field(uuid, '0+'),
                partitions: field(
                  array(
                    struct('DescribeShareGroupOffsetsResponsePartition', {
                      partitionIndex: field(int32, '0+'),
                      startOffset: field(int64, '0+'),
                      leaderEpoch: field(int32, '0+'),
                      lag: field(int64, '1+', { default: -1, ignorable: true }),
                      errorCode: field(int16, '0+'),
                      errorMessage: field(string, '0+', { nullable: '0+', default: null }),
                    }),
                  ),
                  '0+',
                ),
              }),
            ),
            '0+',
          ),
          errorCode: field(int16, '0+'),
          errorMessage: field(string, '0+', { nullable: '0+', default: null }),
        }),
      ),
      '0+',
    ),
  }),
});

export type DescribeShareGroupOffsetsResponse = ValueOf<typeof describeShareGroupOffsetsResponse>;
