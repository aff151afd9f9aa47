// Several log directories of one broker: placement, failures, and what a crash leaves of a move.
import { describe, expect, test } from 'vitest';
import { silentLogger } from '../../../src/base/logger.ts';
import { ONE_UUID, ZERO_UUID } from '../../../src/base/uuid.ts';
import type { FileSystem } from '../../../src/io/file-system.ts';
import { LogDirectories, type LogDirectoriesOptions, type OfflineDirectory } from '../../../src/log/log-directories.ts';
import { LogDirectoryLockedError } from '../../../src/log/storage-error.ts';
import {
  append,
  batchOf,
  defaultLogConfig,
  NOW_MS,
  readAll,
  seededRandom,
  TOPIC_ID,
  VirtualTime,
} from '../../support/logs.ts';
import { SimulatedDisk } from '../../support/simulated-disk.ts';

const ids = { '/a': 'aaaaaaaaaaaaaaaaaaaaaA', '/b': 'bbbbbbbbbbbbbbbbbbbbbA', '/c': 'cccccccccccccccccccccA' } as const;
type Path = keyof typeof ids;

const newDisk = () => new SimulatedDisk({ nowMs: () => NOW_MS });

class Directories {
  readonly offline: OfflineDirectory[] = [];
  readonly all: LogDirectories;

  constructor(
    fileSystem: FileSystem,
    paths: readonly Path[] = ['/a', '/b'],
    options: Partial<LogDirectoriesOptions> = {},
  ) {
    const time = new VirtualTime();
    this.all = LogDirectories.open({
      paths,
      fileSystem,
      clock: time,
      timer: time,
      random: seededRandom(),
      logger: silentLogger,
      producerIdExpirationMs: () => 86_400_000,
      recoveryPointCheckpointIntervalMs: 60_000,
      tailCacheBytesMax: 16_777_216,
      tailCacheBytesMaxPerLog: 1_048_576,
      openFilesMax: 100,
      onOffline: (failed) => this.offline.push(failed),
      ...options,
    });
    for (const directory of this.all.live) directory.identify(ids[directory.path as Path]);
  }

  /** `assigned`: where the metadata has each partition. */
  async load(assigned: Readonly<Record<string, string>> = {}): Promise<this> {
    await this.all.loadLogs(({ topic, partition }) => ({
      config: defaultLogConfig,
      directoryId: assigned[`${topic}-${partition}`] ?? ZERO_UUID,
    }));
    return this;
  }

  create(partition: number, directoryId: string = ZERO_UUID, topic = 't') {
    return this.all.createLog({ topic, partition, topicId: TOPIC_ID, config: defaultLogConfig, directoryId });
  }

  where(partition: number, topic = 't'): string | undefined {
    return this.all.directoryOf(topic, partition)?.path;
  }
}

describe('a new log', () => {
  test('goes where the fewest logs are', async () => {
    const { all } = await new Directories(newDisk()).load();
    const made = Array.from({ length: 5 }, (_, partition) =>
      all.createLog({ topic: 't', partition, topicId: TOPIC_ID, config: defaultLogConfig, directoryId: ZERO_UUID }),
    );
    expect(made.map(({ directory }) => directory)).toEqual(['/a/t-0', '/b/t-1', '/a/t-2', '/b/t-3', '/a/t-4']);
  });

  test('goes where the metadata has it, or where AlterReplicaLogDirs wants it', async () => {
    const directories = await new Directories(newDisk()).load();
    directories.create(0, ids['/b']);
    directories.all.prefer('t', 1, '/b');
    directories.create(1, ids['/a']);
    directories.create(2, ONE_UUID);
    expect([0, 1, 2].map((partition) => directories.where(partition))).toEqual(['/b', '/b', '/a']);
    expect(directories.all.directoryIdOf('t', 1)).toBe(ids['/b']);
    expect(directories.all.misplacedIn('t', 1, ids['/a'])).toBe(ids['/b']);
    expect(directories.all.misplacedIn('t', 1, ids['/b'])).toBeNull();
  });

  test('does not go into a cordoned directory, unless all are', async () => {
    const directories = await new Directories(newDisk()).load();
    expect(directories.all.cordon(['/a'])).toBe(true);
    expect(directories.all.cordon(['/a'])).toBe(false);
    directories.create(0);
    directories.create(1);
    expect([directories.where(0), directories.where(1)]).toEqual(['/b', '/b']);
    expect(directories.all.cordonedIds).toEqual([ids['/a']]);
    directories.all.cordon(['/a', '/b']);
    directories.create(2);
    expect(directories.where(2)).toBe('/a');
  });

  test('is not made anew where the one that the metadata means may lie in a failed directory', async () => {
    const disk = newDisk();
    disk.fault = ({ path }) => (path.startsWith('/b') ? 'EIO' : null);
    const directories = await new Directories(disk).load();
    expect(() => directories.create(0, ids['/b'])).toThrow(/may lie in one of \/b/);
    directories.create(1);
    expect(directories.where(1)).toBe('/a');
  });

  test('is made anew where its directory is configured no more', async () => {
    const directories = await new Directories(newDisk()).load();
    directories.create(0, ids['/c']);
    expect(directories.where(0)).toBe('/a');
  });
});

describe('a failed directory', () => {
  test('leaves the others serving', async () => {
    const disk = newDisk();
    const directories = await new Directories(disk).load();
    const [one, other] = [directories.create(0, ids['/a']), directories.create(1, ids['/b'])];
    await append(one, batchOf(['x']));
    await append(other, batchOf(['x']));
    disk.fault = ({ kind, path }) => (kind === 'write' && path.startsWith('/b') ? 'EIO' : null);
    await expect(append(other, batchOf(['y']))).rejects.toThrow('EIO');
    expect(directories.offline).toMatchObject([{ path: '/b', directoryId: ids['/b'] }]);
    expect(directories.all.log('t', 1)).toBeUndefined();
    expect(other.offline).toBe(true);
    await append(one, batchOf(['y']));
    expect((await readAll(one)).map(({ value }) => String(value))).toEqual(['x', 'y']);
    expect(directories.all.live.map(({ path }) => path)).toEqual(['/a']);
    // The stop is not a clean one for the broker: it may not say that it has everything it had.
    await directories.all.close({ brokerEpoch: 7 });
    disk.fault = null;
    expect(new Directories(disk).all.cleanShutdownBrokerEpoch).toBeNull();
  });

  test('may have failed before the start, or while its logs are opened', async () => {
    const disk = newDisk();
    const before = await new Directories(disk).load();
    for (const partition of [0, 1]) await append(before.create(partition), batchOf(['x']));
    await before.all.close({ brokerEpoch: 7 });
    for (const operation of ['read', 'list'] as const) {
      disk.fault = ({ kind, path }) => (kind === operation && path.startsWith('/b') ? 'EIO' : null);
      const after = await new Directories(disk).load();
      expect(after.offline.map(({ path }) => path)).toEqual(['/b']);
      expect(after.all.log('t', 0)?.logEndOffset).toBe(1);
      expect(after.all.log('t', 1)).toBeUndefined();
      await after.all.close({ brokerEpoch: 8 });
    }
    disk.fault = null;
    const repaired = await new Directories(disk).load();
    expect(repaired.all.log('t', 1)?.logEndOffset).toBe(1);
  });
});

describe('the epoch of the last clean stop', () => {
  const epochs = async (a: number | null, b: number | null) => {
    const disk = newDisk();
    for (const [path, brokerEpoch] of [
      ['/a', a],
      ['/b', b],
    ] as const) {
      const one = await new Directories(disk, [path]).load();
      if (brokerEpoch === null) one.all.abandon();
      else await one.all.close({ brokerEpoch });
    }
    return new Directories(disk).all.cleanShutdownBrokerEpoch;
  };

  test('is that of all directories', async () => {
    expect(await epochs(5, 5)).toBe(5);
    expect(await epochs(5, 6)).toBe(-1);
    expect(await epochs(5, null)).toBeNull();
    expect(await epochs(null, null)).toBeNull();
  });
});

test('a directory that another broker uses stops the start, and gives the others back', () => {
  const disk = newDisk();
  const other = new Directories(disk, ['/b']);
  expect(() => new Directories(disk)).toThrow(LogDirectoryLockedError);
  other.all.abandon();
  expect(new Directories(disk).all.live).toHaveLength(2);
});

describe('a log in two directories', () => {
  const twins = async () => {
    const disk = newDisk();
    for (const [path, count] of [
      ['/a', 3],
      ['/b', 2],
    ] as const) {
      const one = await new Directories(disk, [path]).load();
      const log = one.create(0);
      for (let i = 0; i < count; i++) await append(log, batchOf(['x']));
      await one.all.close({ brokerEpoch: 1 });
    }
    return disk;
  };

  test('is the one that the metadata names; the other goes', async () => {
    const disk = await twins();
    const directories = await new Directories(disk).load({ 't-0': ids['/b'] });
    expect(directories.where(0)).toBe('/b');
    expect(directories.all.log('t', 0)?.logEndOffset).toBe(2);
    expect(disk.list('/a').filter((name) => name.startsWith('t-0'))).toEqual([expect.stringMatching(/-delete$/)]);
  });

  test('stops the start where the metadata names neither', async () => {
    await expect(new Directories(await twins()).load()).rejects.toThrow(/found in both \/a and \/b/);
  });
});

describe('a copy that was on its way', () => {
  const moving = async (current: number, copied: number) => {
    const disk = newDisk();
    const before = await new Directories(disk).load();
    const log = before.create(0, ids['/a']);
    const future = before.all.directory('/b')!.createFutureLog({
      topic: 't',
      partition: 0,
      topicId: TOPIC_ID,
      config: defaultLogConfig,
    });
    for (let i = 0; i < current; i++) await append(log, batchOf([`${i}`]));
    for (let i = 0; i < copied; i++) await append(future, batchOf([`${i}`]));
    before.all.abandon();
    return disk;
  };

  test('is still one after a restart, with what it had', async () => {
    const after = await new Directories(await moving(3, 2)).load({ 't-0': ids['/a'] });
    expect(after.where(0)).toBe('/a');
    expect(after.all.future('t', 0)?.log.logEndOffset).toBe(2);
    expect(after.all.future('t', 0)?.directory.path).toBe('/b');
  });

  test('becomes the log when the metadata says so and nothing is missing', async () => {
    const disk = await moving(2, 2);
    const after = await new Directories(disk).load({ 't-0': ids['/b'] });
    expect(after.where(0)).toBe('/b');
    expect(after.all.future('t', 0)).toBeUndefined();
    expect(disk.exists('/b/t-0')).toBe(true);
    expect(disk.exists('/a/t-0')).toBe(false);
    await append(after.all.log('t', 0)!, batchOf(['2']));
    await after.all.close({ brokerEpoch: 1 });
    const again = await new Directories(disk).load({ 't-0': ids['/b'] });
    expect(again.all.log('t', 0)?.logEndOffset).toBe(3);
  });

  test('does not become the log while the log has more', async () => {
    const after = await new Directories(await moving(3, 2)).load({ 't-0': ids['/b'] });
    expect(after.where(0)).toBe('/a');
    expect(after.all.misplacedIn('t', 0, ids['/b'])).toBeNull();
  });

  test('becomes the log when the log is gone with its directory', async () => {
    const disk = await moving(3, 2);
    const after = await new Directories(disk, ['/b']).load({ 't-0': ids['/b'] });
    expect(after.all.log('t', 0)?.logEndOffset).toBe(2);
  });

  test('goes when its partition goes', async () => {
    const disk = await moving(1, 1);
    const after = await new Directories(disk).load({ 't-0': ids['/a'] });
    expect(after.all.deleteLog('t', 0)).toBe(true);
    const left = [...disk.list('/a'), ...disk.list('/b')].filter((name) => name.startsWith('t-0'));
    expect(left).toEqual([expect.stringMatching(/-delete$/), expect.stringMatching(/-delete$/)]);
  });
});
