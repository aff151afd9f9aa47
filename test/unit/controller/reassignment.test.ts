import { expect, test } from 'vitest';
import { errorCode } from '../../../src/wire/errors.ts';
import { TestController, TOPIC_IDS } from './fixture.ts';

const topicId = TOPIC_IDS[0]!;

function withTopic(...replicas: number[]): TestController {
  const controller = TestController.withBroker();
  for (const brokerId of [2, 3, 4]) controller.addBroker(brokerId);
  controller.createTopic('t', {
    numPartitions: -1,
    replicationFactor: -1,
    assignments: [{ partitionIndex: 0, brokerIds: replicas }],
  });
  return controller;
}

function reassign(controller: TestController, replicas: number[] | null, allowReplicationFactorChange = true) {
  const { records, response } = controller.run('alterPartitionReassignments', {
    topics: [{ name: 't', partitions: [{ partitionIndex: 0, replicas }] }],
    allowReplicationFactorChange,
  });
  return { records, result: response[0]!.partitions[0]! };
}

/** The leader says who is in sync, as it does when followers have caught up. */
function alterIsr(controller: TestController, ...newIsr: number[]) {
  const { leader, leaderEpoch, partitionEpoch } = controller.machine.topics.partition(topicId, 0)!;
  const { brokerEpoch } = controller.machine.brokers.broker(leader)!;
  const { records, response } = controller.run('alterPartition', {
    brokerId: leader,
    brokerEpoch,
    topics: [
      {
        topicId,
        partitions: [
          {
            partitionIndex: 0,
            leaderEpoch,
            partitionEpoch,
            newIsr: [],
            newIsrWithEpochs: newIsr.map((brokerId) => ({ brokerId, brokerEpoch: -1 })),
            leaderRecoveryState: 0,
          },
        ],
      },
    ],
  });
  if ('error' in response) throw new Error(response.error);
  return { records, partition: response[0]!.partitions![0]! };
}

test('a replica is moved: it is added, catches up, and only then the old one leaves', () => {
  const controller = withTopic(1, 2, 3);
  expect(reassign(controller, [1, 2, 4])).toMatchObject({
    result: { error: 'NONE' },
    records: [
      ['PartitionChangeRecord', 2, { replicas: [1, 2, 4, 3], removingReplicas: [3], addingReplicas: [4], leader: -2 }],
    ],
  });
  expect(controller.run('listPartitionReassignments', { topics: null }).response).toEqual([
    {
      name: 't',
      partitions: [{ partitionIndex: 0, replicas: [1, 2, 4, 3], addingReplicas: [4], removingReplicas: [3] }],
    },
  ]);
  const { records, partition } = alterIsr(controller, 1, 2, 3, 4);
  expect(records).toMatchObject([
    // The leader stays, but its epoch rises: broker 3 holds the partition no longer.
    ['PartitionChangeRecord', 2, { replicas: [1, 2, 4], isr: [1, 2, 4], removingReplicas: [], leader: 1 }],
  ]);
  expect(partition).toMatchObject({ leaderId: 1, leaderEpoch: 1, isr: [1, 2, 4] });
  expect(controller.machine.topics.partition(topicId, 0)).toMatchObject({ addingReplicas: [], removingReplicas: [] });
  expect(controller.run('listPartitionReassignments', { topics: null }).response).toEqual([]);
});

test('when the leader itself is moved away, the change that completes it names a new leader', () => {
  const controller = withTopic(1, 2);
  reassign(controller, [2, 3]);
  const { records, partition } = alterIsr(controller, 1, 2, 3);
  expect(records).toMatchObject([['PartitionChangeRecord', 2, { replicas: [2, 3], isr: [2, 3], leader: 2 }]]);
  expect(partition).toMatchObject({ partitionIndex: 0, errorCode: errorCode('NEW_LEADER_ELECTED') });
});

test('another order of the same replicas is there at once', () => {
  const controller = withTopic(1, 2, 3);
  expect(reassign(controller, [3, 2, 1]).records).toMatchObject([
    ['PartitionChangeRecord', 2, { replicas: [3, 2, 1], leader: -2 }],
  ]);
  expect(controller.machine.topics.partition(topicId, 0)).toMatchObject({ leader: 1, leaderEpoch: 0 });
});

test('a cancelled reassignment leaves the partition where it was', () => {
  const controller = withTopic(1, 2);
  reassign(controller, [3, 4]);
  expect(reassign(controller, null)).toMatchObject({
    result: { error: 'NONE' },
    records: [['PartitionChangeRecord', 2, { replicas: [1, 2], addingReplicas: [], removingReplicas: [], leader: 1 }]],
  });
  expect(reassign(controller, null).result).toMatchObject({ error: 'NO_REASSIGNMENT_IN_PROGRESS' });
});

test('a reassignment whose old replicas are all out of sync is not cancelled without an unclean election', () => {
  const controller = withTopic(1, 2);
  reassign(controller, [3, 4]);
  alterIsr(controller, 1, 2, 3);
  for (const brokerId of [1, 2]) {
    const { brokerEpoch } = controller.machine.brokers.broker(brokerId)!;
    controller.run('fenceBroker', { brokerId, brokerEpoch });
  }
  expect(controller.machine.topics.partition(topicId, 0)).toMatchObject({ isr: [3], leader: 3 });
  expect(reassign(controller, null).result).toMatchObject({ error: 'INVALID_REPLICA_ASSIGNMENT' });
});

test('the replication factor is kept where the request says so, counted by the target of one under way (KIP-860)', () => {
  const controller = withTopic(1, 2);
  expect(reassign(controller, [1], false).result).toMatchObject({
    error: 'INVALID_REPLICATION_FACTOR',
    message: 'The replication factor is changed from 2 to 1',
  });
  expect(reassign(controller, [3, 4], false).result.error).toBe('NONE');
  expect(reassign(controller, [2, 4], false).result.error).toBe('NONE');
});

test.each([
  [[], 'The manual partition assignment includes an empty replica list.'],
  [[1, 1], 'The manual partition assignment includes the broker 1 more than once.'],
  [[9], 'The manual partition assignment includes broker 9, but no such broker is registered.'],
])('a reassignment to %j is refused', (replicas, message) => {
  expect(reassign(withTopic(1, 2), replicas).result).toMatchObject({ error: 'INVALID_REPLICA_ASSIGNMENT', message });
});
