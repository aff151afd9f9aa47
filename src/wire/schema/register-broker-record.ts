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

export const registerBrokerRecord = message({
  name: 'RegisterBrokerRecord',
  kind: 'metadata',
  apiKey: 0,
  versions: '0-4',
  flexibleVersions: '0+',
  fields: () => ({
    brokerId: field(int32, '0+', { entityType: 'brokerId' }),
    isMigratingZkBroker: field(bool, '2+', { default: false }),
    incarnationId: field(uuid, '0+'),
    brokerEpoch: field(int64, '0+'),
    endPoints: field(
      array(
        struct('BrokerEndpoint', {
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
        struct('BrokerFeature', {
          name: field(string, '0+', { mapKey: true }),
          minSupportedVersion: field(int16, '0+'),
          maxSupportedVersion: field(int16, '0+'),
        }),
      ),
      '0+',
    ),
    rack: field(string, '0+', { nullable: '0+' }),
    fenced: field(bool, '0+', { default: true }),
    inControlledShutdown: field(bool, '1+', { default: false }),
    logDirs: field(array(uuid), '3+', { tag: 0, tagged: '3+' }),
    cordonedLogDirs: field(array(uuid), '4+', { nullable: '4+', tag: 1, tagged: '4+', default: null }),
  }),
});

export type RegisterBrokerRecord = ValueOf<typeof registerBrokerRecord>;
