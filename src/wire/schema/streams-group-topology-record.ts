import { array, field, int16, int32, message, string, struct, type ValueOf } from '../schema.ts';

export const streamsGroupTopologyKey = message({
  name: 'StreamsGroupTopologyKey',
  kind: 'coordinator-key',
  apiKey: 23,
  versions: '0',
  flexibleVersions: 'none',
  fields: () => ({
    groupId: field(string, '0'),
  }),
});

export type StreamsGroupTopologyKey = ValueOf<typeof streamsGroupTopologyKey>;

const streamsGroupTopologyValueTopicConfig = struct(
  'TopicConfig',
  {
    key: field(string, '0+'),
    value: field(string, '0+'),
  },
  '0+',
);

const streamsGroupTopologyValueTopicInfo = struct(
  'TopicInfo',
  {
    name: field(string, '0+'),
    partitions: field(int32, '0+'),
    replicationFactor: field(int16, '0+'),
    topicConfigs: field(array(streamsGroupTopologyValueTopicConfig), '0+'),
  },
  '0+',
);

export const streamsGroupTopologyValue = message({
  name: 'StreamsGroupTopologyValue',
  kind: 'coordinator-value',
  apiKey: 23,
  versions: '0',
  flexibleVersions: '0+',
  fields: () => ({
    epoch: field(int32, '0+'),
    subtopologies: field(
      array(
        struct('Subtopology', {
          subtopologyId: field(string, '0+'),
          sourceTopics: field(array(string), '0+'),
          sourceTopicRegex: field(array(string), '0+'),
          stateChangelogTopics: field(array(streamsGroupTopologyValueTopicInfo), '0+'),
          repartitionSinkTopics: field(array(string), '0+'),
          repartitionSourceTopics: field(array(streamsGroupTopologyValueTopicInfo), '0+'),
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
});

export type StreamsGroupTopologyValue = ValueOf<typeof streamsGroupTopologyValue>;
