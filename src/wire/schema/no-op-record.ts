import { message, type ValueOf } from '../schema.ts';

export const noOpRecord = message({
  name: 'NoOpRecord',
  kind: 'metadata',
  apiKey: 20,
  versions: '0',
  flexibleVersions: '0+',
  fields: () => ({}),
});

export type NoOpRecord = ValueOf<typeof noOpRecord>;
