import { describe, expect, test } from 'vitest';
import { BufferPool } from '../../../src/base/buffer-pool.ts';
import type { FileHandle, FileSystem } from '../../../src/io/file-system.ts';
import type { LogConfig } from '../../../src/log/log-config.ts';
import { buildEndTransactionBatch } from '../../../src/wire/records/control-batch.ts';
import * as header from '../../../src/wire/records/record-batch.ts';
import { append, batchOf, NOW_MS, openLog, readAll, readBatches, readValues, VirtualTime } from '../../support/logs.ts';
import { SimulatedDisk } from '../../support/simulated-disk.ts';

const client = { leaderEpoch: 0, origin: 'client' } as const;

/** Nothing is kept in memory, every write takes the asynchronous way. */
const cold = { tailCacheBytesMax: 0, tailCacheBytesMaxPerLog: 0, synchronousWriteBytesMax: 0 };

interface Counted {
  writes: number;
  syncs: number;
  reads: number;
  failWrites: boolean;
  failReads: boolean;
}

/** A memory file system whose log files count and fail as told. */
function observed(): { fileSystem: FileSystem; counted: Counted } {
  const counted: Counted = { writes: 0, syncs: 0, reads: 0, failWrites: false, failReads: false };
  const inner = new SimulatedDisk();
  const failure = (code: string) => Object.assign(new Error(code), { code });
  const wrap = (handle: FileHandle): FileHandle => ({
    path: handle.path,
    size: () => handle.size(),
    async writev(buffers, position) {
      counted.writes++;
      if (counted.failWrites) throw failure('EIO');
      await handle.writev(buffers, position);
    },
    writevSync(buffers, position) {
      counted.writes++;
      if (counted.failWrites) throw failure('EIO');
      handle.writevSync(buffers, position);
    },
    async read(target, start, length, position) {
      counted.reads++;
      if (counted.failReads) throw failure('EIO');
      return await handle.read(target, start, length, position);
    },
    readSync: (target, start, length, position) => handle.readSync(target, start, length, position),
    truncate: (size) => handle.truncate(size),
    async sync() {
      counted.syncs++;
      await handle.sync();
    },
    syncSync: () => handle.syncSync(),
    close: () => handle.close(),
  });
  const fileSystem: FileSystem = Object.create(inner, {
    open: {
      value: (path: string, mode: 'read' | 'write') =>
        path.endsWith('.log') ? wrap(inner.open(path, mode)) : inner.open(path, mode),
    },
  }) as FileSystem;
  // Private fields need the real object behind every other method.
  for (const name of Object.getOwnPropertyNames(SimulatedDisk.prototype)) {
    if (name === 'constructor' || name === 'open') continue;
    const method = Reflect.get(inner, name) as (...args: unknown[]) => unknown;
    Object.defineProperty(fileSystem, name, { value: (...args: unknown[]) => method.apply(inner, args) });
  }
  return { fileSystem, counted };
}

describe('appending', () => {
  test('decides at once and writes later', async () => {
    const { log } = await openLog(new SimulatedDisk(), {}, { synchronousWriteBytesMax: 0 });
    const first = log.appendAsLeader(batchOf(['a', 'b']), client);
    const second = log.appendAsLeader(batchOf(['c']), client);
    expect(first).toMatchObject({ kind: 'appended', firstOffset: 0, lastOffset: 1, recordCount: 2, logStartOffset: 0 });
    expect(second).toMatchObject({ kind: 'appended', firstOffset: 2, lastOffset: 2 });
    expect([log.logEndOffset, log.writtenEndOffset, log.flushedEndOffset]).toEqual([3, 0, 0]);
    if (second.kind !== 'appended') return;
    await second.written;
    expect([log.logEndOffset, log.writtenEndOffset, log.flushedEndOffset]).toEqual([3, 3, 0]);
    await log.flush();
    expect(log.flushedEndOffset).toBe(3);
  });

  test('everything of one tick goes out in one write, and what comes meanwhile in the next', async () => {
    const { fileSystem, counted } = observed();
    const { log } = await openLog(fileSystem, {}, { synchronousWriteBytesMax: 0 });
    const appended = ['a', 'b', 'c'].map((value) => log.appendAsLeader(batchOf([value]), client));
    await Promise.resolve();
    const later = ['d', 'e'].map((value) => log.appendAsLeader(batchOf([value]), client));
    for (const result of [...appended, ...later]) if (result.kind === 'appended') await result.written;
    expect(counted.writes).toBe(2);
    expect(await readValues(log)).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  test('waiters share a sync', async () => {
    const { fileSystem, counted } = observed();
    const { log } = await openLog(fileSystem, { flushMs: 0 });
    await Promise.all(['a', 'b', 'c', 'd'].map((value) => append(log, batchOf([value]))));
    expect(log.flushedEndOffset).toBe(4);
    expect(counted.syncs).toBe(1);
  });

  test('flush.messages=N syncs with every Nth record, and not before', async () => {
    const { fileSystem, counted } = observed();
    const { log } = await openLog(fileSystem, { flushMessages: 3 });
    const syncs: number[] = [];
    for (let i = 0; i < 7; i++) {
      await append(log, batchOf([`${i}`]));
      syncs.push(counted.syncs);
    }
    expect(syncs).toEqual([0, 0, 1, 1, 1, 2, 2]);
    expect(log.flushedEndOffset).toBe(6);
  });

  test('without a setting nothing is synced but at a roll and at the stop', async () => {
    const { fileSystem, counted } = observed();
    const { log, directory } = await openLog(fileSystem, {});
    for (let i = 0; i < 10; i++) await append(log, batchOf([`${i}`]));
    expect([counted.syncs, log.flushedEndOffset]).toEqual([0, 0]);
    log.roll();
    await log.flush();
    expect(log.flushedEndOffset).toBe(10);
    await append(log, batchOf(['last']));
    await directory.close({ brokerEpoch: 1 });
    expect(log.flushedEndOffset).toBe(11);
  });

  test('appends that come while a sync runs share the next one', async () => {
    const { fileSystem, counted } = observed();
    const { log } = await openLog(fileSystem, { flushMessages: 1 });
    await append(log, batchOf(['opens the files']));
    const before = counted.syncs;
    const written: Promise<void>[] = [];
    for (let i = 0; i < 20; i++) {
      const appended = log.appendAsLeader(batchOf([`${i}`]), client);
      if (appended.kind === 'appended') written.push(appended.written);
      // Each has its own write; the syncs are what they share.
      await Promise.resolve();
    }
    await Promise.all(written);
    expect(written).toHaveLength(20);
    expect(log.flushedEndOffset).toBe(21);
    expect(counted.syncs - before).toBeLessThan(20);
  });

  test('flush.ms syncs later, without anyone waiting', async () => {
    const time = new VirtualTime();
    const { log } = await openLog(new SimulatedDisk(), { flushMs: 500 }, { time });
    await append(log, batchOf(['a']));
    expect(log.flushedEndOffset).toBe(0);
    time.advance(500);
    await log.flush();
    expect(log.flushedEndOffset).toBe(1);
  });

  test('a batch larger than segment.bytes is refused', async () => {
    const { log } = await openLog(new SimulatedDisk(), { segmentBytes: 100 });
    expect(log.appendAsLeader(batchOf(['x'.repeat(100)]), client)).toMatchObject({ error: 'RECORD_LIST_TOO_LARGE' });
    expect(log.logEndOffset).toBe(0);
  });

  test('a write error takes the directory offline', async () => {
    const { fileSystem, counted } = observed();
    const failures: Error[] = [];
    const { log, directory } = await openLog(fileSystem, {}, { onOffline: (error) => failures.push(error) });
    await append(log, batchOf(['a']));
    counted.failWrites = true;
    const result = log.appendAsLeader(batchOf(['b']), client);
    expect(result.kind).toBe('appended');
    if (result.kind === 'appended') await expect(result.written).rejects.toThrow('EIO');
    expect(failures).toHaveLength(1);
    expect(directory.offline).toBe(true);
    expect(log.appendAsLeader(batchOf(['c']), client)).toMatchObject({ error: 'KAFKA_STORAGE_ERROR' });
    expect(log.read(0, 100, { minOneBatch: true, endOffset: 1 })).toMatchObject({ error: 'KAFKA_STORAGE_ERROR' });
    await expect(log.flush()).rejects.toThrow();
    await directory.close({ brokerEpoch: 1 });
    expect(fileSystem.exists('/data/.kafka_cleanshutdown')).toBe(false);
  });

  test('a read error does, too', async () => {
    const { fileSystem, counted } = observed();
    const { log, directory } = await openLog(fileSystem, {}, cold);
    await append(log, batchOf(['a']));
    counted.failReads = true;
    expect(await log.read(0, 100, { minOneBatch: true, endOffset: 1 })).toMatchObject({ error: 'KAFKA_STORAGE_ERROR' });
    expect(directory.offline).toBe(true);
  });
});

describe('a follower', () => {
  test('takes batches with their offsets, gaps included, and their epochs', async () => {
    const { log } = await openLog(new SimulatedDisk());
    const bytes = Buffer.concat([
      batchOf(['a', 'b'], { baseOffset: 0, partitionLeaderEpoch: 1 }),
      batchOf(['c'], { baseOffset: 10, partitionLeaderEpoch: 3 }),
    ]);
    const result = log.appendAsFollower(bytes, 3);
    expect(result).toMatchObject({ kind: 'appended', firstOffset: 0, lastOffset: 10, recordCount: 3 });
    expect(log.latestEpoch).toBe(3);
    expect(log.endOffsetForEpoch(1)).toEqual({ leaderEpoch: 1, endOffset: 10 });
    expect(log.endOffsetForEpoch(2)).toEqual({ leaderEpoch: 1, endOffset: 10 });
    expect(log.endOffsetForEpoch(3)).toEqual({ leaderEpoch: 3, endOffset: 11 });
    expect(log.endOffsetForEpoch(0)).toEqual({ leaderEpoch: 0, endOffset: 0 });
    expect(log.endOffsetForEpoch(4)).toBeNull();
    expect([log.epochForOffset(1), log.epochForOffset(10)]).toEqual([1, 3]);
    // A fetch into the gap gets the batch behind it.
    expect(await readValues(log, 5)).toEqual(['c']);
  });

  test('leaves out a torn last batch and batches of later epochs', async () => {
    const { log } = await openLog(new SimulatedDisk());
    const first = batchOf(['a'], { partitionLeaderEpoch: 1 });
    const second = batchOf(['b'], { baseOffset: 1, partitionLeaderEpoch: 2 });
    expect(log.appendAsFollower(Buffer.concat([first, second]), 1)).toMatchObject({ lastOffset: 0, recordCount: 1 });
    expect(log.appendAsFollower(second.subarray(0, -1), 2)).toMatchObject({ firstOffset: 1, lastOffset: 0 });
    expect(log.logEndOffset).toBe(1);
  });

  test('refuses overlaps and broken checksums', async () => {
    const { log } = await openLog(new SimulatedDisk());
    log.appendAsFollower(batchOf(['a', 'b'], { partitionLeaderEpoch: 1 }), 1);
    expect(log.appendAsFollower(batchOf(['c'], { baseOffset: 1, partitionLeaderEpoch: 1 }), 1)).toMatchObject({
      error: 'OFFSET_OUT_OF_RANGE',
    });
    const broken = batchOf(['c'], { baseOffset: 2, partitionLeaderEpoch: 1 });
    broken[broken.length - 1]! ^= 1;
    expect(log.appendAsFollower(broken, 1)).toMatchObject({ error: 'CORRUPT_MESSAGE' });
  });

  test('a raft leader must stamp its epoch', async () => {
    const { log } = await openLog(new SimulatedDisk());
    const options = { leaderEpoch: 4, origin: 'raft-leader' } as const;
    expect(log.appendAsLeader(batchOf(['a'], { partitionLeaderEpoch: 3 }), options)).toMatchObject({
      error: 'INVALID_RECORD',
    });
    expect(log.appendAsLeader(batchOf(['a'], { partitionLeaderEpoch: 4 }), options)).toMatchObject({
      kind: 'appended',
    });
  });
});

describe('rolling', () => {
  async function rolled(config: Partial<LogConfig>, time = new VirtualTime()) {
    const opened = await openLog(new SimulatedDisk(), config, { time });
    return { ...opened, time };
  }

  test('by size', async () => {
    const { log } = await rolled({ segmentBytes: 200 });
    for (let i = 0; i < 6; i++) await append(log, batchOf(['x'.repeat(20)]));
    expect(log.segmentCount).toBe(3);
    expect(log.deletableSegments().map(({ baseOffset, endOffset }) => [baseOffset, endOffset])).toEqual([
      [0, 2],
      [2, 4],
    ]);
    expect(await readValues(log)).toHaveLength(6);
  });

  test('by the records timestamps, counted from the first batch of the segment', async () => {
    const { log } = await rolled({ segmentMs: 1000 });
    for (const timestamp of [5000, 5900, 6000, 6001, 4000]) {
      await append(log, batchOf(['x'], { records: [{ timestamp, key: null, value: null }] }));
    }
    expect(log.deletableSegments().map(({ baseOffset }) => baseOffset)).toEqual([0]);
    expect(log.deletableSegments()[0]!.largestTimestampMs).toBe(6000);
  });

  test('when an index is full', async () => {
    const { log } = await rolled({ indexIntervalBytes: 1, segmentIndexBytes: 36 });
    for (let i = 0; i < 6; i++) await append(log, batchOf(['x'], { nowMs: NOW_MS + i }));
    expect(log.segmentCount).toBeGreaterThan(1);
    expect(await readValues(log)).toHaveLength(6);
  });

  test('when an offset is too far from the base offset for an index entry', async () => {
    const { log } = await rolled({});
    log.appendAsFollower(batchOf(['a'], { partitionLeaderEpoch: 0 }), 0);
    log.appendAsFollower(batchOf(['b'], { baseOffset: 0x1_0000_0000, partitionLeaderEpoch: 0 }), 0);
    expect(log.segmentCount).toBe(2);
    expect(await readValues(log)).toEqual(['a', 'b']);
  });

  test('deleting whole segments moves the log start offset and drops old snapshots', async () => {
    const fileSystem = new SimulatedDisk();
    const { log } = await openLog(fileSystem);
    for (const value of ['a', 'b', 'c']) {
      await append(log, batchOf([value]));
      log.roll();
    }
    await append(log, batchOf(['d']));
    expect(log.deleteSegmentsBefore(2)).toBe(2);
    expect(log.logStartOffset).toBe(2);
    expect(await readValues(log)).toEqual(['c', 'd']);
    expect(log.deleteSegmentsBefore(100)).toBe(1);
    expect(await readValues(log)).toEqual(['d']);
    expect(fileSystem.list('/data/t-0').filter((name) => name.endsWith('.snapshot'))).toEqual([
      '00000000000000000003.snapshot',
    ]);
  });
});

describe.each([
  ['from memory', {}],
  ['from the file', cold],
])('reading %s', (_name, options) => {
  async function filled(count = 40) {
    const { log } = await openLog(new SimulatedDisk(), { indexIntervalBytes: 200, segmentBytes: 1500 }, options);
    for (let i = 0; i < count; i++) await append(log, batchOf([`${i}a`, `${i}b`, `${i}c`]));
    return log;
  }

  test('at any offset begins with the batch that holds it', async () => {
    const log = await filled();
    for (let offset = 0; offset < log.logEndOffset; offset++) {
      const read = await log.read(offset, 1, { minOneBatch: true, endOffset: log.logEndOffset });
      if (read.kind === 'failed') throw new Error(read.message);
      expect(header.baseOffset(read.records, 0)).toBe(offset - (offset % 3));
      expect(read.nextOffset).toBe(offset - (offset % 3) + 3);
      expect(read.records.length).toBe(header.sizeInBytes(read.records, 0));
    }
    const end = await log.read(log.logEndOffset, 100, { minOneBatch: true, endOffset: log.logEndOffset });
    expect(end).toMatchObject({ kind: 'records', nextOffset: log.logEndOffset });
    expect(log.read(log.logEndOffset + 1, 100, { minOneBatch: true, endOffset: 999 })).toMatchObject({
      error: 'OFFSET_OUT_OF_RANGE',
    });
    expect(log.read(-1, 100, { minOneBatch: true, endOffset: 999 })).toMatchObject({ error: 'OFFSET_OUT_OF_RANGE' });
  });

  test('gives whole batches up to maxBytes', async () => {
    const log = await filled();
    const size = (await readBatches(log, 0, 3))[0]!.length;
    for (const maxBytes of [size, size + 1, 2 * size, 5 * size - 1, 5 * size]) {
      const read = await log.read(4, maxBytes, { minOneBatch: false, endOffset: log.logEndOffset });
      if (read.kind === 'failed') throw new Error(read.message);
      expect(read.records.length).toBe(size * Math.floor(maxBytes / size));
    }
    const small = await log.read(4, size - 1, { minOneBatch: false, endOffset: log.logEndOffset });
    expect(small).toMatchObject({ kind: 'records', nextOffset: 4 });
    if (small.kind === 'records') expect(small.records).toHaveLength(0);
  });

  test('stops before the upper bound', async () => {
    const log = await filled();
    for (const endOffset of [3, 5, 6, 60, 61]) {
      const values = (await readBatches(log, 0, endOffset)).length;
      expect(values).toBe(Math.floor(endOffset / 3));
    }
    expect(await log.read(7, 1000, { minOneBatch: true, endOffset: 7 })).toMatchObject({ nextOffset: 7 });
  });

  test('finds a batch that is much larger than asked for', async () => {
    const { log } = await openLog(new SimulatedDisk(), {}, options);
    await append(log, batchOf(['x'.repeat(200_000)]));
    await append(log, batchOf(['y'.repeat(300_000)]));
    expect((await readValues(log, 0, 1)).map((value) => value.length)).toEqual([200_000, 300_000]);
  });

  test('by timestamp finds the first record at or after it', async () => {
    const { log } = await openLog(new SimulatedDisk(), { indexIntervalBytes: 100, segmentBytes: 1000 }, options);
    const stamps = [10, 30, 20, 50, 40, 40, 90, 5, 60, 70, 80, 15];
    for (let i = 0; i < stamps.length; i += 2) {
      const records = stamps.slice(i, i + 2).map((timestamp) => ({ timestamp, key: null, value: Buffer.alloc(90) }));
      await append(log, batchOf([], { records }));
    }
    for (let ask = 0; ask <= 95; ask += 5) {
      const wanted = stamps.findIndex((timestamp) => timestamp >= ask);
      const found = await log.offsetForTimestamp(ask);
      expect(found?.offset ?? -1, `at ${ask}`).toBe(wanted);
      if (found) expect(found).toEqual({ offset: wanted, timestampMs: stamps[wanted], leaderEpoch: 0 });
    }
    expect(await log.maxTimestampOffset()).toEqual({ offset: 6, timestampMs: 90, leaderEpoch: 0 });
    log.advanceLogStartOffset(7);
    expect((await log.offsetForTimestamp(30))?.offset).toBe(8);
  });
});

describe('the tail in memory', () => {
  test('serves without a promise and without a copy', async () => {
    const { log } = await openLog(new SimulatedDisk());
    for (let i = 0; i < 10; i++) await append(log, batchOf([`${i}`]));
    const one = log.read(2, 100_000, { minOneBatch: true, endOffset: 10 });
    const two = log.read(2, 100_000, { minOneBatch: true, endOffset: 10 });
    expect(one).not.toBeInstanceOf(Promise);
    if (one instanceof Promise || two instanceof Promise || one.kind === 'failed' || two.kind === 'failed') return;
    expect(one.records.buffer).toBe(two.records.buffer);
    const before = Buffer.from(one.records);
    await append(log, batchOf(['later']));
    expect(one.records.equals(before)).toBe(true);
  });

  test('stays within its limits', async () => {
    const { fileSystem, counted } = observed();
    const { log } = await openLog(fileSystem, {}, { tailCacheBytesMaxPerLog: 4096 });
    for (let i = 0; i < 200; i++) await append(log, batchOf(['x'.repeat(100)]));
    expect(log.read(0, 100, { minOneBatch: true, endOffset: 200 })).toBeInstanceOf(Promise);
    expect(log.read(199, 100, { minOneBatch: true, endOffset: 200 })).not.toBeInstanceOf(Promise);
    expect(await readValues(log)).toHaveLength(200);
    expect(counted.reads).toBeGreaterThan(0);
  });
});

describe('truncation', () => {
  test('cuts the batch that holds the offset and everything behind it', async () => {
    for (const options of [{}, cold]) {
      for (let offset = 0; offset <= 31; offset++) {
        const { log } = await openLog(new SimulatedDisk(), { indexIntervalBytes: 100, segmentBytes: 500 }, options);
        for (let i = 0; i < 10; i++) await append(log, batchOf(['a', 'b', 'c']), i);
        await log.truncateTo(offset);
        const end = Math.min(30, offset - (offset % 3));
        expect(log.logEndOffset).toBe(end);
        expect(log.latestEpoch).toBe(end / 3 - 1);
        await append(log, batchOf(['new']), 20);
        const records = await readAll(log);
        expect(records.map((record) => record.offset)).toEqual(Array.from({ length: end + 1 }, (_, i) => i));
        expect(String(records[end]!.value)).toBe('new');
      }
    }
  });

  test('brings producers back to what the rest of the log says', async () => {
    const { log } = await openLog(new SimulatedDisk());
    for (let i = 0; i < 4; i++) {
      await append(log, batchOf(['x'], { producerId: 1, producerEpoch: 0, baseSequence: i }));
      if (i === 1) log.roll();
    }
    await log.truncateTo(3);
    expect(log.activeProducers()).toMatchObject([{ producerId: 1, lastSequence: 2 }]);
    await log.truncateTo(1);
    expect(log.activeProducers()).toMatchObject([{ producerId: 1, lastSequence: 0 }]);
  });

  test('fully leaves an empty log at the new offset, also after a restart', async () => {
    const fileSystem = new SimulatedDisk();
    const { log, directory } = await openLog(fileSystem);
    for (let i = 0; i < 3; i++) await append(log, batchOf(['x']));
    await log.truncateFullyAndStartAt(100);
    expect([log.logStartOffset, log.logEndOffset, log.latestEpoch]).toEqual([100, 100, -1]);
    expect(await append(log, batchOf(['y']))).toBe(100);
    await directory.close({ brokerEpoch: 1 });
    const { log: reopened } = await openLog(fileSystem);
    expect([reopened.logStartOffset, reopened.logEndOffset]).toEqual([100, 101]);
  });
});

describe('idempotent producers (KIP-98)', () => {
  const send = (baseSequence: number, producerEpoch = 0, values = ['x']) =>
    batchOf(values, { producerId: 7, producerEpoch, baseSequence });

  test('the last five batches are duplicates, older ones out of order', async () => {
    const { log } = await openLog(new SimulatedDisk());
    for (let sequence = 0; sequence < 7; sequence++) await append(log, send(sequence));
    for (let sequence = 2; sequence < 7; sequence++) {
      expect(log.appendAsLeader(send(sequence), client)).toMatchObject({ kind: 'duplicate', firstOffset: sequence });
    }
    for (const sequence of [0, 1, 8]) {
      expect(log.appendAsLeader(send(sequence), client)).toMatchObject({ error: 'OUT_OF_ORDER_SEQUENCE_NUMBER' });
    }
    expect(log.appendAsLeader(send(5, 0, ['x', 'y']), client)).toMatchObject({ error: 'OUT_OF_ORDER_SEQUENCE_NUMBER' });
    expect(log.logEndOffset).toBe(7);
  });

  test('a duplicate waits for the write of its original', async () => {
    const { log } = await openLog(new SimulatedDisk(), {}, { synchronousWriteBytesMax: 0 });
    log.appendAsLeader(send(0), client);
    const duplicate = log.appendAsLeader(send(0), client);
    expect(duplicate).toMatchObject({ kind: 'duplicate', firstOffset: 0 });
    if (duplicate.kind === 'duplicate') await duplicate.written;
    expect(log.writtenEndOffset).toBe(1);
  });

  test('an older epoch is refused, a newer one starts at sequence 0', async () => {
    const { log } = await openLog(new SimulatedDisk());
    await append(log, send(0, 3));
    expect(log.appendAsLeader(send(1, 2), client)).toMatchObject({ error: 'INVALID_PRODUCER_EPOCH' });
    expect(log.appendAsLeader(send(1, 4), client)).toMatchObject({ error: 'OUT_OF_ORDER_SEQUENCE_NUMBER' });
    expect(log.appendAsLeader(send(0, 4), client)).toMatchObject({ kind: 'appended' });
  });

  test('an unknown producer may begin anywhere, and sequences wrap', async () => {
    const { log } = await openLog(new SimulatedDisk());
    await append(log, send(0x7fff_ffff));
    expect(log.appendAsLeader(send(0), client)).toMatchObject({ kind: 'appended' });
  });

  test('a producer that was silent for producer.id.expiration.ms is forgotten', async () => {
    const time = new VirtualTime();
    const { log } = await openLog(new SimulatedDisk(), {}, { time });
    await append(log, send(0));
    expect(log.activeProducers()).toHaveLength(1);
    time.advance(86_400_000);
    expect(log.activeProducers()).toHaveLength(0);
  });
});

describe('transactions', () => {
  const data = (producerId: number, baseSequence: number) =>
    batchOf(['x'], { producerId, producerEpoch: 0, baseSequence, transactional: true });
  const marker = (producerId: number, type: 'abort' | 'commit', coordinatorEpoch = 0) =>
    buildEndTransactionBatch({ producerId, producerEpoch: 0, type, coordinatorEpoch, nowMs: NOW_MS });
  const coordinator = { leaderEpoch: 0, origin: 'coordinator' } as const;

  test('hold back the last stable offset until their marker is below the high watermark', async () => {
    const { log } = await openLog(new SimulatedDisk());
    await append(log, batchOf(['plain']));
    await append(log, data(1, 0));
    await append(log, data(2, 0));
    expect(log.lastStableOffset(3)).toBe(1);
    expect(log.hasOngoingTransaction(1, 0)).toBe(true);
    expect(log.appendAsLeader(marker(1, 'commit'), coordinator)).toMatchObject({ kind: 'appended', firstOffset: 3 });
    expect(log.hasOngoingTransaction(1, 0)).toBe(false);
    expect(log.lastStableOffset(3)).toBe(1);
    expect(log.lastStableOffset(4)).toBe(2);
    log.appendAsLeader(marker(2, 'abort'), coordinator);
    expect(log.lastStableOffset(5)).toBe(5);
    expect(log.abortedTransactions(0, 5)).toEqual([
      { producerId: 2, firstOffset: 2, lastOffset: 4, lastStableOffset: 5 },
    ]);
    expect(log.abortedTransactions(0, 2)).toEqual([]);
  });

  test('are the same after a crash and after a clean stop', async () => {
    const fileSystem = new SimulatedDisk();
    const first = await openLog(fileSystem);
    await append(first.log, data(1, 0));
    await append(first.log, data(2, 0));
    first.log.appendAsLeader(marker(2, 'abort'), coordinator);
    first.log.roll();
    await append(first.log, data(2, 1));
    first.log.appendAsLeader(marker(2, 'abort'), coordinator);
    await first.log.flush();
    const crashed = fileSystem.crashClone('kill');
    await first.directory.close({ brokerEpoch: 1 });
    for (const state of [crashed, fileSystem]) {
      const { log } = await openLog(state);
      expect(log.lastStableOffset(log.logEndOffset)).toBe(0);
      expect(log.abortedTransactions(0, 5).map(({ firstOffset, lastOffset }) => [firstOffset, lastOffset])).toEqual([
        [1, 2],
        [3, 4],
      ]);
      expect(log.activeProducers()).toHaveLength(2);
    }
  });

  test('a marker of an older coordinator is fenced', async () => {
    const { log } = await openLog(new SimulatedDisk());
    await append(log, data(1, 0));
    log.appendAsLeader(marker(1, 'commit', 5), coordinator);
    expect(log.appendAsLeader(marker(1, 'abort', 4), coordinator)).toMatchObject({
      error: 'TRANSACTION_COORDINATOR_FENCED',
    });
  });

  test('a batch that opens one needs the guard that was given before, and no marker since (KIP-890)', async () => {
    const { log } = await openLog(new SimulatedDisk());
    const producer = (baseSequence: number) => ({ producerId: 1, producerEpoch: 0, baseSequence });
    const guard = log.startTransactionVerification(producer(0))!;
    expect(log.appendAsLeader(data(1, 0), { ...client, transactionGuard: { producerId: 1 } })).toMatchObject({
      error: 'INVALID_TXN_STATE',
    });
    // A later request of the same producer shares it, but must not come first.
    expect(log.startTransactionVerification(producer(1))).toBe(guard);
    expect(log.appendAsLeader(data(1, 1), { ...client, transactionGuard: guard })).toMatchObject({
      error: 'OUT_OF_ORDER_SEQUENCE_NUMBER',
    });
    expect(log.appendAsLeader(data(1, 0), { ...client, transactionGuard: guard })).toMatchObject({ kind: 'appended' });
    expect(log.startTransactionVerification(producer(1))).toBeNull();
    expect(log.appendAsLeader(data(1, 1), { ...client, transactionGuard: guard })).toMatchObject({ kind: 'appended' });

    log.appendAsLeader(marker(1, 'commit'), coordinator);
    const late = log.startTransactionVerification(producer(2))!;
    expect(late).not.toBe(guard);
    log.appendAsLeader(marker(1, 'abort'), coordinator);
    expect(log.appendAsLeader(data(1, 2), { ...client, transactionGuard: late })).toMatchObject({
      error: 'INVALID_TXN_STATE',
    });
  });

  test('a plain batch inside a transaction is refused', async () => {
    const { log } = await openLog(new SimulatedDisk());
    await append(log, data(1, 0));
    const plain = batchOf(['x'], { producerId: 1, producerEpoch: 0, baseSequence: 1 });
    expect(log.appendAsLeader(plain, client)).toMatchObject({ error: 'INVALID_TXN_STATE' });
  });
});

test('a read of the file takes the memory that its caller offers, and a read of the tail does not', async () => {
  const values = Array.from({ length: 300 }, (_, index) => `${index} ${'of many '.repeat(100)}`);
  for (const [options, freeBytes] of [
    [cold, 262_144],
    [{}, 0],
  ] as const) {
    const { log } = await openLog(new SimulatedDisk(), {}, options);
    for (const value of values) await append(log, batchOf([value]));
    const buffers = new BufferPool(10_000_000);
    const plain = await log.read(0, 200_000, { minOneBatch: true, endOffset: log.logEndOffset });
    for (let i = 0; i < 3; i++) {
      const read = await log.read(0, 200_000, { minOneBatch: true, endOffset: log.logEndOffset, buffers });
      if (read.kind !== 'records' || plain.kind !== 'records') throw new Error('not read');
      expect(read.records.equals(plain.records)).toBe(true);
      buffers.give(read.records);
    }
    expect(buffers.freeBytes).toBe(freeBytes);
  }
});
