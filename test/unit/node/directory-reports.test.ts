// What a broker tells the controller of its directories, and what becomes of it when the controller does not listen.
import { expect, test } from 'vitest';
import { silentLogger } from '../../../src/base/logger.ts';
import type { Controller } from '../../../src/controller/controller.ts';
import { DirectoryReports } from '../../../src/node/directory-reports.ts';
import { VirtualTime } from '../../support/logs.ts';

const topicId = 'hloYyovRSj-Y0Z7LtQuJ3A';
const [a, b] = ['aaaaaaaaaaaaaaaaaaaaaA', 'bbbbbbbbbbbbbbbbbbbbbA'] as const;

function reporting(answers: { fail: boolean }) {
  const time = new VirtualTime();
  const asked: unknown[] = [];
  const unreported: string[] = [];
  const controller: Pick<Controller, 'assignReplicasToDirs' | 'brokerHeartbeat'> = {
    async assignReplicasToDirs({ directories }) {
      asked.push(directories);
      if (answers.fail) throw new Error('no controller');
      return directories;
    },
    async brokerHeartbeat({ offlineLogDirs, cordonedLogDirs }) {
      asked.push({ offlineLogDirs, cordonedLogDirs });
      if (answers.fail) throw new Error('no controller');
      return { isCaughtUp: true, isFenced: false, shouldShutDown: false };
    },
  };
  const reports = new DirectoryReports({
    controller,
    self: () => ({ brokerId: 1, brokerEpoch: 5 }),
    metadataOffset: () => 10,
    isSupported: () => true,
    failureTimeoutMs: 30_000,
    onFailureUnreported: (directoryId) => unreported.push(directoryId),
    timer: time,
    logger: silentLogger,
  });
  return { reports, time, asked, unreported };
}

const settle = async () => {
  for (let i = 0; i < 20; i++) await Promise.resolve();
};

test('nothing is said before the broker is registered; then failures first, and the newest word on each replica', async () => {
  const { reports, asked } = reporting({ fail: false });
  const older = reports.assign({ topicId, partition: 0, directoryId: a });
  const newer = reports.assign({ topicId, partition: 0, directoryId: b });
  reports.failed(a);
  await settle();
  expect(asked).toEqual([]);
  reports.open();
  expect([await older, await newer]).toEqual([false, true]);
  expect(asked).toEqual([
    { offlineLogDirs: [a], cordonedLogDirs: null },
    [{ id: b, topics: [{ topicId, partitions: [{ partitionIndex: 0 }] }] }],
  ]);
});

test('what the controller did not take is said again', async () => {
  const answers = { fail: true };
  const { reports, time, asked } = reporting(answers);
  reports.open();
  reports.cordoned([a]);
  await settle();
  answers.fail = false;
  time.advance(1000);
  await settle();
  expect(asked).toEqual([
    { offlineLogDirs: [], cordonedLogDirs: [a] },
    { offlineLogDirs: [], cordonedLogDirs: [a] },
  ]);
  time.advance(10_000);
  expect(asked).toHaveLength(2);
});

test('a failure that cannot be told in time is the end', async () => {
  const answers = { fail: true };
  const { reports, time, unreported } = reporting(answers);
  reports.open();
  reports.failed(a);
  for (let i = 0; i < 29; i++) {
    await settle();
    time.advance(1000);
  }
  expect(unreported).toEqual([]);
  time.advance(1000);
  expect(unreported).toEqual([a]);
});

test('a failure that was told has no deadline, nor has one at the stop', async () => {
  const { reports, time, unreported } = reporting({ fail: false });
  reports.open();
  reports.failed(a);
  await settle();
  reports.failed(b);
  reports.close();
  time.advance(60_000);
  expect(unreported).toEqual([]);
});
