/**
 * Transactions over real logs, with both coordinators, killed behind every single write to a file: what was committed is
 * there, what was aborted is never seen, and nothing hangs.
 */

import { expect, test } from 'vitest';
import { SimulatedDisk } from '../../support/simulated-disk.ts';
import { FakeTime } from '../replication/fakes.ts';
import { type Producer, settle, World, watched } from './transaction-world.ts';

interface Crash {
  readonly files: SimulatedDisk;
  /** What had been answered by then. */
  readonly committed: number;
  readonly asked: number;
}

test('a crash behind any write loses nothing committed, shows nothing aborted, and leaves nothing hanging', async () => {
  const crashes: Crash[] = [];
  const time = new FakeTime();
  const files = new SimulatedDisk();
  let committed = 0;
  let asked = 0;
  const onWrite = () => crashes.push({ files: files.crashClone('kill'), committed, asked });
  const world = await World.open(watched(files, onWrite), time, 1);

  let { error, producerId, producerEpoch } = await world.init('x');
  expect(error).toBe('NONE');
  // Transactions 1, 3 are committed, 2 is aborted; each has two records and an offset.
  for (const transaction of [1, 2, 3]) {
    const producer: Producer = { transactionalId: 'x', producerId, producerEpoch, version: 2 };
    expect(await world.produce(producer, 0, `${transaction} first`)).toBe('NONE');
    expect(await world.commitOffset(producer, 'g', transaction * 10)).toBe('NONE');
    expect(await world.produce(producer, 1, `${transaction} second`)).toBe('NONE');
    asked = transaction;
    ({ error, producerId, producerEpoch } = await world.end(producer, transaction !== 2));
    expect(error).toBe('NONE');
    if (transaction !== 2) committed = transaction;
    await settle();
  }
  expect(await world.readCommitted()).toEqual(['1 first', '1 second', '3 first', '3 second']);
  expect(await world.committedOffset('g')).toBe(30);
  expect(crashes.length).toBeGreaterThan(20);

  for (const crash of crashes) {
    const later = new FakeTime();
    const after = await World.open(crash.files, later, 2);
    // Past the timeout of whatever was open, and the search for it.
    for (let seconds = 0; seconds < 80; seconds += 10) {
      later.advance(10_000);
      await settle();
    }
    const values = await after.readCommitted();
    const seen = [1, 2, 3].filter((transaction) => values.includes(`${transaction} first`));
    expect(values).toEqual(seen.flatMap((transaction) => [`${transaction} first`, `${transaction} second`]));
    expect(seen).not.toContain(2);
    for (const transaction of [1, 3]) {
      if (transaction <= crash.committed) expect(seen).toContain(transaction);
      if (transaction > crash.asked) expect(seen).not.toContain(transaction);
    }
    // Records and offsets of a transaction are committed together.
    expect(await after.committedOffset('g')).toBe(seen.length === 0 ? -1 : seen.at(-1)! * 10);
    expect(after.unstable()).toBe(0);
    expect(['', 'Empty', 'CompleteCommit', 'CompleteAbort']).toContain(after.state('x'));
    expect((await after.init('x')).error).toBe('NONE');
  }
}, 60_000);
