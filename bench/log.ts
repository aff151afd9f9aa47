// One partition's log, in this process: appends beside a bare loop that writes the same bytes, reads of the tail and of the file.
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NodeFileSystem } from '../src/io/node-file-system.ts';
import type { PartitionLog } from '../src/log/partition-log.ts';
import { setBaseOffset } from '../src/wire/records/record-batch.ts';
import { defaultLogConfig, openLog } from '../test/support/logs.ts';
import { type BenchOptions, type BenchRow, type BenchSize, median } from './bench.ts';
import { batchesOf } from './log-data.ts';

const BATCH_SIZE = 16_384;
const FETCH_SIZE = 1_048_576;
const MIB = 1_048_576;
const MEGABYTES: Readonly<Record<BenchSize, number>> = { smoke: 8, quick: 512, full: 1024 };
const ROUNDS = 5;
interface Pace {
  /** Requests that are handled in one turn of the event loop. */
  readonly batchesPerTurn: number;
  /** Turns whose writes may be under way: while those are waited for, no further batch comes. */
  readonly turnsUnderWay: number;
}

/** Two producers with five requests each under way, about: more than 64 KiB a turn, which the thread pool writes while the next come. */
const BUSY: Pace = { batchesPerTurn: 8, turnsUnderWay: 2 };
/** Producers that all wait for the write before they send again: nothing happens beside it. */
const IN_STEP: Pace = { batchesPerTurn: 4, turnsUnderWay: 1 };
const BATCHES_PER_SLICE = 512;

interface Rates {
  readonly append: number;
  readonly inStep: number;
  readonly bare: number;
  readonly tail: number;
  readonly cold: number;
}

/** Megabytes a second. */
function rate(bytes: number, startMs: number): number {
  return bytes / MIB / ((performance.now() - startMs) / 1000);
}

async function append(log: PartitionLog, batches: readonly Buffer[], pace: Pace): Promise<void> {
  const underWay: Promise<void>[] = [];
  for (let i = 0; i < batches.length; ) {
    let written = Promise.resolve();
    for (let turn = 0; turn < pace.batchesPerTurn && i < batches.length; turn++, i++) {
      const batch = batches[i]!;
      // As a client sends it; the last append has left its offset there.
      setBaseOffset(batch, 0, 0);
      const result = log.appendAsLeader(batch, { leaderEpoch: 0, origin: 'client' });
      if (result.kind !== 'appended') throw new Error(result.kind);
      written = result.written;
    }
    underWay.push(written);
    if (underWay.length >= pace.turnsUnderWay) await underWay.shift();
  }
  await Promise.all(underWay);
}

async function read(log: PartitionLog, from: number): Promise<number> {
  let bytes = 0;
  for (let offset = from; offset < log.logEndOffset; ) {
    const result = await log.read(offset, FETCH_SIZE, { minOneBatch: true, endOffset: log.logEndOffset });
    if (result.kind !== 'records') throw new Error(result.error);
    bytes += result.records.length;
    offset = result.nextOffset;
  }
  return bytes;
}

async function round(path: string, megabytes: number): Promise<Rates> {
  const shape = { count: BATCHES_PER_SLICE, batchSize: BATCH_SIZE, recordSize: 1024, keyCount: 0 };
  // Each in a buffer of its own, as a request of one batch comes from the socket.
  const batches = batchesOf(shape).map((batch) => {
    const frame = Buffer.allocUnsafeSlow(batch.length);
    frame.set(batch);
    return frame;
  });
  const size = batches[0]!.length;
  const slices = Math.ceil((megabytes * MIB) / size / BATCHES_PER_SLICE);
  const count = slices * BATCHES_PER_SLICE;
  const { log, directory } = await openLog(
    new NodeFileSystem(),
    { ...defaultLogConfig },
    { path: join(path, 'data'), tailCacheBytesMaxPerLog: 4 * MIB },
  );
  const descriptor = openSync(join(path, 'bare'), 'w');
  // In slices, taken in turn: what else the machine does falls on both.
  let [appendMs, inStepMs, bareMs] = [0, 0, 0];
  for (let slice = 0; slice < slices; slice++) {
    const appendStart = performance.now();
    await append(log, batches, BUSY);
    const inStepStart = performance.now();
    await append(log, batches, IN_STEP);
    const bareStart = performance.now();
    for (const batch of batches) writeSync(descriptor, batch);
    appendMs += inStepStart - appendStart;
    inStepMs += bareStart - inStepStart;
    bareMs += performance.now() - bareStart;
  }
  closeSync(descriptor);
  const rateIn = (milliseconds: number) => (count * size) / MIB / (milliseconds / 1000);

  const recordsPerBatch = log.logEndOffset / (2 * count);
  const tailOffset = log.logEndOffset - recordsPerBatch * Math.floor((3 * MIB) / size);
  const tailStart = performance.now();
  let tailBytes = 0;
  while (performance.now() - tailStart < 200) tailBytes += await read(log, tailOffset);
  const tail = rate(tailBytes, tailStart);
  // It was written just now: it is in the page cache. The first pass finds the positions.
  const coldStart = performance.now();
  const cold = rate(await read(log, 0), coldStart);
  await directory.close({ brokerEpoch: 1 });
  return { append: rateIn(appendMs), inStep: rateIn(inStepMs), bare: rateIn(bareMs), tail, cold };
}

export async function benchLog({ size }: BenchOptions): Promise<BenchRow[]> {
  const rounds: Rates[] = [];
  for (let i = 0; i < (size === 'smoke' ? 1 : ROUNDS); i++) {
    const path = mkdtempSync(join(tmpdir(), 'ottla-bench-'));
    try {
      rounds.push(await round(path, MEGABYTES[size]));
    } finally {
      rmSync(path, { recursive: true, force: true });
    }
  }
  const of = (figure: keyof Rates) => median(rounds.map((each) => each[figure]));
  const shareOf = (figure: 'append' | 'inStep') => median(rounds.map((each) => (each[figure] / each.bare) * 100));
  return [
    { name: 'a bare loop that writes 16 KiB at a time', value: of('bare'), unit: 'MiB/s' },
    { name: 'append 16 KiB batches, writes beside the appends', value: of('append'), unit: 'MiB/s' },
    { name: 'append 16 KiB batches, all producers wait for each write', value: of('inStep'), unit: 'MiB/s' },
    // The first where there is a processor for the thread pool; the second where there is none.
    {
      name: 'append, the better of the two, of the bare loop',
      value: Math.max(shareOf('append'), shareOf('inStep')),
      unit: '%',
      targetAtLeast: 60,
    },
    { name: 'tail read, 1 MiB fetches', value: of('tail'), unit: 'MiB/s' },
    { name: 'cold read, 1 MiB fetches from the page cache', value: of('cold'), unit: 'MiB/s', targetAtLeast: 1000 },
  ];
}
