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

  test('leave by LeaveGroup; members of the new protocol do not', () => {
    const { f, memberId } = classicGroup();
    f.joins('a', ['orders']);
    expect(f.leave({ memberId }, { memberId: 'a' }).response).toMatchObject({
      members: [{ error: 'NONE' }, { error: 'UNKNOWN_MEMBER_ID' }],
    });
    expect(f.beat({ memberId: 'a', memberEpoch: 2 })).toMatchObject({ assignment: owned('orders', 0, 1, 2, 3) });
  });
});
