/**
 * Cutting a log: where a follower had something else than its leader, or begins anew behind it. The recovery point goes back
 * before anything is cut, and what was cut is gone from the disk before anything takes its place.
 */
import { assert } from '../base/assert.ts';
import type { Offset } from '../base/flavor.ts';
import { rebuildProducerState } from './log-loader.ts';
import type { LogState } from './log-state.ts';
import { beginSegment, removeSegments, removeSnapshots } from './segment-changes.ts';
import { StorageError } from './storage-error.ts';

/**
 * Removes everything from `offset` on, together with the front of a batch that holds it. At the log end only an epoch
 * goes that began there and has no record: it would contradict the leader for ever. Nothing may be appended until it is
 * done. Rejects with StorageError.
 */
export async function truncateTo(log: LogState, offset: Offset): Promise<void> {
  assert(offset >= 0, `truncation to ${offset}`);
  await log.writer.drained();
  if (offset >= log.logEndOffset) {
    await change(log, () => log.leaderEpochs.truncateFromEnd(offset));
    return;
  }
  log.abortCleaning();
  await change(log, () => {
    if (offset <= log.segments.firstBaseOffset) {
      startAnew(log, offset);
      return;
    }
    lowerRecoveryPoint(log, offset);
    const nowMs = log.environment.clock.nowMs();
    removeSegments(log, log.segments.takeFrom(offset));
    const active = log.segments.active;
    const nextOffset = active.truncateTo(offset, nowMs);
    log.writer.addUnsyncedSegment(active);
    log.writer.addUnsyncedPath(log.directory);
    ended(log, nextOffset);
    log.leaderEpochs.truncateFromEnd(nextOffset);
    removeSnapshots(log, (snapshot) => snapshot > nextOffset);
    rebuildProducerState(log.producerState, log.segments.all(), log.logStartOffset, nextOffset, {
      environment: log.environment,
      directory: log.directory,
      nowMs,
    });
    log.writer.truncated(nextOffset);
  });
  // What was cut must not come back after a power loss, behind records that took its place.
  await log.writer.sync();
}

/** Empties the log; its start and end are `offset`. Rejects with StorageError. */
export async function truncateFullyAndStartAt(log: LogState, offset: Offset): Promise<void> {
  await log.writer.drained();
  await change(log, () => startAnew(log, offset));
  await log.writer.sync();
}

function startAnew(log: LogState, offset: Offset): void {
  log.abortCleaning();
  lowerRecoveryPoint(log, Math.min(offset, log.segments.firstBaseOffset));
  removeSegments(log, log.segments.takeAll());
  removeSnapshots(log, () => true);
  log.producerState.clear(offset);
  log.leaderEpochs.clear();
  log.logStartOffset = offset;
  beginSegment(log, offset, log.environment.clock.nowMs());
  ended(log, offset);
  log.writer.restarted(offset);
  log.environment.checkpointNow();
}

function ended(log: LogState, logEndOffset: Offset): void {
  log.truncations++;
  log.tail.clear();
  log.tail.written(logEndOffset);
  log.logEndOffset = logEndOffset;
  log.sizeInBytes = log.segments.sizeInBytes;
  if (log.logStartOffset > logEndOffset) log.logStartOffset = logEndOffset;
  log.environment.logTruncated(log.name, logEndOffset);
}

/** A recovery point beyond the cut would make the next crash skip what is appended after it. */
function lowerRecoveryPoint(log: LogState, offset: Offset): void {
  if (log.writer.flushedEndOffset <= offset) return;
  log.writer.lowerFlushedEndOffset(offset);
  log.environment.checkpointNow();
}

async function change(log: LogState, act: () => void): Promise<void> {
  if (log.offline) throw log.writer.failure ?? new StorageError(`${log.name} is closed`);
  try {
    act();
  } catch (error) {
    log.writer.fail(error);
    throw log.writer.failure ?? error;
  }
}
