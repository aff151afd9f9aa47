import {
  array,
  bool,
  field,
  int16,
  int32,
  int64,
  message,
  string,
  struct,
  uint16,
  uuid,
  type ValueOf,
} from '../schema.ts';

export const brokerRegistrationRequest = message({
  name: 'BrokerRegistrationRequest',
  kind: 'request',
  apiKey: 62,
  listeners: ['controller'],
  versions: '0-4',
  flexibleVersions: '0+',
  fields: () => ({
    brokerId: field(int32, '0+', { entityType: 'brokerId' }),
    clusterId: field(string, '0+'),
    incarnationId: field(uuid, '0+'),
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
    rack: field(string, '0+', { nullable: '0+' }),
    isMigratingZkBroker: field(bool, '1+', { default: false }),
    logDirs: field(array(uuid), '2+', { ignorable: true }),
    previousBrokerEpoch: field(int64, '3+', { default: -1, ignorable: true }),
  }),
});

export type BrokerRegistrationRequest = ValueOf<typeof brokerRegistrationRequest>;

export const brokerRegistrationResponse = message({
  name: 'BrokerRegistrationResponse',
  kind: 'response',
  apiKey: 62,
  versions: '0-4',
  flexibleVersions: '0+',
  fields: () => ({
    throttleTimeMs: field(int32, '0+'),
    errorCode: field(int16, '0+'),
    brokerEpoch: field(int64, '0+', { default: -1 }),
  }),
});

export type BrokerRegistrationResponse = ValueOf<typeof brokerRegistrationResponse>;
