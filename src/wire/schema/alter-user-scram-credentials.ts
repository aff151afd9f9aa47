import { array, bytes, field, int8, int16, int32, message, string, struct, type ValueOf } from '../schema.ts';

export const alterUserScramCredentialsRequest = message({
  name: 'AlterUserScramCredentialsRequest',
  kind: 'request',
  apiKey: 51,
  listeners: ['broker', 'controller'],
  versions: '0',
  flexibleVersions: '0+',
  fields: () => ({
    deletions: field(
      array(
        struct('ScramCredentialDeletion', {
          name: field(string, '0+'),
          mechanism: field(int8, '0+'),
        }),
      ),
      '0+',
    ),
    upsertions: field(
      array(
        struct('ScramCredentialUpsertion', {
          name: field(string, '0+'),
          mechanism: field(int8, '0+'),
          iterations: field(int32, '0+'),
          salt: field(bytes, '0+'),
          saltedPassword: field(bytes, '0+'),
        }),
      ),
      '0+',
    ),
  }),
});

export type AlterUserScramCredentialsRequest = ValueOf<typeof alterUserScramCredentialsRequest>;

export const alterUserScramCredentialsResponse = message({
  name: 'AlterUserScramCredentialsResponse',
  kind: 'response',
  apiKey: 51,
  versions: '0',
  flexibleVersions: '0+',
  fields: () => ({
    throttleTimeMs: field(int32, '0+'),
    results: field(
      array(
        struct('AlterUserScramCredentialsResult', {
          user: field(string, '0+'),
          errorCode: field(int16, '0+'),
          errorMessage: field(string, '0+', { nullable: '0+' }),
        }),
      ),
      '0+',
    ),
  }),
});

export type AlterUserScramCredentialsResponse = ValueOf<typeof alterUserScramCredentialsResponse>;
