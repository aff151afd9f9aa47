/**
 * Random histories of a compacted log: keyed records of plain, idempotent and transactional producers, tombstones, rolls,
 * waits, cleanings, truncations, restarts and kills. After each cleaning, and after a crash at any point of one, a consumer
 * sees the same last value of each key, at the same offset, and nothing that was aborted.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { FileSystem } from '../../../src/io/file-system.ts';
import type { LogConfig } from '../../../src/log/log-config.ts';
import type { LogDirectory } from '../../../src/log/log-directory.ts';
import type { PartitionLog } from '../../../src/log/partition-log.ts';
import { buildEndTransactionBatch } from '../../../src/wire/records/control-batch.ts';
import { cleanerSettings, letClean, readCommitted, startCleaner } from '../../support/compaction.ts';
import { append, batchOf, openLog, readAll, VirtualTime } from '../../support/logs.ts';
import { CRASHES_IN_ORDER, crashPoints, SimulatedDisk } from '../../support/simulated-disk.ts';

const DELETE_RETENTION_MS = 60_000;
const CONFIG: Partial<LogConfig> = {
  cleanupPolicy: { compact: true, delete: false },
  minCleanableDirtyRatio: 0,
  deleteRetentionMs: DELETE_RETENTION_MS,
  indexIntervalBytes: 100,
  segmentBytes: 1000,
  fileDeleteDelayMs: 500,
};
const KEYS = ['a', 'b', 'c', 'd'];
const COMPRESSIONS = ['none', 'gzip', 'lz4'] as const;

type Step =
  | {
      readonly kind: 'append';
      /** 0: none; 1: idempotent; 2 and 3: transactional. */
      readonly producer: number;
      readonly pairs: readonly { readonly key: number; readonly tombstone: boolean }[];
      readonly compression: number;
    }
  | { readonly kind: 'end'; readonly producer: 2 | 3; readonly abort: boolean }
  | { readonly kind: 'roll' | 'clean' | 'restart' | 'kill' | 'clean-and-crash' }
  | { readonly kind: 'truncate'; readonly at: number }
  | { readonly kind: 'wait'; readonly ms: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('append' as const),
      producer: fc.nat({ max: 3 }),
      pairs: fc.array(fc.record({ key: fc.nat({ max: 3 }), tombstone: fc.boolean() }), { minLength: 1, maxLength: 5 }),
      compression: fc.nat({ max: 2 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('end' as const),
      producer: fc.constantFrom(2 as const, 3 as const),
      abort: fc.boolean(),
    }),
  },
  { weight: 3, arbitrary: fc.constantFrom<Step>({ kind: 'roll' }) },
  {
    weight: 4,
    arbitrary: fc.constantFrom<Step>(
      { kind: 'clean' },
      { kind: 'clean' },
      { kind: 'clean-and-crash' },
      { kind: 'restart' },
      { kind: 'kill' },
    ),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('truncate' as const), at: fc.double({ min: 0, max: 1, noNaN: true }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.constantFrom(1000, DELETE_RETENTION_MS) }),
  },
);

interface Entry {
  readonly offset: number;
  readonly key: string;
  readonly value: string | null;
  readonly producer: number;
  /** First offset of its batch, which a truncation takes whole. */
  readonly batchOffset: number;
  state: 'committed' | 'open' | 'aborted';
  /** Clock at the first cleaning that could see it as a tombstone. */
  readonly appendedMs: number;
}

class Modelled {
  fileSystem: SimulatedDisk = new SimulatedDisk();
  readonly time = new VirtualTime();
  log!: PartitionLog;
  directory!: LogDirectory;
  entries: Entry[] = [];
  markers: { offset: number; producer: number }[] = [];
  readonly sequences = [0, 0, 0, 0];
  counter = 0;
  readonly #slots: number;

  constructor(slots: number) {
    this.#slots = slots;
    this.fileSystem.makeDirectory('/data');
    this.fileSystem.syncDirectory('/');
  }

  async open(): Promise<void> {
    const opened = await openLog(this.fileSystem, CONFIG, { time: this.time, tailCacheBytesMaxPerLog: 4096 });
    this.directory = opened.directory;
    this.log = opened.log;
    this.startCleaner(this.fileSystem);
  }

  startCleaner(fileSystem: FileSystem): void {
    const settings = { ...cleanerSettings, ioBufferSize: 0, dedupeBufferSize: this.#slots * 24 };
    startCleaner(this.directory, fileSystem, this.time, { settings: () => settings });
  }

  async apply(taken: Step): Promise<void> {
    switch (taken.kind) {
      case 'append':
        return this.#append(taken);
      case 'end':
        return this.#end(taken.producer, taken.abort);
      case 'roll':
        this.log.roll();
        return;
      case 'wait':
        this.time.advance(taken.ms);
        return;
      case 'clean':
        await letClean(this.time);
        return this.check(this.log, 'after a cleaning');
      case 'clean-and-crash':
        return this.#cleanAndCrash();
      case 'truncate':
        return this.#truncate(taken.at);
      case 'restart':
        await this.directory.close({ brokerEpoch: 1 });
        await this.open();
        return this.check(this.log, 'after a restart');
      case 'kill':
        this.fileSystem = this.fileSystem.crashClone('kill');
        removeSnapshots(this.fileSystem);
        this.directory.abandon();
        await this.open();
        return this.check(this.log, 'after a kill');
    }
  }

  async #append({ producer, pairs, compression }: Extract<Step, { kind: 'append' }>): Promise<void> {
    const records = pairs.map(({ key, tombstone }) => ({
      key: Buffer.from(KEYS[key]!),
      value: tombstone ? null : Buffer.from(`${this.counter++}`),
    }));
    const first = await append(
      this.log,
      batchOf([], {
        records,
        nowMs: this.time.nowMs(),
        compressionType: COMPRESSIONS[compression]!,
        ...(producer === 0
          ? {}
          : {
              producerId: producer,
              producerEpoch: 0,
              baseSequence: this.sequences[producer]!,
              transactional: producer > 1,
            }),
      }),
    );
    this.sequences[producer]! += records.length;
    for (const [index, { key, value }] of records.entries()) {
      this.entries.push({
        offset: first + index,
        batchOffset: first,
        key: String(key),
        value: value === null ? null : String(value),
        producer,
        state: producer > 1 ? 'open' : 'committed',
        appendedMs: this.time.nowMs(),
      });
    }
  }

  async #end(producer: 2 | 3, abort: boolean): Promise<void> {
    const type = abort ? 'abort' : 'commit';
    const nowMs = this.time.nowMs();
    const marker = buildEndTransactionBatch({
      producerId: producer,
      producerEpoch: 0,
      type,
      coordinatorEpoch: 0,
      nowMs,
    });
    const result = this.log.appendAsLeader(marker, { leaderEpoch: 0, origin: 'coordinator' });
    if (result.kind !== 'appended') throw new Error(`the marker was not appended: ${result.kind}`);
    await result.written;
    this.markers.push({ offset: result.firstOffset, producer });
    for (const entry of this.entries) {
      if (entry.producer === producer && entry.state === 'open') entry.state = abort ? 'aborted' : 'committed';
    }
  }

  /** Only what is not yet decided is cut: else the model would have to know what a cleaning took for superseded. */
  async #truncate(at: number): Promise<void> {
    const from = Math.max(this.log.lastStableOffset(this.log.logEndOffset), this.markers.at(-1)?.offset ?? 0);
    const boundaries = [...new Set(this.entries.map(({ batchOffset }) => batchOffset))].filter(
      (offset) => offset > from,
    );
    const offset = boundaries[Math.floor(at * boundaries.length)];
    // The active segment is never clean.
    if (offset === undefined || this.log.deletableSegments().some(({ endOffset }) => endOffset > offset)) return;
    await this.log.truncateTo(offset);
    this.entries = this.entries.filter((entry) => entry.offset < offset);
    expect(this.log.logEndOffset).toBe(offset);
    for (const producer of [1, 2, 3]) {
      this.sequences[producer] = this.entries.filter((entry) => entry.producer === producer).length;
    }
    await this.check(this.log, 'after a truncation');
  }

  async #cleanAndCrash(): Promise<void> {
    await this.log.flush();
    this.directory.checkpoint();
    const points = await crashPoints(
      this.fileSystem,
      async () => {
        await letClean(this.time);
        await this.log.flush();
        this.time.advance(400);
      },
      () => null,
      CRASHES_IN_ORDER,
    );
    await this.check(this.log, 'after a cleaning');
    for (const { before, crash, disk } of points) {
      // Without snapshots, the batches alone must tell who produced and what is open.
      if (crash === 'kill') removeSnapshots(disk);
      const opened = await openLog(disk, CONFIG, { time: this.time });
      const what = `${crash} before ${before}`;
      await this.check(opened.log, what);
      const left = disk.list('/data/t-0').filter((name) => /\.(cleaned|swap|deleted)$/.test(name));
      expect(left, what).toEqual([]);
      opened.directory.abandon();
    }
  }

  async check(log: PartitionLog, what: string): Promise<void> {
    const known = new Map(this.entries.map((entry) => [entry.offset, entry]));
    const endOffset = Math.max(this.entries.at(-1)?.offset ?? -1, this.markers.at(-1)?.offset ?? -1) + 1;
    expect(log.logEndOffset, what).toBe(endOffset);

    const firstOpen = this.entries.find(({ state }) => state === 'open')?.offset ?? endOffset;
    expect(log.lastStableOffset(endOffset), what).toBe(firstOpen);

    // Every record that is there is what was appended there, in order.
    const stored = (await readAll(log)).filter(({ control }) => !control);
    let last = -1;
    for (const { offset, key, value } of stored) {
      const entry = known.get(offset);
      expect([String(key), value === null ? null : String(value)], `${what}, offset ${offset}`).toEqual([
        entry?.key,
        entry?.value,
      ]);
      expect(offset, what).toBeGreaterThan(last);
      last = offset;
    }

    // A consumer sees nothing that was aborted, and the newest of each key.
    const committed = await readCommitted(log, endOffset);
    for (const { offset } of committed) expect(known.get(offset)?.state, `${what}, offset ${offset}`).toBe('committed');
    for (const key of KEYS) {
      const wanted = this.entries.filter(
        (entry) => entry.key === key && entry.state === 'committed' && entry.offset < firstOpen,
      );
      const newest = wanted.at(-1);
      const found = committed.filter((record) => String(record.key) === key).at(-1);
      if (newest === undefined) {
        expect(found, what).toBeUndefined();
      } else if (newest.value !== null || this.time.nowMs() - newest.appendedMs < DELETE_RETENTION_MS) {
        expect(found?.offset, `${what}, key ${key}`).toBe(newest.offset);
      } else if (found !== undefined) {
        // The tombstone may be gone, but then everything that it deletes, too.
        expect(found.offset, `${what}, key ${key}`).toBe(newest.offset);
      }
    }

    // What was not cleaned is whole.
    const active = log.deletableSegments().at(-1)?.endOffset ?? log.firstSegmentBaseOffset;
    const there = new Set(stored.map(({ offset }) => offset));
    for (const { offset } of this.entries) if (offset >= active) expect(there.has(offset), what).toBe(true);

    // The producers go on where they were.
    for (const { producerId, lastSequence } of log.activeProducers()) {
      if (lastSequence >= 0)
        expect(lastSequence, `${what}, producer ${producerId}`).toBe(this.sequences[producerId]! - 1);
    }
    const producers = new Set(this.entries.map(({ producer }) => producer).filter((producer) => producer > 0));
    for (const producer of producers) {
      expect(
        log.activeProducers().map(({ producerId }) => producerId),
        what,
      ).toContain(producer);
    }
  }
}

function removeSnapshots(disk: SimulatedDisk): void {
  for (const name of disk.list('/data/t-0')) if (name.endsWith('.snapshot')) disk.remove(`/data/t-0/${name}`);
}

test('a compacted log tells the same as the whole one, whatever happens to it', { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 10, maxLength: 40 }),
      fc.constantFrom(4, 6, 1000),
      async (steps, slots) => {
        const modelled = new Modelled(slots);
        await modelled.open();
        for (const taken of steps) await modelled.apply(taken);
        modelled.log.roll();
        await modelled.apply({ kind: 'clean-and-crash' });
        modelled.directory.abandon();
      },
    ),
    { numRuns: Number(process.env['COMPACTION_RUNS'] ?? 20) },
  );
});
