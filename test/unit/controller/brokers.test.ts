import { expect, test } from 'vitest';
import { bootstrapRecords, CLUSTER_ID, registration, shown, TestController, TOPIC_IDS } from './fixture.ts';

const topicId = TOPIC_IDS[0]!;
const NO_CHANGES = { leaderRecoveryState: -1 };

test('activation of an empty log writes the bootstrap records in a transaction, with the minimum that ELR needs', () => {
  const controller = new TestController({ settings: { minInsyncReplicas: 2 } });
  const records = controller.machine.activationRecords(bootstrapRecords());
  const level = (name: string, featureLevel: number) => ['FeatureLevelRecord', 0, { name, featureLevel }];
  expect(records.map(shown)).toEqual([
    ['BeginTransactionRecord', 0, { name: 'Bootstrap records' }],
    level('metadata.version', 30),
    level('eligible.leader.replicas.version', 1),
    level('group.version', 1),
    level('share.version', 1),
    level('streams.version', 1),
    level('transaction.version', 2),
    ['ConfigRecord', 0, { resourceType: 4, resourceName: '', name: 'min.insync.replicas', value: '2' }],
    ['EndTransactionRecord', 0, {}],
  ]);
  controller.replay(records);
  expect(controller.machine.activationRecords(bootstrapRecords())).toEqual([]);
});

test('a transaction that a predecessor left open is aborted, and what it did is forgotten', () => {
  const controller = TestController.withBroker();
  const { machine } = controller;
  machine.replay({ type: 'BeginTransactionRecord', version: 0, value: { name: 'x' } }, controller.endOffset++);
  machine.replay({ type: 'TopicRecord', version: 0, value: { name: 't', topicId } }, controller.endOffset++);
  expect(machine.topics.topicId('t')).toBe(topicId);
  const records = machine.activationRecords([]);
  expect(records.map(shown)).toEqual([['AbortTransactionRecord', 0, { reason: 'Controller failover' }]]);
  controller.replay(records);
  expect(machine.topics.topicId('t')).toBeUndefined();
});

test('a first registration is fenced; the first heartbeat names cordoned directories and unfences', () => {
  const controller = new TestController();
  const registered = controller.run('registerBroker', {
    registration: registration(),
    newBrokerEpoch: 13,
    hasValidSession: false,
  });
  expect(registered.response).toEqual({ brokerEpoch: 13 });
  expect(registered.records).toMatchObject([['RegisterBrokerRecord', 1, { brokerEpoch: 13, fenced: true }]]);

  const full = TestController.withBroker();
  const { brokerEpoch } = full.machine.brokers.broker(1)!;
  full.run('fenceBroker', { brokerId: 1, brokerEpoch });
  expect(full.run('unfenceBroker', { brokerId: 1, brokerEpoch, cordonedLogDirs: [] }).records).toMatchObject([
    ['BrokerRegistrationChangeRecord', 0, { brokerId: 1, brokerEpoch, fenced: -1 }],
  ]);
  expect(full.machine.brokers.broker(1)?.cordonedLogDirs).toEqual([]);
});

test.each([
  [{ clusterId: 'other' }, 'INCONSISTENT_CLUSTER_ID', `Expected cluster ID ${CLUSTER_ID}, but got cluster ID other`],
  [{ logDirs: [] }, 'INVALID_REGISTRATION', 'No directories specified in request'],
  [{ logDirs: ['AAAAAAAAAAAAAAAAAAAAAA'] }, 'INVALID_REGISTRATION', 'Reserved directory ID in request'],
  [
    { supportedFeatures: { 'metadata.version': { min: 7, max: 29 } } },
    'UNSUPPORTED_VERSION',
    'Unable to register because the broker does not support finalized version 30 of metadata.version. The broker wants ' +
      'a version between 7 and 29, inclusive.',
  ],
])('the registration with %j is refused', (change, error, message) => {
  const controller = TestController.withBroker();
  const { response, records } = controller.run('registerBroker', {
    registration: registration(change),
    newBrokerEpoch: 99,
    hasValidSession: false,
  });
  expect(response).toEqual({ error, message });
  expect(records).toEqual([]);
});

test('an earlier run of a broker cannot speak for the present one', () => {
  const controller = TestController.withBroker();
  const { brokerEpoch } = controller.machine.brokers.broker(1)!;
  const allocate = (id: number, epoch: number) =>
    controller.run('allocateProducerIds', { brokerId: id, brokerEpoch: epoch }).response;
  expect(allocate(1, brokerEpoch - 1)).toMatchObject({ error: 'STALE_BROKER_EPOCH' });
  expect(allocate(2, brokerEpoch)).toMatchObject({ error: 'STALE_BROKER_EPOCH' });
  expect(allocate(1, brokerEpoch)).toEqual({ firstProducerId: 0, count: 1000 });
  expect(allocate(1, brokerEpoch)).toEqual({ firstProducerId: 1000, count: 1000 });
});

test('a controlled shutdown leaves partitions without a leader and the broker eligible, as Apache Kafka writes it', () => {
  const controller = TestController.withBroker();
  controller.createTopic('t');
  const { brokerEpoch } = controller.machine.brokers.broker(1)!;
  expect(controller.run('controlledShutdown', { brokerId: 1, brokerEpoch }).records).toMatchObject([
    ['BrokerRegistrationChangeRecord', 1, { brokerId: 1, brokerEpoch, inControlledShutdown: 1 }],
    [
      'PartitionChangeRecord',
      2,
      { partitionId: 0, topicId, isr: [], leader: -1, eligibleLeaderReplicas: [1], lastKnownElr: [1], ...NO_CHANGES },
    ],
  ]);
  expect(controller.run('fenceBroker', { brokerId: 1, brokerEpoch }).records).toMatchObject([
    ['BrokerRegistrationChangeRecord', 0, { brokerId: 1, brokerEpoch, fenced: 1 }],
  ]);

  const restarted = registration({ incarnationId: 'yql3JG_fSJaKpMlOZfenhg', previousBrokerEpoch: brokerEpoch });
  expect(
    controller.run('registerBroker', { registration: restarted, newBrokerEpoch: 50, hasValidSession: false }).records,
  ).toHaveLength(1);
  const unfenced = controller.run('unfenceBroker', { brokerId: 1, brokerEpoch: 50, cordonedLogDirs: [] });
  expect(unfenced.records).toMatchObject([
    ['BrokerRegistrationChangeRecord', 3, { cordonedLogDirs: [] }],
    ['BrokerRegistrationChangeRecord', 0, { fenced: -1 }],
    [
      'PartitionChangeRecord',
      2,
      { topicId, isr: [1], leader: 1, eligibleLeaderReplicas: [], lastKnownElr: [], ...NO_CHANGES },
    ],
  ]);
});

test('a broker that comes back from a crash is neither in sync nor eligible, but the last leader (KIP-966)', () => {
  const controller = TestController.withBroker();
  controller.createTopic('t');
  const restarted = registration({ incarnationId: 'yql3JG_fSJaKpMlOZfenhg' });
  expect(
    controller.run('registerBroker', { registration: restarted, newBrokerEpoch: 50, hasValidSession: false }).records,
  ).toMatchObject([
    ['PartitionChangeRecord', 2, { topicId, isr: [], leader: -1, lastKnownElr: [1] }],
    ['RegisterBrokerRecord', 4, { brokerEpoch: 50, fenced: true }],
  ]);
  const unfenced = controller.run('unfenceBroker', { brokerId: 1, brokerEpoch: 50, cordonedLogDirs: [] });
  expect(unfenced.records.at(-1)).toMatchObject([
    'PartitionChangeRecord',
    2,
    { topicId, isr: [1], leader: 1, leaderRecoveryState: 1, lastKnownElr: [] },
  ]);
});

test('of two brokers, the one that stays takes over, without a gap', () => {
  const controller = TestController.withBroker();
  controller.addBroker(2);
  controller.createTopic('t', {
    numPartitions: -1,
    replicationFactor: -1,
    assignments: [{ partitionIndex: 0, brokerIds: [1, 2] }],
  });
  const { brokerEpoch } = controller.machine.brokers.broker(1)!;
  expect(controller.run('controlledShutdown', { brokerId: 1, brokerEpoch }).records.at(-1)).toMatchObject([
    'PartitionChangeRecord',
    2,
    { isr: [2], leader: 2 },
  ]);
  expect(controller.machine.topics.partition(topicId, 0)).toMatchObject({ leaderEpoch: 1, elr: [], lastKnownElr: [] });
});
