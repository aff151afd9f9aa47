import { array, field, int16, int32, int64, message, string, struct, type ValueOf } from '../schema.ts';

export const describeTransactionsRequest = message({
  name: 'DescribeTransactionsRequest',
  kind: 'request',
  apiKey: 65,
  listeners: ['broker'],
  versions: '0',
  flexibleVersions: '0+',
  fields: () => ({
    transactionalIds: field(array(string), '0+', { entityType: 'transactionalId' }),
  }),
});

export type DescribeTransactionsRequest = ValueOf<typeof describeTransactionsRequest>;

export const describeTransactionsResponse = message({
  name: 'DescribeTransactionsResponse',
  kind: 'response',
  apiKey: 65,
  versions: '0',
  flexibleVersions: '0+',
  fields: () => ({
    throttleTimeMs: field(int32, '0+'),
    transactionStates: field(
      array(
        struct('TransactionState', {
          errorCode: field(int16, '0+'),
          transactionalId: field(string, '0+', { entityType: 'transactionalId' }),
          transactionState: field(string, '0+'),
          transactionTimeoutMs: field(int32, '0+'),
          transactionStartTimeMs: field(int64, '0+'),
          producerId: field(int64, '0+', { entityType: 'producerId' }),
          producerEpoch: field(int16, '0+'),
          topics: field(
            array(
              struct('TopicData', {
                topic: field(string, '0+', { mapKey: true, entityType: 'topicName' }),
                partitions: field(array(int32), '0+'),
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

export type DescribeTransactionsResponse = ValueOf<typeof describeTransactionsResponse>;
