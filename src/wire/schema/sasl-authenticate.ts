import { bytes, field, int16, int64, message, string, type ValueOf } from '../schema.ts';

export const saslAuthenticateRequest = message({
  name: 'SaslAuthenticateRequest',
  kind: 'request',
  apiKey: 36,
  listeners: ['broker', 'controller'],
  versions: '0-2',
  flexibleVersions: '2+',
  fields: () => ({
    authBytes: field(bytes, '0+'),
  }),
});

export type SaslAuthenticateRequest = ValueOf<typeof saslAuthenticateRequest>;

export const saslAuthenticateResponse = message({
  name: 'SaslAuthenticateResponse',
  kind: 'response',
  apiKey: 36,
  versions: '0-2',
  flexibleVersions: '2+',
  fields: () => ({
    errorCode: field(int16, '0+'),
    errorMessage: field(string, '0+', { nullable: '0+' }),
    authBytes: field(bytes, '0+'),
    sessionLifetimeMs: field(int64, '1+', { default: 0, ignorable: true }),
  }),
});

export type SaslAuthenticateResponse = ValueOf<typeof saslAuthenticateResponse>;
