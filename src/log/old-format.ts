/**
 * Records of magic 0 and 1, which brokers before 0.11 wrote, and later ones where they were told to. Apache Kafka 4.3.1 still
 * reads them; Ottla does not. To recovery they would look like a torn tail, so they are told apart from one here.
 *
 *     int64 offset · int32 size of what follows · uint32 CRC-32 of what follows it · int8 magic · int8 attributes · …
 */
import type { FilePosition } from '../base/flavor.ts';
import type { FileHandle } from '../io/file-system.ts';

const SIZE_POSITION = 8;
const CRC_POSITION = 12;
const MAGIC_POSITION = 16;
/** CRC, magic, attributes, and the sizes of key and value. */
const SIZE_MIN = 14;

/** Is what begins at `position`, in a file that ends at `end`, a whole record of magic 0 or 1? */
export function isOldRecord(handle: FileHandle, position: FilePosition, end: FilePosition): boolean {
  if (position + CRC_POSITION + SIZE_MIN > end) return false;
  const head = Buffer.alloc(MAGIC_POSITION + 1);
  if (handle.readSync(head, 0, head.length, position) < head.length || head[MAGIC_POSITION]! > 1) return false;
  const size = head.readInt32BE(SIZE_POSITION);
  if (size < SIZE_MIN || position + CRC_POSITION + size > end) return false;
  const summed = Buffer.alloc(size - (MAGIC_POSITION - CRC_POSITION));
  const count = handle.readSync(summed, 0, summed.length, position + MAGIC_POSITION);
  const { crc32 } = process.getBuiltinModule('node:zlib');
  return count === summed.length && crc32(summed) === head.readUInt32BE(CRC_POSITION);
}
