import { array, field, int8, int16, int32, int64, message, string, struct, type ValueOf } from '../schema.ts';

export const transactionLogKey = message({
  name: 'TransactionLogKey',
  kind: 'coordinator-key',
  apiKey: 0,
  versions: '0',
  flexibleVersions: 'none',
  fields: () => ({
    transactionalId: field(string, '0'),
  }),
});

export type TransactionLogKey = ValueOf<typeof transactionLogKey>;

export const transactionLogValue = message({
  name: 'TransactionLogValue',
  kind: 'coordinator-value',
  apiKey: 0,
  versions: '0-1',
  flexibleVersions: '1+',
  fields: () => ({
    producerId: field(int64, '0+'),
    previousProducerId: field(int64, '1+', { tag: 0, tagged: '1+', default: -1 }),
    nextProducerId: field(int64, '1+', { tag: 1, tagged: '1+', default: -1 }),
    producerEpoch: field(int16, '0+'),
    nextProducerEpoch: field(int16, '1+', { tag: 3, tagged: '1+', default: -1 }),
    transactionTimeoutMs: field(int32, '0+'),
    transactionStatus: field(int8, '0+'),
    transactionPartitions: field(
      array(
        struct('PartitionsSchema', {
          topic: field(string, '0+'),
          partitionIds: field(array(int32), '0+'),
        }),
      ),
      '0+',
      { nullable: '0+' },
    ),
    transactionLastUpdateTimestampMs: field(int64, '0+'),
    transactionStartTimestampMs: field(int64, '0+'),
    clientTransactionVersion: field(int16, '1+', { tag: 2, tagged: '1+', default: 0 }),
  }),
});

export type TransactionLogValue = ValueOf<typeof transactionLogValue>;
