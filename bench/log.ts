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

async function append(log: PartitionLog, batches: readonly Buffer[], count: number): Promise<void> {
  for (let i = 0; i < count; ) {
    let written: Promise<void> | null = null;
    for (let turn = 0; turn < BATCHES_PER_TURN; turn++, i++) {
      const batch = batches[i % batches.length]!;
      // As a client sends it; the last append has left its offset there.
      setBaseOffset(batch, 0, 0);
      const result = log.appendAsLeader(batch, { leaderEpoch: 0, origin: 'client' });
      if (result.kind !== 'appended') throw new Error(result.kind);
      written = result.written;
    }
    await written;
  }
}

function bareLoop(path: string, batches: readonly Buffer[], count: number): void {
  const descriptor = openSync(path, 'w');
  for (let i = 0; i < count; i++) writeSync(descriptor, batches[i % batches.length]!);
  closeSync(descriptor);
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
  const batches = batchesOf({ count: 256, batchSize: BATCH_SIZE, recordSize: 1024, keyCount: 0 });
  const size = batches[0]!.length;
  const count = Math.floor((megabytes * MIB) / size / BATCHES_PER_TURN) * BATCHES_PER_TURN;
  const fileSystem = new NodeFileSystem();
  const { log, directory } = await openLog(
    fileSystem,
    { ...defaultLogConfig },
    { path: join(path, 'data'), tailCacheBytesMaxPerLog: 4 * MIB },
  );
  const appendStart = performance.now();
  await append(log, batches, count);
  const appendRate = rate(count * size, appendStart);

  const bareStart = performance.now();
  bareLoop(join(path, 'bare'), batches, count);
  const bare = rate(count * size, bareStart);

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
  return { append: appendRate, bare, tail, cold };
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
