/**
 * Every act of the log that changes files, crashed before each of its changes and in the middle of each of its writes (all of
 * them, not a sample), in each of the ways of `CRASHES`. What the next start finds must keep the promises of docs/durability.md,
 * and keep them again when the power goes right after that start.
 */
import { describe, expect, test } from 'vitest';
import type { LogConfig } from '../../../src/log/log-config.ts';
import type { LogDirectory } from '../../../src/log/log-directory.ts';
import type { PartitionLog } from '../../../src/log/partition-log.ts';
import { letClean, startCleaner } from '../../support/compaction.ts';
import { type Bounds, LogHistory } from '../../support/log-history.ts';
import { append, batchOf, openLog, readValues, VirtualTime } from '../../support/logs.ts';
import { CRASHES, CRASHES_IN_ORDER, type Crash, crashPoints, SimulatedDisk } from '../../support/simulated-disk.ts';

const CONFIG: Partial<LogConfig> = { indexIntervalBytes: 100, fileDeleteDelayMs: 1000 };
const FLUSHING: Partial<LogConfig> = { ...CONFIG, flushMessages: 1 };

interface Scene {
  readonly disk: SimulatedDisk;
  readonly directory: LogDirectory;
  readonly log: PartitionLog;
  readonly time: VirtualTime;
  readonly history: LogHistory;
}

/** At a crash point. */
interface State extends Bounds {
  readonly history: LogHistory;
  readonly flushedEndOffset: number;
}

function newDisk(): SimulatedDisk {
  const disk = new SimulatedDisk({ seed: 20_260 });
  disk.makeDirectory('/data');
  disk.syncDirectory('/');
  return disk;
}

/** As if all this had been so for a while. */
function syncAll(disk: SimulatedDisk): void {
  for (const folder of ['/data', '/data/t-0']) {
    for (const name of disk.list(folder)) {
      if (disk.stat(`${folder}/${name}`).isDirectory) continue;
      const handle = disk.open(`${folder}/${name}`, 'write');
      handle.syncSync();
      handle.close();
    }
    disk.syncDirectory(folder);
  }
}

async function newScene(config: Partial<LogConfig> = CONFIG): Promise<Scene> {
  const disk = newDisk();
  const time = new VirtualTime();
  const { directory, log } = await openLog(disk, config, { time });
  return { disk, directory, log, time, history: new LogHistory() };
}

async function filledScene(config: Partial<LogConfig> = CONFIG): Promise<Scene> {
  const scene = await newScene(config);
  await scene.history.fill(scene.log);
  await scene.log.flush();
  scene.directory.checkpoint();
  return scene;
}

/** Microtasks, and what became due. */
async function settle(time: VirtualTime, ms = 0): Promise<void> {
  for (let turn = 0; turn < 5; turn++) {
    for (let i = 0; i < 20; i++) await null;
    time.advance(turn === 0 ? ms : 0);
  }
}

/**
 * Crashes `act` at each point. `start`: where the log may begin, when it is not where it begins now.
 */
async function crashEverywhere(
  scene: Scene,
  act: () => Promise<void>,
  expected: { readonly start?: readonly number[]; readonly crashes?: readonly Crash[] } = {},
): Promise<void> {
  const { disk, log, history } = scene;
  const points = await crashPoints(
    disk,
    act,
    (): State => ({
      history: history.copy(),
      start: expected.start ?? [log.logStartOffset],
      endMin: history.acknowledgedEndOffset,
      endMax: history.endOffset,
      flushedEndOffset: log.flushedEndOffset,
    }),
    expected.crashes,
  );
  expect(points.length).toBeGreaterThan(6);
  for (const { before, crash, state, disk: crashed } of points) {
    await expectSound(crashed, state, `${crash} before ${before}`);
  }
}

async function expectSound(
  crashed: SimulatedDisk,
  state: State,
  what: string,
  config: Partial<LogConfig> = CONFIG,
): Promise<void> {
  const time = new VirtualTime();
  const bounds = what.startsWith('kill') ? state : { ...state, endMin: state.flushedEndOffset };
  const { log, directory } = await openLog(crashed, config, { time }).catch((error: unknown) => {
    throw new Error(`${what}: the directory does not open: ${String(error)}`, { cause: error });
  });
  await state.history.check(log, bounds, what);
  const endOffset = log.logEndOffset;
  const startOffset = log.logStartOffset;

  // What this start serves, no power loss takes away (KAFKA-10101).
  const again = await openLog(crashed.crashClone('power-loss'), config, { time: new VirtualTime() });
  await state.history.check(
    again.log,
    // Old segments that were deleted may come back until they are deleted again.
    { start: state.start.filter((offset) => offset <= startOffset), endMin: endOffset, endMax: endOffset },
    `${what}, then a power loss`,
  );
  again.directory.abandon();

  // And it goes on: appends, a clean stop, a start.
  expect(await append(log, batchOf(['on']), 2), what).toBe(endOffset);
  expect((await readValues(log)).at(-1), what).toBe('on');
  await directory.close({ brokerEpoch: 1 });
  const last = await openLog(crashed, config, { time });
  expect(last.log.logEndOffset, `${what}, then a clean stop`).toBe(endOffset + 1);
  last.directory.abandon();
  const left = crashed.list('/data/t-0').filter((name) => /\.(cleaned|swap)$/.test(name));
  expect(left, what).toEqual([]);
}

describe('a crash at every point of', () => {
  test.each([
    ['without flush.messages', CONFIG, CRASHES_IN_ORDER],
    ['with flush.messages=1', FLUSHING, CRASHES],
  ])('creating a log, appending and rolling, %s', { timeout: 60_000 }, async (_name, config, crashes) => {
    const disk = newDisk();
    const time = new VirtualTime();
    const history = new LogHistory();
    let log: PartitionLog | null = null;
    const points = await crashPoints(
      disk,
      async () => {
        log = (await openLog(disk, config, { time })).log;
        await history.fill(log);
        await log.flush();
      },
      (): State => ({
        history: history.copy(),
        start: [0],
        endMin: history.acknowledgedEndOffset,
        endMax: history.endOffset,
        flushedEndOffset: config === FLUSHING ? history.acknowledgedEndOffset : (log?.flushedEndOffset ?? 0),
      }),
      crashes,
    );
    for (const { before, crash, state, disk: crashed } of points) {
      await expectSound(crashed, state, `${crash} before ${before}`, config);
    }
  });

  test('a checkpoint, with appends on both sides of it', async () => {
    const scene = await filledScene();
    const { directory, log, history, time } = scene;
    await crashEverywhere(scene, async () => {
      await history.append(log, 2, { producerId: 7 });
      await log.flush();
      directory.checkpoint();
      await history.append(log, 1);
      directory.checkpointHighWatermarks(new Map([['t-0', history.endOffset]]));
      await settle(time, 60_000);
    });
  });

  test('a clean stop', async () => {
    const scene = await filledScene();
    await scene.history.append(scene.log, 2, { producerId: 7 });
    await crashEverywhere(scene, () => scene.directory.close({ brokerEpoch: 3 }));
  });

  test('the deletion of old segments', async () => {
    const scene = await filledScene();
    const { log, time, history } = scene;
    const [first, second] = log.deletableSegments();
    await crashEverywhere(
      scene,
      async () => {
        expect(log.deleteSegmentsBefore(second!.endOffset)).toBe(2);
        await history.append(log, 1, { producerId: 7 });
        await log.flush();
        await settle(time, 2000);
      },
      { start: [0, first!.endOffset, second!.endOffset], crashes: CRASHES_IN_ORDER },
    );
  });

  test('DeleteRecords', async () => {
    const scene = await filledScene();
    const { log, time } = scene;
    await crashEverywhere(
      scene,
      async () => {
        log.advanceLogStartOffset(7);
        await settle(time, 1000);
        await log.flush();
      },
      { start: [0, 7] },
    );
  });

  test.each([4, 6, 8, 11, 15])('a truncation to %i, and appends behind it', { timeout: 60_000 }, async (offset) => {
    const scene = await filledScene();
    const { log, history } = scene;
    const before = history.copy();
    const cutEnd = before.batches.findLast(({ endOffset }) => endOffset <= offset)!.endOffset;
    let done = false;
    const points = await crashPoints(
      scene.disk,
      async () => {
        await log.truncateTo(offset);
        expect(log.logEndOffset).toBe(cutEnd);
        history.truncate(offset);
        done = true;
        await history.append(log, 3, { producerId: 7 });
        await log.flush();
      },
      () => ({
        history: done ? history.copy() : before,
        start: [0],
        endMin: done ? history.acknowledgedEndOffset : cutEnd,
        endMax: done ? history.endOffset : before.endOffset,
        flushedEndOffset: Math.min(log.flushedEndOffset, cutEnd),
      }),
    );
    for (const { before: change, crash, state, disk } of points)
      await expectSound(disk, state, `${crash} before ${change}`);
  });

  test('starting anew at an offset', async () => {
    const scene = await filledScene();
    const { log, history } = scene;
    const before = history.copy();
    const points = await crashPoints(
      scene.disk,
      () => log.truncateFullyAndStartAt(100),
      () => null,
      CRASHES_IN_ORDER,
    );
    for (const { before: change, crash, disk } of points) {
      const what = `${crash} before ${change}`;
      const { log: found, directory } = await openLog(disk, CONFIG);
      // Nothing of it was to stay: the old log, a front of it, or none; never something else.
      const isNew = found.logStartOffset === 100;
      const front = { start: [0], endMin: 0, endMax: before.endOffset };
      const empty = { start: [100], endMin: 100, endMax: 100 };
      if (isNew) expect([found.logEndOffset, await readValues(found)], what).toEqual([100, []]);
      else await before.check(found, front, what);
      if (change === 'the end') expect([found.logStartOffset, found.logEndOffset], what).toEqual([empty.endMin, 100]);
      directory.abandon();
    }
  });

  test('the deletion of a topic, and its creation anew', async () => {
    const scene = await filledScene();
    const { directory, log, time, history, disk } = scene;
    let phase: 'old' | 'deleting' | 'new' = 'old';
    const points = await crashPoints(
      disk,
      async () => {
        phase = 'deleting';
        directory.deleteLog('t', 0);
        await settle(time, 0);
        phase = 'new';
        const made = directory.createLog({ topic: 't', partition: 0, topicId: log.topicId, config: log.config });
        await append(made, batchOf(['new']));
        await made.flush();
        directory.checkpoint();
        await settle(time, 5000);
      },
      () => phase,
    );
    for (const { before, crash, state, disk: crashed } of points) {
      const what = `${crash} before ${before}`;
      const { log: found, directory: opened } = await openLog(crashed, CONFIG);
      const values = await readValues(found);
      // All of the old log, or nothing of it.
      if (values.length > 1) await history.check(found, { start: [0], endMin: 0, endMax: history.endOffset }, what);
      else if (values.length === 1) expect(values, what).toEqual(['new']);
      else expect([found.logStartOffset, found.logEndOffset], what).toEqual([0, 0]);
      if (before === 'the end') expect(values, what).toEqual(['new']);
      if (state === 'old') expect(values.length, what).toBeGreaterThan(1);
      opened.abandon();
    }
  });

  describe('a start', () => {
    const befores: readonly [string, (scene: Scene) => Promise<SimulatedDisk>][] = [
      ['after a kill', async ({ disk }) => disk.crashClone('kill')],
      [
        'after a kill, without checkpoints and indexes',
        async ({ disk }) => {
          const killed = disk.crashClone('kill');
          killed.remove('/data/recovery-point-offset-checkpoint');
          for (const name of killed.list('/data/t-0')) {
            if (/\.(index|timeindex|txnindex|snapshot)$/.test(name)) killed.remove(`/data/t-0/${name}`);
          }
          syncAll(killed);
          return killed;
        },
      ],
      [
        'after a kill in the middle of a write',
        async ({ disk }) => {
          const killed = disk.crashClone('kill');
          const name = killed.list('/data/t-0').findLast((each) => each.endsWith('.log'))!;
          const handle = killed.open(`/data/t-0/${name}`, 'write');
          handle.writevSync([Buffer.alloc(100, 9)], handle.size());
          handle.close();
          return killed;
        },
      ],
      [
        'after a clean stop',
        async ({ disk, directory }) => {
          await directory.close({ brokerEpoch: 1 });
          return disk.crashClone('kill');
        },
      ],
    ];
    test.each(befores)('%s', { timeout: 60_000 }, async (_name, prepare) => {
      const scene = await filledScene();
      await scene.history.append(scene.log, 2, { producerId: 7 });
      const { history } = scene;
      const disk = await prepare(scene);
      const flushedEndOffset = scene.log.flushedEndOffset;
      const points = await crashPoints(
        disk,
        async () => {
          await openLog(disk, CONFIG);
        },
        (): State => ({
          ...{ history, start: [0], endMin: history.endOffset, endMax: history.endOffset },
          flushedEndOffset,
        }),
      );
      expect(points.length).toBeGreaterThan(8);
      for (const { before, crash, state, disk: crashed } of points) {
        await expectSound(crashed, state, `${crash} before ${before}`);
      }
    });

    test('that cuts a log in the middle', { timeout: 60_000 }, async () => {
      const scene = await filledScene();
      const { history, disk } = scene;
      const killed = disk.crashClone('kill');
      killed.remove('/data/recovery-point-offset-checkpoint');
      const second = killed.list('/data/t-0').filter((each) => each.endsWith('.log'))[1]!;
      const path = `/data/t-0/${second}`;
      const bytes = killed.readFile(path);
      bytes[bytes.length - 3]! ^= 1;
      killed.writeFile(path, bytes);
      syncAll(killed);
      const endOffset = 9;
      const points = await crashPoints(
        killed,
        async () => {
          expect((await openLog(killed, CONFIG)).log.logEndOffset).toBe(endOffset);
        },
        (): State => ({
          ...{ history, start: [0], endMin: endOffset, endMax: endOffset, flushedEndOffset: endOffset },
        }),
      );
      for (const { before, crash, state, disk: crashed } of points) {
        await expectSound(crashed, state, `${crash} before ${before}`);
      }
    });
  });

  test('a compaction: swap, checkpoint, removal of the old files', { timeout: 60_000 }, async () => {
    const config: Partial<LogConfig> = {
      ...CONFIG,
      cleanupPolicy: { compact: true, delete: false },
      minCleanableDirtyRatio: 0,
    };
    const { disk, directory, log, time } = await newScene(config);
    startCleaner(directory, disk, time);
    const keyed = (pairs: string, baseSequence: number) =>
      batchOf([], {
        producerId: 7,
        producerEpoch: 0,
        baseSequence,
        records: pairs.split(' ').map((pair) => {
          const [key, value] = pair.split('=');
          return { key: Buffer.from(key!), value: Buffer.from(value!) };
        }),
      });
    const appended = ['a=1 b=1', 'c=1 a=2', 'b=2 d=1', 'a=3 d=2'];
    for (const [index, pairs] of appended.entries()) {
      await append(log, keyed(pairs, index * 2));
      log.roll();
    }
    await append(log, keyed('e=1', 8));
    await log.flush();
    directory.checkpoint();
    const points = await crashPoints(
      disk,
      async () => {
        await letClean(time);
        await log.flush();
        await settle(time, 60_000);
      },
      () => null,
    );
    expect(await readValues(log)).toEqual(['1', '2', '3', '2', '1']);
    expect(points.some(({ before }) => before.includes('.swap to'))).toBe(true);
    for (const { before, crash, disk: crashed } of points) {
      const what = `${crash} before ${before}`;
      for (const round of ['the first start', 'a power loss and another']) {
        const found = await openLog(round === 'the first start' ? crashed : crashed.crashClone('power-loss'), config);
        expect(found.log.logEndOffset, `${what}: ${round}`).toBe(9);
        const values = (await readValues(found.log)).join(' ');
        expect(['1 1 1 2 2 1 3 2 1', '1 2 3 2 1'], `${what}: ${round}`).toContain(values);
        expect(
          found.log.appendAsLeader(keyed('e=1', 8), { leaderEpoch: 0, origin: 'client' }),
          `${what}: ${round}`,
        ).toMatchObject({ kind: 'duplicate', firstOffset: 8 });
      }
    }
  });
});
