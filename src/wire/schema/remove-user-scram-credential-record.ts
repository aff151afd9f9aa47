import { field, int8, message, string, type ValueOf } from '../schema.ts';

export const removeUserScramCredentialRecord = message({
  name: 'RemoveUserScramCredentialRecord',
  kind: 'metadata',
  apiKey: 22,
  versions: '0',
  flexibleVersions: '0+',
  fields: () => ({
    name: field(string, '0+'),
    mechanism: field(int8, '0+'),
  }),
});

export type RemoveUserScramCredentialRecord = ValueOf<typeof removeUserScramCredentialRecord>;
