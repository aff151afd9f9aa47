import { beforeEach, expect, test } from 'vitest';
import type { ErrorName } from '../../../src/wire/errors.ts';
import { errorName } from '../../../src/wire/errors.ts';
import { TestController, TOPIC_IDS } from './fixture.ts';

const topicId = TOPIC_IDS[0]!;
let controller: TestController;

beforeEach(() => {
  controller = TestController.withBroker();
  for (const brokerId of [2, 3]) controller.addBroker(brokerId);
  create([1, 2, 3]);
});

function create(brokerIds: number[], configs: { name: string; value: string }[] = [], name = 't', index = 0): void {
  const assignments = [{ partitionIndex: 0, brokerIds }];
  controller.createTopic(name, { numPartitions: -1, replicationFactor: -1, assignments, configs }, index);
}

const epochOf = (brokerId: number): number => controller.machine.brokers.broker(brokerId)!.brokerEpoch;
const partition = (index = 0) => controller.machine.topics.partition(TOPIC_IDS[index]!, 0)!;
const fence = (brokerId: number) => controller.run('fenceBroker', { brokerId, brokerEpoch: epochOf(brokerId) });
const unfence = (brokerId: number) =>
  controller.run('unfenceBroker', { brokerId, brokerEpoch: epochOf(brokerId), cordonedLogDirs: [] });

function alter(change: {
  brokerId?: number;
  isr: readonly (number | { brokerId: number; brokerEpoch: number })[];
  leaderEpoch?: number;
  partitionEpoch?: number;
  leaderRecoveryState?: number;
  partitionIndex?: number;
}) {
  const { brokerId = partition().leader, isr, partitionIndex = 0, leaderRecoveryState = 0 } = change;
  const requested = {
    partitionIndex,
    leaderEpoch: change.leaderEpoch ?? partition().leaderEpoch,
    partitionEpoch: change.partitionEpoch ?? partition().partitionEpoch,
    newIsr: [],
    newIsrWithEpochs: isr.map((each) => (typeof each === 'number' ? { brokerId: each, brokerEpoch: -1 } : each)),
    leaderRecoveryState,
  };
  const { records, response } = controller.run('alterPartition', {
    brokerId,
    brokerEpoch: epochOf(brokerId),
    topics: [{ topicId, partitions: [requested] }],
  });
  if ('error' in response) return { records, error: response.error, answer: null };
  const answer = response[0]!.partitions![0]!;
  return { records, error: errorName(answer.errorCode ?? 0), answer };
}

test('a leader shrinks and expands its in-sync replicas; each change counts the partition epoch up, not the leader epoch', () => {
  expect(alter({ isr: [1, 2] })).toMatchObject({
    records: [['PartitionChangeRecord', 2, { isr: [1, 2], leader: -2 }]],
    answer: { leaderId: 1, leaderEpoch: 0, isr: [1, 2], partitionEpoch: 1 },
  });
  expect(alter({ isr: [1, 2, { brokerId: 3, brokerEpoch: epochOf(3) }] }).answer).toMatchObject({
    isr: [1, 2, 3],
    partitionEpoch: 2,
  });
});

test('a replica that falls out below min.insync.replicas stays eligible, and back above it nobody needs to be (KIP-966)', () => {
  const configs = [{ name: 'min.insync.replicas', value: '2' }];
  const assignments = [{ partitionIndex: 0, brokerIds: [1, 2, 3] }];
  controller = TestController.withBroker();
  for (const brokerId of [2, 3]) controller.addBroker(brokerId);
  controller.createTopic('t', { numPartitions: -1, replicationFactor: -1, assignments, configs });
  alter({ isr: [1, 2] });
  expect(partition().elr).toEqual([]);
  alter({ isr: [1] });
  expect(partition()).toMatchObject({ isr: [1], elr: [2] });
  fence(1);
  // Broker 2 had every acknowledged record when it left: it leads, cleanly.
  expect(partition()).toMatchObject({ isr: [2], elr: [1], leader: 2, leaderRecoveryState: 'RECOVERED' });
  unfence(1);
  alter({ isr: [2, 3] });
  expect(partition()).toMatchObject({ isr: [2, 3], elr: [] });
});

test.each<[string, Parameters<typeof alter>[0], ErrorName]>([
  ['not the leader', { brokerId: 2, isr: [2] }, 'INVALID_REQUEST'],
  ['without the leader', { isr: [2, 3] }, 'INVALID_REQUEST'],
  ['with a broker that holds no replica', { isr: [1, 9] }, 'INVALID_REQUEST'],
  ['with a replica twice', { isr: [1, 2, 2] }, 'INVALID_REQUEST'],
  ['with nobody', { isr: [] }, 'INVALID_REQUEST'],
  ['a leader epoch to come', { isr: [1], leaderEpoch: 7 }, 'NOT_CONTROLLER'],
  ['a partition epoch to come', { isr: [1], partitionEpoch: 7 }, 'NOT_CONTROLLER'],
  ['an old leader epoch', { isr: [1], leaderEpoch: -1 }, 'FENCED_LEADER_EPOCH'],
  ['an old partition epoch', { isr: [1], partitionEpoch: -1 }, 'INVALID_UPDATE_VERSION'],
  ['recovering though it is recovered', { isr: [1], leaderRecoveryState: 1 }, 'INVALID_REQUEST'],
  ['an unknown state of recovery', { isr: [1], leaderRecoveryState: 5 }, 'INVALID_REQUEST'],
  ['an earlier run of a follower', { isr: [1, { brokerId: 2, brokerEpoch: 1 }] }, 'INELIGIBLE_REPLICA'],
  ['no such partition', { isr: [1], partitionIndex: 4 }, 'UNKNOWN_TOPIC_OR_PARTITION'],
])('AlterPartition is refused: %s', (_name, change, error) => {
  const { records, error: answered } = alter(change);
  expect(answered).toBe(error);
  expect(records).toEqual([]);
});

test('a broker that is fenced or stops cannot come in sync', () => {
  alter({ isr: [1, 2] });
  fence(3);
  expect(alter({ isr: [1, 2, 3] }).error).toBe('INELIGIBLE_REPLICA');
});

test('an earlier run of the leader is refused as a whole', () => {
  const answered = controller.run('alterPartition', { brokerId: 1, brokerEpoch: epochOf(1) - 1, topics: [] });
  expect(answered.response).toMatchObject({ error: 'STALE_BROKER_EPOCH' });
});

test('a fenced leader is replaced by the first of the in-sync replicas, and gets its place back when asked for', () => {
  fence(1);
  expect(partition()).toMatchObject({ leader: 2, isr: [2, 3], leaderEpoch: 1 });
  unfence(1);
  const elect = (): unknown =>
    controller.run('electLeaders', { election: 'preferred', topicPartitions: [{ topic: 't', partitions: [0] }] })
      .response[0]!.partitions[0]!.error;
  expect(elect()).toBe('PREFERRED_LEADER_NOT_AVAILABLE');
  alter({ isr: [2, 3, 1] });
  expect(elect()).toBe('NONE');
  expect(partition()).toMatchObject({ leader: 1, leaderEpoch: 2 });
  expect(elect()).toBe('ELECTION_NOT_NEEDED');
});

test('leadership returns to preferred replicas by itself, where they are in sync', () => {
  create([1, 2], [], 'u', 1);
  fence(1);
  unfence(1);
  alter({ isr: [2, 3, 1] });
  const { records, response } = controller.run('balanceLeaders', {});
  expect(response).toBe(false);
  expect(records).toMatchObject([['PartitionChangeRecord', 2, { topicId, leader: 1 }]]);
  expect(partition(1).leader).toBe(2);
});

test('an unclean election needs the permission of the topic, or of the one who asks for it', () => {
  const unclean = [{ name: 'unclean.leader.election.enable', value: 'true' }];
  create([2, 3], unclean, 'u', 1);
  create([2, 3], [], 'v', 2);
  // Broker 3 lags behind in both, then broker 2 is lost.
  fence(3);
  unfence(3);
  fence(2);
  expect(partition(1)).toMatchObject({ leader: 3, isr: [3], leaderRecoveryState: 'RECOVERING' });
  expect(partition(2)).toMatchObject({ leader: -1, isr: [], elr: [2], lastKnownElr: [2] });
  expect(controller.run('electUncleanLeaders', {}).records).toEqual([]);
  const asked = { election: 'unclean', topicPartitions: null } as const;
  const { response, records } = controller.run('electLeaders', asked);
  expect(response.find(({ topic }) => topic === 'v')?.partitions).toMatchObject([{ partitionId: 0, error: 'NONE' }]);
  expect(records).toMatchObject([
    ['PartitionChangeRecord', 2, { leader: 3, isr: [3], leaderRecoveryState: 1, eligibleLeaderReplicas: [] }],
  ]);
});

test('an unclean leader says when it has recovered', () => {
  create([2, 3], [{ name: 'unclean.leader.election.enable', value: 'true' }], 't2', 1);
  fence(3);
  unfence(3);
  fence(2);
  const { leaderEpoch, partitionEpoch } = partition(1);
  const requested = { partitionIndex: 0, leaderEpoch, partitionEpoch, newIsr: [3], newIsrWithEpochs: [] };
  const { records } = controller.run('alterPartition', {
    brokerId: 3,
    brokerEpoch: epochOf(3),
    topics: [{ topicId: TOPIC_IDS[1]!, partitions: [{ ...requested, leaderRecoveryState: 0 }] }],
  });
  expect(records).toMatchObject([['PartitionChangeRecord', 2, { leaderRecoveryState: 0, leader: -2 }]]);
});

test('an unregistered broker is neither in sync nor eligible any more', () => {
  expect(controller.run('unregisterBroker', { brokerId: 2 }).records).toMatchObject([
    ['PartitionChangeRecord', 2, { isr: [1, 3] }],
    ['UnregisterBrokerRecord', 0, { brokerId: 2 }],
  ]);
  expect(controller.run('unregisterBroker', { brokerId: 2 }).response).toEqual({
    error: 'BROKER_ID_NOT_REGISTERED',
    message: 'Broker ID 2 is not currently registered',
  });
});
