import { array, bool, field, int16, int32, message, string, struct, uint16, uuid, type ValueOf } from '../schema.ts';

export const controllerRegistrationRequest = message({
  name: 'ControllerRegistrationRequest',
  kind: 'request',
  apiKey: 70,
  listeners: ['controller'],
  versions: '0',
  flexibleVersions: '0+',
  fields: () => ({
    controllerId: field(int32, '0+'),
    incarnationId: field(uuid, '0+'),
    zkMigrationReady: field(bool, '0+'),
    listeners: field(
      array(
        struct('Listener', {
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
        struct('Feature', {
          name: field(string, '0+', { mapKey: true }),
          minSupportedVersion: field(int16, '0+'),
          maxSupportedVersion: field(int16, '0+'),
        }),
      ),
      '0+',
    ),
  }),
});

export type ControllerRegistrationRequest = ValueOf<typeof controllerRegistrationRequest>;

export const controllerRegistrationResponse = message({
  name: 'ControllerRegistrationResponse',
  kind: 'response',
  apiKey: 70,
  versions: '0',
  flexibleVersions: '0+',
  fields: () => ({
    throttleTimeMs: field(int32, '0+'),
    errorCode: field(int16, '0+'),
    errorMessage: field(string, '0+', { nullable: '0+' }),
  }),
});

export type ControllerRegistrationResponse = ValueOf<typeof controllerRegistrationResponse>;
