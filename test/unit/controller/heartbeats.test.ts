import { expect, test } from 'vitest';
import { ZERO_UUID } from '../../../src/base/uuid.ts';
import { BrokerSessions } from '../../../src/controller/broker-sessions.ts';
import type { CommandOf } from '../../../src/controller/commands.ts';
import { DIRECTORY_ID, registration, TestController, TOPIC_IDS } from './fixture.ts';

const topicId = TOPIC_IDS[0]!;
const OTHER_DIRECTORY = 'NF1rp7FnSuiNsb-8Sfrd2A';

function heartbeat(controller: TestController, change: Partial<CommandOf<'brokerHeartbeat'>> = {}) {
  const brokerId = change.brokerId ?? 1;
  return controller.run('brokerHeartbeat', {
    brokerId,
    brokerEpoch: controller.machine.brokers.broker(brokerId)?.brokerEpoch ?? -1,
    currentMetadataOffset: controller.endOffset - 1,
    wantFence: false,
    wantShutDown: false,
    offlineLogDirs: [],
    cordonedLogDirs: null,
    othersKnowOfShutdown: true,
    ...change,
  });
}

function registered(): { controller: TestController; registrationOffset: number } {
  const controller = TestController.withBroker();
  const registrationOffset = controller.endOffset;
  controller.run('registerBroker', {
    registration: registration({ brokerId: 2, logDirs: [OTHER_DIRECTORY] }),
    newBrokerEpoch: registrationOffset,
    hasValidSession: false,
  });
  return { controller, registrationOffset };
}

test('a broker is unfenced when it asks for it and has read its own registration', () => {
  const { controller, registrationOffset } = registered();
  const brokerId = 2;
  expect(heartbeat(controller, { brokerId, currentMetadataOffset: registrationOffset - 1 })).toEqual({
    records: [],
    response: { isCaughtUp: false, isFenced: true, shouldShutDown: false },
  });
  expect(heartbeat(controller, { brokerId, wantFence: true })).toEqual({
    records: [],
    response: { isCaughtUp: true, isFenced: true, shouldShutDown: false },
  });
  expect(heartbeat(controller, { brokerId, currentMetadataOffset: registrationOffset })).toMatchObject({
    records: [['BrokerRegistrationChangeRecord', 0, { brokerId: 2, fenced: -1 }]],
    response: { isCaughtUp: true, isFenced: false, shouldShutDown: false },
  });
  expect(heartbeat(controller, { brokerId }).records).toEqual([]);
});

test('a broker stops in two steps: its partitions move, then, when all know, it may go', () => {
  const controller = TestController.withBroker();
  controller.addBroker(2);
  const assignments = [{ partitionIndex: 0, brokerIds: [1, 2] }];
  controller.createTopic('t', { numPartitions: -1, replicationFactor: -1, assignments });
  const leaving = { wantShutDown: true, othersKnowOfShutdown: false };
  expect(heartbeat(controller, leaving)).toMatchObject({
    records: [
      ['BrokerRegistrationChangeRecord', 1, { brokerId: 1, inControlledShutdown: 1 }],
      ['PartitionChangeRecord', 2, { topicId, isr: [2], leader: 2 }],
    ],
    response: { isFenced: false, shouldShutDown: false },
  });
  expect(heartbeat(controller, leaving)).toMatchObject({ records: [], response: { shouldShutDown: false } });
  expect(heartbeat(controller, { wantShutDown: true })).toMatchObject({
    records: [['BrokerRegistrationChangeRecord', 0, { brokerId: 1, fenced: 1 }]],
    response: { isFenced: true, shouldShutDown: true },
  });
});

test('a broker that leads nothing, or is fenced already, may go at once', () => {
  const controller = TestController.withBroker();
  expect(heartbeat(controller, { wantShutDown: true })).toMatchObject({
    records: [['BrokerRegistrationChangeRecord', 0, { fenced: 1 }]],
    response: { isFenced: true, shouldShutDown: true },
  });
  expect(heartbeat(controller, { wantShutDown: true })).toMatchObject({
    records: [],
    response: { isFenced: true, shouldShutDown: true },
  });
});

test('an earlier run of the broker gets no heartbeat', () => {
  const controller = TestController.withBroker();
  expect(heartbeat(controller, { brokerEpoch: 1 }).response).toMatchObject({ error: 'STALE_BROKER_EPOCH' });
  expect(heartbeat(controller, { brokerId: 7 }).response).toMatchObject({ error: 'STALE_BROKER_EPOCH' });
});

test('another run of a broker is registered only when the session of the one before is over', () => {
  const controller = TestController.withBroker();
  const again = registration({ incarnationId: 'yql3JG_fSJaKpMlOZfenhg' });
  const register = (hasValidSession: boolean) =>
    controller.run('registerBroker', { registration: again, newBrokerEpoch: 90, hasValidSession });
  expect(register(true)).toMatchObject({ records: [], response: { error: 'DUPLICATE_BROKER_REGISTRATION' } });
  expect(register(false).response).toEqual({ brokerEpoch: 90 });
  // The same run again, as after a lost answer, keeps its epoch.
  expect(register(true).response).toEqual({ brokerEpoch: 90 });
});

test('a broker with the directory of another one is refused', () => {
  const controller = TestController.withBroker();
  const { response } = controller.run('registerBroker', {
    registration: registration({ brokerId: 2 }),
    newBrokerEpoch: 90,
    hasValidSession: false,
  });
  expect(response).toMatchObject({
    error: 'INVALID_REGISTRATION',
    message: `Broker 1 is already registered with directory ${DIRECTORY_ID}`,
  });
});

test('what lies in a directory that failed moves away from it (KIP-858)', () => {
  const controller = TestController.withBroker();
  controller.addBroker(2, { logDirs: [OTHER_DIRECTORY, 'NF1rp7FnSuiNsb-8Sfrd3A'] });
  const assignments = [
    { partitionIndex: 0, brokerIds: [2, 1] },
    { partitionIndex: 1, brokerIds: [2, 1] },
  ];
  controller.createTopic('t', { numPartitions: -1, replicationFactor: -1, assignments });
  const partition = (index: number) => controller.machine.topics.partition(topicId, index)!;
  expect(partition(0).directories).toEqual([ZERO_UUID, DIRECTORY_ID]);
  const brokerEpoch = controller.machine.brokers.broker(2)!.brokerEpoch;
  const assign = (id: string, partitionIndex: number) =>
    controller.run('assignReplicasToDirs', {
      brokerId: 2,
      brokerEpoch,
      directories: [{ id, topics: [{ topicId, partitions: [{ partitionIndex }] }] }],
    });
  expect(assign(OTHER_DIRECTORY, 0).records).toMatchObject([
    ['PartitionChangeRecord', 2, { partitionId: 0, directories: [OTHER_DIRECTORY, DIRECTORY_ID], leader: -2 }],
  ]);
  expect(assign(OTHER_DIRECTORY, 0).records).toEqual([]);
  expect(heartbeat(controller, { brokerId: 2, offlineLogDirs: [OTHER_DIRECTORY] }).records).toMatchObject([
    ['PartitionChangeRecord', 2, { partitionId: 0, isr: [1], leader: 1 }],
    ['BrokerRegistrationChangeRecord', 2, { brokerId: 2, logDirs: ['NF1rp7FnSuiNsb-8Sfrd3A'] }],
  ]);
  // The other partition turns out to lie in the directory that is gone.
  assign(OTHER_DIRECTORY, 1);
  expect(partition(1)).toMatchObject({ isr: [1], leader: 1 });
  const unknown = assign(DIRECTORY_ID, 7).response;
  expect(unknown).toMatchObject([{ topics: [{ partitions: [{ partitionIndex: 7, errorCode: 3 }] }] }]);
});

test('a session lasts until the broker has been silent for longer than the timeout', () => {
  const sessions = new BrokerSessions(9_000);
  sessions.touch({ brokerId: 1, brokerEpoch: 5 }, 1_000);
  expect(sessions.isValid(1, 10_000)).toBe(true);
  expect(sessions.isValid(1, 10_001)).toBe(false);
  expect(sessions.isValid(2, 0)).toBe(false);
});

test('a broker may stop once every active broker has read that its partitions moved', () => {
  const sessions = new BrokerSessions(9_000);
  for (const brokerId of [1, 2, 3]) sessions.touch({ brokerId, brokerEpoch: 5 }, 0, 10);
  const active = (brokerId: number): boolean => brokerId === 2;
  expect(sessions.othersKnowOfShutdown(1, active)).toBe(false);
  sessions.shutsDown(1, 12);
  sessions.shutsDown(1, 99);
  expect(sessions.othersKnowOfShutdown(1, active)).toBe(false);
  sessions.touch({ brokerId: 2, brokerEpoch: 5 }, 0, 12);
  expect(sessions.othersKnowOfShutdown(1, active)).toBe(true);
});
