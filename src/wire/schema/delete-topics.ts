import { array, field, int16, int32, message, string, struct, uuid, type ValueOf } from '../schema.ts';

export const deleteTopicsRequest = message({
  name: 'DeleteTopicsRequest',
  kind: 'request',
  apiKey: 20,
  listeners: ['broker', 'controller'],
  versions: '1-6',
  flexibleVersions: '4+',
  fields: () => ({
    topics: field(
      array(
        struct('DeleteTopicState', {
          name: field(string, '6+', { nullable: '6+', default: null, entityType: 'topicName' }),
          topicId: field(uuid, '6+'),
        }),
      ),
      '6+',
    ),
    topicNames: field(array(string), '0-5', { ignorable: true, entityType: 'topicName' }),
    timeoutMs: field(int32, '0+'),
  }),
});

export type DeleteTopicsRequest = ValueOf<typeof deleteTopicsRequest>;

export const deleteTopicsResponse = message({
  name: 'DeleteTopicsResponse',
  kind: 'response',
  apiKey: 20,
  versions: '1-6',
  flexibleVersions: '4+',
  fields: () => ({
    throttleTimeMs: field(int32, '1+', { ignorable: true }),
    responses: field(
      array(
        struct('DeletableTopicResult', {
          name: field(string, '0+', { nullable: '6+', mapKey: true, entityType: 'topicName' }),
          topicId: field(uuid, '6+', { ignorable: true }),
          errorCode: field(int16, '0+'),
          errorMessage: field(string, '5+', { nullable: '5+', default: null, ignorable: true }),
        }),
      ),
      '0+',
    ),
  }),
});

export type DeleteTopicsResponse = ValueOf<typeof deleteTopicsResponse>;
