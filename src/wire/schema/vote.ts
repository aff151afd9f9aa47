import {
  array,
  bool,
  field,
  int16,
  int32,
  int64,
  message,
  string,
  struct,
  uint16,
  uuid,
  type ValueOf,
} from '../schema.ts';

export const voteRequest = message({
  name: 'VoteRequest',
  kind: 'request',
  apiKey: 52,
  listeners: ['controller'],
  versions: '0-2',
  flexibleVersions: '0+',
  fields: () => ({
    clusterId: field(string, '0+', { nullable: '0+', default: null }),
    voterId: field(int32, '1+', { default: -1, ignorable: true, entityType: 'brokerId' }),
    topics: field(
      array(
        struct('TopicData', {
          topicName: field(string, '0+', { entityType: 'topicName' }),
          partitions: field(
            array(
              struct('PartitionData', {
                partitionIndex: field(int32, '0+'),
                replicaEpoch: field(int32, '0+'),
                replicaId: field(int32, '0+', { entityType: 'brokerId' }),
                replicaDirectoryId: field(uuid, '1+', { ignorable: true }),
                voterDirectoryId: field(uuid, '1+', { ignorable: true }),
                lastOffsetEpoch: field(int32, '0+'),
                lastOffset: field(int64, '0+'),
                preVote: field(bool, '2+'),
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

export type VoteRequest = ValueOf<typeof voteRequest>;

export const voteResponse = message({
  name: 'VoteResponse',
  kind: 'response',
  apiKey: 52,
  versions: '0-2',
  flexibleVersions: '0+',
  fields: () => ({
    errorCode: field(int16, '0+'),
    topics: field(
      array(
        struct('TopicData', {
          topicName: field(string, '0+', { entityType: 'topicName' }),
          partitions: field(
            array(
              struct('PartitionData', {
                partitionIndex: field(int32, '0+'),
                errorCode: field(int16, '0+'),
                leaderId: field(int32, '0+', { entityType: 'brokerId' }),
                leaderEpoch: field(int32, '0+'),
                voteGranted: field(bool, '0+'),
              }),
            ),
            '0+',
          ),
        }),
      ),
      '0+',
    ),
    nodeEndpoints: field(
      array(
        struct('NodeEndpoint', {
          nodeId: field(int32, '1+', { mapKey: true, entityType: 'brokerId' }),
          host: field(string, '1+'),
          port: field(uint16, '1+'),
        }),
      ),
      '1+',
      { tag: 0, tagged: '1+' },
    ),
  }),
});

export type VoteResponse = ValueOf<typeof voteResponse>;
