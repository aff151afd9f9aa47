/** The log's side of a cleaning: what there is to clean, and the swap of what the cleaner made. */
import { assert } from '../base/assert.ts';
import type { Offset } from '../base/flavor.ts';
import { type CleanablePart, cleanablePart as findCleanablePart } from './cleanable-part.ts';
import type { CleanedGroup, CompactionSegment } from './compaction.ts';
import { DELETED_SUFFIX, PRODUCER_SNAPSHOT_SUFFIX, segmentFileName } from './log-files.ts';
import { LogSegment } from './log-segment.ts';
import type { LogState } from './log-state.ts';
import { swapCleanedSegment } from './segment-swap.ts';

/** What a cleaning would find. `checkpointOffset`: where the last one ended; null before the first. */
export function cleanablePart(
  log: LogState,
  checkpointOffset: Offset | null,
  highWatermark: Offset,
): CleanablePart | null {
  if (log.offline || log.cleaningPauses > 0) return null;
  try {
    return findCleanablePart({
      segments: log.segments,
      config: log.config,
      logStartOffset: log.logStartOffset,
      logEndOffset: log.logEndOffset,
      lastStableOffset: log.lastStableOffset(highWatermark),
      checkpointOffset,
      nowMs: log.environment.clock.nowMs(),
    });
  } catch (error) {
    log.diskFailed(error);
    return null;
  }
}

/** Those below `firstUncleanableOffset`, as a cleaning must know them. */
export function compactionSegments(log: LogState, firstUncleanableOffset: Offset): CompactionSegment[] {
  return log.segments
    .all()
    .filter(({ baseOffset }) => baseOffset < firstUncleanableOffset)
    .map(({ baseOffset, size, offsetIndex, timeIndex }) => ({
      baseOffset,
      sizeInBytes: size,
      offsetIndexSize: offsetIndex.fileSize(),
      timeIndexSize: timeIndex.fileSize(),
    }));
}

/** Takes over what a cleaning made of some closed segments. The cleaning has not been aborted. */
export function replaceSegments(log: LogState, group: CleanedGroup): void {
  if (log.offline) return;
  const { fileSystem, files, pendingRemovals } = log.environment;
  const bases = new Set(group.replacedBaseOffsets);
  const replaced = log.segments.all().filter(({ baseOffset }) => bases.has(baseOffset));
  assert(replaced.length === bases.size, 'the segments that were cleaned are there still');
  const endOffset = log.segments.closedFrom(group.replacedBaseOffsets[bases.size - 1]!)[1]?.baseOffset;
  try {
    const paths = swapCleanedSegment({
      fileSystem,
      directory: log.directory,
      baseOffset: group.baseOffset,
      replaced,
      syncDirectory: () => log.writer.syncDirectoryNow(log.directory),
    });
    const segment = new LogSegment({
      fileSystem,
      files,
      directory: log.directory,
      baseOffset: group.baseOffset,
      existingSize: group.sizeInBytes,
      nowMs: log.environment.clock.nowMs(),
      rollJitterMs: 0,
    });
    for (const old of replaced) log.writer.forgetSegment(old);
    log.segments.replace(replaced, segment);
    log.writer.addUnsyncedPath(log.directory);
    // What was read before the swap is not mixed with the transaction index of after it.
    log.truncations++;
    log.tail.dropBelow(endOffset ?? log.segments.active.baseOffset);
    log.sizeInBytes = log.segments.sizeInBytes;
    for (const { baseOffset } of replaced.slice(1)) {
      const path = `${log.directory}/${segmentFileName(baseOffset, PRODUCER_SNAPSHOT_SUFFIX)}`;
      if (!fileSystem.exists(path)) continue;
      fileSystem.rename(path, path + DELETED_SUFFIX);
      paths.push(path + DELETED_SUFFIX);
    }
    pendingRemovals.removeFilesLater(paths, log.config.fileDeleteDelayMs);
  } catch (error) {
    log.writer.fail(error);
  }
}
