import { describe, expect, test } from 'vitest';
import { readOffsetCheckpoint } from '../../../src/log/checkpoint-file.ts';
import { LogDirectoryLockedError } from '../../../src/log/log-directory.ts';
import { SegmentPlace } from '../../../src/log/log-files.ts';
import { OffsetIndex } from '../../../src/log/offset-index.ts';
import * as header from '../../../src/wire/records/record-batch.ts';
import { append, batchOf, openLog, openLogDirectory, readValues, VirtualTime } from '../../support/logs.ts';
import { SimulatedDisk } from '../../support/simulated-disk.ts';

const LOG_FILE = '/data/t-0/00000000000000000000.log';

describe('after kill -9', () => {
  test('every acknowledged record is there, and nothing else', async () => {
    const fileSystem = new SimulatedDisk();
    const { log } = await openLog(fileSystem);
    await append(log, batchOf(['a', 'b']));
    await append(log, batchOf(['c']));
    log.appendAsLeader(batchOf(['never written']), { leaderEpoch: 0, origin: 'client' });
    const { log: reopened } = await openLog(fileSystem.crashClone('kill'));
    expect(await readValues(reopened)).toEqual(['a', 'b', 'c']);
    expect(reopened.logEndOffset).toBe(3);
    expect(reopened.latestEpoch).toBe(0);
  });

  test('a tail torn at any byte of the last batch is cut, and the log goes on from there', async () => {
    const fileSystem = new SimulatedDisk();
    const { log } = await openLog(fileSystem);
    await append(log, batchOf(['a', 'b']));
    const keptSize = log.sizeInBytes;
    await append(log, batchOf(['torn']));
    for (let size = keptSize; size < log.sizeInBytes; size++) {
      const crashed = fileSystem.crashClone('kill');
      const handle = crashed.open(LOG_FILE, 'write');
      handle.truncate(size);
      handle.close();
      const { log: reopened } = await openLog(crashed);
      expect(reopened.logEndOffset, `cut at ${size}`).toBe(2);
      expect(crashed.stat(LOG_FILE).size).toBe(keptSize);
      await append(reopened, batchOf(['c']));
      expect(await readValues(reopened)).toEqual(['a', 'b', 'c']);
    }
  });

  test('any flipped byte under the checksum of the last batch cuts it', async () => {
    const fileSystem = new SimulatedDisk();
    const { log } = await openLog(fileSystem);
    await append(log, batchOf(['a']));
    const start = log.sizeInBytes;
    await append(log, batchOf(['b']));
    for (let position = start + header.ATTRIBUTES_POSITION; position < log.sizeInBytes; position++) {
      const crashed = fileSystem.crashClone('kill');
      const bytes = crashed.readFile(LOG_FILE);
      bytes[position]! ^= 0x40;
      crashed.writeFile(LOG_FILE, bytes);
      const { log: reopened } = await openLog(crashed);
      expect(await readValues(reopened), `byte ${position}`).toEqual(['a']);
    }
  });

  test('zeros and garbage behind the last batch are cut', async () => {
    for (const tail of [Buffer.alloc(4096), Buffer.alloc(37, 0xa5)]) {
      const fileSystem = new SimulatedDisk();
      const { log } = await openLog(fileSystem);
      await append(log, batchOf(['a']));
      const crashed = fileSystem.crashClone('kill');
      crashed.writeFile(LOG_FILE, Buffer.concat([crashed.readFile(LOG_FILE), tail]));
      const { log: reopened } = await openLog(crashed);
      expect(await readValues(reopened)).toEqual(['a']);
      expect(crashed.stat(LOG_FILE).size).toBe(log.sizeInBytes);
    }
  });

  test('the segments behind a bad batch go, and so do their snapshots', async () => {
    const fileSystem = new SimulatedDisk();
    const { log } = await openLog(fileSystem);
    for (const value of ['a', 'b', 'c']) {
      await append(log, batchOf([value]));
      log.roll();
    }
    const crashed = fileSystem.crashClone('kill');
    crashed.remove('/data/recovery-point-offset-checkpoint');
    const path = '/data/t-0/00000000000000000001.log';
    const bytes = crashed.readFile(path);
    bytes[bytes.length - 3]! ^= 1;
    crashed.writeFile(path, bytes);
    const { log: reopened } = await openLog(crashed);
    expect(reopened.logEndOffset).toBe(1);
    expect(reopened.segmentCount).toBe(2);
    expect(await readValues(reopened)).toEqual(['a']);
    expect(crashed.list('/data/t-0').filter((name) => /^0+[23]\./.test(name))).toEqual([]);
    await append(reopened, batchOf(['d']));
    expect(await readValues(reopened)).toEqual(['a', 'd']);
  });

  test('what lies below the recovery point is not read again', async () => {
    const fileSystem = new SimulatedDisk();
    const { log, directory } = await openLog(fileSystem);
    await append(log, batchOf(['a']));
    log.roll();
    await append(log, batchOf(['b']));
    await log.flush();
    directory.checkpoint();
    expect(readOffsetCheckpoint(fileSystem, '/data/recovery-point-offset-checkpoint').get('t-0')).toBe(2);
    const crashed = fileSystem.crashClone('kill');
    // A scar that recovery would see; the segment is trusted.
    const bytes = crashed.readFile(LOG_FILE);
    bytes[bytes.length - 1]! ^= 1;
    crashed.writeFile(LOG_FILE, bytes);
    const { log: reopened } = await openLog(crashed);
    expect(reopened.logEndOffset).toBe(2);
  });

  test('producers are known again: a retry is still a duplicate, a gap still refused', async () => {
    const fileSystem = new SimulatedDisk();
    const { log } = await openLog(fileSystem);
    const producer = { producerId: 9, producerEpoch: 0 };
    for (let sequence = 0; sequence < 3; sequence++) {
      await append(log, batchOf(['x'], { ...producer, baseSequence: sequence }));
      if (sequence === 1) log.roll();
    }
    const { log: reopened } = await openLog(fileSystem.crashClone('kill'));
    const again = (baseSequence: number) =>
      reopened.appendAsLeader(batchOf(['x'], { ...producer, baseSequence }), { leaderEpoch: 0, origin: 'client' });
    expect(again(2)).toMatchObject({ kind: 'duplicate', firstOffset: 2, lastOffset: 2 });
    expect(again(4)).toMatchObject({ kind: 'failed', error: 'OUT_OF_ORDER_SEQUENCE_NUMBER' });
    expect(again(3)).toMatchObject({ kind: 'appended', firstOffset: 3 });
  });
});

describe('after a power loss', () => {
  // Simulated clusters: seed 2. A node whose whole directory was gone formatted itself again, without its vote and its log.
  test('a log directory that was made at the start is still there', async () => {
    const fileSystem = new SimulatedDisk();
    openLogDirectory(fileSystem);
    expect(fileSystem.crashClone('power-loss').exists('/data')).toBe(true);
  });

  async function powered() {
    const fileSystem = new SimulatedDisk();
    fileSystem.makeDirectory('/data');
    fileSystem.syncDirectory('/');
    return fileSystem;
  }

  test('with flush.messages=1 every acknowledged record is there', async () => {
    const fileSystem = await powered();
    const { log } = await openLog(fileSystem, { flushMessages: 1 });
    await append(log, batchOf(['a']));
    log.roll();
    await append(log, batchOf(['b']));
    expect(log.flushedEndOffset).toBe(2);
    const { log: reopened } = await openLog(fileSystem.crashClone('power-loss'));
    expect(await readValues(reopened)).toEqual(['a', 'b']);
  });

  test('what recovery accepted and a consumer read does not vanish (KAFKA-10101)', async () => {
    const fileSystem = await powered();
    const first = await openLog(fileSystem);
    await append(first.log, batchOf(['a']));
    await first.log.flush();
    await append(first.log, batchOf(['not synced']));
    // Killed, not powered off: the page cache still has the record. The next run serves it; then the power goes.
    const killed = fileSystem.crashClone('kill');
    const second = await openLog(killed);
    expect(await readValues(second.log)).toEqual(['a', 'not synced']);
    expect(second.log.flushedEndOffset).toBe(2);
  });

  test('a segment that survived, when the records before it did not, is cut', async () => {
    for (const records of [[], ['behind the hole']]) {
      const fileSystem = await powered();
      const { log, directory } = await openLog(fileSystem);
      await append(log, batchOf(['a']));
      await log.flush();
      directory.checkpoint();
      const size = fileSystem.stat(LOG_FILE).size;
      await append(log, batchOf(['lost']));
      log.roll();
      if (records.length > 0) await append(log, batchOf(records));
      const crashed = fileSystem.crashClone('kill');
      const handle = crashed.open(LOG_FILE, 'write');
      handle.truncate(size);
      handle.close();
      const { log: reopened } = await openLog(crashed);
      expect(await readValues(reopened)).toEqual(['a']);
      expect(await append(reopened, batchOf(['b']))).toBe(1);
    }
  });

  test('a stop that was not finished does not look clean', async () => {
    const fileSystem = await powered();
    const first = await openLog(fileSystem);
    await append(first.log, batchOf(['a']));
    await first.directory.close({ brokerEpoch: 3 });
    const second = openLogDirectory(fileSystem.crashClone('power-loss'));
    expect(second.cleanShutdownBrokerEpoch).toBe(3);
    // The marker is gone from the moment the directory is open.
    const third = openLogDirectory(fileSystem);
    expect(third.cleanShutdownBrokerEpoch).toBe(3);
    expect(openLogDirectory(fileSystem.crashClone('power-loss')).cleanShutdownBrokerEpoch).toBeNull();
  });

  test('truncation lowers the recovery point on disk before it cuts', async () => {
    const fileSystem = await powered();
    const { log, directory } = await openLog(fileSystem);
    for (const value of ['a', 'b', 'c']) await append(log, batchOf([value]));
    await log.flush();
    directory.checkpoint();
    await log.truncateTo(1);
    expect(log.logEndOffset).toBe(1);
    const checkpoint = readOffsetCheckpoint(
      fileSystem.crashClone('power-loss'),
      '/data/recovery-point-offset-checkpoint',
    );
    expect(checkpoint.get('t-0')).toBe(1);
  });
});

describe('a clean start', () => {
  test('trusts what the last run wrote, and takes up where it ended', async () => {
    const fileSystem = new SimulatedDisk();
    const first = await openLog(fileSystem, { indexIntervalBytes: 100 });
    for (let i = 0; i < 50; i++) await append(first.log, batchOf([`value ${i}`]));
    await first.directory.close({ brokerEpoch: 1 });
    expect(fileSystem.list('/data/t-0')).toEqual([
      '00000000000000000000.index',
      '00000000000000000000.log',
      '00000000000000000000.timeindex',
      '00000000000000000050.snapshot',
      'leader-epoch-checkpoint',
      'partition.metadata',
    ]);
    const second = await openLog(fileSystem);
    expect(second.log.logEndOffset).toBe(50);
    expect(second.log.flushedEndOffset).toBe(50);
    expect(await append(second.log, batchOf(['more']))).toBe(50);
    expect(await readValues(second.log, 48)).toEqual(['value 48', 'value 49', 'more']);
  });

  test('an index that is missing, torn, padded with zeros or wrong is built anew', async () => {
    const fileSystem = new SimulatedDisk();
    const first = await openLog(fileSystem, { indexIntervalBytes: 100 });
    for (let i = 0; i < 30; i++) await append(first.log, batchOf([`value ${i}`]));
    first.log.roll();
    await append(first.log, batchOf(['last']));
    await first.directory.close({ brokerEpoch: 1 });
    const path = '/data/t-0/00000000000000000000.index';
    const good = fileSystem.readFile(path);
    const damages: [string, Buffer | null][] = [
      ['missing', null],
      ['torn', good.subarray(0, good.length - 3)],
      ['zero padded', Buffer.concat([good, Buffer.alloc(800)])],
      ['not ascending', Buffer.concat([good, good])],
      ['empty', Buffer.alloc(0)],
    ];
    for (const [name, bytes] of damages) {
      const damaged = fileSystem.crashClone('kill');
      if (bytes === null) damaged.remove(path);
      else damaged.writeFile(path, bytes);
      const { log, directory } = await openLog(damaged, { indexIntervalBytes: 100 });
      expect(await readValues(log, 17), name).toHaveLength(14);
      expect((await log.offsetForTimestamp(0))?.offset).toBe(0);
      await directory.close({ brokerEpoch: 1 });
    }
  });

  test('an index whose single entry is at the base offset is sound', () => {
    const fileSystem = new SimulatedDisk();
    fileSystem.makeDirectory('/d');
    const place = new SegmentPlace('/d', 42);
    const bytes = Buffer.alloc(8);
    bytes.writeInt32BE(0, 0);
    bytes.writeInt32BE(0, 4);
    fileSystem.writeFile(place.path('.index'), bytes);
    const index = new OffsetIndex(fileSystem, place, true);
    expect(index.lookup(42)).toBe(0);
    bytes.writeInt32BE(80, 4);
    fileSystem.writeFile(place.path('.index'), bytes);
    const another = new OffsetIndex(fileSystem, place, true);
    expect(another.entryCount).toBe(1);
    expect(another.lookup(42)).toBe(80);
  });

  test('a broken producer snapshot costs a replay, not the producers', async () => {
    const fileSystem = new SimulatedDisk();
    const first = await openLog(fileSystem);
    await append(first.log, batchOf(['x'], { producerId: 5, producerEpoch: 1, baseSequence: 0 }));
    await first.directory.close({ brokerEpoch: 1 });
    const path = '/data/t-0/00000000000000000001.snapshot';
    const bytes = fileSystem.readFile(path);
    bytes[bytes.length - 1]! ^= 1;
    fileSystem.writeFile(path, bytes);
    const { log } = await openLog(fileSystem);
    expect(log.activeProducers()).toMatchObject([{ producerId: 5, producerEpoch: 1, lastSequence: 0 }]);
  });

  test('leftovers of deletion and cleaning go, a finished swap is finished', async () => {
    const fileSystem = new SimulatedDisk();
    const first = await openLog(fileSystem);
    for (const value of ['a', 'b', 'c']) {
      await append(first.log, batchOf([value]));
      first.log.roll();
    }
    await first.directory.close({ brokerEpoch: 1 });
    const file = (offset: number, suffix: string) => `/data/t-0/${String(offset).padStart(20, '0')}${suffix}`;
    // The cleaner merged the first two segments into one.
    const merged = Buffer.concat([fileSystem.readFile(file(0, '.log')), fileSystem.readFile(file(1, '.log'))]);
    fileSystem.writeFile(file(0, '.log.swap'), merged);
    fileSystem.writeFile(file(7, '.log.cleaned'), 'x');
    fileSystem.writeFile(file(0, '.log.deleted'), 'x');
    const { log } = await openLog(fileSystem);
    expect(await readValues(log)).toEqual(['a', 'b', 'c']);
    expect(log.segmentCount).toBe(3);
    expect(fileSystem.list('/data/t-0').filter((name) => /swap|cleaned|deleted/.test(name))).toEqual([]);
    expect(fileSystem.exists(file(1, '.log'))).toBe(false);
    expect(fileSystem.stat(file(0, '.log')).size).toBe(merged.length);
  });
});

describe('the log directory', () => {
  test('is locked while it is open', async () => {
    const fileSystem = new SimulatedDisk();
    const directory = openLogDirectory(fileSystem);
    expect(() => openLogDirectory(fileSystem)).toThrow(LogDirectoryLockedError);
    await directory.close({ brokerEpoch: 1 });
    openLogDirectory(fileSystem).abandon();
  });

  test('a start that fails before the logs are recovered does not declare them clean', async () => {
    const fileSystem = new SimulatedDisk();
    const { log } = await openLog(fileSystem);
    await append(log, batchOf(['a']));
    const crashed = fileSystem.crashClone('kill');
    await openLogDirectory(crashed).close({ brokerEpoch: 2 });
    expect(openLogDirectory(crashed).cleanShutdownBrokerEpoch).toBeNull();
  });

  test('a log that the cluster no longer knows is set aside', async () => {
    const fileSystem = new SimulatedDisk();
    const { directory } = await openLog(fileSystem);
    await directory.close({ brokerEpoch: 1 });
    const again = openLogDirectory(fileSystem);
    expect(await again.loadLogs(() => null)).toEqual([]);
    expect(fileSystem.list('/data').filter((name) => name.startsWith('t-0'))).toEqual([
      expect.stringMatching(/^t-0\.[0-9a-f]{32}-stray$/),
    ]);
  });

  test('deletion renames at once and removes after file.delete.delay.ms', async () => {
    const fileSystem = new SimulatedDisk();
    const time = new VirtualTime();
    const { directory, log } = await openLog(fileSystem, {}, { time });
    await append(log, batchOf(['a']));
    expect(directory.deleteLog('t', 0)).toBe(true);
    expect(directory.deleteLog('t', 0)).toBe(false);
    expect(directory.log('t', 0)).toBeUndefined();
    expect(fileSystem.list('/data').filter((name) => name.startsWith('t-0'))).toEqual([
      expect.stringMatching(/^t-0\.[0-9a-f]{32}-delete$/),
    ]);
    expect(log.appendAsLeader(batchOf(['b']), { leaderEpoch: 0, origin: 'client' })).toMatchObject({
      error: 'KAFKA_STORAGE_ERROR',
    });
    time.advance(60_000);
    expect(fileSystem.list('/data').filter((name) => name.startsWith('t-0'))).toEqual([]);
  });

  test('a topic that is created again under its old name does not inherit checkpoints', async () => {
    const fileSystem = new SimulatedDisk();
    const { directory, log } = await openLog(fileSystem);
    for (let i = 0; i < 5; i++) await append(log, batchOf(['old']));
    await log.flush();
    log.advanceLogStartOffset(5);
    directory.checkpoint();
    directory.deleteLog('t', 0);
    const config = log.config;
    const fresh = directory.createLog({ topic: 't', partition: 0, topicId: log.topicId, config });
    await append(fresh, batchOf(['new']));
    const { log: reopened } = await openLog(fileSystem.crashClone('kill'));
    expect([reopened.logStartOffset, reopened.logEndOffset]).toEqual([0, 1]);
    expect(await readValues(reopened)).toEqual(['new']);
  });

  test('deleted records stay deleted after a crash', async () => {
    const fileSystem = new SimulatedDisk();
    const time = new VirtualTime();
    const { log } = await openLog(fileSystem, {}, { time });
    for (const value of ['a', 'b', 'c']) await append(log, batchOf([value]));
    expect(log.advanceLogStartOffset(2)).toBe(true);
    expect(log.advanceLogStartOffset(1)).toBe(false);
    time.advance(1000);
    const { log: reopened } = await openLog(fileSystem.crashClone('kill'));
    expect(reopened.logStartOffset).toBe(2);
    expect(await readValues(reopened)).toEqual(['c']);
    expect(reopened.read(1, 100, { minOneBatch: true, endOffset: 3 })).toMatchObject({ error: 'OFFSET_OUT_OF_RANGE' });
  });

  test('hundreds of idle logs keep few files open and no timer', async () => {
    const fileSystem = new SimulatedDisk();
    const time = new VirtualTime();
    const { directory, log } = await openLog(fileSystem, {}, { time, openFilesMax: 10 });
    for (let partition = 1; partition <= 300; partition++) {
      const created = directory.createLog({ topic: 't', partition, topicId: log.topicId, config: log.config });
      created.appendAsLeader(batchOf(['x']), { leaderEpoch: 0, origin: 'client' });
    }
    await directory.log('t', 300)!.flush();
    time.advance(120_000);
    expect(directory.openFileCount).toBeLessThanOrEqual(10);
    expect(time.scheduledCount).toBe(0);
  });

  test('the metadata log is recovered whatever the marker says, and synced', async () => {
    const fileSystem = new SimulatedDisk();
    const first = await openLog(fileSystem);
    const metadata = await first.directory.openMetadataLog(first.log.config);
    const appended = metadata.appendAsFollower(batchOf(['m'], { partitionLeaderEpoch: 1 }), 1);
    expect(appended.kind).toBe('appended');
    await metadata.flush();
    expect(metadata.flushedEndOffset).toBe(1);
    await first.directory.close({ brokerEpoch: 1 });
    const path = '/data/__cluster_metadata-0/00000000000000000000.log';
    fileSystem.writeFile(path, Buffer.concat([fileSystem.readFile(path), Buffer.from('torn')]));
    const second = await openLog(fileSystem);
    const reopened = await second.directory.openMetadataLog(first.log.config);
    expect(await readValues(reopened)).toEqual(['m']);
    expect([...second.directory.logs()].map((log) => log.topicPartition.topic)).toEqual(['t']);
  });
});
