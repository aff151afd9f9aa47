/** Walks the batches of a segment file, for recovery, replay and searches: sequential reads of large pieces, no copy per batch. */
import type { FilePosition } from '../base/flavor.ts';
import type { FileHandle } from '../io/file-system.ts';
import * as batch from '../wire/records/record-batch.ts';

const PIECE_SIZE = 1_048_576;
const FIRST_PIECE_SIZE = 16_384;

/**
 * Calls `visit` for each batch between `from` and `to`, with the whole batch in `buffer`; `visit` stops the walk by
 * answering false. Gives the position at which the walk ended: `to`, the batch that `visit` refused, or the first bytes
 * that are no batch of magic 2 (too short, nonsense length).
 */
export function scanBatches(
  handle: FileHandle,
  from: FilePosition,
  to: FilePosition,
  visit: (buffer: Buffer, position: number, filePosition: FilePosition) => boolean,
): FilePosition {
  let at = from;
  let buffer = Buffer.alloc(0);
  let bufferStart = from;
  let nextSize = FIRST_PIECE_SIZE;
  for (;;) {
    const position = at - bufferStart;
    const available = buffer.length - position;
    let needed = batch.RECORD_BATCH_OVERHEAD;
    if (available >= needed) {
      const size = batch.sizeInBytes(buffer, position);
      if (size < batch.RECORD_BATCH_OVERHEAD || batch.magic(buffer, position) !== batch.CURRENT_MAGIC) return at;
      needed = size;
    }
    if (at + needed > to) return at;
    if (available < needed) {
      // A piece of its own each time: slices of the last one may still be in use.
      const size = Math.min(Math.max(needed, nextSize), to - at);
      nextSize = PIECE_SIZE;
      const piece = Buffer.allocUnsafe(size);
      const count = handle.readSync(piece, 0, size, at);
      if (count < needed) return at;
      buffer = count === size ? piece : piece.subarray(0, count);
      bufferStart = at;
      continue;
    }
    if (!visit(buffer, position, at)) return at;
    at += needed;
  }
}
