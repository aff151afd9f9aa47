import { expect, test } from 'vitest';
import { errorName } from '../../../src/wire/errors.ts';
import { DIRECTORY_ID, noQuota, TestController, TOPIC_IDS } from './fixture.ts';

function refusal(result: ReturnType<TestController['createTopic']>): [string, string | null | undefined] {
  expect(result.records).toEqual([]);
  const [topic] = result.response;
  return [errorName(topic!.errorCode!), topic!.errorMessage];
}

test('a new topic is a topic record, its configs, and its partitions', () => {
  const controller = TestController.withBroker();
  const { records, response } = controller.createTopic('codec-none', {
    numPartitions: 1,
    configs: [
      { name: 'retention.ms', value: '-1' },
      { name: 'min.insync.replicas', value: '1' },
    ],
  });
  const topicId = TOPIC_IDS[0];
  expect(records).toEqual([
    ['TopicRecord', 0, { name: 'codec-none', topicId }],
    ['ConfigRecord', 0, { resourceType: 2, resourceName: 'codec-none', name: 'retention.ms', value: '-1' }],
    ['ConfigRecord', 0, { resourceType: 2, resourceName: 'codec-none', name: 'min.insync.replicas', value: '1' }],
    ['ClearElrRecord', 0, { topicName: 'codec-none' }],
    [
      'PartitionRecord',
      2,
      {
        partitionId: 0,
        topicId,
        replicas: [1],
        isr: [1],
        removingReplicas: [],
        addingReplicas: [],
        leader: 1,
        leaderRecoveryState: 0,
        leaderEpoch: 0,
        partitionEpoch: 0,
        directories: [DIRECTORY_ID],
      },
    ],
  ]);
  expect(response).toMatchObject([
    { name: 'codec-none', topicId, errorCode: 0, numPartitions: 1, replicationFactor: 1 },
  ]);
});

test('-1 takes the defaults of the broker', () => {
  const controller = TestController.withBroker({ settings: { numPartitions: 3 } });
  const { records } = controller.createTopic('t', { numPartitions: -1, replicationFactor: -1 });
  expect(records).toHaveLength(1 + 3);
});

test('validateOnly answers as if, and writes nothing', () => {
  const controller = TestController.withBroker();
  const { records, response } = controller.run('createTopics', {
    topics: [{ name: 't', numPartitions: 2, replicationFactor: 1, assignments: [], configs: [] }],
    validateOnly: true,
    chances: { topicIds: [TOPIC_IDS[0]!], placementStart: 0 },
    mutationQuota: noQuota,
  });
  expect(records).toEqual([]);
  expect(response).toMatchObject([{ errorCode: 0, numPartitions: 2 }]);
});

test.each([
  ['', {}, 'INVALID_TOPIC_EXCEPTION', 'Topic name is invalid: the empty string is not allowed'],
  ['..', {}, 'INVALID_TOPIC_EXCEPTION', "Topic name is invalid: '..' is not allowed"],
  [
    'ä',
    {},
    'INVALID_TOPIC_EXCEPTION',
    "Topic name is invalid: 'ä' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'",
  ],
  ['here', {}, 'TOPIC_ALREADY_EXISTS', "Topic 'here' already exists."],
  ['a_b', {}, 'INVALID_TOPIC_EXCEPTION', "Topic 'a_b' collides with existing topic: a.b"],
  ['t', { numPartitions: 0 }, 'INVALID_PARTITIONS', 'Number of partitions was set to an invalid non-positive value.'],
  [
    't',
    { replicationFactor: 0 },
    'INVALID_REPLICATION_FACTOR',
    'Replication factor must be larger than 0, or -1 to use the default value.',
  ],
  [
    't',
    { replicationFactor: 2 },
    'INVALID_REPLICATION_FACTOR',
    'Unable to replicate the partition 2 time(s): The target replication factor of 2 cannot be reached because only 1 broker(s) are registered or some brokers have all their log directories cordoned.',
  ],
  ['t', { configs: [{ name: 'x', value: 'bad' }] }, 'INVALID_CONFIG', 'bad is bad'],
  ['t', { configs: [{ name: 'x', value: null }] }, 'INVALID_CONFIG', 'Null value not supported for topic configs: x'],
  [
    't',
    { assignments: [{ partitionIndex: 0, brokerIds: [1] }] },
    'INVALID_REQUEST',
    'A manual partition assignment was specified, but replication factor was not set to -1.',
  ],
] as const)('topic %j with %j is refused', (name, topic, error, message) => {
  const controller = TestController.withBroker();
  controller.createTopic('here');
  controller.createTopic('a.b', {}, 1);
  expect(refusal(controller.createTopic(name, topic, 2))).toEqual([error, message]);
});

test.each([
  [
    [
      [0, [1]],
      [0, [1]],
    ],
    'Found multiple manual partition assignments for partition 0',
  ],
  [[[0, []]], 'The manual partition assignment includes an empty replica list.'],
  [[[0, [1, 1]]], 'The manual partition assignment includes the broker 1 more than once.'],
  [[[0, [9]]], 'The manual partition assignment includes broker 9, but no such broker is registered.'],
  [[[1, [1]]], 'partitions should be a consecutive 0-based integer sequence'],
  [
    [
      [0, [1, 2]],
      [1, [1]],
    ],
    'The manual partition assignment includes a partition with 1 replica(s), but this is not consistent with previous partitions, which have 2 replica(s).',
  ],
] as [[number, number[]][], string][])('the assignment %j is refused', (partitions, message) => {
  const controller = TestController.withBroker();
  controller.addBroker(2);
  const assignments = partitions.map(([partitionIndex, brokerIds]) => ({ partitionIndex, brokerIds }));
  const result = controller.createTopic('t', { numPartitions: -1, replicationFactor: -1, assignments });
  expect(refusal(result)).toEqual(['INVALID_REPLICA_ASSIGNMENT', message]);
});

test('a deleted topic takes its configs along, and its name may be used again', () => {
  const controller = TestController.withBroker();
  controller.createTopic('t.x', { configs: [{ name: 'retention.ms', value: '1' }] });
  const { records, response } = controller.run('deleteTopics', {
    topicIds: [TOPIC_IDS[0]!, TOPIC_IDS[1]!],
    mutationQuota: noQuota,
  });
  expect(records).toEqual([['RemoveTopicRecord', 0, { topicId: TOPIC_IDS[0] }]]);
  expect(response.get(TOPIC_IDS[1]!)?.error).toBe('UNKNOWN_TOPIC_ID');
  expect(controller.machine.configs.resource(2, 't.x').size).toBe(0);
  expect(controller.createTopic('t_x', {}, 1).response[0]?.errorCode).toBe(0);
});

test('partitions are added behind the present ones', () => {
  const controller = TestController.withBroker();
  controller.createTopic('t');
  const grow = (count: number) =>
    controller.run('createPartitions', {
      topics: [{ name: 't', count, assignments: null }],
      validateOnly: false,
      placementStart: 0,
      mutationQuota: noQuota,
    });
  expect(grow(3).records).toMatchObject([
    ['PartitionRecord', 2, { partitionId: 1, leader: 1 }],
    ['PartitionRecord', 2, { partitionId: 2, leader: 1 }],
  ]);
  expect(grow(3).response.get('t')).toEqual({
    error: 'INVALID_PARTITIONS',
    message: 'Topic already has 3 partition(s).',
  });
  expect(grow(2).response.get('t')?.message).toBe(
    'The topic t currently has 3 partition(s); 2 would not be an increase.',
  );
});

test('without an unfenced broker there are no topics', () => {
  const controller = TestController.withBroker();
  const { brokerEpoch } = controller.machine.brokers.broker(1)!;
  controller.run('fenceBroker', { brokerId: 1, brokerEpoch });
  expect(refusal(controller.createTopic('t'))).toEqual([
    'INVALID_REPLICATION_FACTOR',
    'Unable to replicate the partition 1 time(s): All brokers are currently fenced, or have all their log directories cordoned.',
  ]);
});

test('a broker that is about to stop gets no replica; one that has stopped may, for when it is back', () => {
  const controller = TestController.withBroker();
  const brokerEpoch = controller.addBroker(2);
  controller.run('controlledShutdown', { brokerId: 2, brokerEpoch });
  expect(refusal(controller.createTopic('early', { replicationFactor: 2 }))).toEqual([
    'INVALID_REPLICATION_FACTOR',
    'Unable to replicate the partition 2 time(s): The target replication factor of 2 cannot be reached because only 1 ' +
      'broker(s) are registered or some brokers have all their log directories cordoned.',
  ]);
  controller.run('fenceBroker', { brokerId: 2, brokerEpoch });
  const { records } = controller.createTopic('late', { replicationFactor: 2 });
  expect(records).toContainEqual(['PartitionRecord', 2, expect.objectContaining({ replicas: [1, 2], isr: [1] })]);
});
