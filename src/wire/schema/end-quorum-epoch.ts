import { array, field, int16, int32, message, string, struct, uint16, uuid, type ValueOf } from '../schema.ts';

export const endQuorumEpochRequest = message({
  name: 'EndQuorumEpochRequest',
  kind: 'request',
  apiKey: 54,
  listeners: ['controller'],
  versions: '0-1',
  flexibleVersions: '1+',
  fields: () => ({
    clusterId: field(string, '0+', { nullable: '0+', default: null }),
    topics: field(
      array(
        struct('TopicData', {
          topicName: field(string, '0+', { entityType: 'topicName' }),
          partitions: field(
            array(
              struct('PartitionData', {
                partitionIndex: field(int32, '0+'),
                leaderId: field(int32, '0+', { entityType: 'brokerId' }),
                leaderEpoch: field(int32, '0+'),
                preferredSuccessors: field(array(int32), '0', { ignorable: true }),
                preferredCandidates: field(
                  array(
                    struct('ReplicaInfo', {
                      candidateId: field(int32, '1+', { entityType: 'brokerId' }),
                      candidateDirectoryId: field(uuid, '1+'),
                    }),
                  ),
                  '1+',
                  { ignorable: true },
                ),
              }),
            ),
            '0+',
          ),
        }),
      ),
      '0+',
    ),
    leaderEndpoints: field(
      array(
        struct('LeaderEndpoint', {
          name: field(string, '1+', { mapKey: true }),
          host: field(string, '1+'),
          port: field(uint16, '1+'),
        }),
      ),
      '1+',
      { ignorable: true },
    ),
  }),
});

export type EndQuorumEpochRequest = ValueOf<typeof endQuorumEpochRequest>;

export const endQuorumEpochResponse = message({
  name: 'EndQuorumEpochResponse',
  kind: 'response',
  apiKey: 54,
  versions: '0-1',
  flexibleVersions: '1+',
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

export type EndQuorumEpochResponse = ValueOf<typeof endQuorumEpochResponse>;
