import { array, bool, field, int16, int32, message, string, struct, uint16, uuid, type ValueOf } from '../schema.ts';

export const addRaftVoterRequest = message({
  name: 'AddRaftVoterRequest',
  kind: 'request',
  apiKey: 80,
  listeners: ['controller', 'broker'],
  versions: '0-1',
  flexibleVersions: '0+',
  fields: () => ({
    clusterId: field(string, '0+', { nullable: '0+' }),
    timeoutMs: field(int32, '0+'),
    voterId: field(int32, '0+'),
    voterDirectoryId: field(uuid, '0+'),
    listeners: field(
      array(
        struct('Listener', {
          name: field(string, '0+', { mapKey: true }),
          host: field(string, '0+'),
          port: field(uint16, '0+'),
        }),
      ),
      '0+',
    ),
    ackWhenCommitted: field(bool, '1+', { default: true }),
  }),
});

export type AddRaftVoterRequest = ValueOf<typeof addRaftVoterRequest>;

export const addRaftVoterResponse = message({
  name: 'AddRaftVoterResponse',
  kind: 'response',
  apiKey: 80,
  versions: '0-1',
  flexibleVersions: '0+',
  fields: () => ({
    throttleTimeMs: field(int32, '0+'),
    errorCode: field(int16, '0+'),
    errorMessage: field(string, '0+', { nullable: '0+', ignorable: true }),
  }),
});

export type AddRaftVoterResponse = ValueOf<typeof addRaftVoterResponse>;
