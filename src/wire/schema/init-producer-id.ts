import { bool, field, int16, int32, int64, message, string, type ValueOf } from '../schema.ts';

export const initProducerIdRequest = message({
  name: 'InitProducerIdRequest',
  kind: 'request',
  apiKey: 22,
  listeners: ['broker'],
  versions: '0-6',
  flexibleVersions: '2+',
  latestVersionUnstable: true,
  fields: () => ({
    transactionalId: field(string, '0+', { nullable: '0+', entityType: 'transactionalId' }),
    transactionTimeoutMs: field(int32, '0+'),
    producerId: field(int64, '3+', { default: -1, entityType: 'producerId' }),
    producerEpoch: field(int16, '3+', { default: -1 }),
    enable2Pc: field(bool, '6+', { default: false }),
    keepPreparedTxn: field(bool, '6+', { default: false }),
  }),
});

export type InitProducerIdRequest = ValueOf<typeof initProducerIdRequest>;

export const initProducerIdResponse = message({
  name: 'InitProducerIdResponse',
  kind: 'response',
  apiKey: 22,
  versions: '0-6',
  flexibleVersions: '2+',
  fields: () => ({
    throttleTimeMs: field(int32, '0+', { ignorable: true }),
    errorCode: field(int16, '0+'),
    producerId: field(int64, '0+', { default: -1, entityType: 'producerId' }),
    producerEpoch: field(int16, '0+'),
    ongoingTxnProducerId: field(int64, '6+', { default: -1, entityType: 'producerId' }),
    ongoingTxnProducerEpoch: field(int16, '6+', { default: -1 }),
  }),
});

export type InitProducerIdResponse = ValueOf<typeof initProducerIdResponse>;
