import { array, field, int8, int16, int32, int64, message, string, struct, uuid, type ValueOf } from '../schema.ts';

export const writeShareGroupStateRequest = message({
  name: 'WriteShareGroupStateRequest',
  kind: 'request',
  apiKey: 85,
  listeners: ['broker'],
  versions: '0-1',
  flexibleVersions: '0+',
  fields: () => ({
    groupId: field(string, '0+'),
    topics: field(
      array(
        struct('WriteStateData', {
          topicId: field(uuid, '0+'),
          partitions: field(
            array(
              struct('PartitionData', {
                partition: field(int32, '0+'),
                stateEpoch: field(int32, '0+'),
                leaderEpoch: field(int32, '0+'),
                startOffset: field(int64, '0+'),
                deliveryCompleteCount: field(int32, '1+', { default: -1, ignorable: true }),
                stateBatches: field(
                  array(
                    struct('StateBatch', {
                      firstOffset: field(int64, '0+'),
                      lastOffset: field(int64, '0+'),
                      deliveryState: field(int8, '0+'),
                      deliveryCount: field(int16, '0+'),
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

export type WriteShareGroupStateRequest = ValueOf<typeof writeShareGroupStateRequest>;

export const writeShareGroupStateResponse = message({
  name: 'WriteShareGroupStateResponse',
  kind: 'response',
  apiKey: 85,
  versions: '0-1',
  flexibleVersions: '0+',
  fields: () => ({
    results: field(
      array(
        struct('WriteStateResult', {
          topicId: field(uuid, '0+'),
          partitions: field(
            array(
              struct('PartitionResult', {
                partition: field(int32, '0+'),
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
  }),
});

export type WriteShareGroupStateResponse = ValueOf<typeof writeShareGroupStateResponse>;
