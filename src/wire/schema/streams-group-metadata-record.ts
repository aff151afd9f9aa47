import { array, field, int32, int64, message, string, struct, type ValueOf } from '../schema.ts';

export const streamsGroupMetadataKey = message({
  name: 'StreamsGroupMetadataKey',
  kind: 'coordinator-key',
  apiKey: 17,
  versions: '0',
  flexibleVersions: 'none',
  fields: () => ({
    groupId: field(string, '0'),
  }),
});

export type StreamsGroupMetadataKey = ValueOf<typeof streamsGroupMetadataKey>;

const streamsGroupMetadataValueLastAssignmentConfig = struct(
  'LastAssignmentConfig',
  {
    key: field(string, '0+'),
    value: field(string, '0+'),
  },
  '0+',
);

export const streamsGroupMetadataValue = message({
  name: 'StreamsGroupMetadataValue',
  kind: 'coordinator-value',
  apiKey: 17,
  versions: '0',
  flexibleVersions: '0+',
  fields: () => ({
    epoch: field(int32, '0+'),
    metadataHash: field(int64, '0+'),
    validatedTopologyEpoch: field(int32, '0+', { tag: 0, tagged: '0+', default: -1 }),
    lastAssignmentConfigs: field(array(streamsGroupMetadataValueLastAssignmentConfig), '0+', {
      nullable: '0+',
      tag: 1,
      tagged: '0+',
    }),
  }),
});

export type StreamsGroupMetadataValue = ValueOf<typeof streamsGroupMetadataValue>;
