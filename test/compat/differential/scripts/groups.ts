// JoinGroup, SyncGroup, Heartbeat, LeaveGroup, DescribeGroups, ListGroups, DeleteGroups.

import { versionsOf } from '../../../support/raw-client.ts';
import { ask, createTopic, eachVersion, type RequestStep, type Script } from '../script.ts';

const SESSION_MS = 30_000;

/** A subscription of version 0. Apache Kafka never answers one that it cannot read. */
const subscription = (topic: string): Buffer =>
  Buffer.from(
    `000000000001${topic.length.toString(16).padStart(4, '0')}${Buffer.from(topic).toString('hex')}00000000`,
    'hex',
  );

const protocols = (...names: string[]) => names.map((name) => ({ name, metadata: subscription(name) }));

const joining = (groupId: string, memberId: string, more: object = {}) => ({
  groupId,
  sessionTimeoutMs: SESSION_MS,
  rebalanceTimeoutMs: 60_000,
  memberId,
  protocolType: 'consumer',
  protocols: protocols('range'),
  ...more,
});

const syncing = (groupId: string, generationId: number, memberId: string, more: object = {}) => ({
  groupId,
  generationId,
  memberId,
  protocolType: 'consumer',
  protocolName: 'range',
  assignments: [{ memberId, assignment: Buffer.from('assigned') }],
  ...more,
});

/** From version 4 on a new member is told its id first. */
const join = (name: string, groupId: string, version: number, save: string, more: object = {}): RequestStep[] => [
  ...(version < 4
    ? []
    : [
        {
          name: `${name}: asks for an id`,
          api: 'JoinGroup',
          version,
          body: joining(groupId, '', more),
          save: { [save]: 'memberId' },
        },
      ]),
  {
    name,
    api: 'JoinGroup',
    version,
    body: joining(groupId, version < 4 ? '' : `$${save}`, more),
    save: { [save]: 'memberId' },
  },
];

const life: readonly Script[] = versionsOf('JoinGroup').map((version): Script => {
  const group = '@group';
  const other = (api: string) => Math.min(version, versionsOf(api).at(-1)!);
  const sync = (name: string, body: object): RequestStep => ({
    name,
    api: 'SyncGroup',
    version: other('SyncGroup'),
    body: body as { [field: string]: unknown },
  });
  const heartbeat = (name: string, body: object): RequestStep => ({
    name,
    api: 'Heartbeat',
    version: other('Heartbeat'),
    body: body as { [field: string]: unknown },
  });
  const leave = (name: string, memberId: string): RequestStep => ({
    name,
    api: 'LeaveGroup',
    version: other('LeaveGroup'),
    body: { groupId: group, memberId, members: [{ memberId, reason: 'enough' }] },
  });
  const describe = (name: string): RequestStep => ({
    name: `described ${name}`,
    api: 'DescribeGroups',
    version: other('DescribeGroups'),
    body: { groups: [group], includeAuthorizedOperations: true },
  });
  return {
    name: `group-life-v${version}`,
    steps: [
      describe('before it is there'),
      ...join('first member', group, version, 'first'),
      describe('before the first sync'),
      heartbeat('before the first sync', { groupId: group, generationId: 1, memberId: '$first' }),
      sync('wrong generation', syncing(group, 5, '$first')),
      sync('unknown member', syncing(group, 1, 'nobody')),
      sync('wrong protocol type', syncing(group, 1, '$first', { protocolType: 'connect' })),
      sync('wrong protocol', syncing(group, 1, '$first', { protocolName: 'sticky' })),
      sync('the leader', syncing(group, 1, '$first')),
      sync('the leader again', syncing(group, 1, '$first', { assignments: [] })),
      describe('when stable'),
      heartbeat('when stable', { groupId: group, generationId: 1, memberId: '$first' }),
      heartbeat('wrong generation', { groupId: group, generationId: 0, memberId: '$first' }),
      heartbeat('generation -1', { groupId: group, generationId: -1, memberId: '$first' }),
      heartbeat('unknown member', { groupId: group, generationId: 1, memberId: 'nobody' }),
      heartbeat('unknown group', { groupId: '@nothing', generationId: 1, memberId: 'nobody' }),
      heartbeat('no group', { groupId: '', generationId: 1, memberId: '$first' }),
      sync('unknown group', syncing('@nothing', 1, 'nobody')),
      sync('no group', syncing('', 1, 'nobody')),
      ...rejected(version, group),
      // A second member; the first hears of it by its heartbeat and joins again.
      ...(version < 4
        ? []
        : [
            {
              name: 'second member: asks for an id',
              api: 'JoinGroup',
              version,
              body: joining(group, '', { protocols: protocols('sticky', 'range') }),
              save: { second: 'memberId' },
              connection: 'second',
            },
          ]),
      {
        name: 'second member',
        api: 'JoinGroup',
        version,
        connection: 'second',
        body: joining(group, version < 4 ? '' : '$second', { protocols: protocols('sticky', 'range') }),
        save: { second: 'memberId' },
        later: 'second joined',
      },
      untilRebalancing(group),
      heartbeat('during the rebalance', { groupId: group, generationId: 1, memberId: '$first' }),
      sync('during the rebalance', syncing(group, 1, '$first')),
      describe('during the rebalance'),
      {
        name: 'first member again',
        api: 'JoinGroup',
        version,
        body: joining(group, '$first', { protocols: protocols('range', 'roundrobin') }),
      },
      { take: 'second joined' },
      {
        ...sync('the follower', syncing(group, 2, '$second', { assignments: [] })),
        connection: 'second',
        later: 'second synced',
      },
      sync('the leader for two', {
        ...syncing(group, 2, '$first'),
        assignments: [
          { memberId: '$first', assignment: Buffer.from('a') },
          { memberId: '$second', assignment: Buffer.from('b') },
        ],
      }),
      { take: 'second synced' },
      describe('with two'),
      leave('an unknown member', 'nobody'),
      leave('the second member', '$second'),
      leave('the second member again', '$second'),
      heartbeat('after one left', { groupId: group, generationId: 2, memberId: '$first' }),
      { name: 'alone again', api: 'JoinGroup', version, body: joining(group, '$first') },
      sync('alone again', syncing(group, 3, '$first', { assignments: [] })),
      leave('the last member', '$first'),
      describe('when empty'),
      heartbeat('when empty', { groupId: group, generationId: 3, memberId: '$first' }),
      { name: 'joins with its old id', api: 'JoinGroup', version, body: joining(group, '$first') },
      { name: 'deleted', api: 'DeleteGroups', version: other('DeleteGroups'), body: { groupsNames: [group] } },
      describe('when deleted'),
    ],
  };
});

/** Until a describe tells that the second member's join has arrived: the state says so. Heartbeats are not awaited, so the join is. */
function untilRebalancing(group: string): RequestStep {
  return {
    name: 'until the rebalance',
    api: 'DescribeGroups',
    version: 0,
    body: { groups: [group] },
    until: { path: 'groups.0.groupState', is: 'PreparingRebalance' },
  };
}

function rejected(version: number, group: string): RequestStep[] {
  const asking = (name: string, body: object): RequestStep => ({
    name,
    api: 'JoinGroup',
    version,
    body: body as { [field: string]: unknown },
  });
  return [
    asking('no group', joining('', '')),
    asking('session too short', joining('@timeouts', '', { sessionTimeoutMs: 99 })),
    asking('session too long', joining('@timeouts', '', { sessionTimeoutMs: 1_800_001 })),
    asking('negative session', joining('@timeouts', '', { sessionTimeoutMs: -1 })),
    asking('unknown member', joining(group, 'nobody')),
    asking('unknown member of an unknown group', joining('@nothing', 'nobody')),
    asking('other protocol type', joining(group, '', { protocolType: 'connect' })),
    asking('other protocols', joining(group, '', { protocols: protocols('foreign') })),
    asking('no protocols', joining(group, '', { protocols: [] })),
    asking('no protocols in a new group', joining('@none', '', { protocols: [] })),
    asking('no protocol type', joining(group, '', { protocolType: '' })),
    asking('no protocol type in a new group', joining('@none', '', { protocolType: '' })),
    asking('empty protocol name', joining('@none', '', { protocols: [] })),
  ];
}

const STATIC_VERSIONS = versionsOf('JoinGroup').filter((version) => version >= 5);

const staticMembers: readonly Script[] = STATIC_VERSIONS.map((version): Script => {
  const group = '@group';
  const named = (groupInstanceId: string, more: object = {}) => ({ groupInstanceId, ...more });
  const newest = (api: string, name: string, body: object): RequestStep =>
    ask(name, api, body as { [field: string]: unknown });
  return {
    name: `static-members-v${version}`,
    steps: [
      { name: 'joins', api: 'JoinGroup', version, body: joining(group, '', named('one')), save: { first: 'memberId' } },
      newest('SyncGroup', 'syncs', syncing(group, 1, '$first', named('one'))),
      newest('SyncGroup', 'syncs without its name', syncing(group, 1, '$first')),
      newest('SyncGroup', 'syncs with another name', syncing(group, 1, '$first', named('two'))),
      newest('SyncGroup', 'syncs with a wrong id', syncing(group, 1, 'nobody', named('one'))),
      newest('Heartbeat', 'is there', { groupId: group, generationId: 1, memberId: '$first', groupInstanceId: 'one' }),
      newest('Heartbeat', 'unknown name', {
        groupId: group,
        generationId: 1,
        memberId: '$first',
        groupInstanceId: 'two',
      }),
      newest('Heartbeat', 'wrong id', { groupId: group, generationId: 1, memberId: 'nobody', groupInstanceId: 'one' }),
      newest('DescribeGroups', 'described', { groups: [group] }),
      { name: 'wrong id', api: 'JoinGroup', version, body: joining(group, 'nobody', named('one')) },
      { name: 'unknown name with an id', api: 'JoinGroup', version, body: joining(group, 'nobody', named('two')) },
      {
        name: 'comes back',
        api: 'JoinGroup',
        version,
        body: joining(group, '', named('one')),
        save: { again: 'memberId' },
      },
      newest('Heartbeat', 'the old one', {
        groupId: group,
        generationId: 1,
        memberId: '$first',
        groupInstanceId: 'one',
      }),
      newest('SyncGroup', 'the old one', syncing(group, 1, '$first', named('one'))),
      newest('OffsetCommit', 'the old one', {
        groupId: group,
        generationIdOrMemberEpoch: 1,
        memberId: '$first',
        groupInstanceId: 'one',
        topics: [],
      }),
      newest('Heartbeat', 'the new one', {
        groupId: group,
        generationId: 1,
        memberId: '$again',
        groupInstanceId: 'one',
      }),
      newest('SyncGroup', 'the new one', syncing(group, 1, '$again', named('one'))),
      {
        name: 'comes back with other protocols',
        api: 'JoinGroup',
        version,
        body: joining(group, '', named('one', { protocols: protocols('sticky') })),
        save: { third: 'memberId' },
      },
      newest('LeaveGroup', 'a wrong id', { groupId: group, members: [{ memberId: 'nobody', groupInstanceId: 'one' }] }),
      newest('LeaveGroup', 'an unknown name', { groupId: group, members: [{ memberId: '', groupInstanceId: 'two' }] }),
      newest('LeaveGroup', 'several', {
        groupId: group,
        members: [
          { memberId: '', groupInstanceId: 'two' },
          { memberId: 'nobody' },
          { memberId: '', groupInstanceId: 'one', reason: 'removed' },
          { memberId: '$third', groupInstanceId: 'one' },
        ],
      }),
      newest('LeaveGroup', 'nobody', { groupId: group, members: [] }),
      newest('LeaveGroup', 'no group', { groupId: '', members: [{ memberId: '$third' }] }),
      newest('LeaveGroup', 'unknown group', {
        groupId: '@nothing',
        members: [{ memberId: '$third' }, { memberId: '', groupInstanceId: 'x' }],
      }),
      newest('DescribeGroups', 'described when empty', { groups: [group] }),
      { name: 'empty name', api: 'JoinGroup', version, body: joining('@empty', '', named('')) },
      { name: 'bad name', api: 'JoinGroup', version, body: joining('@bad', '', named('a b')) },
      { name: 'long name', api: 'JoinGroup', version, body: joining('@long', '', named('x'.repeat(250))) },
      { name: 'name ..', api: 'JoinGroup', version, body: joining('@dots', '', named('..')) },
    ],
  };
});

const lists: Script = {
  name: 'group-lists',
  steps: [
    createTopic('@t'),
    ...join('a member', '@live', 9, 'member'),
    ask('syncs', 'SyncGroup', syncing('@live', 1, '$member')),
    ask('an offset', 'OffsetCommit', {
      groupId: '@offsets',
      topics: [{ topicId: '$tId', partitions: [{ partitionIndex: 0, committedOffset: 1, committedMetadata: '' }] }],
    }),
    ...eachVersion('ListGroups', () => ({ body: {}, keep: { of: 'groups', by: 'groupId' }, unordered: ['groups'] })),
    ...[['Stable'], ['stable'], ['Empty', 'Stable'], ['Nonsense'], [''], ['Dead'], ['PreparingRebalance']].map(
      (statesFilter) =>
        ask(
          `states ${statesFilter}`,
          'ListGroups',
          { statesFilter },
          { keep: { of: 'groups', by: 'groupId' }, unordered: ['groups'] },
        ),
    ),
    ...[['classic'], ['CLASSIC'], ['consumer'], ['nonsense'], [''], ['share', 'classic']].map((typesFilter) =>
      ask(
        `types ${typesFilter}`,
        'ListGroups',
        { typesFilter },
        { keep: { of: 'groups', by: 'groupId' }, unordered: ['groups'] },
      ),
    ),
    {
      name: 'states, version 4',
      api: 'ListGroups',
      version: 4,
      body: { statesFilter: ['Empty'] },
      keep: { of: 'groups', by: 'groupId' },
    },
    ...eachVersion('DescribeGroups', () => ({
      body: { groups: ['@live', '@offsets', '@missing'], includeAuthorizedOperations: true },
    })),
    ...eachVersion('DescribeGroups', () => ({ name: 'no group', body: { groups: [''] } })),
    ...eachVersion('DescribeGroups', () => ({ name: 'none', body: { groups: [] } })),
    ...eachVersion('DescribeGroups', () => ({ name: 'twice', body: { groups: ['@offsets', '@offsets'] } })),
    ...eachVersion('DeleteGroups', () => ({
      name: 'live, missing, empty',
      body: { groupsNames: ['@live', '@missing', ''] },
      unordered: ['results'],
    })),
    ...eachVersion('DeleteGroups', () => ({ name: 'none', body: { groupsNames: [] } })),
    ask('twice', 'DeleteGroups', { groupsNames: ['@missing', '@missing'] }),
    ask('deleted', 'DeleteGroups', { groupsNames: ['@offsets'] }),
    ask('deleted again', 'DeleteGroups', { groupsNames: ['@offsets'] }),
    ...[
      ['JoinGroup', joining('', '')],
      ['SyncGroup', syncing('', 1, 'x')],
      ['Heartbeat', { groupId: '', generationId: 1, memberId: '' }],
      ['LeaveGroup', { groupId: '', members: [] }],
      ['DescribeGroups', { groups: [''] }],
      ['DeleteGroups', { groupsNames: [''] }],
      ['OffsetCommit', { groupId: '', topics: [] }],
      ['OffsetFetch', { groups: [] }],
      ['OffsetDelete', { groupId: '', topics: [] }],
    ].flatMap(([api, body]) => [
      ask('trailing bytes', api as string, body as { [field: string]: unknown }, { trailing: '00' }),
      ask('cut', api as string, body as { [field: string]: unknown }, { cut: 1 }),
    ]),
    {
      name: 'trailing bytes',
      api: 'ListGroups',
      version: 0,
      body: {},
      trailing: '00',
      keep: { of: 'groups', by: 'groupId' },
    },
  ],
};

const state = (group: string, is: string): RequestStep => ({
  name: `until ${is}`,
  api: 'DescribeGroups',
  version: 6,
  body: { groups: [group] },
  until: { path: 'groups.0.groupState', is },
});

/** Members that go silent. */
const expiry: Script = {
  name: 'group-expiry',
  steps: [
    ...join('a member', '@session', 9, 'silent', { sessionTimeoutMs: 300 }),
    ask('syncs', 'SyncGroup', syncing('@session', 1, '$silent')),
    state('@session', 'Empty'),
    ask('comes too late', 'Heartbeat', { groupId: '@session', generationId: 1, memberId: '$silent' }),
    // The second one's rebalance is not joined by the first.
    ...join('first', '@rebalance', 9, 'first', { rebalanceTimeoutMs: 300 }),
    ask('first syncs', 'SyncGroup', syncing('@rebalance', 1, '$first')),
    ...join('second', '@rebalance', 9, 'second', { rebalanceTimeoutMs: 300 }),
    ask('the first is out', 'Heartbeat', { groupId: '@rebalance', generationId: 2, memberId: '$first' }),
    ask('the second is in', 'SyncGroup', syncing('@rebalance', 2, '$second')),
    // Nobody syncs: the group begins anew, without its members.
    ...join('never syncs', '@sync', 9, 'lazy', { rebalanceTimeoutMs: 300 }),
    state('@sync', 'Empty'),
    ask('syncs too late', 'SyncGroup', syncing('@sync', 1, '$lazy')),
    // A member id that was given and not used expires with the session.
    {
      name: 'asks for an id',
      api: 'JoinGroup',
      version: 9,
      body: joining('@pending', '', { sessionTimeoutMs: 200 }),
      save: { pending: 'memberId' },
    },
    state('@pending', 'Empty'),
    ...join('rebalance timeout 0', '@zero', 9, 'zero', { rebalanceTimeoutMs: 0 }),
    state('@zero', 'Empty'),
    ask('syncs without time', 'SyncGroup', syncing('@zero', 1, '$zero')),
    ...join('negative rebalance timeout', '@negative', 9, 'negative', { rebalanceTimeoutMs: -5 }),
    ...[
      // Two protocols of one name are not asked: Apache Kafka never answers.
      ['many protocols', protocols('a', 'b', 'c', 'range')],
    ].flatMap(([name, list], index) =>
      join(name as string, `@protocols${index}`, 9, `protocols${index}`, { protocols: list }),
    ),
    ...join('no metadata', '@nothing', 9, 'nothing', {
      protocols: [{ name: 'x', metadata: Buffer.alloc(0) }],
      protocolType: 'other',
    }),
    ...join('other type', '@other', 9, 'other', {
      protocols: [{ name: 'x', metadata: Buffer.from('not a subscription') }],
      protocolType: 'connect',
    }),
    ask(
      'syncs with another type',
      'SyncGroup',
      syncing('@other', 1, '$other', { protocolType: 'connect', protocolName: 'x' }),
    ),
    ask('described', 'DescribeGroups', { groups: ['@other', '@nothing', '@protocols0', '@protocols1'] }),
    ask('assignment for a stranger', 'SyncGroup', {
      ...syncing('@nothing', 1, '$nothing', { protocolType: 'other', protocolName: 'x' }),
      assignments: [
        { memberId: 'stranger', assignment: Buffer.from('a') },
        { memberId: '$nothing', assignment: Buffer.from('b') },
        { memberId: '$nothing', assignment: Buffer.from('c') },
      ],
    }),
    ask('described with assignments', 'DescribeGroups', { groups: ['@nothing'] }),
  ],
};

export const groupScripts: readonly Script[] = [expiry, ...life, ...staticMembers, lists];
