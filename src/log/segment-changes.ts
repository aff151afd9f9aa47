/** Segments come and go: rolls at the end of a log, retention at its beginning; and the producer snapshots that go with them. */
import type { Offset } from '../base/flavor.ts';
import { DELETED_SUFFIX, PRODUCER_SNAPSHOT_SUFFIX, segmentFileName } from './log-files.ts';
import { rollJitterMs, snapshotOffsets } from './log-loader.ts';
import { LogSegment } from './log-segment.ts';
import type { LogState } from './log-state.ts';
import { encodeProducerSnapshot } from './producer-snapshot.ts';
import { deletableSegmentCount } from './retention.ts';

export function rollIfNeeded(
  log: LogState,
  sizeInBytes: number,
  maxTimestampMs: number,
  firstOffset: Offset,
  lastOffset: Offset,
  nowMs: number,
): void {
  if (log.segments.active.shouldRoll(log.config, sizeInBytes, maxTimestampMs, lastOffset, nowMs)) {
    // A follower's gap may be too wide for relative offsets: then the new segment begins behind it.
    rollTo(log, Math.max(firstOffset, log.logEndOffset), nowMs);
  }
}

/** Closes the active segment and begins a new one at logEndOffset; no-op when it is empty. */
export function roll(log: LogState): void {
  if (log.offline || log.segments.active.size === 0) return;
  try {
    rollTo(log, log.logEndOffset, log.environment.clock.nowMs());
  } catch (error) {
    log.diskFailed(error);
  }
}

function rollTo(log: LogState, baseOffset: Offset, nowMs: number): void {
  const previous = log.segments.active;
  // Whatever fails up to here can be done again: the log still ends with the segment that it has.
  if (previous.size > 0) {
    previous.becomeInactive();
    for (const path of previous.persistIndexes()) log.writer.addUnsyncedPath(path);
    takeProducerSnapshot(log);
  }
  beginSegment(log, baseOffset, nowMs);
  if (previous.size > 0) previous.unloadIndexes();
  else removeSegments(log, [log.segments.takeEmpty(previous)]);
  // Behind the writes that are queued; its failure reaches the owner through the writer.
  if (previous.size > 0) {
    log.writer
      .drained()
      .then(() => log.writer.sync())
      .catch(() => {});
  }
}

export function beginSegment(log: LogState, baseOffset: Offset, nowMs: number): void {
  const segment = new LogSegment({
    fileSystem: log.environment.fileSystem,
    files: log.environment.files,
    directory: log.directory,
    baseOffset,
    existingSize: null,
    nowMs,
    rollJitterMs: rollJitterMs(log.config, log.environment.random),
  });
  log.segments.add(segment);
  log.writer.addUnsyncedSegment(segment);
  log.writer.addUnsyncedPath(log.directory);
}

/** The newest first: a crash in between leaves a log that ends earlier, not one with a hole. */
export function removeSegments(log: LogState, segments: readonly LogSegment[]): void {
  for (const segment of [...segments].reverse()) {
    log.writer.forgetSegment(segment);
    segment.remove();
  }
  // Before anything before them is cut: after a power loss they must not come back behind the cut.
  if (segments.length > 0) log.writer.syncDirectoryNow(log.directory);
}

export function removeSnapshots(log: LogState, condition: (offset: Offset) => boolean): void {
  const { fileSystem } = log.environment;
  for (const offset of snapshotOffsets(fileSystem, log.directory)) {
    if (condition(offset)) {
      fileSystem.remove(`${log.directory}/${segmentFileName(offset, PRODUCER_SNAPSHOT_SUFFIX)}`);
    }
  }
}

/** `<logEndOffset>.snapshot`; synced with the next sync. */
export function takeProducerSnapshot(log: LogState): void {
  if (log.producerState.mapEndOffset <= log.producerState.snapshotOffset) return;
  const path = `${log.directory}/${segmentFileName(log.logEndOffset, PRODUCER_SNAPSHOT_SUFFIX)}`;
  log.environment.fileSystem.writeFile(path, encodeProducerSnapshot(log.producerState.producers()));
  log.writer.addUnsyncedPath(path);
  log.producerState.snapshotOffset = log.logEndOffset;
}

/**
 * Removes the segments that end at or before `offset` (never the active one), with the producer snapshots below the new
 * first segment, and moves the log start offset there. Gives the number of segments.
 */
export function deleteSegmentsBefore(log: LogState, offset: Offset): number {
  if (log.offline) return 0;
  return deleteSegments(log, log.segments.takeBefore(offset));
}

/**
 * Removes what retention no longer keeps, as the config is now; where that is everything, the active segment is closed
 * first. Gives the number of segments.
 */
export function deleteOldSegments(log: LogState, highWatermark: Offset): number {
  if (log.offline) return 0;
  try {
    const count = deletableSegmentCount({
      segments: log.segments.all(),
      config: log.config,
      logStartOffset: log.logStartOffset,
      logEndOffset: log.logEndOffset,
      highWatermark,
      nowMs: log.environment.clock.nowMs(),
    });
    if (count === 0) return 0;
    if (count === log.segments.count) roll(log);
    return deleteSegments(log, log.segments.takeOldest(count));
  } catch (error) {
    log.diskFailed(error);
    return 0;
  }
}

function deleteSegments(log: LogState, segments: readonly LogSegment[]): number {
  if (segments.length === 0) return 0;
  log.abortCleaning();
  log.truncations++;
  log.sizeInBytes = log.segments.sizeInBytes;
  const first = log.segments.firstBaseOffset;
  // First the promise, then the files: a reader must not look for what is about to go.
  log.advanceLogStartOffset(first);
  try {
    const paths: string[] = [];
    for (const segment of segments) {
      log.writer.forgetSegment(segment);
      paths.push(...segment.renameToDeleted());
    }
    const { fileSystem, pendingRemovals } = log.environment;
    for (const offset of snapshotOffsets(fileSystem, log.directory)) {
      if (offset >= first) continue;
      const path = `${log.directory}/${segmentFileName(offset, PRODUCER_SNAPSHOT_SUFFIX)}`;
      fileSystem.rename(path, path + DELETED_SUFFIX);
      paths.push(path + DELETED_SUFFIX);
    }
    pendingRemovals.removeFilesLater(paths, log.config.fileDeleteDelayMs);
  } catch (error) {
    log.diskFailed(error);
  }
  return segments.length;
}
