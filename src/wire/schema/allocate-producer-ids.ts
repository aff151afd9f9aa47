import { field, int16, int32, int64, message, type ValueOf } from '../schema.ts';

export const allocateProducerIdsRequest = message({
  name: 'AllocateProducerIdsRequest',
  kind: 'request',
  apiKey: 67,
  listeners: ['controller'],
  versions: '0',
  flexibleVersions: '0+',
  fields: () => ({
    brokerId: field(int32, '0+', { entityType: 'brokerId' }),
    brokerEpoch: field(int64, '0+', { default: -1 }),
  }),
});

export type AllocateProducerIdsRequest = ValueOf<typeof allocateProducerIdsRequest>;

export const allocateProducerIdsResponse = message({
  name: 'AllocateProducerIdsResponse',
  kind: 'response',
  apiKey: 67,
  versions: '0',
  flexibleVersions: '0+',
  fields: () => ({
    throttleTimeMs: field(int32, '0+'),
    errorCode: field(int16, '0+'),
    producerIdStart: field(int64, '0+', { entityType: 'producerId' }),
    producerIdLen: field(int32, '0+'),
  }),
});

export type AllocateProducerIdsResponse = ValueOf<typeof allocateProducerIdsResponse>;
