import { field, int32, int64, message, string, type ValueOf } from '../schema.ts';

export const streamsGroupTargetAssignmentMetadataKey = message({
  name: 'StreamsGroupTargetAssignmentMetadataKey',
  kind: 'coordinator-key',
  apiKey: 20,
  versions: '0',
  flexibleVersions: 'none',
  fields: () => ({
    groupId: field(string, '0'),
  }),
});

export type StreamsGroupTargetAssignmentMetadataKey = ValueOf<typeof streamsGroupTargetAssignmentMetadataKey>;

export const streamsGroupTargetAssignmentMetadataValue = message({
  name: 'StreamsGroupTargetAssignmentMetadataValue',
  kind: 'coordinator-value',
  apiKey: 20,
  versions: '0',
  flexibleVersions: '0+',
  fields: () => ({
    assignmentEpoch: field(int32, '0+'),
    assignmentTimestamp: field(int64, '0+', { tag: 0, tagged: '0+', default: 0, ignorable: true }),
  }),
});

export type StreamsGroupTargetAssignmentMetadataValue = ValueOf<typeof streamsGroupTargetAssignmentMetadataValue>;
