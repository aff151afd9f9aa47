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
const MEGABYTES: Readonly<Record<BenchSize, number>> = { smoke: 8, quick: 512, full: 2048 };
const ROUNDS = 5;
/** Producers that are handled in one turn of the event loop. */
const BATCHES_PER_TURN = 4;
const BATCHES_PER_SLICE = 512;

interface Rates {
  readonly append: number;
  readonly bare: number;
  readonly tail: number;
  readonly cold: number;
}

/** Megabytes a second. */
function rate(bytes: number, startMs: number): number {
  return bytes / MIB / ((performance.now() - startMs) / 1000);
}

async function append(log: PartitionLog, batches: readonly Buffer[]): Promise<void> {
  for (let i = 0; i < batches.length; ) {
    let written: Promise<void> | null = null;
    for (let turn = 0; turn < BATCHES_PER_TURN; turn++, i++) {
      const batch = batches[i]!;
      // As a client sends it; the last append has left its offset there.
      setBaseOffset(batch, 0, 0);
      const result = log.appendAsLeader(batch, { leaderEpoch: 0, origin: 'client' });
      if (result.kind !== 'appended') throw new Error(result.kind);
      written = result.written;
    }
    await written;
  }
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
  let [appendMs, bareMs] = [0, 0];
  for (let slice = 0; slice < slices; slice++) {
    const appendStart = performance.now();
    await append(log, batches);
    const bareStart = performance.now();
    for (const batch of batches) writeSync(descriptor, batch);
    appendMs += bareStart - appendStart;
    bareMs += performance.now() - bareStart;
  }
  closeSync(descriptor);
  const rateIn = (milliseconds: number) => (count * size) / MIB / (milliseconds / 1000);

  const recordsPerBatch = log.logEndOffset / count;
  const tailOffset = log.logEndOffset - recordsPerBatch * Math.floor((3 * MIB) / size);
  const tailStart = performance.now();
  let tailBytes = 0;
  while (performance.now() - tailStart < 200) tailBytes += await read(log, tailOffset);
  const tail = rate(tailBytes, tailStart);
  // It was written just now: it is in the page cache. The first pass finds the positions.
  const coldStart = performance.now();
  const cold = rate(await read(log, 0), coldStart);
  await directory.close({ brokerEpoch: 1 });
  return { append: rateIn(appendMs), bare: rateIn(bareMs), tail, cold };
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
  const share = median(rounds.map(({ append: ours, bare }) => (ours / bare) * 100));
  return [
    { name: 'append 16 KiB batches', value: of('append'), unit: 'MiB/s' },
    { name: 'a bare loop that writes the same', value: of('bare'), unit: 'MiB/s' },
    { name: 'append, of the bare loop', value: share, unit: '%', targetAtLeast: 60 },
    { name: 'tail read, 1 MiB fetches', value: of('tail'), unit: 'MiB/s' },
    { name: 'cold read, 1 MiB fetches from the page cache', value: of('cold'), unit: 'MiB/s', targetAtLeast: 1000 },
  ];
}
