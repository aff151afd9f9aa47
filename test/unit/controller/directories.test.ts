// Log directories as the controller sees them (KIP-858, KIP-1066); what a heartbeat does with them is in heartbeats.test.ts.
import { expect, test } from 'vitest';
import { TestController, TOPIC_IDS } from './fixture.ts';

const topicId = TOPIC_IDS[0]!;
const [here, there] = ['aaaaaaaaaaaaaaaaaaaaaA', 'bbbbbbbbbbbbbbbbbbbbbA'] as const;

/** Broker 2 has two directories, broker 1 one. */
function withTwoDirectories() {
  const controller = TestController.withBroker();
  const self = { brokerId: 2, brokerEpoch: controller.addBroker(2, { logDirs: [here, there] }) };
  const heartbeat = (change: { offlineLogDirs?: readonly string[]; cordonedLogDirs?: readonly string[] }) =>
    controller.run('brokerHeartbeat', {
      ...self,
      currentMetadataOffset: controller.endOffset,
      wantFence: false,
      wantShutDown: false,
      offlineLogDirs: [],
      cordonedLogDirs: null,
      othersKnowOfShutdown: true,
      ...change,
    });
  return { controller, self, heartbeat };
}

test('a partition whose directory failed gets no leader until its replica lies elsewhere', () => {
  const { controller, self, heartbeat } = withTwoDirectories();
  controller.createTopic('t', {
    numPartitions: -1,
    replicationFactor: -1,
    assignments: [{ partitionIndex: 0, brokerIds: [2] }],
  });
  const partition = () => controller.machine.topics.partition(topicId, 0);
  const assign = (id: string) =>
    controller.run('assignReplicasToDirs', {
      ...self,
      directories: [{ id, topics: [{ topicId, partitions: [{ partitionIndex: 0 }] }] }],
    });
  assign(there);
  heartbeat({ offlineLogDirs: [there] });
  controller.run('fenceBroker', self);
  controller.run('unfenceBroker', { ...self, cordonedLogDirs: [] });
  expect(partition()?.leader).toBe(-1);
  assign(here);
  expect(partition()).toMatchObject({ leader: 2, isr: [2], directories: [here] });
});

test('a broker whose directories are all cordoned gets no new replicas', () => {
  const { controller, heartbeat } = withTwoDirectories();
  const place = (name: string, index: number) => controller.createTopic(name, { replicationFactor: 2 }, index).response;
  heartbeat({ cordonedLogDirs: [here] });
  expect(place('one', 0)).toMatchObject([{ errorCode: 0 }]);
  heartbeat({ cordonedLogDirs: [here, there] });
  expect(place('two', 1)).toMatchObject([{ errorCode: 38 }]);
  heartbeat({ cordonedLogDirs: [] });
  expect(place('three', 2)).toMatchObject([{ errorCode: 0 }]);
});
