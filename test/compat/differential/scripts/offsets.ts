// OffsetCommit, OffsetFetch, OffsetDelete.

import { ask, createTopic, eachVersion, type RequestStep, type Script } from '../script.ts';

const UNKNOWN_ID = 'hloYyovRSj-Y0Z7LtQuJ3A';
const ZERO_ID = 'AAAAAAAAAAAAAAAAAAAAAA';

interface Committed {
  readonly partitionIndex?: number;
  readonly committedOffset: number;
  readonly committedLeaderEpoch?: number;
  readonly committedMetadata?: string | null;
}

const committing = (name: string, topicId: string, ...partitions: readonly Committed[]) => ({
  name,
  topicId,
  partitions: partitions.map((partition) => ({ partitionIndex: 0, committedMetadata: '', ...partition })),
});

const simple = (groupId: string, ...topics: readonly object[]) => ({ groupId, topics });

/** The same question in the shape of every version. */
const fetching = (
  groupId: string,
  topics: readonly { name: string; topicId?: string; partitionIndexes: number[] }[] | null,
  more: object = {},
) => ({
  groupId,
  topics: topics?.map(({ name, partitionIndexes }) => ({ name, partitionIndexes })) ?? null,
  groups: [{ groupId, topics, ...more }],
});

const fetchT = (...partitionIndexes: number[]) => [{ name: '@t', topicId: '$tId', partitionIndexes }];

const offsets: Script = {
  name: 'offsets',
  steps: [
    createTopic('@t', { partitions: 3 }),
    ...eachVersion('OffsetCommit', (version) => ({
      name: 'without members',
      body: simple(
        '@simple',
        committing(
          '@t',
          '$tId',
          { committedOffset: version },
          { partitionIndex: 1, committedOffset: 7, committedLeaderEpoch: 3, committedMetadata: 'text' },
        ),
      ),
    })),
    ...eachVersion('OffsetFetch', () => ({ name: 'what was committed', body: fetching('@simple', fetchT(0, 1, 2)) })),
    ...eachVersion('OffsetFetch', (version) => ({
      name: 'all',
      body: fetching('@simple', version < 2 ? [] : null),
      unordered: version < 8 ? ['topics', 'topics.*.partitions'] : ['groups.*.topics', 'groups.*.topics.*.partitions'],
    })),
    ...eachVersion('OffsetFetch', () => ({ name: 'no topics', body: fetching('@simple', []) })),
    ...eachVersion('OffsetFetch', () => ({ name: 'unknown group', body: fetching('@missing', fetchT(0)) })),
    ...eachVersion('OffsetFetch', (version) => ({
      name: 'unknown group, all',
      body: fetching('@missing', version < 2 ? [] : null),
    })),
    ...eachVersion('OffsetFetch', () => ({ name: 'no group', body: fetching('', fetchT(0)) })),
    ...eachVersion('OffsetFetch', () => ({
      name: 'unknown topic',
      body: fetching('@simple', [{ name: '@missing', topicId: UNKNOWN_ID, partitionIndexes: [0] }, ...fetchT(0)]),
    })),
    ...eachVersion('OffsetFetch', () => ({ name: 'unknown partition', body: fetching('@simple', fetchT(9, -1)) })),
    ...eachVersion('OffsetFetch', () => ({
      name: 'the same partition twice',
      body: fetching('@simple', fetchT(0, 0)),
    })),
    ...eachVersion('OffsetFetch', () => ({
      name: 'the same topic twice',
      body: fetching('@simple', [...fetchT(0), ...fetchT(1)]),
    })),
    ...eachVersion('OffsetFetch', () => ({
      name: 'only stable ones',
      body: { ...fetching('@simple', fetchT(0)), requireStable: true },
    })),
    ...[8, 9, 10].flatMap((version): RequestStep[] => [
      {
        name: 'several groups',
        api: 'OffsetFetch',
        version,
        body: {
          groups: [
            { groupId: '@simple', topics: fetchT(0) },
            { groupId: '@missing', topics: fetchT(0) },
            { groupId: '@simple', topics: null },
          ],
        },
        unordered: ['groups.*.topics', 'groups.*.topics.*.partitions'],
      },
      { name: 'no groups', api: 'OffsetFetch', version, body: { groups: [] } },
      {
        name: 'as a member that is none',
        api: 'OffsetFetch',
        version,
        body: fetching('@simple', fetchT(0), { memberId: 'nobody', memberEpoch: 1 }),
      },
      {
        name: 'as a member with epoch 0',
        api: 'OffsetFetch',
        version,
        body: fetching('@simple', fetchT(0), { memberId: '', memberEpoch: 0 }),
      },
    ]),
    ...[ZERO_ID, UNKNOWN_ID].map((id) =>
      ask(`id ${id}`, 'OffsetFetch', fetching('@simple', [{ name: '', topicId: id, partitionIndexes: [0] }])),
    ),

    ...eachVersion('OffsetCommit', () => ({
      name: 'no group',
      body: simple('', committing('@t', '$tId', { committedOffset: 1 })),
    })),
    ...eachVersion('OffsetCommit', () => ({
      name: 'unknown topic',
      body: simple(
        '@simple',
        committing('@missing', UNKNOWN_ID, { committedOffset: 1 }),
        committing('@t', '$tId', { committedOffset: 1 }),
      ),
      unordered: ['topics'],
    })),
    ...eachVersion('OffsetCommit', () => ({
      name: 'no topic',
      body: simple('@simple', committing('', ZERO_ID, { committedOffset: 1 })),
    })),
    ...eachVersion('OffsetCommit', () => ({
      name: 'unknown partition',
      body: simple(
        '@simple',
        committing(
          '@t',
          '$tId',
          { partitionIndex: 9, committedOffset: 1 },
          { partitionIndex: 1, committedOffset: 1 },
          { partitionIndex: -1, committedOffset: 1 },
        ),
      ),
      unordered: ['topics.*.partitions'],
    })),
    ...eachVersion('OffsetCommit', () => ({
      name: 'negative offset',
      body: simple('@simple', committing('@t', '$tId', { committedOffset: -1 })),
    })),
    ...eachVersion('OffsetCommit', () => ({
      name: 'offset -2',
      body: simple('@simple', committing('@t', '$tId', { committedOffset: -2 })),
    })),
    ...eachVersion('OffsetCommit', () => ({
      name: 'null metadata',
      body: simple('@simple', committing('@t', '$tId', { committedOffset: 3, committedMetadata: null })),
    })),
    ...eachVersion('OffsetCommit', () => ({
      name: 'long metadata',
      body: simple('@simple', committing('@t', '$tId', { committedOffset: 3, committedMetadata: 'x'.repeat(4097) })),
    })),
    ...eachVersion('OffsetCommit', () => ({
      name: 'longest metadata',
      body: simple('@simple', committing('@t', '$tId', { committedOffset: 3, committedMetadata: 'x'.repeat(4096) })),
    })),
    ...eachVersion('OffsetCommit', () => ({ name: 'nothing', body: simple('@simple') })),
    ...eachVersion('OffsetCommit', () => ({ name: 'nothing for a group that is not there', body: simple('@nothing') })),
    ...eachVersion('OffsetCommit', () => ({
      name: 'no partitions',
      body: simple('@simple', committing('@t', '$tId')),
    })),
    ...eachVersion('OffsetCommit', () => ({
      name: 'twice',
      body: simple('@simple', committing('@t', '$tId', { committedOffset: 3 }, { committedOffset: 4 })),
    })),
    ...eachVersion('OffsetCommit', () => ({
      name: 'generation without a group',
      body: {
        ...simple('@nothing', committing('@t', '$tId', { committedOffset: 3 })),
        generationIdOrMemberEpoch: 1,
        memberId: 'nobody',
      },
    })),
    ...eachVersion('OffsetCommit', () => ({
      name: 'generation of an empty group',
      body: {
        ...simple('@simple', committing('@t', '$tId', { committedOffset: 3 })),
        generationIdOrMemberEpoch: 1,
        memberId: 'nobody',
      },
    })),
    ...eachVersion('OffsetCommit', () => ({
      name: 'member without a generation',
      body: { ...simple('@simple', committing('@t', '$tId', { committedOffset: 3 })), memberId: 'nobody' },
    })),
    ...eachVersion('OffsetCommit', () => ({
      name: 'instance without a generation',
      body: { ...simple('@simple', committing('@t', '$tId', { committedOffset: 3 })), groupInstanceId: 'one' },
    })),
    ...eachVersion('OffsetCommit', () => ({
      name: 'negative leader epoch',
      body: simple('@simple', committing('@t', '$tId', { committedOffset: 3, committedLeaderEpoch: -2 })),
    })),
    ask(
      'internal topic',
      'OffsetCommit',
      { ...simple('@simple', committing('__consumer_offsets', ZERO_ID, { committedOffset: 3 })) },
      { version: 9 },
    ),
    ask('what is left', 'OffsetFetch', fetching('@simple', fetchT(0, 1, 2))),

    // With a member.
    { name: 'asks for an id', api: 'JoinGroup', version: 9, body: joining('@live'), save: { member: 'memberId' } },
    { name: 'joins', api: 'JoinGroup', version: 9, body: { ...joining('@live'), memberId: '$member' } },
    ...eachVersion('OffsetCommit', () => ({ name: 'before the sync', body: asMember('@live', 1, '$member') })),
    ask('syncs', 'SyncGroup', {
      groupId: '@live',
      generationId: 1,
      memberId: '$member',
      protocolType: 'consumer',
      protocolName: 'range',
      assignments: [],
    }),
    ...eachVersion('OffsetCommit', () => ({ name: 'as the member', body: asMember('@live', 1, '$member') })),
    ...eachVersion('OffsetCommit', () => ({ name: 'wrong generation', body: asMember('@live', 2, '$member') })),
    ...eachVersion('OffsetCommit', () => ({ name: 'old generation', body: asMember('@live', 0, '$member') })),
    ...eachVersion('OffsetCommit', () => ({ name: 'unknown member', body: asMember('@live', 1, 'nobody') })),
    ...eachVersion('OffsetCommit', () => ({ name: 'from outside', body: asMember('@live', -1, '') })),
    ...eachVersion('OffsetCommit', () => ({
      name: 'negative generation with the member',
      body: asMember('@live', -1, '$member'),
    })),
    ...eachVersion('OffsetCommit', () => ({
      name: 'unknown instance',
      body: { ...asMember('@live', 1, '$member'), groupInstanceId: 'one' },
    })),
    ...eachVersion('OffsetFetch', () => ({ name: 'of the live group', body: fetching('@live', fetchT(0)) })),

    ask('live and subscribed', 'OffsetDelete', { groupId: '@live', topics: deleting('@t', 0, 1) }),
    ask('missing group', 'OffsetDelete', { groupId: '@missing', topics: deleting('@t', 0) }),
    ask('no group', 'OffsetDelete', { groupId: '', topics: deleting('@t', 0) }),
    ask('nothing', 'OffsetDelete', { groupId: '@simple', topics: [] }),
    ask('missing topic', 'OffsetDelete', { groupId: '@simple', topics: deleting('@missing', 0) }),
    ask(
      'missing partition',
      'OffsetDelete',
      { groupId: '@simple', topics: deleting('@t', 9, -1, 0) },
      { unordered: ['topics.*.partitions'] },
    ),
    ask('uncommitted partition', 'OffsetDelete', { groupId: '@simple', topics: deleting('@t', 2) }),
    ask('twice', 'OffsetDelete', { groupId: '@simple', topics: deleting('@t', 1, 1) }),
    ask('no partitions', 'OffsetDelete', { groupId: '@simple', topics: deleting('@t') }),
    ask('left after deletions', 'OffsetFetch', fetching('@simple', null), { unordered: ['groups.*.topics'] }),
    createTopic('@doomed'),
    ask(
      'of a doomed topic',
      'OffsetCommit',
      simple('@of-doomed', committing('@doomed', '$doomedId', { committedOffset: 3 })),
    ),
    ask('doom', 'DeleteTopics', { topics: [{ name: '@doomed' }], timeoutMs: 30_000 }),
    {
      name: 'of a deleted topic',
      api: 'OffsetFetch',
      version: 7,
      body: fetching('@of-doomed', [{ name: '@doomed', partitionIndexes: [0] }]),
      until: { path: 'topics.0.partitions.0.committedOffset', is: -1 },
    },
    ask('and its group', 'DescribeGroups', { groups: ['@simple'] }),
  ],
};

function joining(groupId: string): object & { [field: string]: unknown } {
  return {
    groupId,
    sessionTimeoutMs: 30_000,
    rebalanceTimeoutMs: 60_000,
    memberId: '',
    protocolType: 'consumer',
    // Version 0 of a subscription to `offsets-t`.
    protocols: [
      {
        name: 'range',
        metadata: Buffer.from(`0000000000010009${Buffer.from('offsets-t').toString('hex')}00000000`, 'hex'),
      },
    ],
  };
}

function asMember(groupId: string, generationIdOrMemberEpoch: number, memberId: string): { [field: string]: unknown } {
  return { ...simple(groupId, committing('@t', '$tId', { committedOffset: 5 })), generationIdOrMemberEpoch, memberId };
}

function deleting(name: string, ...partitions: number[]): object[] {
  return [{ name, partitions: partitions.map((partitionIndex) => ({ partitionIndex })) }];
}

export const offsetScripts: readonly Script[] = [offsets];
