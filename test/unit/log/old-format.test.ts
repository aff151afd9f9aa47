/** Records of magic 0 and 1, as brokers before 0.11 wrote them: refused, and never taken for a torn tail. */
import { crc32 } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { UnsupportedFormatError } from '../../../src/log/storage-error.ts';
import { sizeInBytes } from '../../../src/wire/records/record-batch.ts';
import { append, batchOf, openLog } from '../../support/logs.ts';
import { SimulatedDisk } from '../../support/simulated-disk.ts';

const LOG_FILE = '/data/t-0/00000000000000000000.log';
const MARKER = '/data/.kafka_cleanshutdown';

function oldRecord(magic: 0 | 1, offset: number, value: string): Buffer {
  const timestamp = Buffer.alloc(magic === 0 ? 0 : 8);
  const sizes = Buffer.alloc(8);
  sizes.writeInt32BE(-1, 0);
  sizes.writeInt32BE(value.length, 4);
  const summed = Buffer.concat([Buffer.from([magic, 0]), timestamp, sizes, Buffer.from(value)]);
  const head = Buffer.alloc(16);
  head.writeInt32BE(offset, 4);
  head.writeInt32BE(summed.length + 4, 8);
  head.writeUInt32BE(crc32(summed), 12);
  return Buffer.concat([head, summed]);
}

/** A log that was stopped cleanly with these bytes behind `values`. */
async function stoppedWith(values: readonly string[], bytes: Buffer): Promise<SimulatedDisk> {
  const disk = new SimulatedDisk();
  const { directory, log } = await openLog(disk);
  await append(log, batchOf(['first']));
  if (values.length > 0) await append(log, batchOf(values));
  await directory.close({ brokerEpoch: 1 });
  const kept = values.length > 0 ? disk.readFile(LOG_FILE) : Buffer.alloc(0);
  disk.writeFile(LOG_FILE, Buffer.concat([kept, bytes]));
  return disk;
}

describe.each([0, 1] as const)('a log with records of magic %i', (magic) => {
  test.each([true, false])('is refused and left alone; clean stop: %s', async (clean) => {
    const disk = await stoppedWith([], Buffer.concat([oldRecord(magic, 0, 'a'), oldRecord(magic, 1, 'b')]));
    if (!clean) disk.remove(MARKER);
    const before = disk.readFile(LOG_FILE);
    await expect(openLog(disk)).rejects.toThrow(UnsupportedFormatError);
    expect(disk.readFile(LOG_FILE)).toEqual(before);
  });

  test('in a later segment is refused, too, though nothing is recovered', async () => {
    const disk = new SimulatedDisk();
    const { directory, log } = await openLog(disk);
    for (const values of [['a', 'b'], ['c'], ['d']]) {
      log.roll();
      await append(log, batchOf(values));
    }
    await directory.close({ brokerEpoch: 1 });
    disk.writeFile('/data/t-0/00000000000000000002.log', oldRecord(magic, 2, 'c'));
    await expect(openLog(disk)).rejects.toThrow(UnsupportedFormatError);
    expect(disk.exists('/data/t-0/00000000000000000003.log')).toBe(true);
  });

  test('within a closed segment is never sent: what stands before it is, and then the read fails', async () => {
    const disk = new SimulatedDisk();
    const first = await openLog(disk);
    await append(first.log, batchOf(['a']));
    await append(first.log, batchOf(['b', 'x'.repeat(100)]));
    first.log.roll();
    await append(first.log, batchOf(['c']));
    await first.directory.close({ brokerEpoch: 1 });
    const bytes = disk.readFile(LOG_FILE);
    const second = sizeInBytes(bytes, 0);
    const old = oldRecord(magic, 1, 'y'.repeat(bytes.length - second - oldRecord(magic, 1, '').length));
    disk.writeFile(LOG_FILE, Buffer.concat([bytes.subarray(0, second), old]));
    const { log } = await openLog(disk);
    const options = { minOneBatch: true, endOffset: log.logEndOffset };
    expect(await log.read(0, 1_000_000, options)).toMatchObject({ kind: 'records', nextOffset: 1 });
    expect(await log.read(1, 1_000_000, options)).toMatchObject({ kind: 'failed', error: 'KAFKA_STORAGE_ERROR' });
    expect(await log.read(3, 1_000_000, options)).toMatchObject({ kind: 'records', nextOffset: 4 });
  });

  test('behind others is refused by the recovery that would cut it', async () => {
    const disk = await stoppedWith(['a', 'b'], oldRecord(magic, 3, 'c'));
    disk.remove(MARKER);
    const before = disk.readFile(LOG_FILE);
    await expect(openLog(disk)).rejects.toThrow(`message format v0 or v1 at position`);
    expect(disk.readFile(LOG_FILE)).toEqual(before);
  });

  test('that is torn, or whose checksum is wrong, is cut as any torn tail', async () => {
    const whole = oldRecord(magic, 3, 'c');
    const wrong = Buffer.from(whole);
    wrong[wrong.length - 1]! ^= 1;
    for (const tail of [whole.subarray(0, whole.length - 1), wrong, Buffer.alloc(64)]) {
      const disk = await stoppedWith(['a', 'b'], tail);
      disk.remove(MARKER);
      const { log } = await openLog(disk);
      expect(log.logEndOffset).toBe(3);
      expect(disk.stat(LOG_FILE).size).toBe(log.sizeInBytes);
    }
  });
});
