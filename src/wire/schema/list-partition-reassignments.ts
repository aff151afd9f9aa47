import { array, field, int16, int32, message, string, struct, type ValueOf } from '../schema.ts';

export const listPartitionReassignmentsRequest = message({
  name: 'ListPartitionReassignmentsRequest',
  kind: 'request',
  apiKey: 46,
  listeners: ['broker', 'controller'],
  versions: '0',
  flexibleVersions: '0+',
  fields: () => ({
    timeoutMs: field(int32, '0+', { default: 60000 }),
    topics: field(
      array(
        struct('ListPartitionReassignmentsTopics', {
          name: field(string, '0+', { entityType: 'topicName' }),
          partitionIndexes: field(array(int32), '0+'),
        }),
      ),
      '0+',
      { nullable: '0+', default: null },
    ),
  }),
});

export type ListPartitionReassignmentsRequest = ValueOf<typeof listPartitionReassignmentsRequest>;

export const listPartitionReassignmentsResponse = message({
  name: 'ListPartitionReassignmentsResponse',
  kind: 'response',
  apiKey: 46,
  versions: '0',
  flexibleVersions: '0+',
  fields: () => ({
    throttleTimeMs: field(int32, '0+'),
    errorCode: field(int16, '0+'),
    errorMessage: field(string, '0+', { nullable: '0+' }),
    topics: field(
      array(
        struct('OngoingTopicReassignment', {
          name: field(string, '0+', { entityType: 'topicName' }),
          partitions: field(
            array(
              struct('OngoingPartitionReassignment', {
                partitionIndex: field(int32, '0+'),
                replicas: field(array(int32), '0+', { entityType: 'brokerId' }),
                addingReplicas: field(array(int32), '0+', { entityType: 'brokerId' }),
                removingReplicas: field(array(int32), '0+', { entityType: 'brokerId' }),
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

export type ListPartitionReassignmentsResponse = ValueOf<typeof listPartitionReassignmentsResponse>;
