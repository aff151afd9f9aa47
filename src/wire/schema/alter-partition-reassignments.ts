import { array, bool, field, int16, int32, message, string, struct, type ValueOf } from '../schema.ts';

export const alterPartitionReassignmentsRequest = message({
  name: 'AlterPartitionReassignmentsRequest',
  kind: 'request',
  apiKey: 45,
  listeners: ['broker', 'controller'],
  versions: '0-1',
  flexibleVersions: '0+',
  fields: () => ({
    timeoutMs: field(int32, '0+', { default: 60000 }),
    allowReplicationFactorChange: field(bool, '1+', { default: true }),
    topics: field(
      array(
        struct('ReassignableTopic', {
          name: field(string, '0+', { entityType: 'topicName' }),
          partitions: field(
            array(
              struct('ReassignablePartition', {
                partitionIndex: field(int32, '0+'),
                replicas: field(array(int32), '0+', { nullable: '0+', default: null, entityType: 'brokerId' }),
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

export type AlterPartitionReassignmentsRequest = ValueOf<typeof alterPartitionReassignmentsRequest>;

export const alterPartitionReassignmentsResponse = message({
  name: 'AlterPartitionReassignmentsResponse',
  kind: 'response',
  apiKey: 45,
  versions: '0-1',
  flexibleVersions: '0+',
  fields: () => ({
    throttleTimeMs: field(int32, '0+'),
    allowReplicationFactorChange: field(bool, '1+', { default: true, ignorable: true }),
    errorCode: field(int16, '0+'),
    errorMessage: field(string, '0+', { nullable: '0+' }),
    responses: field(
      array(
        struct('ReassignableTopicResponse', {
          name: field(string, '0+', { entityType: 'topicName' }),
          partitions: field(
            array(
              struct('ReassignablePartitionResponse', {
                partitionIndex: field(int32, '0+'),
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

export type AlterPartitionReassignmentsResponse = ValueOf<typeof alterPartitionReassignmentsResponse>;
