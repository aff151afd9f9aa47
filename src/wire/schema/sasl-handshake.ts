import { array, field, int16, message, string, type ValueOf } from '../schema.ts';

export const saslHandshakeRequest = message({
  name: 'SaslHandshakeRequest',
  kind: 'request',
  apiKey: 17,
  listeners: ['broker', 'controller'],
  versions: '0-1',
  flexibleVersions: 'none',
  fields: () => ({
    mechanism: field(string, '0+'),
  }),
});

export type SaslHandshakeRequest = ValueOf<typeof saslHandshakeRequest>;

export const saslHandshakeResponse = message({
  name: 'SaslHandshakeResponse',
  kind: 'response',
  apiKey: 17,
  versions: '0-1',
  flexibleVersions: 'none',
  fields: () => ({
    errorCode: field(int16, '0+'),
    mechanisms: field(array(string), '0+'),
  }),
});

export type SaslHandshakeResponse = ValueOf<typeof saslHandshakeResponse>;
