import { describe, expect, test } from 'vitest';
import {
  buildControlBatch,
  buildEndTransactionBatch,
  controlRecordType,
  readEndTransactionMarker,
} from '../../../../src/wire/records/control-batch.ts';
import * as header from '../../../../src/wire/records/record-batch.ts';
import { batches, buildBatch, ensureValidBatch, readRecords } from '../../../../src/wire/records/records.ts';
import { readGoldenBatches } from '../../../support/golden-batches.ts';

const rows = readGoldenBatches();
const golden = (name: string) => Buffer.from(rows.find((row) => row.name === name)!.hex, 'hex');
const nowMs = 1_700_000_000_000;

describe('buildBatch', () => {
  test('writes the bytes that the official builder writes', () => {
    for (const { name, read, hex } of rows) {
      const [expected] = read;
      // The rest is compressed, damaged, or not made by the builder.
      if (read.length !== 1 || expected?.codec !== 'none' || expected.records === undefined) continue;
      if (
        !['codec', 'nulls-headers', 'time', 'producer', 'stored', 'control'].includes(
          rows.find((row) => row.name === name)!.group,
        )
      )
        continue;
      const batch = buildBatch({
        baseOffset: expected.baseOffset!,
        lastOffset: expected.lastOffset!,
        partitionLeaderEpoch: expected.partitionLeaderEpoch!,
        timestampType: expected.timestampType === 'LogAppendTime' ? 'LogAppendTime' : 'CreateTime',
        maxTimestamp: expected.maxTimestamp!,
        producerId: expected.producerId!,
        producerEpoch: expected.producerEpoch!,
        baseSequence: expected.baseSequence!,
        transactional: expected.transactional!,
        control: expected.control!,
        ...(expected.deleteHorizonMs === undefined ? {} : { deleteHorizonMs: expected.deleteHorizonMs }),
        nowMs,
        records: expected.records.map(({ offset, timestamp, key, value, headers }, i) => ({
          offset,
          // The official builder keeps a record's own time under LogAppendTime, where nobody reads it.
          timestamp: expected.timestampType === 'LogAppendTime' ? expected.baseTimestamp! + 2 * i : timestamp,
          key: key === null ? null : Buffer.from(key, 'base64'),
          value: value === null ? null : Buffer.from(value, 'base64'),
          headers: headers.map(([name, bytes]) => ({
            key: name,
            value: bytes === null ? null : Buffer.from(bytes, 'base64'),
          })),
        })),
      });
      if (expected.timestampType === 'LogAppendTime') continue;
      expect(batch.toString('hex'), name).toBe(hex);
    }
  });

  test('timestamps far apart and before 1970 survive', () => {
    const times = [0, -1, 2 ** 31, -(2 ** 40), 2 ** 52, 4_102_444_800_000];
    const batch = buildBatch({ nowMs, records: times.map((timestamp) => ({ timestamp, key: null, value: null })) });
    ensureValidBatch(batch, 0);
    expect(readRecords(batch).map(({ timestamp }) => timestamp)).toEqual(times);
  });
});

describe('control batches', () => {
  test('transaction markers are the official ones', () => {
    const marker = { partitionLeaderEpoch: 5, producerId: 4244, producerEpoch: 1, coordinatorEpoch: 9, nowMs };
    const commit = buildEndTransactionBatch({ ...marker, baseOffset: 77, type: 'commit' });
    expect(commit.toString('hex')).toBe(golden('commit-marker').toString('hex'));
    expect(readEndTransactionMarker(readRecords(golden('commit-marker'))[0]!)).toEqual({
      type: 'commit',
      coordinatorEpoch: 9,
    });
    expect(readEndTransactionMarker(readRecords(golden('abort-marker'))[0]!)?.type).toBe('abort');
  });

  test('the records of the quorum are the official ones', () => {
    const types = {
      'raft-leader-change': 'leaderChange',
      'raft-snapshot-header': 'snapshotHeader',
      'raft-snapshot-footer': 'snapshotFooter',
      'raft-kraft-version': 'kRaftVersion',
      'raft-voters': 'kRaftVoters',
    } as const;
    for (const [name, type] of Object.entries(types)) {
      const batch = golden(name);
      const [record] = readRecords(batch);
      expect(controlRecordType(record!.key)).toBe(type);
      const built = buildControlBatch({
        baseOffset: header.baseOffset(batch, 0),
        partitionLeaderEpoch: header.partitionLeaderEpoch(batch, 0),
        nowMs,
        records: [{ type, value: record!.value! }],
      });
      expect(built.toString('hex'), name).toBe(batch.toString('hex'));
    }
  });
});

describe('header', () => {
  test('every field is written where it is read', () => {
    const batch = Buffer.alloc(header.RECORD_BATCH_OVERHEAD);
    header.setBaseOffset(batch, 0, 2 ** 40 + 5);
    header.setBatchLength(batch, 0, 49);
    header.setPartitionLeaderEpoch(batch, 0, -1);
    header.setAttributes(batch, 0, 0x7ffc);
    header.setLastOffsetDelta(batch, 0, 12);
    header.setBaseTimestamp(batch, 0, nowMs);
    header.setMaxTimestamp(batch, 0, -1);
    header.setProducerId(batch, 0, 2 ** 33);
    header.setProducerEpoch(batch, 0, -1);
    header.setBaseSequence(batch, 0, 0x7fff_fffe);
    header.setRecordCount(batch, 0, 13);
    header.updateCrc(batch, 0);
    expect(header.lastOffset(batch, 0)).toBe(2 ** 40 + 17);
    expect(header.sizeInBytes(batch, 0)).toBe(61);
    expect(header.partitionLeaderEpoch(batch, 0)).toBe(-1);
    expect(header.attributes(batch, 0)).toBe(0x7ffc);
    expect(header.compressionType(header.attributes(batch, 0))).toBe('zstd');
    expect(header.deleteHorizonMs(batch, 0)).toBe(nowMs);
    expect(header.maxTimestamp(batch, 0)).toBe(-1);
    expect(header.producerId(batch, 0)).toBe(2 ** 33);
    expect(header.producerEpoch(batch, 0)).toBe(-1);
    expect(header.lastSequence(batch, 0)).toBe(10);
    expect(header.recordCount(batch, 0)).toBe(13);
    expect(header.crc(batch, 0)).toBe(header.computeCrc(batch, 0));
  });

  test('sequences wrap to 0 in both directions', () => {
    expect(header.incrementSequence(0x7fff_ffff, 1)).toBe(0);
    expect(header.decrementSequence(0, 1)).toBe(0x7fff_ffff);
  });
});

test('batches ends before a batch that is cut', () => {
  const batch = buildBatch({ nowMs, records: [{ key: null, value: Buffer.from('v') }] });
  const bytes = Buffer.concat([batch, batch, batch.subarray(0, batch.length - 1)]);
  expect([...batches(bytes)]).toEqual([
    { position: 0, sizeInBytes: batch.length },
    { position: batch.length, sizeInBytes: batch.length },
  ]);
});
