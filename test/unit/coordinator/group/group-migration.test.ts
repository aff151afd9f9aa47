// Online migration between the classic and the KIP-848 protocol.
import { describe, expect, test } from 'vitest';
import { readAssignment, writeAssignment } from '../../../../src/coordinator/group/embedded-protocol.ts';
import { ConsumerGroupFixture, idOf, imageOf, owned } from './consumer-group-fixture.ts';
import { subscription } from './shard-fixture.ts';

const orders = imageOf({ name: 'orders', partitionCount: 4 });
const metadata = subscription('orders');

/** A classic group of one member that has all partitions. */
function classicGroup(config: ConstructorParameters<typeof ConsumerGroupFixture>[1] = {}) {
  const f = new ConsumerGroupFixture(orders, config);
  const request = f.join({ protocols: [{ name: 'range', metadata }] });
  f.fire('join g');
  const { memberId } = f.joined(request)!;
  const all = new Map([[idOf('orders'), new Set([0, 1, 2, 3])]]);
  f.sync({ memberId, assignments: [{ memberId, assignment: writeAssignment(all, metadata, orders) }] });
  return { f, memberId };
}

function classicJoins(f: ConsumerGroupFixture, memberId: string, ...has: number[]) {
  const text = Buffer.from('orders');
  const int32 = (value: number) => Buffer.from([0, 0, 0, value]);
  const ownedPart =
    has.length === 0 ? [int32(0)] : [int32(1), Buffer.from([0, 6]), text, int32(has.length), ...has.map(int32)];
  const versionOne = Buffer.concat([
    Buffer.from([0, 1]),
    int32(1),
    Buffer.from([0, 6]),
    text,
    Buffer.alloc(4, 0xff),
    ...ownedPart,
  ]);
  const request = f.join({ memberId, protocols: [{ name: 'range', metadata: versionOne }] });
  return f.joined(request)!;
}

function synced(f: ConsumerGroupFixture, memberId: string, generationId: number) {
  const result = f.synced(f.sync({ memberId, generationId }))!;
  return {
    error: result.error,
    partitions: [...(readAssignment(result.assignment, orders).get(idOf('orders')) ?? [])],
  };
}

describe('upgrade', () => {
  test('a classic group goes on as a KIP-848 group, with what its members have', () => {
    const { f, memberId } = classicGroup();
    expect(f.joins('a', ['orders'])).toMatchObject({ error: 'NONE', memberEpoch: 2, assignment: [] });
    expect(
      f.written.map(
        (record) => `${record.kind}${record.kind !== 'other' && record.value === null ? ' tombstone' : ''}`,
      ),
    ).toEqual([
      'groupMetadata tombstone',
      'consumerMember',
      'consumerEpoch',
      'consumerTarget',
      'consumerTargetEpoch',
      'consumerCurrent',
      'consumerMember',
      'consumerEpoch',
      'consumerTarget',
      'consumerTarget',
      'consumerTargetEpoch',
      'consumerCurrent',
    ]);
    expect(f.heartbeat(memberId, 1)).toBe('REBALANCE_IN_PROGRESS');
    expect(classicJoins(f, memberId, 0, 1, 2, 3)).toMatchObject({
      error: 'NONE',
      generationId: 1,
      protocolName: 'range',
    });
    expect(synced(f, memberId, 1)).toEqual({ error: 'NONE', partitions: [0, 1] });
    expect(f.heartbeat(memberId, 1)).toBe('REBALANCE_IN_PROGRESS');
    expect(classicJoins(f, memberId, 0, 1)).toMatchObject({ error: 'NONE', generationId: 2 });
    expect(synced(f, memberId, 2)).toEqual({ error: 'NONE', partitions: [0, 1] });
    expect(f.heartbeat(memberId, 2)).toBe('NONE');
    expect(f.beat({ memberId: 'a', memberEpoch: 2, topicPartitions: [] }).assignment).toEqual(owned('orders', 2, 3));
    expect(f.describeConsumer()).toMatchObject({ groupState: 'Stable', groupEpoch: 2 });
  });

  test('a static member of the new protocol takes the place of a classic one, and nothing else changes', () => {
    const f = new ConsumerGroupFixture(orders);
    const request = f.join({ groupInstanceId: 'i', protocols: [{ name: 'range', metadata }] });
    f.fire('join g');
    const { memberId } = f.joined(request)!;
    const all = new Map([[idOf('orders'), new Set([0, 1, 2, 3])]]);
    const assignments = [{ memberId, assignment: writeAssignment(all, metadata, orders) }];
    f.sync({ memberId, groupInstanceId: 'i', assignments });
    expect(f.joins('a', ['orders'], { instanceId: 'i' })).toMatchObject({
      memberEpoch: 1,
      assignment: owned('orders', 0, 1, 2, 3),
    });
    expect(f.written.filter(({ kind }) => kind === 'consumerEpoch')).toHaveLength(1);
  });

  test('members that wait in the classic group are told to come again', () => {
    const { f } = classicGroup();
    const waiting = f.join({ clientId: 'late', protocols: [{ name: 'range', metadata }] });
    f.joins('a', ['orders']);
    expect(f.joined(waiting)?.error).toBe('REBALANCE_IN_PROGRESS');
  });

  test.each(['disabled', 'downgrade'] as const)('is refused where the policy is %s', (migrationPolicy) => {
    const { f } = classicGroup({ migrationPolicy });
    expect(f.joins('a', ['orders']).error).toBe('GROUP_ID_NOT_FOUND');
    expect(f.written).toEqual([]);
    expect(f.state).toBe('Stable');
  });

  test('a group that is not of consumers is refused', () => {
    const f = new ConsumerGroupFixture(orders);
    f.join({ protocolType: 'connect' });
    f.fire('join g');
    expect(f.joins('a', ['orders']).error).toBe('GROUP_ID_NOT_FOUND');
  });
});

describe('downgrade', () => {
  test('when the last member of the new protocol leaves, the group is classic again and rebalances', () => {
    const { f, memberId } = classicGroup();
    f.joins('a', ['orders']);
    expect(f.beat({ memberId: 'a', memberEpoch: -1 }).error).toBe('NONE');
    expect(f.written.at(-1)).toMatchObject({ kind: 'groupMetadata', value: { generation: 2, protocol: 'range' } });
    expect(f.state).toBe('PreparingRebalance');
    expect(f.heartbeat(memberId, 2)).toBe('REBALANCE_IN_PROGRESS');
    const request = f.join({ memberId, protocols: [{ name: 'range', metadata }] });
    expect(f.joined(request)).toMatchObject({ error: 'NONE', generationId: 3, leader: memberId });
  });

  test('does not happen where the policy forbids it', () => {
    const { f } = classicGroup({ migrationPolicy: 'upgrade' });
    f.joins('a', ['orders']);
    f.beat({ memberId: 'a', memberEpoch: -1 });
    expect(f.describeConsumer()).toMatchObject({ error: 'NONE', members: [{ usesClassicProtocol: true }] });
  });
});

describe('classic members of a KIP-848 group', () => {
  test('one that does not come again in time is out', () => {
    const { f, memberId } = classicGroup();
    f.joins('a', ['orders']);
    f.heartbeat(memberId, 1);
    f.fire(`consumer join 1 g ${memberId}`);
    expect(f.heartbeat(memberId, 1)).toBe('UNKNOWN_MEMBER_ID');
  });

  test('leave by LeaveGroup, as members of the new protocol do that an administrator removes', () => {
    const { f, memberId } = classicGroup();
    f.joins('a', ['orders']);
    f.joins('b', ['orders'], { instanceId: 'of b' });
    expect(f.leave({ memberId: 'nobody' }, { memberId }, { groupInstanceId: 'of b' }).response).toMatchObject({
      members: [
        { memberId: 'nobody', error: 'UNKNOWN_MEMBER_ID' },
        { memberId, error: 'NONE' },
        { memberId: '', groupInstanceId: 'of b', error: 'NONE' },
      ],
    });
    expect(f.beat({ memberId: 'a', memberEpoch: 2 })).toMatchObject({ assignment: owned('orders', 0, 1, 2, 3) });
    expect(f.leave({ memberId: 'a' }).response).toMatchObject({ members: [{ error: 'NONE' }] });
    expect(f.describeConsumer()).toMatchObject({ groupState: 'Empty' });
  });
});

describe('a static member of the new protocol whose place a classic one takes', () => {
  /** A group of one static member of the new protocol, which has gone away for a while. */
  function groupOfOne(config: ConstructorParameters<typeof ConsumerGroupFixture>[1] = {}) {
    const f = new ConsumerGroupFixture(orders, config);
    f.joins('a', ['orders'], { instanceId: 'i' });
    f.beat({ memberId: 'a', instanceId: 'i', memberEpoch: -2 });
    f.written.length = 0;
    return f;
  }

  const kinds = (f: ConsumerGroupFixture) =>
    f.written.map((record) => {
      const id = 'memberId' in record ? ` ${record.memberId}` : '';
      return `${record.kind}${id}${record.kind !== 'other' && record.value === null ? ' tombstone' : ''}`;
    });

  test('the group is classic at once if that was its last one; nobody has to rebalance', () => {
    const f = groupOfOne();
    const request = f.join({ groupInstanceId: 'i', protocols: [{ name: 'range', metadata }] });
    expect(f.joined(request)).toMatchObject({
      error: 'NONE',
      memberId: 'id1',
      generationId: 2,
      protocolType: 'consumer',
      protocolName: 'range',
    });
    expect(kinds(f)).toEqual([
      ...['consumerCurrent a tombstone', 'consumerTarget a tombstone', 'consumerMember a tombstone'],
      ...['consumerMember id1', 'consumerTarget id1', 'consumerCurrent id1', 'consumerMember id1'],
      'consumerCurrent id1',
      ...['consumerCurrent id1 tombstone', 'consumerTarget id1 tombstone', 'consumerTargetEpoch tombstone'],
      ...['consumerMember id1 tombstone', 'consumerPartitionMetadata tombstone', 'consumerEpoch tombstone'],
      'groupMetadata',
    ]);
    expect(f.written.at(-1)).toMatchObject({ value: { generation: 2, members: [{ groupInstanceId: 'i' }] } });
    expect(f.state).toBe('Stable');
    expect(synced(f, 'id1', 2)).toEqual({ error: 'NONE', partitions: [0, 1, 2, 3] });
    expect(f.heartbeat('id1', 2, 'i')).toBe('NONE');
  });

  test('what it subscribed to by an expression, or other topics: the classic group begins with a rebalance', () => {
    const f = groupOfOne();
    const protocols = [{ name: 'range', metadata: subscription('orders', 'others') }];
    expect(f.joined(f.join({ groupInstanceId: 'i', protocols }))).toMatchObject({ error: 'NONE', memberId: 'id1' });
    expect(f.state).toBe('PreparingRebalance');
    expect(f.written.at(-1)).toMatchObject({ kind: 'groupMetadata' });
  });

  test.each(['disabled', 'upgrade'] as const)('stays a KIP-848 group where the policy is %s', (migrationPolicy) => {
    const f = groupOfOne({ migrationPolicy });
    f.join({ groupInstanceId: 'i', protocols: [{ name: 'range', metadata }] });
    expect(f.describeConsumer()).toMatchObject({ error: 'NONE', members: [{ usesClassicProtocol: true }] });
  });

  test('stays a KIP-848 group while there is another of the new protocol', () => {
    const f = new ConsumerGroupFixture(orders);
    f.joins('a', ['orders'], { instanceId: 'i' });
    f.joins('b', ['orders']);
    f.beat({ memberId: 'a', instanceId: 'i', memberEpoch: -2 });
    f.join({ groupInstanceId: 'i', protocols: [{ name: 'range', metadata }] });
    expect(f.describeConsumer()).toMatchObject({ error: 'NONE', groupState: 'Reconciling' });
  });
});
