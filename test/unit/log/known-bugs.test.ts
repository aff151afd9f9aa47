/**
 * Bugs that other servers had in recovery, each as a test. The table in docs/durability.md says which is tested where; the last
 * test here compares it with the names of the tests.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { LogConfig } from '../../../src/log/log-config.ts';
import { CLEAN_SHUTDOWN_MARKER } from '../../../src/log/log-files.ts';
import type { PartitionLog } from '../../../src/log/partition-log.ts';
import { buildEndTransactionBatch } from '../../../src/wire/records/control-batch.ts';
import { cleanerSettings, lastValues, letClean, readCommitted, startCleaner } from '../../support/compaction.ts';
import { append, batchOf, NOW_MS, openLog, readAll, readValues, VirtualTime } from '../../support/logs.ts';
import { crashPoints, SimulatedDisk } from '../../support/simulated-disk.ts';

const COMPACTED: Partial<LogConfig> = { cleanupPolicy: { compact: true, delete: false }, minCleanableDirtyRatio: 0 };

function newDisk(): SimulatedDisk {
  const disk = new SimulatedDisk();
  disk.makeDirectory('/data');
  disk.syncDirectory('/');
  return disk;
}

async function endTransaction(log: PartitionLog, producerId: number, type: 'abort' | 'commit'): Promise<void> {
  const marker = buildEndTransactionBatch({ producerId, producerEpoch: 0, type, coordinatorEpoch: 0, nowMs: NOW_MS });
  const result = log.appendAsLeader(marker, { leaderEpoch: log.latestEpoch, origin: 'coordinator' });
  if (result.kind !== 'appended') throw new Error(`the marker was not appended: ${result.kind}`);
  await result.written;
}

const snapshots = (disk: SimulatedDisk) => disk.list('/data/t-0').filter((name) => name.endsWith('.snapshot'));

describe('recovery', () => {
  test('a directory whose log is being cut does not look cleanly stopped at any moment', async () => {
    const disk = newDisk();
    const first = await openLog(disk);
    for (const value of ['a', 'b', 'c']) await append(first.log, batchOf([value]));
    await first.directory.close({ brokerEpoch: 1 });
    const second = await openLog(disk);
    const points = await crashPoints(
      disk,
      () => second.log.truncateTo(1),
      () => null,
    );
    for (const { before, crash, disk: crashed } of points) {
      expect(crashed.exists(`/data/${CLEAN_SHUTDOWN_MARKER}`), `${crash} before ${before}`).toBe(false);
    }
  });

  test('finishing a swap keeps the snapshots of the producers, and their state', async () => {
    const disk = newDisk();
    const first = await openLog(disk);
    for (let sequence = 0; sequence < 3; sequence++) {
      await append(first.log, batchOf(['x'], { producerId: 5, producerEpoch: 0, baseSequence: sequence }));
      first.log.roll();
    }
    await first.directory.close({ brokerEpoch: 1 });
    const before = snapshots(disk);
    disk.writeFile('/data/t-0/00000000000000000000.log.swap', disk.readFile('/data/t-0/00000000000000000000.log'));
    const { log } = await openLog(disk);
    expect(snapshots(disk)).toEqual(before);
    const retry = batchOf(['x'], { producerId: 5, producerEpoch: 0, baseSequence: 2 });
    expect(log.appendAsLeader(retry, { leaderEpoch: 0, origin: 'client' })).toMatchObject({ kind: 'duplicate' });
  });

  test('one bad index costs no snapshot of the producers', async () => {
    const disk = newDisk();
    const first = await openLog(disk, { indexIntervalBytes: 50 });
    for (let sequence = 0; sequence < 4; sequence++) {
      await append(first.log, batchOf(['x'], { producerId: 5, producerEpoch: 0, baseSequence: sequence }));
      if (sequence % 2 === 1) first.log.roll();
    }
    await first.directory.close({ brokerEpoch: 1 });
    const before = snapshots(disk);
    expect(before.length).toBeGreaterThan(1);
    disk.writeFile('/data/t-0/00000000000000000000.index', Buffer.alloc(13, 7));
    const { log } = await openLog(disk, { indexIntervalBytes: 50 });
    expect(await readValues(log, 1)).toHaveLength(3);
    expect(snapshots(disk)).toEqual(before);
  });

  test('after a failed write the next start cuts the torn tail and goes on', async () => {
    const disk = newDisk();
    const { log, directory } = await openLog(disk);
    await append(log, batchOf(['kept']));
    disk.fault = ({ kind }) => (kind === 'write' ? 'EIO' : null);
    await expect(append(log, batchOf(['torn']))).rejects.toThrow(/EIO/);
    const torn = disk.stat('/data/t-0/00000000000000000000.log').size;
    directory.abandon();
    disk.fault = null;
    const again = await openLog(disk);
    expect(disk.stat('/data/t-0/00000000000000000000.log').size).toBeLessThan(torn);
    expect(await append(again.log, batchOf(['next']))).toBe(1);
    expect(await readValues(again.log)).toEqual(['kept', 'next']);
  });

  test('fifty restarts, clean and not, leave every checksum and every offset as they were', async () => {
    let disk = newDisk();
    const written: string[] = [];
    for (let round = 0; round < 50; round++) {
      const { log, directory } = await openLog(disk, { indexIntervalBytes: 100 });
      // Reading checks nothing, so what was written is compared byte by byte.
      expect(await readValues(log)).toEqual(written);
      const values = [`${round}`, `${round}b`];
      await append(log, batchOf(values, { producerId: 3, producerEpoch: 0, baseSequence: round * 2 }));
      written.push(...values);
      if (round % 5 === 4) log.roll();
      if (round % 2 === 0) await directory.close({ brokerEpoch: round });
      else {
        disk = disk.crashClone('kill');
        // The next start walks and checks every batch there is.
        if (round % 10 === 1) disk.remove('/data/recovery-point-offset-checkpoint');
      }
    }
    const { log } = await openLog(disk);
    expect(log.logEndOffset).toBe(written.length);
  });
});

describe('compaction', () => {
  test('keys that transactions commit and abort in turn end with the last committed value', async () => {
    const disk = newDisk();
    const time = new VirtualTime();
    const { log, directory } = await openLog(disk, { ...COMPACTED, deleteRetentionMs: 0 }, { time });
    startCleaner(directory, disk, time, { settings: () => ({ ...cleanerSettings, dedupeBufferSize: 24 * 6 }) });
    let sequence = 0;
    for (let round = 0; round < 12; round++) {
      const records = ['group-a', 'group-b'].map((key) => ({ key: Buffer.from(key), value: Buffer.from(`${round}`) }));
      const producer = { producerId: 4, producerEpoch: 0, baseSequence: sequence, transactional: true };
      await append(log, batchOf([], { records, ...producer }));
      sequence += 2;
      if (round % 3 === 0) log.roll();
      await endTransaction(log, 4, round % 2 === 0 ? 'commit' : 'abort');
      if (round % 4 === 0) log.roll();
      await letClean(time);
      time.advance(1000);
      const committed = lastValues(await readCommitted(log, log.writtenEndOffset));
      const last = String(round - (round % 2));
      expect(committed, `round ${round}`).toEqual({ 'group-a': last, 'group-b': last });
      const reopened = (await openLog(disk.crashClone('kill'), COMPACTED)).log;
      expect(lastValues(await readCommitted(reopened, reopened.logEndOffset)), `round ${round}`).toEqual(committed);
    }
  });
});

describe('transactions', () => {
  test('aborted transactions are listed by their first offsets, whichever ended first', async () => {
    const disk = newDisk();
    const { log } = await openLog(disk);
    for (const producerId of [1, 2, 3]) {
      await append(log, batchOf(['x'], { producerId, producerEpoch: 0, baseSequence: 0, transactional: true }));
    }
    for (const producerId of [3, 1, 2]) await endTransaction(log, producerId, 'abort');
    const firstOffsets = (from: PartitionLog) => from.abortedTransactions(0, 6).map(({ firstOffset }) => firstOffset);
    expect(firstOffsets(log)).toEqual([0, 1, 2]);
    expect(firstOffsets((await openLog(disk.crashClone('kill'))).log)).toEqual([0, 1, 2]);
  });

  test('around an abort a read_committed reader is shown neither its records nor what is not decided', async () => {
    const { log } = await openLog(newDisk());
    const shown = async () => (await readCommitted(log, log.logEndOffset)).map(({ value }) => String(value));
    const transactional = (producerId: number, value: string, baseSequence: number) =>
      batchOf([value], { producerId, producerEpoch: 0, baseSequence, transactional: true });
    await append(log, batchOf(['before']));
    await append(log, transactional(1, 'aborted', 0));
    await append(log, transactional(2, 'committed', 0));
    expect(await shown()).toEqual(['before']);
    await endTransaction(log, 1, 'abort');
    expect(await shown()).toEqual(['before']);
    await endTransaction(log, 2, 'commit');
    expect(await shown()).toEqual(['before', 'committed']);
    await append(log, transactional(1, 'again', 1));
    expect(await shown()).toEqual(['before', 'committed']);
    await endTransaction(log, 1, 'commit');
    expect(await shown()).toEqual(['before', 'committed', 'again']);
  });
});

describe('two replicas', () => {
  test('agree after fast fail-overs once the follower has cut where its epochs ended (KIP-279)', async () => {
    const left = (await openLog(newDisk())).log;
    const right = (await openLog(newDisk())).log;
    const copy = async (from: PartitionLog, to: PartitionLog) => {
      // As a follower does: ask for the end of the own last epoch, cut, ask again while the leader does not know the epoch.
      for (;;) {
        const epoch = to.latestEpoch;
        const end = epoch < 0 ? null : from.endOffsetForEpoch(epoch);
        if (end === null) break;
        if (end.leaderEpoch === epoch) {
          await to.truncateTo(Math.min(end.endOffset, to.logEndOffset));
          break;
        }
        const own = to.endOffsetForEpoch(end.leaderEpoch);
        await to.truncateTo(Math.min(end.endOffset, own?.endOffset ?? end.endOffset));
        if (to.latestEpoch === epoch) break;
      }
      const read = await from.read(to.logEndOffset, 1_000_000, { minOneBatch: true, endOffset: from.logEndOffset });
      if (read.kind !== 'records') throw new Error(read.error);
      const result = to.appendAsFollower(Buffer.from(read.records), from.latestEpoch);
      if (result.kind !== 'appended') throw new Error(result.kind);
      await result.written;
    };
    await append(left, batchOf(['both']), 0);
    await copy(left, right);
    // The left one goes on alone, then the right one leads twice in a row and writes at the same offsets.
    await append(left, batchOf(['lost 1', 'lost 2']), 0);
    await append(right, batchOf(['kept 1']), 1);
    await append(right, batchOf(['kept 2']), 2);
    await append(left, batchOf(['lost 3']), 0);
    await copy(right, left);
    expect(await readValues(left)).toEqual(['both', 'kept 1', 'kept 2']);
    expect((await readAll(left)).map(({ leaderEpoch }) => leaderEpoch)).toEqual([0, 1, 2]);
    expect(left.logEndOffset).toBe(right.logEndOffset);
  });
});

describe('an append', () => {
  test('without a key is refused on a compacted topic, one above max.message.bytes on any', async () => {
    const { log } = await openLog(newDisk(), { ...COMPACTED, maxMessageBytes: 200 });
    const send = (value: string, key: Buffer | null) =>
      log.appendAsLeader(batchOf([], { records: [{ key, value: Buffer.from(value) }] }), {
        leaderEpoch: 0,
        origin: 'client',
      });
    expect(send('x', null)).toMatchObject({ kind: 'failed', error: 'INVALID_RECORD' });
    expect(send('x'.repeat(300), Buffer.from('k'))).toMatchObject({ kind: 'failed', error: 'MESSAGE_TOO_LARGE' });
    expect(send('x', Buffer.from('k'))).toMatchObject({ kind: 'appended', firstOffset: 0 });
  });
});

test('the table in docs/durability.md names tests that exist', () => {
  const root = join(import.meta.dirname, '../../..');
  const page = readFileSync(join(root, 'docs/durability.md'), 'utf8');
  const rows = [...page.matchAll(/^\| (.+?) \| `(test\/[^`]+\.test\.ts)` \| (.+?) \|$/gm)];
  expect(rows.length).toBeGreaterThan(20);
  const missing = rows.filter(([, , file, names]) =>
    names!.split('; ').some((name) => !readFileSync(join(root, file!), 'utf8').includes(name.replaceAll('’', "'"))),
  );
  expect(missing.map(([row]) => row)).toEqual([]);
});
