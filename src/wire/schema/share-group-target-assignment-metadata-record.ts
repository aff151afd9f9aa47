import { field, int32, int64, message, string, type ValueOf } from '../schema.ts';

export const shareGroupTargetAssignmentMetadataKey = message({
  name: 'ShareGroupTargetAssignmentMetadataKey',
  kind: 'coordinator-key',
  apiKey: 12,
  versions: '0',
  flexibleVersions: 'none',
  fields: () => ({
    groupId: field(string, '0'),
  }),
});

export type ShareGroupTargetAssignmentMetadataKey = ValueOf<typeof shareGroupTargetAssignmentMetadataKey>;

export const shareGroupTargetAssignmentMetadataValue = message({
  name: 'ShareGroupTargetAssignmentMetadataValue',
  kind: 'coordinator-value',
  apiKey: 12,
  versions: '0',
  flexibleVersions: '0+',
  fields: () => ({
    assignmentEpoch: field(int32, '0+'),
    assignmentTimestamp: field(int64, '0+', { tag: 0, tagged: '0+', default: 0, ignorable: true }),
  }),
});

export type ShareGroupTargetAssignmentMetadataValue = ValueOf<typeof shareGroupTargetAssignmentMetadataValue>;
