import { field, int16, int32, int64, message, string, type ValueOf } from '../schema.ts';

export const addOffsetsToTxnRequest = message({
  name: 'AddOffsetsToTxnRequest',
  kind: 'request',
  apiKey: 25,
  listeners: ['broker'],
  versions: '0-4',
  flexibleVersions: '3+',
  fields: () => ({
    transactionalId: field(string, '0+', { entityType: 'transactionalId' }),
    producerId: field(int64, '0+', { entityType: 'producerId' }),
    producerEpoch: field(int16, '0+'),
    groupId: field(string, '0+', { entityType: 'groupId' }),
  }),
});

export type AddOffsetsToTxnRequest = ValueOf<typeof addOffsetsToTxnRequest>;

export const addOffsetsToTxnResponse = message({
  name: 'AddOffsetsToTxnResponse',
  kind: 'response',
  apiKey: 25,
  versions: '0-4',
  flexibleVersions: '3+',
  fields: () => ({
    throttleTimeMs: field(int32, '0+'),
    errorCode: field(int16, '0+'),
  }),
});

export type AddOffsetsToTxnResponse = ValueOf<typeof addOffsetsToTxnResponse>;
