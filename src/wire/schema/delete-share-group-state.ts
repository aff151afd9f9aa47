import { array, field, int16, int32, message, string, struct, uuid, type ValueOf } from '../schema.ts';

export const deleteShareGroupStateRequest = message({
  name: 'DeleteShareGroupStateRequest',
  kind: 'request',
  apiKey: 86,
  listeners: ['broker'],
  versions: '0',
  flexibleVersions: '0+',
  fields: () => ({
    groupId: field(string, '0+'),
    topics: field(
      array(
        struct('DeleteStateData', {
          topicId: field(uuid, '0+'),
          partitions: field(
            array(
              struct('PartitionData', {
                partition: field(int32, '0+'),
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

export type DeleteShareGroupStateRequest = ValueOf<typeof deleteShareGroupStateRequest>;

export const deleteShareGroupStateResponse = message({
  name: 'DeleteShareGroupStateResponse',
  kind: 'response',
  apiKey: 86,
  versions: '0',
  flexibleVersions: '0+',
  fields: () => ({
    results: field(
      array(
        struct('DeleteStateResult', {
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

export type DeleteShareGroupStateResponse = ValueOf<typeof deleteShareGroupStateResponse>;
