import { INT64_MAX } from '../int64.ts';
import {
  array,
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

export const fetchRequest = message({
  name: 'FetchRequest',
  kind: 'request',
  apiKey: 1,
  listeners: ['broker', 'controller'],
  versions: '4-18',
  flexibleVersions: '12+',
  fields: () => ({
    clusterId: field(string, '12+', { nullable: '12+', tag: 0, tagged: '12+', default: null, ignorable: true }),
    replicaId: field(int32, '0-14', { default: -1, entityType: 'brokerId' }),
    replicaState: field(
      struct('ReplicaState', {
        replicaId: field(int32, '15+', { default: -1, entityType: 'brokerId' }),
        replicaEpoch: field(int64, '15+', { default: -1 }),
      }),
      '15+',
      { tag: 1, tagged: '15+' },
    ),
    maxWaitMs: field(int32, '0+'),
    minBytes: field(int32, '0+'),
    maxBytes: field(int32, '3+', { default: 2147483647, ignorable: true }),
    isolationLevel: field(int8, '4+', { default: 0, ignorable: true }),
    sessionId: field(int32, '7+', { default: 0, ignorable: true }),
    sessionEpoch: field(int32, '7+', { default: -1, ignorable: true }),
    topics: field(
      array(
        struct('FetchTopic', {
          topic: field(string, '0-12', { ignorable: true, entityType: 'topicName' }),
          topicId: field(uuid, '13+', { ignorable: true }),
          partitions: field(
            array(
              struct('FetchPartition', {
                partition: field(int32, '0+'),
                currentLeaderEpoch: field(int32, '9+', { default: -1, ignorable: true }),
                fetchOffset: field(int64, '0+'),
                lastFetchedEpoch: field(int32, '12+', { default: -1 }),
                logStartOffset: field(int64, '5+', { default: -1, ignorable: true }),
                partitionMaxBytes: field(int32, '0+'),
                replicaDirectoryId: field(uuid, '17+', { tag: 0, tagged: '17+', ignorable: true }),
                highWatermark: field(int64, '18+', { tag: 1, tagged: '18+', default: INT64_MAX, ignorable: true }),
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
          topic: field(string, '7-12', { ignorable: true, entityType: 'topicName' }),
          topicId: field(uuid, '13+', { ignorable: true }),
          partitions: field(array(int32), '7+'),
        }),
      ),
      '7+',
    ),
    rackId: field(string, '11+', { ignorable: true }),
  }),
});

export type FetchRequest = ValueOf<typeof fetchRequest>;

export const fetchResponse = message({
  name: 'FetchResponse',
  kind: 'response',
  apiKey: 1,
  versions: '4-18',
  flexibleVersions: '12+',
  fields: () => ({
    throttleTimeMs: field(int32, '1+', { ignorable: true }),
    errorCode: field(int16, '7+', { ignorable: true }),
    sessionId: field(int32, '7+', { default: 0 }),
    responses: field(
      array(
        struct('FetchableTopicResponse', {
          topic: field(string, '0-12', { ignorable: true, entityType: 'topicName' }),
          topicId: field(uuid, '13+', { ignorable: true }),
          partitions: field(
            array(
              struct('PartitionData', {
                partitionIndex: field(int32, '0+'),
                errorCode: field(int16, '0+'),
                highWatermark: field(int64, '0+'),
                lastStableOffset: field(int64, '4+', { default: -1, ignorable: true }),
                logStartOffset: field(int64, '5+', { default: -1, ignorable: true }),
                divergingEpoch: field(
                  struct('EpochEndOffset', {
                    epoch: field(int32, '12+', { default: -1 }),
                    endOffset: field(int64, '12+', { default: -1 }),
                  }),
                  '12+',
                  { tag: 0, tagged: '12+' },
                ),
                currentLeader: field(
                  struct('LeaderIdAndEpoch', {
                    leaderId: field(int32, '12+', { default: -1, entityType: 'brokerId' }),
                    leaderEpoch: field(int32, '12+', { default: -1 }),
                  }),
                  '12+',
                  { tag: 1, tagged: '12+' },
                ),
                snapshotId: field(
                  struct('SnapshotId', {
                    endOffset: field(int64, '0+', { default: -1 }),
                    epoch: field(int32, '0+', { default: -1 }),
                  }),
                  '12+',
                  { tag: 2, tagged: '12+' },
                ),
                abortedTransactions: field(
                  array(
                    struct('AbortedTransaction', {
                      producerId: field(int64, '4+', { entityType: 'producerId' }),
                      firstOffset: field(int64, '4+'),
                    }),
                  ),
                  '4+',
                  { nullable: '4+', ignorable: true },
                ),
                preferredReadReplica: field(int32, '11+', { default: -1, entityType: 'brokerId' }),
                records: field(records, '0+', { nullable: '0+' }),
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
          nodeId: field(int32, '16+', { mapKey: true, entityType: 'brokerId' }),
          host: field(string, '16+'),
          port: field(int32, '16+'),
          rack: field(string, '16+', { nullable: '16+', default: null }),
        }),
      ),
      '16+',
      { tag: 0, tagged: '16+' },
    ),
  }),
});

export type FetchResponse = ValueOf<typeof fetchResponse>;
