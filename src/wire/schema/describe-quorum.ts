import { array, field, int16, int32, int64, message, string, struct, uint16, uuid, type ValueOf } from '../schema.ts';

export const describeQuorumRequest = message({
  name: 'DescribeQuorumRequest',
  kind: 'request',
  apiKey: 55,
  listeners: ['broker', 'controller'],
  versions: '0-2',
  flexibleVersions: '0+',
  fields: () => ({
    topics: field(
      array(
        struct('TopicData', {
          topicName: field(string, '0+', { entityType: 'topicName' }),
          partitions: field(
            array(
              struct('PartitionData', {
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

export type DescribeQuorumRequest = ValueOf<typeof describeQuorumRequest>;

const describeQuorumResponseReplicaState = struct(
  'ReplicaState',
  {
    replicaId: field(int32, '0+', { entityType: 'brokerId' }),
    replicaDirectoryId: field(uuid, '2+'),
    logEndOffset: field(int64, '0+'),
    lastFetchTimestamp: field(int64, '1+', { default: -1, ignorable: true }),
    lastCaughtUpTimestamp: field(int64, '1+', { default: -1, ignorable: true }),
  },
  '0+',
);

export const describeQuorumResponse = message({
  name: 'DescribeQuorumResponse',
  kind: 'response',
  apiKey: 55,
  versions: '0-2',
  flexibleVersions: '0+',
  fields: () => ({
    errorCode: field(int16, '0+'),
    errorMessage: field(string, '2+', { nullable: '2+', ignorable: true }),
    topics: field(
      array(
        struct('TopicData', {
          topicName: field(string, '0+', { entityType: 'topicName' }),
          partitions: field(
            array(
              struct('PartitionData', {
                partitionIndex: field(int32, '0+'),
                errorCode: field(int16, '0+'),
                errorMessage: field(string, '2+', { nullable: '2+', ignorable: true }),
                leaderId: field(int32, '0+', { entityType: 'brokerId' }),
                leaderEpoch: field(int32, '0+'),
                highWatermark: field(int64, '0+'),
                currentVoters: field(array(describeQuorumResponseReplicaState), '0+'),
                observers: field(array(describeQuorumResponseReplicaState), '0+'),
              }),
            ),
            '0+',
          ),
        }),
      ),
      '0+',
    ),
    nodes: field(
      array(
        struct('Node', {
          nodeId: field(int32, '2+', { mapKey: true, entityType: 'brokerId' }),
          listeners: field(
            array(
              struct('Listener', {
                name: field(string, '2+', { mapKey: true }),
                host: field(string, '2+'),
                port: field(uint16, '2+'),
              }),
            ),
            '2+',
          ),
        }),
      ),
      '2+',
    ),
  }),
});

export type DescribeQuorumResponse = ValueOf<typeof describeQuorumResponse>;
