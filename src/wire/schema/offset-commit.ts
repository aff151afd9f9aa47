import { array, field, int16, int32, int64, message, string, struct, uuid, type ValueOf } from '../schema.ts';

export const offsetCommitRequest = message({
  name: 'OffsetCommitRequest',
  kind: 'request',
  apiKey: 8,
  listeners: ['broker'],
  versions: '2-10',
  flexibleVersions: '8+',
  fields: () => ({
    groupId: field(string, '0+', { entityType: 'groupId' }),
    generationIdOrMemberEpoch: field(int32, '1+', { default: -1, ignorable: true }),
    memberId: field(string, '1+', { ignorable: true }),
    groupInstanceId: field(string, '7+', { nullable: '7+', default: null }),
    retentionTimeMs: field(int64, '2-4', { default: -1, ignorable: true }),
    topics: field(
      array(
        struct('OffsetCommitRequestTopic', {
          name: field(string, '0-9', { ignorable: true, entityType: 'topicName' }),
          topicId: field(uuid, '10+', { ignorable: true }),
          partitions: field(
            array(
              struct('OffsetCommitRequestPartition', {
                partitionIndex: field(int32, '0+'),
                committedOffset: field(int64, '0+'),
                committedLeaderEpoch: field(int32, '6+', { default: -1, ignorable: true }),
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

export type OffsetCommitRequest = ValueOf<typeof offsetCommitRequest>;

export const offsetCommitResponse = message({
  name: 'OffsetCommitResponse',
  kind: 'response',
  apiKey: 8,
  versions: '2-10',
  flexibleVersions: '8+',
  fields: () => ({
    throttleTimeMs: field(int32, '3+', { ignorable: true }),
    topics: field(
      array(
        struct('OffsetCommitResponseTopic', {
          name: field(string, '0-9', { ignorable: true, entityType: 'topicName' }),
          topicId: field(uuid, '10+', { ignorable: true }),
          partitions: field(
            array(
              struct('OffsetCommitResponsePartition', {
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

export type OffsetCommitResponse = ValueOf<typeof offsetCommitResponse>;
