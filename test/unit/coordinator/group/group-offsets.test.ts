import { describe, expect, test } from 'vitest';
import { ZERO_UUID } from '../../../../src/base/uuid.ts';
import type {
  OffsetCommitInput,
  OffsetFetchInput,
  OffsetToCommit,
} from '../../../../src/coordinator/group/group-coordinator.ts';
import {
  groupRecordCodec,
  newOffsetCommitRecord,
  type OffsetCommitRecord,
} from '../../../../src/coordinator/group/group-records.ts';
import { ShardFixture } from './shard-fixture.ts';

const TOPIC_ID = 'abcdefghijklmnopqrstuA';
const DAY_MS = 86_400_000;

function commit(f: ShardFixture, input: Partial<OffsetCommitInput> = {}, offset: Partial<OffsetToCommit> = {}) {
  const partition = { partition: 0, committedOffset: 5, committedLeaderEpoch: 3, metadata: 'm', ...offset };
  return f.handle({
    kind: 'commitOffsets',
    input: {
      groupId: 'g',
      generationIdOrMemberEpoch: -1,
      memberId: '',
      groupInstanceId: null,
      retentionTimeMs: -1,
      apiVersion: 9,
      topics: [{ name: 't', topicId: TOPIC_ID, partitions: [partition] }],
      ...input,
    },
  });
}

function fetch(f: ShardFixture, input: Partial<OffsetFetchInput> = {}) {
  const { response } = f.handle({
    kind: 'fetchOffsets',
    input: {
      groupId: 'g',
      memberId: null,
      memberEpoch: -1,
      topics: [{ name: 't', topicId: ZERO_UUID, partitions: [0] }],
      requireStable: true,
      ...input,
    },
  });
  return response as { error: string; topics: { name: string; topicId: string; partitions: object[] }[] };
}

function pendingCommit(partition = 0): OffsetCommitRecord {
  return newOffsetCommitRecord({
    groupId: 'g',
    topic: 't',
    partition,
    value: {
      offset: 9,
      leaderEpoch: -1,
      metadata: '',
      commitTimestamp: 1,
      expireTimestamp: -1,
      topicId: ZERO_UUID,
    },
  });
}

const nothing = { partition: 0, committedOffset: -1, committedLeaderEpoch: -1, metadata: '', error: 'NONE' };

describe('committing', () => {
  test('makes a simple group and is written as version 4 with the topic id', () => {
    const f = new ShardFixture();
    expect(commit(f).response).toEqual({
      error: 'NONE',
      topics: [{ name: 't', partitions: [{ partition: 0, error: 'NONE' }] }],
    });
    expect(f.written).toEqual([
      {
        kind: 'offsetCommit',
        groupId: 'g',
        topic: 't',
        partition: 0,
        valueVersion: 4,
        value: {
          offset: 5,
          leaderEpoch: 3,
          metadata: 'm',
          commitTimestamp: 1000,
          expireTimestamp: -1,
          topicId: TOPIC_ID,
        },
      },
    ]);
    expect(f.describe()).toMatchObject({ error: 'NONE', groupState: 'Empty', protocolType: '', members: [] });
    expect(fetch(f).topics[0]?.partitions).toEqual([
      { partition: 0, committedOffset: 5, committedLeaderEpoch: 3, metadata: 'm', error: 'NONE' },
    ]);
  });

  test('with a retention of its own is written as version 1', () => {
    const f = new ShardFixture();
    commit(f, { retentionTimeMs: 500 }, { metadata: null });
    expect(f.written[0]).toMatchObject({ valueVersion: 1, value: { expireTimestamp: 1500, metadata: '' } });
    const { key, value } = groupRecordCodec.encode(f.written[0]!);
    expect(groupRecordCodec.decode(key, value)).toMatchObject({ valueVersion: 1, value: { expireTimestamp: 1500 } });
  });

  test('with a retention for ever can be written', () => {
    const f = new ShardFixture();
    commit(f, { retentionTimeMs: Number.MAX_SAFE_INTEGER }, { metadata: null });
    const { key, value } = groupRecordCodec.encode(f.written[0]!);
    expect(groupRecordCodec.decode(key, value)).toMatchObject({ value: { expireTimestamp: Number.MAX_SAFE_INTEGER } });
  });

  test('a group that does not exist has no generation to commit for', () => {
    const f = new ShardFixture();
    expect(commit(f, { generationIdOrMemberEpoch: 1, memberId: 'm' }).response).toMatchObject({
      error: 'GROUP_ID_NOT_FOUND',
    });
    expect(commit(f, { generationIdOrMemberEpoch: 1, memberId: 'm', apiVersion: 8 }).response).toMatchObject({
      error: 'ILLEGAL_GENERATION',
    });
  });

  test('a group with members takes commits of its members alone', () => {
    const f = new ShardFixture();
    const { leader } = f.stableWithTwo();
    expect(commit(f).response).toMatchObject({ error: 'UNKNOWN_MEMBER_ID' });
    expect(commit(f, { generationIdOrMemberEpoch: 1, memberId: 'x' }).response).toMatchObject({
      error: 'UNKNOWN_MEMBER_ID',
    });
    expect(commit(f, { generationIdOrMemberEpoch: 2, memberId: leader }).response).toMatchObject({
      error: 'ILLEGAL_GENERATION',
    });
    expect(commit(f, { generationIdOrMemberEpoch: 1, memberId: leader, groupInstanceId: 'i' }).response).toMatchObject({
      error: 'UNKNOWN_MEMBER_ID',
    });
    f.effects.length = 0;
    expect(commit(f, { generationIdOrMemberEpoch: 1, memberId: leader }).response).toMatchObject({ error: 'NONE' });
    // A commit is a sign of life.
    expect(f.effects).toMatchObject([{ kind: 'schedule', key: `session 1 g ${leader}`, delayMs: 10_000 }]);
  });

  test('is refused while the assignment is awaited, and taken while members join', () => {
    const f = new ShardFixture();
    const { leader, follower } = f.stableWithTwo();
    f.join({ memberId: leader });
    expect(commit(f, { generationIdOrMemberEpoch: 1, memberId: follower }).response).toMatchObject({ error: 'NONE' });
    f.join({ memberId: follower });
    expect(f.state).toBe('CompletingRebalance');
    expect(commit(f, { generationIdOrMemberEpoch: 2, memberId: follower }).response).toMatchObject({
      error: 'REBALANCE_IN_PROGRESS',
    });
  });

  test.each([
    ['metadata that is too long', { metadata: 'x'.repeat(4097) }, 'OFFSET_METADATA_TOO_LARGE'],
    ['an offset that a number cannot hold', { committedOffset: Number.MAX_SAFE_INTEGER }, 'INVALID_COMMIT_OFFSET_SIZE'],
    ['a negative offset, as Kafka does', { committedOffset: -7 }, 'NONE'],
  ])('answers %s', (_name, offset, error) => {
    const f = new ShardFixture();
    expect(commit(f, {}, offset).response).toMatchObject({
      error: 'NONE',
      topics: [{ partitions: [{ partition: 0, error }] }],
    });
    expect(f.written.length).toBe(error === 'NONE' ? 1 : 0);
  });
});

describe('fetching', () => {
  test('what is not there is -1, in a group that exists or not', () => {
    const f = new ShardFixture();
    expect(fetch(f)).toEqual({ error: 'NONE', topics: [{ name: 't', topicId: ZERO_UUID, partitions: [nothing] }] });
    expect(fetch(f, { topics: null })).toEqual({ error: 'NONE', topics: [] });
    commit(f, {}, { partition: 4 });
    expect(fetch(f).topics[0]?.partitions).toEqual([nothing]);
    expect(fetch(f, { topics: null }).topics).toMatchObject([{ name: 't', partitions: [{ partition: 4 }] }]);
  });

  test('an offset of another topic of the same name is not there', () => {
    const f = new ShardFixture();
    commit(f);
    const other = 'zzzzzzzzzzzzzzzzzzzzzA';
    expect(fetch(f, { topics: [{ name: 't', topicId: other, partitions: [0] }] }).topics[0]?.partitions).toEqual([
      nothing,
    ]);
    expect(
      fetch(f, { topics: [{ name: 't', topicId: TOPIC_ID, partitions: [0] }] }).topics[0]?.partitions,
    ).toMatchObject([{ committedOffset: 5 }]);
  });

  test('an open transaction makes an offset unstable until its marker comes', () => {
    const f = new ShardFixture();
    commit(f);
    f.replay(pendingCommit(), 77);
    expect(fetch(f).topics[0]?.partitions).toEqual([{ ...nothing, error: 'UNSTABLE_OFFSET_COMMIT' }]);
    expect(fetch(f, { requireStable: false }).topics[0]?.partitions).toMatchObject([{ committedOffset: 5 }]);
    f.shard.replayEndTransaction({ producerId: 77, producerEpoch: 0, committed: true });
    expect(fetch(f).topics[0]?.partitions).toMatchObject([{ committedOffset: 9, error: 'NONE' }]);
  });

  test('an aborted transaction leaves nothing, a younger ordinary commit stays', () => {
    const f = new ShardFixture();
    f.replay(pendingCommit(), 77);
    f.shard.replayEndTransaction({ producerId: 77, producerEpoch: 0, committed: false });
    expect(fetch(f).topics[0]?.partitions).toEqual([nothing]);
    f.replay(pendingCommit(), 78);
    commit(f);
    f.shard.replayEndTransaction({ producerId: 78, producerEpoch: 0, committed: true });
    expect(fetch(f).topics[0]?.partitions).toMatchObject([{ committedOffset: 5 }]);
  });
});

describe('deleting', () => {
  const remove = (f: ShardFixture, name = 't') =>
    f.handle({ kind: 'deleteOffsets', groupId: 'g', topics: [{ name, partitions: [0, 1] }] }).response;

  test('offsets of topics that nobody subscribes to', () => {
    const f = new ShardFixture();
    expect(remove(f)).toMatchObject({ error: 'GROUP_ID_NOT_FOUND' });
    commit(f);
    expect(remove(f)).toEqual({
      error: 'NONE',
      topics: [
        {
          name: 't',
          partitions: [
            { partition: 0, error: 'NONE' },
            { partition: 1, error: 'NONE' },
          ],
        },
      ],
    });
    expect(f.written.slice(1)).toMatchObject([{ kind: 'offsetCommit', topic: 't', partition: 0, value: null }]);
    expect(fetch(f).topics[0]?.partitions).toEqual([nothing]);
  });

  test('offsets of a living group are kept where it subscribes', () => {
    const f = new ShardFixture();
    f.stableWithTwo();
    expect(remove(f)).toMatchObject({ topics: [{ partitions: [{ error: 'GROUP_SUBSCRIBED_TO_TOPIC' }, {}] }] });
    expect(remove(f, 'u')).toMatchObject({ topics: [{ partitions: [{ error: 'NONE' }, { error: 'NONE' }] }] });
    const g = new ShardFixture();
    g.join({ protocolType: 'connect' });
    expect(remove(g)).toMatchObject({ error: 'NON_EMPTY_GROUP' });
  });

  test('groups, when they are empty', () => {
    const f = new ShardFixture();
    const { leader, follower } = f.stableWithTwo();
    const groupIds = ['g', 'none'];
    expect(f.handle({ kind: 'deleteGroups', groupIds }).response).toEqual([
      { groupId: 'g', error: 'NON_EMPTY_GROUP' },
      { groupId: 'none', error: 'GROUP_ID_NOT_FOUND' },
    ]);
    commit(f, { generationIdOrMemberEpoch: 1, memberId: leader });
    f.replay(pendingCommit(3), 5);
    f.leave({ memberId: leader }, { memberId: follower });
    const count = f.written.length;
    expect(f.handle({ kind: 'deleteGroups', groupIds: ['g'] }).response).toEqual([{ groupId: 'g', error: 'NONE' }]);
    expect(f.written.slice(count)).toMatchObject([
      { kind: 'offsetCommit', partition: 0, value: null },
      { kind: 'offsetCommit', partition: 3, value: null },
      { kind: 'groupMetadata', groupId: 'g', value: null },
    ]);
    expect(f.describe()).toMatchObject({
      error: 'GROUP_ID_NOT_FOUND',
      groupState: 'Dead',
      errorMessage: 'Group g not found.',
    });
    expect(fetch(f, { topics: null }).topics).toEqual([]);
  });

  test('with a deleted topic go its offsets, but not those of its successor', () => {
    const f = new ShardFixture();
    commit(f);
    commit(f, {
      topics: [
        {
          name: 'u',
          topicId: TOPIC_ID,
          partitions: [{ partition: 0, committedOffset: 1, committedLeaderEpoch: -1, metadata: null }],
        },
      ],
    });
    f.handle({ kind: 'topicsDeleted', topics: [{ name: 't', topicId: 'zzzzzzzzzzzzzzzzzzzzzA', partitions: [0] }] });
    expect(f.written.length).toBe(2);
    f.handle({ kind: 'topicsDeleted', topics: [{ name: 't', topicId: TOPIC_ID, partitions: [0, 1] }] });
    expect(f.written.slice(2)).toMatchObject([{ topic: 't', partition: 0, value: null }]);
    expect(fetch(f, { topics: null }).topics.map((topic) => topic.name)).toEqual(['u']);
  });
});

describe('retention (KIP-211)', () => {
  const expire = (f: ShardFixture) => f.handle({ kind: 'expireOffsets' });

  test('offsets of a group without members and protocol go a week after their commit, and the group with the last', () => {
    const f = new ShardFixture();
    commit(f);
    f.nowMs += 6 * DAY_MS;
    commit(f, {}, { partition: 1 });
    expire(f);
    expect(f.written.length).toBe(2);
    f.nowMs += DAY_MS;
    expect(expire(f).effects).toMatchObject([
      { kind: 'schedule', delayMs: 600_000, command: { kind: 'expireOffsets' } },
    ]);
    expect(f.written.slice(2)).toMatchObject([{ partition: 0, value: null }]);
    f.nowMs += 6 * DAY_MS;
    expire(f);
    expect(f.written.slice(3)).toMatchObject([
      { partition: 1, value: null },
      { kind: 'groupMetadata', value: null },
    ]);
  });

  test("a consumer group's offsets count from when it became empty", () => {
    const f = new ShardFixture();
    const { leader, follower } = f.stableWithTwo();
    commit(f, { generationIdOrMemberEpoch: 1, memberId: leader });
    f.nowMs += 30 * DAY_MS;
    expire(f);
    const count = f.written.length;
    f.leave({ memberId: leader }, { memberId: follower });
    f.nowMs += 6 * DAY_MS;
    expire(f);
    expect(f.written.length).toBe(count + 1);
    f.nowMs += DAY_MS;
    expire(f);
    expect(f.written.slice(count + 1)).toMatchObject([
      { kind: 'offsetCommit', value: null },
      { kind: 'groupMetadata', value: null },
    ]);
  });

  test('a living group keeps what it subscribes to and loses the rest', () => {
    const f = new ShardFixture();
    const { leader } = f.stableWithTwo();
    const partitions = [{ partition: 0, committedOffset: 1, committedLeaderEpoch: -1, metadata: null }];
    const topics = ['t', 'old'].map((name) => ({ name, topicId: ZERO_UUID, partitions }));
    commit(f, { generationIdOrMemberEpoch: 1, memberId: leader, topics });
    const count = f.written.length;
    f.nowMs += 8 * DAY_MS;
    expire(f);
    expect(f.written.slice(count)).toMatchObject([{ topic: 'old', value: null }]);
  });

  test('an offset with an open transaction stays, and so does its group', () => {
    const f = new ShardFixture();
    f.replay(pendingCommit(), 5);
    f.nowMs += 30 * DAY_MS;
    expire(f);
    expect(f.written).toEqual([]);
  });

  test("a client's own retention counts instead", () => {
    const f = new ShardFixture();
    commit(f, { retentionTimeMs: 100 });
    f.nowMs += 100;
    expire(f);
    expect(f.written.slice(1)).toMatchObject([{ value: null }, { kind: 'groupMetadata', value: null }]);
  });
});

describe('groups of other kinds', () => {
  const record = (type: number, rest: string, value: Buffer | null) => {
    const id = Buffer.from([0, type, 0, 1, 'g'.charCodeAt(0)]);
    return groupRecordCodec.decode(Buffer.concat([id, Buffer.from(rest)]), value);
  };

  test('are kept, listed and not taken over by classic members while they have members', () => {
    const f = new ShardFixture();
    f.load(record(19, 'member', Buffer.from([0, 0])), record(17, '', Buffer.from([0, 0])));
    f.registry.take(100);
    expect(f.shard.list(100)).toEqual([
      { groupId: 'g', protocolType: 'streams', groupState: 'Stable', groupType: 'streams' },
    ]);
    expect(f.joined(f.join())?.error).toBe('INCONSISTENT_GROUP_PROTOCOL');
    expect(commit(f).response).toMatchObject({ error: 'UNKNOWN_MEMBER_ID' });
    expect(f.shard.describe('g', 100)).toMatchObject({
      error: 'GROUP_ID_NOT_FOUND',
      errorMessage: 'Group g is not a classic group.',
    });
    expect(f.shard.otherRecords().length).toBe(2);
  });

  test('an empty KIP-848 group becomes a classic one', () => {
    const f = new ShardFixture();
    f.load(
      { kind: 'consumerEpoch', groupId: 'g', value: { epoch: 4, metadataHash: 0n } },
      { kind: 'consumerTargetEpoch', groupId: 'g', value: { assignmentEpoch: 3, assignmentTimestamp: 5 } },
    );
    commit(f);
    const request = f.join();
    expect(f.written.slice(1)).toMatchObject([
      { kind: 'consumerTargetEpoch', value: null },
      { kind: 'consumerPartitionMetadata', value: null },
      { kind: 'consumerEpoch', value: null },
      { kind: 'groupMetadata', groupId: 'g' },
    ]);
    f.fire('join g');
    expect(f.joined(request)).toMatchObject({ error: 'NONE', generationId: 1 });
    expect(fetch(f).topics[0]?.partitions).toMatchObject([{ committedOffset: 5 }]);
  });

  test('a record of a type or version from the future is kept', () => {
    const f = new ShardFixture();
    const future = record(99, 'x', Buffer.from([0, 0]));
    const newerOffset = groupRecordCodec.encode({ ...pendingCommit(), valueVersion: 4 });
    const unreadable = groupRecordCodec.decode(newerOffset.key, Buffer.from([0, 9, 1]));
    f.load(future, unreadable);
    expect(f.shard.otherRecords()).toEqual([future, unreadable]);
  });
});

test('a subscription that cannot be read leaves the topics unknown', () => {
  const f = new ShardFixture();
  f.join({ protocols: [{ name: 'range', metadata: Buffer.from([1]) }] });
  f.fire('join g');
  expect(
    f.handle({ kind: 'deleteOffsets', groupId: 'g', topics: [{ name: 't', partitions: [0] }] }).response,
  ).toMatchObject({
    topics: [{ partitions: [{ error: 'GROUP_SUBSCRIBED_TO_TOPIC' }] }],
  });
});
