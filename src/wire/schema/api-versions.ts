import { array, bool, field, int16, int32, int64, message, string, struct, type ValueOf } from '../schema.ts';

export const apiVersionsRequest = message({
  name: 'ApiVersionsRequest',
  kind: 'request',
  apiKey: 18,
  listeners: ['broker', 'controller'],
  versions: '0-4',
  flexibleVersions: '3+',
  fields: () => ({
    clientSoftwareName: field(string, '3+', { ignorable: true }),
    clientSoftwareVersion: field(string, '3+', { ignorable: true }),
  }),
});

export type ApiVersionsRequest = ValueOf<typeof apiVersionsRequest>;

export const apiVersionsResponse = message({
  name: 'ApiVersionsResponse',
  kind: 'response',
  apiKey: 18,
  versions: '0-4',
  flexibleVersions: '3+',
  fields: () => ({
    errorCode: field(int16, '0+'),
    apiKeys: field(
      array(
        struct('ApiVersion', {
          apiKey: field(int16, '0+', { mapKey: true }),
          minVersion: field(int16, '0+'),
          maxVersion: field(int16, '0+'),
        }),
      ),
      '0+',
    ),
    throttleTimeMs: field(int32, '1+', { ignorable: true }),
    supportedFeatures: field(
      array(
        struct('SupportedFeatureKey', {
          name: field(string, '3+', { mapKey: true }),
          minVersion: field(int16, '3+'),
          maxVersion: field(int16, '3+'),
        }),
      ),
      '3+',
      { tag: 0, tagged: '3+', ignorable: true },
    ),
    finalizedFeaturesEpoch: field(int64, '3+', { tag: 1, tagged: '3+', default: -1, ignorable: true }),
    finalizedFeatures: field(
      array(
        struct('FinalizedFeatureKey', {
          name: field(string, '3+', { mapKey: true }),
          maxVersionLevel: field(int16, '3+'),
          minVersionLevel: field(int16, '3+'),
        }),
      ),
      '3+',
      { tag: 2, tagged: '3+', ignorable: true },
    ),
    zkMigrationReady: field(bool, '3+', { tag: 3, tagged: '3+', default: false, ignorable: true }),
  }),
});

export type ApiVersionsResponse = ValueOf<typeof apiVersionsResponse>;
