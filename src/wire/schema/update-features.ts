import { array, bool, field, int8, int16, int32, message, string, struct, type ValueOf } from '../schema.ts';

export const updateFeaturesRequest = message({
  name: 'UpdateFeaturesRequest',
  kind: 'request',
  apiKey: 57,
  listeners: ['broker', 'controller'],
  versions: '0-2',
  flexibleVersions: '0+',
  fields: () => ({
    timeoutMs: field(int32, '0+', { default: 60000 }),
    featureUpdates: field(
      array(
        struct('FeatureUpdateKey', {
          feature: field(string, '0+', { mapKey: true }),
          maxVersionLevel: field(int16, '0+'),
          allowDowngrade: field(bool, '0'),
          upgradeType: field(int8, '1+', { default: 1 }),
        }),
      ),
      '0+',
    ),
    validateOnly: field(bool, '1+', { default: false }),
  }),
});

export type UpdateFeaturesRequest = ValueOf<typeof updateFeaturesRequest>;

export const updateFeaturesResponse = message({
  name: 'UpdateFeaturesResponse',
  kind: 'response',
  apiKey: 57,
  versions: '0-2',
  flexibleVersions: '0+',
  fields: () => ({
    throttleTimeMs: field(int32, '0+'),
    errorCode: field(int16, '0+'),
    errorMessage: field(string, '0+', { nullable: '0+' }),
    results: field(
      array(
        struct('UpdatableFeatureResult', {
          feature: field(string, '0+', { mapKey: true }),
          errorCode: field(int16, '0+'),
          errorMessage: field(string, '0+', { nullable: '0+' }),
        }),
      ),
      '0-1',
      { ignorable: true },
    ),
  }),
});

export type UpdateFeaturesResponse = ValueOf<typeof updateFeaturesResponse>;
