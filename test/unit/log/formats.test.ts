// docs/formats.md and the code agree: files are written as the page's tables say and read by the code; the page's examples are what the
// code writes.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  readLeaderEpochCheckpoint,
  readOffsetCheckpoint,
  writeLeaderEpochCheckpoint,
  writeOffsetCheckpoint,
} from '../../../src/log/checkpoint-file.ts';
import {
  readCleanShutdownMarker,
  readMetaProperties,
  readPartitionMetadata,
  writeCleanShutdownMarker,
  writeMetaProperties,
  writePartitionMetadata,
} from '../../../src/log/directory-files.ts';
import * as names from '../../../src/log/log-files.ts';
import { OffsetIndex } from '../../../src/log/offset-index.ts';
import { encodeProducerSnapshot, readProducerSnapshot } from '../../../src/log/producer-snapshot.ts';
import { TimeIndex } from '../../../src/log/time-index.ts';
import { TransactionIndex } from '../../../src/log/transaction-index.ts';
import { QuorumStateFile } from '../../../src/node/quorum-storage.ts';
import { crc32c } from '../../../src/wire/crc32c.ts';
import { readInt64, writeInt64 } from '../../../src/wire/int64.ts';
import { encodeMetadataRecord } from '../../../src/wire/record-framing.ts';
import { controlRecordKey, readEndTransactionMarker } from '../../../src/wire/records/control-batch.ts';
import * as batch from '../../../src/wire/records/record-batch.ts';
import { buildBatch, readRecords } from '../../../src/wire/records/records.ts';
import { featureLevelRecord } from '../../../src/wire/schema/feature-level-record.ts';
import { Writer } from '../../../src/wire/writer.ts';
import { SimulatedDisk } from '../../support/simulated-disk.ts';

const page = readFileSync(join(import.meta.dirname, '../../../docs/formats.md'), 'utf8');
const checked = new Set<string>();

/** The fenced block of this kind and name. */
function block(kind: 'layout' | 'example', name: string): string {
  checked.add(`${kind} ${name}`);
  const match = new RegExp(`^\`\`\`${kind} ${name}\\n([\\s\\S]*?)^\`\`\``, 'm').exec(page);
  if (match === null) throw new Error(`docs/formats.md has no ${kind} ${name}`);
  return match[1]!;
}

interface Field {
  readonly position: number;
  readonly bytes: number;
  readonly type: string;
  readonly name: string;
}

function layout(name: string): Field[] {
  const rows = block('layout', name).trim().split('\n').slice(1);
  let end = 0;
  return rows.map((row) => {
    const [position, bytes, type, field] = row.split(/\s+/);
    const found = { position: Number(position), bytes: Number(bytes), type: type!, name: field! };
    expect(found.position, `${name}.${field} follows what is before it`).toBe(end);
    expect(found.bytes).toBe({ int8: 1, int16: 2, int32: 4, uint32: 4, int64: 8, uvarint: 1 }[found.type]);
    end += found.bytes;
    return found;
  });
}

const sizeOf = (fields: readonly Field[]) => fields.at(-1)!.position + fields.at(-1)!.bytes;

/** Writes each field as the page says. */
function written(fields: readonly Field[], values: Readonly<{ [field: string]: number }>): Buffer {
  expect(Object.keys(values).sort()).toEqual(fields.map(({ name }) => name).sort());
  const bytes = Buffer.alloc(sizeOf(fields));
  for (const { position, type, name } of fields) {
    const value = values[name]!;
    if (type === 'int64') writeInt64(bytes, position, value);
    else if (type === 'int32') bytes.writeInt32BE(value, position);
    else if (type === 'uint32') bytes.writeUInt32BE(value, position);
    else if (type === 'int16') bytes.writeInt16BE(value, position);
    else bytes.writeInt8(value, position);
  }
  return bytes;
}

function read(fields: readonly Field[], bytes: Buffer): { [field: string]: number } {
  const values: { [field: string]: number } = {};
  for (const { position, type, name } of fields) {
    if (type === 'int64') values[name] = readInt64(bytes, position);
    else if (type === 'int32') values[name] = bytes.readInt32BE(position);
    else if (type === 'uint32') values[name] = bytes.readUInt32BE(position);
    else if (type === 'int16') values[name] = bytes.readInt16BE(position);
    else values[name] = bytes.readInt8(position);
  }
  return values;
}

const zigzag = (value: number) => (value < 0 ? -2 * value - 1 : 2 * value);

function diskWith(path: string, bytes: Buffer | string): SimulatedDisk {
  const disk = new SimulatedDisk();
  disk.makeDirectory('/d');
  disk.writeFile(path, bytes);
  return disk;
}

describe('docs/formats.md', () => {
  test('a batch', () => {
    const fields = layout('batch');
    expect(sizeOf(fields)).toBe(batch.RECORD_BATCH_OVERHEAD);
    const values = Object.fromEntries(fields.map(({ name }, index) => [name, 100 + index]));
    const bytes = written(fields, values);
    const readers: { [field: string]: (buffer: Buffer, position: number) => number } = {
      ...{ baseOffset: batch.baseOffset, batchLength: batch.batchLength, magic: batch.magic, crc: batch.crc },
      ...{ partitionLeaderEpoch: batch.partitionLeaderEpoch, attributes: batch.attributes },
      ...{ lastOffsetDelta: batch.lastOffsetDelta, baseTimestamp: batch.baseTimestamp },
      ...{ maxTimestamp: batch.maxTimestamp, producerId: batch.producerId, producerEpoch: batch.producerEpoch },
      ...{ baseSequence: batch.baseSequence, recordCount: batch.recordCount },
    };
    for (const { name } of fields) expect(readers[name]!(bytes, 0), name).toBe(values[name]);
    expect(Object.keys(readers).sort()).toEqual(Object.keys(values).sort());
    // What the checksum covers begins behind it, and the batch length counts what is behind itself.
    const whole = buildBatch({ nowMs: 1, records: [{ key: null, value: Buffer.from('v') }] });
    const crcEnd = fields.find(({ name }) => name === 'crc')!.position + 4;
    expect(read(fields, whole)['crc']).toBe(crc32c(whole, crcEnd, whole.length));
    const lengthEnd = fields.find(({ name }) => name === 'batchLength')!.position + 4;
    expect(read(fields, whole)).toMatchObject({ batchLength: whole.length - lengthEnd, magic: 2 });
  });

  test('attributes', () => {
    const [bits] = /Attributes: [\s\S]*?\(KIP-534\)/.exec(page)!;
    const words: [RegExp, number][] = [
      [/bits 0 to 2 compression/, batch.COMPRESSION_MASK],
      [/bit 3 LogAppendTime/, batch.LOG_APPEND_TIME_FLAG],
      [/bit 4 transactional/, batch.TRANSACTIONAL_FLAG],
      [/bit 5 control/, batch.CONTROL_FLAG],
      [/bit 6 delete\s+horizon/, batch.DELETE_HORIZON_FLAG],
    ];
    const masks = [0b111, 1 << 3, 1 << 4, 1 << 5, 1 << 6];
    for (const [index, [word, mask]] of words.entries()) {
      expect(bits).toMatch(word);
      expect(mask).toBe(masks[index]);
    }
    for (const [, id, name] of bits.matchAll(/(\d) (none|gzip|snappy|lz4|zstd)/g)) {
      expect(batch.compressionType(Number(id))).toBe(name);
    }
  });

  test('a record', () => {
    const rows = block('layout', 'record').trim().split('\n').slice(1);
    const values: { [field: string]: number | Buffer } = {
      ...{ attributes: 0, timestampDelta: 5, offsetDelta: 0, keyLength: 1, key: Buffer.from('k'), valueLength: 2 },
      ...{ value: Buffer.from('vv'), headerCount: 1, headerKeyLength: 3, headerKey: Buffer.from('abc') },
      ...{ headerValueLength: -1, headerValue: Buffer.alloc(0) },
    };
    const writer = new Writer();
    expect(rows[0]).toMatch(/^length\s+varint/);
    for (const row of rows.slice(1)) {
      const [name, type] = row.split(/\s+/);
      const value = values[name!]!;
      if (type === 'bytes')
        writer.raw(value as Buffer); // so the table of values has it
      else if (type === 'int8') writer.int8(value as number);
      else writer.uvarint(zigzag(value as number));
    }
    const body = writer.toBuffer();
    const length = new Writer();
    length.uvarint(zigzag(body.length));
    const header = layout('batch');
    const records = Buffer.concat([length.toBuffer(), body]);
    const behindLength = header.find(({ name }) => name === 'batchLength')!.position + 4;
    const bytes = Buffer.concat([
      written(header, {
        ...{ baseOffset: 7, batchLength: sizeOf(header) - behindLength + records.length, partitionLeaderEpoch: 0 },
        ...{ magic: 2, crc: 0, attributes: 0, lastOffsetDelta: 0, baseTimestamp: 1000, maxTimestamp: 1005 },
        ...{ producerId: -1, producerEpoch: -1, baseSequence: -1, recordCount: 1 },
      }),
      records,
    ]);
    batch.updateCrc(bytes, 0);
    const [record] = readRecords(bytes);
    expect(record).toMatchObject({ offset: 7, timestamp: 1005, headers: [{ key: 'abc', value: null }] });
    expect([String(record!.key), String(record!.value)]).toEqual(['k', 'vv']);
  });

  test('control records', () => {
    const key = layout('control-key');
    for (const [type, name] of [
      [0, 'abort'],
      [1, 'commit'],
    ] as const) {
      expect(controlRecordKey(name)).toEqual(written(key, { version: 0, type }));
      const value = written(layout('end-transaction-marker'), { version: 0, coordinatorEpoch: 9 });
      const record = { offset: 0, timestamp: 0, headers: [], key: controlRecordKey(name), value };
      expect(readEndTransactionMarker(record)).toMatchObject({ type: name, coordinatorEpoch: 9 });
    }
  });

  test('offset, time and transaction indexes', () => {
    const offsetFields = layout('offset-index-entry');
    const offsets = [0, 1].map((i) => written(offsetFields, { relativeOffset: 3 + i, position: 100 + i }));
    const place = new names.SegmentPlace('/d', 1000);
    const offsetIndex = new OffsetIndex(diskWith(place.path('.index'), Buffer.concat(offsets)), place, true);
    expect([offsetIndex.entryCount, offsetIndex.entry(1)]).toEqual([2, { offset: 1004, position: 101 }]);

    const timeFields = layout('time-index-entry');
    const times = [0, 1].map((i) => written(timeFields, { timestamp: 50 + i, relativeOffset: 3 + i }));
    const timeIndex = new TimeIndex(diskWith(place.path('.timeindex'), Buffer.concat(times)), place, true);
    expect([timeIndex.entryCount, timeIndex.lastTimestampMs(), timeIndex.lastOffset()]).toEqual([2, 51, 1004]);

    const transaction = { producerId: 4, firstOffset: 1001, lastOffset: 1005, lastStableOffset: 1006 };
    const bytes = written(layout('transaction-index-entry'), { version: 0, ...transaction });
    const index = new TransactionIndex(diskWith(place.path('.txnindex'), bytes), place, true);
    expect([index.entryCount, index.entry(0)]).toEqual([1, transaction]);
  });

  test('snapshots of producers', () => {
    const header = layout('producer-snapshot');
    const entry = layout('producer-snapshot-entry');
    const values = {
      ...{ producerId: 4, producerEpoch: 2, lastSequence: 8, lastOffset: 30, offsetDelta: 1, timestamp: 77 },
      ...{ coordinatorEpoch: 5, currentTransactionFirstOffset: 29 },
    };
    const bytes = Buffer.concat([written(header, { version: 1, crc: 0, count: 1 }), written(entry, values)]);
    const { position, bytes: size } = header.find(({ name }) => name === 'crc')!;
    bytes.writeUInt32BE(crc32c(bytes, position + size, bytes.length), position);
    const found = readProducerSnapshot(diskWith('/d/s', bytes), '/d/s');
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({
      ...{ producerId: 4, producerEpoch: 2, lastSequence: 8, lastDataOffset: 30, lastOffsetDelta: 1 },
      ...{ lastTimestampMs: 77, coordinatorEpoch: 5, currentTransactionFirstOffset: 29 },
    });
    expect(encodeProducerSnapshot(found)).toEqual(bytes);
  });

  test('the frame of a metadata record', () => {
    const bytes = encodeMetadataRecord(featureLevelRecord, 0, { name: 'a', featureLevel: 1 });
    expect(read(layout('metadata-record'), bytes)).toEqual({ frame: 1, apiKey: featureLevelRecord.apiKey, version: 0 });
  });

  test('the text files', () => {
    const disk = new SimulatedDisk();
    disk.makeDirectory('/d');
    const text = (name: string) => disk.readFile(`/d/${name}`).toString();
    const withoutLineEnd = (name: string) => block('example', name).replace(/\n$/, '');

    disk.writeFile('/d/o', block('example', 'offset-checkpoint'));
    const offsets = readOffsetCheckpoint(disk, '/d/o');
    expect(offsets).toEqual(
      new Map([
        ['orders-0', 42],
        ['with-dashes-11', 7],
      ]),
    );
    writeOffsetCheckpoint(disk, '/d/o2', offsets);
    expect(text('o2')).toBe(text('o'));

    disk.writeFile('/d/e', block('example', 'leader-epoch-checkpoint'));
    const epochs = readLeaderEpochCheckpoint(disk, '/d/e');
    expect(epochs).toEqual([
      { epoch: 0, startOffset: 0 },
      { epoch: 3, startOffset: 17 },
    ]);
    writeLeaderEpochCheckpoint(disk, '/d/e2', epochs, true);
    expect(text('e2')).toBe(text('e'));

    disk.writeFile('/d/meta.properties', block('example', 'meta.properties'));
    const properties = readMetaProperties(disk, '/d')!;
    expect(properties).toMatchObject({ nodeId: 1, version: 1, directoryId: 'hloYyovRSj-Y0Z7LtQuJ3A' });
    writeMetaProperties(disk, '/d', properties);
    expect(text('meta.properties')).toBe(block('example', 'meta.properties'));

    disk.writeFile(`/d/${names.PARTITION_METADATA}`, withoutLineEnd('partition.metadata'));
    const topicId = readPartitionMetadata(disk, '/d')!;
    expect(topicId).toBe('hloYyovRSj-Y0Z7LtQuJ3A');
    writePartitionMetadata(disk, '/d', topicId);
    expect(text(names.PARTITION_METADATA)).toBe(withoutLineEnd('partition.metadata'));

    writeCleanShutdownMarker(disk, '/d', 5);
    expect(text(names.CLEAN_SHUTDOWN_MARKER)).toBe(withoutLineEnd('clean-shutdown'));
    expect(readCleanShutdownMarker(disk, '/d')).toBe(5);

    for (const kraftVersion of [0, 1]) {
      const file = new QuorumStateFile(disk, '/d');
      const votedDirectoryId = 'AAAAAAAAAAAAAAAAAAAAAA';
      file.write({ leaderId: 1, leaderEpoch: 3, votedId: -1, votedDirectoryId }, { kraftVersion, voterIds: [1] });
      expect(text('quorum-state')).toBe(withoutLineEnd(`quorum-state-${kraftVersion}`));
      expect(file.read()).toEqual({ leaderId: 1, leaderEpoch: 3, votedId: -1, votedDirectoryId });
    }
  });

  test('names every file and suffix that the code knows', () => {
    for (const [constant, name] of Object.entries(names)) {
      if (typeof name !== 'string' || constant === 'CLUSTER_METADATA_TOPIC') continue;
      expect(page, constant).toContain(name);
    }
  });

  test('has no layout and no example that is not checked here', () => {
    const all = [...page.matchAll(/^```((?:layout|example) \S+)$/gm)].map(([, name]) => name!);
    expect([...checked].sort()).toEqual([...new Set(all)].sort());
  });
});
