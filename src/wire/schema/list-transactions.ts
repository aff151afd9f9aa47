import { array, field, int16, int32, int64, message, string, struct, type ValueOf } from '../schema.ts';

export const listTransactionsRequest = message({
  name: 'ListTransactionsRequest',
  kind: 'request',
  apiKey: 66,
  listeners: ['broker'],
  versions: '0-2',
  flexibleVersions: '0+',
  fields: () => ({
    stateFilters: field(array(string), '0+'),
    producerIdFilters: field(array(int64), '0+', { entityType: 'producerId' }),
    durationFilter: field(int64, '1+', { default: -1 }),
    transactionalIdPattern: field(string, '2+', { nullable: '2+', default: null }),
  }),
});

export type ListTransactionsRequest = ValueOf<typeof listTransactionsRequest>;

export const listTransactionsResponse = message({
  name: 'ListTransactionsResponse',
  kind: 'response',
  apiKey: 66,
  versions: '0-2',
  flexibleVersions: '0+',
  fields: () => ({
    throttleTimeMs: field(int32, '0+'),
    errorCode: field(int16, '0+'),
    unknownStateFilters: field(array(string), '0+'),
    transactionStates: field(
      array(
        struct('TransactionState', {
          transactionalId: field(string, '0+', { entityType: 'transactionalId' }),
          producerId: field(int64, '0+', { entityType: 'producerId' }),
          transactionState: field(string, '0+'),
        }),
      ),
      '0+',
    ),
  }),
});

export type ListTransactionsResponse = ValueOf<typeof listTransactionsResponse>;
