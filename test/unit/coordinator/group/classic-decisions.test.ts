// Each command of the classic protocol in each state of a group: the exact records, answers and effects.
import { expect, test } from 'vitest';
import type { ClassicGroupState } from '../../../../src/coordinator/group/classic-group.ts';
import type { GroupCommand } from '../../../../src/coordinator/group/commands.ts';
import type {
  HeartbeatInput,
  JoinGroupInput,
  SyncGroupInput,
} from '../../../../src/coordinator/group/group-coordinator.ts';
import { type Commands, expectRecorded, type Situation, textOfTable } from '../decision-table.ts';
import { ShardFixture, subscription } from './shard-fixture.ts';

/** As the fixture names them: the first that joins leads. */
const LEADER = 'c-id1';
const FOLLOWER = 'd-id2';
const STATIC = 'i-id5';
const PENDING = 'e-id7';
const STRANGER = 'stranger';

type Of<K extends GroupCommand['kind']> = Extract<GroupCommand, { kind: K }>;
type ClassicCommand = Of<
  | 'joinGroup'
  | 'syncGroup'
  | 'heartbeat'
  | 'leaveGroup'
  | 'memberExpired'
  | 'initialDelayPassed'
  | 'joinPhaseExpired'
  | 'syncPhaseExpired'
  | 'groupCreated'
  | 'assignmentWritten'
  | 'staticMemberWritten'
>;

const range = [{ name: 'range', metadata: subscription('t') }];
const sticky = [{ name: 'sticky', metadata: subscription('t') }];
const both = [...range, ...sticky];

const join = (input: Partial<JoinGroupInput>) => (): Of<'joinGroup'> => ({
  kind: 'joinGroup',
  requestId: 99,
  input: {
    groupId: 'g',
    sessionTimeoutMs: 11_000,
    rebalanceTimeoutMs: 61_000,
    memberId: '',
    groupInstanceId: null,
    protocolType: 'consumer',
    protocols: range,
    reason: null,
    requiresKnownMemberId: true,
    supportsSkippingAssignment: true,
    ...input,
  },
  client: { clientId: 'n', clientHost: '/127.0.0.9' },
  newMemberIdSuffix: 'id99',
  newMemberId: 'id99',
});

const sync =
  (input: Partial<SyncGroupInput>) =>
  (f: ShardFixture): Of<'syncGroup'> => ({
    kind: 'syncGroup',
    requestId: 99,
    input: {
      groupId: 'g',
      generationId: f.newestGeneration,
      memberId: LEADER,
      groupInstanceId: null,
      protocolType: 'consumer',
      protocolName: 'range',
      assignments: [],
      ...input,
    },
  });

const heartbeat =
  (input: Partial<HeartbeatInput>) =>
  (f: ShardFixture): Of<'heartbeat'> => ({
    kind: 'heartbeat',
    input: { groupId: 'g', generationId: f.newestGeneration, memberId: LEADER, groupInstanceId: null, ...input },
  });

const leave =
  (...members: readonly { readonly memberId?: string; readonly groupInstanceId?: string }[]) =>
  (): Of<'leaveGroup'> => ({
    kind: 'leaveGroup',
    groupId: 'g',
    members: members.map(({ memberId = '', groupInstanceId = null }) => ({ memberId, groupInstanceId, reason: null })),
  });

const expired = (memberId: string) => (): Of<'memberExpired'> => ({ kind: 'memberExpired', groupId: 'g', memberId });

const assigned =
  (error: 'NOT_COORDINATOR' | null, generations = 0) =>
  (f: ShardFixture): Of<'assignmentWritten'> => ({
    kind: 'assignmentWritten',
    groupId: 'g',
    generationId: f.newestGeneration + generations,
    memberId: LEADER,
    assignments: new Map([
      [LEADER, Buffer.from('L')],
      [FOLLOWER, Buffer.from('F')],
    ]),
    error,
  });

/** As if `newMemberId` had come back in the place of a former self. */
const returned =
  (error: 'NOT_COORDINATOR' | null, supportsSkippingAssignment: boolean) => (): Of<'staticMemberWritten'> => ({
    kind: 'staticMemberWritten',
    groupId: 'g',
    requestId: 99,
    groupInstanceId: 'i',
    oldMemberId: 'i-id0',
    newMemberId: STATIC,
    oldLeader: 'i-id0',
    oldRebalanceTimeoutMs: 50_000,
    oldSessionTimeoutMs: 9000,
    oldProtocols: both,
    supportsSkippingAssignment,
    error,
  });

const commands: Commands<ShardFixture, ClassicCommand> = {
  joinGroup: {
    'a new member': join({}),
    'a new member that gets its id by the way': join({ requiresKnownMemberId: false }),
    'a new static member': join({ groupInstanceId: 'new' }),
    'the static member, back': join({ groupInstanceId: 'i', protocols: both }),
    'the static member, back, without skipping': join({
      groupInstanceId: 'i',
      protocols: both,
      supportsSkippingAssignment: false,
    }),
    'the static member, back, with other protocols': join({ groupInstanceId: 'i', protocols: sticky }),
    'the instance id with a wrong member id': join({ memberId: STRANGER, groupInstanceId: 'i' }),
    'the leader': join({ memberId: LEADER, protocols: both }),
    'the leader with other protocols': join({ memberId: LEADER, protocols: [...sticky, ...range] }),
    'the follower': join({ memberId: FOLLOWER, protocols: both }),
    'the follower with other protocols': join({ memberId: FOLLOWER, protocols: [...sticky, ...range] }),
    'with the id that it was given': join({ memberId: PENDING }),
    'with the id that it was given, and an instance id': join({ memberId: PENDING, groupInstanceId: 'x' }),
    'a stranger': join({ memberId: STRANGER }),
    'another protocol type': join({ protocolType: 'connect' }),
    'no protocol in common': join({ protocols: [{ name: 'other', metadata: subscription('t') }] }),
    'no protocols': join({ protocols: [] }),
  },
  syncGroup: {
    'the leader': sync({
      assignments: [
        { memberId: LEADER, assignment: Buffer.from('L') },
        { memberId: FOLLOWER, assignment: Buffer.from('F') },
      ],
    }),
    'the follower': sync({ memberId: FOLLOWER }),
    'the static member': sync({ memberId: STATIC, groupInstanceId: 'i' }),
    'the static member, fenced': sync({ memberId: STRANGER, groupInstanceId: 'i' }),
    'a stranger': sync({ memberId: STRANGER }),
    'with the id that it was given': sync({ memberId: PENDING }),
    'another protocol type': sync({ protocolType: 'connect' }),
    'another protocol': sync({ protocolName: 'sticky' }),
    'the generation before': (f) => sync({ generationId: f.newestGeneration - 1 })(f),
    'a generation to come': (f) => sync({ generationId: f.newestGeneration + 1 })(f),
  },
  heartbeat: {
    'the leader': heartbeat({}),
    'the follower': heartbeat({ memberId: FOLLOWER }),
    'the static member': heartbeat({ memberId: STATIC, groupInstanceId: 'i' }),
    'the static member, fenced': heartbeat({ memberId: STRANGER, groupInstanceId: 'i' }),
    'an unknown instance': heartbeat({ groupInstanceId: 'x' }),
    'a stranger': heartbeat({ memberId: STRANGER }),
    'with the id that it was given': heartbeat({ memberId: PENDING }),
    'the generation before': (f) => heartbeat({ generationId: f.newestGeneration - 1 })(f),
    'a generation to come': (f) => heartbeat({ generationId: f.newestGeneration + 1 })(f),
  },
  leaveGroup: {
    'the leader': leave({ memberId: LEADER }),
    'the follower': leave({ memberId: FOLLOWER }),
    'the static member by its instance id': leave({ groupInstanceId: 'i' }),
    'the static member, fenced': leave({ memberId: STRANGER, groupInstanceId: 'i' }),
    'with the id that it was given': leave({ memberId: PENDING }),
    'a stranger': leave({ memberId: STRANGER }),
    'nobody by any name': leave({}),
    'several, one of them twice': leave(
      { memberId: LEADER },
      { memberId: STRANGER },
      { memberId: FOLLOWER },
      { memberId: LEADER },
    ),
    'nobody at all': leave(),
  },
  memberExpired: {
    'the leader': expired(LEADER),
    'the follower': expired(FOLLOWER),
    'the static member': expired(STATIC),
    'an id that was given': expired(PENDING),
    'a stranger': expired(STRANGER),
  },
  initialDelayPassed: {
    'some time left': () => ({ kind: 'initialDelayPassed', groupId: 'g', delayMs: 3000, remainingMs: 5000 }),
    'no time left': () => ({ kind: 'initialDelayPassed', groupId: 'g', delayMs: 3000, remainingMs: 0 }),
  },
  joinPhaseExpired: { '': () => ({ kind: 'joinPhaseExpired', groupId: 'g' }) },
  syncPhaseExpired: {
    'this generation': (f) => ({ kind: 'syncPhaseExpired', groupId: 'g', generationId: f.newestGeneration }),
    'the generation before': (f) => ({ kind: 'syncPhaseExpired', groupId: 'g', generationId: f.newestGeneration - 1 }),
  },
  groupCreated: {
    written: () => ({ kind: 'groupCreated', groupId: 'g', requestId: 99, error: null }),
    'not written': () => ({ kind: 'groupCreated', groupId: 'g', requestId: 99, error: 'NOT_COORDINATOR' }),
  },
  assignmentWritten: {
    written: assigned(null),
    'not written': assigned('NOT_COORDINATOR'),
    'written, of the generation before': assigned(null, -1),
  },
  staticMemberWritten: {
    written: returned(null, true),
    'written, without skipping': returned(null, false),
    'not written': returned('NOT_COORDINATOR', true),
  },
};

/** Two members have joined; the leader knows them both, and nobody has synced. */
function completing(): ShardFixture {
  const f = new ShardFixture();
  f.join({ protocols: both });
  f.join({ clientId: 'd', protocols: both });
  f.fire('join g');
  if (f.state !== 'CompletingRebalance') f.fire('join g');
  return f;
}

function stable(): ShardFixture {
  const f = completing();
  f.sync({ memberId: FOLLOWER });
  f.sync({
    memberId: LEADER,
    assignments: [
      { memberId: LEADER, assignment: Buffer.from('A') },
      { memberId: FOLLOWER, assignment: Buffer.from('B') },
    ],
  });
  return f;
}

/** A third, static member, which has joined in generation 2. */
function withStatic(): ShardFixture {
  const f = stable();
  f.join({ groupInstanceId: 'i', protocols: both });
  f.join({ memberId: LEADER, protocols: both });
  f.join({ memberId: FOLLOWER, protocols: both });
  return f;
}

function stableWithStatic(): ShardFixture {
  const f = withStatic();
  for (const memberId of [FOLLOWER, STATIC, LEADER]) {
    f.sync({ memberId, generationId: 2, assignments: [{ memberId, assignment: Buffer.from('S') }] });
  }
  return f;
}

function askedForId(f: ShardFixture): ShardFixture {
  f.lastRequestId = 6;
  f.join({ clientId: 'e', requiresKnownMemberId: true });
  return f;
}

const situations: Readonly<Record<ClassicGroupState | 'none', readonly Situation<ShardFixture>[]>> = {
  none: [{ title: 'no such group', given: () => new ShardFixture() }],
  Empty: [
    {
      title: 'Empty: its members have left',
      given: () => {
        const f = stable();
        f.leave({ memberId: LEADER }, { memberId: FOLLOWER });
        return f;
      },
    },
    { title: 'Empty: a member was given its id', given: () => askedForId(new ShardFixture()) },
    {
      title: 'Empty: nothing but offsets',
      like: 'Empty: its members have left',
      given: () => {
        const f = new ShardFixture();
        f.handle({
          kind: 'commitOffsets',
          input: {
            groupId: 'g',
            generationIdOrMemberEpoch: -1,
            memberId: '',
            groupInstanceId: null,
            retentionTimeMs: -1,
            apiVersion: 9,
            topics: [
              {
                name: 't',
                topicId: 'abcdefghijklmnopqrstuA',
                partitions: [{ partition: 0, committedOffset: 1, committedLeaderEpoch: -1, metadata: '' }],
              },
            ],
          },
        });
        return f;
      },
    },
  ],
  PreparingRebalance: [
    {
      title: 'PreparingRebalance: the initial delay, one member waits',
      given: () => {
        const f = new ShardFixture();
        f.join({ protocols: both });
        return f;
      },
    },
    {
      title: 'PreparingRebalance: the leader has joined again, the follower has not',
      given: () => {
        const f = stable();
        f.join({ memberId: LEADER, protocols: both });
        return f;
      },
    },
    {
      title: 'PreparingRebalance: both have joined, one that was given its id has not',
      like: 'PreparingRebalance: the leader has joined again, the follower has not',
      given: () => {
        const f = askedForId(stable());
        f.join({ memberId: LEADER, protocols: both });
        f.join({ memberId: FOLLOWER, protocols: both });
        return f;
      },
    },
  ],
  CompletingRebalance: [
    { title: 'CompletingRebalance: nobody has synced', given: completing },
    {
      title: 'CompletingRebalance: the follower has synced',
      like: 'CompletingRebalance: nobody has synced',
      given: () => {
        const f = completing();
        f.sync({ memberId: FOLLOWER });
        return f;
      },
    },
    {
      title: 'CompletingRebalance: with a static member',
      like: 'CompletingRebalance: nobody has synced',
      given: withStatic,
    },
  ],
  Stable: [
    { title: 'Stable: two members', given: stable },
    {
      title: 'Stable: two members, one was given its id',
      like: 'Stable: two members',
      given: () => askedForId(stable()),
    },
    { title: 'Stable: with a static member', like: 'Stable: two members', given: stableWithStatic },
  ],
};

test('every command in every state', () => {
  const text = textOfTable({
    situations: Object.entries(situations).flatMap(([state, variants]) =>
      variants.map((situation) => ({
        ...situation,
        given: () => {
          const f = situation.given();
          expect(f.describe().groupState).toBe(state === 'none' ? 'Dead' : state);
          return f;
        },
      })),
    ),
    commands,
    decide: (f, command) => f.handle(command),
    check: (f, { kind }) => {
      // As if a record had been written before: none was.
      if (kind === 'assignmentWritten' || kind === 'staticMemberWritten') return;
      // Whoever reads the log later stands where this one does, but for what is soft: a rebalance under way.
      const { groupState } = f.describe();
      const again = f.loadedAgain();
      if (groupState === 'Stable' || groupState === 'Dead') expect(again.describe()).toEqual(f.describe());
      expect(again.listed().map(({ groupId }) => groupId)).toEqual(f.listed().map(({ groupId }) => groupId));
    },
  });
  expectRecorded(text, new URL('classic.decisions.txt', import.meta.url));
});
