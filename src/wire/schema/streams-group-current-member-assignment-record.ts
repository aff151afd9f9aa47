import { array, field, int8, int32, message, string, struct, type ValueOf } from '../schema.ts';

export const streamsGroupCurrentMemberAssignmentKey = message({
  name: 'StreamsGroupCurrentMemberAssignmentKey',
  kind: 'coordinator-key',
  apiKey: 22,
  versions: '0',
  flexibleVersions: 'none',
  fields: () => ({
    groupId: field(string, '0'),
    memberId: field(string, '0'),
  }),
});

export type StreamsGroupCurrentMemberAssignmentKey = ValueOf<typeof streamsGroupCurrentMemberAssignmentKey>;

const streamsGroupCurrentMemberAssignmentValueTaskIds = struct(
  'TaskIds',
  {
    subtopologyId: field(string, '0+'),
    partitions: field(array(int32), '0+'),
    assignmentEpochs: field(array(int32), '0+', { nullable: '0+', tag: 0, tagged: '0+' }),
  },
  '0+',
);

export const streamsGroupCurrentMemberAssignmentValue = message({
  name: 'StreamsGroupCurrentMemberAssignmentValue',
  kind: 'coordinator-value',
  apiKey: 22,
  versions: '0',
  flexibleVersions: '0+',
  fields: () => ({
    memberEpoch: field(int32, '0+'),
    previousMemberEpoch: field(int32, '0+'),
    state: field(int8, '0+'),
    activeTasks: field(array(streamsGroupCurrentMemberAssignmentValueTaskIds), '0+'),
    standbyTasks: field(array(streamsGroupCurrentMemberAssignmentValueTaskIds), '0+'),
    warmupTasks: field(array(streamsGroupCurrentMemberAssignmentValueTaskIds), '0+'),
    activeTasksPendingRevocation: field(array(streamsGroupCurrentMemberAssignmentValueTaskIds), '0+'),
    standbyTasksPendingRevocation: field(array(streamsGroupCurrentMemberAssignmentValueTaskIds), '0+'),
    warmupTasksPendingRevocation: field(array(streamsGroupCurrentMemberAssignmentValueTaskIds), '0+'),
  }),
});

export type StreamsGroupCurrentMemberAssignmentValue = ValueOf<typeof streamsGroupCurrentMemberAssignmentValue>;
