// Segments that the official cleaner replaced, cleaned again by ours: the same bytes come out.
import { expect, test } from 'vitest';
import type { MemoryFileSystem } from '../../../src/io/memory-file-system.ts';
import { readOffsetCheckpoint } from '../../../src/log/checkpoint-file.ts';
import * as header from '../../../src/wire/records/record-batch.ts';
import { letClean, readCommitted, startCleaner } from '../../support/compaction.ts';
import { readExpectedDirectory, unpackDataDirectory } from '../../support/data-directory.ts';
import { defaultLogConfig, NEVER_MS, openLogDirectory, readBatches, VirtualTime } from '../../support/logs.ts';

const STOPPED_MS = 1_795_242_000_000;

/** The official cleaner's output, with the moment at which it cleaned where a delete horizon tells. */
function official(path: string, deleteRetentionMs: number): { files: Map<string, Buffer>; cleanedMs: number | null } {
  const fileSystem = unpackDataDirectory('main', '/data');
  const files = new Map<string, Buffer>();
  let cleanedMs: number | null = null;
  for (const name of fileSystem.list(path)) {
    if (!/^\d+\.(log|index|timeindex|txnindex)$/.test(name)) continue;
    const bytes = fileSystem.readFile(`${path}/${name}`);
    files.set(name, bytes);
    if (!name.endsWith('.log')) continue;
    for (let at = 0; at < bytes.length; at += header.sizeInBytes(bytes, at)) {
      const horizonMs = header.deleteHorizonMs(bytes, at);
      if (horizonMs !== null) cleanedMs = horizonMs - deleteRetentionMs;
    }
  }
  return { files, cleanedMs };
}

/**
 * Gives the replaced segments their names again. Where there were two cleanings, the first one's output took the place of
 * some of its sources; these stay away.
 */
function restoreReplaced(fileSystem: MemoryFileSystem, path: string): void {
  let endOffset = 0;
  for (const file of fileSystem.list(path)) {
    const match = /^(\d+)\.log\.deleted$/.exec(file);
    if (match === null) continue;
    if (Number(match[1]) < endOffset) continue;
    const bytes = fileSystem.readFile(`${path}/${file}`);
    for (let at = 0; at < bytes.length; at += header.sizeInBytes(bytes, at)) endOffset = header.nextOffset(bytes, at);
    for (const suffix of ['log', 'index', 'timeindex', 'txnindex', 'snapshot']) {
      const name = `${path}/${match[1]}.${suffix}`;
      if (fileSystem.exists(`${name}.deleted`)) fileSystem.rename(`${name}.deleted`, name);
    }
  }
}

test.each(['compacted-0', 'compacted-1', 'compacted-and-deleted-0', 'compacted-short-0', 'compacted-txn-0'])(
  '%s',
  async (name) => {
    const path = `/data/${name}`;
    const topic = name.slice(0, name.lastIndexOf('-'));
    const configs = readExpectedDirectory('main').topics.find((candidate) => candidate.name === topic)!.configs;
    const deleteRetentionMs = Number(configs['delete.retention.ms'] ?? defaultLogConfig.deleteRetentionMs);
    const { files, cleanedMs } = official(path, deleteRetentionMs);

    const fileSystem = unpackDataDirectory('main', '/data');
    restoreReplaced(fileSystem, path);
    fileSystem.remove('/data/cleaner-offset-checkpoint');
    const time = new VirtualTime((cleanedMs ?? STOPPED_MS) - 1000);
    const directory = openLogDirectory(fileSystem, { producerIdExpirationMs: () => NEVER_MS, time });
    const logs = await directory.loadLogs((found) =>
      found.topic === topic
        ? {
            ...defaultLogConfig,
            cleanupPolicy: { compact: true, delete: false },
            indexIntervalBytes: Number(configs['index.interval.bytes'] ?? 4096),
            minCleanableDirtyRatio: 0.01,
            deleteRetentionMs,
          }
        : null,
    );
    const log = logs.find(({ directory: found }) => found === path)!;
    startCleaner(directory, fileSystem, time, {
      highWatermark: (asked) => (asked === log ? asked.writtenEndOffset : null),
    });
    await letClean(time);
    await log.flush();
    expect(readOffsetCheckpoint(fileSystem, '/data/cleaner-offset-checkpoint').get(name)).toBeGreaterThan(0);
    const wanted = readExpectedDirectory('main').partitions.find(
      (candidate) => `${candidate.topic}-${candidate.partition}` === name,
    )!;
    for (const [file, bytes] of files) {
      expect(fileSystem.exists(`${path}/${file}`), file).toBe(true);
      expect(fileSystem.readFile(`${path}/${file}`).toString('hex'), file).toBe(bytes.toString('hex'));
    }
    expect((await readCommitted(log, log.writtenEndOffset)).map(({ offset }) => offset)).toEqual(
      wanted.readCommitted === 'same' ? wanted.records.map(({ offset }) => offset) : wanted.readCommitted,
    );
    expect((await readBatches(log)).length).toBeGreaterThan(0);
  },
);
