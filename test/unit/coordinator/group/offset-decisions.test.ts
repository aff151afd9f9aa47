// Each command about offsets, and the deletion of groups, for every kind of group in every state: the exact records, answers and effects.
import { expect, test } from 'vitest';
import { ZERO_UUID } from '../../../../src/base/uuid.ts';
import type { GroupCommand } from '../../../../src/coordinator/group/commands.ts';
import { writeAssignment } from '../../../../src/coordinator/group/embedded-protocol.ts';
import type {
  OffsetCommitInput,
  OffsetFetchInput,
  OffsetToCommit,
  TransactionalOffsetCommitInput,
} from '../../../../src/coordinator/group/group-coordinator.ts';
import { groupRecordCodec, newOffsetCommitRecord } from '../../../../src/coordinator/group/group-records.ts';
import { type Commands, expectRecorded, type Situation, textOfTable } from '../decision-table.ts';
import { ConsumerGroupFixture, idOf, imageOf } from './consumer-group-fixture.ts';
import { subscription } from './shard-fixture.ts';

type Of<K extends GroupCommand['kind']> = Extract<GroupCommand, { kind: K }>;
type OffsetCommand = Of<
  | 'commitOffsets'
  | 'commitTransactionalOffsets'
  | 'fetchOffsets'
  | 'deleteOffsets'
  | 'deleteGroups'
  | 'topicsDeleted'
  | 'expireOffsets'
>;
type Fixture = ConsumerGroupFixture;

const image = imageOf({ name: 't', partitionCount: 3 }, { name: 'u', partitionCount: 1 });
const DAYS_8_MS = 8 * 86_400_000;
const PRODUCER = 77;

/** The one member that a situation is about; where there is none, a stranger. */
interface Identity {
  readonly memberId: string;
  readonly generation: number;
}

function identityOf(f: Fixture): Identity {
  const [consumer] = f.describeConsumer().members;
  if (consumer !== undefined) return { memberId: consumer.memberId, generation: consumer.memberEpoch };
  const [classic] = f.describe().members;
  return { memberId: classic?.memberId ?? 'stranger', generation: f.newestGeneration };
}

const offset = (more: Partial<OffsetToCommit> = {}): OffsetToCommit => ({
  partition: 0,
  committedOffset: 7,
  committedLeaderEpoch: 3,
  metadata: 'm',
  ...more,
});

const topics = (...partitions: readonly OffsetToCommit[]) => [{ name: 't', topicId: idOf('t'), partitions }];

const commit =
  (input: (who: Identity) => Partial<OffsetCommitInput>) =>
  (f: Fixture): Of<'commitOffsets'> => ({
    kind: 'commitOffsets',
    input: {
      groupId: 'g',
      generationIdOrMemberEpoch: -1,
      memberId: '',
      groupInstanceId: null,
      retentionTimeMs: -1,
      apiVersion: 9,
      topics: topics(offset()),
      ...input(identityOf(f)),
    },
  });

const commitIn =
  (input: (who: Identity) => Partial<TransactionalOffsetCommitInput>) =>
  (f: Fixture): Of<'commitTransactionalOffsets'> => ({
    kind: 'commitTransactionalOffsets',
    input: {
      groupId: 'g',
      producerId: 78,
      producerEpoch: 1,
      generationId: -1,
      memberId: '',
      groupInstanceId: null,
      topics: topics(offset()),
      ...input(identityOf(f)),
    },
  });

const fetch =
  (input: (who: Identity) => Partial<OffsetFetchInput> = () => ({})) =>
  (f: Fixture): Of<'fetchOffsets'> => ({
    kind: 'fetchOffsets',
    input: {
      groupId: 'g',
      memberId: null,
      memberEpoch: -1,
      topics: [{ name: 't', topicId: ZERO_UUID, partitions: [0, 1, 2] }],
      requireStable: true,
      ...input(identityOf(f)),
    },
  });

const deletion = (name: string) => () =>
  ({ kind: 'deleteOffsets', groupId: 'g', topics: [{ name, partitions: [0, 1, 2] }] }) as const;

const commands: Commands<Fixture, OffsetCommand> = {
  commitOffsets: {
    'from outside': commit(() => ({})),
    'from outside, with a retention of its own': commit(() => ({
      retentionTimeMs: 500,
      apiVersion: 4,
      // Neither is known to that version.
      topics: [{ name: 't', topicId: ZERO_UUID, partitions: [offset({ committedLeaderEpoch: -1 })] }],
    })),
    'its member': commit(({ memberId, generation }) => ({ memberId, generationIdOrMemberEpoch: generation })),
    'its member, before version 9': commit(({ memberId, generation }) => ({
      memberId,
      generationIdOrMemberEpoch: generation,
      apiVersion: 8,
    })),
    'its member, a generation behind': commit(({ memberId, generation }) => ({
      memberId,
      generationIdOrMemberEpoch: generation - 1,
    })),
    'its member, a generation ahead': commit(({ memberId, generation }) => ({
      memberId,
      generationIdOrMemberEpoch: generation + 1,
    })),
    'its member as an instance that it is not': commit(({ memberId, generation }) => ({
      memberId,
      generationIdOrMemberEpoch: generation,
      groupInstanceId: 'x',
    })),
    'a stranger': commit(({ generation }) => ({ memberId: 'x', generationIdOrMemberEpoch: generation })),
    'a generation without member': commit(({ generation }) => ({ generationIdOrMemberEpoch: generation })),
    'offsets that cannot be, and one below zero': commit(({ memberId, generation }) => ({
      memberId: memberId === 'stranger' ? '' : memberId,
      generationIdOrMemberEpoch: memberId === 'stranger' ? -1 : generation,
      topics: topics(
        offset({ committedOffset: Number.MAX_SAFE_INTEGER }),
        offset({ partition: 1, metadata: 'm'.repeat(5000) }),
        offset({ partition: 2, committedOffset: -5, metadata: null }),
      ),
    })),
    nothing: commit(() => ({ topics: [] })),
  },
  commitTransactionalOffsets: {
    'of no member': commitIn(() => ({})),
    'its member': commitIn(({ memberId, generation }) => ({ memberId, generationId: generation })),
    'its member, a generation behind': commitIn(({ memberId, generation }) => ({
      memberId,
      generationId: generation - 1,
    })),
    'its member, a generation ahead': commitIn(({ memberId, generation }) => ({
      memberId,
      generationId: generation + 1,
    })),
    'its member as an instance that it is not': commitIn(({ memberId, generation }) => ({
      memberId,
      generationId: generation,
      groupInstanceId: 'x',
    })),
    'a stranger': commitIn(({ generation }) => ({ memberId: 'x', generationId: generation })),
    'a generation without member': commitIn(({ generation }) => ({ generationId: generation })),
  },
  fetchOffsets: {
    'some partitions': fetch(),
    'some partitions, stable or not': fetch(() => ({ requireStable: false })),
    'all partitions': fetch(() => ({ topics: null })),
    'of another topic of that name': fetch(() => ({
      topics: [{ name: 't', topicId: idOf('else'), partitions: [0] }],
    })),
    'as its member': fetch(({ memberId, generation }) => ({ memberId, memberEpoch: generation })),
    'as its member, an epoch behind': fetch(({ memberId, generation }) => ({ memberId, memberEpoch: generation - 1 })),
    'as a stranger': fetch(({ generation }) => ({ memberId: 'x', memberEpoch: generation })),
  },
  deleteOffsets: { 'of t': deletion('t'), 'of u': deletion('u'), 'of a topic without offsets': deletion('v') },
  deleteGroups: {
    it: () => ({ kind: 'deleteGroups', groupIds: ['g'] }),
    'it, twice, and another': () => ({ kind: 'deleteGroups', groupIds: ['g', 'missing', 'g'] }),
  },
  topicsDeleted: {
    't and u': () => ({
      kind: 'topicsDeleted',
      topics: [
        { name: 't', topicId: idOf('t'), partitions: [0, 1, 2] },
        { name: 'u', topicId: idOf('u'), partitions: [0] },
      ],
    }),
    'an older topic of the name': () => ({
      kind: 'topicsDeleted',
      topics: [{ name: 't', topicId: idOf('older'), partitions: [0, 1, 2] }],
    }),
  },
  expireOffsets: {
    'at once': () => ({ kind: 'expireOffsets' }),
    'after eight days': (f) => {
      f.nowMs += DAYS_8_MS;
      return { kind: 'expireOffsets' };
    },
  },
};

/** t-0 and u-0 are committed, t-1 is pending in an open transaction. */
function withOffsets(f: Fixture): Fixture {
  const value = { leaderEpoch: 1, metadata: '', commitTimestamp: f.nowMs, expireTimestamp: -1 };
  const record = (topic: string, partition: number, committed: number) =>
    newOffsetCommitRecord({
      groupId: 'g',
      topic,
      partition,
      value: { ...value, offset: committed, topicId: idOf(topic) },
    });
  f.replay(record('t', 0, 5));
  f.replay(record('u', 0, 6));
  f.replay(record('t', 1, 9), PRODUCER);
  return f;
}

function fresh(): Fixture {
  return new ConsumerGroupFixture(image);
}

function classicIn(protocolType: string, ...steps: readonly ('complete' | 'sync' | 'rejoin' | 'leave')[]): Fixture {
  const f = fresh();
  const assignment = writeAssignment(new Map([[idOf('t'), new Set([0, 1, 2])]]), subscription('t'), image);
  f.join({ protocolType, protocols: [{ name: 'range', metadata: subscription('t') }] });
  for (const step of steps) {
    switch (step) {
      case 'complete':
        f.fire('join g');
        break;
      case 'sync':
        f.sync({ memberId: 'c-id1', protocolType, assignments: [{ memberId: 'c-id1', assignment }] });
        break;
      case 'rejoin':
        // Another one comes: the first has to join again.
        f.join({ clientId: 'd', protocolType, protocols: [{ name: 'range', metadata: subscription('t') }] });
        break;
      case 'leave':
        f.leave({ memberId: 'c-id1' });
    }
  }
  return f;
}

function consumerIn(...steps: readonly ('join' | 'second' | 'leave')[]): Fixture {
  const f = fresh();
  for (const step of steps) {
    if (step === 'join') f.joins('a', ['t']);
    else if (step === 'second') {
      f.joins('b', ['t']);
      f.beat({ memberId: 'a', memberEpoch: 2, topicPartitions: [{ topicId: idOf('t'), partitions: [0, 1] }] });
    } else f.beat({ memberId: 'a', memberEpoch: -1 });
  }
  return f;
}

function otherIn(groupType: number, memberType: number, memberCount: number): Fixture {
  const f = fresh();
  const replay = (type: number, rest: string) => {
    const key = Buffer.concat([Buffer.from([0, type, 0, 1, 'g'.charCodeAt(0)]), Buffer.from(rest)]);
    f.replay(groupRecordCodec.decode(key, Buffer.from([0, 0])));
  };
  replay(groupType, '');
  for (let i = 0; i < memberCount; i++) replay(memberType, `member-${i}`);
  return f;
}

/** `state`: what ListGroups says. */
const situations: readonly (Situation<Fixture> & { readonly state: string })[] = [
  { title: 'nothing but offsets', state: 'classic Empty', given: fresh },
  {
    title: 'classic Empty: its member has left',
    state: 'classic Empty',
    given: () => classicIn('consumer', 'complete', 'sync', 'leave'),
  },
  {
    title: 'classic PreparingRebalance: the first member waits',
    state: 'classic PreparingRebalance',
    given: () => classicIn('consumer'),
  },
  {
    title: 'classic PreparingRebalance: a second member waits',
    state: 'classic PreparingRebalance',
    given: () => classicIn('consumer', 'complete', 'sync', 'rejoin'),
  },
  {
    title: 'classic CompletingRebalance',
    state: 'classic CompletingRebalance',
    given: () => classicIn('consumer', 'complete'),
  },
  { title: 'classic Stable', state: 'classic Stable', given: () => classicIn('consumer', 'complete', 'sync') },
  {
    title: 'classic Stable, of Connect',
    like: 'classic Stable',
    state: 'classic Stable',
    given: () => classicIn('connect', 'complete', 'sync'),
  },
  { title: 'KIP-848 Empty', state: 'consumer Empty', given: () => consumerIn('join', 'leave') },
  { title: 'KIP-848 Stable', state: 'consumer Stable', given: () => consumerIn('join') },
  {
    title: 'KIP-848 Reconciling: its epoch has moved on',
    state: 'consumer Reconciling',
    given: () => consumerIn('join', 'second'),
  },
  {
    title: 'KIP-848 Reconciling: the member is a classic one, and another has come',
    state: 'consumer Reconciling',
    given: () => {
      const f = classicIn('consumer', 'complete', 'sync');
      f.joins('a', ['t']);
      return f;
    },
  },
  { title: 'a share group without members', state: 'share Empty', given: () => otherIn(11, 10, 0) },
  {
    title: 'a share group with a member',
    like: 'a share group without members',
    state: 'share Stable',
    given: () => otherIn(11, 10, 1),
  },
  { title: 'a streams group without members', state: 'streams Empty', given: () => otherIn(17, 19, 0) },
  {
    title: 'a streams group with a member',
    like: 'a streams group without members',
    state: 'streams Stable',
    given: () => otherIn(17, 19, 1),
  },
];

function stateOf(f: Fixture): string | undefined {
  return f.listed().map(({ groupType, groupState }) => `${groupType} ${groupState}`)[0];
}

test('every command for every group', () => {
  const text = textOfTable({
    situations: [
      { title: 'no such group', given: fresh },
      ...situations.map(
        ({ state, ...situation }): Situation<Fixture> => ({
          ...situation,
          given: () => {
            const f = withOffsets(situation.given());
            expect(stateOf(f)).toBe(state);
            return f;
          },
        }),
      ),
    ],
    commands,
    decide: (f, command) => {
      const decision = f.shard.handle(command, f.nowMs);
      for (const record of decision.records) f.replay(record, decision.transaction?.producerId);
      return decision;
    },
    check: (f) => {
      // Whoever reads the log later finds the same offsets.
      const all = fetch(() => ({ topics: null }))(f);
      const again = f.loadedAgain();
      expect(again.shard.handle(all, f.nowMs).response).toEqual(f.shard.handle(all, f.nowMs).response);
      expect(again.listed().map(({ groupId, groupType }) => [groupId, groupType])).toEqual(
        f.listed().map(({ groupId, groupType }) => [groupId, groupType]),
      );
    },
  });
  expectRecorded(text, new URL('offset.decisions.txt', import.meta.url));
});
