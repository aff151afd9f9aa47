import { array, field, int32, int64, message, string, struct, uuid, type ValueOf } from '../schema.ts';

export const quorumStateData = message({
  name: 'QuorumStateData',
  kind: 'data',
  versions: '0-1',
  flexibleVersions: '0+',
  fields: () => ({
    clusterId: field(string, '0'),
    leaderId: field(int32, '0+', { default: -1 }),
    leaderEpoch: field(int32, '0+', { default: -1 }),
    votedId: field(int32, '0+', { default: -1 }),
    votedDirectoryId: field(uuid, '1+'),
    appliedOffset: field(int64, '0'),
    currentVoters: field(
      array(
        struct('Voter', {
          voterId: field(int32, '0'),
        }),
      ),
      '0',
      { nullable: '0' },
    ),
  }),
});

export type QuorumStateData = ValueOf<typeof quorumStateData>;
