// Requests to a living group from those who are not (or no longer) in it: members of the other protocol, members that left or were
// replaced, transactions with the wrong member, offsets that make no sense. Both kinds of groups.

import { ask, createTopic, eachVersion, type RequestStep, type Script } from '../script.ts';

const topic = [createTopic('@topic', { partitions: 4 }), { ready: '@topic' }];

const join = (name: string, memberId: string, more: object = {}): RequestStep =>
  ask(name, 'ConsumerGroupHeartbeat', {
    groupId: '@group',
    memberId,
    memberEpoch: 0,
    rebalanceTimeoutMs: 60_000,
    subscribedTopicNames: ['@topic'],
    topicPartitions: [],
    ...more,
  });

const beat = (name: string, memberId: string, memberEpoch: number, more: object = {}): RequestStep =>
  ask(name, 'ConsumerGroupHeartbeat', { groupId: '@group', memberId, memberEpoch, ...more });

const described = (name: string): RequestStep[] => [
  ask(
    `${name}, as a KIP-848 group`,
    'ConsumerGroupDescribe',
    { groupIds: ['@group'] },
    { unordered: ['groups.0.members'] },
  ),
  ask(`${name}, as a classic one`, 'DescribeGroups', { groups: ['@group'] }),
];

const leave = (name: string, ...members: object[]): RequestStep[] =>
  eachVersion('LeaveGroup', () => ({ name, body: { groupId: '@group', members } })).filter(
    // Before version 3 one member leaves, by its id.
    ({ version }) => version >= 3,
  );

/** A subscription of version 0 to one topic. */
const subscription = (name: string): Buffer =>
  Buffer.from(
    `000000000001${name.length.toString(16).padStart(4, '0')}${Buffer.from(name).toString('hex')}ffffffff`,
    'hex',
  );

const classicJoin = (script: string, name: string, memberId: string, more: object = {}): RequestStep => ({
  name,
  api: 'JoinGroup',
  version: 9,
  body: {
    groupId: '@group',
    sessionTimeoutMs: 30_000,
    rebalanceTimeoutMs: 60_000,
    memberId,
    protocolType: 'consumer',
    protocols: [{ name: 'range', metadata: subscription(`${script}-topic`) }],
    ...more,
  },
  save: { classic: 'memberId', generation: 'generationId' },
});

const commit = (name: string, more: object, offset = 5): RequestStep[] =>
  eachVersion('OffsetCommit', () => ({
    name,
    body: {
      groupId: '@group',
      topics: [
        {
          name: '@topic',
          topicId: '$topicId',
          partitions: [{ partitionIndex: 0, committedOffset: offset, committedMetadata: '' }],
        },
      ],
      ...more,
    },
  }));

/** Members of the new protocol get classic requests. */
const classicRequests: Script = {
  name: 'strangers-classic-requests',
  steps: [
    ...topic,
    join('a joins', 'a'),
    join('s joins', 's', { instanceId: 'i' }),
    ask('beats as a classic member', 'Heartbeat', { groupId: '@group', generationId: 2, memberId: 'a' }),
    ask('beats as a static one', 'Heartbeat', {
      groupId: '@group',
      generationId: 3,
      memberId: 's',
      groupInstanceId: 'i',
    }),
    ask('syncs', 'SyncGroup', { groupId: '@group', generationId: 2, memberId: 'a', assignments: [] }),
    ask('a stranger syncs', 'SyncGroup', { groupId: '@group', generationId: 2, memberId: 'x', assignments: [] }),
    classicJoin('strangers-classic-requests', 'joins as a stranger', 'x'),
    classicJoin('strangers-classic-requests', 'joins without protocols', '', { protocols: [] }),
    classicJoin('strangers-classic-requests', 'joins with another type', '', { protocolType: 'connect' }),
    // What does not read as a subscription is not asked: Apache Kafka never answers.
    classicJoin('strangers-classic-requests', 'joins as a static stranger', 'x', { groupInstanceId: 'i' }),
    ...leave('nobody'),
    ...leave('a stranger', { memberId: 'x' }),
    ...leave('another instance id', { memberId: '', groupInstanceId: 'j' }),
    ...leave('the instance id of another', { memberId: 'a', groupInstanceId: 'i' }),
    ...described('nobody has left'),
    ...leave('all, and a stranger', { memberId: 'x' }, { memberId: 'a' }, { memberId: '', groupInstanceId: 'i' }),
    ...described('all have left'),
    beat('the one that was removed', 'a', 2),
    beat('the static one that was removed', 's', 3, { instanceId: 'i' }),
  ],
};

/** A classic member takes a static member's place, and the group changes its protocol. */
const replaced: Script = {
  name: 'strangers-replaced',
  steps: [
    ...topic,
    join('s joins', 's', { instanceId: 'i' }),
    beat('it goes for a while', 's', -2, { instanceId: 'i' }),
    classicJoin('strangers-replaced', 'a classic one in its place', '', { groupInstanceId: 'i' }),
    ...described('a classic group'),
    ask('it syncs', 'SyncGroup', {
      groupId: '@group',
      generationId: '$generation',
      memberId: '$classic',
      groupInstanceId: 'i',
      protocolType: 'consumer',
      protocolName: 'range',
      assignments: [],
    }),
    beat('its former self beats', 's', 2, { instanceId: 'i' }),
    ...commit('its former self commits', { memberId: 's', generationIdOrMemberEpoch: 2 }),
    ...commit('its former self commits with its name', {
      memberId: 's',
      groupInstanceId: 'i',
      generationIdOrMemberEpoch: 2,
    }),
    ask('it beats', 'Heartbeat', {
      groupId: '@group',
      generationId: '$generation',
      memberId: '$classic',
      groupInstanceId: 'i',
    }),
    join('one of the new protocol takes it back', 't', { instanceId: 'i' }),
    ...described('a KIP-848 group'),
    ask('its former self beats', 'Heartbeat', {
      groupId: '@group',
      generationId: '$generation',
      memberId: '$classic',
      groupInstanceId: 'i',
    }),
  ],
};

const transactional = (name: string, more: object, offset = 5): RequestStep[] =>
  [3, 4, 5].map((version) => ({
    name,
    api: 'TxnOffsetCommit',
    version,
    body: {
      transactionalId: '@id',
      groupId: '@group',
      producerId: '$producer',
      producerEpoch: '$epoch',
      topics: [
        {
          name: '@topic',
          partitions: [{ partitionIndex: 0, committedOffset: offset, committedLeaderEpoch: -1, committedMetadata: '' }],
        },
      ],
      ...more,
    },
  }));

const begin: readonly RequestStep[] = [
  {
    api: 'FindCoordinator',
    version: 2,
    setup: true,
    body: { key: '@id', keyType: 1 },
    until: { path: 'errorCode', is: 0 },
  },
  {
    name: 'a producer',
    api: 'InitProducerId',
    version: 4,
    body: { transactionalId: '@id', transactionTimeoutMs: 60_000 },
    save: { producer: 'producerId', epoch: 'producerEpoch' },
    until: { path: 'errorCode', is: 0 },
  },
  ask('the group is added', 'AddOffsetsToTxn', {
    transactionalId: '@id',
    producerId: '$producer',
    producerEpoch: '$epoch',
    groupId: '@group',
  }),
];

/** What a transaction may say of a KIP-848 group's members. */
const inTransactions: Script = {
  name: 'strangers-transactions',
  steps: [
    ...topic,
    join('a joins', 'a'),
    join('s joins', 's', { instanceId: 'i' }),
    ...begin,
    ...transactional('without a member', { generationId: -1 }),
    ...transactional('a member without epoch', { memberId: 'a', generationId: -1 }),
    ...transactional('its epoch', { memberId: 'a', generationId: 2 }),
    ...transactional('an epoch before', { memberId: 'a', generationId: 1 }),
    ...transactional('an epoch to come', { memberId: 'a', generationId: 9 }),
    ...transactional('a stranger', { memberId: 'x', generationId: 2 }),
    ...transactional('an unknown instance', { memberId: 'a', generationId: 2, groupInstanceId: 'x' }),
    ...transactional('the instance of another', { memberId: 'a', generationId: 2, groupInstanceId: 'i' }),
    ...transactional('an epoch without member', { generationId: 2 }),
    ...transactional('a negative offset', { memberId: 'a', generationId: 2 }, -1),
    ...transactional('a very negative offset', { memberId: 'a', generationId: 2 }, -1000),
    ...transactional('another producer', { memberId: 'a', generationId: 2, producerId: 4711 }),
    ...transactional('an older epoch of the producer', { memberId: 'a', generationId: 2, producerEpoch: -1 }),
    {
      name: 'ends',
      api: 'EndTxn',
      version: 4,
      body: { transactionalId: '@id', producerId: '$producer', producerEpoch: '$epoch', committed: false },
    },
    beat('a leaves', 'a', -1),
    beat('s leaves', 's', -1, { instanceId: 'i' }),
    ...begin,
    ...transactional('to an empty group', { generationId: -1 }),
    ...transactional('a member that has left', { memberId: 'a', generationId: 2 }),
  ],
};

/** Offsets that make no sense, and who may commit them: strangers to a group of each kind. */
const offsets: Script = {
  name: 'strangers-offsets',
  steps: [
    ...topic,
    join('a joins', 'a'),
    ...commit('from nobody', { memberId: '', generationIdOrMemberEpoch: -1 }),
    ...commit('from a stranger', { memberId: 'x', generationIdOrMemberEpoch: 2 }),
    ...commit('with an unknown instance', { memberId: 'a', generationIdOrMemberEpoch: 2, groupInstanceId: 'x' }),
    ...commit('a negative offset', { memberId: 'a', generationIdOrMemberEpoch: 2 }, -2),
    ...commit('epoch -1', { memberId: 'a', generationIdOrMemberEpoch: -1 }),
    ...commit('epoch 0', { memberId: 'a', generationIdOrMemberEpoch: 0 }),
    ...eachVersion('OffsetFetch', () => ({
      name: 'offsets of a group with a member',
      body: {
        groupId: '@group',
        topics: [{ name: '@topic', partitionIndexes: [0] }],
        groups: [
          {
            groupId: '@group',
            memberId: 'x',
            memberEpoch: 2,
            topics: [{ name: '@topic', topicId: '$topicId', partitionIndexes: [0] }],
          },
        ],
      },
    })),
    beat('a leaves', 'a', -1),
    ...commit('from one that has left', { memberId: 'a', generationIdOrMemberEpoch: 2 }),
  ],
};

/** The new protocol meets groups that are none of consumers. */
const otherGroups: Script = {
  name: 'strangers-other-groups',
  steps: [
    ...topic,
    ...[
      ['a group of connectors', { protocolType: 'connect', protocols: [{ name: 'x', metadata: Buffer.from('x') }] }],
    ].flatMap(([name, more]): RequestStep[] => [
      classicJoin('strangers-other-groups', `${name}: asks for an id`, '', more as object),
      classicJoin('strangers-other-groups', `${name}: joins`, '$classic', more as object),
    ]),
    join('a consumer joins connectors', 'a'),
    beat('a consumer beats among connectors', 'a', 1),
    beat('a consumer leaves connectors', 'a', -1),
    ask('an assignor that nobody knows', 'ConsumerGroupHeartbeat', {
      groupId: '@new',
      memberId: 'a',
      memberEpoch: 0,
      rebalanceTimeoutMs: 60_000,
      serverAssignor: 'no-such',
      subscribedTopicNames: ['@topic'],
      topicPartitions: [],
    }),
    ...['(', '[', '*', 'a{2,1}', '(?<n>a)', '(?=a)', 'a\\', '\\1', ''].map((subscribedTopicRegex) =>
      ask(`expression ${subscribedTopicRegex}`, 'ConsumerGroupHeartbeat', {
        groupId: '@expressions',
        memberId: 'a',
        memberEpoch: 0,
        rebalanceTimeoutMs: 60_000,
        subscribedTopicNames: null,
        subscribedTopicRegex,
        topicPartitions: [],
      }),
    ),
  ],
};

export const strangerScripts: readonly Script[] = [classicRequests, replaced, inTransactions, offsets, otherGroups];
