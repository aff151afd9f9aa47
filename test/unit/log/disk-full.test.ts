// A disk without room, and a process without file handles: appends are refused, reads go on, and when it is over everything does.
import { describe, expect, test } from 'vitest';
import type { LogConfig } from '../../../src/log/log-config.ts';
import type { PartitionLog } from '../../../src/log/partition-log.ts';
import { append, batchOf, openLog, readValues, VirtualTime } from '../../support/logs.ts';
import { type DiskFault, type DiskOperation, SimulatedDisk } from '../../support/simulated-disk.ts';

function newDisk(): SimulatedDisk {
  const disk = new SimulatedDisk();
  disk.makeDirectory('/data');
  disk.syncDirectory('/');
  return disk;
}

const client = { leaderEpoch: 0, origin: 'client' } as const;
const refused = { kind: 'failed', error: 'KAFKA_STORAGE_ERROR' };
const onWrites = (code: DiskFault) => (operation: DiskOperation) => (operation.kind === 'write' ? code : null);

async function open(disk: SimulatedDisk, config: Partial<LogConfig> = {}) {
  const time = new VirtualTime();
  const held: PartitionLog[] = [];
  const offline: Error[] = [];
  const options = {
    time,
    onWritesHeld: (log: PartitionLog) => held.push(log),
    onOffline: (error: Error) => offline.push(error),
  };
  return { ...(await openLog(disk, config, options)), time, held, offline };
}

describe('a full disk', () => {
  test('holds what was appended, refuses more, serves reads, and goes on by itself when there is room', async () => {
    const disk = newDisk();
    const { log, directory, time, held, offline } = await open(disk);
    await append(log, batchOf(['before']));
    disk.fault = onWrites('ENOSPC');
    const waiting = log.appendAsLeader(batchOf(['waits']), client);
    expect(waiting).toMatchObject({ kind: 'appended', firstOffset: 1 });
    await Promise.resolve();
    expect(held).toEqual([log]);
    expect(log.appendAsLeader(batchOf(['refused']), client)).toMatchObject({
      ...refused,
      message: expect.stringContaining('ENOSPC'),
    });
    expect(log.writtenEndOffset).toBe(1);
    const read = await log.read(0, 1000, { minOneBatch: true, endOffset: 1 });
    expect(read).toMatchObject({ kind: 'records', nextOffset: 1 });
    for (let i = 0; i < 5; i++) time.advance(500);
    expect(held).toHaveLength(1);
    disk.fault = null;
    time.advance(500);
    if (waiting.kind === 'appended') await waiting.written;
    expect(await append(log, batchOf(['after']))).toBe(2);
    expect(await readValues(log)).toEqual(['before', 'waits', 'after']);
    expect([directory.offline, offline.length]).toEqual([false, 0]);
    await directory.close({ brokerEpoch: 1 });
    expect(await readValues((await openLog(disk)).log)).toEqual(['before', 'waits', 'after']);
  });

  test('tells a producer that repeats its batch to try again, and then that it is there', async () => {
    const disk = newDisk();
    const { log, time } = await open(disk);
    await append(log, batchOf(['first']));
    const batch = () => batchOf(['once'], { producerId: 7, producerEpoch: 0, baseSequence: 0 });
    disk.fault = onWrites('ENOSPC');
    log.appendAsLeader(batch(), client);
    await Promise.resolve();
    expect(log.appendAsLeader(batch(), client)).toMatchObject(refused);
    disk.fault = null;
    time.advance(500);
    expect(log.appendAsLeader(batch(), client)).toMatchObject({ kind: 'duplicate', firstOffset: 1 });
    expect(await readValues(log)).toEqual(['first', 'once']);
  });

  test('that is killed leaves what was acknowledged, and no torn batch', async () => {
    const disk = newDisk();
    const { log } = await open(disk);
    await append(log, batchOf(['kept']));
    disk.fault = onWrites('ENOSPC');
    log.appendAsLeader(batchOf(['torn'.repeat(100)]), client);
    await Promise.resolve();
    const again = await openLog(disk.crashClone('kill'));
    expect(await readValues(again.log)).toEqual(['kept']);
    expect(await append(again.log, batchOf(['next']))).toBe(1);
  });

  test('that is still full at the stop is no clean stop', async () => {
    const disk = newDisk();
    const { log, directory } = await open(disk);
    await append(log, batchOf(['kept']));
    disk.fault = onWrites('ENOSPC');
    log.appendAsLeader(batchOf(['lost']), client);
    await Promise.resolve();
    await directory.close({ brokerEpoch: 1 });
    expect(disk.exists('/data/.kafka_cleanshutdown')).toBe(false);
    disk.fault = null;
    expect(await readValues((await openLog(disk)).log)).toEqual(['kept']);
  });

  test('lets old segments go, which is how room comes back', async () => {
    const disk = newDisk();
    const { log, time } = await open(disk, { segmentBytes: 200, retentionBytes: 200 });
    for (let i = 0; i < 6; i++) await append(log, batchOf([`${i}`.repeat(60)]));
    disk.fault = ({ kind }) => (kind === 'write' || kind === 'create' ? 'ENOSPC' : null);
    expect(log.appendAsLeader(batchOf(['x'.repeat(60)]), client)).toMatchObject(refused);
    expect(log.deleteOldSegments(6)).toBeGreaterThan(0);
    disk.fault = null;
    time.advance(500);
    expect(await append(log, batchOf(['x'.repeat(60)]))).toBe(6);
  });

  test('delays checkpoints, and no more', async () => {
    const disk = newDisk();
    const { log, directory, time } = await open(disk);
    await append(log, batchOf(['a']));
    await log.flush();
    disk.fault = (operation) => (operation.path.includes('checkpoint') ? 'ENOSPC' : null);
    directory.checkpoint();
    directory.checkpointHighWatermarks(new Map([['t-0', 1]]));
    expect(directory.offline).toBe(false);
    disk.fault = null;
    time.advance(60_000);
    expect(String(disk.readFile('/data/recovery-point-offset-checkpoint'))).toContain('t 0 1');
  });

  test('leaves no half-made log', async () => {
    const disk = newDisk();
    const { log, directory } = await open(disk);
    const wanted = { topic: 'new', partition: 0, topicId: log.topicId, config: log.config };
    disk.fault = (operation) => (operation.kind === 'write' ? 'ENOSPC' : null);
    expect(() => directory.createLog(wanted)).toThrow(/ENOSPC/);
    expect([directory.offline, disk.exists('/data/new-0')]).toEqual([false, false]);
    disk.fault = null;
    expect(await append(directory.createLog(wanted), batchOf(['a']))).toBe(0);
  });
});

describe('a roll, an epoch, a write', () => {
  const CONFIG = { segmentBytes: 300, indexIntervalBytes: 1 };

  test.each<DiskFault>(['ENOSPC', 'EMFILE'])(
    'that fails with %s at any operation is done again later',
    async (code) => {
      for (let number = 0; ; number++) {
        const disk = newDisk();
        const { log, directory, time, offline } = await open(disk, CONFIG);
        const expected: string[] = [];
        for (const [value, leaderEpoch] of [
          ['a'.repeat(100), 1],
          ['b'.repeat(100), 1],
        ] as const) {
          await append(log, batchOf([value]), leaderEpoch);
          expected.push(value);
        }
        let count = 0;
        let hits = 0;
        disk.fault = ({ kind }) => {
          // A failed sync is no shortage: what it lost nobody knows.
          if (kind === 'sync' || kind === 'sync-directory' || count++ !== number) return null;
          hits++;
          return code;
        };
        // The third one rolls the segment and begins an epoch.
        for (let tries = 0; expected.length < 4; tries++) {
          const value = String(expected.length).repeat(100);
          const appended = log.appendAsLeader(batchOf([value]), { leaderEpoch: 2, origin: 'client' });
          for (let i = 0; i < 10; i++) await Promise.resolve();
          time.advance(500);
          if (appended.kind !== 'appended') {
            expect(tries).toBeLessThan(5);
            continue;
          }
          await appended.written;
          expected.push(value);
        }
        const what = `operation ${number}`;
        expect(offline, what).toEqual([]);
        expect(await readValues(log), what).toEqual(expected);
        disk.fault = null;
        const killed = await openLog(disk.crashClone('kill'), CONFIG);
        expect(await readValues(killed.log), what).toEqual(expected);
        expect(killed.log.latestEpoch, what).toBe(2);
        await directory.close({ brokerEpoch: 1 });
        expect(await readValues((await openLog(disk, CONFIG)).log), what).toEqual(expected);
        if (hits === 0) {
          expect(number).toBeGreaterThan(5);
          return;
        }
      }
    },
  );
});

describe('file handles that run out', () => {
  test('make idle ones be given up', async () => {
    const disk = newDisk();
    let handles = 0;
    const { directory, log } = await open(disk);
    await append(log, batchOf(['a']));
    const other = directory.createLog({ topic: 'other', partition: 0, topicId: log.topicId, config: log.config });
    disk.fault = ({ kind, path }) => (kind === 'open' && path.includes('other') && handles++ === 0 ? 'EMFILE' : null);
    expect(await append(other, batchOf(['b']))).toBe(0);
    expect(handles).toBeGreaterThan(0);
  });

  test('fail a read, and not the directory', async () => {
    const disk = newDisk();
    const time = new VirtualTime();
    const { log, directory } = await openLog(disk, {}, { time, tailCacheBytesMaxPerLog: 0, openFilesMax: 0 });
    await append(log, batchOf(['a']));
    await append(
      directory.createLog({ topic: 'other', partition: 0, topicId: log.topicId, config: log.config }),
      batchOf(['b']),
    );
    disk.fault = ({ kind }) => (kind === 'open' ? 'EMFILE' : null);
    expect(await log.read(0, 100, { minOneBatch: true, endOffset: 1 })).toMatchObject({ error: 'KAFKA_STORAGE_ERROR' });
    disk.fault = null;
    expect(directory.offline).toBe(false);
    expect(await readValues(log)).toEqual(['a']);
  });
});
