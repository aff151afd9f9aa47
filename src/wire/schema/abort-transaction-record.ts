import { field, message, string, type ValueOf } from '../schema.ts';

export const abortTransactionRecord = message({
  name: 'AbortTransactionRecord',
  kind: 'metadata',
  apiKey: 25,
  versions: '0',
  flexibleVersions: '0+',
  fields: () => ({
    reason: field(string, '0+', { nullable: '0+', tag: 0, tagged: '0+', default: null }),
  }),
});

export type AbortTransactionRecord = ValueOf<typeof abortTransactionRecord>;
