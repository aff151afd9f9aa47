import { array, field, int16, int32, int64, message, string, struct, uuid, type ValueOf } from '../schema.ts';

export const alterShareGroupOffsetsRequest = message({
  name: 'AlterShareGroupOffsetsRequest',
  kind: 'request',
  apiKey: 91,
  listeners: ['broker'],
  versions: '0',
  flexibleVersions: '0+',
  fields: () => ({
    groupId: field(string, '0+', { entityType: 'groupId' }),
    topics: field(
      array(
        struct('AlterShareGroupOffsetsRequestTopic', {
          topicName: field(string, '0+', { mapKey: true, entityType: 'topicName' }),
          partitions: field(
            array(
              struct('AlterShareGroupOffsetsRequestPartition', {
                partitionIndex: field(int32, '0+'),
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

export type AlterShareGroupOffsetsRequest = ValueOf<typeof alterShareGroupOffsetsRequest>;

export const alterShareGroupOffsetsResponse = message({
  name: 'AlterShareGroupOffsetsResponse',
  kind: 'response',
  apiKey: 91,
  versions: '0',
  flexibleVersions: '0+',
  fields: () => ({
    throttleTimeMs: field(int32, '0+'),
    errorCode: field(int16, '0+'),
    errorMessage: field(string, '0+', { nullable: '0+', default: null }),
    responses: field(
      array(
        struct('AlterShareGroupOffsetsResponseTopic', {
          topicName: field(string, '0+', { mapKey: true, entityType: 'topicName' }),
          topicId: field(uuid, '0+'),
          partitions: field(
            array(
              struct('AlterShareGroupOffsetsResponsePartition', {
                partitionIndex: field(int32, '0+'),
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

export type AlterShareGroupOffsetsResponse = ValueOf<typeof alterShareGroupOffsetsResponse>;
