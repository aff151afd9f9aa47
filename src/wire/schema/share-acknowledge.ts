import {
  array,
  bool,
  field,
  int8,
  int16,
  int32,
  int64,
  message,
  string,
  struct,
  uuid,
  type ValueOf,
} from '../schema.ts';

export const shareAcknowledgeRequest = message({
  name: 'ShareAcknowledgeRequest',
  kind: 'request',
  apiKey: 79,
  listeners: ['broker'],
  versions: '1-2',
  flexibleVersions: '0+',
  fields: () => ({
    groupId: field(string, '0+', { nullable: '0+', default: null, entityType: 'groupId' }),
    memberId: field(string, '0+', { nullable: '0+' }),
    shareSessionEpoch: field(int32, '0+'),
    isRenewAck: field(bool, '2+', { default: false }),
    topics: field(
      array(
        struct('AcknowledgeTopic', {
          topicId: field(uuid, '0+', { mapKey: true }),
          partitions: field(
            array(
              struct('AcknowledgePartition', {
                partitionIndex: field(int32, '0+', { mapKey: true }),
                acknowledgementBatches: field(
                  array(
                    struct('AcknowledgementBatch', {
                      firstOffset: field(int64, '0+'),
                      lastOffset: field(int64, '0+'),
                      acknowledgeTypes: field(array(int8), '0+'),
                    }),
                  ),
                  '0+',
                ),
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

export type ShareAcknowledgeRequest = ValueOf<typeof shareAcknowledgeRequest>;

export const shareAcknowledgeResponse = message({
  name: 'ShareAcknowledgeResponse',
  kind: 'response',
  apiKey: 79,
  versions: '1-2',
  flexibleVersions: '0+',
  fields: () => ({
    throttleTimeMs: field(int32, '0+'),
    errorCode: field(int16, '0+'),
    errorMessage: field(string, '0+', { nullable: '0+', default: null }),
    acquisitionLockTimeoutMs: field(int32, '2+', { ignorable: true }),
    responses: field(
      array(
        struct('ShareAcknowledgeTopicResponse', {
          topicId: field(uuid, '0+', { mapKey: true }),
          partitions: field(
            array(
              struct('PartitionData', {
                partitionIndex: field(int32, '0+'),
                errorCode: field(int16, '0+'),
                errorMessage: field(string, '0+', { nullable: '0+', default: null }),
                currentLeader: field(
                  struct('LeaderIdAndEpoch', {
                    leaderId: field(int32, '0+'),
                    leaderEpoch: field(int32, '0+'),
                  }),
                  '0+',
                ),
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
          nodeId: field(int32, '0+', { mapKey: true, entityType: 'brokerId' }),
          host: field(string, '0+'),
          port: field(int32, '0+'),
          rack: field(string, '0+', { nullable: '0+', default: null }),
        }),
      ),
      '0+',
    ),
  }),
});

export type ShareAcknowledgeResponse = ValueOf<typeof shareAcknowledgeResponse>;
