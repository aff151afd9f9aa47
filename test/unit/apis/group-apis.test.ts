import { describe, expect, test } from 'vitest';
import { deleteGroupsHandler } from '../../../src/apis/delete-groups.ts';
import { describeGroupsHandler } from '../../../src/apis/describe-groups.ts';
import { findCoordinatorHandler } from '../../../src/apis/find-coordinator.ts';
import type { Handler } from '../../../src/apis/handler.ts';
import { heartbeatHandler } from '../../../src/apis/heartbeat.ts';
import { InternalTopicCreation, offsetsTopicConfigs } from '../../../src/apis/internal-topic-creation.ts';
import { joinGroupHandler } from '../../../src/apis/join-group.ts';
import { leaveGroupHandler } from '../../../src/apis/leave-group.ts';
import { listGroupsHandler } from '../../../src/apis/list-groups.ts';
import { offsetCommitHandler } from '../../../src/apis/offset-commit.ts';
import { offsetDeleteHandler } from '../../../src/apis/offset-delete.ts';
import { offsetFetchHandler } from '../../../src/apis/offset-fetch.ts';
import { syncGroupHandler } from '../../../src/apis/sync-group.ts';
import { decode, encode, type InputOf, type ValueOf } from '../../../src/wire/codec.ts';
import { errorCode, errorName, KafkaError } from '../../../src/wire/errors.ts';
import type { MessageSchema } from '../../../src/wire/schema.ts';
import { parseVersions } from '../../../src/wire/versions.ts';
import { ServiceFixture } from '../coordinator/group/service-fixture.ts';
import { broker, contextOf, partition, topic, topicIdA, topicIdB, view } from './api-fakes.ts';

const metadata = view([broker(1)], [topic('t', topicIdA, [partition(), partition()])]);

async function coordinator() {
  const fixture = new ServiceFixture();
  await fixture.service.load(0, 1);
  return { fixture, groups: fixture.service };
}

/** Through bytes in both directions, as a client sees it. */
async function call<Req extends MessageSchema, Res extends MessageSchema>(
  handler: Handler<Req, Res>,
  version: number,
  request: InputOf<Req>,
): Promise<ValueOf<Res>> {
  const received = decode(handler.request, version, encode(handler.request, version, request));
  const response = await handler.handle(received, contextOf(version));
  return decode(handler.response, version, encode(handler.response, version, response!));
}

function failed<Req extends MessageSchema, Res extends MessageSchema>(
  handler: Handler<Req, Res>,
  version: number,
  request: InputOf<Req>,
): ValueOf<Res> {
  const received = decode(handler.request, version, encode(handler.request, version, request));
  const response = handler.failed(received, 'UNKNOWN_SERVER_ERROR', null, contextOf(version));
  return decode(handler.response, version, encode(handler.response, version, response!));
}

function versionsOf(schema: MessageSchema): number[] {
  const { min, max } = parseVersions(schema.versions);
  return Array.from({ length: max - min + 1 }, (_, i) => min + i);
}

const errorOf = (response: { readonly errorCode: number }) => errorName(response.errorCode);

describe('JoinGroup, SyncGroup, Heartbeat, LeaveGroup', () => {
  const joinRequest = {
    groupId: 'g',
    sessionTimeoutMs: 10_000,
    protocolType: 'consumer',
    protocols: [{ name: 'range', metadata: Buffer.from([0, 0, 0, 0, 0, 0, 255, 255, 255, 255]) }],
  };

  test.each(versionsOf(joinGroupHandler({ groups: null as never }).request))(
    'a group of one in JoinGroup v%i',
    async (version) => {
      const { fixture, groups } = await coordinator();
      const join = joinGroupHandler({ groups });
      let memberId = '';
      if (version >= 4) {
        const first = await call(join, version, joinRequest);
        expect(errorOf(first)).toBe('MEMBER_ID_REQUIRED');
        expect(first.protocolName).toBe(version >= 7 ? null : '');
        memberId = first.memberId;
      }
      const joining = call(join, version, {
        ...joinRequest,
        memberId,
        ...(version >= 1 ? { rebalanceTimeoutMs: 5000 } : {}),
      });
      await fixture.time.pass(1);
      const joined = await joining;
      expect(joined).toMatchObject({
        generationId: 1,
        protocolName: 'range',
        protocolType: version >= 7 ? 'consumer' : null,
      });
      expect(joined.leader).toBe(joined.memberId);
      const sync = syncGroupHandler({ groups });
      const syncVersion = Math.min(version, 5);
      const synced = await call(sync, syncVersion, {
        groupId: 'g',
        generationId: 1,
        memberId: joined.memberId,
        assignments: [{ memberId: joined.memberId, assignment: Buffer.from('A') }],
        ...(syncVersion >= 5 ? { protocolType: 'consumer', protocolName: 'range' } : {}),
      });
      expect(synced.assignment.toString()).toBe('A');
      const heartbeat = heartbeatHandler({ groups });
      const beat = { groupId: 'g', generationId: 1, memberId: joined.memberId };
      expect(errorOf(await call(heartbeat, Math.min(version, 4), beat))).toBe('NONE');
      const [group] = await groups.describeGroups(['g'], 6);
      expect(group).toMatchObject({ groupState: 'Stable', members: [{ clientHost: '/127.0.0.1' }] });
      const leave = leaveGroupHandler({ groups });
      const leaveVersion = Math.min(version, 5);
      const leaving = leaveVersion < 3 ? { memberId: joined.memberId } : { members: [{ memberId: joined.memberId }] };
      expect(errorOf(await call(leave, leaveVersion, { groupId: 'g', ...leaving }))).toBe('NONE');
      const again = await call(leave, leaveVersion, { groupId: 'g', ...leaving });
      if (leaveVersion < 3) expect(errorOf(again)).toBe('UNKNOWN_MEMBER_ID');
      else expect(again).toMatchObject({ errorCode: 0, members: [{ errorCode: errorCode('UNKNOWN_MEMBER_ID') }] });
      expect(errorOf(failed(join, version, joinRequest))).toBe('UNKNOWN_SERVER_ERROR');
      expect(errorOf(failed(leave, leaveVersion, { groupId: 'g', ...leaving }))).toBe('UNKNOWN_SERVER_ERROR');
      expect(errorOf(failed(heartbeat, 0, beat))).toBe('UNKNOWN_SERVER_ERROR');
    },
  );

  test('SyncGroup v5 without protocol type and name is inconsistent (KIP-559)', async () => {
    const { groups } = await coordinator();
    const response = await call(syncGroupHandler({ groups }), 5, { groupId: 'g', protocolType: 'consumer' });
    expect(errorOf(response)).toBe('INCONSISTENT_GROUP_PROTOCOL');
  });
});

describe('OffsetCommit and OffsetFetch', () => {
  const offset = (partitionIndex: number) => ({ partitionIndex, committedOffset: 7, committedMetadata: 'm' });

  test.each([2, 3, 4, 5, 6, 7, 8, 9])(
    'v%i commits by name; unknown topics and partitions fail by themselves',
    async (version) => {
      const { fixture, groups } = await coordinator();
      const response = await call(offsetCommitHandler({ groups, metadata }), version, {
        groupId: 'g',
        topics: [
          { name: 't', partitions: [offset(0), offset(5)] },
          { name: 'none', partitions: [offset(0)] },
        ],
      });
      const unknown = errorCode('UNKNOWN_TOPIC_OR_PARTITION');
      expect(response.topics).toMatchObject([
        {
          name: 't',
          partitions: [
            { partitionIndex: 5, errorCode: unknown },
            { partitionIndex: 0, errorCode: 0 },
          ],
        },
        { name: 'none', partitions: [{ partitionIndex: 0, errorCode: unknown }] },
      ]);
      expect(await fixture.committed()).toBe('t-0:7');
      const { key } = fixture.log.records()[0]!;
      expect(key!.toString('latin1')).toContain('t');
    },
  );

  test('v10 commits and fetches by id', async () => {
    const { fixture, groups } = await coordinator();
    const committed = await call(offsetCommitHandler({ groups, metadata }), 10, {
      groupId: 'g',
      topics: [
        { topicId: topicIdA, partitions: [offset(1)] },
        { topicId: topicIdB, partitions: [offset(0)] },
      ],
    });
    expect(committed.topics).toMatchObject([
      { topicId: topicIdB, partitions: [{ errorCode: errorCode('UNKNOWN_TOPIC_ID') }] },
      { topicId: topicIdA, partitions: [{ partitionIndex: 1, errorCode: 0 }] },
    ]);
    expect(await fixture.committed()).toBe('t-1:7');
    const fetched = await call(offsetFetchHandler({ groups, metadata }), 10, {
      groups: [
        {
          groupId: 'g',
          topics: [
            { topicId: topicIdB, partitionIndexes: [0] },
            { topicId: topicIdA, partitionIndexes: [0, 1] },
          ],
        },
        { groupId: 'g', topics: null },
      ],
    });
    const nothing = { committedOffset: -1, committedLeaderEpoch: -1, metadata: '' };
    expect(fetched.groups).toMatchObject([
      {
        groupId: 'g',
        errorCode: 0,
        topics: [
          {
            topicId: topicIdA,
            partitions: [
              { partitionIndex: 0, ...nothing },
              { committedOffset: 7, metadata: 'm' },
            ],
          },
          { topicId: topicIdB, partitions: [{ ...nothing, errorCode: errorCode('UNKNOWN_TOPIC_ID') }] },
        ],
      },
      { topics: [{ topicId: topicIdA, partitions: [{ partitionIndex: 1, committedOffset: 7 }] }] },
    ]);
  });

  test.each(versionsOf(offsetFetchHandler({ groups: null as never, metadata }).request).slice(0, 9))(
    'OffsetFetch v%i by name',
    async (version) => {
      const { fixture, groups } = await coordinator();
      await fixture.commit(3);
      const handler = offsetFetchHandler({ groups, metadata });
      const topics = [{ name: 't', partitionIndexes: [0, 1] }];
      const request = version < 8 ? { groupId: 'g', topics } : { groups: [{ groupId: 'g', topics }] };
      const response = await call(handler, version, request);
      const answer = version < 8 ? response : response.groups[0]!;
      expect(answer.errorCode).toBe(0);
      expect(answer.topics).toMatchObject([
        {
          name: 't',
          partitions: [
            { partitionIndex: 0, committedOffset: 3, metadata: '', errorCode: 0 },
            { partitionIndex: 1, committedOffset: -1, metadata: '', errorCode: 0 },
          ],
        },
      ]);
      groups.resigned(0, null);
      const refused = await call(handler, version, request);
      const lost = errorCode('NOT_COORDINATOR');
      if (version === 1) expect(refused.topics[0]!.partitions.map((each) => each.errorCode)).toEqual([lost, lost]);
      else expect((version < 8 ? refused : refused.groups[0]!).errorCode).toBe(lost);
      expect(() => failed(handler, version, request)).not.toThrow();
    },
  );

  test('a group error of OffsetCommit stands at every partition', async () => {
    const { groups } = await coordinator();
    const handler = offsetCommitHandler({ groups, metadata });
    const request = {
      groupId: 'g',
      generationIdOrMemberEpoch: 3,
      memberId: 'm',
      topics: [{ name: 't', partitions: [offset(0), offset(1)] }],
    };
    for (const [version, error] of [
      [8, 'ILLEGAL_GENERATION'],
      [9, 'GROUP_ID_NOT_FOUND'],
    ] as const) {
      const response = await call(handler, version, request);
      expect(response.topics[0]!.partitions.map((each) => errorName(each.errorCode))).toEqual([error, error]);
    }
    expect(failed(handler, 9, request).topics[0]!.partitions.length).toBe(2);
  });
});

describe('describing, listing and deleting', () => {
  test('a group that does not exist is Dead, from v6 on an error (KIP-1043)', async () => {
    const { groups } = await coordinator();
    const handler = describeGroupsHandler({ groups });
    for (const version of [0, 3, 5]) {
      const request = version >= 3 ? { groups: ['x'], includeAuthorizedOperations: true } : { groups: ['x'] };
      const response = await call(handler, version, request);
      expect(response.groups).toMatchObject([{ errorCode: 0, groupId: 'x', groupState: 'Dead', errorMessage: null }]);
      expect(response.groups[0]!.authorizedOperations === -2147483648).toBe(version < 3);
    }
    const response = await call(handler, 6, { groups: ['x'], includeAuthorizedOperations: true });
    expect(response.groups).toMatchObject([
      {
        errorCode: errorCode('GROUP_ID_NOT_FOUND'),
        errorMessage: 'Group x not found.',
        groupState: 'Dead',
        authorizedOperations: -2147483648,
      },
    ]);
    expect(failed(handler, 6, { groups: ['x'] }).groups.length).toBe(1);
  });

  test('ListGroups tells states from v4 and types from v5', async () => {
    const { fixture, groups } = await coordinator();
    await fixture.commit(1);
    const handler = listGroupsHandler({ groups });
    expect((await call(handler, 0, {})).groups).toMatchObject([
      { groupId: 'g', protocolType: '', groupState: '', groupType: '' },
    ]);
    expect((await call(handler, 4, { statesFilter: ['empty'] })).groups).toMatchObject([
      { groupState: 'Empty', groupType: '' },
    ]);
    expect((await call(handler, 5, { typesFilter: ['Classic'] })).groups).toMatchObject([{ groupType: 'classic' }]);
    expect((await call(handler, 5, { typesFilter: ['nonsense'] })).groups).toEqual([]);
  });

  test('groups named twice are deleted once', async () => {
    const { fixture, groups } = await coordinator();
    await fixture.commit(1);
    for (const version of [0, 2]) {
      const response = await call(deleteGroupsHandler({ groups }), version, { groupsNames: ['g', 'g'] });
      expect(response.results).toMatchObject([
        { groupId: 'g', errorCode: version === 0 ? 0 : errorCode('GROUP_ID_NOT_FOUND') },
      ]);
    }
  });

  test('OffsetDelete answers unknown partitions itself', async () => {
    const { fixture, groups } = await coordinator();
    const handler = offsetDeleteHandler({ groups, metadata });
    const request = {
      groupId: 'g',
      topics: [{ name: 't', partitions: [{ partitionIndex: 0 }, { partitionIndex: 9 }] }],
    };
    expect(errorOf(await call(handler, 0, request))).toBe('GROUP_ID_NOT_FOUND');
    await fixture.commit(1);
    const response = await call(handler, 0, request);
    expect(response).toMatchObject({
      errorCode: 0,
      topics: [
        {
          name: 't',
          partitions: [
            { partitionIndex: 9, errorCode: errorCode('UNKNOWN_TOPIC_OR_PARTITION') },
            { partitionIndex: 0, errorCode: 0 },
          ],
        },
      ],
    });
    expect(await fixture.committed()).toBe('');
  });
});

describe('FindCoordinator', () => {
  const group = { topic: '__consumer_offsets', partitionFor: () => 0 };
  const offsetsTopic = topic('__consumer_offsets', topicIdB, [partition({ leader: 1 })]);
  const noCreation = { create: () => Promise.reject(new KafkaError('INVALID_REPLICATION_FACTOR')) };

  test.each([0, 1, 2, 3])('v%i tells the one coordinator', async (version) => {
    const services = {
      coordinators: { group },
      internalTopics: noCreation,
      metadata: view([broker(1)], [offsetsTopic]),
    };
    const response = await call(findCoordinatorHandler(services), version, { key: 'g' });
    expect(response).toMatchObject({ errorCode: 0, nodeId: 1 });
    expect(response.port).toBeGreaterThan(0);
    expect(response.errorMessage).toBe(version >= 1 ? 'NONE' : '');
  });

  test.each([4, 5, 6])('v%i tells one for each key', async (version) => {
    const services = {
      coordinators: { group },
      internalTopics: noCreation,
      metadata: view([broker(1)], [offsetsTopic]),
    };
    const response = await call(findCoordinatorHandler(services), version, { coordinatorKeys: ['a', 'b'] });
    expect(response.coordinators).toMatchObject([
      { key: 'a', nodeId: 1, errorCode: 0, errorMessage: '' },
      { key: 'b', nodeId: 1, errorCode: 0 },
    ]);
  });

  test('types without a coordinator fail at once, with a reason', async () => {
    const services = { coordinators: { group }, internalTopics: noCreation, metadata };
    const response = await call(findCoordinatorHandler(services), 4, { keyType: 1, coordinatorKeys: ['x'] });
    expect(response.coordinators).toMatchObject([
      {
        key: 'x',
        nodeId: -1,
        port: -1,
        errorCode: errorCode('INVALID_REQUEST'),
        errorMessage: 'This broker does not support transactions.',
      },
    ]);
    for (const [version, keyType] of [
      [5, 2],
      [6, 2],
      [6, 9],
    ] as const) {
      const other = await call(findCoordinatorHandler(services), version, { keyType, coordinatorKeys: ['x'] });
      expect(errorOf(other.coordinators[0]!)).toBe('INVALID_REQUEST');
    }
  });

  test('the topic is created once, however many ask, and then found', async () => {
    let image = view([broker(1)], []);
    const created: unknown[] = [];
    const controller = {
      createTopics: async (command: { readonly topics: readonly unknown[] }) => {
        await Promise.resolve();
        created.push(...command.topics);
        image = view([broker(1)], [offsetsTopic]);
        return [{ name: '__consumer_offsets', errorCode: 0 }];
      },
    };
    const settings = { numPartitions: 50, replicationFactor: () => 1, configs: offsetsTopicConfigs(1000) };
    const services = {
      coordinators: { group },
      internalTopics: new InternalTopicCreation(controller, new Map([['__consumer_offsets', settings]])),
      get metadata() {
        return image;
      },
    };
    const handler = findCoordinatorHandler(services);
    const answers = await Promise.all([call(handler, 3, { key: 'a' }), call(handler, 3, { key: 'b' })]);
    expect(answers.map((each) => each.nodeId)).toEqual([1, 1]);
    expect(created).toEqual([
      {
        name: '__consumer_offsets',
        numPartitions: 50,
        replicationFactor: 1,
        assignments: [],
        configs: [
          { name: 'cleanup.policy', value: 'compact' },
          { name: 'compression.type', value: 'producer' },
          { name: 'segment.bytes', value: '1000' },
        ],
      },
    ]);
  });

  test('where it cannot be created, or has no leader, clients try again', async () => {
    const none = { coordinators: { group }, internalTopics: noCreation, metadata: view([broker(1)], []) };
    const response = await call(findCoordinatorHandler(none), 2, { key: 'g' });
    expect(response).toMatchObject({
      nodeId: -1,
      host: '',
      port: -1,
      errorMessage: 'The coordinator is not available.',
    });
    expect(errorOf(response)).toBe('COORDINATOR_NOT_AVAILABLE');
    const leaderless = topic('__consumer_offsets', topicIdB, [partition({ leader: -1 })]);
    const services = { ...none, metadata: view([broker(1)], [leaderless]) };
    expect(errorOf(await call(findCoordinatorHandler(services), 2, { key: 'g' }))).toBe('COORDINATOR_NOT_AVAILABLE');
  });
});
