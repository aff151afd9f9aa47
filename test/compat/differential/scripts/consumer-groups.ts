// ConsumerGroupHeartbeat, ConsumerGroupDescribe, and what the other APIs of groups say of KIP-848 groups.

import { ask, createTopic, eachVersion, type RequestStep, type Script } from '../script.ts';

const joining = (groupId: string, memberId: string, more: object = {}) => ({
  groupId,
  memberId,
  memberEpoch: 0,
  rebalanceTimeoutMs: 60_000,
  subscribedTopicNames: ['@topic'],
  topicPartitions: [],
  ...more,
});

const join = (name: string, memberId: string, more: object = {}, step: Partial<RequestStep> = {}): RequestStep =>
  ask(name, 'ConsumerGroupHeartbeat', joining('@group', memberId, more), step);

const beat = (name: string, memberId: string, memberEpoch: number, more: object = {}): RequestStep =>
  ask(name, 'ConsumerGroupHeartbeat', { groupId: '@group', memberId, memberEpoch, ...more });

const owning = (...partitions: number[]) => ({ topicPartitions: [{ topicId: '$topicId', partitions }] });

const describe = (name: string): RequestStep =>
  ask(name, 'ConsumerGroupDescribe', { groupIds: ['@group'] }, { unordered: ['groups.0.members'] });

const topic = (partitions = 4) => [createTopic('@topic', { partitions }), { ready: '@topic' }];

const life: Script = {
  name: 'consumer-group-life',
  steps: [
    ...topic(),
    ask('beats in a group that is not there', 'ConsumerGroupHeartbeat', {
      groupId: '@group',
      memberId: 'a',
      memberEpoch: 3,
    }),
    ask('leaves a group that is not there', 'ConsumerGroupHeartbeat', {
      groupId: '@group',
      memberId: 'a',
      memberEpoch: -1,
    }),
    describe('describes no group'),
    join('a joins', 'a'),
    describe('describes one'),
    beat('a beats', 'a', 2),
    beat('a beats, the full request', 'a', 2, {
      rebalanceTimeoutMs: 60_000,
      subscribedTopicNames: ['@topic'],
      ...owning(0, 1, 2, 3),
    }),
    join('a joins again', 'a'),
    join('b joins', 'b'),
    describe('describes two, assigning'),
    beat('b must wait', 'b', 3, owning()),
    beat('a is to revoke', 'a', 2, owning(0, 1, 2, 3)),
    describe('describes two, reconciling'),
    beat('a has not revoked', 'a', 2, owning(0, 1, 2, 3)),
    beat('a says nothing', 'a', 2),
    beat('a has revoked', 'a', 2, owning(0, 1)),
    beat('a is one answer behind', 'a', 2, owning(0, 1)),
    beat('a is one answer behind, with more than it has', 'a', 2, owning(0, 1, 2)),
    beat('b has them', 'b', 3, owning()),
    beat('b is stable', 'b', 3, owning(2, 3)),
    describe('describes two, stable'),
    ask(
      'list',
      'ListGroups',
      { statesFilter: [], typesFilter: ['consumer'] },
      { keep: { of: 'groups', by: 'groupId' } },
    ),
    ask('list stable', 'ListGroups', { statesFilter: ['STABLE'] }, { keep: { of: 'groups', by: 'groupId' } }),
    ask('the other describe', 'DescribeGroups', { groups: ['@group'] }),
    ask('deletes too early', 'DeleteGroups', { groupsNames: ['@group'] }),
    beat('a is ahead', 'a', 9, owning(0, 1)),
    beat('c is unknown', 'c', 3, owning()),
    beat('a changes what it wants', 'a', 3, { subscribedTopicNames: ['@other'], ...owning(0, 1) }),
    beat('a has given up', 'a', 3, owning()),
    describe('describes different subscriptions'),
    beat('b gets all', 'b', 3, owning(2, 3)),
    beat('b is wished another assignor', 'b', 4, { serverAssignor: 'range', ...owning(0, 1, 2, 3) }),
    beat('a leaves', 'a', -1),
    beat('a leaves again', 'a', -1),
    describe('describes one left'),
    beat('b goes on', 'b', 4, owning(0, 1, 2, 3)),
    beat('b leaves', 'b', -1),
    describe('describes an empty group'),
    ...eachVersion('ConsumerGroupDescribe', () => ({
      name: 'several, with what may be done',
      body: { groupIds: ['@group', '@missing', ''], includeAuthorizedOperations: true },
      unordered: ['groups'],
    })),
    ...eachVersion('ConsumerGroupDescribe', () => ({ name: 'none', body: { groupIds: [] } })),
    ask('list empty', 'ListGroups', { statesFilter: ['empty'] }, { keep: { of: 'groups', by: 'groupId' } }),
    ask('deletes', 'DeleteGroups', { groupsNames: ['@group'] }),
    describe('describes none'),
  ],
};

const bad = (name: string, body: object, version = 1): RequestStep => ({
  name,
  api: 'ConsumerGroupHeartbeat',
  version,
  body: joining('@group', 'a', body),
});

const input: Script = {
  name: 'consumer-group-input',
  steps: [
    ...topic(),
    bad('no group id', { groupId: '' }),
    bad('blank group id', { groupId: ' ' }),
    bad('no member id', { memberId: '' }),
    bad('no instance id', { instanceId: '' }),
    bad('no rack', { rackId: '' }),
    bad('no rebalance timeout', { rebalanceTimeoutMs: -1 }),
    bad('partitions when joining', owning(0)),
    bad('null partitions when joining', { topicPartitions: null }),
    bad('no subscription', { subscribedTopicNames: null }),
    bad('an epoch below all', { memberEpoch: -3 }),
    bad('leaves for a while without instance id', { memberEpoch: -2 }),
    bad('unknown assignor', { serverAssignor: 'best' }),
    bad('a bad expression', { subscribedTopicNames: null, subscribedTopicRegex: '(' }),
    bad('another bad expression', { subscribedTopicNames: null, subscribedTopicRegex: 'a{2,1}' }),
    bad('look-ahead is not in RE2', { subscribedTopicNames: null, subscribedTopicRegex: '(?=a)' }),
    bad('v0, a beat without member id', { memberId: '', memberEpoch: 1 }, 0),
    bad('v0, unknown', { memberEpoch: 1 }, 0),
    bad('v0, joins', { memberId: 'zero' }, 0),
    bad('an empty subscription', { memberId: 'none', subscribedTopicNames: [] }),
    bad('an empty expression', { memberId: 'none2', subscribedTopicNames: null, subscribedTopicRegex: '' }),
    ask('describes the empty id', 'ConsumerGroupDescribe', { groupIds: [''] }),
  ],
};

const fixed = (instanceId: string) => ({ instanceId });

const statics: Script = {
  name: 'consumer-group-static',
  steps: [
    ...topic(),
    join('one joins', 'one', fixed('i')),
    join('another with its instance id', 'two', fixed('i')),
    beat('another beats with its instance id', 'two', 2, fixed('i')),
    beat('an unknown instance id', 'one', 2, fixed('j')),
    beat('one goes for a while', 'one', -2, fixed('i')),
    describe('describes one away'),
    beat('one beats all the same', 'one', 2, { ...fixed('i'), ...owning(0, 1, 2, 3) }),
    join('it comes back', 'two', fixed('i')),
    describe('describes it back'),
    beat('its former self beats', 'one', 2, { ...fixed('i'), ...owning() }),
    beat('its former self leaves', 'one', -1, fixed('i')),
    beat('beats without instance id', 'two', 2, owning(0, 1, 2, 3)),
    beat('leaves for good', 'two', -1, fixed('i')),
    describe('describes none'),
  ],
};

const commit = (name: string, memberId: string, epoch: number, partition = 0, version = 10): RequestStep => ({
  name,
  api: 'OffsetCommit',
  version,
  body: {
    groupId: '@group',
    memberId,
    generationIdOrMemberEpoch: epoch,
    topics: [
      { name: '@topic', topicId: '$topicId', partitions: [{ partitionIndex: partition, committedOffset: 7 + epoch }] },
    ],
  },
});

const fetch = (name: string, memberId: string | null, memberEpoch: number): RequestStep => ({
  name,
  api: 'OffsetFetch',
  version: 9,
  body: {
    groups: [{ groupId: '@group', memberId, memberEpoch, topics: [{ name: '@topic', partitionIndexes: [0] }] }],
    requireStable: true,
  },
});

const offsets: Script = {
  name: 'consumer-group-offsets',
  steps: [
    ...topic(),
    join('a joins', 'a'),
    commit('commits', 'a', 2),
    commit('v9', 'a', 2, 0, 9),
    commit('v8', 'a', 2, 0, 8),
    commit('an epoch too low', 'a', 1),
    commit('an epoch too high', 'a', 3),
    commit('unknown', 'b', 2),
    commit('nobody', '', -1),
    fetch('fetches', 'a', 2),
    fetch('fetches, epoch too low', 'a', 1),
    fetch('fetches, unknown', 'b', 2),
    fetch('nobody fetches', null, -1),
    join('b joins', 'b'),
    beat('a is to revoke', 'a', 2, owning(0, 1, 2, 3)),
    commit('of what it is to revoke', 'a', 2, 3),
    beat('a has revoked', 'a', 2, owning(0, 1)),
    commit('with the epoch before', 'a', 2),
    commit('with the epoch before, of what is not its own', 'a', 2, 3),
    commit('with the epoch in which it came', 'a', 3),
    ask('deletes offsets of a subscribed topic', 'OffsetDelete', {
      groupId: '@group',
      topics: [{ name: '@topic', partitions: [{ partitionIndex: 0 }] }],
    }),
    beat('a leaves', 'a', -1),
    beat('b leaves', 'b', -1),
    commit('nobody commits to an empty group', '', -1),
    ask('deletes offsets', 'OffsetDelete', {
      groupId: '@group',
      topics: [{ name: '@topic', partitions: [{ partitionIndex: 0 }] }],
    }),
  ],
};

const growing: Script = {
  name: 'consumer-group-topics',
  steps: [
    ...topic(2),
    join('a joins', 'a', { subscribedTopicNames: ['@topic', '@later'] }),
    ask(
      'adds partitions',
      'CreatePartitions',
      { topics: [{ name: '@topic', count: 4, assignments: null }], timeoutMs: 30_000 },
      { setup: true },
    ),
    { ...beat('a gets them', 'a', 2, owning(0, 1)), until: { path: 'memberEpoch', is: 3 } },
    createTopic('@later', { partitions: 1 }),
    {
      ...beat('a gets the new topic', 'a', 3, owning(0, 1, 2, 3)),
      until: { path: 'memberEpoch', is: 4 },
      unordered: ['assignment.topicPartitions'],
    },
    ask(
      'describes',
      'ConsumerGroupDescribe',
      { groupIds: ['@group'] },
      {
        unordered: ['subscribedTopicNames', 'assignment.topicPartitions', 'targetAssignment.topicPartitions'].map(
          (path) => `groups.0.members.0.${path}`,
        ),
      },
    ),
  ],
};

const expression: Script = {
  name: 'consumer-group-regex',
  steps: [
    ...topic(2),
    join('a joins', 'a', { subscribedTopicNames: null, subscribedTopicRegex: '@t.p[hi]c' }),
    { ...beat('a gets what matches', 'a', 1, owning()), until: { path: 'memberEpoch', is: 2 } },
    join('b joins with the same', 'b', { subscribedTopicNames: null, subscribedTopicRegex: '@t.p[hi]c' }),
    describe('describes'),
    beat('a is to revoke', 'a', 2, owning(0, 1)),
    beat('a drops it', 'a', 2, { subscribedTopicRegex: '', ...owning(0) }),
    beat('a leaves', 'a', -1),
    beat('b leaves', 'b', -1),
    describe('describes none'),
  ],
};

/** The consumer protocol's subscription, version 1: topics, no user data, what is owned. */
function subscription(topic: string, ownedPartitions: readonly number[]): Buffer {
  const text = Buffer.from(topic);
  const int16 = (value: number) => Buffer.from([value >> 8, value & 0xff]);
  const int32 = (value: number) => Buffer.from([0, 0, value >> 8, value & 0xff]);
  const owned =
    ownedPartitions.length === 0
      ? [int32(0)]
      : [int32(1), int16(text.length), text, int32(ownedPartitions.length), ...ownedPartitions.map(int32)];
  const nothing = Buffer.alloc(4, 0xff);
  return Buffer.concat([int16(1), int32(1), int16(text.length), text, nothing, ...owned]);
}

function assignment(topic: string, partitions: readonly number[]): Buffer {
  const text = Buffer.from(topic);
  const header = Buffer.from([0, 1, 0, 0, 0, 1, 0, text.length]);
  const tail = Buffer.alloc(4 + partitions.length * 4 + 4, 0xff);
  tail.writeInt32BE(partitions.length);
  for (const [i, partition] of partitions.entries()) tail.writeInt32BE(partition, 4 + 4 * i);
  return Buffer.concat([header, text, tail]);
}

const migrated = 'consumer-group-migration-topic';

const classicJoin = (name: string, memberId: string, owned: readonly number[], more: object = {}): RequestStep => ({
  name,
  api: 'JoinGroup',
  version: 9,
  body: {
    groupId: '@group',
    sessionTimeoutMs: 30_000,
    rebalanceTimeoutMs: 60_000,
    memberId,
    protocolType: 'consumer',
    protocols: [{ name: 'range', metadata: subscription(migrated, owned) }],
    ...more,
  },
  save: { classic: 'memberId', generation: 'generationId' },
});

const classicSync = (name: string, assigned: readonly number[] | null): RequestStep =>
  ask(name, 'SyncGroup', {
    groupId: '@group',
    generationId: '$generation',
    memberId: '$classic',
    protocolType: 'consumer',
    protocolName: 'range',
    assignments: assigned === null ? [] : [{ memberId: '$classic', assignment: assignment(migrated, assigned) }],
  });

const classicBeat = (name: string, more: object = {}): RequestStep =>
  ask(name, 'Heartbeat', { groupId: '@group', generationId: '$generation', memberId: '$classic', ...more });

const migration: Script = {
  name: 'consumer-group-migration',
  steps: [
    ...topic(),
    classicJoin('a classic member asks for an id', '', []),
    classicJoin('it joins', '$classic', []),
    classicSync('it assigns', [0, 1, 2, 3]),
    classicBeat('it beats'),
    join('a joins', 'a'),
    describe('describes a mixed group'),
    ask('the other describe', 'DescribeGroups', { groups: ['@group'] }),
    classicBeat('a new generation is due'),
    classicSync('it syncs too late', null),
    classicJoin('it joins with all it has', '$classic', [0, 1, 2, 3]),
    classicSync('it is to keep two', null),
    classicBeat('it must come again'),
    classicJoin('it joins with the rest', '$classic', [0, 1]),
    classicSync('it has two', null),
    classicBeat('it is well'),
    classicBeat('another generation', { generationId: 77 }),
    classicBeat('a new member does not beat so', { memberId: 'a' }),
    beat('a has two', 'a', 2, owning()),
    describe('describes a stable mixed group'),
    classicJoin('another classic member with another protocol', '', [], {
      protocols: [{ name: 'other', metadata: subscription(migrated, []) }],
    }),
    classicJoin('a stranger', 'stranger', [], { groupInstanceId: 'i' }),
    beat('a leaves', 'a', -1),
    describe('describes a group that is classic again'),
    ask('the other describe', 'DescribeGroups', { groups: ['@group'] }),
  ],
};

export const consumerGroupScripts: readonly Script[] = [life, input, statics, offsets, growing, expression, migration];
