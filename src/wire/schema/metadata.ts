import { array, bool, field, int16, int32, message, string, struct, uuid, type ValueOf } from '../schema.ts';

export const metadataRequest = message({
  name: 'MetadataRequest',
  kind: 'request',
  apiKey: 3,
  listeners: ['broker'],
  versions: '0-13',
  flexibleVersions: '9+',
  fields: () => ({
    topics: field(
      array(
        struct('MetadataRequestTopic', {
          topicId: field(uuid, '10+', { ignorable: true }),
          name: field(string, '0+', { nullable: '10+', entityType: 'topicName' }),
        }),
      ),
      '0+',
      { nullable: '1+' },
    ),
    allowAutoTopicCreation: field(bool, '4+', { default: true }),
    includeClusterAuthorizedOperations: field(bool, '8-10'),
    includeTopicAuthorizedOperations: field(bool, '8+'),
  }),
});

export type MetadataRequest = ValueOf<typeof metadataRequest>;

export const metadataResponse = message({
  name: 'MetadataResponse',
  kind: 'response',
  apiKey: 3,
  versions: '0-13',
  flexibleVersions: '9+',
  fields: () => ({
    throttleTimeMs: field(int32, '3+', { ignorable: true }),
    brokers: field(
      array(
        struct('MetadataResponseBroker', {
          nodeId: field(int32, '0+', { mapKey: true, entityType: 'brokerId' }),
          host: field(string, '0+'),
          port: field(int32, '0+'),
          rack: field(string, '1+', { nullable: '1+', default: null, ignorable: true }),
        }),
      ),
      '0+',
    ),
    clusterId: field(string, '2+', { nullable: '2+', default: null, ignorable: true }),
    controllerId: field(int32, '1+', { default: -1, ignorable: true, entityType: 'brokerId' }),
    topics: field(
      array(
        struct('MetadataResponseTopic', {
          errorCode: field(int16, '0+'),
          name: field(string, '0+', { nullable: '12+', mapKey: true, entityType: 'topicName' }),
          topicId: field(uuid, '10+', { ignorable: true }),
          isInternal: field(bool, '1+', { default: false, ignorable: true }),
          partitions: field(
            array(
              struct('MetadataResponsePartition', {
                errorCode: field(int16, '0+'),
                partitionIndex: field(int32, '0+'),
                leaderId: field(int32, '0+', { entityType: 'brokerId' }),
                leaderEpoch: field(int32, '7+', { default: -1, ignorable: true }),
                replicaNodes: field(array(int32), '0+', { entityType: 'brokerId' }),
                isrNodes: field(array(int32), '0+', { entityType: 'brokerId' }),
                offlineReplicas: field(array(int32), '5+', { ignorable: true, entityType: 'brokerId' }),
              }),
            ),
            '0+',
          ),
          topicAuthorizedOperations: field(int32, '8+', { default: -2147483648 }),
        }),
      ),
      '0+',
    ),
    clusterAuthorizedOperations: field(int32, '8-10', { default: -2147483648 }),
    errorCode: field(int16, '13+', { ignorable: true }),
  }),
});

export type MetadataResponse = ValueOf<typeof metadataResponse>;
