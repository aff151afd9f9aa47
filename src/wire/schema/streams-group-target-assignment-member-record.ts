import { array, field, int32, message, string, struct, type ValueOf } from '../schema.ts';

export const streamsGroupTargetAssignmentMemberKey = message({
  name: 'StreamsGroupTargetAssignmentMemberKey',
  kind: 'coordinator-key',
  apiKey: 21,
  versions: '0',
  flexibleVersions: 'none',
  fields: () => ({
    groupId: field(string, '0'),
    memberId: field(string, '0'),
  }),
});

export type StreamsGroupTargetAssignmentMemberKey = ValueOf<typeof streamsGroupTargetAssignmentMemberKey>;

const streamsGroupTargetAssignmentMemberValueTaskIds = struct(
  'TaskIds',
  {
    subtopologyId: field(string, '0+'),
    partitions: field(array(int32), '0+'),
  },
  '0+',
);

export const streamsGroupTargetAssignmentMemberValue = message({
  name: 'StreamsGroupTargetAssignmentMemberValue',
  kind: 'coordinator-value',
  apiKey: 21,
  versions: '0',
  flexibleVersions: '0+',
  fields: () => ({
    activeTasks: field(array(streamsGroupTargetAssignmentMemberValueTaskIds), '0+'),
    standbyTasks: field(array(streamsGroupTargetAssignmentMemberValueTaskIds), '0+'),
    warmupTasks: field(array(streamsGroupTargetAssignmentMemberValueTaskIds), '0+'),
  }),
});

export type StreamsGroupTargetAssignmentMemberValue = ValueOf<typeof streamsGroupTargetAssignmentMemberValue>;
