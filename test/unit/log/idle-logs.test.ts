/** What ten thousand partitions that nobody writes to cost: close to nothing, at the start, at the stop and in between. */
import { describe, expect, test } from 'vitest';
import { append, batchOf, defaultLogConfig, openLogDirectory, readValues, TOPIC_ID } from '../../support/logs.ts';
import { type DiskOperation, SimulatedDisk } from '../../support/simulated-disk.ts';

const LOG_FILE = '00000000000000000000.log';

function newDisk(): SimulatedDisk {
  const disk = new SimulatedDisk();
  disk.makeDirectory('/data');
  disk.syncDirectory('/');
  return disk;
}

async function openLogs(disk: SimulatedDisk) {
  const directory = openLogDirectory(disk);
  await directory.loadLogs(() => defaultLogConfig);
  return directory;
}

function create(directory: Awaited<ReturnType<typeof openLogs>>, partition: number) {
  return directory.createLog({ topic: 't', partition, topicId: TOPIC_ID, config: defaultLogConfig });
}

/** What is asked of the disk within the partitions' folders. */
async function operationsOf(disk: SimulatedDisk, act: () => unknown): Promise<string[]> {
  const operations: string[] = [];
  disk.fault = ({ kind, path }: DiskOperation) => {
    if (path.startsWith('/data/t-')) operations.push(`${kind} ${path}`);
    return null;
  };
  await act();
  disk.fault = null;
  return operations;
}

describe('a log without records', () => {
  test('is a folder with its topic id; the first record brings the segment', async () => {
    const disk = newDisk();
    const directory = await openLogs(disk);
    const log = create(directory, 0);
    expect(disk.list('/data/t-0')).toEqual(['partition.metadata']);
    await append(log, batchOf(['a']));
    expect(disk.list('/data/t-0')).toEqual([LOG_FILE, 'leader-epoch-checkpoint', 'partition.metadata']);
    expect(await readValues(log)).toEqual(['a']);
  });

  test('answers as any log does', async () => {
    const directory = await openLogs(newDisk());
    const log = create(directory, 0);
    expect(log.read(0, 100, { minOneBatch: true, endOffset: 0 })).toMatchObject({ kind: 'records', nextOffset: 0 });
    expect(await log.offsetForTimestamp(0)).toBeNull();
    expect(await log.maxTimestampOffset()).toBeNull();
    expect(log.deleteOldSegments(0)).toBe(0);
    expect(log.abortedTransactions(0, 0)).toEqual([]);
    log.roll();
    await log.flush();
    await log.truncateTo(0);
    expect(log).toMatchObject({ sizeInBytes: 0, segmentCount: 1, logStartOffset: 0, logEndOffset: 0 });
  });

  test('and its like share one sync of the folder above them, at their first records and at the stop', async () => {
    const disk = newDisk();
    const directory = await openLogs(disk);
    const logs = Array.from({ length: 20 }, (_, partition) => create(directory, partition));
    for (const log of logs) await append(log, batchOf(['a']));
    let syncs = 0;
    disk.fault = ({ kind, path }) => {
      if (kind === 'sync-directory' && path === '/data') syncs++;
      return null;
    };
    await Promise.all(logs.map((log) => log.flush()));
    expect(syncs).toBe(1);
    create(directory, 20);
    await append(create(directory, 21), batchOf(['a']));
    await directory.close({ brokerEpoch: 1 });
    disk.fault = null;
    const found = await openLogs(disk.crashClone('power-loss'));
    for (let partition = 0; partition < 20; partition++)
      expect(await readValues(found.log('t', partition)!)).toEqual(['a']);
    expect(await readValues(found.log('t', 21)!)).toEqual(['a']);
  });

  test('is found again after a clean stop, with its topic id', async () => {
    const disk = newDisk();
    const first = await openLogs(disk);
    create(first, 0);
    await first.close({ brokerEpoch: 1 });
    const log = (await openLogs(disk)).log('t', 0)!;
    expect(log.topicId).toBe(TOPIC_ID);
    await append(log, batchOf(['a']));
    expect(await readValues(log)).toEqual(['a']);
  });

  test('keeps its first record through a power failure, also where it was flushed before', async () => {
    const disk = newDisk();
    const log = create(await openLogs(disk), 0);
    await log.flush();
    await append(log, batchOf(['a']));
    await log.flush();
    const reopened = (await openLogs(disk.crashClone('power-loss'))).log('t', 0)!;
    expect(reopened.topicId).toBe(TOPIC_ID);
    expect(await readValues(reopened)).toEqual(['a']);
  });

  test('costs no look at the disk when it gets a leader and when it is closed', async () => {
    const disk = newDisk();
    const directory = await openLogs(disk);
    const log = create(directory, 0);
    const operations = await operationsOf(disk, async () => {
      log.assignEpochStartOffset(3, 0);
      await directory.close({ brokerEpoch: 1 });
    });
    expect(operations).toEqual([]);
  });
});

describe('a log that nobody wrote to since the last clean stop', () => {
  async function stopped(): Promise<SimulatedDisk> {
    const disk = newDisk();
    const directory = await openLogs(disk);
    await append(create(directory, 0), batchOf(['a', 'b']));
    await directory.close({ brokerEpoch: 1 });
    return disk;
  }

  test('is closed without a look at the disk, and is there as before', async () => {
    const disk = await stopped();
    const directory = await openLogs(disk);
    directory.log('t', 0)!.assignEpochStartOffset(5, 2);
    expect(await operationsOf(disk, () => directory.close({ brokerEpoch: 2 }))).toEqual([]);
    const log = (await openLogs(disk.crashClone('power-loss'))).log('t', 0)!;
    expect(await readValues(log)).toEqual(['a', 'b']);
    expect(log.leaderEpochs).toEqual([{ epoch: 0, startOffset: 0 }]);
  });

  test('that was recovered is written at its stop, and the next start finds it clean', async () => {
    const disk = (await stopped()).crashClone('kill');
    disk.remove('/data/.kafka_cleanshutdown');
    disk.remove('/data/t-0/00000000000000000000.index');
    const directory = await openLogs(disk);
    expect(disk.exists('/data/t-0/00000000000000000000.index')).toBe(false);
    await directory.close({ brokerEpoch: 2 });
    expect(disk.exists('/data/t-0/00000000000000000000.index')).toBe(true);
    const next = await openLogs(disk);
    expect(await operationsOf(disk, () => next.close({ brokerEpoch: 3 }))).toEqual([]);
  });
});

describe('an epoch without records', () => {
  test('answers followers at once, and is in the file before its first record', async () => {
    const disk = newDisk();
    const log = create(await openLogs(disk), 0);
    await append(log, batchOf(['a']), 1);
    log.assignEpochStartOffset(4, 1);
    expect(log.latestEpoch).toBe(4);
    expect(log.endOffsetForEpoch(1)).toEqual({ leaderEpoch: 1, endOffset: 1 });
    const checkpoint = () => disk.readFile('/data/t-0/leader-epoch-checkpoint').toString();
    expect(checkpoint()).toBe('0\n1\n1 0\n');
    await append(log, batchOf(['b']), 4);
    expect(checkpoint()).toBe('0\n2\n1 0\n4 1\n');
  });

  test('is in the file before the first record also where the record is of a later one', async () => {
    const disk = newDisk();
    const log = create(await openLogs(disk), 0);
    log.assignEpochStartOffset(2, 0);
    await append(log, batchOf(['a']), 3);
    expect(log.leaderEpochs).toEqual([{ epoch: 3, startOffset: 0 }]);
    const { leaderEpochs } = (await openLogs(disk.crashClone('kill'))).log('t', 0)!;
    expect(leaderEpochs).toEqual([{ epoch: 3, startOffset: 0 }]);
  });
});
