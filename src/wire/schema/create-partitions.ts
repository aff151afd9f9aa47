import { array, bool, field, int16, int32, message, string, struct, type ValueOf } from '../schema.ts';

export const createPartitionsRequest = message({
  name: 'CreatePartitionsRequest',
  kind: 'request',
  apiKey: 37,
  listeners: ['broker', 'controller'],
  versions: '0-3',
  flexibleVersions: '2+',
  fields: () => ({
    topics: field(
      array(
        struct('CreatePartitionsTopic', {
          name: field(string, '0+', { mapKey: true, entityType: 'topicName' }),
          count: field(int32, '0+'),
          assignments: field(
            array(
              struct('CreatePartitionsAssignment', {
                brokerIds: field(array(int32), '0+', { entityType: 'brokerId' }),
              }),
            ),
            '0+',
            { nullable: '0+' },
          ),
        }),
      ),
      '0+',
    ),
    timeoutMs: field(int32, '0+'),
    validateOnly: field(bool, '0+'),
  }),
});

export type CreatePartitionsRequest = ValueOf<typeof createPartitionsRequest>;

export const createPartitionsResponse = message({
  name: 'CreatePartitionsResponse',
  kind: 'response',
  apiKey: 37,
  versions: '0-3',
  flexibleVersions: '2+',
  fields: () => ({
    throttleTimeMs: field(int32, '0+'),
    results: field(
      array(
        struct('CreatePartitionsTopicResult', {
          name: field(string, '0+', { entityType: 'topicName' }),
          errorCode: field(int16, '0+'),
          errorMessage: field(string, '0+', { nullable: '0+', default: null }),
        }),
      ),
      '0+',
    ),
  }),
});

export type CreatePartitionsResponse = ValueOf<typeof createPartitionsResponse>;
