import { field, int16, int32, message, string, type ValueOf } from '../schema.ts';

export const requestHeader = message({
  name: 'RequestHeader',
  kind: 'header',
  versions: '1-2',
  flexibleVersions: '2+',
  fields: () => ({
    requestApiKey: field(int16, '0+'),
    requestApiVersion: field(int16, '0+'),
    correlationId: field(int32, '0+'),
    clientId: field(string, '1+', { nullable: '1+', flexible: 'none' }),
  }),
});

export type RequestHeader = ValueOf<typeof requestHeader>;
