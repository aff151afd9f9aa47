import { array, field, int16, int32, message, string, struct, uint16, uuid, type ValueOf } from '../schema.ts';

export const updateRaftVoterRequest = message({
  name: 'UpdateRaftVoterRequest',
  kind: 'request',
  apiKey: 82,
  listeners: ['controller'],
  versions: '0',
  flexibleVersions: '0+',
  fields: () => ({
    clusterId: field(string, '0+', { nullable: '0+' }),
    currentLeaderEpoch: field(int32, '0+'),
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
    kRaftVersionFeature: field(
      struct('KRaftVersionFeature', {
        minSupportedVersion: field(int16, '0+'),
        maxSupportedVersion: field(int16, '0+'),
      }),
      '0+',
    ),
  }),
});

export type UpdateRaftVoterRequest = ValueOf<typeof updateRaftVoterRequest>;

export const updateRaftVoterResponse = message({
  name: 'UpdateRaftVoterResponse',
  kind: 'response',
  apiKey: 82,
  versions: '0',
  flexibleVersions: '0+',
  fields: () => ({
    throttleTimeMs: field(int32, '0+'),
    errorCode: field(int16, '0+'),
    currentLeader: field(
      struct('CurrentLeader', {
        leaderId: field(int32, '0+', { default: -1, entityType: 'brokerId' }),
        leaderEpoch: field(int32, '0+', { default: -1 }),
        host: field(string, '0+'),
        port: field(int32, '0+'),
      }),
      '0+',
      { tag: 0, tagged: '0+' },
    ),
  }),
});

export type UpdateRaftVoterResponse = ValueOf<typeof updateRaftVoterResponse>;
