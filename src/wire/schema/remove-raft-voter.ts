import { field, int16, int32, message, string, uuid, type ValueOf } from '../schema.ts';

export const removeRaftVoterRequest = message({
  name: 'RemoveRaftVoterRequest',
  kind: 'request',
  apiKey: 81,
  listeners: ['controller', 'broker'],
  versions: '0',
  flexibleVersions: '0+',
  fields: () => ({
    clusterId: field(string, '0+', { nullable: '0+' }),
    voterId: field(int32, '0+'),
    voterDirectoryId: field(uuid, '0+'),
  }),
});

export type RemoveRaftVoterRequest = ValueOf<typeof removeRaftVoterRequest>;

export const removeRaftVoterResponse = message({
  name: 'RemoveRaftVoterResponse',
  kind: 'response',
  apiKey: 81,
  versions: '0',
  flexibleVersions: '0+',
  fields: () => ({
    throttleTimeMs: field(int32, '0+'),
    errorCode: field(int16, '0+'),
    errorMessage: field(string, '0+', { nullable: '0+', ignorable: true }),
  }),
});

export type RemoveRaftVoterResponse = ValueOf<typeof removeRaftVoterResponse>;
