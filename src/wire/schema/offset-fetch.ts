import { array, bool, field, int16, int32, int64, message, string, struct, uuid, type ValueOf } from '../schema.ts';

export const offsetFetchRequest = message({
  name: 'OffsetFetchRequest',
  kind: 'request',
  apiKey: 9,
  listeners: ['broker'],
  versions: '1-10',
  flexibleVersions: '6+',
  fields: () => ({
    groupId: field(string, '0-7', { entityType: 'groupId' }),
    topics: field(
      array(
        struct('OffsetFetchRequestTopic', {
          name: field(string, '0-7', { entityType: 'topicName' }),
          partitionIndexes: field(array(int32), '0-7'),
        }),
      ),
      '0-7',
      { nullable: '2-7' },
    ),
    groups: field(
      array(
        struct('OffsetFetchRequestGroup', {
          groupId: field(string, '8+', { entityType: 'groupId' }),
          memberId: field(string, '9+', { nullable: '9+', default: null, ignorable: true }),
          memberEpoch: field(int32, '9+', { default: -1, ignorable: true }),
          topics: field(
            array(
              struct('OffsetFetchRequestTopics', {
                name: field(string, '8-9', { ignorable: true, entityType: 'topicName' }),
                topicId: field(uuid, '10+', { ignorable: true }),
                partitionIndexes: field(array(int32), '8+'),
              }),
            ),
            '8+',
            { nullable: '8+' },
          ),
        }),
      ),
      '8+',
    ),
    requireStable: field(bool, '7+', { default: false }),
  }),
});

export type OffsetFetchRequest = ValueOf<typeof offsetFetchRequest>;

export const offsetFetchResponse = message({
  name: 'OffsetFetchResponse',
  kind: 'response',
  apiKey: 9,
  versions: '1-10',
  flexibleVersions: '6+',
  fields: () => ({
    throttleTimeMs: field(int32, '3+', { ignorable: true }),
    topics: field(
      array(
        struct('OffsetFetchResponseTopic', {
          name: field(string, '0-7', { entityType: 'topicName' }),
          partitions: field(
            array(
              struct('OffsetFetchResponsePartition', {
                partitionIndex: field(int32, '0-7'),
                committedOffset: field(int64, '0-7'),
                committedLeaderEpoch: field(int32, '5-7', { default: -1, ignorable: true }),
                metadata: field(string, '0-7', { nullable: '0-7' }),
                errorCode: field(int16, '0-7'),
              }),
            ),
            '0-7',
          ),
        }),
      ),
      '0-7',
    ),
    errorCode: field(int16, '2-7', { default: 0, ignorable: true }),
    groups: field(
      array(
        struct('OffsetFetchResponseGroup', {
          groupId: field(string, '8+', { entityType: 'groupId' }),
          topics: field(
            array(
              struct('OffsetFetchResponseTopics', {
                name: field(string, '8-9', { ignorable: true, entityType: 'topicName' }),
                topicId: field(uuid, '10+', { ignorable: true }),
                partitions: field(
                  array(
                    struct('OffsetFetchResponsePartitions', {
                      partitionIndex: field(int32, '8+'),
                      committedOffset: field(int64, '8+'),
                      committedLeaderEpoch: field(int32, '8+', { default: -1, ignorable: true }),
                      metadata: field(string, '8+', { nullable: '8+' }),
                      errorCode: field(int16, '8+'),
                    }),
                  ),
                  '8+',
                ),
              }),
            ),
            '8+',
          ),
          errorCode: field(int16, '8+', { default: 0 }),
        }),
      ),
      '8+',
    ),
  }),
});

export type OffsetFetchResponse = ValueOf<typeof offsetFetchResponse>;
