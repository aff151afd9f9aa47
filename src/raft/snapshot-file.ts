/**
 * The content of a `.checkpoint` file (KIP-630), of snapshots and of `bootstrap.checkpoint` alike:
 *
 *     control batch { SnapshotHeader, [KRaftVersion, KRaftVoters] }   batches of metadata records   control batch { SnapshotFooter }
 *
 * Offsets count from 0 through the file; epochs are the snapshot's. Without the footer the file is incomplete.
 */
import type { LeaderEpoch } from '../base/flavor.ts';
import { decode, encode } from '../wire/codec.ts';
import { buildControlBatch, controlRecordType } from '../wire/records/control-batch.ts';
import * as header from '../wire/records/record-batch.ts';
import { batches, buildBatch, ensureValidBatch, readRecords } from '../wire/records/records.ts';
import { snapshotFooterRecord } from '../wire/schema/snapshot-footer-record.ts';
import { snapshotHeaderRecord } from '../wire/schema/snapshot-header-record.ts';
import { changeRecords, type QuorumChange, readQuorumChange } from './control-records.ts';

export interface SnapshotContent {
  /** 0 in bootstrap files. */
  readonly lastContainedLogTimestampMs: number;
  readonly quorum: QuorumChange;
  /** Encoded metadata records, in order. */
  readonly records: readonly Buffer[];
}

export class SnapshotError extends Error {
  override name = 'SnapshotError';
}

/** `records` are views into `data`. Throws SnapshotError where the file is cut, or not what it should be. */
export function readSnapshotFile(data: Buffer): SnapshotContent {
  let lastContainedLogTimestampMs: number | null = null;
  let quorum: QuorumChange = {};
  const records: Buffer[] = [];
  let complete = false;
  let end = 0;
  for (const { position, sizeInBytes } of batches(data)) {
    if (complete) throw new SnapshotError('records behind the footer');
    ensureValidBatch(data, position);
    const decoded = readRecords(data.subarray(position, position + sizeInBytes));
    if (header.isControl(header.attributes(data, position))) {
      quorum = { ...quorum, ...readQuorumChange(decoded) };
      for (const { key, value } of decoded) {
        const type = controlRecordType(key);
        if (type === 'snapshotHeader' && value !== null) {
          lastContainedLogTimestampMs = decode(snapshotHeaderRecord, 0, value).lastContainedLogTimestamp;
        } else if (type === 'snapshotFooter') complete = true;
      }
    } else {
      for (const { value } of decoded) if (value !== null) records.push(value);
    }
    end = position + sizeInBytes;
  }
  if (lastContainedLogTimestampMs === null) throw new SnapshotError('no header');
  if (!complete || end !== data.length) throw new SnapshotError('no footer: the file is incomplete');
  return { lastContainedLogTimestampMs, quorum, records };
}

export interface SnapshotToWrite extends SnapshotContent {
  readonly epoch: LeaderEpoch;
  readonly nowMs: number;
}

/** Most bytes of one batch of records. */
const BATCH_BYTES_MAX = 1024 * 1024;

export function buildSnapshotFile(snapshot: SnapshotToWrite): Buffer {
  const { epoch: partitionLeaderEpoch, nowMs } = snapshot;
  const parts: Buffer[] = [];
  let baseOffset = 0;
  const value = encode(snapshotHeaderRecord, 0, {
    version: 0,
    lastContainedLogTimestamp: snapshot.lastContainedLogTimestampMs,
  });
  const first = [{ type: 'snapshotHeader' as const, value }, ...changeRecords(snapshot.quorum)];
  parts.push(buildControlBatch({ baseOffset, partitionLeaderEpoch, nowMs, records: first }));
  baseOffset += first.length;
  for (const group of groupsOf(snapshot.records)) {
    const records = group.map((bytes) => ({ key: null, value: bytes }));
    parts.push(buildBatch({ baseOffset, partitionLeaderEpoch, nowMs, records }));
    baseOffset += group.length;
  }
  const footer = { type: 'snapshotFooter' as const, value: encode(snapshotFooterRecord, 0, { version: 0 }) };
  parts.push(buildControlBatch({ baseOffset, partitionLeaderEpoch, nowMs, records: [footer] }));
  return Buffer.concat(parts);
}

function groupsOf(records: readonly Buffer[]): Buffer[][] {
  const groups: Buffer[][] = [];
  let bytes = BATCH_BYTES_MAX;
  for (const record of records) {
    if (bytes + record.length > BATCH_BYTES_MAX) {
      groups.push([]);
      bytes = 0;
    }
    groups.at(-1)!.push(record);
    bytes += record.length;
  }
  return groups;
}
