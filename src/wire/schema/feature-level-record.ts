import { field, int16, message, string, type ValueOf } from '../schema.ts';

export const featureLevelRecord = message({
  name: 'FeatureLevelRecord',
  kind: 'metadata',
  apiKey: 12,
  versions: '0',
  flexibleVersions: '0+',
  fields: () => ({
    name: field(string, '0+'),
    featureLevel: field(int16, '0+'),
  }),
});

export type FeatureLevelRecord = ValueOf<typeof featureLevelRecord>;
