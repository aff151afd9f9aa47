import { field, message, string, type ValueOf } from '../schema.ts';

export const beginTransactionRecord = message({
  name: 'BeginTransactionRecord',
  kind: 'metadata',
  apiKey: 23,
  versions: '0',
  flexibleVersions: '0+',
  fields: () => ({
    name: field(string, '0+', { nullable: '0+', tag: 0, tagged: '0+', default: null }),
  }),
});

export type BeginTransactionRecord = ValueOf<typeof beginTransactionRecord>;
