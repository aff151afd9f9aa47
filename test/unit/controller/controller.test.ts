import { expect, test } from 'vitest';
import { silentLogger } from '../../../src/base/logger.ts';
import { Controller } from '../../../src/controller/controller.ts';
import type { AppendedMetadata, MetadataLog } from '../../../src/controller/metadata-log.ts';
import { seededRandom } from '../../support/logs.ts';
import { bootstrapRecords, CLUSTER_ID, controllerSettings, permissiveRules, registration } from './fixture.ts';

class FakeLog implements MetadataLog {
  endOffset = 0;
  failure: Error | null = null;

  append(records: readonly Buffer[]): AppendedMetadata {
    if (this.failure !== null) throw this.failure;
    const baseOffset = this.endOffset;
    this.endOffset += records.length;
    return { baseOffset, lastOffset: this.endOffset - 1, committed: Promise.resolve() };
  }
}

const topic = { name: 't', numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] };

async function activeController() {
  const log = new FakeLog();
  const controller = new Controller({
    nodeId: 1,
    clusterId: CLUSTER_ID,
    log,
    clock: { nowMs: () => 0, monotonicMs: () => 0 },
    random: seededRandom(),
    brokerSessionTimeoutMs: 9000,
    logger: silentLogger,
    policies: {},
    rules: permissiveRules,
    settings: () => controllerSettings,
    bootstrapRecords: bootstrapRecords(),
  });
  const activated = controller.activate(1);
  controller.published(log.endOffset - 1);
  await activated;
  const registered = controller.registerBroker(registration(), { replaces: true });
  const unfenced = controller.unfenceBroker({ brokerId: 1, brokerEpoch: 9, cordonedLogDirs: [] });
  controller.published(log.endOffset - 1);
  expect(await registered).toEqual({ brokerEpoch: 9 });
  expect(await unfenced).toMatchObject({ error: 'NONE' });
  return { controller, log };
}

test('a command waits for the image, and sees what earlier ones did before it is committed', async () => {
  const { controller, log } = await activeController();
  let answered = 0;
  const first = controller.createTopics({ topics: [topic], validateOnly: false }).then((results) => {
    answered++;
    return results;
  });
  const second = controller.createTopics({ topics: [topic], validateOnly: false }).then((results) => {
    answered++;
    return results;
  });
  await Promise.resolve();
  expect(answered).toBe(0);
  controller.published(log.endOffset - 1);
  expect((await first)[0]).toMatchObject({ errorCode: 0 });
  expect((await second)[0]).toMatchObject({ errorCode: 36 });
});

test('an append that the log refuses leaves no trace', async () => {
  const { controller, log } = await activeController();
  log.failure = new Error('no');
  await expect(controller.createTopics({ topics: [topic], validateOnly: false })).rejects.toThrow('no');
  expect(controller.machine.topics.topicCount).toBe(0);
  log.failure = null;
  const created = controller.createTopics({ topics: [topic], validateOnly: false });
  controller.published(log.endOffset - 1);
  expect((await created)[0]).toMatchObject({ errorCode: 0 });
});

test('when leadership is lost, what was not committed is taken back and its commands fail', async () => {
  const { controller, log } = await activeController();
  const committedEndOffset = log.endOffset;
  const created = controller.createTopics({ topics: [topic], validateOnly: false });
  controller.deactivate(committedEndOffset);
  await expect(created).rejects.toMatchObject({ error: 'NOT_CONTROLLER' });
  expect(controller.machine.topics.topicCount).toBe(0);
  await expect(controller.createTopics({ topics: [topic], validateOnly: false })).rejects.toMatchObject({
    error: 'NOT_CONTROLLER',
  });
});

test('a broker that was let go cleanly registers again at once; one that fell silent waits for its session to end', async () => {
  const { controller, log } = await activeController();
  const settled = async <T>(answer: Promise<T>): Promise<T> => {
    controller.published(log.endOffset - 1);
    return answer;
  };
  const run = (incarnationId: string) =>
    settled(controller.registerBroker(registration({ incarnationId }), { replaces: false }));
  expect(await run('again-qdNvkTxeNhbDxUXQ')).toMatchObject({ error: 'DUPLICATE_BROKER_REGISTRATION' });
  const heartbeat = { brokerId: 1, brokerEpoch: 9, wantFence: false, wantShutDown: true };
  const reply = controller.brokerHeartbeat({
    ...heartbeat,
    currentMetadataOffset: log.endOffset,
    offlineLogDirs: [],
    cordonedLogDirs: null,
  });
  expect(await settled(reply)).toMatchObject({ shouldShutDown: true, isFenced: true });
  expect(await run('again-qdNvkTxeNhbDxUXQ')).toEqual({ brokerEpoch: log.endOffset - 1 });
});
