// KIP-848 groups: given members, when a heartbeat comes, expect the answer and exactly these records.
import { describe, expect, test } from 'vitest';
import { ConsumerGroupFixture, idOf, imageOf, owned } from './consumer-group-fixture.ts';

const orders = imageOf({ name: 'orders', partitionCount: 4 });

/** Kind and the part of the value that tells what happened. */
function brief(f: ConsumerGroupFixture): string[] {
  return f.written.map((record) => {
    const member = 'memberId' in record ? ` ${record.memberId}` : '';
    if (record.kind === 'other' || record.value === null) return `${record.kind}${member} tombstone`;
    switch (record.kind) {
      case 'consumerEpoch':
        return `group epoch ${record.value.epoch}`;
      case 'consumerTargetEpoch':
        return `assignment epoch ${record.value.assignmentEpoch}`;
      case 'consumerTarget':
        return `target${member} ${record.value.topicPartitions.map((each) => each.partitions.join(',')).join(';')}`;
      case 'consumerCurrent': {
        const { memberEpoch, previousMemberEpoch, state, assignedPartitions, partitionsPendingRevocation } =
          record.value;
        const text = (topics: typeof assignedPartitions) =>
          topics
            .map(({ partitions, assignmentEpochs }) =>
              partitions.map((p, i) => `${p}@${assignmentEpochs?.[i]}`).join(','),
            )
            .join(';');
        return `current${member} ${memberEpoch}/${previousMemberEpoch} state ${state} [${text(assignedPartitions)}] revoking [${text(partitionsPendingRevocation)}]`;
      }
      case 'consumerRegex':
        return `regex ${record.regularExpression} ${record.value.topics.join(',')}`;
      default:
        return `${record.kind}${member}`;
    }
  });
}

describe('joining', () => {
  test('the first member gets all partitions, with the records that Kafka writes', () => {
    const f = new ConsumerGroupFixture(orders);
    expect(f.joins('a', ['orders'])).toEqual({
      error: 'NONE',
      errorMessage: null,
      memberId: 'a',
      memberEpoch: 2,
      heartbeatIntervalMs: 5000,
      assignment: owned('orders', 0, 1, 2, 3),
    });
    expect(brief(f)).toEqual([
      'consumerMember a',
      'group epoch 2',
      'target a 0,1,2,3',
      'assignment epoch 2',
      'current a 2/0 state 0 [0@2,1@2,2@2,3@2] revoking []',
    ]);
  });

  test('a heartbeat that says nothing new writes nothing and repeats no assignment', () => {
    const f = new ConsumerGroupFixture(orders);
    f.joins('a', ['orders']);
    expect(f.beat({ memberId: 'a', memberEpoch: 2 })).toMatchObject({ error: 'NONE', assignment: null });
    expect(f.written).toEqual([]);
  });

  test('a second member waits until the first has given up what is no longer its own', () => {
    const f = new ConsumerGroupFixture(orders);
    f.joins('a', ['orders']);
    expect(f.joins('b', ['orders'])).toMatchObject({ memberEpoch: 3, assignment: [] });
    expect(brief(f)).toEqual([
      'consumerMember b',
      'group epoch 3',
      'target a 0,1',
      'target b 2,3',
      'assignment epoch 3',
      'current b 3/0 state 2 [] revoking []',
    ]);
    f.beat({ memberId: 'a', memberEpoch: 2, topicPartitions: owned('orders', 0, 1, 2, 3) });
    expect(brief(f)).toEqual(['current a 2/2 state 1 [0@2,1@2] revoking [2@2,3@2]']);
    f.beat({ memberId: 'b', memberEpoch: 3, topicPartitions: [] });
    expect(brief(f)).toEqual(['current b 3/3 state 2 [] revoking []']);
    f.beat({ memberId: 'a', memberEpoch: 2, topicPartitions: owned('orders', 0, 1) });
    expect(brief(f)).toEqual(['current a 3/2 state 0 [0@2,1@2] revoking []']);
    expect(f.beat({ memberId: 'b', memberEpoch: 3, topicPartitions: [] })).toMatchObject({
      assignment: owned('orders', 2, 3),
    });
    expect(brief(f)).toEqual(['current b 3/3 state 0 [2@3,3@3] revoking []']);
    expect(f.describeConsumer()).toMatchObject({ groupState: 'Stable', groupEpoch: 3, assignmentEpoch: 3 });
  });

  test('within the assignment interval the target stays as it is (KIP-1263)', () => {
    const f = new ConsumerGroupFixture(orders, {
      timesOf: () => ({ sessionTimeoutMs: 45_000, heartbeatIntervalMs: 5000, assignmentIntervalMs: 1000 }),
    });
    f.joins('a', ['orders']);
    expect(f.joins('b', ['orders'])).toMatchObject({ memberEpoch: 2, assignment: [] });
    expect(brief(f)).toEqual(['consumerMember b', 'group epoch 3', 'current b 2/0 state 0 [] revoking []']);
    expect(f.describeConsumer().groupState).toBe('Assigning');
    f.nowMs += 1000;
    expect(f.beat({ memberId: 'b', memberEpoch: 2, topicPartitions: [] }).memberEpoch).toBe(3);
  });

  test('a full group takes nobody else', () => {
    const f = new ConsumerGroupFixture(orders, { groupSizeMax: 1 });
    f.joins('a', ['orders']);
    expect(f.joins('b', ['orders']).error).toBe('GROUP_MAX_SIZE_REACHED');
    expect(f.joins('a', ['orders']).error).toBe('NONE');
    expect(f.written).toEqual([]);
  });
});

describe('epochs and fencing', () => {
  test.each([
    ['an epoch ahead', { memberId: 'a', memberEpoch: 9 }, 'FENCED_MEMBER_EPOCH'],
    ['an epoch behind', { memberId: 'a', memberEpoch: 1 }, 'FENCED_MEMBER_EPOCH'],
    ['an unknown member', { memberId: 'x', memberEpoch: 2 }, 'UNKNOWN_MEMBER_ID'],
    ['an unknown instance', { memberId: 'a', memberEpoch: 2, instanceId: 'i' }, 'UNKNOWN_MEMBER_ID'],
    ['an unknown member that leaves', { memberId: 'x', memberEpoch: -1 }, 'UNKNOWN_MEMBER_ID'],
    ['another group', { memberId: 'a', memberEpoch: 2, groupId: 'h' }, 'GROUP_ID_NOT_FOUND'],
  ])('%s is refused and changes nothing', (_title, input, error) => {
    const f = new ConsumerGroupFixture(orders);
    f.joins('a', ['orders']);
    expect(f.beat(input).error).toBe(error);
    expect(f.written).toEqual([]);
  });

  test('a member that was fenced joins again under its id, and gets what is its own', () => {
    const f = new ConsumerGroupFixture(orders);
    f.joins('a', ['orders']);
    f.joins('b', ['orders']);
    f.beat({ memberId: 'a', memberEpoch: 2, topicPartitions: owned('orders', 0, 1, 2, 3) });
    expect(f.beat({ memberId: 'a', memberEpoch: 9 }).error).toBe('FENCED_MEMBER_EPOCH');
    expect(f.joins('a', ['orders'])).toMatchObject({ memberEpoch: 3, assignment: owned('orders', 0, 1) });
    f.beat({ memberId: 'b', memberEpoch: 3, topicPartitions: [] });
    expect(f.joins('a', ['orders'])).toMatchObject({ memberEpoch: 3, assignment: owned('orders', 0, 1) });
    expect(f.written).toEqual([]);
    expect(f.describeConsumer().groupState).toBe('Stable');
  });

  test('a silent member is out when its session ends', () => {
    const f = new ConsumerGroupFixture(orders);
    f.joins('a', ['orders']);
    f.written.length = 0;
    f.fire('consumer session 1 g a');
    expect(brief(f)).toEqual([
      'consumerCurrent a tombstone',
      'consumerTarget a tombstone',
      'consumerMember a tombstone',
      'group epoch 3',
    ]);
    expect(f.describeConsumer()).toMatchObject({ groupState: 'Empty', members: [] });
  });

  test('a member that does not revoke in time is out', () => {
    const f = new ConsumerGroupFixture(orders);
    f.joins('a', ['orders']);
    f.joins('b', ['orders']);
    f.beat({ memberId: 'a', memberEpoch: 2, topicPartitions: owned('orders', 0, 1, 2, 3) });
    f.fire('consumer rebalance 1 g a');
    expect(f.beat({ memberId: 'a', memberEpoch: 2 }).error).toBe('UNKNOWN_MEMBER_ID');
    expect(f.beat({ memberId: 'b', memberEpoch: 3 })).toMatchObject({
      memberEpoch: 4,
      assignment: owned('orders', 0, 1, 2, 3),
    });
  });
});

describe('static members (KIP-345)', () => {
  test('one that goes for a while keeps its partitions, and takes them over under a new id', () => {
    const f = new ConsumerGroupFixture(orders);
    f.joins('one', ['orders'], { instanceId: 'i' });
    expect(f.joins('two', ['orders'], { instanceId: 'i' }).error).toBe('UNRELEASED_INSTANCE_ID');
    f.beat({ memberId: 'one', memberEpoch: -2, instanceId: 'i' });
    expect(brief(f)).toEqual(['current one -2/0 state 0 [0@0,1@0,2@0,3@0] revoking []']);
    expect(f.joins('two', ['orders'], { instanceId: 'i' })).toMatchObject({
      memberEpoch: 2,
      assignment: owned('orders', 0, 1, 2, 3),
    });
    expect(brief(f)).toEqual([
      'consumerCurrent one tombstone',
      'consumerTarget one tombstone',
      'consumerMember one tombstone',
      'consumerMember two',
      'target two 0,1,2,3',
      'current two 0/0 state 0 [0@0,1@0,2@0,3@0] revoking []',
      'current two 2/0 state 0 [0@0,1@0,2@0,3@0] revoking []',
    ]);
    expect(f.beat({ memberId: 'one', memberEpoch: 2, instanceId: 'i' }).error).toBe('FENCED_INSTANCE_ID');
  });
});

describe('subscriptions', () => {
  test('partitions that were added are given out with the next heartbeat', () => {
    const f = new ConsumerGroupFixture(orders);
    f.joins('a', ['orders']);
    f.image = imageOf({ name: 'orders', partitionCount: 5 });
    f.handle({ kind: 'topicsChanged', names: ['orders'], createdAtVersion: null });
    expect(f.beat({ memberId: 'a', memberEpoch: 2 })).toMatchObject({
      memberEpoch: 3,
      assignment: owned('orders', 0, 1, 2, 3, 4),
    });
  });

  test('a regular expression is resolved by a command of its own', () => {
    const f = new ConsumerGroupFixture(imageOf({ name: 'a1', partitionCount: 1 }, { name: 'b1', partitionCount: 1 }));
    expect(f.joins('m', [], { subscribedTopicNames: null, subscribedTopicRegex: 'a.' })).toMatchObject({
      memberEpoch: 1,
      assignment: [],
    });
    expect(brief(f)).toEqual(['consumerMember m', 'current m 1/0 state 0 [] revoking []']);
    f.written.length = 0;
    f.fire('consumer regex g');
    expect(brief(f)).toEqual(['regex a. a1', 'group epoch 2']);
    expect(f.beat({ memberId: 'm', memberEpoch: 1 })).toMatchObject({ memberEpoch: 2, assignment: owned('a1', 0) });
    f.beat({ memberId: 'm', memberEpoch: -1 });
    expect(brief(f)).toContain('consumerRegex tombstone');
  });

  test('an expression that does not compile is refused', () => {
    const f = new ConsumerGroupFixture(orders);
    expect(f.joins('m', [], { subscribedTopicRegex: '(' }).error).toBe('INVALID_REGULAR_EXPRESSION');
    expect(f.written).toEqual([]);
  });

  test('most votes choose the assignor; range splits topics alike', () => {
    const f = new ConsumerGroupFixture(imageOf({ name: 'x', partitionCount: 3 }, { name: 'y', partitionCount: 3 }));
    f.joins('b', ['x', 'y'], { serverAssignor: 'range' });
    f.joins('a', ['x', 'y'], { serverAssignor: 'range' });
    const { assignorName, members } = f.describeConsumer();
    expect(assignorName).toBe('range');
    expect(members.find(({ memberId }) => memberId === 'a')?.targetAssignment).toEqual([
      { topicId: idOf('x'), topicName: 'x', partitions: [0, 1] },
      { topicId: idOf('y'), topicName: 'y', partitions: [0, 1] },
    ]);
  });
});

describe('offsets', () => {
  const commit = (f: ConsumerGroupFixture, memberId: string, epoch: number, partition: number, apiVersion = 10) =>
    f.handle({
      kind: 'commitOffsets',
      input: {
        groupId: 'g',
        generationIdOrMemberEpoch: epoch,
        memberId,
        groupInstanceId: null,
        retentionTimeMs: -1,
        apiVersion,
        topics: [
          {
            name: 'orders',
            topicId: idOf('orders'),
            partitions: [{ partition, committedOffset: 1, committedLeaderEpoch: -1, metadata: null }],
          },
        ],
      },
    }).response;

  test('are committed by members in their epoch, or in the one in which the partition came (KIP-1251)', () => {
    const f = new ConsumerGroupFixture(orders);
    f.joins('a', ['orders']);
    f.joins('b', ['orders']);
    f.beat({ memberId: 'a', memberEpoch: 2, topicPartitions: owned('orders', 0, 1, 2, 3) });
    expect(commit(f, 'a', 2, 3)).toMatchObject({ error: 'NONE' });
    f.beat({ memberId: 'a', memberEpoch: 2, topicPartitions: owned('orders', 0, 1) });
    expect(commit(f, 'a', 2, 0)).toMatchObject({ error: 'NONE' });
    expect(commit(f, 'a', 2, 3)).toMatchObject({ error: 'STALE_MEMBER_EPOCH' });
    expect(commit(f, 'a', 1, 0)).toMatchObject({ error: 'STALE_MEMBER_EPOCH' });
    expect(commit(f, 'a', 9, 0)).toMatchObject({ error: 'STALE_MEMBER_EPOCH' });
    expect(commit(f, 'x', 3, 0)).toMatchObject({ error: 'UNKNOWN_MEMBER_ID' });
    expect(commit(f, '', -1, 0)).toMatchObject({ error: 'UNKNOWN_MEMBER_ID' });
    expect(commit(f, 'a', 3, 0, 8)).toMatchObject({ error: 'UNSUPPORTED_VERSION' });
  });

  test('of an empty group expire, and the group with them', () => {
    const f = new ConsumerGroupFixture(orders);
    f.joins('a', ['orders']);
    commit(f, 'a', 2, 0);
    f.handle({ kind: 'expireOffsets' });
    f.beat({ memberId: 'a', memberEpoch: -1 });
    f.nowMs += 10_080 * 60_000;
    f.written.length = 0;
    f.handle({ kind: 'expireOffsets' });
    expect(brief(f).at(-1)).toBe('consumerEpoch tombstone');
    expect(f.describeConsumer().error).toBe('GROUP_ID_NOT_FOUND');
  });
});

test('a group that is loaded again goes on where it was', () => {
  const before = new ConsumerGroupFixture(orders);
  const records: typeof before.written = [];
  const keep = (answer: unknown) => {
    records.push(...before.written);
    return answer;
  };
  keep(before.joins('a', ['orders']));
  keep(before.joins('b', ['orders']));
  keep(before.beat({ memberId: 'a', memberEpoch: 2, topicPartitions: owned('orders', 0, 1, 2, 3) }));
  const after = new ConsumerGroupFixture(orders);
  after.load(...records);
  expect(after.describeConsumer()).toEqual(before.describeConsumer());
  expect(after.beat({ memberId: 'a', memberEpoch: 2, topicPartitions: owned('orders', 0, 1) }).memberEpoch).toBe(3);
  expect(after.beat({ memberId: 'b', memberEpoch: 3, topicPartitions: [] }).assignment).toEqual(owned('orders', 2, 3));
  after.fire('consumer session 1 g a');
  expect(after.beat({ memberId: 'b', memberEpoch: 3 }).assignment).toEqual(owned('orders', 0, 1, 2, 3));
});

test('an emptied group is deleted record by record', () => {
  const f = new ConsumerGroupFixture(orders);
  f.joins('a', ['orders']);
  expect(f.handle({ kind: 'deleteGroups', groupIds: ['g'] }).response).toEqual([
    { groupId: 'g', error: 'NON_EMPTY_GROUP' },
  ]);
  f.beat({ memberId: 'a', memberEpoch: -1 });
  f.written.length = 0;
  f.handle({ kind: 'deleteGroups', groupIds: ['g'] });
  expect(brief(f)).toEqual([
    'consumerTargetEpoch tombstone',
    'consumerPartitionMetadata tombstone',
    'consumerEpoch tombstone',
  ]);
});
