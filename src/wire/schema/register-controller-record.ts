import { array, bool, field, int16, int32, message, string, struct, uint16, uuid, type ValueOf } from '../schema.ts';

export const registerControllerRecord = message({
  name: 'RegisterControllerRecord',
  kind: 'metadata',
  apiKey: 27,
  versions: '0',
  flexibleVersions: '0+',
  fields: () => ({
    controllerId: field(int32, '0+'),
    incarnationId: field(uuid, '0+'),
    zkMigrationReady: field(bool, '0+'),
    endPoints: field(
      array(
        struct('ControllerEndpoint', {
          name: field(string, '0+', { mapKey: true }),
          host: field(string, '0+'),
          port: field(uint16, '0+'),
          securityProtocol: field(int16, '0+'),
        }),
      ),
      '0+',
    ),
    features: field(
      array(
        struct('ControllerFeature', {
          name: field(string, '0+', { mapKey: true }),
          minSupportedVersion: field(int16, '0+'),
          maxSupportedVersion: field(int16, '0+'),
        }),
      ),
      '0+',
    ),
  }),
});

export type RegisterControllerRecord = ValueOf<typeof registerControllerRecord>;
