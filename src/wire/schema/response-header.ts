import { field, int32, message, type ValueOf } from '../schema.ts';

export const responseHeader = message({
  name: 'ResponseHeader',
  kind: 'header',
  versions: '0-1',
  flexibleVersions: '1+',
  fields: () => ({
    correlationId: field(int32, '0+'),
  }),
});

export type ResponseHeader = ValueOf<typeof responseHeader>;
