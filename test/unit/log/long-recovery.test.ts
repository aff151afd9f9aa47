/** Recovery of a large log: in steps, between which the node and other directories get their turn. */
import { describe, expect, test } from 'vitest';
import type { Clock, Timer } from '../../../src/base/clock.ts';
import { type Logger, silentLogger } from '../../../src/base/logger.ts';
import { append, batchOf, defaultLogConfig, openLogDirectory, readValues, TOPIC_ID } from '../../support/logs.ts';
import { SimulatedDisk } from '../../support/simulated-disk.ts';

/** Six seconds pass with every look at the clock; who waits is woken after everyone else had a turn. */
class HurriedTime implements Clock, Timer {
  #ms = 0;
  onTurn: (() => void) | null = null;

  nowMs(): number {
    return 1_700_000_000_000;
  }

  monotonicMs(): number {
    this.#ms += 6000;
    return this.#ms;
  }

  schedule(delayMs: number, action: () => void) {
    const handle = setImmediate(() => {
      if (delayMs === 0) this.onTurn?.();
      action();
    });
    if (delayMs > 0) clearImmediate(handle);
    return { cancel: () => clearImmediate(handle) };
  }
}

async function crashedDisk(paths: readonly string[], segments: number): Promise<SimulatedDisk> {
  const disk = new SimulatedDisk();
  for (const path of paths) {
    const directory = openLogDirectory(disk, { path });
    await directory.loadLogs(() => defaultLogConfig);
    const log = directory.createLog({ topic: 't', partition: 0, topicId: TOPIC_ID, config: defaultLogConfig });
    for (let index = 0; index < segments; index++) {
      await append(log, batchOf([`${index}`]));
      log.roll();
    }
  }
  const crashed = disk.crashClone('kill');
  for (const path of paths) crashed.remove(`${path}/recovery-point-offset-checkpoint`);
  return crashed;
}

function loggerOf(lines: { message: string; fields: object }[]): Logger {
  return { ...silentLogger, info: (message, fields = {}) => lines.push({ message, fields }) };
}

describe('the recovery of a log with many segments', () => {
  test('says how far it is', async () => {
    const disk = await crashedDisk(['/data'], 10);
    const lines: { message: string; fields: object }[] = [];
    const directory = openLogDirectory(disk, { ...timeOf(new HurriedTime()), logger: loggerOf(lines) });
    await directory.loadLogs(() => defaultLogConfig);
    const told = lines.filter(({ message }) => message === 'opening logs').map(({ fields }) => fields);
    expect(told.length).toBeGreaterThan(3);
    expect(told[1]).toMatchObject({ directory: '/data', log: 't-0', segmentsDone: 3, segments: 11, bytesDone: 0 });
    expect(await readValues(directory.log('t', 0)!)).toEqual([...'0123456789']);
  });

  test('lets another directory recover meanwhile', async () => {
    const disk = await crashedDisk(['/one', '/two'], 10);
    const lines: { message: string; fields: object }[] = [];
    const directories = ['/one', '/two'].map((path) =>
      openLogDirectory(disk, { path, ...timeOf(new HurriedTime()), logger: loggerOf(lines) }),
    );
    await Promise.all(directories.map((directory) => directory.loadLogs(() => defaultLogConfig)));
    const turns = lines.flatMap(({ fields }) => ('directory' in fields ? [fields.directory] : []));
    expect(turns.slice(0, 4)).toEqual(['/one', '/two', '/one', '/two']);
    for (const directory of directories) expect(await readValues(directory.log('t', 0)!)).toHaveLength(10);
  });

  test('ends where the directory is closed under it, and changes nothing more', async () => {
    const disk = await crashedDisk(['/data'], 10);
    const time = new HurriedTime();
    const directory = openLogDirectory(disk, timeOf(time));
    const loading = directory.loadLogs(() => defaultLogConfig);
    let changes = 0;
    time.onTurn = () => {
      directory.abandon();
      disk.beforeChange = () => changes++;
    };
    await expect(loading).rejects.toThrow('the log directory was closed');
    expect(changes).toBe(0);
  });
});

test('a segment that is walked in several steps gives every record', async () => {
  const disk = new SimulatedDisk();
  const config = { ...defaultLogConfig, segmentBytes: 0x7fff_ffff, maxMessageBytes: 20_000_000 };
  const directory = openLogDirectory(disk);
  await directory.loadLogs(() => config);
  const log = directory.createLog({ topic: 't', partition: 0, topicId: TOPIC_ID, config });
  for (const letter of 'abcde') await append(log, batchOf([letter.repeat(9_000_000)]));
  const crashed = disk.crashClone('kill');
  const file = '/data/t-0/00000000000000000000.log';
  const torn = crashed.readFile(file);
  crashed.writeFile(file, torn.subarray(0, torn.length - 1));
  const reopened = openLogDirectory(crashed);
  await reopened.loadLogs(() => config);
  const values = await readValues(reopened.log('t', 0)!);
  expect(values.map((value) => value[0])).toEqual([...'abcd']);
  expect(values.every((value) => value.length === 9_000_000)).toBe(true);
});

function timeOf(time: HurriedTime): { clock: Clock; timer: Timer } {
  return { clock: time, timer: time };
}
