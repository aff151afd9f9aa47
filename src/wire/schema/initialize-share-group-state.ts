import { array, field, int16, int32, int64, message, string, struct, uuid, type ValueOf } from '../schema.ts';

export const initializeShareGroupStateRequest = message({
  name: 'InitializeShareGroupStateRequest',
  kind: 'request',
  apiKey: 83,
  listeners: ['broker'],
  versions: '0',
  flexibleVersions: '0+',
  fields: () => ({
    groupId: field(string, '0+'),
    topics: field(
      array(
        struct('InitializeStateData', {
          topicId: field(uuid, '0+'),
          partitions: field(
            array(
              struct('PartitionData', {
                partition: field(int32, '0+'),
                stateEpoch: field(int32, '0+'),
                startOffset: field(int64, '0+'),
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

export type InitializeShareGroupStateRequest = ValueOf<typeof initializeShareGroupStateRequest>;

export const initializeShareGroupStateResponse = message({
  name: 'InitializeShareGroupStateResponse',
  kind: 'response',
  apiKey: 83,
  versions: '0',
  flexibleVersions: '0+',
  fields: () => ({
    results: field(
      array(
        struct('InitializeStateResult', {
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

export type InitializeShareGroupStateResponse = ValueOf<typeof initializeShareGroupStateResponse>;
