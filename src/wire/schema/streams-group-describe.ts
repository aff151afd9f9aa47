import { array, bool, field, int16, int32, int64, message, string, struct, uint16, type ValueOf } from '../schema.ts';

export const streamsGroupDescribeRequest = message({
  name: 'StreamsGroupDescribeRequest',
  kind: 'request',
  apiKey: 89,
  listeners: ['broker'],
  versions: '0',
  flexibleVersions: '0+',
  fields: () => ({
    groupIds: field(array(string), '0+', { entityType: 'groupId' }),
    includeAuthorizedOperations: field(bool, '0+'),
  }),
});

export type StreamsGroupDescribeRequest = ValueOf<typeof streamsGroupDescribeRequest>;

const streamsGroupDescribeResponseEndpoint = struct(
  'Endpoint',
  {
    host: field(string, '0+'),
    port: field(uint16, '0+'),
  },
  '0+',
);

const streamsGroupDescribeResponseTaskOffset = struct(
  'TaskOffset',
  {
    subtopologyId: field(string, '0+'),
    partition: field(int32, '0+'),
    offset: field(int64, '0+'),
  },
  '0+',
);

const streamsGroupDescribeResponseTaskIds = struct(
  'TaskIds',
  {
    subtopologyId: field(string, '0+'),
    partitions: field(array(int32), '0+'),
  },
  '0+',
);

const streamsGroupDescribeResponseAssignment = struct(
  'Assignment',
  {
    activeTasks: field(array(streamsGroupDescribeResponseTaskIds), '0+'),
    standbyTasks: field(array(streamsGroupDescribeResponseTaskIds), '0+'),
    warmupTasks: field(array(streamsGroupDescribeResponseTaskIds), '0+'),
  },
  '0+',
);

const streamsGroupDescribeResponseKeyValue = struct(
  'KeyValue',
  {
    key: field(string, '0+'),
    value: field(string, '0+'),
  },
  '0+',
);

const streamsGroupDescribeResponseTopicInfo = struct(
  'TopicInfo',
  {
    name: field(string, '0+', { entityType: 'topicName' }),
    partitions: field(int32, '0+'),
    replicationFactor: field(int16, '0+'),
    topicConfigs: field(array(streamsGroupDescribeResponseKeyValue), '0+'),
  },
  '0+',
);

export const streamsGroupDescribeResponse = message({
  name: 'StreamsGroupDescribeResponse',
  kind: 'response',
  apiKey: 89,
  versions: '0',
  flexibleVersions: '0+',
  fields: () => ({
    throttleTimeMs: field(int32, '0+'),
    groups: field(
      array(
        struct('DescribedGroup', {
          errorCode: field(int16, '0+'),
          errorMessage: field(string, '0+', { nullable: '0+', default: null }),
          groupId: field(string, '0+', { entityType: 'groupId' }),
          groupState: field(string, '0+'),
          groupEpoch: field(int32, '0+'),
          assignmentEpoch: field(int32, '0+'),
          topology: field(
            struct('Topology', {
              epoch: field(int32, '0+'),
              subtopologies: field(
                array(
                  struct('Subtopology', {
                    subtopologyId: field(string, '0+'),
                    sourceTopics: field(array(string), '0+', { entityType: 'topicName' }),
                    repartitionSinkTopics: field(array(string), '0+', { entityType: 'topicName' }),
                    stateChangelogTopics: field(array(streamsGroupDescribeResponseTopicInfo), '0+'),
                    repartitionSourceTopics: field(array(streamsGroupDescribeResponseTopicInfo), '0+'),
                  }),
                ),
                '0+',
                { nullable: '0+', default: null },
              ),
            }),
            '0+',
            { nullable: '0+', default: null },
          ),
          members: field(
            array(
              struct('Member', {
                memberId: field(string, '0+'),
                memberEpoch: field(int32, '0+'),
                instanceId: field(string, '0+', { nullable: '0+', default: null }),
                rackId: field(string, '0+', { nullable: '0+', default: null }),
                clientId: field(string, '0+'),
                clientHost: field(string, '0+'),
                topologyEpoch: field(int32, '0+'),
                processId: field(string, '0+'),
                userEndpoint: field(streamsGroupDescribeResponseEndpoint, '0+', { nullable: '0+', default: null }),
                clientTags: field(array(streamsGroupDescribeResponseKeyValue), '0+'),
                taskOffsets: field(array(streamsGroupDescribeResponseTaskOffset), '0+'),
                taskEndOffsets: field(array(streamsGroupDescribeResponseTaskOffset), '0+'),
                assignment: field(streamsGroupDescribeResponseAssignment, '0+'),
                targetAssignment: field(streamsGroupDescribeResponseAssignment, '0+'),
                isClassic: field(bool, '0+'),
              }),
            ),
            '0+',
          ),
          authorizedOperations: field(int32, '0+', { default: -2147483648 }),
        }),
      ),
      '0+',
    ),
  }),
});

export type StreamsGroupDescribeResponse = ValueOf<typeof streamsGroupDescribeResponse>;
