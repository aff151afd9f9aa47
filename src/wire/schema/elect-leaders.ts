import { array, field, int8, int16, int32, message, string, struct, type ValueOf } from '../schema.ts';

export const electLeadersRequest = message({
  name: 'ElectLeadersRequest',
  kind: 'request',
  apiKey: 43,
  listeners: ['broker', 'controller'],
  versions: '0-2',
  flexibleVersions: '2+',
  fields: () => ({
    electionType: field(int8, '1+'),
    topicPartitions: field(
      array(
        struct('TopicPartitions', {
          topic: field(string, '0+', { mapKey: true, entityType: 'topicName' }),
          partitions: field(array(int32), '0+'),
        }),
      ),
      '0+',
      { nullable: '0+' },
    ),
    timeoutMs: field(int32, '0+', { default: 60000 }),
  }),
});

export type ElectLeadersRequest = ValueOf<typeof electLeadersRequest>;

export const electLeadersResponse = message({
  name: 'ElectLeadersResponse',
  kind: 'response',
  apiKey: 43,
  versions: '0-2',
  flexibleVersions: '2+',
  fields: () => ({
    throttleTimeMs: field(int32, '0+'),
    errorCode: field(int16, '1+'),
    replicaElectionResults: field(
      array(
        struct('ReplicaElectionResult', {
          topic: field(string, '0+', { entityType: 'topicName' }),
          partitionResult: field(
            array(
              struct('PartitionResult', {
                partitionId: field(int32, '0+'),
                errorCode: field(int16, '0+'),
                errorMessage: field(string, '0+', { nullable: '0+' }),
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

export type ElectLeadersResponse = ValueOf<typeof electLeadersResponse>;
