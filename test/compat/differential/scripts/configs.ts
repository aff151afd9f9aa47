// DescribeConfigs, AlterConfigs, IncrementalAlterConfigs.

import { ask, createTopic, eachVersion, type RequestStep, type Script } from '../script.ts';

const TOPIC = 2;
const BROKER = 4;
const BROKER_LOGGER = 8;
const CLIENT_METRICS = 16;
const GROUP = 32;
const SET = 0;
const DELETE = 1;
const APPEND = 2;
const SUBTRACT = 3;

/** Described settings come in the order of a hash table. */
const UNORDERED = ['results.*.configs'];

const resource = (resourceType: number, resourceName: string, configurationKeys: string[] | null = null) => ({
  resourceType,
  resourceName,
  configurationKeys,
});

const describeConfigs: Script = {
  name: 'describe-configs',
  steps: [
    createTopic('@t', { configs: { 'retention.ms': '5000', 'cleanup.policy': 'compact,delete' } }),
    ...eachVersion('DescribeConfigs', () => ({
      name: 'topic',
      body: { resources: [resource(TOPIC, '@t')] },
      unordered: UNORDERED,
    })),
    ...eachVersion('DescribeConfigs', () => ({
      name: 'topic, all there is',
      body: { resources: [resource(TOPIC, '@t')], includeSynonyms: true, includeDocumentation: true },
      unordered: UNORDERED,
    })),
    ...eachVersion('DescribeConfigs', () => ({
      name: 'keys',
      body: {
        resources: [resource(TOPIC, '@t', ['retention.ms', 'unknown.key', 'retention.ms', 'segment.bytes'])],
        includeSynonyms: true,
      },
      unordered: UNORDERED,
    })),
    ...eachVersion('DescribeConfigs', () => ({
      name: 'no keys',
      body: { resources: [resource(TOPIC, '@t', [])] },
      unordered: UNORDERED,
    })),
    ...eachVersion('DescribeConfigs', () => ({
      name: 'unknown topic',
      body: { resources: [resource(TOPIC, '@missing')] },
    })),
    ...eachVersion('DescribeConfigs', () => ({ name: 'none', body: { resources: [] } })),
    ...['', 'a b', '.'].map((name) =>
      ask(`topic '${name}'`, 'DescribeConfigs', { resources: [resource(TOPIC, name)] }),
    ),
    ask(
      'broker',
      'DescribeConfigs',
      { resources: [resource(BROKER, '1')], includeSynonyms: true },
      { unordered: UNORDERED },
    ),
    ask(
      'broker, keys',
      'DescribeConfigs',
      {
        resources: [
          resource(BROKER, '1', ['log.retention.ms', 'num.partitions', 'log.cleaner.threads', 'advertised.listeners']),
        ],
        includeSynonyms: true,
      },
      { unordered: UNORDERED },
    ),
    ask(
      'cluster default',
      'DescribeConfigs',
      { resources: [resource(BROKER, '')], includeSynonyms: true },
      { unordered: UNORDERED },
    ),
    ...['2', 'abc', '-1', '01', ' 1'].map((name) =>
      ask(`broker '${name}'`, 'DescribeConfigs', { resources: [resource(BROKER, name, [])] }, { unordered: UNORDERED }),
    ),
    ...['', '2', 'abc'].map((name) =>
      ask(`logger of '${name}'`, 'DescribeConfigs', { resources: [resource(BROKER_LOGGER, name, [])] }),
    ),
    ask(
      'logger',
      'DescribeConfigs',
      { resources: [resource(BROKER_LOGGER, '1', ['root'])], includeSynonyms: true },
      { unordered: UNORDERED },
    ),
    ...['@group', ''].map((name) =>
      ask(
        `group '${name}'`,
        'DescribeConfigs',
        { resources: [resource(GROUP, name)], includeSynonyms: true },
        { unordered: UNORDERED },
      ),
    ),
    ...['@metrics', ''].map((name) =>
      ask(
        `client metrics '${name}'`,
        'DescribeConfigs',
        { resources: [resource(CLIENT_METRICS, name)], includeSynonyms: true },
        { unordered: UNORDERED },
      ),
    ),
    ...[0, 1, 3, 64, -1].map((type) =>
      ask(`resource type ${type}`, 'DescribeConfigs', { resources: [resource(type, '@x')] }),
    ),
    ask(
      'several',
      'DescribeConfigs',
      { resources: [resource(TOPIC, '@missing'), resource(TOPIC, '@t', ['retention.ms']), resource(BROKER, '9', [])] },
      { unordered: ['results'] },
    ),
    ask('twice', 'DescribeConfigs', {
      resources: [resource(TOPIC, '@t', ['retention.ms']), resource(TOPIC, '@t', ['segment.ms'])],
    }),
    { name: 'trailing bytes', api: 'DescribeConfigs', version: 1, body: { resources: [] }, trailing: '00' },
    { name: 'trailing bytes', api: 'DescribeConfigs', version: 4, body: { resources: [] }, trailing: '00' },
    { name: 'cut', api: 'DescribeConfigs', version: 4, body: { resources: [] }, cut: 1 },
  ],
};

type Change = readonly [operation: number, name: string, value: string | null];

const change = (resourceType: number, resourceName: string, ...changes: readonly Change[]) => ({
  resourceType,
  resourceName,
  configs: changes.map(([configOperation, name, value]) => ({ configOperation, name, value })),
});

const alter = (name: string, ...resources: object[]): RequestStep =>
  ask(name, 'IncrementalAlterConfigs', { resources }, { unordered: ['responses'] });

const check = (name: string, ...resources: object[]): RequestStep =>
  ask(
    `${name} (checked only)`,
    'IncrementalAlterConfigs',
    { resources, validateOnly: true },
    { unordered: ['responses'] },
  );

const described = (name: string): RequestStep =>
  ask(
    `after ${name}`,
    'DescribeConfigs',
    { resources: [resource(TOPIC, '@t')], includeSynonyms: true },
    { unordered: UNORDERED },
  );

const incrementalAlterConfigs: Script = {
  name: 'incremental-alter-configs',
  steps: [
    createTopic('@t'),
    ...eachVersion('IncrementalAlterConfigs', () => ({
      name: 'set',
      body: { resources: [change(TOPIC, '@t', [SET, 'retention.ms', '1000'])] },
    })),
    ...eachVersion('IncrementalAlterConfigs', () => ({
      name: 'checked only',
      body: { resources: [change(TOPIC, '@t', [SET, 'retention.ms', '2000'])], validateOnly: true },
    })),
    described('set'),
    alter('append', change(TOPIC, '@t', [APPEND, 'cleanup.policy', 'compact'])),
    described('append'),
    alter('append what is there', change(TOPIC, '@t', [APPEND, 'cleanup.policy', 'compact'])),
    alter('subtract', change(TOPIC, '@t', [SUBTRACT, 'cleanup.policy', 'delete'])),
    described('subtract'),
    alter('subtract what is not there', change(TOPIC, '@t', [SUBTRACT, 'cleanup.policy', 'delete'])),
    alter('subtract the last', change(TOPIC, '@t', [SUBTRACT, 'cleanup.policy', 'compact'])),
    described('subtract the last'),
    alter('delete', change(TOPIC, '@t', [DELETE, 'retention.ms', null], [DELETE, 'cleanup.policy', null])),
    alter('delete what is not set', change(TOPIC, '@t', [DELETE, 'segment.ms', null])),
    alter('delete an unknown key', change(TOPIC, '@t', [DELETE, 'unknown.key', null])),
    alter('delete with a value', change(TOPIC, '@t', [DELETE, 'segment.ms', '5'])),
    described('delete'),
    alter('set null', change(TOPIC, '@t', [SET, 'retention.ms', null])),
    alter('append null', change(TOPIC, '@t', [APPEND, 'cleanup.policy', null])),
    alter('subtract null', change(TOPIC, '@t', [SUBTRACT, 'cleanup.policy', null])),
    alter('append to what is no list', change(TOPIC, '@t', [APPEND, 'retention.ms', '1'])),
    alter('subtract from what is no list', change(TOPIC, '@t', [SUBTRACT, 'retention.ms', '1'])),
    alter('append to an unknown key', change(TOPIC, '@t', [APPEND, 'unknown.key', '1'])),
    // An unknown operation is not asked: Apache Kafka's controller fails at it and resigns.
    alter('empty key', change(TOPIC, '@t', [SET, '', '1'])),
    alter('the same key twice', change(TOPIC, '@t', [SET, 'retention.ms', '1'], [SET, 'retention.ms', '2'])),
    alter('the same key in two ways', change(TOPIC, '@t', [SET, 'retention.ms', '1'], [DELETE, 'retention.ms', null])),
    alter(
      'the same resource twice',
      change(TOPIC, '@t', [SET, 'retention.ms', '1']),
      change(TOPIC, '@t', [SET, 'segment.ms', '2000']),
    ),
    alter(
      'good and bad',
      change(TOPIC, '@missing', [SET, 'retention.ms', '1']),
      change(TOPIC, '@t', [SET, 'retention.ms', '7000']),
    ),
    described('good and bad'),
    alter('nothing'),
    alter('no changes', change(TOPIC, '@t')),
    alter('no changes of a missing topic', change(TOPIC, '@missing')),
    ...(
      [
        ['unknown.key', '1'],
        ['retention.ms', 'abc'],
        ['retention.ms', '-2'],
        ['cleanup.policy', 'x'],
        ['cleanup.policy', ''],
        ['cleanup.policy', 'delete,delete'],
        ['cleanup.policy', 'delete,'],
        ['cleanup.policy', ' compact , delete '],
        ['leader.replication.throttled.replicas', '0:1,0:1'],
        ['leader.replication.throttled.replicas', ''],
        ['segment.bytes', '1'],
        ['min.insync.replicas', '0'],
        ['min.insync.replicas', '2'],
        ['compression.type', 'brotli'],
        ['max.message.bytes', '1.0'],
        ['leader.replication.throttled.replicas', '0:1,x'],
        ['message.timestamp.type', ''],
        ['remote.storage.enable', 'true'],
        ['remote.storage.enable', 'maybe'],
        ['retention.bytes', '9223372036854775807'],
        ['retention.bytes', '9223372036854775808'],
      ] as const
    ).map(([key, value]) => check(`${key}=${value}`, change(TOPIC, '@t', [SET, key, value]))),
    check(
      'exclusive',
      change(TOPIC, '@t', [SET, 'min.compaction.lag.ms', '100'], [SET, 'max.compaction.lag.ms', '10']),
    ),
    ...['', 'a b', '.', '@missing'].map((name) =>
      check(`topic '${name}'`, change(TOPIC, name, [SET, 'retention.ms', '1000'])),
    ),
    ...['2', 'abc', '-1', ' 1', '01'].map((name) =>
      check(`broker '${name}'`, change(BROKER, name, [SET, 'log.retention.ms', '1000'])),
    ),
    ...[0, 1, 3, 64, -1].map((type) =>
      check(`resource type ${type}`, change(type, '@t', [SET, 'retention.ms', '1000'])),
    ),
    ...(
      [
        ['1', 'log.cleaner.threads', '2'],
        ['1', 'log.cleaner.threads', '0'],
        ['1', 'log.cleaner.threads', 'x'],
        ['1', 'num.io.threads', '100'],
        ['', 'num.io.threads', '100'],
        ['', 'num.io.threads', '9'],
        ['1', 'unknown.key', '1'],
        ['', 'unknown.key', '1'],
        ['', 'node.id', '5'],
        ['1', 'node.id', '5'],
        ['1', 'log.dirs', '/x'],
        ['1', 'num.partitions', '3'],
        ['', 'min.insync.replicas', '0'],
        ['1', 'min.insync.replicas', '1'],
        ['', 'message.max.bytes', '-5'],
        ['', 'log.retention.ms', '1000'],
        ['1', 'max.connections', '5'],
        ['', 'max.connections.per.ip.overrides', '127.0.0.1:5'],
        ['', 'max.connections.per.ip.overrides', 'x'],
        ['1', 'advertised.listeners', 'PLAINTEXT://x:1'],
        ['', 'advertised.listeners', 'PLAINTEXT://x:1'],
        ['1', 'log.segment.bytes', '5'],
        ['1', 'unclean.leader.election.enable', 'true'],
        ['', 'log.cleanup.policy', 'abc'],
        ['', 'log.cleanup.policy', 'compact,compact'],
        ['', 'log.cleanup.policy', ''],
        ['', 'max.connections.per.ip.overrides', '127.0.0.1:'],
        ['', 'max.connections.per.ip.overrides', ':5'],
        ['', 'max.connections.per.ip.overrides', '127.0.0.1:x'],
        ['', 'max.connections.per.ip.overrides', '127.0.0.1:5,127.0.0.2'],
        ['', 'max.connections.per.ip.overrides', '127.0.0.1:5:6'],
        ['', 'max.connections.per.ip.overrides', '127.0.0.1:-1'],
        ['', 'max.connections.per.ip.overrides', ' 127.0.0.1 : 5 '],
        ['1', 'log.cleaner.threads', '9'],
        ['', 'group.consumer.session.timeout.ms', '1'],
      ] as const
    ).map(([name, key, value]) => check(`broker '${name}' ${key}=${value}`, change(BROKER, name, [SET, key, value]))),
    ...(
      [
        ['@g', 'consumer.session.timeout.ms', '46000'],
        ['@g', 'consumer.session.timeout.ms', '1'],
        ['@g', 'consumer.session.timeout.ms', 'x'],
        ['@g', 'consumer.session.timeout.ms', '100000000'],
        ['@g', 'consumer.heartbeat.interval.ms', '50000'],
        ['@g', 'unknown', '1'],
        ['', 'consumer.session.timeout.ms', '46000'],
        ['@g', 'share.record.lock.duration.ms', '1'],
        ['@g', 'streams.num.standby.replicas', '1'],
        ['@g', 'share.auto.offset.reset', 'by_duration:PT1H'],
        ['@g', 'share.auto.offset.reset', 'nonsense'],
      ] as const
    ).map(([name, key, value]) => check(`group '${name}' ${key}=${value}`, change(GROUP, name, [SET, key, value]))),
    ...(
      [
        ['@m', 'interval.ms', '1000'],
        ['@m', 'interval.ms', '99'],
        ['@m', 'interval.ms', '3600001'],
        ['@m', 'metrics', 'org.apache.kafka'],
        ['@m', 'match', 'client_id=x'],
        ['@m', 'match', 'nonsense'],
        ['@m', 'match', 'unknown=x'],
        ['@m', 'match', 'client_id=('],
        ['@m', 'unknown', '1'],
        ['', 'interval.ms', '1000'],
      ] as const
    ).map(([name, key, value]) =>
      check(`client metrics '${name}' ${key}=${value}`, change(CLIENT_METRICS, name, [SET, key, value])),
    ),
    ...(
      [
        ['1', SET, 'root', 'LOUD'],
        ['1', SET, 'no.such.logger', 'DEBUG'],
        ['1', DELETE, 'root', null],
        ['1', APPEND, 'root', 'INFO'],
        ['1', SET, 'root', 'INFO'],
        ['1', SET, 'root', 'info'],
        ['2', SET, 'root', 'INFO'],
        ['', SET, 'root', 'INFO'],
        ['x', SET, 'root', 'INFO'],
      ] as const
    ).map(([name, operation, key, value]) =>
      check(`logger of '${name}' ${operation} ${key}=${value}`, change(BROKER_LOGGER, name, [operation, key, value])),
    ),
    { name: 'trailing bytes', api: 'IncrementalAlterConfigs', version: 0, body: { resources: [] }, trailing: '00' },
    { name: 'trailing bytes', api: 'IncrementalAlterConfigs', version: 1, body: { resources: [] }, trailing: '00' },
    { name: 'cut', api: 'IncrementalAlterConfigs', version: 1, body: { resources: [] }, cut: 1 },
  ],
};

const replace = (resourceType: number, resourceName: string, configs: Readonly<Record<string, string | null>>) => ({
  resourceType,
  resourceName,
  configs: Object.entries(configs).map(([name, value]) => ({ name, value })),
});

const whole = (name: string, ...resources: object[]): RequestStep =>
  ask(name, 'AlterConfigs', { resources }, { unordered: ['responses'] });

const alterConfigs: Script = {
  name: 'alter-configs',
  steps: [
    createTopic('@t', { configs: { 'segment.ms': '5000' } }),
    ...eachVersion('AlterConfigs', () => ({
      name: 'checked only',
      body: { resources: [replace(TOPIC, '@t', { 'retention.ms': '5' })], validateOnly: true },
    })),
    described('checking'),
    ...eachVersion('AlterConfigs', () => ({
      name: 'set',
      body: { resources: [replace(TOPIC, '@t', { 'retention.ms': '5' })] },
    })),
    described('setting'),
    whole('clear', replace(TOPIC, '@t', {})),
    described('clearing'),
    whole('null', replace(TOPIC, '@t', { 'retention.ms': null })),
    whole('unknown key', replace(TOPIC, '@t', { 'unknown.key': '1' })),
    whole('bad value', replace(TOPIC, '@t', { 'retention.ms': 'x' })),
    whole('unknown topic', replace(TOPIC, '@missing', { 'retention.ms': '1' })),
    // The same resource twice is not asked: Apache Kafka's handler dies and never answers.
    whole('key twice', {
      resourceType: TOPIC,
      resourceName: '@t',
      configs: [
        { name: 'segment.ms', value: '1000' },
        { name: 'segment.ms', value: '2000' },
      ],
    }),
    described('key twice'),
    whole('nothing'),
    ...[0, 1, 3, 8, 64, -1].map((type) => whole(`resource type ${type}`, replace(type, '@t', { 'retention.ms': '1' }))),
    ...['2', 'abc'].map((name) => whole(`broker '${name}'`, replace(BROKER, name, { 'log.retention.ms': '1000' }))),
    whole('logger', replace(BROKER_LOGGER, '1', { root: 'INFO' })),
    whole('good and bad', replace(TOPIC, '@missing', {}), replace(TOPIC, '@t', { 'retention.ms': '3000' })),
    described('good and bad'),
    { name: 'trailing bytes', api: 'AlterConfigs', version: 0, body: { resources: [] }, trailing: '00' },
    { name: 'trailing bytes', api: 'AlterConfigs', version: 2, body: { resources: [] }, trailing: '00' },
    { name: 'cut', api: 'AlterConfigs', version: 2, body: { resources: [] }, cut: 1 },
  ],
};

const brokerDescribed = (name: string, node: string): RequestStep =>
  ask(
    `after ${name}: '${node}'`,
    'DescribeConfigs',
    {
      resources: [resource(BROKER, node, DYNAMIC_KEYS)],
      includeSynonyms: true,
    },
    { unordered: UNORDERED },
  );

const DYNAMIC_KEYS = [
  'log.retention.ms',
  'log.retention.minutes',
  'log.retention.hours',
  'message.max.bytes',
  'log.cleanup.policy',
  'min.insync.replicas',
  'log.segment.bytes',
  'compression.type',
  'unknown.key',
  'log.cleaner.threads',
];

/** Topic, broker and cluster default, which stand behind each other. */
const allDescribed = (name: string): RequestStep[] => [
  described(name),
  brokerDescribed(name, '1'),
  brokerDescribed(name, ''),
];

const dynamicBrokerConfigs: Script = {
  name: 'dynamic-broker-configs',
  alone: true,
  steps: [
    createTopic('@t'),
    createTopic('@own', { configs: { 'retention.ms': '12345' } }),
    ...allDescribed('nothing'),
    alter(
      'cluster default',
      change(
        BROKER,
        '',
        [SET, 'log.retention.ms', '100000'],
        [SET, 'message.max.bytes', '2000000'],
        [SET, 'log.cleanup.policy', 'compact'],
        [SET, 'unknown.key', 'kept'],
      ),
    ),
    ...allDescribed('cluster default'),
    alter(
      'broker',
      change(
        BROKER,
        '1',
        [SET, 'log.retention.ms', '200000'],
        [SET, 'compression.type', 'lz4'],
        [SET, 'log.cleaner.threads', '2'],
      ),
    ),
    ...allDescribed('broker'),
    ask(
      'own',
      'DescribeConfigs',
      { resources: [resource(TOPIC, '@own', ['retention.ms', 'max.message.bytes'])], includeSynonyms: true },
      { unordered: UNORDERED },
    ),
    ask(
      'created now',
      'CreateTopics',
      { topics: [{ name: '@new', numPartitions: 1, replicationFactor: 1 }], timeoutMs: 30_000 },
      { unordered: ['topics.*.configs'] },
    ),
    alter('append', change(BROKER, '', [APPEND, 'log.cleanup.policy', 'delete'])),
    ...allDescribed('append'),
    alter('subtract', change(BROKER, '', [SUBTRACT, 'log.cleanup.policy', 'compact'])),
    ...allDescribed('subtract'),
    alter('append to the other', change(BROKER, '1', [APPEND, 'log.cleanup.policy', 'compact'])),
    ...allDescribed('append to the other'),
    alter('padded', change(BROKER, '1', [SET, 'log.retention.ms', ' 300000 '])),
    ...allDescribed('padded'),
    alter(
      'delete',
      change(
        BROKER,
        '1',
        [DELETE, 'log.retention.ms', null],
        [DELETE, 'compression.type', null],
        [DELETE, 'log.cleaner.threads', null],
        [DELETE, 'log.cleanup.policy', null],
      ),
    ),
    ...allDescribed('delete'),
    whole('replaced', replace(BROKER, '', { 'log.retention.ms': '400000' })),
    ...allDescribed('replaced'),
    whole('cleared', replace(BROKER, '', {})),
    ...allDescribed('cleared'),
    alter('group', change(GROUP, '@g', [SET, 'consumer.session.timeout.ms', '50000'])),
    ask(
      'group described',
      'DescribeConfigs',
      { resources: [resource(GROUP, '@g')], includeSynonyms: true },
      { unordered: UNORDERED },
    ),
    alter('group append', change(GROUP, '@g', [APPEND, 'consumer.session.timeout.ms', '50000'])),
    alter('group delete', change(GROUP, '@g', [DELETE, 'consumer.session.timeout.ms', null])),
    ask(
      'group described again',
      'DescribeConfigs',
      { resources: [resource(GROUP, '@g')], includeSynonyms: true },
      { unordered: UNORDERED },
    ),
    alter(
      'client metrics',
      change(CLIENT_METRICS, '@m', [SET, 'interval.ms', '1000'], [SET, 'match', 'client_id=a.*,client_source_port=5']),
      change(TOPIC, '@t', [SET, 'segment.ms', '77']),
    ),
    ask(
      'client metrics described',
      'DescribeConfigs',
      { resources: [resource(CLIENT_METRICS, '@m')], includeSynonyms: true },
      { unordered: UNORDERED },
    ),
    alter('client metrics append', change(CLIENT_METRICS, '@m', [APPEND, 'metrics', 'org.apache'])),
    ask(
      'client metrics described again',
      'DescribeConfigs',
      { resources: [resource(CLIENT_METRICS, '@m')], includeSynonyms: true },
      { unordered: UNORDERED },
    ),
  ],
};

const listConfigResources: Script = {
  name: 'list-config-resources',
  steps: [
    createTopic('@t'),
    alter(
      'a group and client metrics',
      change(GROUP, '@g', [SET, 'consumer.session.timeout.ms', '50000']),
      change(CLIENT_METRICS, '@m', [SET, 'interval.ms', '1000']),
      change(TOPIC, '@t', [SET, 'segment.ms', '77777']),
    ),
    ...[
      [],
      [TOPIC],
      [BROKER],
      [BROKER_LOGGER],
      [CLIENT_METRICS],
      [GROUP],
      [GROUP, CLIENT_METRICS],
      [0],
      [77],
      [TOPIC, 3],
    ].flatMap((resourceTypes) =>
      eachVersion('ListConfigResources', (version) => ({
        name: `types ${resourceTypes.join(' ')}`,
        body: version === 0 ? {} : { resourceTypes },
        keep: { of: 'configResources', by: 'resourceName' },
        unordered: ['configResources'],
      })),
    ),
    ask(
      'the broker',
      'ListConfigResources',
      { resourceTypes: [BROKER, BROKER_LOGGER] },
      { unordered: ['configResources'] },
    ),
  ],
};

export const configScripts: readonly Script[] = [
  dynamicBrokerConfigs,
  describeConfigs,
  incrementalAlterConfigs,
  alterConfigs,
  listConfigResources,
];
