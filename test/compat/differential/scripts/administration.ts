// Elections, reassignments, features and registrations, as far as one broker shows them.
import { ask, createTopic, eachVersion, type RequestStep, type Script } from '../script.ts';

const PREFERRED = 0;
const UNCLEAN = 1;

const electLeaders: Script = {
  name: 'elect-leaders',
  steps: [
    createTopic('@a', { partitions: 2 }),
    { ready: '@a' },
    ...eachVersion('ElectLeaders', () => ({
      name: 'led by the preferred one',
      body: { electionType: PREFERRED, topicPartitions: [{ topic: '@a', partitions: [0, 1] }] },
    })),
    ...[UNCLEAN, 2, -1, 127].map((electionType) =>
      ask(`election type ${electionType}`, 'ElectLeaders', {
        electionType,
        topicPartitions: [{ topic: '@a', partitions: [1, 0] }],
      }),
    ),
    ...eachVersion('ElectLeaders', () => ({
      name: 'unknown topic and partition',
      body: {
        topicPartitions: [
          { topic: '@missing', partitions: [0, 1] },
          { topic: '@a', partitions: [2, -1, 0] },
        ],
      },
    })),
    ask('a topic and a partition twice', 'ElectLeaders', {
      topicPartitions: [
        { topic: '@a', partitions: [0, 0] },
        { topic: '@a', partitions: [0] },
      ],
    }),
    ask('nothing', 'ElectLeaders', { topicPartitions: [] }),
    ask('no partitions', 'ElectLeaders', { topicPartitions: [{ topic: '@a', partitions: [] }] }),
    ask(
      'everything',
      'ElectLeaders',
      { topicPartitions: null },
      { keep: { of: 'replicaElectionResults', by: 'topic' } },
    ),
    ask(
      'everything, unclean',
      'ElectLeaders',
      { topicPartitions: null, electionType: UNCLEAN },
      { keep: { of: 'replicaElectionResults', by: 'topic' } },
    ),
    ask('an empty name', 'ElectLeaders', { topicPartitions: [{ topic: '', partitions: [0] }] }),
    ...[0, -1].map((timeoutMs) =>
      ask(`timeout ${timeoutMs}`, 'ElectLeaders', { topicPartitions: [{ topic: '@a', partitions: [0] }], timeoutMs }),
    ),
    { name: 'trailing bytes', api: 'ElectLeaders', version: 2, body: { topicPartitions: [] }, trailing: '00' },
    { name: 'cut', api: 'ElectLeaders', version: 2, body: { topicPartitions: [] }, cut: 1 },
    { name: 'a version to come', api: 'ElectLeaders', version: 3, body: { topicPartitions: [] } },
  ],
};

const reassign = (replicas: readonly number[] | null, partitionIndex = 0, name = '@a') => [
  { name, partitions: [{ partitionIndex, replicas }] },
];

const reassignments: Script = {
  name: 'reassignments',
  steps: [
    createTopic('@a', { partitions: 2 }),
    { ready: '@a' },
    ...eachVersion('AlterPartitionReassignments', () => ({ name: 'to where it is', body: { topics: reassign([1]) } })),
    ...[true, false].flatMap((allowReplicationFactorChange) => [
      ...[[], [1, 1], [2], [1, 2], [-1], null].map((replicas) =>
        ask(`to ${JSON.stringify(replicas)}, factor ${allowReplicationFactorChange}`, 'AlterPartitionReassignments', {
          topics: reassign(replicas),
          allowReplicationFactorChange,
        }),
      ),
    ]),
    ask('unknown partition', 'AlterPartitionReassignments', { topics: reassign([1], 2) }),
    ask('unknown partition, cancelled', 'AlterPartitionReassignments', { topics: reassign(null, -1) }),
    ask('unknown topic', 'AlterPartitionReassignments', { topics: reassign([1], 0, '@missing') }),
    ask('several', 'AlterPartitionReassignments', {
      topics: [...reassign([1]), ...reassign([7], 1), ...reassign([1], 1), ...reassign(null, 1)],
    }),
    ask('nothing', 'AlterPartitionReassignments', { topics: [] }),
    ask('timeout 0', 'AlterPartitionReassignments', { topics: reassign([1]), timeoutMs: 0 }),
    ask('list all', 'ListPartitionReassignments', { topics: null }),
    ask('list these', 'ListPartitionReassignments', {
      topics: [
        { name: '@a', partitionIndexes: [0, 1, 2] },
        { name: '@missing', partitionIndexes: [0] },
      ],
    }),
    ask('list nothing', 'ListPartitionReassignments', { topics: [] }),
    ask('list, timeout 0', 'ListPartitionReassignments', { topics: null, timeoutMs: 0 }),
    { name: 'cut', api: 'AlterPartitionReassignments', version: 1, body: { topics: reassign([1]) }, cut: 1 },
    { name: 'cut', api: 'ListPartitionReassignments', version: 0, body: { topics: null }, cut: 1 },
    { name: 'a version to come', api: 'AlterPartitionReassignments', version: 2, body: { topics: [] } },
    { name: 'a version to come', api: 'ListPartitionReassignments', version: 1, body: { topics: [] } },
  ],
};

const assignments: Script = {
  name: 'assignments',
  steps: [
    ...[[], [2], [1, 1], [1, 2], [-1]].map((brokerIds, index) =>
      ask(`a topic on ${JSON.stringify(brokerIds)}`, 'CreateTopics', {
        topics: [
          {
            name: `@t${index}`,
            numPartitions: -1,
            replicationFactor: -1,
            assignments: [{ partitionIndex: 0, brokerIds }],
          },
        ],
      }),
    ),
    ask('a topic with a gap', 'CreateTopics', {
      topics: [
        {
          name: '@gap',
          numPartitions: -1,
          replicationFactor: -1,
          assignments: [
            { partitionIndex: 1, brokerIds: [1] },
            { partitionIndex: 2, brokerIds: [1] },
          ],
        },
      ],
    }),
    createTopic('@a'),
    ...[[[]], [[2]], [[1, 1]], [[1], [1]], [[1]]].map((brokerIds) =>
      ask(`one partition more on ${JSON.stringify(brokerIds)}`, 'CreatePartitions', {
        topics: [{ name: '@a', count: 2, assignments: brokerIds.map((ids) => ({ brokerIds: ids })) }],
        timeoutMs: 30_000,
      }),
    ),
  ],
};

const update = (feature: string, maxVersionLevel: number, more: object = {}) => ({ feature, maxVersionLevel, ...more });

function updates(name: string, featureUpdates: readonly object[], validateOnly = true): RequestStep {
  return ask(name, 'UpdateFeatures', { featureUpdates, validateOnly });
}

const features: Script = {
  name: 'features',
  alone: true,
  steps: [
    ...eachVersion('UpdateFeatures', () => ({
      name: 'nothing changes',
      body: { featureUpdates: [update('group.version', 1)], validateOnly: true },
    })),
    ...eachVersion('UpdateFeatures', () => ({
      name: 'unknown feature',
      body: { featureUpdates: [update('nobody.version', 1)], validateOnly: true },
    })),
    ...eachVersion('UpdateFeatures', () => ({
      name: 'down without saying so',
      body: { featureUpdates: [update('group.version', 0)] },
    })),
    ...['group.version', 'transaction.version', 'share.version', 'streams.version', 'kraft.version'].flatMap(
      (feature) =>
        [-1, 0, 1, 2, 3].flatMap((level) =>
          [0, 1, 2, 3, 4].map((upgradeType) =>
            updates(`${feature} ${level} by ${upgradeType}`, [update(feature, level, { upgradeType })]),
          ),
        ),
    ),
    ...[-1, 0, 1, 2].flatMap((level) =>
      [1, 2, 3].map((upgradeType) =>
        updates(`ELR ${level} by ${upgradeType}`, [update('eligible.leader.replicas.version', level, { upgradeType })]),
      ),
    ),
    ...[-1, 0, 6, 7, 22, 23, 29, 30, 31, 127].flatMap((level) =>
      [1, 2, 3].map((upgradeType) =>
        updates(`metadata.version ${level} by ${upgradeType}`, [update('metadata.version', level, { upgradeType })]),
      ),
    ),
    updates('the second is wrong', [update('group.version', 1), update('share.version', 9)]),
    updates('one feature twice', [update('group.version', 9), update('group.version', 1)]),
    updates('an empty name', [update('', 1)]),
    updates('nothing', []),
    updates('down', [update('streams.version', 0, { upgradeType: 2 })], false),
    { name: 'shown', api: 'ApiVersions', version: 4, keep: { of: 'apiKeys', by: 'apiKey', values: [57] } },
    updates('up again', [update('streams.version', 1)], false),
    { name: 'shown', api: 'ApiVersions', version: 4, keep: { of: 'apiKeys', by: 'apiKey', values: [57] } },
    updates('ELR off', [update('eligible.leader.replicas.version', 0, { upgradeType: 2 })], false),
    updates('ELR on', [update('eligible.leader.replicas.version', 1)], false),
    { name: 'a version to come', api: 'UpdateFeatures', version: 3, body: { featureUpdates: [] } },
    { name: 'cut', api: 'UpdateFeatures', version: 2, body: { featureUpdates: [] }, cut: 1 },
  ],
};

const unregisterBroker: Script = {
  name: 'unregister-broker',
  steps: [
    ...[2, 99, -1].map((brokerId) => ask(`broker ${brokerId}`, 'UnregisterBroker', { brokerId })),
    { name: 'a version to come', api: 'UnregisterBroker', version: 1, body: { brokerId: 2 } },
    { name: 'cut', api: 'UnregisterBroker', version: 0, body: { brokerId: 2 }, cut: 1 },
  ],
};

export const administrationScripts: readonly Script[] = [
  electLeaders,
  reassignments,
  assignments,
  features,
  unregisterBroker,
];
