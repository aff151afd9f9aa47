import { bool, field, int16, int32, int64, message, string, type ValueOf } from '../schema.ts';

export const endTxnRequest = message({
  name: 'EndTxnRequest',
  kind: 'request',
  apiKey: 26,
  listeners: ['broker'],
  versions: '0-5',
  flexibleVersions: '3+',
  fields: () => ({
    transactionalId: field(string, '0+', { entityType: 'transactionalId' }),
    producerId: field(int64, '0+', { entityType: 'producerId' }),
    producerEpoch: field(int16, '0+'),
    committed: field(bool, '0+'),
  }),
});

export type EndTxnRequest = ValueOf<typeof endTxnRequest>;

export const endTxnResponse = message({
  name: 'EndTxnResponse',
  kind: 'response',
  apiKey: 26,
  versions: '0-5',
  flexibleVersions: '3+',
  fields: () => ({
    throttleTimeMs: field(int32, '0+'),
    errorCode: field(int16, '0+'),
    producerId: field(int64, '5+', { default: -1, ignorable: true, entityType: 'producerId' }),
    producerEpoch: field(int16, '5+', { default: -1, ignorable: true }),
  }),
});

export type EndTxnResponse = ValueOf<typeof endTxnResponse>;
