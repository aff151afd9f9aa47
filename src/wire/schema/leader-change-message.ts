import { array, field, int16, int32, message, struct, uuid, type ValueOf } from '../schema.ts';

const leaderChangeMessageVoter = struct(
  'Voter',
  {
    voterId: field(int32, '0+'),
    voterDirectoryId: field(uuid, '1+'),
  },
  '0+',
);

export const leaderChangeMessage = message({
  name: 'LeaderChangeMessage',
  kind: 'data',
  versions: '0-1',
  flexibleVersions: '0+',
  fields: () => ({
    version: field(int16, '0+'),
    leaderId: field(int32, '0+', { entityType: 'brokerId' }),
    voters: field(array(leaderChangeMessageVoter), '0+'),
    grantingVoters: field(array(leaderChangeMessageVoter), '0+'),
  }),
});

export type LeaderChangeMessage = ValueOf<typeof leaderChangeMessage>;
