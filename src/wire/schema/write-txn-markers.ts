import { array, bool, field, int8, int16, int32, int64, message, string, struct, type ValueOf } from '../schema.ts';

export const writeTxnMarkersRequest = message({
  name: 'WriteTxnMarkersRequest',
  kind: 'request',
  apiKey: 27,
  listeners: ['broker'],
  versions: '1-2',
  flexibleVersions: '1+',
  fields: () => ({
    markers: field(
      array(
        struct('WritableTxnMarker', {
          producerId: field(int64, '0+', { entityType: 'producerId' }),
          producerEpoch: field(int16, '0+'),
          transactionResult: field(bool, '0+'),
          topics: field(
            array(
              struct('WritableTxnMarkerTopic', {
                name: field(string, '0+', { entityType: 'topicName' }),
                partitionIndexes: field(array(int32), '0+'),
              }),
            ),
            '0+',
          ),
          coordinatorEpoch: field(int32, '0+'),
          transactionVersion: field(int8, '2+', { default: 0, ignorable: true }),
        }),
      ),
      '0+',
    ),
  }),
});

export type WriteTxnMarkersRequest = ValueOf<typeof writeTxnMarkersRequest>;

export const writeTxnMarkersResponse = message({
  name: 'WriteTxnMarkersResponse',
  kind: 'response',
  apiKey: 27,
  versions: '1-2',
  flexibleVersions: '1+',
  fields: () => ({
    markers: field(
      array(
        struct('WritableTxnMarkerResult', {
          producerId: field(int64, '0+', { entityType: 'producerId' }),
          topics: field(
            array(
              struct('WritableTxnMarkerTopicResult', {
                name: field(string, '0+', { entityType: 'topicName' }),
                partitions: field(
                  array(
                    struct('WritableTxnMarkerPartitionResult', {
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
      ),
      '0+',
    ),
  }),
});

export type WriteTxnMarkersResponse = ValueOf<typeof writeTxnMarkersResponse>;
