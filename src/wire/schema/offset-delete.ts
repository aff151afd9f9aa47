import { array, field, int16, int32, message, string, struct, type ValueOf } from '../schema.ts';

export const offsetDeleteRequest = message({
  name: 'OffsetDeleteRequest',
  kind: 'request',
  apiKey: 47,
  listeners: ['broker'],
  versions: '0',
  flexibleVersions: 'none',
  fields: () => ({
    groupId: field(string, '0+', { entityType: 'groupId' }),
    topics: field(
      array(
        struct('OffsetDeleteRequestTopic', {
          name: field(string, '0+', { mapKey: true, entityType: 'topicName' }),
          partitions: field(
            array(
              struct('OffsetDeleteRequestPartition', {
                partitionIndex: field(int32, '0+'),
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

export type OffsetDeleteRequest = ValueOf<typeof offsetDeleteRequest>;

export const offsetDeleteResponse = message({
  name: 'OffsetDeleteResponse',
  kind: 'response',
  apiKey: 47,
  versions: '0',
  flexibleVersions: 'none',
  fields: () => ({
    errorCode: field(int16, '0+'),
    throttleTimeMs: field(int32, '0+', { ignorable: true }),
    topics: field(
      array(
        struct('OffsetDeleteResponseTopic', {
          name: field(string, '0+', { mapKey: true, entityType: 'topicName' }),
          partitions: field(
            array(
              struct('OffsetDeleteResponsePartition', {
                partitionIndex: field(int32, '0+', { mapKey: true }),
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

export type OffsetDeleteResponse = ValueOf<typeof offsetDeleteResponse>;
