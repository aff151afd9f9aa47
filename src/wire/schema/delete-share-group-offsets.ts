import { array, field, int16, int32, message, string, struct, uuid, type ValueOf } from '../schema.ts';

export const deleteShareGroupOffsetsRequest = message({
  name: 'DeleteShareGroupOffsetsRequest',
  kind: 'request',
  apiKey: 92,
  listeners: ['broker'],
  versions: '0',
  flexibleVersions: '0+',
  fields: () => ({
    groupId: field(string, '0+', { entityType: 'groupId' }),
    topics: field(
      array(
        struct('DeleteShareGroupOffsetsRequestTopic', {
          topicName: field(string, '0+', { entityType: 'topicName' }),
        }),
      ),
      '0+',
    ),
  }),
});

export type DeleteShareGroupOffsetsRequest = ValueOf<typeof deleteShareGroupOffsetsRequest>;

export const deleteShareGroupOffsetsResponse = message({
  name: 'DeleteShareGroupOffsetsResponse',
  kind: 'response',
  apiKey: 92,
  versions: '0',
  flexibleVersions: '0+',
  fields: () => ({
    throttleTimeMs: field(int32, '0+'),
    errorCode: field(int16, '0+'),
    errorMessage: field(string, '0+', { nullable: '0+', default: null }),
    responses: field(
      array(
        struct('DeleteShareGroupOffsetsResponseTopic', {
          topicName: field(string, '0+', { entityType: 'topicName' }),
          topicId: field(uuid, '0+'),
          errorCode: field(int16, '0+'),
          errorMessage: field(string, '0+', { nullable: '0+', default: null }),
        }),
      ),
      '0+',
    ),
  }),
});

export type DeleteShareGroupOffsetsResponse = ValueOf<typeof deleteShareGroupOffsetsResponse>;
