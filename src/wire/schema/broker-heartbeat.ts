import { array, bool, field, int16, int32, int64, message, uuid, type ValueOf } from '../schema.ts';

export const brokerHeartbeatRequest = message({
  name: 'BrokerHeartbeatRequest',
  kind: 'request',
  apiKey: 63,
  listeners: ['controller'],
  versions: '0-2',
  flexibleVersions: '0+',
  fields: () => ({
    brokerId: field(int32, '0+', { entityType: 'brokerId' }),
    brokerEpoch: field(int64, '0+', { default: -1 }),
    currentMetadataOffset: field(int64, '0+'),
    wantFence: field(bool, '0+'),
    wantShutDown: field(bool, '0+'),
    offlineLogDirs: field(array(uuid), '1+', { tag: 0, tagged: '1+' }),
    cordonedLogDirs: field(array(uuid), '2+', { nullable: '2+', tag: 1, tagged: '2+', default: null }),
  }),
});

export type BrokerHeartbeatRequest = ValueOf<typeof brokerHeartbeatRequest>;

export const brokerHeartbeatResponse = message({
  name: 'BrokerHeartbeatResponse',
  kind: 'response',
  apiKey: 63,
  versions: '0-2',
  flexibleVersions: '0+',
  fields: () => ({
    throttleTimeMs: field(int32, '0+'),
    errorCode: field(int16, '0+'),
    isCaughtUp: field(bool, '0+', { default: false }),
    isFenced: field(bool, '0+', { default: true }),
    shouldShutDown: field(bool, '0+'),
  }),
});

export type BrokerHeartbeatResponse = ValueOf<typeof brokerHeartbeatResponse>;
