import { array, field, int16, int32, int64, message, string, struct, type ValueOf } from '../schema.ts';

export const txnOffsetCommitRequest = message({
  name: 'TxnOffsetCommitRequest',
  kind: 'request',
  apiKey: 28,
  listeners: ['broker'],
  versions: '0-5',
  flexibleVersions: '3+',
  fields: () => ({
    transactionalId: field(string, '0+', { entityType: 'transactionalId' }),
    groupId: field(string, '0+', { entityType: 'groupId' }),
    producerId: field(int64, '0+', { entityType: 'producerId' }),
    producerEpoch: field(int16, '0+'),
    generationId: field(int32, '3+', { default: -1 }),
    memberId: field(string, '3+'),
    groupInstanceId: field(string, '3+', { nullable: '3+', default: null }),
    topics: field(
      array(
        struct('TxnOffsetCommitRequestTopic', {
          name: field(string, '0+', { entityType: 'topicName' }),
          partitions: field(
            array(
              struct('TxnOffsetCommitRequestPartition', {
                partitionIndex: field(int32, '0+'),
                committedOffset: field(int64, '0+'),
                committedLeaderEpoch: field(int32, '2+', { default: -1, ignorable: true }),
                committedMetadata: field(string, '0+', { nullable: '0+' }),
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

export type TxnOffsetCommitRequest = ValueOf<typeof txnOffsetCommitRequest>;

export const txnOffsetCommitResponse = message({
  name: 'TxnOffsetCommitResponse',
  kind: 'response',
  apiKey: 28,
  versions: '0-5',
  flexibleVersions: '3+',
  fields: () => ({
    throttleTimeMs: field(int32, '0+'),
    topics: field(
      array(
        struct('TxnOffsetCommitResponseTopic', {
          name: field(string, '0+', { entityType: 'topicName' }),
          partitions: field(
            array(
              struct('TxnOffsetCommitResponsePartition', {
                partitionIndex: field(int32, '0+'),
                errorCode: field(int16, '0+'),
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

export type TxnOffsetCommitResponse = ValueOf<typeof txnOffsetCommitResponse>;
