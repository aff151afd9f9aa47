import { array, bool, field, int16, int32, int64, message, string, struct, type ValueOf } from '../schema.ts';

export const describeLogDirsRequest = message({
  name: 'DescribeLogDirsRequest',
  kind: 'request',
  apiKey: 35,
  listeners: ['broker'],
  versions: '1-5',
  flexibleVersions: '2+',
  fields: () => ({
    topics: field(
      array(
        struct('DescribableLogDirTopic', {
          topic: field(string, '0+', { mapKey: true, entityType: 'topicName' }),
          partitions: field(array(int32), '0+'),
        }),
      ),
      '0+',
      { nullable: '0+' },
    ),
  }),
});

export type DescribeLogDirsRequest = ValueOf<typeof describeLogDirsRequest>;

export const describeLogDirsResponse = message({
  name: 'DescribeLogDirsResponse',
  kind: 'response',
  apiKey: 35,
  versions: '1-5',
  flexibleVersions: '2+',
  fields: () => ({
    throttleTimeMs: field(int32, '0+'),
    errorCode: field(int16, '3+', { ignorable: true }),
    results: field(
      array(
        struct('DescribeLogDirsResult', {
          errorCode: field(int16, '0+'),
          logDir: field(string, '0+'),
          topics: field(
            array(
              struct('DescribeLogDirsTopic', {
                name: field(string, '0+', { entityType: 'topicName' }),
                partitions: field(
                  array(
                    struct('DescribeLogDirsPartition', {
                      partitionIndex: field(int32, '0+'),
                      partitionSize: field(int64, '0+'),
                      offsetLag: field(int64, '0+'),
                      isFutureKey: field(bool, '0+'),
                    }),
                  ),
                  '0+',
                ),
              }),
            ),
            '0+',
          ),
          totalBytes: field(int64, '4+', { default: -1, ignorable: true }),
          usableBytes: field(int64, '4+', { default: -1, ignorable: true }),
          isCordoned: field(bool, '5+', { default: false, ignorable: true }),
        }),
      ),
      '0+',
    ),
  }),
});

export type DescribeLogDirsResponse = ValueOf<typeof describeLogDirsResponse>;
