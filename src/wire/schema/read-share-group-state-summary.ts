import { array, field, int16, int32, int64, message, string, struct, uuid, type ValueOf } from '../schema.ts';

export const readShareGroupStateSummaryRequest = message({
  name: 'ReadShareGroupStateSummaryRequest',
  kind: 'request',
  apiKey: 87,
  listeners: ['broker'],
  versions: '0-1',
  flexibleVersions: '0+',
  fields: () => ({
    groupId: field(string, '0+'),
    topics: field(
      array(
        struct('ReadStateSummaryData', {
          topicId: field(uuid, '0+'),
          partitions: field(
            array(
              struct('PartitionData', {
                partition: field(int32, '0+'),
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

export type ReadShareGroupStateSummaryRequest = ValueOf<typeof readShareGroupStateSummaryRequest>;

export const readShareGroupStateSummaryResponse = message({
  name: 'ReadShareGroupStateSummaryResponse',
  kind: 'response',
  apiKey: 87,
  versions: '0-1',
  flexibleVersions: '0+',
  fields: () => ({
    results: field(
      array(
        struct('ReadStateSummaryResult', {
          topicId: field(uuid, '0+'),
          partitions: field(
            array(
              struct('PartitionResult', {
                partition: field(int32, '0+'),
                errorCode: field(int16, '0+'),
                errorMessage: field(string, '0+', { nullable: '0+', default: null }),
                stateEpoch: field(int32, '0+'),
                leaderEpoch: field(int32, '0+'),
                startOffset: field(int64, '0+'),
                deliveryCompleteCount: field(int32, '1+', { default: -1, ignorable: true }),
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

export type ReadShareGroupStateSummaryResponse = ValueOf<typeof readShareGroupStateSummaryResponse>;
