import { array, field, int16, int32, message, string, struct, uint16, uuid, type ValueOf } from '../schema.ts';

export const votersRecord = message({
  name: 'VotersRecord',
  kind: 'data',
  versions: '0',
  flexibleVersions: '0+',
  fields: () => ({
    version: field(int16, '0+'),
    voters: field(
      array(
        struct('Voter', {
          voterId: field(int32, '0+', { entityType: 'brokerId' }),
          voterDirectoryId: field(uuid, '0+'),
          endpoints: field(
            array(
              struct('Endpoint', {
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
      ),
      '0+',
    ),
  }),
});

export type VotersRecord = ValueOf<typeof votersRecord>;
