// Each command in each state of a KIP-848 group, also with classic members in it (online migration): the exact records, answers and
// effects.
import { expect, test } from 'vitest';
import type { GroupCommand } from '../../../../src/coordinator/group/commands.ts';
import type { ConsumerGroupState, MemberState } from '../../../../src/coordinator/group/consumer-group.ts';
import { writeAssignment } from '../../../../src/coordinator/group/embedded-protocol.ts';
import type {
  ConsumerGroupHeartbeatInput,
  JoinGroupInput,
} from '../../../../src/coordinator/group/group-coordinator.ts';
import { type Commands, expectRecorded, type Situation, textOfTable } from '../decision-table.ts';
import { ConsumerGroupFixture, idOf, imageOf, owned } from './consumer-group-fixture.ts';
import { subscription } from './shard-fixture.ts';

type Of<K extends GroupCommand['kind']> = Extract<GroupCommand, { kind: K }>;
type ConsumerCommand = Of<
  | 'consumerHeartbeat'
  | 'consumerMemberExpired'
  | 'consumerRebalanceExpired'
  | 'resolveConsumerRegexes'
  | 'topicsChanged'
  | 'joinGroup'
  | 'syncGroup'
  | 'heartbeat'
  | 'leaveGroup'
  | 'classicMemberWritten'
  | 'deleteGroups'
>;
type Fixture = ConsumerGroupFixture;

/** The first member that joins with the classic protocol. */
const CLASSIC = 'c-id1';
const image = imageOf({ name: 'orders', partitionCount: 3 }, { name: 'others', partitionCount: 1 });

const FIRST_EPOCH = 2;

/** As its client knows it: who is away has the epoch of before. */
function epochOf(f: Fixture, memberId: string): number {
  const epoch = f.describeConsumer().members.find((member) => member.memberId === memberId)?.memberEpoch ?? 5;
  return epoch < 0 ? FIRST_EPOCH : epoch;
}

/** What the group last gave the member. */
function ownedBy(f: Fixture, memberId: string) {
  const member = f.describeConsumer().members.find((each) => each.memberId === memberId);
  return (member?.assignment ?? []).map(({ topicId, partitions }) => ({ topicId, partitions }));
}

const beat =
  (memberId: string, input: (f: Fixture) => Partial<ConsumerGroupHeartbeatInput> = () => ({})) =>
  (f: Fixture): Of<'consumerHeartbeat'> => ({
    kind: 'consumerHeartbeat',
    input: {
      groupId: 'g',
      memberId,
      memberEpoch: epochOf(f, memberId),
      instanceId: null,
      rackId: null,
      rebalanceTimeoutMs: -1,
      subscribedTopicNames: null,
      subscribedTopicRegex: null,
      serverAssignor: null,
      topicPartitions: null,
      ...input(f),
    },
    client: { clientId: 'c', clientHost: '/127.0.0.1' },
    newMemberId: 'made-up',
  });

const join = (memberId: string, more: Partial<ConsumerGroupHeartbeatInput> = {}) =>
  beat(memberId, () => ({
    memberEpoch: 0,
    rebalanceTimeoutMs: 60_000,
    subscribedTopicNames: ['orders'],
    topicPartitions: [],
    ...more,
  }));

const classicJoin = (input: Partial<JoinGroupInput>) => (): Of<'joinGroup'> => ({
  kind: 'joinGroup',
  requestId: 99,
  input: {
    groupId: 'g',
    sessionTimeoutMs: 11_000,
    rebalanceTimeoutMs: 61_000,
    memberId: '',
    groupInstanceId: null,
    protocolType: 'consumer',
    protocols: [{ name: 'range', metadata: subscription('orders') }],
    reason: null,
    requiresKnownMemberId: true,
    supportsSkippingAssignment: true,
    ...input,
  },
  client: { clientId: 'n', clientHost: '/127.0.0.9' },
  newMemberIdSuffix: 'id99',
  newMemberId: 'id99',
});

const member = (memberId: string) => (f: Fixture) => ({
  groupId: 'g',
  generationId: epochOf(f, memberId),
  memberId,
  groupInstanceId: null,
});

const classicSync =
  (memberId: string, more: Partial<Of<'syncGroup'>['input']> = {}) =>
  (f: Fixture): Of<'syncGroup'> => ({
    kind: 'syncGroup',
    requestId: 99,
    input: { ...member(memberId)(f), protocolType: 'consumer', protocolName: 'range', assignments: [], ...more },
  });

const classicBeat =
  (memberId: string, more: Partial<Of<'heartbeat'>['input']> = {}) =>
  (f: Fixture): Of<'heartbeat'> => ({ kind: 'heartbeat', input: { ...member(memberId)(f), ...more } });

const leave =
  (...memberIds: readonly string[]) =>
  (): Of<'leaveGroup'> => ({
    kind: 'leaveGroup',
    groupId: 'g',
    members: memberIds.map((memberId) => ({ memberId, groupInstanceId: null, reason: null })),
  });

const written =
  (kind: 'joinGroup' | 'syncGroup', error: 'NOT_COORDINATOR' | null) => (): Of<'classicMemberWritten'> => ({
    kind: 'classicMemberWritten',
    groupId: 'g',
    memberId: CLASSIC,
    requestId: 99,
    sessionTimeoutMs: 11_000,
    syncTimeoutMs: kind === 'joinGroup' ? 61_000 : null,
    result:
      kind === 'joinGroup'
        ? {
            kind,
            result: {
              error: 'NONE',
              generationId: 7,
              protocolType: 'consumer',
              protocolName: 'range',
              leader: '',
              skipAssignment: false,
              memberId: CLASSIC,
              members: [],
            },
          }
        : {
            kind,
            result: { error: 'NONE', protocolType: 'consumer', protocolName: 'range', assignment: Buffer.from('A') },
          },
    error,
  });

const commands: Commands<Fixture, ConsumerCommand> = {
  consumerHeartbeat: {
    'a joins': join('a'),
    'a new member joins': join('n'),
    'a new member joins with an expression': join('n', { subscribedTopicNames: null, subscribedTopicRegex: 'o.*' }),
    'a new member joins with an expression that does not compile': join('n', {
      subscribedTopicNames: null,
      subscribedTopicRegex: '(',
    }),
    'a new member joins as instance i': join('n', { instanceId: 'i' }),
    'a says nothing': beat('a'),
    'a has what it was given': beat('a', (f) => ({ topicPartitions: ownedBy(f, 'a') })),
    'a has all partitions': beat('a', () => ({ topicPartitions: owned('orders', 0, 1, 2) })),
    'a has nothing': beat('a', () => ({ topicPartitions: [] })),
    'b has what it was given': beat('b', (f) => ({ topicPartitions: ownedBy(f, 'b') })),
    'a is an epoch behind, with nothing': beat('a', (f) => ({ memberEpoch: epochOf(f, 'a') - 1, topicPartitions: [] })),
    'a is an epoch ahead': beat('a', (f) => ({ memberEpoch: epochOf(f, 'a') + 1, topicPartitions: [] })),
    'a wants another topic': beat('a', (f) => ({ subscribedTopicNames: ['others'], topicPartitions: ownedBy(f, 'a') })),
    'a wants an expression': beat('a', (f) => ({
      subscribedTopicNames: [],
      subscribedTopicRegex: 'o.*',
      topicPartitions: ownedBy(f, 'a'),
    })),
    'a wishes range': beat('a', (f) => ({ serverAssignor: 'range', topicPartitions: ownedBy(f, 'a') })),
    'a leaves': beat('a', () => ({ memberEpoch: -1 })),
    'a leaves for a while as instance i': beat('a', () => ({ memberEpoch: -2, instanceId: 'i' })),
    'a stranger': beat('x'),
    'a stranger leaves': beat('x', () => ({ memberEpoch: -1 })),
    'a stranger as instance i': beat('x', () => ({ instanceId: 'i' })),
    'a classic member': beat(CLASSIC),
  },
  consumerMemberExpired: {
    a: () => ({ kind: 'consumerMemberExpired', groupId: 'g', memberId: 'a' }),
    'the classic member': () => ({ kind: 'consumerMemberExpired', groupId: 'g', memberId: CLASSIC }),
    'a stranger': () => ({ kind: 'consumerMemberExpired', groupId: 'g', memberId: 'x' }),
  },
  consumerRebalanceExpired: {
    'a, in its epoch': (f) => ({
      kind: 'consumerRebalanceExpired',
      groupId: 'g',
      memberId: 'a',
      memberEpoch: epochOf(f, 'a'),
    }),
    'a, in the epoch before': (f) => ({
      kind: 'consumerRebalanceExpired',
      groupId: 'g',
      memberId: 'a',
      memberEpoch: epochOf(f, 'a') - 1,
    }),
  },
  resolveConsumerRegexes: { '': () => ({ kind: 'resolveConsumerRegexes', groupId: 'g' }) },
  topicsChanged: { '': () => ({ kind: 'topicsChanged', names: ['orders'], createdAtVersion: 200 }) },
  joinGroup: {
    'a new member': classicJoin({}),
    'a new member that gets its id by the way': classicJoin({ requiresKnownMemberId: false }),
    'a new member as instance i': classicJoin({ groupInstanceId: 'i' }),
    'the classic member': classicJoin({ memberId: CLASSIC }),
    'the classic member with another topic': classicJoin({
      memberId: CLASSIC,
      protocols: [{ name: 'range', metadata: subscription('others') }],
    }),
    'a member of the new protocol': classicJoin({ memberId: 'a' }),
    'a subscription that cannot be read': classicJoin({
      requiresKnownMemberId: false,
      protocols: [{ name: 'range', metadata: Buffer.from([0]) }],
    }),
    'another protocol type': classicJoin({ protocolType: 'connect' }),
    'another protocol': classicJoin({ protocols: [{ name: 'sticky', metadata: subscription('orders') }] }),
  },
  syncGroup: {
    'the classic member': classicSync(CLASSIC),
    'the classic member in another generation': (f) =>
      classicSync(CLASSIC, { generationId: epochOf(f, CLASSIC) + 1 })(f),
    'the classic member with another protocol': classicSync(CLASSIC, { protocolName: 'sticky' }),
    'a member of the new protocol': classicSync('a'),
    'a stranger': classicSync('x'),
  },
  heartbeat: {
    'the classic member': classicBeat(CLASSIC),
    'the classic member in another generation': (f) =>
      classicBeat(CLASSIC, { generationId: epochOf(f, CLASSIC) + 1 })(f),
    'the classic member as an instance that it is not': classicBeat(CLASSIC, { groupInstanceId: 'i' }),
    'a member of the new protocol': classicBeat('a'),
    'a stranger': classicBeat('x'),
  },
  leaveGroup: {
    'the classic member': leave(CLASSIC),
    'a member of the new protocol': leave('a'),
    'several, one unknown': leave('a', 'x', CLASSIC),
  },
  classicMemberWritten: {
    'a join': written('joinGroup', null),
    'a join, not written': written('joinGroup', 'NOT_COORDINATOR'),
    'a sync': written('syncGroup', null),
    'a sync, not written': written('syncGroup', 'NOT_COORDINATOR'),
  },
  deleteGroups: { '': () => ({ kind: 'deleteGroups', groupIds: ['g'] }) },
};

function fresh(more: ConstructorParameters<typeof ConsumerGroupFixture>[1] = {}): Fixture {
  return new ConsumerGroupFixture(image, { compileRegex, ...more });
}

function compileRegex(expression: string): (name: string) => boolean {
  if (expression === '(') throw new Error('missing closing )');
  return (name) => new RegExp(`^(?:${expression})$`).test(name);
}

function ofOne(): Fixture {
  const f = fresh();
  f.joins('a', ['orders']);
  return f;
}

function ofTwo(): Fixture {
  const f = ofOne();
  f.joins('b', ['orders']);
  return f;
}

function revoking(): Fixture {
  const f = ofTwo();
  f.beat({ memberId: 'a', memberEpoch: 2, topicPartitions: owned('orders', 0, 1, 2) });
  return f;
}

function stableOfTwo(): Fixture {
  const f = revoking();
  f.beat({ memberId: 'a', memberEpoch: 2, topicPartitions: owned('orders', 0, 1) });
  f.beat({ memberId: 'b', memberEpoch: 3, topicPartitions: [] });
  return f;
}

function ofInstance(): Fixture {
  const f = fresh();
  f.joins('a', ['orders'], { instanceId: 'i' });
  return f;
}

/** A group of one classic member that has everything. */
function classic(more: ConstructorParameters<typeof ConsumerGroupFixture>[1] = {}): Fixture {
  const f = fresh(more);
  const metadata = subscription('orders');
  f.join({ protocols: [{ name: 'range', metadata }] });
  f.fire('join g');
  const assignment = writeAssignment(new Map([[idOf('orders'), new Set([0, 1, 2])]]), metadata, image);
  f.sync({ memberId: CLASSIC, assignments: [{ memberId: CLASSIC, assignment }] });
  return f;
}

function mixed(): Fixture {
  const f = classic();
  f.joins('a', ['orders']);
  return f;
}

/** The consumer protocol's subscription of version 1 to `orders`, with what the member has. */
function subscriptionOwning(...partitions: readonly number[]): Buffer {
  const bytes = Buffer.alloc(2 + 4 + 2 + 6 + 4 + 4 + 2 + 6 + 4 + 4 * partitions.length);
  let at = bytes.writeInt16BE(1);
  at = bytes.writeInt32BE(1, at);
  at = bytes.writeInt16BE(6, at);
  at += bytes.write('orders', at);
  at = bytes.writeInt32BE(-1, at);
  at = bytes.writeInt32BE(1, at);
  at = bytes.writeInt16BE(6, at);
  at += bytes.write('orders', at);
  at = bytes.writeInt32BE(partitions.length, at);
  for (const partition of partitions) at = bytes.writeInt32BE(partition, at);
  return bytes;
}

function stableMixed(): Fixture {
  const f = mixed();
  for (const partitions of [
    [0, 1, 2],
    [0, 1],
  ]) {
    f.join({ memberId: CLASSIC, protocols: [{ name: 'range', metadata: subscriptionOwning(...partitions) }] });
    f.sync({ memberId: CLASSIC, generationId: epochOf(f, CLASSIC) });
  }
  f.beat({ memberId: 'a', memberEpoch: epochOf(f, 'a'), topicPartitions: [] });
  return f;
}

type Stage = Situation<Fixture> & { readonly members: Readonly<Record<string, MemberState>> };

const stages: Readonly<Record<ConsumerGroupState, readonly Stage[]>> = {
  Empty: [
    {
      title: 'Empty: its members have left',
      members: {},
      given: () => {
        const f = ofOne();
        f.beat({ memberId: 'a', memberEpoch: -1 });
        return f;
      },
    },
  ],
  Assigning: [
    {
      title: 'Assigning: b has joined within the assignment interval',
      members: { a: 'STABLE', b: 'STABLE' },
      given: () => {
        const f = fresh({
          timesOf: () => ({ sessionTimeoutMs: 45_000, heartbeatIntervalMs: 5000, assignmentIntervalMs: 1000 }),
        });
        f.joins('a', ['orders']);
        f.joins('b', ['orders']);
        return f;
      },
    },
    {
      title: 'Assigning: an expression has been resolved since the last heartbeat',
      members: { a: 'STABLE' },
      given: () => {
        const f = fresh();
        f.joins('a', [], { subscribedTopicNames: null, subscribedTopicRegex: 'o.*' });
        f.fire('consumer regex g');
        return f;
      },
    },
  ],
  Reconciling: [
    {
      title: 'Reconciling: a has not heard of b, who waits',
      members: { a: 'STABLE', b: 'UNRELEASED_PARTITIONS' },
      given: ofTwo,
    },
    {
      title: 'Reconciling: a is to give one up, b waits',
      members: { a: 'UNREVOKED_PARTITIONS', b: 'UNRELEASED_PARTITIONS' },
      given: revoking,
    },
    {
      title: 'Reconciling: a is of the new protocol, the classic member has not heard of it',
      members: { a: 'UNRELEASED_PARTITIONS', [CLASSIC]: 'STABLE' },
      given: mixed,
    },
  ],
  Stable: [
    { title: 'Stable: a alone', members: { a: 'STABLE' }, given: ofOne },
    { title: 'Stable: a and b', members: { a: 'STABLE', b: 'STABLE' }, given: stableOfTwo },
    { title: 'Stable: a is instance i', like: 'Stable: a alone', members: { a: 'STABLE' }, given: ofInstance },
    {
      title: 'Stable: a with an expression',
      like: 'Stable: a alone',
      members: { a: 'STABLE' },
      given: () => {
        const f = fresh();
        f.joins('a', [], { subscribedTopicNames: null, subscribedTopicRegex: 'o.*' });
        f.fire('consumer regex g');
        f.beat({ memberId: 'a', memberEpoch: epochOf(f, 'a'), topicPartitions: [] });
        return f;
      },
    },
    {
      title: 'Stable: a is of the new protocol, another is classic',
      members: { a: 'STABLE', [CLASSIC]: 'STABLE' },
      given: stableMixed,
    },
  ],
};

/** Those that are not a state of a KIP-848 group. */
const others: readonly Situation<Fixture>[] = [
  { title: 'no such group', given: () => fresh() },
  {
    title: 'a is instance i, and away',
    given: () => {
      const f = ofInstance();
      f.beat({ memberId: 'a', memberEpoch: -2, instanceId: 'i' });
      return f;
    },
  },
  {
    title: 'the group is full',
    like: 'Stable: a alone',
    given: () => {
      const f = fresh({ groupSizeMax: 1 });
      f.joins('a', ['orders']);
      return f;
    },
  },
  { title: 'a classic group', given: () => classic(), only: ['consumerHeartbeat', 'topicsChanged'] },
  ...(['upgrade', 'downgrade', 'disabled'] as const).map((migrationPolicy) => ({
    title: `a classic group, migration policy ${migrationPolicy}`,
    like: 'a classic group',
    only: ['consumerHeartbeat'],
    given: () => classic({ migrationPolicy }),
  })),
];

const numbered: readonly MemberState[] = ['STABLE', 'UNREVOKED_PARTITIONS', 'UNRELEASED_PARTITIONS'];

/** As the newest record of each member says. */
function statesOf(f: Fixture): Record<string, MemberState | undefined> {
  const states: Record<string, MemberState | undefined> = {};
  for (const { record } of f.logged) {
    if (record.kind !== 'consumerCurrent') continue;
    if (record.value === null) delete states[record.memberId];
    else states[record.memberId] = numbered[record.value.state];
  }
  return states;
}

test('every command in every state', () => {
  const inState = Object.entries(stages).flatMap(([state, variants]) =>
    variants.map(
      ({ members, ...situation }): Situation<Fixture> => ({
        ...situation,
        given: () => {
          const f = situation.given();
          expect(f.describeConsumer().groupState).toBe(state);
          expect(statesOf(f)).toEqual(members);
          return f;
        },
      }),
    ),
  );
  const text = textOfTable({
    situations: [...inState, ...others],
    commands,
    decide: (f, command) => f.handle(command),
    check: (f) => {
      // Nothing of a KIP-848 group is soft: whoever reads the log later stands where this one does.
      const again = f.loadedAgain();
      expect(again.describeConsumer()).toEqual(f.describeConsumer());
    },
  });
  expectRecorded(text, new URL('consumer.decisions.txt', import.meta.url));
});
