import { bytes, field, int8, int32, message, string, type ValueOf } from '../schema.ts';

export const userScramCredentialRecord = message({
  name: 'UserScramCredentialRecord',
  kind: 'metadata',
  apiKey: 11,
  versions: '0',
  flexibleVersions: '0+',
  fields: () => ({
    name: field(string, '0+'),
    mechanism: field(int8, '0+'),
    salt: field(bytes, '0+'),
    storedKey: field(bytes, '0+'),
    serverKey: field(bytes, '0+'),
    iterations: field(int32, '0+'),
  }),
});

export type UserScramCredentialRecord = ValueOf<typeof userScramCredentialRecord>;
