import { array, bool, field, int16, int32, int64, message, string, struct, type ValueOf } from '../schema.ts';

const addPartitionsToTxnRequestAddPartitionsToTxnTopic = struct(
  'AddPartitionsToTxnTopic',
  {
    name: field(string, '0+', { mapKey: true, entityType: 'topicName' }),
    partitions: field(array(int32), '0+'),
  },
  '0+',
);

export const addPartitionsToTxnRequest = message({
  name: 'AddPartitionsToTxnRequest',
  kind: 'request',
  apiKey: 24,
  listeners: ['broker'],
  versions: '0-5',
  flexibleVersions: '3+',
  fields: () => ({
    transactions: field(
      array(
        struct('AddPartitionsToTxnTransaction', {
          transactionalId: field(string, '4+', { mapKey: true, entityType: 'transactionalId' }),
          producerId: field(int64, '4+', { entityType: 'producerId' }),
          producerEpoch: field(int16, '4+'),
          verifyOnly: field(bool, '4+', { default: false }),
          topics: field(array(addPartitionsToTxnRequestAddPartitionsToTxnTopic), '4+'),
        }),
      ),
      '4+',
    ),
    v3AndBelowTransactionalId: field(string, '0-3', { entityType: 'transactionalId' }),
    v3AndBelowProducerId: field(int64, '0-3', { entityType: 'producerId' }),
    v3AndBelowProducerEpoch: field(int16, '0-3'),
    v3AndBelowTopics: field(array(addPartitionsToTxnRequestAddPartitionsToTxnTopic), '0-3'),
  }),
});

export type AddPartitionsToTxnRequest = ValueOf<typeof addPartitionsToTxnRequest>;

const addPartitionsToTxnResponseAddPartitionsToTxnPartitionResult = struct(
  'AddPartitionsToTxnPartitionResult',
  {
    partitionIndex: field(int32, '0+', { mapKey: true }),
    partitionErrorCode: field(int16, '0+'),
  },
  '0+',
);

const addPartitionsToTxnResponseAddPartitionsToTxnTopicResult = struct(
  'AddPartitionsToTxnTopicResult',
  {
    name: field(string, '0+', { mapKey: true, entityType: 'topicName' }),
    resultsByPartition: field(array(addPartitionsToTxnResponseAddPartitionsToTxnPartitionResult), '0+'),
  },
  '0+',
);

export const addPartitionsToTxnResponse = message({
  name: 'AddPartitionsToTxnResponse',
  kind: 'response',
  apiKey: 24,
  versions: '0-5',
  flexibleVersions: '3+',
  fields: () => ({
    throttleTimeMs: field(int32, '0+'),
    errorCode: field(int16, '4+', { ignorable: true }),
    resultsByTransaction: field(
      array(
        struct('AddPartitionsToTxnResult', {
          transactionalId: field(string, '4+', { mapKey: true, entityType: 'transactionalId' }),
          topicResults: field(array(addPartitionsToTxnResponseAddPartitionsToTxnTopicResult), '4+'),
        }),
      ),
      '4+',
    ),
    resultsByTopicV3AndBelow: field(array(addPartitionsToTxnResponseAddPartitionsToTxnTopicResult), '0-3'),
  }),
});

export type AddPartitionsToTxnResponse = ValueOf<typeof addPartitionsToTxnResponse>;
