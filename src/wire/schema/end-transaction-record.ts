import { message, type ValueOf } from '../schema.ts';

export const endTransactionRecord = message({
  name: 'EndTransactionRecord',
  kind: 'metadata',
  apiKey: 24,
  versions: '0',
  flexibleVersions: '0+',
  fields: () => ({}),
});

export type EndTransactionRecord = ValueOf<typeof endTransactionRecord>;
