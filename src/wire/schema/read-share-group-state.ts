import { array, field, int8, int16, int32, int64, message, string, struct, uuid, type ValueOf } from '../schema.ts';

export const readShareGroupStateRequest = message({
  name: 'ReadShareGroupStateRequest',
  kind: 'request',
  apiKey: 84,
  listeners: ['broker'],
  versions: '0',
  flexibleVersions: '0+',
  fields: () => ({
    groupId: field(string, '0+'),
    topics: field(
      array(
        struct('ReadStateData', {
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

export type ReadShareGroupStateRequest = ValueOf<typeof readShareGroupStateRequest>;

export const readShareGroupStateResponse = message({
  name: 'ReadShareGroupStateResponse',
  kind: 'response',
  apiKey: 84,
  versions: '0',
  flexibleVersions: '0+',
  fields: () => ({
    results: field(
      array(
        struct('ReadStateResult', {
          topicId: field(uuid, '0+'),
          partitions: field(
            array(
              struct('PartitionResult', {
                partition: field(int32, '0+'),
                errorCode: field(int16, '0+'),
                errorMessage: field(string, '0+', { nullable: '0+', default: null }),
                stateEpoch: field(int32, '0+'),
                startOffset: field(int64, '0+'),
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

export type ReadShareGroupStateResponse = ValueOf<typeof readShareGroupStateResponse>;
