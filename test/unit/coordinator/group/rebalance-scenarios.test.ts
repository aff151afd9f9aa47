import { expect, test } from 'vitest';
import { ServiceFixture } from './service-fixture.ts';

test('three consumers start, one dies, one leaves, one restarts', async () => {
  const f = new ServiceFixture({ config: { initialRebalanceDelayMs: 3000 } });
  await f.service.load(0, 1);

  // All three come within the initial delay, each sent away once to come again with its id (KIP-394).
  const ids: string[] = [];
  for (const clientId of ['a', 'b', 'c']) {
    const required = await f.join({ requiresKnownMemberId: true }, clientId);
    expect(required.error).toBe('MEMBER_ID_REQUIRED');
    ids.push(required.memberId);
  }
  const [a, b, c] = ids as [string, string, string];
  expect(a).toMatch(/^a-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  const joins = ids.map((memberId) => f.join({ memberId, requiresKnownMemberId: true }));
  await f.time.pass(6000);
  const joined = await Promise.all(joins);
  expect(joined.map((each) => [each.error, each.generationId, each.leader])).toEqual([
    ['NONE', 1, a],
    ['NONE', 1, a],
    ['NONE', 1, a],
  ]);
  expect(joined[0]!.members.map((each) => each.memberId)).toEqual([a, b, c]);
  const syncs = await Promise.all([f.sync(b, 1), f.sync(c, 1), f.sync(a, 1, { [a]: '0', [b]: '1', [c]: '2' })]);
  expect(syncs.map((each) => each.assignment.toString())).toEqual(['1', '2', '0']);
  expect(await f.state()).toBe('Stable');

  // c stops sending heartbeats.
  for (let i = 0; i < 4; i++) {
    await f.time.pass(3000);
    await f.heartbeat(a, 1);
    await f.heartbeat(b, 1);
  }
  expect(await f.heartbeat(a, 1)).toBe('REBALANCE_IN_PROGRESS');
  expect(await f.heartbeat(c, 1)).toBe('UNKNOWN_MEMBER_ID');
  const [a2, b2] = await Promise.all([f.join({ memberId: a }), f.join({ memberId: b })]);
  expect([a2.generationId, b2.generationId]).toEqual([2, 2]);
  expect(a2.members.length).toBe(2);
  await Promise.all([f.sync(b, 2), f.sync(a, 2, { [a]: '0', [b]: '12' })]);

  // The leader leaves; b leads alone, at once.
  expect(await f.service.leaveGroup('g', [{ memberId: a, groupInstanceId: null, reason: 'done' }])).toEqual({
    error: 'NONE',
    members: [{ memberId: a, groupInstanceId: null, error: 'NONE' }],
  });
  expect(await f.heartbeat(b, 2)).toBe('REBALANCE_IN_PROGRESS');
  const alone = await f.join({ memberId: b });
  expect([alone.generationId, alone.leader, alone.members.length]).toEqual([3, b, 1]);
  expect((await f.sync(b, 3, { [b]: '012' })).assignment.toString()).toBe('012');
  expect((await f.commit(42, { generationIdOrMemberEpoch: 3, memberId: b })).error).toBe('NONE');

  // The broker goes and comes again: the group stands as it was.
  f.service.close();
  const g = new ServiceFixture({ log: f.log, time: f.time });
  await g.service.load(0, 2);
  expect(await g.heartbeat(b, 3)).toBe('NONE');
  await g.service.leaveGroup('g', [{ memberId: b, groupInstanceId: null, reason: null }]);
  expect(await g.state()).toBe('Empty');
  expect(await g.committed()).toBe('t-0:42');
  expect(await g.service.listGroups(['EMPTY'], ['Classic'])).toEqual({
    error: 'NONE',
    groups: [{ groupId: 'g', protocolType: 'consumer', groupState: 'Empty', groupType: 'classic' }],
  });
  expect((await g.service.listGroups(['stable'], [])).groups).toEqual([]);
  expect((await g.service.listGroups([], ['share'])).groups).toEqual([]);
  expect(await g.service.deleteGroups(['g', 'h'])).toEqual([
    { groupId: 'g', error: 'NONE' },
    { groupId: 'h', error: 'GROUP_ID_NOT_FOUND' },
  ]);
  expect(await g.state()).toBe('GROUP_ID_NOT_FOUND');
});

test('a hundred members agree on one generation', async () => {
  const f = new ServiceFixture({ config: { initialRebalanceDelayMs: 3000, groupSizeMax: 100 } });
  await f.service.load(0, 1);
  const joins = Array.from({ length: 100 }, (_, i) => f.join({}, `m${i}`));
  await f.time.pass(6000);
  const joined = await Promise.all(joins);
  expect(new Set(joined.map((each) => `${each.error} ${each.generationId} ${each.leader}`)).size).toBe(1);
  expect((await f.join()).error).toBe('GROUP_MAX_SIZE_REACHED');
  const leader = joined.find((each) => each.memberId === each.leader)!;
  const assignments = Object.fromEntries(joined.map((each, i) => [each.memberId, String(i)]));
  const syncs = await Promise.all(joined.map((each) => f.sync(each.memberId, 1, each === leader ? assignments : {})));
  expect(syncs.map((each) => each.assignment.toString())).toEqual(joined.map((_, i) => String(i)));
});

test('a JoinGroup with rebalance timeout 0 makes the SyncGroup after it UNKNOWN_MEMBER_ID', async () => {
  const f = new ServiceFixture();
  await f.service.load(0, 1);
  const joining = f.join({ rebalanceTimeoutMs: 0 });
  await f.time.pass(1);
  const { memberId, error } = await joining;
  expect(error).toBe('NONE');
  await f.time.pass(1);
  expect((await f.sync(memberId, 1)).error).toBe('UNKNOWN_MEMBER_ID');
});

test('session timeouts outside the limits and empty group ids are refused', async () => {
  const f = new ServiceFixture();
  await f.service.load(0, 1);
  expect(await f.join({ sessionTimeoutMs: 5999, memberId: 'm' })).toMatchObject({
    error: 'INVALID_SESSION_TIMEOUT',
    memberId: 'm',
  });
  expect((await f.join({ sessionTimeoutMs: 1_800_001 })).error).toBe('INVALID_SESSION_TIMEOUT');
  expect((await f.join({ groupId: '' })).error).toBe('INVALID_GROUP_ID');
  expect((await f.service.leaveGroup('', [])).error).toBe('INVALID_GROUP_ID');
  expect((await f.service.deleteOffsets('', [])).error).toBe('INVALID_GROUP_ID');
  // Offsets of the group '' have always been allowed.
  expect((await f.commit(3, { groupId: '' })).error).toBe('NONE');
  expect(await f.committed('')).toBe('t-0:3');
});

test('members whose leaving cannot be written are gone all the same, as long as the broker lives', async () => {
  const f = new ServiceFixture();
  await f.service.load(0, 1);
  const joining = f.join();
  await f.time.pass(1);
  const { memberId } = await joining;
  await f.sync(memberId, 1, { [memberId]: 'A' });
  f.log.failWith = 'NOT_ENOUGH_REPLICAS';
  const leaving = { memberId, groupInstanceId: null, reason: null };
  expect((await f.service.leaveGroup('g', [leaving])).error).toBe('COORDINATOR_NOT_AVAILABLE');
  expect(await f.state()).toBe('Empty');
  expect(await f.heartbeat(memberId, 1)).toBe('UNKNOWN_MEMBER_ID');
  f.log.failWith = null;
  const again = f.join();
  await f.time.pass(1);
  expect(await again).toMatchObject({ error: 'NONE', generationId: 2 });
});
