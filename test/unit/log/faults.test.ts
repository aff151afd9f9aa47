/**
 * Every operation on the disk fails once, in every phase of a log's life: the directory goes offline or the call is refused, the
 * process stays alive, and the next start, on a disk that works again, finds every record that was acknowledged. And random
 * faults and crashes one after the other, from a seed.
 */
import { describe, expect, test } from 'vitest';
import type { LogConfig } from '../../../src/log/log-config.ts';
import type { LogDirectory } from '../../../src/log/log-directory.ts';
import { letClean, startCleaner } from '../../support/compaction.ts';
import { LogHistory } from '../../support/log-history.ts';
import { append, batchOf, openLog, readAll, readValues, VirtualTime } from '../../support/logs.ts';
import { type DiskFault, type DiskOperation, SimulatedDisk } from '../../support/simulated-disk.ts';

const CONFIG: Partial<LogConfig> = { indexIntervalBytes: 100, fileDeleteDelayMs: 1000, flushMessages: 4 };
const CODES: readonly DiskFault[] = ['ENOSPC', 'EIO', 'EMFILE'];

function newDisk(seed = 1): SimulatedDisk {
  const disk = new SimulatedDisk({ seed });
  disk.makeDirectory('/data');
  disk.syncDirectory('/');
  return disk;
}

/** Fails the operation of this number, and all later ones of its kind: a disk that is full or broken stays so. */
function failingFrom(
  number: number,
  code: DiskFault,
): { fault: (operation: DiskOperation) => DiskFault | null } & { hits: number } {
  let count = 0;
  let kind: DiskOperation['kind'] | null = null;
  const counter = {
    hits: 0,
    fault: (operation: DiskOperation) => {
      if (count++ === number) kind = operation.kind;
      if (kind === null || operation.kind !== kind) return null;
      counter.hits++;
      return code;
    },
  };
  return counter;
}

/** On a full disk nothing fails, it waits: here for room that never comes, since time stands still. */
async function unlessHeld(work: Promise<void>): Promise<void> {
  let isOver = false;
  const turns = async (): Promise<void> => {
    for (let turn = 0; turn < 100 && !isOver; turn++) await new Promise((resolve) => setImmediate(resolve));
    if (!isOver) throw new Error('it waits for the disk');
  };
  await Promise.race([work, turns()]).finally(() => {
    isOver = true;
  });
}

/** A life of a log in which every kind of operation happens; ends where the disk ends it. */
async function live(disk: SimulatedDisk, history: LogHistory, time: VirtualTime): Promise<void> {
  const { log, directory } = await openLog(disk, CONFIG, { time, tailCacheBytesMaxPerLog: 0, openFilesMax: 1 });
  const lived = async () => {
    await history.fill(log);
    await readAll(log, 0);
    log.advanceLogStartOffset(2);
    await log.flush();
    directory.checkpoint();
    log.deleteSegmentsBefore(5);
    time.advance(5000);
    await directory.close({ brokerEpoch: 1 });
  };
  try {
    await unlessHeld(lived());
  } finally {
    directory.abandon();
  }
}

describe('a disk that begins to fail', () => {
  test.each(CODES)('with %s at any operation costs no acknowledged record', { timeout: 120_000 }, async (code) => {
    for (let number = 0; ; number++) {
      const disk = newDisk();
      const history = new LogHistory();
      const counter = failingFrom(number, code);
      disk.fault = counter.fault;
      const ended = await live(disk, history, new VirtualTime()).then(
        () => 'well',
        (error: unknown) => String(error),
      );
      if (counter.hits === 0) {
        expect(ended).toBe('well');
        expect(number).toBeGreaterThan(100);
        return;
      }
      const what = `operation ${number}, ${ended}`;
      const again = disk.crashClone('kill');
      const { log, directory } = await openLog(again, CONFIG).catch((error: unknown) => {
        throw new Error(`${what}: the directory does not open`, { cause: error });
      });
      const bounds = { start: [0, 2, 5], endMin: history.acknowledgedEndOffset, endMax: history.endOffset };
      await history.check(log, bounds, what);
      expect(await append(log, batchOf(['on']), 2), what).toBe(
        Math.max(history.acknowledgedEndOffset, log.logEndOffset - 1),
      );
      await directory.close({ brokerEpoch: 1 });
    }
  });

  test('takes the directory offline once, and every later call is answered', async () => {
    const disk = newDisk();
    const failures: Error[] = [];
    const { log, directory } = await openLog(disk, CONFIG, { onOffline: (error) => failures.push(error) });
    await append(log, batchOf(['a']));
    disk.fault = ({ kind }) => (kind === 'write' ? 'EIO' : null);
    await expect(append(log, batchOf(['b']))).rejects.toThrow(/EIO/);
    disk.fault = () => 'EIO';
    expect(directory.offline).toBe(true);
    expect(log.appendAsLeader(batchOf(['c']), { leaderEpoch: 0, origin: 'client' })).toMatchObject({
      error: 'KAFKA_STORAGE_ERROR',
    });
    expect(log.read(0, 100, { minOneBatch: true, endOffset: 1 })).toMatchObject({ error: 'KAFKA_STORAGE_ERROR' });
    await expect(log.flush()).rejects.toThrow();
    await directory.close({ brokerEpoch: 1 });
    expect(failures).toHaveLength(1);
    expect(await readValues((await openLog(disk.crashClone('kill'), CONFIG)).log)).toEqual(['a']);
  });

  test.each(CODES)(
    'with %s at any operation of a compaction leaves every key its last value',
    { timeout: 120_000 },
    async (code) => {
      const config: Partial<LogConfig> = {
        ...CONFIG,
        cleanupPolicy: { compact: true, delete: false },
        minCleanableDirtyRatio: 0,
      };
      const keyed = (pairs: string) =>
        batchOf([], {
          records: pairs.split(' ').map((pair) => ({ key: Buffer.from(pair[0]!), value: Buffer.from(pair.slice(2)) })),
        });
      for (let number = 0; ; number++) {
        const disk = newDisk();
        const time = new VirtualTime();
        const { log, directory } = await openLog(disk, config, { time });
        startCleaner(directory, disk, time);
        for (const pairs of ['a=1 b=1', 'c=1 a=2', 'b=2 d=1']) {
          await append(log, keyed(pairs));
          log.roll();
        }
        await log.flush();
        const counter = failingFrom(number, code);
        disk.fault = counter.fault;
        await letClean(time);
        time.advance(60_000);
        for (let i = 0; i < 20; i++) await null;
        directory.abandon();
        disk.fault = null;
        const opened = await openLog(disk, config);
        const last = Object.fromEntries(
          (await readAll(opened.log)).map(({ key, value }) => [String(key), String(value)]),
        );
        expect(last, `operation ${number}`).toEqual({ a: '2', b: '2', c: '1', d: '1' });
        expect(opened.log.logEndOffset).toBe(6);
        opened.directory.abandon();
        if (counter.hits === 0) break;
      }
    },
  );
});

test('random faults and crashes, one after the other, from a seed', { timeout: 120_000 }, async () => {
  const seeds = Number(process.env['FAULT_SEEDS'] ?? 150);
  for (let seed = 1; seed <= seeds; seed++) {
    let disk = newDisk(seed);
    let state = seed * 2_654_435_761;
    const nextInt = (bound: number) => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
      return (state >> 8) % bound;
    };
    const history = new LogHistory();
    for (let life = 0; life < 6; life++) {
      const time = new VirtualTime();
      const what = `seed ${seed}, life ${life}`;
      const failAfter = 20 + nextInt(150);
      let directory: LogDirectory | null = null;
      let flushed = 0;
      const counter = failingFrom(failAfter, CODES[nextInt(3)]!);
      disk.fault = counter.fault;
      try {
        const opened = await openLog(disk, CONFIG, { time });
        directory = opened.directory;
        const { log } = opened;
        for (let step = 0; step < 12; step++) {
          await unlessHeld(history.append(log, 1 + nextInt(3), nextInt(2) === 0 ? {} : { producerId: 7 }));
          if (nextInt(4) === 0) log.roll();
          if (nextInt(5) === 0) await unlessHeld(log.flush());
          flushed = log.flushedEndOffset;
        }
      } catch {
        // The disk said no; what was acknowledged must be there all the same.
      }
      directory?.abandon();
      const kill = nextInt(2) === 0;
      disk = disk.crashClone(kill ? 'kill' : 'power-loss', {
        unsynced: nextInt(2) === 0 ? 'none' : 'some',
        seed: life,
      });
      const found = await openLog(disk, CONFIG).catch((error: unknown) => {
        throw new Error(`${what}: the directory does not open`, { cause: error });
      });
      const endMin = kill ? history.acknowledgedEndOffset : flushed;
      await history.check(found.log, { start: [0], endMin, endMax: history.endOffset }, what);
      history.truncate(found.log.logEndOffset);
      await found.directory.close({ brokerEpoch: 1 });
    }
  }
});
