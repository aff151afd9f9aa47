import { describe, expect, test } from 'vitest';
import type { LogConfig } from '../../../src/log/log-config.ts';
import type { PartitionLog } from '../../../src/log/partition-log.ts';
import { append, batchOf, defaultLogConfig, NOW_MS, openLog, readValues, VirtualTime } from '../../support/logs.ts';
import { CRASHES_IN_ORDER, crashPoints, SimulatedDisk } from '../../support/simulated-disk.ts';

const DAY_MS = 86_400_000;

async function logWith(config: Partial<LogConfig>, fileSystem = new SimulatedDisk()) {
  const time = new VirtualTime();
  return { ...(await openLog(fileSystem, config, { time })), time, fileSystem };
}

/** One record in each segment, a day apart; the last one in the active segment. */
async function fill(log: PartitionLog, values: readonly string[]): Promise<void> {
  for (const [index, value] of values.entries()) {
    if (index > 0) log.roll();
    await append(log, batchOf([value], { nowMs: NOW_MS + index * DAY_MS }));
  }
}

const names = (fileSystem: SimulatedDisk) => fileSystem.list('/data/t-0');

describe('retention by time', () => {
  test('segments whose youngest record is older than retention.ms go, and the log start offset with them', async () => {
    const { log, time } = await logWith({ retentionMs: 2 * DAY_MS });
    await fill(log, ['a', 'b', 'c']);
    time.advance(2 * DAY_MS);
    expect(log.deleteOldSegments(3)).toBe(0);
    time.advance(1);
    expect(log.deleteOldSegments(3)).toBe(1);
    expect(log.logStartOffset).toBe(1);
    expect(await readValues(log)).toEqual(['b', 'c']);
    expect(await log.read(0, 1000, { minOneBatch: true, endOffset: 3 })).toMatchObject({
      error: 'OFFSET_OUT_OF_RANGE',
    });
  });

  test('nothing at or above the high watermark goes', async () => {
    const { log, time } = await logWith({ retentionMs: 1 });
    await fill(log, ['a', 'b', 'c']);
    time.advance(30 * DAY_MS);
    expect(log.deleteOldSegments(1)).toBe(1);
    expect(log.deleteOldSegments(1)).toBe(0);
    expect(await readValues(log)).toEqual(['b', 'c']);
  });

  test('the active segment is closed and goes when all its records are expired; offsets go on', async () => {
    const { log, time, fileSystem } = await logWith({ retentionMs: 1 });
    await fill(log, ['a', 'b']);
    time.advance(30 * DAY_MS);
    expect(log.deleteOldSegments(2)).toBe(2);
    expect([log.logStartOffset, log.logEndOffset, log.segmentCount, log.sizeInBytes]).toEqual([2, 2, 1, 0]);
    expect(log.deleteOldSegments(2)).toBe(0);
    expect(await append(log, batchOf(['c']))).toBe(2);
    const { log: reopened } = await openLog(fileSystem.crashClone('kill'));
    expect([reopened.logStartOffset, await readValues(reopened)]).toEqual([2, ['c']]);
  });

  test('records without a timestamp are as old as their file', async () => {
    const time = new VirtualTime();
    const fileSystem = new SimulatedDisk({ nowMs: () => time.nowMs() });
    const { log } = await openLog(fileSystem, { retentionMs: DAY_MS }, { time });
    await append(log, batchOf([], { records: [{ timestamp: -1, key: null, value: Buffer.from('a') }] }));
    log.roll();
    time.advance(DAY_MS);
    expect(log.deleteOldSegments(1)).toBe(0);
    time.advance(1);
    expect(log.deleteOldSegments(1)).toBe(1);
  });

  test('-1 keeps them for ever', async () => {
    const { log, time } = await logWith({ retentionMs: -1 });
    await fill(log, ['a', 'b']);
    time.advance(10_000 * DAY_MS);
    expect(log.deleteOldSegments(2)).toBe(0);
  });
});

describe('retention by size', () => {
  test('the oldest segments go as long as what is left is not smaller than retention.bytes', async () => {
    const { log } = await logWith({ retentionBytes: 0 });
    await fill(log, ['a', 'b', 'c', 'd']);
    const size = log.sizeInBytes / 4;
    log.updateConfig({ ...defaultLogConfig, retentionBytes: 2 * size + 1 });
    expect(log.deleteOldSegments(4)).toBe(1);
    expect(log.sizeInBytes).toBe(3 * size);
    log.updateConfig({ ...defaultLogConfig, retentionBytes: 2 * size });
    expect(log.deleteOldSegments(4)).toBe(1);
    expect(await readValues(log)).toEqual(['c', 'd']);
  });
});

describe('below the log start offset', () => {
  test('segments go whatever the policy, and only when they are wholly below', async () => {
    const { log } = await logWith({ cleanupPolicy: { compact: true, delete: false }, retentionMs: 0 });
    for (const value of ['a', 'b', 'c']) {
      await append(log, batchOf([], { records: [{ key: Buffer.from(value), value: Buffer.from(value) }] }));
      await append(log, batchOf([], { records: [{ key: Buffer.from(value), value: Buffer.from(value) }] }));
      log.roll();
    }
    log.advanceLogStartOffset(3);
    expect(log.deleteOldSegments(6)).toBe(1);
    expect([log.logStartOffset, log.firstSegmentBaseOffset]).toEqual([3, 2]);
  });
});

describe('files of deleted segments', () => {
  test('are renamed at once and removed after file.delete.delay.ms, indexes and producer snapshots, too', async () => {
    const { log, time, fileSystem } = await logWith({ retentionMs: DAY_MS, fileDeleteDelayMs: 5000 });
    for (let i = 0; i < 3; i++) {
      const records = batchOf([`${i}`], { producerId: 7, producerEpoch: 0, baseSequence: i });
      await append(log, records);
      log.roll();
    }
    time.advance(2 * DAY_MS);
    expect(log.deleteOldSegments(3)).toBe(3);
    const deleted = names(fileSystem).filter((name) => name.endsWith('.deleted'));
    expect(deleted).toContain('00000000000000000001.log.deleted');
    expect(deleted).toContain('00000000000000000001.index.deleted');
    expect(deleted).toContain('00000000000000000001.timeindex.deleted');
    expect(deleted).toContain('00000000000000000001.snapshot.deleted');
    expect(names(fileSystem).filter((name) => name.endsWith('.snapshot'))).toEqual(['00000000000000000003.snapshot']);
    time.advance(4999);
    expect(names(fileSystem).filter((name) => name.endsWith('.deleted'))).toEqual(deleted);
    time.advance(1);
    expect(names(fileSystem).filter((name) => name.endsWith('.deleted'))).toEqual([]);
    expect(time.scheduledCount).toBeLessThanOrEqual(1); // the checkpoint's
  });

  test('that a crash left behind are removed at the next start', async () => {
    const { log, time, fileSystem } = await logWith({ retentionMs: DAY_MS });
    await fill(log, ['a', 'b']);
    time.advance(1.5 * DAY_MS);
    expect(log.deleteOldSegments(2)).toBe(1);
    expect(names(fileSystem).some((name) => name.endsWith('.deleted'))).toBe(true);
    const crashed = fileSystem.crashClone('kill');
    const { log: reopened } = await openLog(crashed);
    expect(names(crashed).some((name) => name.endsWith('.deleted'))).toBe(false);
    expect(await readValues(reopened)).toEqual(['b']);
  });

  test('a crash at any point of a deletion leaves a log without holes that has every record that was kept', async () => {
    const fileSystem = new SimulatedDisk();
    fileSystem.makeDirectory('/data');
    fileSystem.syncDirectory('/');
    const time = new VirtualTime();
    const { log, directory } = await openLog(
      fileSystem,
      { retentionMs: 1.5 * DAY_MS, fileDeleteDelayMs: 10 },
      { time },
    );
    for (let i = 0; i < 4; i++) {
      if (i > 0) log.roll();
      const nowMs = NOW_MS + i * DAY_MS;
      await append(log, batchOf([`${i}`], { nowMs, producerId: 7, producerEpoch: 0, baseSequence: i }));
    }
    await log.flush();
    directory.checkpoint();
    time.advance(3 * DAY_MS);
    const points = await crashPoints(
      fileSystem,
      async () => {
        expect(log.deleteOldSegments(4)).toBe(2);
        await log.flush();
        time.advance(60_000);
      },
      () => null,
      CRASHES_IN_ORDER,
    );
    expect(points.length).toBeGreaterThan(20);
    for (const { before, crash, disk: crashed } of points) {
      const { log: reopened } = await openLog(crashed, {}, { time });
      const values = await readValues(reopened);
      const what = `${crash} before ${before}`;
      expect(['0,1,2,3', '1,2,3', '2,3'], what).toContain(values.join());
      expect(reopened.logEndOffset, what).toBe(4);
      const retry = batchOf(['3'], { producerId: 7, producerEpoch: 0, baseSequence: 3 });
      expect(reopened.appendAsLeader(retry, { leaderEpoch: 0, origin: 'client' }).kind, what).toBe('duplicate');
      expect(
        names(crashed).some((name) => name.endsWith('.deleted')),
        what,
      ).toBe(false);
    }
  });
});

describe('the look for old segments', () => {
  test('goes on by one timer for all logs, obeys changed configs, and leaves alone what nobody serves', async () => {
    const { log, directory, time } = await logWith({ retentionMs: -1 });
    await fill(log, ['a', 'b']);
    for (let partition = 1; partition < 250; partition++) {
      directory.createLog({ topic: 't', partition, topicId: 'hloYyovRSj-Y0Z7LtQuJ3A', config: defaultLogConfig });
    }
    time.advance(10 * DAY_MS);
    const idle = time.scheduledCount;
    let served = false;
    directory.startRetention({
      checkIntervalMs: 1000,
      initialDelayMs: 10,
      highWatermark: (asked) => (served ? asked.writtenEndOffset : null),
    });
    expect(time.scheduledCount).toBe(idle + 1);
    time.advance(10);
    expect(log.logStartOffset).toBe(0);
    log.updateConfig({ ...defaultLogConfig, retentionMs: 9.5 * DAY_MS });
    time.advance(1000);
    expect(log.logStartOffset).toBe(0);
    served = true;
    time.advance(1000);
    expect(log.logStartOffset).toBe(1);
    await directory.close({ brokerEpoch: 1 });
    expect(time.scheduledCount).toBe(0);
  });
});
