// CreateTopics, DeleteTopics, CreatePartitions.

import { versionsOf } from '../../../support/raw-client.ts';
import { ask, createTopic, eachVersion, newestVersion, type RequestStep, type Script } from '../script.ts';

const UNKNOWN_ID = 'hloYyovRSj-Y0Z7LtQuJ3A';
const ZERO_ID = 'AAAAAAAAAAAAAAAAAAAAAA';

type Configs = Readonly<Record<string, string | null>>;

function newTopic(
  name: string,
  options: { partitions?: number; factor?: number; assignments?: object[]; configs?: Configs } = {},
) {
  const assigned = options.assignments !== undefined;
  return {
    name,
    numPartitions: options.partitions ?? (assigned ? -1 : 1),
    replicationFactor: options.factor ?? (assigned ? -1 : 1),
    assignments: options.assignments ?? [],
    configs: Object.entries(options.configs ?? {}).map(([key, value]) => ({ name: key, value })),
  };
}

const assignment = (...lists: number[][]) => lists.map((brokerIds, partitionIndex) => ({ partitionIndex, brokerIds }));

/** A request that must not create anything, in the newest version and, where errors are told differently, the oldest. */
const create = (name: string, ...topics: object[]): RequestStep[] =>
  [2, newestVersion('CreateTopics')].map((version) => ({
    name,
    api: 'CreateTopics',
    version,
    body: { topics, timeoutMs: 30_000 },
    unordered: ['topics'],
  }));

const createTopics: Script = {
  name: 'create-topics',
  steps: [
    ...eachVersion('CreateTopics', (version) => ({
      name: 'checked only',
      body: {
        topics: [newTopic('@checked', { partitions: 2, configs: { 'cleanup.policy': 'compact' } })],
        timeoutMs: 30_000,
        validateOnly: true,
      },
      unordered: ['topics', ...(version >= 5 ? ['topics.*.configs'] : [])],
    })),
    ...eachVersion('CreateTopics', (version) => ({
      name: 'created',
      body: {
        topics: [
          newTopic(`@v${version}`, {
            partitions: 2,
            configs: { 'retention.ms': '100000', 'min.insync.replicas': '1' },
          }),
        ],
        timeoutMs: 30_000,
      },
      unordered: version >= 5 ? ['topics.*.configs'] : [],
    })),
    ...eachVersion('CreateTopics', (version) => ({
      name: 'there already',
      body: { topics: [newTopic('@v2')], timeoutMs: 30_000, validateOnly: version % 2 === 0 },
    })),
    ...eachVersion('CreateTopics', (version) => ({
      name: 'broker defaults',
      body: {
        topics: [newTopic(`@default${version}`, { partitions: -1, factor: -1 })],
        timeoutMs: 30_000,
        validateOnly: true,
      },
      unordered: version >= 5 ? ['topics.*.configs'] : [],
    })),
    ...eachVersion('CreateTopics', (version) => ({
      name: 'assigned',
      body: { topics: [newTopic(`@assigned${version}`, { assignments: assignment([1], [1]) })], timeoutMs: 30_000 },
      unordered: version >= 5 ? ['topics.*.configs'] : [],
    })),
    ...create('no topics'),
    ...create('0 partitions', newTopic('@bad', { partitions: 0 })),
    ...create('-2 partitions', newTopic('@bad', { partitions: -2 })),
    ...create('factor 0', newTopic('@bad', { factor: 0 })),
    ...create('factor -2', newTopic('@bad', { factor: -2 })),
    ...create('factor 2', newTopic('@bad', { factor: 2 })),
    ...create('10001 partitions', newTopic('@bad', { partitions: 10_001 })),
    ...['', '.', '..', 'a b', 'a/b', '@ü', '@'.padEnd(250, 'x')].flatMap((name) =>
      create(`name '${name.slice(0, 10)}'`, newTopic(name)),
    ),
    ...create('the metadata topic', newTopic('__cluster_metadata')),
    ...create('an internal topic', newTopic('__consumer_offsets')),
    ...create('twice', newTopic('@twice'), newTopic('@twice', { partitions: 2 })),
    ...create('twice and a bad one', newTopic('@twice'), newTopic('@twice'), newTopic('@bad', { factor: 3 })),
    ...create('a period collides with an underscore', newTopic('@v2')),
    ask(
      'with a period',
      'CreateTopics',
      { topics: [newTopic('@p.q')], timeoutMs: 30_000 },
      { unordered: ['topics.*.configs'] },
    ),
    ...create('with an underscore', newTopic('@p_q')),
    ...create('partitions and an assignment', newTopic('@bad', { partitions: 1, assignments: assignment([1]) })),
    ...create('a factor and an assignment', newTopic('@bad', { factor: 1, assignments: assignment([1]) })),
    ...create('unknown broker', newTopic('@bad', { assignments: assignment([7]) })),
    ...create('no broker', newTopic('@bad', { assignments: assignment([]) })),
    ...create('the same broker twice', newTopic('@bad', { assignments: assignment([1, 1]) })),
    ...create('different factors', newTopic('@bad', { assignments: assignment([1], [1, 2]) })),
    ...create('negative broker', newTopic('@bad', { assignments: assignment([-1]) })),
    ...create('gap in the assignment', newTopic('@bad', { assignments: [{ partitionIndex: 1, brokerIds: [1] }] })),
    ...create(
      'gap behind',
      newTopic('@bad', {
        assignments: [
          { partitionIndex: 0, brokerIds: [1] },
          { partitionIndex: 2, brokerIds: [1] },
        ],
      }),
    ),
    ...create('negative partition', newTopic('@bad', { assignments: [{ partitionIndex: -1, brokerIds: [1] }] })),
    ...create(
      'partition twice',
      newTopic('@bad', {
        assignments: [
          { partitionIndex: 0, brokerIds: [1] },
          { partitionIndex: 0, brokerIds: [1] },
        ],
      }),
    ),
    ...(
      [
        ['unknown.key', '1'],
        ['', '1'],
        ['retention.ms', 'abc'],
        ['retention.ms', null],
        ['retention.ms', ''],
        ['retention.ms', '-2'],
        ['retention.ms', ' 5 '],
        ['cleanup.policy', 'nonsense'],
        ['cleanup.policy', ''],
        ['cleanup.policy', 'compact,compact'],
        ['segment.bytes', '1024'],
        ['segment.bytes', '1.5'],
        ['segment.bytes', '99999999999'],
        ['min.insync.replicas', '0'],
        ['compression.type', 'LZ4'],
        ['compression.gzip.level', '0'],
        ['compression.gzip.level', '10'],
        ['message.timestamp.type', 'createtime'],
        ['preallocate', 'yes'],
        ['preallocate', 'TRUE'],
        ['unclean.leader.election.enable', ''],
        ['min.cleanable.dirty.ratio', '1.5'],
        ['min.cleanable.dirty.ratio', 'x'],
        ['max.message.bytes', '-1'],
        ['leader.replication.throttled.replicas', 'abc'],
        ['leader.replication.throttled.replicas', '0:1'],
        ['follower.replication.throttled.replicas', '*'],
        ['message.format.version', '3.0'],
        ['remote.storage.enable', 'true'],
        ['local.retention.ms', '1000'],
        ['segment.ms', '0'],
        ['delete.retention.ms', '-1'],
        ['min.compaction.lag.ms', '10'],
        ['flush.messages', '0'],
        ['index.interval.bytes', '-1'],
        ['internal.segment.bytes', '1000'],
      ] as const
    ).map(([key, value]) =>
      ask(
        `${key}=${value}`,
        'CreateTopics',
        { topics: [newTopic('@config', { configs: { [key]: value } })], timeoutMs: 30_000, validateOnly: true },
        {
          unordered: ['topics.*.configs'],
        },
      ),
    ),
    ask('two settings that exclude each other', 'CreateTopics', {
      topics: [newTopic('@bad', { configs: { 'min.compaction.lag.ms': '100', 'max.compaction.lag.ms': '10' } })],
      timeoutMs: 30_000,
    }),
    ask(
      'the same setting twice',
      'CreateTopics',
      {
        topics: [
          {
            ...newTopic('@bad'),
            configs: [
              { name: 'retention.ms', value: '1' },
              { name: 'retention.ms', value: '2' },
            ],
          },
        ],
        timeoutMs: 30_000,
        validateOnly: true,
      },
      { unordered: ['topics.*.configs'] },
    ),
    ask(
      'good and bad',
      'CreateTopics',
      {
        topics: [newTopic('@good'), newTopic('@bad', { factor: 4 }), newTopic('@v2'), newTopic('a b')],
        timeoutMs: 30_000,
      },
      { unordered: ['topics', 'topics.*.configs'] },
    ),
    ask('no time', 'CreateTopics', { topics: [newTopic('@no-time'), newTopic('a b')], timeoutMs: 0 }),
    ask('less than no time', 'CreateTopics', { topics: [newTopic('@no-time')], timeoutMs: -1 }),
    ask('no time, checked only', 'CreateTopics', { topics: [newTopic('@no-time')], timeoutMs: 0, validateOnly: true }),
    ask('created all the same?', 'Metadata', { topics: [{ name: '@no-time' }], allowAutoTopicCreation: false }),
    {
      name: 'trailing bytes',
      api: 'CreateTopics',
      version: 2,
      body: { topics: [newTopic('@trailing')], timeoutMs: 30_000 },
      trailing: '00',
    },
    {
      name: 'trailing bytes',
      api: 'CreateTopics',
      version: 7,
      body: { topics: [newTopic('@trailing7')], timeoutMs: 30_000 },
      trailing: '00',
      unordered: ['topics.*.configs'],
    },
    { name: 'cut', api: 'CreateTopics', version: 7, body: { topics: [newTopic('@cut')], timeoutMs: 30_000 }, cut: 1 },
    { name: 'removed version', api: 'CreateTopics', version: 1, rawBody: '00000000000075300000' },
  ],
};

const deleteTopics: Script = {
  name: 'delete-topics',
  steps: [
    ...versionsOf('DeleteTopics').map((version) => createTopic(`@v${version}`)),
    ...eachVersion('DeleteTopics', (version) => ({
      name: 'one of two is there',
      body: {
        topicNames: [`@v${version}`, '@missing'],
        topics: [{ name: `@v${version}` }, { name: '@missing' }],
        timeoutMs: 30_000,
      },
      unordered: ['responses'],
    })),
    ...eachVersion('DeleteTopics', () => ({
      name: 'twice',
      body: {
        topicNames: ['@missing', '@missing'],
        topics: [{ name: '@missing' }, { name: '@missing' }],
        timeoutMs: 30_000,
      },
      unordered: ['responses'],
    })),
    ...eachVersion('DeleteTopics', () => ({ name: 'none', body: { topicNames: [], topics: [], timeoutMs: 30_000 } })),
    ...eachVersion('DeleteTopics', () => ({
      name: 'empty name',
      body: { topicNames: [''], topics: [{ name: '' }], timeoutMs: 30_000 },
    })),
    ...eachVersion('DeleteTopics', () => ({
      name: 'bad name',
      body: { topicNames: ['a b'], topics: [{ name: 'a b' }], timeoutMs: 30_000 },
    })),
    createTopic('@by-id'),
    createTopic('@both'),
    createTopic('@stays'),
    ask(
      'name and id',
      'DeleteTopics',
      { topics: [{ name: '@both', topicId: '$bothId' }], timeoutMs: 30_000 },
      { unordered: ['responses'] },
    ),
    ask('neither', 'DeleteTopics', { topics: [{ name: null, topicId: ZERO_ID }], timeoutMs: 30_000 }),
    ask('unknown id', 'DeleteTopics', { topics: [{ name: null, topicId: UNKNOWN_ID }], timeoutMs: 30_000 }),
    ask('unknown id twice', 'DeleteTopics', {
      topics: [{ topicId: UNKNOWN_ID }, { topicId: UNKNOWN_ID }],
      timeoutMs: 30_000,
    }),
    ask(
      'by id and by name at once',
      'DeleteTopics',
      { topics: [{ topicId: '$staysId' }, { name: '@stays' }], timeoutMs: 30_000 },
      { unordered: ['responses'] },
    ),
    ask(
      'by name and by id at once',
      'DeleteTopics',
      { topics: [{ name: '@both' }, { topicId: '$bothId' }], timeoutMs: 30_000 },
      { unordered: ['responses'] },
    ),
    ask('by id', 'DeleteTopics', { topics: [{ topicId: '$by-idId' }], timeoutMs: 30_000 }),
    ask('by id again', 'DeleteTopics', { topics: [{ topicId: '$by-idId' }], timeoutMs: 30_000 }),
    createTopic('@no-time'),
    ask(
      'no time',
      'DeleteTopics',
      { topics: [{ name: '@no-time' }, { name: '@missing' }], timeoutMs: 0 },
      { unordered: ['responses'] },
    ),
    ask('less than no time', 'DeleteTopics', { topics: [{ name: '@no-time' }], timeoutMs: -1 }),
    ask('what is left', 'Metadata', { topics: null }, { keep: { of: 'topics', by: 'name' }, unordered: ['topics'] }),
    {
      name: 'trailing bytes',
      api: 'DeleteTopics',
      version: 1,
      body: { topicNames: [], timeoutMs: 30_000 },
      trailing: '00',
    },
    {
      name: 'trailing bytes',
      api: 'DeleteTopics',
      version: 6,
      body: { topics: [], timeoutMs: 30_000 },
      trailing: '00',
    },
    { name: 'cut', api: 'DeleteTopics', version: 6, body: { topics: [], timeoutMs: 30_000 }, cut: 1 },
  ],
};

const partitions = (name: string, count: number, assignments: number[][] | null = null) => ({
  name,
  count,
  assignments: assignments?.map((brokerIds) => ({ brokerIds })) ?? null,
});

const createPartitions: Script = {
  name: 'create-partitions',
  steps: [
    createTopic('@t'),
    createTopic('@u'),
    ...eachVersion('CreatePartitions', (version) => ({
      name: 'one more',
      body: { topics: [partitions('@t', version + 2)], timeoutMs: 30_000 },
    })),
    ...eachVersion('CreatePartitions', () => ({
      name: 'checked only',
      body: { topics: [partitions('@u', 5)], timeoutMs: 30_000, validateOnly: true },
    })),
    ...eachVersion('CreatePartitions', () => ({
      name: 'fewer',
      body: { topics: [partitions('@t', 2)], timeoutMs: 30_000 },
    })),
    ...eachVersion('CreatePartitions', () => ({
      name: 'as many',
      body: { topics: [partitions('@t', 5)], timeoutMs: 30_000 },
    })),
    ...eachVersion('CreatePartitions', () => ({
      name: 'unknown topic',
      body: { topics: [partitions('@missing', 5)], timeoutMs: 30_000 },
    })),
    ...eachVersion('CreatePartitions', () => ({
      name: 'twice',
      body: { topics: [partitions('@u', 5), partitions('@u', 6)], timeoutMs: 30_000 },
      unordered: ['results'],
    })),
    ...eachVersion('CreatePartitions', () => ({ name: 'none', body: { topics: [], timeoutMs: 30_000 } })),
    // More than 10,000 at once is not asked: Apache Kafka answers with an error, and creates the first 10,000.
    ...[0, -1].map((count) =>
      ask(`count ${count}`, 'CreatePartitions', { topics: [partitions('@u', count)], timeoutMs: 30_000 }),
    ),
    ask('bad name', 'CreatePartitions', { topics: [partitions('a b', 3)], timeoutMs: 30_000 }),
    ask('empty name', 'CreatePartitions', { topics: [partitions('', 3)], timeoutMs: 30_000 }),
    ask('internal topic', 'CreatePartitions', { topics: [partitions('__consumer_offsets', 1)], timeoutMs: 30_000 }),
    ...(
      [
        ['assigned', 2, [[1]]],
        ['too few lists', 5, [[1]]],
        ['too many lists', 3, [[1], [1]]],
        ['no lists', 3, []],
        ['empty list', 3, [[]]],
        ['unknown broker', 3, [[9]]],
        ['same broker twice', 3, [[1, 1]]],
        ['other factor', 3, [[1, 2]]],
        ['negative broker', 3, [[-1]]],
      ] as const
    ).map(([name, count, lists]) =>
      ask(name, 'CreatePartitions', {
        topics: [partitions('@u', count, lists as unknown as number[][])],
        timeoutMs: 30_000,
      }),
    ),
    ask(
      'good and bad',
      'CreatePartitions',
      { topics: [partitions('@missing', 3), partitions('@u', 3)], timeoutMs: 30_000 },
      { unordered: ['results'] },
    ),
    ask(
      'no time',
      'CreatePartitions',
      { topics: [partitions('@u', 4), partitions('@missing', 4)], timeoutMs: 0 },
      { unordered: ['results'] },
    ),
    ask('less than no time', 'CreatePartitions', { topics: [partitions('@u', 4)], timeoutMs: -1 }),
    ask('what is there', 'DescribeTopicPartitions', { topics: [{ name: '@t' }, { name: '@u' }] }),
    {
      name: 'trailing bytes',
      api: 'CreatePartitions',
      version: 0,
      body: { topics: [], timeoutMs: 30_000 },
      trailing: '00',
    },
    {
      name: 'trailing bytes',
      api: 'CreatePartitions',
      version: 3,
      body: { topics: [], timeoutMs: 30_000 },
      trailing: '00',
    },
    { name: 'cut', api: 'CreatePartitions', version: 3, body: { topics: [], timeoutMs: 30_000 }, cut: 1 },
  ],
};

export const topicScripts: readonly Script[] = [createTopics, deleteTopics, createPartitions];
