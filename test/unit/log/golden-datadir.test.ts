// Opens directories that the official broker made and left, and compares with what its clients saw and its tools dumped.
import { dirname } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { MemoryFileSystem } from '../../../src/io/memory-file-system.ts';
import type { LogDirectory } from '../../../src/log/log-directory.ts';
import { SegmentPlace } from '../../../src/log/log-files.ts';
import { OffsetIndex } from '../../../src/log/offset-index.ts';
import type { PartitionLog } from '../../../src/log/partition-log.ts';
import { readProducerSnapshot } from '../../../src/log/producer-snapshot.ts';
import { TimeIndex } from '../../../src/log/time-index.ts';
import { TransactionIndex } from '../../../src/log/transaction-index.ts';
import * as header from '../../../src/wire/records/record-batch.ts';
import { readRecords } from '../../../src/wire/records/records.ts';
import {
  type ExpectedDirectory,
  type ExpectedPartition,
  readDumps,
  readExpectedDirectory,
  unpackDataDirectory,
} from '../../support/data-directory.ts';
import { defaultLogConfig, NEVER_MS, openLogDirectory, readAll, readBatches, VirtualTime } from '../../support/logs.ts';

/** Soon after the official brokers were stopped. */
const STOPPED_MS = 1_795_242_000_000;

interface Opened {
  fileSystem: MemoryFileSystem;
  directory: LogDirectory;
  expected: ExpectedDirectory;
}

async function open(
  name: string,
  prepare: (fileSystem: MemoryFileSystem) => void = () => {},
  producerIdExpirationMs = NEVER_MS,
): Promise<Opened> {
  const expected = readExpectedDirectory(name);
  const fileSystem = unpackDataDirectory(name, '/data');
  prepare(fileSystem);
  const directory = openLogDirectory(fileSystem, {
    producerIdExpirationMs: () => producerIdExpirationMs,
    time: new VirtualTime(STOPPED_MS),
  });
  await directory.loadLogs(({ topic }) => {
    const configs = expected.topics.find((candidate) => candidate.name === topic)?.configs;
    if (configs === undefined) return null;
    return {
      ...defaultLogConfig,
      indexIntervalBytes: Number(configs['index.interval.bytes'] ?? 4096),
      segmentBytes: Number(configs['segment.bytes'] ?? defaultLogConfig.segmentBytes),
    };
  });
  return { fileSystem, directory, expected };
}

function base64(bytes: Buffer | null): string | null {
  return bytes === null ? null : bytes.toString('base64');
}

async function comparePartition(log: PartitionLog | undefined, expected: ExpectedPartition): Promise<void> {
  expect(log, `${expected.topic}-${expected.partition}`).toBeDefined();
  if (log === undefined) return;
  expect(log.logStartOffset).toBe(expected.logStartOffset);
  expect(log.logEndOffset).toBe(expected.highWatermark);
  expect(log.lastStableOffset(log.logEndOffset)).toBe(expected.lastStableOffset);
  const records = await readAll(log);
  const visible = records
    .filter(({ control }) => !control)
    .map((record) => ({
      offset: record.offset,
      timestamp: record.timestamp,
      ...(record.logAppendTime ? { timestampType: 'LogAppendTime' } : {}),
      key: base64(record.key),
      value: base64(record.value),
      headers: record.headers.map(({ key, value }) => [key, base64(value)]),
      leaderEpoch: record.leaderEpoch,
    }));
  const wanted = expected.records.map((record) => ({
    ...(record.timestampType === undefined ? {} : { timestampType: 'LogAppendTime' }),
    offset: record.offset,
    timestamp: record.timestamp,
    key: record.key,
    value: record.value,
    headers: record.headers ?? [],
    leaderEpoch: record.leaderEpoch ?? 0,
  }));
  expect(visible).toEqual(wanted);
  const max = await log.maxTimestampOffset();
  expect(max === null ? null : { ...max, timestamp: max.timestampMs, timestampMs: undefined }).toEqual(
    expected.maxTimestamp === null || expected.maxTimestamp.offset < 0
      ? null
      : { ...expected.maxTimestamp, timestampMs: undefined },
  );
  for (const { ask, offset, timestamp } of expected.offsetsForTimes ?? []) {
    const found = await log.offsetForTimestamp(ask);
    expect(found && { ask, offset: found.offset, timestamp: found.timestampMs }).toEqual(
      offset === null || offset < 0 ? null : { ask, offset, timestamp },
    );
  }
  // What a read_committed consumer leaves out is what the aborted transactions name, and what is not yet decided.
  const aborted = log.abortedTransactions(log.logStartOffset, log.logEndOffset);
  const committed: number[] = [];
  const lastStableOffset = log.lastStableOffset(log.logEndOffset);
  for (const batch of await batchesOf(log)) {
    for (const offset of batch.offsets) {
      if (offset >= lastStableOffset || offset < log.logStartOffset || batch.control) continue;
      const isAborted =
        batch.transactional &&
        aborted.some((t) => t.producerId === batch.producerId && t.firstOffset <= offset && offset <= t.lastOffset);
      if (!isAborted) committed.push(offset);
    }
  }
  expect(committed).toEqual(
    expected.readCommitted === 'same' ? expected.records.map(({ offset }) => offset) : expected.readCommitted,
  );
}

async function batchesOf(log: PartitionLog) {
  return (await readBatches(log)).map((bytes) => ({
    producerId: header.producerId(bytes, 0),
    transactional: header.isTransactional(header.attributes(bytes, 0)),
    control: header.isControl(header.attributes(bytes, 0)),
    offsets: readRecords(bytes).map(({ offset }) => offset),
  }));
}

/** In the order of their ids; the official broker writes them in its hash map's. */
function producersIn(fileSystem: MemoryFileSystem, path: string) {
  return readProducerSnapshot(fileSystem, path).sort((a, b) => a.producerId - b.producerId);
}

describe.each(['main', 'secure', 'unclean'])('the official %s directory', (name) => {
  let opened: Opened;
  beforeAll(async () => {
    // The killed broker was asked after its restart, when producers whose records are stamped 2023 had expired.
    opened = await open(name, undefined, name === 'unclean' ? 86_400_000 : NEVER_MS);
  });

  test('every partition serves what the official broker served', async () => {
    expect(opened.expected.partitions.length).toBeGreaterThan(0);
    for (const partition of opened.expected.partitions) {
      await comparePartition(opened.directory.log(partition.topic, partition.partition), partition);
    }
  });

  test('the producers are those that DescribeProducers listed', () => {
    for (const { topic, partition } of opened.expected.partitions) {
      const wanted = opened.expected.producers
        .filter((row) => row.topic === topic && row.partition === partition)
        .map((row) => ({
          producerId: row.producerId,
          producerEpoch: row.producerEpoch,
          lastSequence: row.lastSequence,
          lastTimestampMs: row.lastTimestamp,
          coordinatorEpoch: row.coordinatorEpoch ?? -1,
          currentTransactionStartOffset: row.currentTransactionStartOffset ?? -1,
        }))
        .sort((a, b) => a.producerId - b.producerId);
      // All its records are deleted: the official broker forgets the producer at the next start, too.
      if (topic === 'deleted-records' && partition === 1) continue;
      const found = opened.directory.log(topic, partition)!.activeProducers();
      expect(
        found.sort((a, b) => a.producerId - b.producerId),
        `${topic}-${partition}`,
      ).toEqual(wanted);
    }
  });

  test('the metadata log opens', async () => {
    const log = await opened.directory.openMetadataLog(defaultLogConfig);
    expect(log.logEndOffset).toBeGreaterThan(0);
    expect((await readAll(log)).length).toBeGreaterThan(0);
  });
});

describe('recovery of an official directory', () => {
  test('without the clean-shutdown marker gives the same logs', async () => {
    const { directory, expected } = await open('main', (fileSystem) => fileSystem.remove('/data/.kafka_cleanshutdown'));
    expect(directory.cleanShutdownBrokerEpoch).toBeNull();
    for (const partition of expected.partitions) {
      await comparePartition(directory.log(partition.topic, partition.partition), partition);
    }
  });

  test('without indexes, snapshots and checkpoints gives the same logs', async () => {
    const { directory, expected } = await open('main', (fileSystem) => {
      for (const name of fileSystem.list('/data')) {
        if (!fileSystem.stat(`/data/${name}`).isDirectory) continue;
        for (const file of fileSystem.list(`/data/${name}`)) {
          if (/\.(index|timeindex|txnindex|snapshot)$/.test(file)) fileSystem.remove(`/data/${name}/${file}`);
        }
      }
      fileSystem.remove('/data/.kafka_cleanshutdown');
      fileSystem.remove('/data/recovery-point-offset-checkpoint');
    });
    for (const partition of expected.partitions) {
      await comparePartition(directory.log(partition.topic, partition.partition), partition);
    }
  });

  test('builds the very indexes and snapshots that the official broker wrote', async () => {
    const official = unpackDataDirectory('main', '/data');
    const { fileSystem, directory } = await open('main', (prepared) => {
      prepared.remove('/data/.kafka_cleanshutdown');
      prepared.remove('/data/recovery-point-offset-checkpoint');
    });
    await directory.close({ brokerEpoch: 13 });
    let compared = 0;
    for (const name of official.list('/data')) {
      if (!official.stat(`/data/${name}`).isDirectory || name.startsWith('__cluster_metadata')) continue;
      for (const file of official.list(`/data/${name}`)) {
        // Compaction keeps an index entry per cleaned batch group and its own snapshots: denser than recovery's.
        if (name.startsWith('compacted') || name.startsWith('__')) continue;
        if (!/\.(log|index|timeindex|txnindex|snapshot)$/.test(file)) continue;
        const path = `/data/${name}/${file}`;
        expect(fileSystem.exists(path), path).toBe(true);
        compared++;
        if (file.endsWith('.snapshot')) {
          expect(producersIn(fileSystem, path), path).toEqual(producersIn(official, path));
          continue;
        }
        expect(fileSystem.readFile(path).toString('hex'), path).toBe(official.readFile(path).toString('hex'));
      }
    }
    expect(compared).toBeGreaterThan(100);
  });
});

test('the indexes read as the official dump tool prints them', () => {
  const fileSystem = unpackDataDirectory('main', '/data');
  let entries = 0;
  for (const { file, text } of readDumps('main')) {
    if (text === undefined) continue;
    const baseOffset = Number(/(\d+)\.\w+$/.exec(file)?.[1]);
    const place = new SegmentPlace(dirname(`/data/${file}`), baseOffset);
    if (file.endsWith('.index')) {
      const index = new OffsetIndex(fileSystem, place, true);
      const wanted = [...text.matchAll(/^offset: (\d+) position: (\d+)$/gm)];
      expect(index.entryCount, file).toBe(wanted.length);
      wanted.forEach((match, i) => {
        expect(index.entry(i)).toEqual({ offset: Number(match[1]), position: Number(match[2]) });
        entries++;
      });
    } else if (file.endsWith('.timeindex')) {
      const index = new TimeIndex(fileSystem, place, true);
      const wanted = [...text.matchAll(/^timestamp: (-?\d+) offset: (\d+)$/gm)];
      expect(index.entryCount, file).toBe(wanted.length);
      wanted.forEach((match, i) => {
        expect(index.entry(i)).toEqual({ timestampMs: Number(match[1]), offset: Number(match[2]) });
        entries++;
      });
    } else if (file.endsWith('.txnindex')) {
      const index = new TransactionIndex(fileSystem, place, true);
      const wanted = [
        ...text.matchAll(
          /^version: 0 producerId: (\d+) firstOffset: (\d+) lastOffset: (\d+) lastStableOffset: (\d+)$/gm,
        ),
      ];
      expect(index.entryCount, file).toBe(wanted.length);
      wanted.forEach((match, i) => {
        const [producerId, firstOffset, lastOffset, lastStableOffset] = match.slice(1).map(Number);
        expect(index.entry(i)).toEqual({ producerId, firstOffset, lastOffset, lastStableOffset });
        entries++;
      });
    }
  }
  expect(entries).toBeGreaterThan(100);
});
