import {
  array,
  bool,
  field,
  int8,
  int16,
  int32,
  int64,
  message,
  string,
  struct,
  uint16,
  type ValueOf,
} from '../schema.ts';

const streamsGroupHeartbeatRequestKeyValue = struct(
  'KeyValue',
  {
    key: field(string, '0+'),
    value: field(string, '0+'),
  },
  '0+',
);

const streamsGroupHeartbeatRequestTopicInfo = struct(
  'TopicInfo',
  {
    name: field(string, '0+', { entityType: 'topicName' }),
    partitions: field(int32, '0+'),
    replicationFactor: field(int16, '0+'),
    topicConfigs: field(array(streamsGroupHeartbeatRequestKeyValue), '0+'),
  },
  '0+',
);

const streamsGroupHeartbeatRequestEndpoint = struct(
  'Endpoint',
  {
    host: field(string, '0+'),
    port: field(uint16, '0+'),
  },
  '0+',
);

const streamsGroupHeartbeatRequestTaskOffset = struct(
  'TaskOffset',
  {
    subtopologyId: field(string, '0+'),
    partition: field(int32, '0+'),
    offset: field(int64, '0+'),
  },
  '0+',
);

const streamsGroupHeartbeatRequestTaskIds = struct(
  'TaskIds',
  {
    subtopologyId: field(string, '0+'),
    partitions: field(array(int32), '0+'),
  },
  '0+',
);

export const streamsGroupHeartbeatRequest = message({
  name: 'StreamsGroupHeartbeatRequest',
  kind: 'request',
  apiKey: 88,
  listeners: ['broker'],
  versions: '0',
  flexibleVersions: '0+',
  fields: () => ({
    groupId: field(string, '0+', { entityType: 'groupId' }),
    memberId: field(string, '0+'),
    memberEpoch: field(int32, '0+'),
    endpointInformationEpoch: field(int32, '0+'),
    instanceId: field(string, '0+', { nullable: '0+', default: null }),
    rackId: field(string, '0+', { nullable: '0+', default: null }),
    rebalanceTimeoutMs: field(int32, '0+', { default: -1 }),
    topology: field(
      struct('Topology', {
        epoch: field(int32, '0+'),
        subtopologies: field(
          array(
            struct('Subtopology', {
              subtopologyId: field(string, '0+'),
              sourceTopics: field(array(string), '0+', { entityType: 'topicName' }),
              sourceTopicRegex: field(array(string), '0+'),
              stateChangelogTopics: field(array(streamsGroupHeartbeatRequestTopicInfo), '0+'),
              repartitionSinkTopics: field(array(string), '0+', { entityType: 'topicName' }),
              repartitionSourceTopics: field(array(streamsGroupHeartbeatRequestTopicInfo), '0+'),
              copartitionGroups: field(
                array(
                  struct('CopartitionGroup', {
                    sourceTopics: field(array(int16), '0+'),
                    sourceTopicRegex: field(array(int16), '0+'),
                    repartitionSourceTopics: field(array(int16), '0+'),
                  }),
                ),
                '0+',
              ),
            }),
          ),
          '0+',
        ),
      }),
      '0+',
      { nullable: '0+', default: null },
    ),
    activeTasks: field(array(streamsGroupHeartbeatRequestTaskIds), '0+', { nullable: '0+', default: null }),
    standbyTasks: field(array(streamsGroupHeartbeatRequestTaskIds), '0+', { nullable: '0+', default: null }),
    warmupTasks: field(array(streamsGroupHeartbeatRequestTaskIds), '0+', { nullable: '0+', default: null }),
    processId: field(string, '0+', { nullable: '0+', default: null }),
    userEndpoint: field(streamsGroupHeartbeatRequestEndpoint, '0+', { nullable: '0+', default: null }),
    clientTags: field(array(streamsGroupHeartbeatRequestKeyValue), '0+', { nullable: '0+', default: null }),
    taskOffsets: field(array(streamsGroupHeartbeatRequestTaskOffset), '0+', { nullable: '0+', default: null }),
    taskEndOffsets: field(array(streamsGroupHeartbeatRequestTaskOffset), '0+', { nullable: '0+', default: null }),
    shutdownApplication: field(bool, '0+', { default: false }),
  }),
});

export type StreamsGroupHeartbeatRequest = ValueOf<typeof streamsGroupHeartbeatRequest>;

const streamsGroupHeartbeatResponseStatus = struct(
  'Status',
  {
    statusCode: field(int8, '0+'),
    statusDetail: field(string, '0+'),
  },
  '0+',
);

const streamsGroupHeartbeatResponseTopicPartition = struct(
  'TopicPartition',
  {
    topic: field(string, '0+', { entityType: 'topicName' }),
    partitions: field(array(int32), '0+'),
  },
  '0+',
);

const streamsGroupHeartbeatResponseTaskIds = struct(
  'TaskIds',
  {
    subtopologyId: field(string, '0+'),
    partitions: field(array(int32), '0+'),
  },
  '0+',
);

const streamsGroupHeartbeatResponseEndpoint = struct(
  'Endpoint',
  {
    host: field(string, '0+'),
    port: field(uint16, '0+'),
  },
  '0+',
);

export const streamsGroupHeartbeatResponse = message({
  name: 'StreamsGroupHeartbeatResponse',
  kind: 'response',
  apiKey: 88,
  versions: '0',
  flexibleVersions: '0+',
  fields: () => ({
    throttleTimeMs: field(int32, '0+'),
    errorCode: field(int16, '0+'),
    errorMessage: field(string, '0+', { nullable: '0+', default: null }),
    memberId: field(string, '0+'),
    memberEpoch: field(int32, '0+'),
    heartbeatIntervalMs: field(int32, '0+'),
    acceptableRecoveryLag: field(int32, '0+'),
    taskOffsetIntervalMs: field(int32, '0+'),
    status: field(array(streamsGroupHeartbeatResponseStatus), '0+', { nullable: '0+' }),
    activeTasks: field(array(streamsGroupHeartbeatResponseTaskIds), '0+', { nullable: '0+', default: null }),
    standbyTasks: field(array(streamsGroupHeartbeatResponseTaskIds), '0+', { nullable: '0+', default: null }),
    warmupTasks: field(array(streamsGroupHeartbeatResponseTaskIds), '0+', { nullable: '0+', default: null }),
    endpointInformationEpoch: field(int32, '0+'),
    partitionsByUserEndpoint: field(
      array(
        struct('EndpointToPartitions', {
          userEndpoint: field(streamsGroupHeartbeatResponseEndpoint, '0+'),
          activePartitions: field(array(streamsGroupHeartbeatResponseTopicPartition), '0+'),
          standbyPartitions: field(array(streamsGroupHeartbeatResponseTopicPartition), '0+'),
        }),
      ),
      '0+',
      { nullable: '0+', default: null },
    ),
  }),
});

export type StreamsGroupHeartbeatResponse = ValueOf<typeof streamsGroupHeartbeatResponse>;
