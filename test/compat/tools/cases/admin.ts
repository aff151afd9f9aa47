// Calls of the official Admin client (programs/AdminCalls.java says what each takes).

import {
  type Capability,
  consume,
  createTopic,
  type Normaliser,
  prepare,
  produce,
  SLOWLY,
  type ToolScript,
  type ToolStep,
} from '../tool-script.ts';

type Call = { readonly op: string } & { readonly [argument: string]: unknown };

/** One client makes all the calls, in this order. */
function calls(...list: readonly Call[]): ToolStep {
  const normalise: Normaliser[] = ['ids'];
  return { args: ['{bootstrap}'], stdin: `${list.map((call) => JSON.stringify(call)).join('\n')}\n`, normalise };
}

function script(name: string, steps: readonly ToolStep[], waits?: Capability): ToolScript {
  return { name: `admin-${name}`, tool: 'admin-client', steps, ...(waits === undefined ? {} : { waits }) };
}

const UNKNOWN_ID = 'hloYyovRSj-Y0Z7LtQuJ3A';
const topic = (name: string) => ({ type: 'TOPIC', name });
const set = (name: string, value: string) => ({ do: 'SET', name, value });

export const adminScripts: readonly ToolScript[] = [
  script('topics', [
    calls(
      { op: 'createTopics', topics: [{ name: '@a', partitions: 2, factor: 1, configs: { 'retention.ms': '5000' } }] },
      { op: 'createTopics', topics: [{ name: '@default' }], validateOnly: true },
      { op: 'createTopics', topics: [{ name: '@assigned', assignments: { '0': [1], '1': [1] } }] },
      { op: 'createTopics', topics: [{ name: '@a' }, { name: '@b' }] },
      {
        op: 'createTopics',
        topics: [{ name: '@bad name' }, { name: '' }, { name: '@x', factor: 5 }, { name: '@y', partitions: 0 }],
      },
      {
        op: 'createTopics',
        topics: [
          { name: '@z', configs: { nonsense: '1' } },
          { name: '@w', configs: { 'segment.bytes': '1' } },
        ],
      },
    ),
    { ...calls({ op: 'describeTopics', topics: ['@a', '@b', '@assigned'] }), until: /assigned.*leader=[^n]/ },
    calls(
      { op: 'describeTopics', topics: ['@a'], authorizedOperations: true },
      { op: 'describeTopics', topics: ['@a', '@assigned', '@b'], limit: 1 },
      { op: 'describeTopics', topics: ['@none'] },
      { op: 'describeTopics', topics: [''] },
      { op: 'describeTopics', ids: [UNKNOWN_ID] },
      { op: 'listTopics', prefix: '@' },
      { op: 'createPartitions', topics: { '@a': 4, '@b': 1, '@none': 3 } },
      { op: 'createPartitions', topics: { '@assigned': 9 }, validateOnly: true },
      { op: 'createPartitions', topics: { '@assigned': 1 } },
      { op: 'deleteTopics', topics: ['@a', '@none'] },
      { op: 'deleteTopics', ids: [UNKNOWN_ID] },
    ),
    { ...calls({ op: 'listTopics', prefix: '@' }), until: /listTopics: \[[^,]*, [^,]*\]/ },
  ]),
  script('cluster', [
    calls(
      { op: 'describeCluster' },
      { op: 'describeCluster', authorizedOperations: true, fenced: true },
      { op: 'describeFeatures' },
      { op: 'nonsense' },
    ),
  ]),
  script('configs', [
    createTopic('@t'),
    calls(
      { op: 'describeConfigs', resources: [topic('@t')], synonyms: true },
      {
        op: 'describeConfigs',
        resources: [topic('@none'), topic('a b'), { type: 'BROKER', name: '7' }, { type: 'GROUP', name: '' }],
      },
      {
        op: 'incrementalAlterConfigs',
        resources: [{ ...topic('@t'), changes: [set('retention.ms', '77'), set('cleanup.policy', 'compact')] }],
      },
      {
        op: 'incrementalAlterConfigs',
        resources: [{ ...topic('@t'), changes: [{ do: 'APPEND', name: 'cleanup.policy', value: 'delete' }] }],
        validateOnly: true,
      },
      {
        op: 'incrementalAlterConfigs',
        resources: [{ ...topic('@t'), changes: [{ do: 'APPEND', name: 'retention.ms', value: '5' }] }],
      },
      {
        op: 'incrementalAlterConfigs',
        resources: [{ ...topic('@t'), changes: [{ do: 'SUBTRACT', name: 'nonsense', value: '5' }] }],
      },
      {
        op: 'incrementalAlterConfigs',
        resources: [{ ...topic('@t'), changes: [set('retention.ms', '1'), set('retention.ms', '2')] }],
      },
      { op: 'incrementalAlterConfigs', resources: [{ ...topic('@none'), changes: [set('retention.ms', '1')] }] },
      { op: 'incrementalAlterConfigs', resources: [{ type: 'BROKER', name: '1', changes: [set('node.id', '5')] }] },
      {
        op: 'incrementalAlterConfigs',
        resources: [{ type: 'BROKER', name: '', changes: [set('log.retention.ms', 'soon')] }],
      },
      {
        op: 'incrementalAlterConfigs',
        resources: [{ type: 'BROKER_LOGGER', name: '1', changes: [set('root', 'SILENT')] }],
      },
      {
        op: 'incrementalAlterConfigs',
        resources: [{ type: 'GROUP', name: '@g', changes: [set('consumer.session.timeout.ms', '50000')] }],
      },
      {
        op: 'incrementalAlterConfigs',
        resources: [{ type: 'CLIENT_METRICS', name: '@m', changes: [set('interval.ms', '1000')] }],
      },
    ),
    { ...calls({ op: 'listConfigResources', types: [], prefix: '@' }), until: /@?admin-configs-m/ },
    calls(
      {
        op: 'describeConfigs',
        resources: [topic('@t'), { type: 'GROUP', name: '@g' }, { type: 'CLIENT_METRICS', name: '@m' }],
      },
      { op: 'listConfigResources', types: ['GROUP', 'CLIENT_METRICS'], prefix: '@' },
      { op: 'listConfigResources', types: ['TOPIC'], prefix: '@' },
    ),
  ]),
  script('records', [
    createTopic('@t', 2),
    createTopic('@u'),
    produce('@u', 5),
    calls(
      ...(['earliest', 'latest', 'max', 'earliestLocal', 'latestTiered', 0, 4_102_444_800_000] as const).map((at) => ({
        op: 'listOffsets',
        at: { '@u:0': at, '@t:1': at },
      })),
      { op: 'listOffsets', at: { '@u:0': 'latest' }, committed: true },
      { op: 'deleteRecords', before: { '@u:0': 2 } },
      { op: 'deleteRecords', before: { '@u:0': -1, '@t:0': 9 } },
      { op: 'deleteRecords', before: { '@u:0': -7 } },
      { op: 'listOffsets', at: { '@u:0': 'earliest' } },
      { op: 'describeProducers', partitions: ['@t:1'] },
      { op: 'abortTransaction', partition: '@t:0', producerId: 77 },
    ),
  ]),
  script('groups', [
    createTopic('@t'),
    produce('@t', 4),
    consume('@t', '@classic', 4),
    consume('@t', '@new', 4, '--command-property group.protocol=consumer'),
    calls(
      { op: 'listGroups', prefix: '@' },
      { op: 'listGroups', prefix: '@', types: ['Consumer'] },
      { op: 'listGroups', prefix: '@', types: ['Classic'], states: ['Empty'] },
      { op: 'listGroups', prefix: '@', states: ['Stable'] },
      { op: 'listGroups', prefix: '@', protocols: ['consumer'] },
      { op: 'describeConsumerGroups', groups: ['@classic', '@new'], authorizedOperations: true },
      { op: 'describeConsumerGroups', groups: ['@none', ''] },
      { op: 'describeClassicGroups', groups: ['@classic'] },
      { op: 'describeClassicGroups', groups: ['@new'] },
      { op: 'describeClassicGroups', groups: ['@none'] },
      { op: 'listConsumerGroupOffsets', groups: ['@classic', '@new', '@none'], stable: true },
      { op: 'alterConsumerGroupOffsets', group: '@classic', offsets: { '@t:0': 1 } },
      { op: 'alterConsumerGroupOffsets', group: '@made', offsets: { '@t:0': 2, '@none:0': 3 } },
      { op: 'alterConsumerGroupOffsets', group: '', offsets: { '@t:0': 2 } },
      { op: 'listConsumerGroupOffsets', groups: ['@classic', '@made'] },
      { op: 'deleteConsumerGroupOffsets', group: '@made', partitions: ['@t:0'] },
      { op: 'deleteConsumerGroupOffsets', group: '@none', partitions: ['@t:0'] },
      { op: 'removeMembers', group: '@classic', instances: ['nobody'] },
      { op: 'removeMembers', group: '@none', instances: ['nobody'] },
      { op: 'removeMembers', group: '@classic' },
      { op: 'deleteConsumerGroups', groups: ['@classic', '@new', '@none'] },
      { op: 'listGroups', prefix: '@' },
    ),
  ]),
  script('transactions', [
    createTopic('@t'),
    prepare(
      'kafka-producer-perf-test',
      `--topic @t --num-records 10 --record-size 10 ${SLOWLY} --transactional-id @tx`,
    ),
    {
      ...calls(
        { op: 'describeTransactions', ids: ['@tx'] },
        { op: 'describeTransactions', ids: ['@none', ''] },
        { op: 'listTransactions', pattern: '@.*', states: [] },
        { op: 'listTransactions', pattern: '@.*', states: ['Ongoing'] },
        { op: 'listTransactions', pattern: '(', states: [] },
        { op: 'fenceProducers', ids: ['@tx', '@fresh'] },
        { op: 'describeProducers', partitions: ['@t:0'] },
      ),
      normalise: ['ids', 'numbers'],
    },
  ]),
  script(
    'quotas',
    [
      calls(
        {
          op: 'alterClientQuotas',
          changes: [
            { entity: { user: '@u' }, quotas: { producer_byte_rate: 1000, consumer_byte_rate: 2000 } },
            { entity: { user: '@u', 'client-id': '@c' }, quotas: { request_percentage: 50.5 } },
            { entity: { 'client-id': null }, quotas: { controller_mutation_rate: 1e6 } },
            { entity: { ip: '10.1.2.3' }, quotas: { connection_creation_rate: 10 } },
          ],
        },
        {
          op: 'alterClientQuotas',
          changes: [
            { entity: { user: '@u' }, quotas: { nonsense: 1 } },
            { entity: { user: '' }, quotas: { producer_byte_rate: 1 } },
            { entity: { nonsense: 'x' }, quotas: { producer_byte_rate: 1 } },
            { entity: { ip: 'not.an.address.invalid' }, quotas: { connection_creation_rate: 10 } },
            { entity: { ip: '10.1.2.4' }, quotas: { producer_byte_rate: 10 } },
            { entity: { user: '@v' }, quotas: { producer_byte_rate: 1.5 } },
            { entity: { user: '@w' }, quotas: { producer_byte_rate: -1 } },
          ],
        },
        {
          op: 'alterClientQuotas',
          validateOnly: true,
          changes: [{ entity: { user: '@only-checked' }, quotas: { producer_byte_rate: 5 } }],
        },
      ),
      {
        ...calls({ op: 'describeClientQuotas', filters: [{ type: 'user', name: '@u' }] }),
        until: /producer_byte_rate/,
      },
      calls(
        { op: 'describeClientQuotas', filters: [{ type: 'user', name: '@u' }], strict: true },
        { op: 'describeClientQuotas', filters: [{ type: 'client-id', name: null }] },
        { op: 'describeClientQuotas', filters: [{ type: 'client-id' }, { type: 'user' }] },
        { op: 'describeClientQuotas', filters: [{ type: 'ip' }] },
        { op: 'describeClientQuotas', filters: [{ type: 'ip' }, { type: 'user' }] },
        { op: 'describeClientQuotas', filters: [{ type: 'nonsense' }] },
        { op: 'describeClientQuotas', filters: [{ type: 'user' }, { type: 'user', name: 'x' }] },
        {
          op: 'alterClientQuotas',
          changes: [
            { entity: { user: '@u' }, quotas: { producer_byte_rate: null, consumer_byte_rate: null } },
            { entity: { user: '@u', 'client-id': '@c' }, quotas: { request_percentage: null } },
            { entity: { 'client-id': null }, quotas: { controller_mutation_rate: null } },
            { entity: { ip: '10.1.2.3' }, quotas: { connection_creation_rate: null } },
          ],
        },
      ),
    ],
    'quotas',
  ),
  script(
    'partitions',
    [
      createTopic('@t', 2),
      calls(
        { op: 'electLeaders', type: 'PREFERRED', partitions: ['@t:0', '@t:7', '@none:0'] },
        { op: 'electLeaders', type: 'UNCLEAN', partitions: ['@t:1'] },
        { op: 'electLeaders', type: 'PREFERRED' },
        { op: 'listPartitionReassignments' },
        { op: 'alterPartitionReassignments', replicas: { '@t:0': [1], '@none:0': [1] } },
        { op: 'alterPartitionReassignments', replicas: { '@t:0': [7], '@t:1': [] } },
        { op: 'alterPartitionReassignments', replicas: { '@t:0': null, '@t:1': [1, 1] } },
        { op: 'unregisterBroker', id: 77 },
      ),
    ],
    'several brokers',
  ),
  script('quorum', [calls({ op: 'describeMetadataQuorum' })], 'quorum changes'),
  script(
    'features',
    [
      calls(
        { op: 'updateFeatures', features: { 'group.version': 1 }, validateOnly: true },
        { op: 'updateFeatures', features: { nonsense: 1 } },
        { op: 'updateFeatures', features: { 'group.version': 9 } },
        { op: 'updateFeatures', features: { 'group.version': 0 }, type: 'SAFE_DOWNGRADE', validateOnly: true },
        { op: 'updateFeatures', features: { 'metadata.version': 7 }, type: 'UNSAFE_DOWNGRADE', validateOnly: true },
      ),
    ],
    'feature levels',
  ),
  script(
    'log-dirs',
    [
      createTopic('@t', 2),
      calls(
        { op: 'describeLogDirs', brokers: [1], prefix: '@' },
        { op: 'describeLogDirs', brokers: [1, 7], prefix: '@' },
      ),
    ],
    'log directories',
  ),
];
