import { describe, expect, test } from 'vitest';
import { ShardFixture, subscription } from './shard-fixture.ts';

const bytes = (text: string) => Buffer.from(text);

describe('joining', () => {
  test('a new group is written empty, and its first generation begins after the initial delay', () => {
    const f = new ShardFixture();
    const request = f.join();
    expect(f.written).toEqual([
      {
        kind: 'groupMetadata',
        groupId: 'g',
        valueVersion: 3,
        value: {
          protocolType: '',
          generation: 0,
          protocol: null,
          leader: null,
          currentStateTimestamp: 1000,
          members: [],
        },
      },
    ]);
    expect(f.joined(request)).toBeUndefined();
    expect(f.state).toBe('PreparingRebalance');
    f.fire('join g');
    expect(f.joined(request)).toEqual({
      error: 'NONE',
      generationId: 1,
      protocolType: 'consumer',
      protocolName: 'range',
      leader: 'c-id1',
      skipAssignment: false,
      memberId: 'c-id1',
      members: [{ memberId: 'c-id1', groupInstanceId: null, metadata: subscription('t') }],
    });
    expect(f.state).toBe('CompletingRebalance');
  });

  test('each new member extends the initial delay, at most to the rebalance timeout (KIP-134)', () => {
    const f = new ShardFixture();
    const first = f.join({ rebalanceTimeoutMs: 7000 });
    f.join({ clientId: 'd', rebalanceTimeoutMs: 7000 });
    f.fire('join g'); // at 3000: one came since
    f.join({ clientId: 'e', rebalanceTimeoutMs: 7000 });
    f.fire('join g'); // at 6000: another one, 1000 are left
    expect(f.joined(first)).toBeUndefined();
    f.join({ clientId: 'f', rebalanceTimeoutMs: 7000 });
    f.fire('join g'); // at 7000: no time is left
    expect(f.nowMs).toBe(1000 + 7000);
    expect(f.joined(first)?.members.length).toBe(4);
  });

  test('KIP-394: a new dynamic member is given an id and has to come again with it', () => {
    const f = new ShardFixture();
    const first = f.join({ requiresKnownMemberId: true });
    expect(f.joined(first)).toMatchObject({ error: 'MEMBER_ID_REQUIRED', memberId: 'c-id1', generationId: -1 });
    expect(f.state).toBe('Empty');
    const second = f.join({ requiresKnownMemberId: true, memberId: 'c-id1' });
    f.fire('join g');
    expect(f.joined(second)).toMatchObject({ error: 'NONE', memberId: 'c-id1', generationId: 1 });
  });

  test('KIP-394: an id that is not used within the session timeout is forgotten', () => {
    const f = new ShardFixture();
    f.join({ requiresKnownMemberId: true });
    f.fire('session 1 g c-id1');
    const again = f.join({ requiresKnownMemberId: true, memberId: 'c-id1' });
    expect(f.joined(again)).toMatchObject({ error: 'UNKNOWN_MEMBER_ID', memberId: 'c-id1' });
  });

  test('a member id of a group that does not exist is unknown', () => {
    const f = new ShardFixture();
    expect(f.joined(f.join({ memberId: 'nobody' }))).toMatchObject({ error: 'UNKNOWN_MEMBER_ID', memberId: 'nobody' });
    expect(f.written).toEqual([]);
  });

  test('a protocol type or protocols that the group does not share are inconsistent', () => {
    const f = new ShardFixture();
    expect(f.joined(f.join({ groupId: 'x', protocols: [] }))?.error).toBe('INCONSISTENT_GROUP_PROTOCOL');
    expect(f.joined(f.join({ groupId: 'x', protocolType: '' }))?.error).toBe('INCONSISTENT_GROUP_PROTOCOL');
    f.stableWithTwo();
    expect(f.joined(f.join({ protocolType: 'connect' }))?.error).toBe('INCONSISTENT_GROUP_PROTOCOL');
    const protocols = [{ name: 'sticky', metadata: subscription('t') }];
    expect(f.joined(f.join({ protocols }))?.error).toBe('INCONSISTENT_GROUP_PROTOCOL');
    expect(f.state).toBe('Stable');
  });

  test('the protocol with most votes among those that all support is selected', () => {
    const f = new ShardFixture();
    const protocol = (name: string) => ({ name, metadata: subscription('t') });
    const first = f.join({ protocols: [protocol('only-mine'), protocol('a'), protocol('b')] });
    f.join({ protocols: [protocol('b'), protocol('a')] });
    f.join({ protocols: [protocol('b'), protocol('a')] });
    f.fire('join g');
    f.fire('join g');
    expect(f.joined(first)?.protocolName).toBe('b');
  });

  test('a group that is full refuses new members', () => {
    const f = new ShardFixture({ groupSizeMax: 2 });
    f.stableWithTwo();
    expect(f.joined(f.join())).toMatchObject({ error: 'GROUP_MAX_SIZE_REACHED', memberId: '' });
    expect(f.state).toBe('Stable');
  });

  test('a new member whose first join takes five minutes is sent away', () => {
    const f = new ShardFixture();
    f.stableWithTwo();
    const request = f.join({ clientId: 'e' });
    expect(f.state).toBe('PreparingRebalance');
    const memberId = `e-id${request}`;
    f.fire(`session 1 g ${memberId}`);
    expect(f.joined(request)).toMatchObject({ error: 'UNKNOWN_MEMBER_ID', memberId: '' });
  });
});

describe('rebalancing', () => {
  test("the leader's assignments are written, then handed out to all", () => {
    const f = new ShardFixture();
    f.settlesAtOnce = false;
    const first = f.join();
    const second = f.join({ clientId: 'd' });
    f.fire('join g');
    f.fire('join g');
    const follower = f.sync({ memberId: 'd-id2' });
    const leader = f.sync({ memberId: 'c-id1', assignments: [{ memberId: 'c-id1', assignment: bytes('A') }] });
    expect(f.joined(second)).toMatchObject({ leader: 'c-id1', members: [] });
    expect(f.joined(first)?.members.length).toBe(2);
    expect(f.synced(leader)).toBeUndefined();
    expect(f.state).toBe('CompletingRebalance');
    expect(f.written.at(-1)).toMatchObject({
      kind: 'groupMetadata',
      valueVersion: 3,
      value: {
        protocolType: 'consumer',
        generation: 1,
        protocol: 'range',
        leader: 'c-id1',
        members: [
          {
            memberId: 'c-id1',
            groupInstanceId: null,
            clientId: 'c',
            clientHost: '/127.0.0.1',
            rebalanceTimeout: 60_000,
            sessionTimeout: 10_000,
            subscription: subscription('t'),
            assignment: bytes('A'),
          },
          { memberId: 'd-id2', assignment: bytes('') },
        ],
      },
    });
    f.handle(f.unsettled.at(-1)!.settled!(null));
    expect(f.state).toBe('Stable');
    expect(f.synced(leader)).toEqual({
      error: 'NONE',
      protocolType: 'consumer',
      protocolName: 'range',
      assignment: bytes('A'),
    });
    expect(f.synced(follower)).toMatchObject({ error: 'NONE', assignment: bytes('') });
  });

  test('assignments that cannot be written fail every sync and start over', () => {
    const f = new ShardFixture();
    f.settlesAtOnce = false;
    f.join();
    f.join({ clientId: 'd' });
    f.fire('join g');
    f.fire('join g');
    const follower = f.sync({ memberId: 'd-id2' });
    const leader = f.sync({ memberId: 'c-id1' });
    f.handle(f.unsettled.at(-1)!.settled!('NOT_ENOUGH_REPLICAS'));
    expect([f.synced(leader)?.error, f.synced(follower)?.error]).toEqual([
      'NOT_ENOUGH_REPLICAS',
      'NOT_ENOUGH_REPLICAS',
    ]);
    expect(f.state).toBe('PreparingRebalance');
  });

  test('members that do not join again within the rebalance timeout are out', () => {
    const f = new ShardFixture();
    const { leader } = f.stableWithTwo();
    const request = f.join({ memberId: leader });
    expect(f.state).toBe('PreparingRebalance');
    expect(f.joined(request)).toBeUndefined();
    f.fire('join g');
    expect(f.joined(request)).toMatchObject({ error: 'NONE', generationId: 2, leader });
    expect(f.joined(request)?.members.length).toBe(1);
  });

  test('another member leads where the leader did not come', () => {
    const f = new ShardFixture();
    const { follower } = f.stableWithTwo();
    const protocols = [{ name: 'range', metadata: subscription('t', 'u') }];
    const request = f.join({ memberId: follower, protocols });
    f.fire('join g');
    expect(f.joined(request)).toMatchObject({ generationId: 2, leader: follower, memberId: follower });
  });

  test('heartbeats tell members to join again', () => {
    const f = new ShardFixture();
    const { leader, follower } = f.stableWithTwo();
    expect(f.heartbeat(follower)).toBe('NONE');
    f.join({ memberId: leader });
    expect(f.heartbeat(follower)).toBe('REBALANCE_IN_PROGRESS');
    expect(f.heartbeat(follower, 7)).toBe('ILLEGAL_GENERATION');
    expect(f.heartbeat('nobody')).toBe('UNKNOWN_MEMBER_ID');
  });

  test('a follower that joins with what is known already is told the current generation', () => {
    const f = new ShardFixture();
    const { leader, follower } = f.stableWithTwo();
    expect(f.joined(f.join({ memberId: follower }))).toMatchObject({
      error: 'NONE',
      generationId: 1,
      leader,
      members: [],
    });
    expect(f.state).toBe('Stable');
  });

  test('a member that repeats its join while the assignment is awaited is told the same again', () => {
    const f = new ShardFixture();
    f.join();
    f.fire('join g');
    const again = f.join({ memberId: 'c-id1' });
    expect(f.joined(again)).toMatchObject({ error: 'NONE', generationId: 1 });
    expect(f.joined(again)?.members.length).toBe(1);
  });

  test('a join with new metadata while the assignment is awaited makes the others join again', () => {
    const f = new ShardFixture();
    f.join();
    f.join({ clientId: 'd' });
    f.fire('join g');
    f.fire('join g');
    const waiting = f.sync({ memberId: 'd-id2' });
    f.join({ memberId: 'c-id1', protocols: [{ name: 'range', metadata: subscription('u') }] });
    expect(f.synced(waiting)).toMatchObject({ error: 'REBALANCE_IN_PROGRESS', protocolName: null });
    expect(f.state).toBe('PreparingRebalance');
  });

  test('a member that dies is removed, and the group goes on without it', () => {
    const f = new ShardFixture();
    const { leader, follower } = f.stableWithTwo();
    f.fire(`session 1 g ${follower}`);
    expect(f.state).toBe('PreparingRebalance');
    const request = f.join({ memberId: leader });
    expect(f.joined(request)).toMatchObject({ generationId: 2 });
  });

  test('the session of a member that waits for others does not run out', () => {
    const f = new ShardFixture();
    const { leader } = f.stableWithTwo();
    const request = f.join({ memberId: leader });
    f.fire(`session 1 g ${leader}`);
    expect(f.joined(request)).toBeUndefined();
    f.fire('join g');
    expect(f.joined(request)?.error).toBe('NONE');
  });

  test('members that never send SyncGroup are out after the rebalance timeout', () => {
    const f = new ShardFixture();
    f.join();
    f.join({ clientId: 'd' });
    f.fire('join g');
    f.fire('join g');
    f.sync({ memberId: 'c-id1' });
    expect(f.state).toBe('Stable');
    f.fire('sync g');
    expect(f.state).toBe('PreparingRebalance');
    expect(f.heartbeat('d-id2')).toBe('UNKNOWN_MEMBER_ID');
    expect(f.heartbeat('c-id1')).toBe('REBALANCE_IN_PROGRESS');
  });

  test('with a rebalance timeout of 0 the time to sync has passed at once', () => {
    const f = new ShardFixture();
    f.join({ rebalanceTimeoutMs: 0 });
    f.fire('join g');
    f.fire('sync g');
    expect(f.synced(f.sync({ memberId: 'c-id1' }))?.error).toBe('UNKNOWN_MEMBER_ID');
  });
});

describe('syncing', () => {
  test('is refused for the wrong generation, protocol, member or phase', () => {
    const f = new ShardFixture();
    const { leader, follower } = f.stableWithTwo();
    expect(f.synced(f.sync({ groupId: 'none', memberId: leader }))?.error).toBe('UNKNOWN_MEMBER_ID');
    expect(f.synced(f.sync({ memberId: 'nobody' }))?.error).toBe('UNKNOWN_MEMBER_ID');
    expect(f.synced(f.sync({ memberId: leader, generationId: 2 }))?.error).toBe('ILLEGAL_GENERATION');
    expect(f.synced(f.sync({ memberId: leader, protocolName: 'sticky' }))?.error).toBe('INCONSISTENT_GROUP_PROTOCOL');
    expect(f.synced(f.sync({ memberId: leader, protocolType: 'connect' }))?.error).toBe('INCONSISTENT_GROUP_PROTOCOL');
    expect(f.synced(f.sync({ memberId: follower }))).toMatchObject({ error: 'NONE', assignment: bytes('B') });
    f.join({ memberId: leader });
    expect(f.synced(f.sync({ memberId: follower }))?.error).toBe('REBALANCE_IN_PROGRESS');
  });
});

describe('leaving', () => {
  test('several members leave, each with an answer of its own; the last ones make the group empty', () => {
    const f = new ShardFixture();
    const { leader, follower } = f.stableWithTwo();
    const { response } = f.leave({ memberId: leader }, { memberId: 'nobody' }, { memberId: follower });
    expect(response).toEqual({
      error: 'NONE',
      members: [
        { memberId: leader, groupInstanceId: null, error: 'NONE' },
        { memberId: 'nobody', groupInstanceId: null, error: 'UNKNOWN_MEMBER_ID' },
        { memberId: follower, groupInstanceId: null, error: 'NONE' },
      ],
    });
    expect(f.state).toBe('Empty');
    expect(f.written.at(-1)).toMatchObject({
      value: { protocolType: 'consumer', generation: 2, protocol: null, leader: null, members: [] },
    });
    expect(f.heartbeat(leader)).toBe('UNKNOWN_MEMBER_ID');
  });

  test('a member that waits to join is told that it is out', () => {
    const f = new ShardFixture();
    const { leader } = f.stableWithTwo();
    const request = f.join({ memberId: leader });
    f.leave({ memberId: leader });
    expect(f.joined(request)).toMatchObject({ error: 'UNKNOWN_MEMBER_ID', memberId: '' });
  });

  test('an id that was never used can leave, too', () => {
    const f = new ShardFixture();
    f.join({ requiresKnownMemberId: true });
    expect(f.leave({ memberId: 'c-id1' }).response).toMatchObject({ members: [{ error: 'NONE' }] });
  });

  test('a group that does not exist has no members', () => {
    const f = new ShardFixture();
    expect(f.leave({ memberId: 'x' }).response).toEqual({
      error: 'NONE',
      members: [{ memberId: 'x', groupInstanceId: null, error: 'UNKNOWN_MEMBER_ID' }],
    });
  });
});

describe('static members (KIP-345)', () => {
  function stableStatic(): { f: ShardFixture; a: string; b: string } {
    const f = new ShardFixture();
    const first = f.join({ groupInstanceId: 'a' });
    const second = f.join({ groupInstanceId: 'b' });
    f.fire('join g');
    f.fire('join g');
    const a = f.joined(first)!.memberId;
    const b = f.joined(second)!.memberId;
    f.sync({ memberId: b, groupInstanceId: 'b' });
    f.sync({
      memberId: a,
      groupInstanceId: 'a',
      assignments: [
        { memberId: a, assignment: bytes('A') },
        { memberId: b, assignment: bytes('B') },
      ],
    });
    return { f, a, b };
  }

  test('a member that restarts takes its place again without a rebalance; its old self is fenced', () => {
    const { f, a, b } = stableStatic();
    expect(a).toBe('a-id1');
    const request = f.join({ groupInstanceId: 'b' });
    const b2 = `b-id${request}`;
    expect(f.joined(request)).toMatchObject({ error: 'NONE', generationId: 1, memberId: b2, leader: a, members: [] });
    expect(f.state).toBe('Stable');
    expect(f.written.at(-1)).toMatchObject({
      value: {
        generation: 1,
        leader: a,
        members: [
          { memberId: a, assignment: bytes('A') },
          { memberId: b2, groupInstanceId: 'b', assignment: bytes('B') },
        ],
      },
    });
    expect(f.heartbeat(b, 1, 'b')).toBe('FENCED_INSTANCE_ID');
    expect(f.heartbeat(b2, 1, 'b')).toBe('NONE');
    expect(f.synced(f.sync({ memberId: b2, groupInstanceId: 'b' }))?.assignment).toEqual(bytes('B'));
  });

  test('KIP-814: a leader that restarts is told to skip the assignment', () => {
    const { f } = stableStatic();
    const request = f.join({ groupInstanceId: 'a' });
    const a2 = `a-id${request}`;
    expect(f.joined(request)).toMatchObject({ memberId: a2, leader: a2, skipAssignment: true });
    expect(f.joined(request)?.members.length).toBe(2);
  });

  test('before KIP-814 it is told the old leader, so that it does not assign', () => {
    const { f, a } = stableStatic();
    const request = f.join({ groupInstanceId: 'a', supportsSkippingAssignment: false });
    expect(f.joined(request)).toMatchObject({ leader: a, skipAssignment: false, members: [] });
  });

  test('a restart whose record cannot be written leaves the old member in place', () => {
    const { f, b } = stableStatic();
    f.settlesAtOnce = false;
    const request = f.join({ groupInstanceId: 'b' });
    expect(f.joined(request)).toBeUndefined();
    f.handle(f.unsettled.at(-1)!.settled!('NOT_LEADER_OR_FOLLOWER'));
    expect(f.joined(request)).toMatchObject({ error: 'NOT_LEADER_OR_FOLLOWER', memberId: '' });
    expect(f.heartbeat(b, 1, 'b')).toBe('NONE');
  });

  test('a static member that is away keeps its place through a rebalance until its session ends', () => {
    const { f, a, b } = stableStatic();
    const request = f.join({ memberId: a, groupInstanceId: 'a' });
    f.fire('join g');
    expect(f.joined(request)).toMatchObject({ generationId: 2 });
    expect(f.joined(request)?.members.map((each) => each.memberId)).toEqual([a, b]);
    f.fire(`session 1 g ${b}`);
    expect(f.state).toBe('PreparingRebalance');
  });

  test('an administrator removes a member by its instance id alone', () => {
    const { f, b } = stableStatic();
    const { response } = f.leave({ groupInstanceId: 'b' }, { groupInstanceId: 'z' });
    expect(response).toMatchObject({
      members: [
        { memberId: '', groupInstanceId: 'b', error: 'NONE' },
        { memberId: '', groupInstanceId: 'z', error: 'UNKNOWN_MEMBER_ID' },
      ],
    });
    expect(f.heartbeat(b, 1, 'b')).toBe('UNKNOWN_MEMBER_ID');
    expect(f.leave({ memberId: 'other', groupInstanceId: 'a' }).response).toMatchObject({
      members: [{ error: 'FENCED_INSTANCE_ID' }],
    });
  });

  test('a restart with other protocols rebalances', () => {
    const f = new ShardFixture();
    const protocol = (name: string) => ({ name, metadata: subscription('t') });
    const first = f.join({ groupInstanceId: 'a', protocols: [protocol('range'), protocol('sticky')] });
    f.fire('join g');
    f.sync({ memberId: f.joined(first)!.memberId, groupInstanceId: 'a' });
    f.join({ groupInstanceId: 'a', protocols: [protocol('sticky')] });
    expect(f.state).toBe('CompletingRebalance');
  });
});

describe('loading', () => {
  test('a stable group goes on where it was, and its members must show themselves', () => {
    const before = new ShardFixture();
    const { leader, follower } = before.stableWithTwo();
    const f = new ShardFixture().load(...before.written);
    expect(f.state).toBe('Stable');
    expect(f.heartbeat(leader)).toBe('NONE');
    expect(f.synced(f.sync({ memberId: follower }))?.assignment).toEqual(bytes('B'));
    expect(f.describe()).toMatchObject({ protocolType: 'consumer', protocolData: 'range', members: [{}, {}] });
    f.fire(`session 1 g ${follower}`);
    expect(f.state).toBe('PreparingRebalance');
  });

  test('a group larger than a new limit is rebalanced', () => {
    const before = new ShardFixture();
    before.stableWithTwo();
    expect(new ShardFixture({ groupSizeMax: 1 }).load(...before.written).state).toBe('PreparingRebalance');
  });

  test('unloading answers everything that waits', () => {
    const f = new ShardFixture();
    const request = f.join();
    f.effects.push(...f.shard.unloaded());
    expect(f.joined(request)).toMatchObject({ error: 'NOT_COORDINATOR' });
  });
});
