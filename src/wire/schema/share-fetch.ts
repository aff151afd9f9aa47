import {
  array,
  bool,
  field,
  int8,
  int16,
  int32,
  int64,
  message,
  records,
  string,
  struct,
  uuid,
  type ValueOf,
} from '../schema.ts';

export const shareFetchRequest = message({
  name: 'ShareFetchRequest',
  kind: 'request',
  apiKey: 78,
  listeners: ['broker'],
  versions: '1-2',
  flexibleVersions: '0+',
  fields: () => ({
    groupId: field(string, '0+', { nullable: '0+', default: null, entityType: 'groupId' }),
    memberId: field(string, '0+', { nullable: '0+' }),
    shareSessionEpoch: field(int32, '0+'),
    maxWaitMs: field(int32, '0+'),
    minBytes: field(int32, '0+'),
    maxBytes: field(int32, '0+', { default: 2147483647 }),
    maxRecords: field(int32, '1+'),
    batchSize: field(int32, '1+'),
    shareAcquireMode: field(int8, '2+', { default: 0, ignorable: true }),
    isRenewAck: field(bool, '2+', { default: false }),
    topics: field(
      array(
        struct('FetchTopic', {
          topicId: field(uuid, '0+', { mapKey: true }),
          partitions: field(
            array(
              struct('FetchPartition', {
                partitionIndex: field(int32, '0+', { mapKey: true }),
                partitionMaxBytes: field(int32, '0'),
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
    forgottenTopicsData: field(
      array(
        struct('ForgottenTopic', {
          topicId: field(uuid, '0+'),
          partitions: field(array(int32), '0+'),
        }),
      ),
      '0+',
    ),
  }),
});

export type ShareFetchRequest = ValueOf<typeof shareFetchRequest>;

export const shareFetchResponse = message({
  name: 'ShareFetchResponse',
  kind: 'response',
  apiKey: 78,
  versions: '1-2',
  flexibleVersions: '0+',
  fields: () => ({
    throttleTimeMs: field(int32, '0+'),
    errorCode: field(int16, '0+'),
    errorMessage: field(string, '0+', { nullable: '0+', default: null }),
    acquisitionLockTimeoutMs: field(int32, '1+'),
    responses: field(
      array(
        struct('ShareFetchableTopicResponse', {
          topicId: field(uuid, '0+', { mapKey: true }),
          partitions: field(
            array(
              struct('PartitionData', {
                partitionIndex: field(int32, '0+'),
                errorCode: field(int16, '0+'),
                errorMessage: field(string, '0+', { nullable: '0+', default: null }),
                acknowledgeErrorCode: field(int16, '0+'),
                acknowledgeErrorMessage: field(string, '0+', { nullable: '0+', default: null }),
                currentLeader: field(
                  struct('LeaderIdAndEpoch', {
                    leaderId: field(int32, '0+'),
                    leaderEpoch: field(int32, '0+'),
                  }),
                  '0+',
                ),
                records: field(records, '0+', { nullable: '0' }),
                acquiredRecords: field(
                  array(
                    struct('AcquiredRecords', {
                      firstOffset: field(int64, '0+'),
                      lastOffset: field(int64, '0+'),
                      deliveryCount: field(int16, '0+'),
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

export type ShareFetchResponse = ValueOf<typeof shareFetchResponse>;
