import { array, field, int16, int32, int64, message, string, struct, type ValueOf } from '../schema.ts';

export const deleteRecordsRequest = message({
  name: 'DeleteRecordsRequest',
  kind: 'request',
  apiKey: 21,
  listeners: ['broker'],
  versions: '0-2',
  flexibleVersions: '2+',
  fields: () => ({
    topics: field(
      array(
        struct('DeleteRecordsTopic', {
          name: field(string, '0+', { entityType: 'topicName' }),
          partitions: field(
            array(
              struct('DeleteRecordsPartition', {
                partitionIndex: field(int32, '0+'),
                offset: field(int64, '0+'),
              }),
            ),
            '0+',
          ),
        }),
      ),
      '0+',
    ),
    timeoutMs: field(int32, '0+'),
  }),
});

export type DeleteRecordsRequest = ValueOf<typeof deleteRecordsRequest>;

export const deleteRecordsResponse = message({
  name: 'DeleteRecordsResponse',
  kind: 'response',
  apiKey: 21,
  versions: '0-2',
  flexibleVersions: '2+',
  fields: () => ({
    throttleTimeMs: field(int32, '0+'),
    topics: field(
      array(
        struct('DeleteRecordsTopicResult', {
          name: field(string, '0+', { mapKey: true, entityType: 'topicName' }),
          partitions: field(
            array(
              struct('DeleteRecordsPartitionResult', {
                partitionIndex: field(int32, '0+', { mapKey: true }),
                lowWatermark: field(int64, '0+'),
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

export type DeleteRecordsResponse = ValueOf<typeof deleteRecordsResponse>;
