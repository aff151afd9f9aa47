/**
 * `<offset>.snapshot`: the producers of a log as they were when it ended at `offset`. Layout: int16 version (1), uint32
 * CRC-32C of everything behind it, array of entries (wire/schema/producer-snapshot.ts). Of the five batches of a producer
 * only the last is kept.
 */
import type { FileSystem } from '../io/file-system.ts';
import { decode, encode } from '../wire/codec.ts';
import { crc32c } from '../wire/crc32c.ts';
import { producerSnapshot } from '../wire/schema/producer-snapshot.ts';
import { ProducerEntry } from './producer-state.ts';
import { CorruptFileError } from './storage-error.ts';

const VERSION = 1;
const CRC_POSITION = 2;
const ENTRIES_POSITION = 6;

export function encodeProducerSnapshot(producers: Iterable<ProducerEntry>): Buffer {
  const producerEntries = [];
  for (const entry of producers) {
    producerEntries.push({
      producerId: entry.producerId,
      epoch: entry.producerEpoch,
      lastSequence: entry.lastSequence,
      lastOffset: entry.lastDataOffset,
      offsetDelta: entry.lastOffsetDelta,
      timestamp: entry.lastTimestampMs,
      coordinatorEpoch: entry.coordinatorEpoch,
      currentTxnFirstOffset: entry.currentTransactionFirstOffset,
    });
  }
  const version = Buffer.alloc(2);
  version.writeInt16BE(VERSION, 0);
  const bytes = Buffer.concat([version, encode(producerSnapshot, VERSION, { crc: 0, producerEntries })]);
  bytes.writeUInt32BE(crc32c(bytes, ENTRIES_POSITION, bytes.length), CRC_POSITION);
  return bytes;
}

/** Throws CorruptFileError. */
export function readProducerSnapshot(fileSystem: FileSystem, path: string): ProducerEntry[] {
  const bytes = fileSystem.readFile(path);
  if (bytes.length < ENTRIES_POSITION || bytes.readInt16BE(0) !== VERSION) {
    throw new CorruptFileError(`${path}: unknown version or too short`);
  }
  if (bytes.readUInt32BE(CRC_POSITION) !== crc32c(bytes, ENTRIES_POSITION, bytes.length)) {
    throw new CorruptFileError(`${path}: the checksum does not match`);
  }
  let decoded: ReturnType<typeof decode<typeof producerSnapshot>>;
  try {
    decoded = decode(producerSnapshot, VERSION, bytes.subarray(2));
  } catch (error) {
    throw new CorruptFileError(`${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
  return decoded.producerEntries.map((row) => {
    const entry = new ProducerEntry(row.producerId);
    entry.producerEpoch = row.epoch;
    entry.coordinatorEpoch = row.coordinatorEpoch;
    entry.currentTransactionFirstOffset = row.currentTxnFirstOffset;
    if (row.lastOffset >= 0) entry.addBatch(row.lastSequence, row.lastOffset, row.offsetDelta, row.timestamp);
    entry.lastTimestampMs = row.timestamp;
    return entry;
  });
}
