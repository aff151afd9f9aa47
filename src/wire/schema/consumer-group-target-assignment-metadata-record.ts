import { field, int32, int64, message, string, type ValueOf } from '../schema.ts';

export const consumerGroupTargetAssignmentMetadataKey = message({
  name: 'ConsumerGroupTargetAssignmentMetadataKey',
  kind: 'coordinator-key',
  apiKey: 6,
  versions: '0',
  flexibleVersions: 'none',
  fields: () => ({
    groupId: field(string, '0'),
  }),
});

export type ConsumerGroupTargetAssignmentMetadataKey = ValueOf<typeof consumerGroupTargetAssignmentMetadataKey>;

export const consumerGroupTargetAssignmentMetadataValue = message({
  name: 'ConsumerGroupTargetAssignmentMetadataValue',
  kind: 'coordinator-value',
  apiKey: 6,
  versions: '0',
  flexibleVersions: '0+',
  fields: () => ({
    assignmentEpoch: field(int32, '0+'),
    assignmentTimestamp: field(int64, '0+', { tag: 0, tagged: '0+', default: 0, ignorable: true }),
  }),
});

export type ConsumerGroupTargetAssignmentMetadataValue = ValueOf<typeof consumerGroupTargetAssignmentMetadataValue>;
