import { field, int16, int32, message, string, type ValueOf } from '../schema.ts';

export const unregisterBrokerRequest = message({
  name: 'UnregisterBrokerRequest',
  kind: 'request',
  apiKey: 64,
  listeners: ['broker', 'controller'],
  versions: '0',
  flexibleVersions: '0+',
  fields: () => ({
    brokerId: field(int32, '0+', { entityType: 'brokerId' }),
  }),
});

export type UnregisterBrokerRequest = ValueOf<typeof unregisterBrokerRequest>;

export const unregisterBrokerResponse = message({
  name: 'UnregisterBrokerResponse',
  kind: 'response',
  apiKey: 64,
  versions: '0',
  flexibleVersions: '0+',
  fields: () => ({
    throttleTimeMs: field(int32, '0+'),
    errorCode: field(int16, '0+'),
    errorMessage: field(string, '0+', { nullable: '0+' }),
  }),
});

export type UnregisterBrokerResponse = ValueOf<typeof unregisterBrokerResponse>;
