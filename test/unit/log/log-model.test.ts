// Random histories of appends, rolls, truncations, deletions, restarts and crashes, compared with a list of records.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { LogDirectory } from '../../../src/log/log-directory.ts';
import type { PartitionLog } from '../../../src/log/partition-log.ts';
import { append, batchOf, openLog, readAll, VirtualTime } from '../../support/logs.ts';
import { SimulatedDisk } from '../../support/simulated-disk.ts';

type Step =
  | { kind: 'append'; sizes: number[]; timestamp: number }
  | { kind: 'roll' | 'flush' | 'restart' | 'kill' | 'power-loss' }
  | { kind: 'truncate' | 'delete-records'; at: number }
  | { kind: 'read'; at: number; maxBytes: number }
  | { kind: 'timestamp'; timestamp: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant('append' as const),
      sizes: fc.array(fc.nat({ max: 300 }), { minLength: 1, maxLength: 5 }),
      timestamp: fc.nat({ max: 1000 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('roll' as const, 'flush' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constantFrom('restart' as const, 'kill' as const, 'power-loss' as const) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constantFrom('truncate' as const, 'delete-records' as const),
      at: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('read' as const),
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      maxBytes: fc.nat({ max: 2000 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('timestamp' as const), timestamp: fc.nat({ max: 1100 }) }) },
);

interface Modelled {
  /** By offset from `start` on; batches begin where `first` is true. */
  records: { offset: number; value: string; timestamp: number; first: boolean }[];
  start: number;
  end: number;
}

class Run {
  readonly #flushMessages: number;
  readonly #tailBytes: number;
  #fileSystem: SimulatedDisk;
  #directory!: LogDirectory;
  #log!: PartitionLog;
  #time = new VirtualTime();
  readonly #model: Modelled = { records: [], start: 0, end: 0 };
  #counter = 0;

  constructor(flushMessages: number, tailBytes: number) {
    this.#flushMessages = flushMessages;
    this.#tailBytes = tailBytes;
    this.#fileSystem = new SimulatedDisk();
    this.#fileSystem.makeDirectory('/data');
    this.#fileSystem.syncDirectory('/');
  }

  async open(): Promise<void> {
    const opened = await openLog(
      this.#fileSystem,
      { segmentBytes: 3000, indexIntervalBytes: 250, flushMessages: this.#flushMessages },
      {
        time: this.#time,
        tailCacheBytesMaxPerLog: this.#tailBytes,
        synchronousWriteBytesMax: this.#tailBytes % 2 === 0 ? 0 : 65_536,
        openFilesMax: 2,
      },
    );
    this.#directory = opened.directory;
    this.#log = opened.log;
  }

  async apply(step: Step): Promise<void> {
    const model = this.#model;
    const log = this.#log;
    switch (step.kind) {
      case 'append': {
        const records = step.sizes.map((size, index) => ({
          timestamp: step.timestamp + index,
          key: null,
          value: Buffer.from(`${this.#counter++}:`.padEnd(size, '.')),
        }));
        expect(await append(log, batchOf([], { records }))).toBe(model.end);
        records.forEach((record, index) => {
          model.records.push({
            offset: model.end + index,
            value: String(record.value),
            timestamp: record.timestamp,
            first: index === 0,
          });
        });
        model.end += records.length;
        return;
      }
      case 'roll':
        log.roll();
        return;
      case 'flush':
        await log.flush();
        expect(log.flushedEndOffset).toBe(model.end);
        return;
      case 'restart':
        await this.#directory.close({ brokerEpoch: 1 });
        await this.open();
        break;
      case 'kill':
      case 'power-loss': {
        // The checkpoint of deleted records is written soon after; the crash comes later than that.
        this.#time.advance(1000);
        const flushed = log.flushedEndOffset;
        this.#fileSystem = this.#fileSystem.crashClone(step.kind);
        this.#directory.abandon();
        await this.open();
        if (step.kind === 'power-loss') {
          expect(this.#log.logEndOffset).toBeGreaterThanOrEqual(Math.max(flushed, model.start));
          expect(this.#log.logEndOffset).toBeLessThanOrEqual(model.end);
          this.#cut(this.#log.logEndOffset);
        }
        break;
      }
      case 'truncate': {
        const at = model.start + Math.round(step.at * (model.end - model.start));
        await log.truncateTo(at);
        const first = model.records.filter((record) => record.first && record.offset <= at).pop();
        const holds = model.records.some((record) => record.offset === at);
        this.#cut(holds ? Math.max(first?.offset ?? at, 0) : at);
        break;
      }
      case 'delete-records': {
        const at = model.start + Math.round(step.at * (model.end - model.start));
        log.advanceLogStartOffset(at);
        model.start = Math.max(model.start, at);
        break;
      }
      case 'read': {
        const at = model.start + Math.round(step.at * (model.end - model.start));
        const found = await readAll(log, at, step.maxBytes);
        expect(found.map(({ offset }) => offset)).toEqual(this.#from(at).map(({ offset }) => offset));
        return;
      }
      case 'timestamp': {
        const found = await log.offsetForTimestamp(step.timestamp);
        const wanted = this.#from(model.start).find(({ timestamp }) => timestamp >= step.timestamp);
        expect(found?.offset).toBe(wanted?.offset);
        return;
      }
    }
    await this.compare();
  }

  #from(offset: number) {
    return this.#model.records.filter((record) => record.offset >= offset);
  }

  #cut(end: number): void {
    this.#model.records = this.#model.records.filter((record) => record.offset < end);
    this.#model.end = end;
    this.#model.start = Math.min(this.#model.start, end);
  }

  async compare(): Promise<void> {
    expect([this.#log.logStartOffset, this.#log.logEndOffset]).toEqual([this.#model.start, this.#model.end]);
    const found = (await readAll(this.#log)).map((record) => ({ offset: record.offset, value: String(record.value) }));
    expect(found).toEqual(this.#from(this.#model.start).map(({ offset, value }) => ({ offset, value })));
  }
}

test('a log is what was appended, whatever happens to it', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 1, maxLength: 40 }),
      fc.constantFrom(1, 3, Number.MAX_SAFE_INTEGER),
      fc.constantFrom(0, 1, 2001, 100_000),
      async (steps, flushMessages, tailBytes) => {
        const run = new Run(flushMessages, tailBytes);
        await run.open();
        for (const next of steps) await run.apply(next);
        await run.compare();
      },
    ),
    { numRuns: Number(process.env['LOG_MODEL_RUNS'] ?? 60), timeout: 5000 },
  );
});
