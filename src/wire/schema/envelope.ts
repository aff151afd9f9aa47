import { bytes, field, int16, message, type ValueOf } from '../schema.ts';

export const envelopeRequest = message({
  name: 'EnvelopeRequest',
  kind: 'request',
  apiKey: 58,
  listeners: ['controller'],
  versions: '0',
  flexibleVersions: '0+',
  fields: () => ({
    requestData: field(bytes, '0+', { zeroCopy: true }),
    requestPrincipal: field(bytes, '0+', { nullable: '0+' }),
    clientHostAddress: field(bytes, '0+'),
  }),
});

export type EnvelopeRequest = ValueOf<typeof envelopeRequest>;

export const envelopeResponse = message({
  name: 'EnvelopeResponse',
  kind: 'response',
  apiKey: 58,
  versions: '0',
  flexibleVersions: '0+',
  fields: () => ({
    responseData: field(bytes, '0+', { nullable: '0+', default: null, zeroCopy: true }),
    errorCode: field(int16, '0+'),
  }),
});

export type EnvelopeResponse = ValueOf<typeof envelopeResponse>;
