import { array, field, int16, int32, int64, message, string, struct, type ValueOf } from '../schema.ts';

export const describeProducersRequest = message({
  name: 'DescribeProducersRequest',
  kind: 'request',
  apiKey: 61,
  listeners: ['broker'],
  versions: '0',
  flexibleVersions: '0+',
  fields: () => ({
    topics: field(
      array(
        struct('TopicRequest', {
          name: field(string, '0+', { entityType: 'topicName' }),
          partitionIndexes: field(array(int32), '0+'),
        }),
      ),
      '0+',
    ),
  }),
});

export type DescribeProducersRequest = ValueOf<typeof describeProducersRequest>;

export const describeProducersResponse = message({
  name: 'DescribeProducersResponse',
  kind: 'response',
  apiKey: 61,
  versions: '0',
  flexibleVersions: '0+',
  fields: () => ({
    throttleTimeMs: field(int32, '0+'),
    topics: field(
      array(
        struct('TopicResponse', {
          name: field(string, '0+', { entityType: 'topicName' }),
          partitions: field(
            array(
              struct('PartitionResponse', {
                partitionIndex: field(int32, '0+'),
                errorCode: field(int16, '0+'),
                errorMessage: field(string, '0+', { nullable: '0+', default: null }),
                activeProducers: field(
                  array(
                    struct('ProducerState', {
                      producerId: field(int64, '0+', { entityType: 'producerId' }),
                      producerEpoch: field(int32, '0+'),
                      lastSequence: field(int32, '0+', { default: -1 }),
                      lastTimestamp: field(int64, '0+', { default: -1 }),
                      coordinatorEpoch: field(int32, '0+'),
                      currentTxnStartOffset: field(int64, '0+', { default: -1 }),
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

export type DescribeProducersResponse = ValueOf<typeof describeProducersResponse>;
