import { array, bool, field, int8, int16, int32, message, string, struct, uuid, type ValueOf } from '../schema.ts';

export const createTopicsRequest = message({
  name: 'CreateTopicsRequest',
  kind: 'request',
  apiKey: 19,
  listeners: ['broker', 'controller'],
  versions: '2-7',
  flexibleVersions: '5+',
  fields: () => ({
    topics: field(
      array(
        struct('CreatableTopic', {
          name: field(string, '0+', { mapKey: true, entityType: 'topicName' }),
          numPartitions: field(int32, '0+'),
          replicationFactor: field(int16, '0+'),
          assignments: field(
            array(
              struct('CreatableReplicaAssignment', {
                partitionIndex: field(int32, '0+', { mapKey: true }),
                brokerIds: field(array(int32), '0+', { entityType: 'brokerId' }),
              }),
            ),
            '0+',
          ),
          configs: field(
            array(
              struct('CreatableTopicConfig', {
                name: field(string, '0+', { mapKey: true }),
                value: field(string, '0+', { nullable: '0+' }),
              }),
            ),
            '0+',
          ),
        }),
      ),
      '0+',
    ),
    timeoutMs: field(int32, '0+', { default: 60000 }),
    validateOnly: field(bool, '1+', { default: false }),
  }),
});

export type CreateTopicsRequest = ValueOf<typeof createTopicsRequest>;

export const createTopicsResponse = message({
  name: 'CreateTopicsResponse',
  kind: 'response',
  apiKey: 19,
  versions: '2-7',
  flexibleVersions: '5+',
  fields: () => ({
    throttleTimeMs: field(int32, '2+', { ignorable: true }),
    topics: field(
      array(
        struct('CreatableTopicResult', {
          name: field(string, '0+', { mapKey: true, entityType: 'topicName' }),
          topicId: field(uuid, '7+', { ignorable: true }),
          errorCode: field(int16, '0+'),
          errorMessage: field(string, '1+', { nullable: '0+', ignorable: true }),
          topicConfigErrorCode: field(int16, '5+', { tag: 0, tagged: '5+', ignorable: true }),
          numPartitions: field(int32, '5+', { default: -1, ignorable: true }),
          replicationFactor: field(int16, '5+', { default: -1, ignorable: true }),
          configs: field(
            array(
              struct('CreatableTopicConfigs', {
                name: field(string, '5+'),
                value: field(string, '5+', { nullable: '5+' }),
                readOnly: field(bool, '5+'),
                configSource: field(int8, '5+', { default: -1, ignorable: true }),
                isSensitive: field(bool, '5+'),
              }),
            ),
            '5+',
            { nullable: '5+', ignorable: true },
          ),
        }),
      ),
      '0+',
    ),
  }),
});

export type CreateTopicsResponse = ValueOf<typeof createTopicsResponse>;
