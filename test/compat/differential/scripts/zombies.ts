// Those who were replaced and do not know it: producers fenced by another incarnation, static members whose place is taken, members that
// come again. And what they may say about a transaction's offsets to a classic group.

import { ask, createTopic, eachVersion, newestVersion, type RequestStep, type Script } from '../script.ts';

const topic = [createTopic('@t', { partitions: 4 }), { ready: '@t' }];

const settled = (path: string, is: unknown = 0) => ({ until: { path, is } });

const transactionCoordinator: RequestStep = {
  api: 'FindCoordinator',
  version: 2,
  setup: true,
  body: { key: '@id', keyType: 1 },
  ...settled('errorCode'),
};

const initialise = (name: string, save: string, version = 4): RequestStep => ({
  name,
  api: 'InitProducerId',
  version,
  body: { transactionalId: '@id', transactionTimeoutMs: 60_000 },
  save: { producer: 'producerId', [save]: 'producerEpoch' },
  // A transaction that is open has to be aborted first.
  ...settled('errorCode'),
});

const by = (epoch: string) => ({ transactionalId: '@id', producerId: '$producer', producerEpoch: epoch });

const partitions = [{ name: '@t', partitions: [0] }];

const addPartitions = (epoch: string, verifyOnly = false) => ({
  transactions: [{ ...by(epoch), verifyOnly, topics: partitions }],
  v3AndBelowTransactionalId: '@id',
  v3AndBelowProducerId: '$producer',
  v3AndBelowProducerEpoch: epoch,
  v3AndBelowTopics: partitions,
});

const offsetsOf = (committedOffset = 5) => [
  { name: '@t', partitions: [{ partitionIndex: 0, committedOffset, committedLeaderEpoch: -1, committedMetadata: '' }] },
];

const produce = (name: string, epoch: string, version: number): RequestStep => ({
  name,
  api: 'Produce',
  version,
  body: {
    transactionalId: '@id',
    acks: -1,
    timeoutMs: 30_000,
    topicData: [
      {
        name: '@t',
        partitionData: [
          { index: 0, records: { batchOf: { producerId: '$producer', producerEpoch: epoch, transactional: true } } },
        ],
      },
    ],
  },
});

/** All that a producer can ask, in every version; none of it may change anything. */
const asZombie = (when: string): RequestStep[] => [
  ...eachVersion('AddPartitionsToTxn', () => ({ name: `zombie, ${when}`, body: addPartitions('$old') })),
  ...[4, 5].map((version) => ({
    name: `zombie verifies, ${when}`,
    api: 'AddPartitionsToTxn',
    version,
    body: addPartitions('$old', true),
  })),
  ...eachVersion('AddOffsetsToTxn', () => ({ name: `zombie, ${when}`, body: { ...by('$old'), groupId: '@group' } })),
  ...eachVersion('TxnOffsetCommit', () => ({
    name: `zombie, ${when}`,
    body: { ...by('$old'), groupId: '@group', topics: offsetsOf() },
  })),
  ...[11, 12].map((version) => produce(`zombie, ${when}`, '$old', version)),
  ...[true, false].flatMap((committed) =>
    eachVersion('EndTxn', () => ({ name: `zombie, ${when}`, body: { ...by('$old'), committed } })),
  ),
];

const asksForItsNextEpoch = (version: number): RequestStep => ({
  name: 'zombie asks for its next epoch',
  api: 'InitProducerId',
  version,
  body: { transactionalId: '@id', transactionTimeoutMs: 60_000, producerId: '$producer', producerEpoch: '$old' },
});

const states = (name: string, is: string): RequestStep =>
  ask(name, 'DescribeTransactions', { transactionalIds: ['@id'] }, settled('transactionStates.0.transactionState', is));

const producers: Script = {
  name: 'zombie-producers',
  steps: [
    ...topic,
    transactionCoordinator,
    initialise('the first', 'old'),
    { name: 'it adds', api: 'AddPartitionsToTxn', version: 3, body: addPartitions('$old') },
    produce('it writes', '$old', 11),
    initialise('another takes its id', 'epoch'),
    states('nothing is open', 'Empty'),
    ...asZombie('nothing open'),
    ...[3, 4, 5].map(asksForItsNextEpoch),
    states('nothing is open yet', 'Empty'),
    { name: 'the other adds', api: 'AddPartitionsToTxn', version: 3, body: addPartitions('$epoch') },
    ...asZombie('a transaction open'),
    states('it is open', 'Ongoing'),
    { name: 'the other commits', api: 'EndTxn', version: 4, body: { ...by('$epoch'), committed: true } },
    states('it is committed', 'CompleteCommit'),
    ...asZombie('a transaction committed'),
    ...[3, 4, 5].map(asksForItsNextEpoch),
    states('it is committed still', 'CompleteCommit'),
    // Whoever has, or had, the producer id has an open transaction aborted by that, whatever the epoch.
    { name: 'the other adds', api: 'AddPartitionsToTxn', version: 3, body: addPartitions('$epoch') },
    asksForItsNextEpoch(5),
    states('it is aborted', 'CompleteAbort'),
    { name: 'the other commits', api: 'EndTxn', version: 4, body: { ...by('$epoch'), committed: true } },
    ask(
      'what the partition knows',
      'DescribeProducers',
      { topics: [{ name: '@t', partitionIndexes: [0] }] },
      { unordered: ['topics.0.partitions.0.activeProducers'] },
    ),
  ],
};

/** A version 0 subscription to one topic. */
const subscription = (name: string): Buffer =>
  Buffer.from(
    `000000000001${name.length.toString(16).padStart(4, '0')}${Buffer.from(name).toString('hex')}ffffffff`,
    'hex',
  );

const joining = (script: string, more: object) => ({
  groupId: '@group',
  sessionTimeoutMs: 30_000,
  rebalanceTimeoutMs: 60_000,
  memberId: '',
  protocolType: 'consumer',
  protocols: [{ name: 'range', metadata: subscription(`${script}-t`) }],
  ...more,
});

const sync = (name: string, more: object): RequestStep =>
  ask(name, 'SyncGroup', {
    groupId: '@group',
    generationId: 1,
    protocolType: 'consumer',
    protocolName: 'range',
    assignments: [],
    ...more,
  });

const transactional = (name: string, more: object): RequestStep[] =>
  [3, 4, 5].map((version) => ({
    name,
    api: 'TxnOffsetCommit',
    version,
    body: { ...by('$epoch'), groupId: '@group', topics: offsetsOf(), ...more },
  }));

const commits = (name: string, more: object): RequestStep[] =>
  eachVersion('OffsetCommit', () => ({
    name,
    body: {
      groupId: '@group',
      topics: [
        {
          name: '@t',
          topicId: '$tId',
          partitions: [{ partitionIndex: 0, committedOffset: 5, committedMetadata: '' }],
        },
      ],
      ...more,
    },
  }));

const one = { groupInstanceId: 'one' };

/** A static member of a classic group whose place was taken, and what a transaction may say of such a group. */
const members: Script = {
  name: 'zombie-members',
  steps: [
    ...topic,
    transactionCoordinator,
    initialise('a producer', 'epoch'),
    ask('the group is added', 'AddOffsetsToTxn', { ...by('$epoch'), groupId: '@group' }),
    ...transactional('a generation, before there is a group', { generationId: 1, memberId: 'm' }),
    {
      name: 'joins',
      api: 'JoinGroup',
      version: 9,
      body: joining('zombie-members', one),
      save: { first: 'memberId' },
    },
    ...transactional('before the sync', { generationId: 1, memberId: '$first', ...one }),
    ...transactional('of no member, before the sync', {}),
    sync('syncs', { memberId: '$first', ...one }),
    ...transactional('its generation', { generationId: 1, memberId: '$first', ...one }),
    ...transactional('the generation before', { generationId: 0, memberId: '$first', ...one }),
    ...transactional('a generation to come', { generationId: 2, memberId: '$first', ...one }),
    ...transactional('no generation', { generationId: -1, memberId: '$first', ...one }),
    ...transactional('without its instance id', { generationId: 1, memberId: '$first' }),
    ...transactional('another instance id', { generationId: 1, memberId: '$first', groupInstanceId: 'two' }),
    ...transactional('a stranger', { generationId: 1, memberId: 'nobody' }),
    {
      name: 'comes back',
      api: 'JoinGroup',
      version: 9,
      body: joining('zombie-members', one),
      save: { again: 'memberId' },
    },
    ...transactional('the zombie in a transaction', { generationId: 1, memberId: '$first', ...one }),
    ...transactional('the zombie in a transaction, without its instance id', { generationId: 1, memberId: '$first' }),
    ...commits('the zombie', { generationIdOrMemberEpoch: 1, memberId: '$first', ...one }),
    ...commits('the zombie without its instance id', { generationIdOrMemberEpoch: 1, memberId: '$first' }),
    ...eachVersion('Heartbeat', () => ({
      name: 'the zombie',
      body: { groupId: '@group', generationId: 1, memberId: '$first', ...one },
    })),
    ...eachVersion('SyncGroup', () => ({
      name: 'the zombie',
      body: { groupId: '@group', generationId: 1, memberId: '$first', ...one, assignments: [] },
    })),
    ...[5, 6, 7, 8, 9].map((version) => ({
      name: 'the zombie',
      api: 'JoinGroup',
      version,
      body: joining('zombie-members', { memberId: '$first', ...one }),
    })),
    ...eachVersion('LeaveGroup', () => ({
      name: 'the zombie',
      body: { groupId: '@group', memberId: '$first', members: [{ memberId: '$first', ...one }] },
    })),
    ...commits('the new one', { generationIdOrMemberEpoch: 1, memberId: '$again', ...one }),
    ...eachVersion('OffsetFetch', () => ({
      name: 'what is pending',
      body: {
        groupId: '@group',
        topics: [{ name: '@t', partitionIndexes: [0] }],
        groups: [
          {
            groupId: '@group',
            memberId: '$first',
            memberEpoch: 1,
            topics: [{ name: '@t', topicId: '$tId', partitionIndexes: [0] }],
          },
        ],
        requireStable: true,
      },
    })),
    { name: 'leaves', api: 'LeaveGroup', version: 5, body: { groupId: '@group', members: [{ memberId: '', ...one }] } },
    ...transactional('one that has left', { generationId: 1, memberId: '$again' }),
    ask('a group with offsets in a transaction', 'DeleteGroups', { groupsNames: ['@group'] }),
    { name: 'commits', api: 'EndTxn', version: 4, body: { ...by('$epoch'), committed: true } },
    states('it is committed', 'CompleteCommit'),
    ask('what is left of the deleted group', 'OffsetFetch', {
      groups: [{ groupId: '@group', topics: [{ topicId: '$tId', partitionIndexes: [0] }] }],
      requireStable: true,
    }),
  ],
};

/**
 * By itself: Apache Kafka verifies several transactions in one request, and answers all of them as the version of the first wants it.
 */
const notAdded: Script = {
  name: 'zombie-not-added',
  alone: true,
  steps: [
    ...topic,
    transactionCoordinator,
    initialise('a producer', 'epoch'),
    ...eachVersion('TxnOffsetCommit', (version) => ({
      name: 'the group is not in the transaction',
      body: { ...by('$epoch'), groupId: `@group-${version}`, topics: offsetsOf() },
    })),
  ],
};

const heartbeat = (name: string, body: object): RequestStep =>
  ask(name, 'ConsumerGroupHeartbeat', { groupId: '@group', ...body });

const begins = (name: string, memberId: string, more: object = {}): RequestStep =>
  heartbeat(name, {
    memberId,
    memberEpoch: 0,
    rebalanceTimeoutMs: 60_000,
    subscribedTopicNames: ['@t'],
    topicPartitions: [],
    ...more,
  });

const owning = (...owned: readonly number[]) => ({ topicPartitions: [{ topicId: '$tId', partitions: owned }] });
const UNKNOWN_ID = 'hloYyovRSj-Y0Z7LtQuJ3A';

/** Members of a KIP-848 group that come again, or say what cannot be. */
const consumers: Script = {
  name: 'zombie-consumers',
  steps: [
    ...topic,
    begins('a joins', 'a'),
    begins('b joins', 'b'),
    begins('a joins again while it is to revoke', 'a'),
    heartbeat('a is to revoke', { memberId: 'a', memberEpoch: 2, ...owning(0, 1, 2, 3) }),
    begins('a joins again', 'a'),
    heartbeat('a with epoch 1', { memberId: 'a', memberEpoch: 1, ...owning() }),
    heartbeat('a has more than there is', { memberId: 'a', memberEpoch: 3, ...owning(0, 1, 77, -1) }),
    heartbeat('a has a partition twice', { memberId: 'a', memberEpoch: 3, ...owning(0, 0, 1) }),
    heartbeat('a has a topic that is not there', {
      memberId: 'a',
      memberEpoch: 3,
      topicPartitions: [{ topicId: UNKNOWN_ID, partitions: [0] }],
    }),
    heartbeat('a has nothing, twice', {
      memberId: 'a',
      memberEpoch: 3,
      topicPartitions: [
        { topicId: '$tId', partitions: [] },
        { topicId: '$tId', partitions: [] },
      ],
    }),
    heartbeat('b has what is of a', { memberId: 'b', memberEpoch: 3, ...owning(0, 1, 2, 3) }),
    heartbeat('a gives itself an instance id', { memberId: 'a', memberEpoch: 3, instanceId: 'i' }),
    heartbeat('a moves to another rack', { memberId: 'a', memberEpoch: 3, rackId: 'r' }),
    heartbeat('a with a rebalance timeout of 0', { memberId: 'a', memberEpoch: 3, rebalanceTimeoutMs: 0 }),
    heartbeat('a subscribes to a topic twice', { memberId: 'a', memberEpoch: 3, subscribedTopicNames: ['@t', '@t'] }),
    heartbeat('a with an expression that does not compile', {
      memberId: 'a',
      memberEpoch: 3,
      subscribedTopicRegex: '(unclosed',
    }),
    heartbeat('a with an unknown assignor', { memberId: 'a', memberEpoch: 3, serverAssignor: 'sticky' }),
    heartbeat('a goes for a while, although it is not static', { memberId: 'a', memberEpoch: -2, instanceId: 'i' }),
    heartbeat('a with the largest epoch', { memberId: 'a', memberEpoch: 2_147_483_647 }),
    ask('described', 'ConsumerGroupDescribe', { groupIds: ['@group'] }, { unordered: ['groups.0.members'] }),
    begins('s joins as i', 's', { instanceId: 'i' }),
    begins('s joins as i again', 's', { instanceId: 'i' }),
    begins('s joins as j', 's', { instanceId: 'j' }),
    heartbeat('s goes for a while', { memberId: 's', memberEpoch: -2, instanceId: 'i' }),
    heartbeat('s goes for a while again', { memberId: 's', memberEpoch: -2, instanceId: 'i' }),
    begins('t comes in its place', 't', { instanceId: 'i' }),
    heartbeat('s goes for good', { memberId: 's', memberEpoch: -1, instanceId: 'i' }),
    heartbeat('s goes for good without its instance id', { memberId: 's', memberEpoch: -1 }),
    begins('s joins without its instance id', 's'),
    heartbeat('t goes for good', { memberId: 't', memberEpoch: -1, instanceId: 'i' }),
    heartbeat('t goes again', { memberId: 't', memberEpoch: -1, instanceId: 'i' }),
    begins('a very long member id', 'm'.repeat(1000)),
    ask('a very long group id', 'ConsumerGroupHeartbeat', {
      groupId: 'g'.repeat(1000),
      memberId: 'a',
      memberEpoch: 4,
    }),
    ask('described at last', 'ConsumerGroupDescribe', { groupIds: ['@group'] }, { unordered: ['groups.0.members'] }),
  ],
};

const asClassic = (name: string, memberId: string, more: object = {}): RequestStep => ({
  name,
  api: 'JoinGroup',
  version: 9,
  body: joining('zombie-protocols', { memberId, ...more }),
  save: { classic: 'memberId', generation: 'generationId' },
});

const describedMembers = (name: string): RequestStep =>
  ask(name, 'ConsumerGroupDescribe', { groupIds: ['@group'] }, { unordered: ['groups.0.members'] });

/** Members that go on with the other protocol under the id that they had. */
const protocols: Script = {
  name: 'zombie-protocols',
  steps: [
    ...topic,
    begins('a joins', 'a'),
    begins('b joins', 'b'),
    asClassic('a goes on as a classic member', 'a'),
    describedMembers('a is a classic member'),
    ask('a beats as one', 'Heartbeat', { groupId: '@group', generationId: '$generation', memberId: 'a' }),
    sync('a syncs', { generationId: '$generation', memberId: 'a' }),
    sync('a syncs with another protocol', { generationId: '$generation', memberId: 'a', protocolName: 'sticky' }),
    sync('a syncs with another generation', { generationId: 77, memberId: 'a' }),
    ...commits('a commits as one', { generationIdOrMemberEpoch: '$generation', memberId: 'a' }),
    ...commits('a commits, a generation ahead', { generationIdOrMemberEpoch: 9, memberId: 'a' }),
    heartbeat('a beats as it did before', { memberId: 'a', memberEpoch: 3, ...owning(0, 1) }),
    describedMembers('a is back'),
    ask('a beats as a classic one', 'Heartbeat', { groupId: '@group', generationId: 3, memberId: 'a' }),
    sync('a syncs as a classic one', { generationId: 3, memberId: 'a' }),
    asClassic('a new classic member asks for an id', ''),
    asClassic('it joins', '$classic'),
    asClassic('another one with another protocol', '', {
      protocols: [{ name: 'other', metadata: subscription('zombie-protocols-t') }],
    }),
    asClassic('another one of another type', '', { protocolType: 'connect' }),
    describedMembers('three'),
    ask('all leave', 'LeaveGroup', { groupId: '@group', members: [{ memberId: 'a' }, { memberId: 'b' }] }),
    ask('the classic group', 'DescribeGroups', { groups: ['@group'] }),
    heartbeat('b beats in the classic group', { memberId: 'b', memberEpoch: 3, ...owning() }),
  ],
};

const listed = { keep: { of: 'transactionStates', by: 'transactionalId' }, unordered: ['transactionStates'] };

/** Filters of ListTransactions and ListGroups that exclude one another. */
const filters: Script = {
  name: 'zombie-filters',
  steps: [
    ...topic,
    transactionCoordinator,
    initialise('a producer', 'epoch'),
    { name: 'adds', api: 'AddPartitionsToTxn', version: 3, body: addPartitions('$epoch') },
    ...[
      { stateFilters: ['Ongoing'], transactionalIdPattern: '.*id' },
      { stateFilters: ['Empty'], transactionalIdPattern: '.*id' },
      { stateFilters: ['Ongoing'], durationFilter: 0, producerIdFilters: ['$producer'] },
      { stateFilters: ['Nonsense'], transactionalIdPattern: '(' },
      { durationFilter: 1_000_000_000, transactionalIdPattern: '(' },
      { durationFilter: -5, transactionalIdPattern: null },
      { producerIdFilters: [-1] },
      { stateFilters: ['PrepareEpochFence', 'Dead', 'ongoing'] },
    ].map((body) => ask(JSON.stringify(body), 'ListTransactions', body, listed)),
    { name: 'ends', api: 'EndTxn', version: newestVersion('EndTxn'), body: { ...by('$epoch'), committed: false } },
    states('it is over', 'CompleteAbort'),
  ],
};

export const zombieScripts: readonly Script[] = [producers, members, notAdded, consumers, protocols, filters];
