import { describe, expect, test } from 'vitest';
import { readOffsetCheckpoint } from '../../../src/log/checkpoint-file.ts';
import { groupSegments } from '../../../src/log/compaction.ts';
import { KeyOffsetMap } from '../../../src/log/key-offset-map.ts';
import type { LogConfig } from '../../../src/log/log-config.ts';
import type { PartitionLog } from '../../../src/log/partition-log.ts';
import { buildEndTransactionBatch } from '../../../src/wire/records/control-batch.ts';
import * as header from '../../../src/wire/records/record-batch.ts';
import type { BatchOptions } from '../../../src/wire/records/records.ts';
import { cleanerSettings, lastValues, letClean, readCommitted, startCleaner } from '../../support/compaction.ts';
import { append, batchOf, NOW_MS, openLog, readAll, readBatches, VirtualTime } from '../../support/logs.ts';
import { SimulatedDisk } from '../../support/simulated-disk.ts';

const COMPACTED: Partial<LogConfig> = {
  cleanupPolicy: { compact: true, delete: false },
  minCleanableDirtyRatio: 0,
  deleteRetentionMs: 10_000,
};

async function compactedLog(config: Partial<LogConfig> = {}, fileSystem = new SimulatedDisk()) {
  const time = new VirtualTime();
  const { log, directory } = await openLog(fileSystem, { ...COMPACTED, ...config }, { time });
  startCleaner(directory, fileSystem, time);
  return { log, directory, time, fileSystem };
}

/** `k=v`, or `k` for a tombstone. */
function keyed(pairs: string, options: Partial<BatchOptions> = {}): Buffer {
  return batchOf([], {
    ...options,
    records: pairs.split(' ').map((pair) => {
      const [key, value] = pair.split('=');
      return { key: Buffer.from(key!), value: value === undefined ? null : Buffer.from(value) };
    }),
  });
}

function transactional(pairs: string, producerId: number, baseSequence: number): Buffer {
  return keyed(pairs, { producerId, producerEpoch: 0, baseSequence, transactional: true });
}

async function endTransaction(log: PartitionLog, producerId: number, type: 'abort' | 'commit'): Promise<void> {
  const marker = buildEndTransactionBatch({ producerId, producerEpoch: 0, type, coordinatorEpoch: 0, nowMs: NOW_MS });
  const result = log.appendAsLeader(marker, { leaderEpoch: 0, origin: 'coordinator' });
  if (result.kind === 'failed') throw new Error(`${result.error}: ${result.message}`);
  await result.written;
}

const shown = async (log: PartitionLog) =>
  (await readAll(log)).map(({ offset, key, value, control }) =>
    control ? `${offset}:marker` : `${offset}:${key}${value === null ? '' : `=${value}`}`,
  );

describe('compaction', () => {
  test('keeps the last record of each key at its offset, and never touches the active segment', async () => {
    const { log, time } = await compactedLog();
    await append(log, keyed('a=1 b=1 a=2'));
    await append(log, keyed('c=1 a=3'));
    log.roll();
    await append(log, keyed('a=4 a=5'));
    await letClean(time);
    expect(await shown(log)).toEqual(['1:b=1', '3:c=1', '4:a=3', '5:a=4', '6:a=5']);
    expect([log.logStartOffset, log.logEndOffset]).toEqual([0, 7]);
    expect((await readBatches(log)).map((bytes) => [header.baseOffset(bytes, 0), header.lastOffset(bytes, 0)])).toEqual(
      [
        [0, 2],
        [3, 4],
        [5, 6],
      ],
    );
  });

  test('is remembered in cleaner-offset-checkpoint, and what is clean is cleaned again only with what is dirty', async () => {
    const { log, time, fileSystem } = await compactedLog();
    await append(log, keyed('a=1 b=1'));
    log.roll();
    await letClean(time);
    expect(readOffsetCheckpoint(fileSystem, '/data/cleaner-offset-checkpoint').get('t-0')).toBe(2);
    await append(log, keyed('a=2'));
    log.roll();
    await letClean(time);
    expect(await shown(log)).toEqual(['1:b=1', '2:a=2']);
    expect(log.segmentCount).toBe(2);
    expect(readOffsetCheckpoint(fileSystem, '/data/cleaner-offset-checkpoint').get('t-0')).toBe(3);
  });

  test('waits until the dirty part is large enough, or a record is older than max.compaction.lag.ms', async () => {
    const { log, time } = await compactedLog({ minCleanableDirtyRatio: 0.6 });
    await append(log, keyed('a=1 b=1'));
    log.roll();
    await letClean(time);
    await append(log, keyed('a=2 b=2'));
    log.roll();
    await letClean(time);
    expect(log.segmentCount).toBe(3);
    log.updateConfig({ ...log.config, maxCompactionLagMs: 100_000 });
    await letClean(time);
    expect(log.segmentCount).toBe(3);
    time.advance(100_000);
    await letClean(time);
    expect(await shown(log)).toEqual(['2:a=2', '3:b=2']);
  });

  test('leaves alone what is younger than min.compaction.lag.ms, and what is above the high watermark', async () => {
    const { log, time } = await compactedLog({ minCompactionLagMs: 60_000 });
    for (const [index, pair] of ['a=1', 'a=2', 'a=3'].entries()) {
      await append(log, keyed(pair, { nowMs: NOW_MS + index * 60_000 }));
      log.roll();
    }
    time.advance(70_000 - 1000);
    await letClean(time);
    // The first segment and the second are old enough, the third is not.
    expect(await shown(log)).toEqual(['0:a=1', '1:a=2', '2:a=3']);
    time.advance(60_000);
    await letClean(time);
    expect(await shown(log)).toEqual(['1:a=2', '2:a=3']);
  });

  test('removes a tombstone in the second cleaning, and only after delete.retention.ms', async () => {
    const { log, time } = await compactedLog();
    await append(log, keyed('a=1 b=1'));
    await append(log, keyed('a'));
    log.roll();
    await letClean(time);
    expect(await shown(log)).toEqual(['1:b=1', '2:a']);
    const horizons = (await readBatches(log)).map((bytes) => header.deleteHorizonMs(bytes, 0));
    expect(horizons).toEqual([null, time.nowMs() + 10_000]);
    expect((await readAll(log))[1]!.timestamp).toBe(NOW_MS);
    await append(log, keyed('c=1'));
    log.roll();
    time.advance(5000);
    await letClean(time);
    expect(await shown(log)).toEqual(['1:b=1', '2:a', '3:c=1']);
    time.advance(5000);
    await append(log, keyed('c=2'));
    log.roll();
    await letClean(time);
    expect(await shown(log)).toEqual(['1:b=1', '4:c=2']);
  });

  test('keeps the last batch of a producer, without its records: a retry is still known', async () => {
    const { log, time, fileSystem } = await compactedLog();
    const batchOfProducer = () => keyed('a=1', { producerId: 5, producerEpoch: 2, baseSequence: 0 });
    await append(log, batchOfProducer());
    await append(log, keyed('a=2'));
    log.roll();
    await letClean(time);
    expect((await readBatches(log)).map((bytes) => header.recordCount(bytes, 0))).toEqual([0, 1]);
    const crashed = fileSystem.crashClone('kill');
    for (const name of crashed.list('/data/t-0')) if (name.endsWith('.snapshot')) crashed.remove(`/data/t-0/${name}`);
    const { log: reopened } = await openLog(crashed, COMPACTED);
    const retry = reopened.appendAsLeader(batchOfProducer(), { leaderEpoch: 0, origin: 'client' });
    expect(retry).toMatchObject({ kind: 'duplicate', firstOffset: 0 });
  });

  test('keeps compression, timestamps, headers and epochs of what it rebuilds', async () => {
    for (const compressionType of ['gzip', 'snappy', 'lz4', 'zstd'] as const) {
      const { log, time } = await compactedLog();
      const records = ['a', 'b', 'a'].map((key, index) => ({
        key: Buffer.from(key),
        value: Buffer.from(`${index}`.repeat(50)),
        timestamp: NOW_MS + index * 7,
        headers: [{ key: 'h', value: Buffer.from([index]) }],
      }));
      await append(log, batchOf([], { records, compressionType }), 3);
      const before = await readAll(log);
      log.roll();
      await letClean(time);
      expect(await readAll(log)).toEqual(before.slice(1));
      const [bytes] = await readBatches(log);
      expect(header.compressionType(header.attributes(bytes!, 0))).toBe(compressionType);
      expect(header.computeCrc(bytes!, 0)).toBe(header.crc(bytes!, 0));
      expect(await log.offsetForTimestamp(NOW_MS + 14)).toMatchObject({ offset: 2, timestampMs: NOW_MS + 14 });
    }
  });

  test('goes on where the map of keys was full', async () => {
    const fileSystem = new SimulatedDisk();
    const time = new VirtualTime();
    const { log, directory } = await openLog(fileSystem, COMPACTED, { time });
    // 20 slots: 18 keys.
    startCleaner(directory, fileSystem, time, { settings: () => ({ ...cleanerSettings, dedupeBufferSize: 20 * 24 }) });
    const keys = Array.from({ length: 50 }, (_, i) => `k${i}`);
    for (const round of [1, 2, 3]) {
      for (const key of keys) await append(log, keyed(`${key}=${round}`));
      log.roll();
    }
    await letClean(time);
    expect(await shown(log)).toEqual(keys.map((key, i) => `${100 + i}:${key}=3`));
    expect(readOffsetCheckpoint(fileSystem, '/data/cleaner-offset-checkpoint').get('t-0')).toBe(150);
  });

  test('of a log that cannot be read ends it for this log; others go on', async () => {
    const { log, directory, time, fileSystem } = await compactedLog();
    const other = directory.createLog({
      topic: 't',
      partition: 1,
      topicId: log.topicId,
      config: log.config,
    });
    for (const each of [log, other]) {
      await append(each, keyed('a=1 a=2'));
      each.roll();
    }
    const path = '/data/t-0/00000000000000000000.log';
    const bytes = fileSystem.readFile(path);
    bytes[bytes.length - 3]! ^= 1;
    fileSystem.writeFile(path, bytes);
    await letClean(time);
    expect(directory.offline).toBe(false);
    expect(await shown(other)).toEqual(['1:a=2']);
    expect(fileSystem.readFile(path)).toEqual(bytes);
    expect(fileSystem.list('/data/t-0').filter((name) => name.endsWith('.cleaned'))).toEqual([]);
  });
});

describe('compaction and transactions', () => {
  test('aborted records go, the marker stays until none of them is left and its horizon has passed', async () => {
    const { log, time } = await compactedLog();
    await append(log, keyed('a=0'));
    await append(log, transactional('a=1 b=1', 7, 0));
    log.roll();
    await endTransaction(log, 7, 'abort');
    // A later batch, so that the aborted one is not the producer's last.
    await append(log, transactional('c=1', 7, 2));
    await endTransaction(log, 7, 'commit');
    log.roll();
    await letClean(time);
    expect(await shown(log)).toEqual(['0:a=0', '3:marker', '4:c=1', '5:marker']);
    expect(log.abortedTransactions(0, 6)).toMatchObject([{ producerId: 7, firstOffset: 1, lastOffset: 3 }]);
    await append(log, keyed('d=1'));
    log.roll();
    await letClean(time);
    expect(await shown(log)).toEqual(['0:a=0', '3:marker', '4:c=1', '5:marker', '6:d=1']);
    expect(log.abortedTransactions(0, 6)).toEqual([]);
    time.advance(10_000);
    await append(log, keyed('d=2'));
    log.roll();
    await letClean(time);
    expect(await shown(log)).toEqual(['0:a=0', '4:c=1', '5:marker', '7:d=2']);
  });

  test('nothing at or above the last stable offset is cleaned', async () => {
    const { log, time } = await compactedLog();
    await append(log, keyed('a=1 a=2'));
    log.roll();
    await append(log, transactional('a=3', 7, 0));
    log.roll();
    await append(log, keyed('a=4'));
    log.roll();
    await letClean(time);
    expect(await shown(log)).toEqual(['1:a=2', '2:a=3', '3:a=4']);
    await endTransaction(log, 7, 'abort');
    log.roll();
    await letClean(time);
    expect(await shown(log)).toEqual(['3:a=4', '4:marker']);
    expect(lastValues(await readCommitted(log, log.writtenEndOffset))).toEqual({ a: '4' });
  });

  test('a marker in a later segment than its records, cleaned in different rounds, is not lost', async () => {
    const { log, time, fileSystem } = await compactedLog();
    await append(log, transactional('a=aborted', 7, 0));
    await append(log, transactional('b=1', 8, 0));
    log.roll();
    await endTransaction(log, 7, 'abort');
    await append(log, keyed('x=1'));
    log.roll();
    await letClean(time);
    await endTransaction(log, 8, 'commit');
    await append(log, transactional('z=1', 7, 1));
    await endTransaction(log, 7, 'commit');
    log.roll();
    for (let round = 0; round < 4; round++) {
      await letClean(time);
      expect(lastValues(await readCommitted(log, log.writtenEndOffset))).toMatchObject({ b: '1', x: '1', z: '1' });
      expect((await readCommitted(log, log.writtenEndOffset)).map(({ value }) => String(value))).not.toContain(
        'aborted',
      );
      const { log: reopened } = await openLog(fileSystem.crashClone('kill'), COMPACTED);
      expect(reopened.lastStableOffset(reopened.logEndOffset)).toBe(reopened.logEndOffset);
      time.advance(20_000);
      await append(log, keyed(`y=${round}`));
      log.roll();
    }
  });
});

describe('a cleaning that is under way', () => {
  /** The log with a cleaning that has begun and not ended: each step waits for the time to move. */
  async function underWay() {
    const fileSystem = new SimulatedDisk();
    const time = new VirtualTime();
    const { log, directory } = await openLog(fileSystem, COMPACTED, { time });
    startCleaner(directory, fileSystem, time, { settings: () => ({ ...cleanerSettings, bytesPerSecond: 1 }) });
    for (const pairs of ['a=1 b=1', 'a=2 b=2']) {
      await append(log, keyed(pairs));
      log.roll();
    }
    await append(log, keyed('a=3'));
    time.advance(1001);
    expect(log.isCleaning).toBe(true);
    const finish = async () => {
      for (let i = 0; i < 50; i++) {
        time.advance(200_000);
        for (let j = 0; j < 10; j++) await null;
      }
    };
    return { log, directory, fileSystem, time, finish };
  }

  const leftovers = (fileSystem: SimulatedDisk) =>
    fileSystem.list('/data/t-0').filter((name) => /\.(cleaned|swap)$/.test(name));

  test('does not hold up appends and reads', async () => {
    const { log, finish } = await underWay();
    await append(log, keyed('b=3'));
    log.roll();
    expect(await shown(log)).toHaveLength(6);
    await finish();
    expect(lastValues(await readAll(log))).toEqual({ a: '3', b: '3' });
    expect(log.isCleaning).toBe(false);
  });

  test('is aborted by a truncation, and the log is cleaned anew', async () => {
    const { log, fileSystem, finish } = await underWay();
    await log.truncateTo(3);
    expect(log.isCleaning).toBe(false);
    await finish();
    expect(lastValues(await readAll(log))).toEqual({ a: '1', b: '1' });
    expect(log.logEndOffset).toBe(2);
    expect(leftovers(fileSystem)).toEqual([]);
  });

  test('is aborted when the log is deleted; a new one of the same name begins dirty', async () => {
    const { directory, log, fileSystem, finish } = await underWay();
    const { config, topicId } = log;
    directory.deleteLog('t', 0);
    const again = directory.createLog({ topic: 't', partition: 0, topicId, config });
    await append(again, keyed('k=1 k=2'));
    again.roll();
    await finish();
    expect(await shown(again)).toEqual(['1:k=2']);
    expect(leftovers(fileSystem)).toEqual([]);
    expect(fileSystem.list('/data').filter((name) => name.endsWith('-delete'))).toEqual([]);
  });

  test('is aborted when the topic is no longer compacted', async () => {
    const { log, directory, fileSystem, finish } = await underWay();
    log.updateConfig({ ...log.config, cleanupPolicy: { compact: false, delete: true } });
    expect(log.isCleaning).toBe(false);
    await finish();
    expect(log.segmentCount).toBe(3);
    expect(leftovers(fileSystem)).toEqual([]);
    await directory.close({ brokerEpoch: 1 });
  });

  test('is aborted by a stop, which does not wait for it', async () => {
    const { log, directory, fileSystem } = await underWay();
    await directory.close({ brokerEpoch: 1 });
    expect(log.isCleaning).toBe(false);
    expect(leftovers(fileSystem)).toEqual([]);
    const { log: reopened } = await openLog(fileSystem, COMPACTED);
    expect(await readAll(reopened)).toHaveLength(5);
  });

  test('that meets a failing disk takes the directory offline', async () => {
    const { log, directory, fileSystem, finish } = await underWay();
    const open = fileSystem.open.bind(fileSystem);
    fileSystem.open = (path, mode) => {
      if (path.endsWith('.cleaned')) throw Object.assign(new Error('EIO: write'), { code: 'EIO', syscall: 'write' });
      return open(path, mode);
    };
    await finish();
    expect(directory.offline).toBe(true);
    expect(log.offline).toBe(true);
  });
});

test('segments are grouped as far as they fit one segment', () => {
  const segment = (baseOffset: number, sizeInBytes: number) => ({
    baseOffset,
    sizeInBytes,
    offsetIndexSize: 8,
    timeIndexSize: 12,
  });
  const bases = (segments: ReturnType<typeof segment>[], limits: object) =>
    groupSegments(segments, {
      segmentBytes: 100,
      segmentIndexBytes: 1000,
      firstUncleanableOffset: 0x1_0000_0000,
      ...limits,
    }).map((group) => group.map(({ baseOffset }) => baseOffset));
  expect(bases([segment(0, 60), segment(10, 40), segment(20, 1)], { firstUncleanableOffset: 30 })).toEqual([
    [0, 10],
    [20],
  ]);
  expect(
    bases([segment(0, 1), segment(10, 1), segment(20, 1)], { segmentIndexBytes: 24, firstUncleanableOffset: 30 }),
  ).toEqual([[0, 10], [20]]);
  expect(bases([segment(0, 1), segment(10, 1)], {})).toEqual([[0], [10]]);
  expect(bases([segment(0, 1), segment(10, 0)], {})).toEqual([[0, 10]]);
});

test('the map of keys holds the last offset of each key, whatever its bytes', () => {
  const map = new KeyOffsetMap(3000, new Uint8Array(16).fill(9));
  const keys = Array.from({ length: 2500 }, (_, i) => Buffer.from(`${'x'.repeat(i % 13)}${i}`));
  for (const round of [0, 1]) for (const [i, key] of keys.entries()) map.put(key, 0, key.length, round * 10_000 + i);
  for (const [i, key] of keys.entries()) expect(map.get(key, 0, key.length)).toBe(10_000 + i);
  expect(map.size).toBe(2500);
  expect(map.get(Buffer.from('absent'), 0, 6)).toBe(-1);
  expect(map.get(Buffer.alloc(0), 0, 0)).toBe(-1);
});
