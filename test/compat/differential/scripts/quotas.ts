// AlterClientQuotas, DescribeClientQuotas. The quotas are of clients that nobody is.

import { versionsOf } from '../../../support/raw-client.ts';
import { ask, batch, createTopic, eachVersion, produce, type RequestStep, type Script } from '../script.ts';

const EXACT = 0;
const DEFAULT = 1;
const ANY = 2;

type Entity = Readonly<Record<string, string | null>>;
type Ops = Readonly<Record<string, number | null>>;

const entityOf = (entity: Entity) =>
  Object.entries(entity).map(([entityType, entityName]) => ({ entityType, entityName }));

/** `null` removes. */
const entry = (entity: Entity, ops: Ops) => ({
  entity: entityOf(entity),
  ops: Object.entries(ops).map(([key, value]) => ({ key, value: value ?? 0, remove: value === null })),
});

const alter = (name: string, entries: object[], validateOnly = false): RequestStep[] =>
  eachVersion('AlterClientQuotas', () => ({ name, body: { entries, validateOnly } }));

const component = (entityType: string, matchType: number, match: string | null = null) => ({
  entityType,
  matchType,
  match,
});

const describe = (name: string, components: object[], strict = false): RequestStep[] =>
  eachVersion('DescribeClientQuotas', () => ({ name, body: { components, strict } }));

const ours = { user: '@u', 'client-id': '@c' };

const alterClientQuotas: Script = {
  name: 'alter-client-quotas',
  steps: [
    ...alter('nothing', []),
    ...alter('no operations', [entry({ user: '@u' }, {})]),
    ...alter('checked only', [entry({ user: '@u' }, { producer_byte_rate: 1000 })], true),
    ...describe('what was checked only', [component('user', EXACT, '@u')]),
    ...alter('a user', [entry({ user: '@u' }, { producer_byte_rate: 1000, consumer_byte_rate: 2000 })]),
    ...alter('a client id', [entry({ 'client-id': '@c' }, { request_percentage: 12.5 })]),
    ...alter('both', [entry(ours, { controller_mutation_rate: 0.5, request_percentage: 200 })]),
    ...alter('an address', [entry({ ip: '127.0.0.99' }, { connection_creation_rate: 1000 })]),
    ...alter('an address of IPv6', [entry({ ip: '::9' }, { connection_creation_rate: 1000 })]),
    ...alter('a host', [entry({ ip: 'localhost' }, { connection_creation_rate: 100_000 })]),
    ...alter('defaults', [
      entry({ user: null, 'client-id': '@d' }, { producer_byte_rate: 1e9 }),
      entry({ user: '@d', 'client-id': null }, { producer_byte_rate: 1e9 }),
    ]),
    ...['@u', '@d'].flatMap((name) => describe(`user ${name}`, [component('user', EXACT, name)])),
    ...describe('one user alone', [component('user', EXACT, '@u')], true),
    ...describe('one client id', [component('client-id', EXACT, '@c')]),
    ...describe('one client id alone', [component('client-id', EXACT, '@c')], true),
    ...describe('a pair', [component('user', EXACT, '@u'), component('client-id', EXACT, '@c')], true),
    ...describe('a default client id', [component('client-id', DEFAULT), component('user', EXACT, '@d')]),
    ...describe('an address', [component('ip', EXACT, '127.0.0.99')]),
    ...describe('a host', [component('ip', EXACT, 'localhost')]),
    ...alter('the same again', [entry({ user: '@u' }, { producer_byte_rate: 1000 })]),
    ...alter('one changed, one removed', [
      entry({ user: '@u' }, { producer_byte_rate: 1001, consumer_byte_rate: null }),
    ]),
    ...describe('after that', [component('user', ANY), component('client-id', EXACT, '@c')]),
    ...describe('the user after that', [component('user', EXACT, '@u')]),
    ...alter('a removal of what is not set', [entry({ user: '@u' }, { controller_mutation_rate: null })]),
    ...alter('a removal of an unknown key', [entry({ user: '@u' }, { nonsense: null })]),
    ...alter('all removed', [
      entry({ user: '@u' }, { producer_byte_rate: null }),
      entry({ 'client-id': '@c' }, { request_percentage: null }),
      entry(ours, { controller_mutation_rate: null, request_percentage: null }),
      entry({ ip: '127.0.0.99' }, { connection_creation_rate: null }),
      entry({ ip: '::9' }, { connection_creation_rate: null }),
      entry({ ip: 'localhost' }, { connection_creation_rate: null }),
      entry({ user: null, 'client-id': '@d' }, { producer_byte_rate: null }),
      entry({ user: '@d', 'client-id': null }, { producer_byte_rate: null }),
    ]),
    ...describe('after all', [component('user', EXACT, '@u')]),

    ...alter('an unknown key', [entry({ user: '@u' }, { nonsense: 1 })]),
    ...alter('an empty key', [entry({ user: '@u' }, { '': 1 })]),
    ...alter('a key of addresses for a user', [entry({ user: '@u' }, { connection_creation_rate: 1 })]),
    ...alter('a key of users for an address', [entry({ ip: '127.0.0.99' }, { producer_byte_rate: 1 })]),
    ...[0, -1, -0.5, 0.5, 1.5, 1.0000001, 9.3e18, Number.NEGATIVE_INFINITY].flatMap((value) =>
      alter(`${value} bytes`, [entry({ user: '@u' }, { producer_byte_rate: value })], true),
    ),
    ...[0, -1, 1e-9, 1e300, Number.POSITIVE_INFINITY, Number.NaN].flatMap((value) =>
      alter(`${value} per cent`, [entry({ user: '@u' }, { request_percentage: value })], true),
    ),
    ...[0, 1.5, 2_147_483_647, 2_147_483_648].flatMap((value) =>
      alter(`${value} connections`, [entry({ ip: '127.0.0.99' }, { connection_creation_rate: value })], true),
    ),
    ...alter('no entity', [entry({}, { producer_byte_rate: 1 })]),
    ...alter('an empty user', [entry({ user: '' }, { producer_byte_rate: 1 })]),
    ...alter('an empty client id', [entry({ user: '@u', 'client-id': '' }, { producer_byte_rate: 1 })]),
    ...alter('an empty address', [entry({ ip: '' }, { connection_creation_rate: 1 })]),
    ...alter('an unknown type', [entry({ group: '@g' }, { producer_byte_rate: 1 })]),
    ...alter('an empty type', [entry({ '': '@g' }, { producer_byte_rate: 1 })]),
    ...alter('a type in capitals', [entry({ User: '@g' }, { producer_byte_rate: 1 })]),
    ...alter('an address and a user', [entry({ user: '@u', ip: '127.0.0.99' }, { connection_creation_rate: 1 })]),
    ...alter('an address and a client id', [entry({ 'client-id': '@c', ip: '::1' }, { connection_creation_rate: 1 })]),
    ...alter('no such host', [entry({ ip: 'no-such-host.invalid' }, { connection_creation_rate: 1 })]),
    ...alter('no such address', [entry({ ip: '1.2.3.4.5' }, { connection_creation_rate: 1 })]),
    ...alter('a good and a bad value', [entry({ user: '@u' }, { producer_byte_rate: 5, consumer_byte_rate: -5 })]),
    ...alter('a good and a bad entity', [
      entry({ user: '@good' }, { producer_byte_rate: 5 }),
      entry({ user: '@bad' }, { producer_byte_rate: -5 }),
    ]),
    ...alter('an entity twice', [
      entry({ user: '@twice' }, { producer_byte_rate: 5 }),
      entry({ user: '@twice' }, { producer_byte_rate: 6 }),
    ]),
    ...alter('a pair twice, and a default', [
      entry({ user: null, 'client-id': '@twice' }, { producer_byte_rate: 5 }),
      entry({ 'client-id': '@twice', user: null }, { producer_byte_rate: 6 }),
    ]),
    ...describe('what is left of it', [component('user', EXACT, '@twice')]),
    ...describe('what is left of the pair', [component('client-id', EXACT, '@twice')]),
    ...alter('a key twice', [
      {
        entity: entityOf({ user: '@u' }),
        ops: [
          { key: 'producer_byte_rate', value: 1, remove: false },
          { key: 'producer_byte_rate', value: 2, remove: false },
        ],
      },
    ]),
    ...alter('a type twice', [
      {
        entity: [...entityOf({ user: '@first' }), ...entityOf({ user: '@second' })],
        ops: [{ key: 'producer_byte_rate', value: 1, remove: false }],
      },
    ]),
    ...describe('of which the last counts', [component('user', EXACT, '@second')]),
    ...alter('the rest removed', [
      entry({ user: '@good' }, { producer_byte_rate: null }),
      entry({ user: '@twice' }, { producer_byte_rate: null }),
      entry({ user: null, 'client-id': '@twice' }, { producer_byte_rate: null }),
      entry({ user: '@second' }, { producer_byte_rate: null }),
    ]),
  ],
};

const describeClientQuotas: Script = {
  name: 'describe-client-quotas',
  steps: [
    ...describe('an unknown user', [component('user', EXACT, '@nobody')]),
    ...describe('any client id of nobody', [component('user', EXACT, '@nobody'), component('client-id', ANY)]),
    ...describe('an empty type', [component('', ANY)]),
    ...describe('an unknown type', [component('group', ANY)]),
    ...describe('a type twice', [component('user', ANY), component('user', DEFAULT)]),
    ...describe('an unknown type twice', [component('group', ANY), component('group', ANY)]),
    ...describe('an exact match of nothing', [component('user', EXACT)]),
    ...describe('an exact match of an empty name', [component('user', EXACT, '')]),
    ...describe('a default with a name', [component('user', DEFAULT, '@u')]),
    ...describe('any with a name', [component('user', ANY, '@u')]),
    ...[-1, 3].flatMap((type) => describe(`match type ${type}`, [component('user', type)])),
    ...describe('an address and a user', [component('ip', ANY), component('user', ANY)]),
    ...describe('an address and a client id', [component('client-id', DEFAULT), component('ip', DEFAULT)]),
    ...describe('nothing, strictly', [], true),
  ],
};

const throttle = (clientId: string, ops: Ops): RequestStep => ({
  api: 'AlterClientQuotas',
  version: 1,
  name: `a quota for ${clientId}`,
  body: { entries: [entry({ 'client-id': clientId }, ops)], validateOnly: false },
});

let connections = 0;

/** As that client, on a connection of its own: it is not served again for a while. */
const as = (clientId: string, step: RequestStep): RequestStep => ({
  ...step,
  name: `throttled ${step.name ?? ''}`,
  clientId,
  connection: `throttled ${connections++}`,
});

const MUTATIONS = 'throttled-mutations';
const newTopic = (name: string) => ({ name, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] });
const createdIn = (version: number, ...topics: string[]): RequestStep => ({
  api: 'CreateTopics',
  version,
  body: { topics: topics.map(newTopic), timeoutMs: 30_000 },
  unordered: ['topics', ...(version >= 5 ? ['topics.*.configs'] : [])],
});

const throttledMutations: Script = {
  name: 'throttled-mutations',
  steps: [
    createTopic('@grows'),
    ...versionsOf('DeleteTopics').map((version) => createTopic(`@gone${version}`)),
    throttle(MUTATIONS, { controller_mutation_rate: 0.001 }),
    as(MUTATIONS, { ...createdIn(7, '@strict1', '@strict2'), name: 'one, and then no more' }),
    ...eachVersion('CreateTopics', (version) => createdIn(version, `@topic${version}`)).map((step) =>
      as(MUTATIONS, { ...step, name: 'topic' }),
    ),
    as(MUTATIONS, { ...createdIn(7, '@strict1', '@bad name'), name: 'and a bad request' }),
    ...eachVersion('CreatePartitions', (version) => ({
      name: 'partition',
      body: { topics: [{ name: '@grows', count: version + 2, assignments: null }], timeoutMs: 30_000 },
    })).map((step) => as(MUTATIONS, step)),
    ...eachVersion('DeleteTopics', (version) => ({
      name: 'deletion',
      body:
        version < 6
          ? { topicNames: [`@gone${version}`], timeoutMs: 30_000 }
          : { topics: [{ name: `@gone${version}` }], timeoutMs: 30_000 },
    })).map((step) => as(MUTATIONS, step)),
    throttle(MUTATIONS, { controller_mutation_rate: null }),
    { ...createdIn(7, '@after'), name: 'without a quota', clientId: MUTATIONS },
  ],
};

const BYTES = 'throttled-bytes';
const throttledBytes: Script = {
  name: 'throttled-bytes',
  steps: [
    createTopic('@t'),
    ...produce('@t', 0, batch()),
    throttle(BYTES, { producer_byte_rate: 1, consumer_byte_rate: 1 }),
    ...eachVersion('Produce', (version) => ({
      body: {
        acks: -1,
        timeoutMs: 30_000,
        topicData: [
          {
            ...(version >= 13 ? { topicId: '$tId' } : { name: '@t' }),
            partitionData: [{ index: 0, records: batch({ count: 3 }) }],
          },
        ],
      },
    })).map((step) => as(BYTES, step)),
    ...eachVersion('Fetch', (version) => ({
      body: {
        maxWaitMs: 0,
        minBytes: 1,
        maxBytes: 1_000_000,
        topics: [
          {
            ...(version >= 13 ? { topicId: '$tId' } : { topic: '@t' }),
            partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1_000_000 }],
          },
        ],
      },
    })).map((step) => as(BYTES, step)),
    throttle(BYTES, { producer_byte_rate: null, consumer_byte_rate: null }),
  ],
};

const TIME = 'throttled-time';
const throttledTime: Script = {
  name: 'throttled-time',
  steps: [
    throttle(TIME, { request_percentage: 1e-9 }),
    ...(
      [
        ['Metadata', { topics: [] }],
        ['FindCoordinator', { keyType: 0, coordinatorKeys: ['@g'] }],
        ['DescribeClientQuotas', { components: [component('user', EXACT, '@nobody')], strict: true }],
        ['DescribeGroups', { groups: [] }],
        ['CreateTopics', { topics: [], timeoutMs: 1 }],
        ['DeleteTopics', { topics: [], timeoutMs: 1 }],
        ['IncrementalAlterConfigs', { resources: [] }],
        ['Heartbeat', { groupId: '@g', generationId: 1, memberId: 'nobody' }],
      ] as const
    ).map(([api, body]) => as(TIME, ask('', api, body))),
    throttle(TIME, { request_percentage: null }),
  ],
};

export const quotaScripts: readonly Script[] = [
  alterClientQuotas,
  describeClientQuotas,
  throttledMutations,
  throttledBytes,
  throttledTime,
];
