import { everyApi } from '../../../../scripts/generate-api-table.ts';
import { ask, createTopic, eachVersion, type Script } from '../script.ts';

const UNKNOWN_ID = 'hloYyovRSj-Y0Z7LtQuJ3A';
const ZERO_ID = 'AAAAAAAAAAAAAAAAAAAAAA';

/** The APIs that Ottla has; docs/apis.md tells what else Apache Kafka offers. */
const OTTLA_API_KEYS = everyApi().map(({ apiKey }) => apiKey);

const apiVersions: Script = {
  name: 'api-versions',
  steps: [
    ...eachVersion('ApiVersions', () => ({
      body: { clientSoftwareName: 'differential', clientSoftwareVersion: '1.0' },
      keep: { of: 'apiKeys', by: 'apiKey', values: OTTLA_API_KEYS },
    })),
    { name: 'a version to come', api: 'ApiVersions', version: 5, keep: { of: 'apiKeys', by: 'apiKey', values: [18] } },
    {
      name: 'a version far away',
      api: 'ApiVersions',
      version: 127,
      keep: { of: 'apiKeys', by: 'apiKey', values: [18] },
    },
    { name: 'a negative version', api: 'ApiVersions', version: -1, rawBody: '' },
    ...['', 'with space', '-dash', 'dash-', 'ümlaut', 'a', 'a.b-c', '1', 'a_b'].flatMap((text) => [
      ask(
        `client name '${text}'`,
        'ApiVersions',
        { clientSoftwareName: text, clientSoftwareVersion: '1' },
        {
          keep: { of: 'apiKeys', by: 'apiKey', values: [18] },
        },
      ),
      ask(
        `client version '${text}'`,
        'ApiVersions',
        { clientSoftwareName: 'a', clientSoftwareVersion: text },
        {
          keep: { of: 'apiKeys', by: 'apiKey', values: [18] },
        },
      ),
    ]),
    {
      name: 'without client id',
      api: 'ApiVersions',
      version: 0,
      clientId: null,
      keep: { of: 'apiKeys', by: 'apiKey', values: [18] },
    },
    {
      name: 'with an empty body',
      api: 'ApiVersions',
      version: 3,
      rawBody: '',
      keep: { of: 'apiKeys', by: 'apiKey', values: [18] },
    },
  ],
};

const metadata: Script = {
  name: 'metadata',
  steps: [
    createTopic('@one'),
    createTopic('@three', { partitions: 3 }),
    ...eachVersion('Metadata', () => ({
      name: 'two topics',
      body: { topics: [{ name: '@three' }, { name: '@one' }], allowAutoTopicCreation: false },
    })),
    ...eachVersion('Metadata', (version) => ({
      name: 'all topics',
      body: { topics: version === 0 ? [] : null },
      keep: { of: 'topics', by: 'name' },
      unordered: ['topics'],
    })),
    ...eachVersion('Metadata', () => ({
      name: 'no topics',
      body: { topics: [] },
      keep: { of: 'topics', by: 'name' },
      unordered: ['topics'],
    })),
    ...eachVersion('Metadata', (version) => ({
      name: 'unknown topic',
      body: { topics: [{ name: version < 4 ? '@one' : '@missing' }, { name: '@one' }], allowAutoTopicCreation: false },
    })),
    ...eachVersion('Metadata', () => ({
      name: 'authorized operations',
      body: {
        topics: [{ name: '@one' }],
        includeClusterAuthorizedOperations: true,
        includeTopicAuthorizedOperations: true,
        allowAutoTopicCreation: false,
      },
    })),
    ...eachVersion('Metadata', () => ({
      name: 'the same topic twice',
      body: { topics: [{ name: '@one' }, { name: '@one' }], allowAutoTopicCreation: false },
    })),
    ...[10, 11, 12, 13].flatMap((version) => [
      { name: 'by id', api: 'Metadata', version, body: { topics: [{ topicId: '$oneId', name: null }] } },
      {
        name: 'by id with a name',
        api: 'Metadata',
        version,
        body: { topics: [{ topicId: '$oneId', name: '@three' }] },
      },
      {
        name: 'by two ids',
        api: 'Metadata',
        version,
        body: {
          topics: [
            { topicId: '$threeId', name: null },
            { topicId: '$oneId', name: null },
          ],
        },
      },
      {
        name: 'unknown id',
        api: 'Metadata',
        version,
        body: {
          topics: [
            { topicId: UNKNOWN_ID, name: null },
            { topicId: '$oneId', name: null },
          ],
        },
      },
      {
        name: 'id and name side by side',
        api: 'Metadata',
        version,
        body: {
          topics: [
            { topicId: '$oneId', name: null },
            { topicId: ZERO_ID, name: '@three' },
          ],
        },
      },
      { name: 'neither name nor id', api: 'Metadata', version, body: { topics: [{ topicId: ZERO_ID, name: null }] } },
    ]),
    ...['', '.', '..', 'a b', '@ü', 'a/b', '@'.padEnd(242, 'x'), '@'.padEnd(240, 'x')].flatMap((topic) => [
      ask(`name '${topic.slice(0, 10)}'`, 'Metadata', { topics: [{ name: topic }], allowAutoTopicCreation: false }),
      ask(`name '${topic.slice(0, 10)}' to create`, 'Metadata', {
        topics: [{ name: topic }],
        allowAutoTopicCreation: topic.length < 100,
      }),
    ]),
    ...['__cluster_metadata', '__transaction_state', '__consumer_offsets', '__share_group_state'].map((name) =>
      ask(`internal ${name}`, 'Metadata', {
        topics: [{ name }],
        allowAutoTopicCreation: name === '__cluster_metadata',
      }),
    ),
    { name: 'creates', api: 'Metadata', version: 1, body: { topics: [{ name: '@auto1' }] } },
    { ready: '@auto1' },
    { name: 'created', api: 'Metadata', version: 1, body: { topics: [{ name: '@auto1' }] } },
    { name: 'creates', api: 'Metadata', version: 13, body: { topics: [{ name: '@auto2' }, { name: '@one' }] } },
    { ready: '@auto2' },
    { name: 'created', api: 'Metadata', version: 13, body: { topics: [{ name: '@auto2' }, { name: '@one' }] } },
    { name: 'trailing bytes', api: 'Metadata', version: 13, body: { topics: [] }, trailing: '00' },
    { name: 'trailing bytes', api: 'Metadata', version: 1, body: { topics: [] }, trailing: '00000000' },
    { name: 'cut', api: 'Metadata', version: 13, body: { topics: [{ name: '@one' }] }, cut: 1 },
    { name: 'a version to come', api: 'Metadata', version: 14, body: { topics: [] } },
    { name: 'a negative version', api: 'Metadata', version: -1, rawBody: '' },
  ],
};

const describeCluster: Script = {
  name: 'describe-cluster',
  steps: [
    ...eachVersion('DescribeCluster', () => ({ body: {} })),
    ...eachVersion('DescribeCluster', () => ({
      name: 'all there is',
      body: { includeClusterAuthorizedOperations: true, includeFencedBrokers: true },
    })),
    ...[0, 2, 3, -1].flatMap((endpointType) => [
      { name: `endpoint type ${endpointType}`, api: 'DescribeCluster', version: 1, body: { endpointType } },
      { name: `endpoint type ${endpointType}`, api: 'DescribeCluster', version: 2, body: { endpointType } },
    ]),
    { name: 'trailing bytes', api: 'DescribeCluster', version: 0, body: {}, trailing: '00' },
    { name: 'cut', api: 'DescribeCluster', version: 0, body: {}, cut: 1 },
    { name: 'a version to come', api: 'DescribeCluster', version: 3, body: {} },
  ],
};

const topics = (...names: string[]) => names.map((name) => ({ name }));

const describeTopicPartitions: Script = {
  name: 'describe-topic-partitions',
  steps: [
    createTopic('@a', { partitions: 3 }),
    createTopic('@b', { partitions: 2 }),
    createTopic('@c'),
    ask('three topics', 'DescribeTopicPartitions', { topics: topics('@c', '@a', '@b') }),
    ask('all', 'DescribeTopicPartitions', { topics: [] }, { keep: { of: 'topics', by: 'name' } }),
    ask('unknown', 'DescribeTopicPartitions', { topics: topics('@missing', '@c') }),
    ask('twice', 'DescribeTopicPartitions', { topics: topics('@c', '@c') }),
    ...['', '.', 'a b', '@'.padEnd(260, 'x')].map((name) =>
      ask(`name '${name.slice(0, 10)}'`, 'DescribeTopicPartitions', { topics: topics(name) }),
    ),
    ...[1, 2, 3, 4, 5, 6, 7, 0, -1, 2001].map((responsePartitionLimit) =>
      ask(`at most ${responsePartitionLimit}`, 'DescribeTopicPartitions', {
        topics: topics('@a', '@b', '@c'),
        responsePartitionLimit,
      }),
    ),
    ...[
      ['@a', 0],
      ['@a', 2],
      ['@a', 3],
      ['@a', 99],
      ['@a', -1],
      ['@b', 1],
      ['@c', 0],
      ['@missing', 0],
      ['@d', 0],
      ['', 0],
    ].flatMap(([topicName, partitionIndex]) => [
      ask(`from ${topicName} ${partitionIndex}`, 'DescribeTopicPartitions', {
        topics: topics('@a', '@b', '@c'),
        responsePartitionLimit: 3,
        cursor: { topicName, partitionIndex },
      }),
    ]),
    ask(
      'all from',
      'DescribeTopicPartitions',
      { topics: [], cursor: { topicName: '@b', partitionIndex: 1 } },
      { keep: { of: 'topics', by: 'name' } },
    ),
    {
      name: 'trailing bytes',
      api: 'DescribeTopicPartitions',
      version: 0,
      body: { topics: [] },
      trailing: '00',
      keep: { of: 'topics', by: 'name' },
    },
    { name: 'cut', api: 'DescribeTopicPartitions', version: 0, body: { topics: topics('@a') }, cut: 1 },
  ],
};

const findCoordinator: Script = {
  name: 'find-coordinator',
  steps: [
    ...eachVersion('FindCoordinator', () => ({ body: { key: '@group', coordinatorKeys: ['@group', '@other'] } })),
    ...eachVersion('FindCoordinator', () => ({ name: 'empty key', body: { key: '', coordinatorKeys: [''] } })),
    ...eachVersion('FindCoordinator', () => ({
      name: 'the same key twice',
      body: { key: '@g', coordinatorKeys: ['@g', '@g'] },
    })),
    ...eachVersion('FindCoordinator', () => ({ name: 'no key', body: { coordinatorKeys: [] } })),
    ...[1, 2, 3, 4, 5, 6].flatMap((version) =>
      [3, -1, 100].map((keyType) => ({
        name: `key type ${keyType}`,
        api: 'FindCoordinator',
        version,
        body: { key: '@key', keyType, coordinatorKeys: ['@key', '@other'] },
      })),
    ),
    ...[4, 5, 6].flatMap((version) =>
      ['', 'a', 'a:b', 'a:b:c', '@group:hloYyovRSj-Y0Z7LtQuJ3A:x', '@group:not-an-id:0'].map((key) => ({
        name: `share key '${key}'`,
        api: 'FindCoordinator',
        version,
        body: { keyType: 2, coordinatorKeys: [key] },
      })),
    ),
    { name: 'trailing bytes', api: 'FindCoordinator', version: 0, body: { key: '@group' }, trailing: '00' },
    {
      name: 'trailing bytes',
      api: 'FindCoordinator',
      version: 6,
      body: { coordinatorKeys: ['@group'] },
      trailing: '00',
    },
    { name: 'cut', api: 'FindCoordinator', version: 2, body: { key: '@group' }, cut: 1 },
  ],
};

export const clusterScripts: readonly Script[] = [
  apiVersions,
  metadata,
  describeCluster,
  describeTopicPartitions,
  findCoordinator,
];
