import { bool, field, message, string, type ValueOf } from '../schema.ts';

export const defaultPrincipalData = message({
  name: 'DefaultPrincipalData',
  kind: 'data',
  versions: '0',
  flexibleVersions: '0+',
  fields: () => ({
    type: field(string, '0+'),
    name: field(string, '0+'),
    tokenAuthenticated: field(bool, '0+'),
  }),
});

export type DefaultPrincipalData = ValueOf<typeof defaultPrincipalData>;
