/**
 * Which part of a log compaction may look at, and whether it is time:
 *
 *     | clean                 | dirty, cleanable            | not yet: undecided, too young, active
 *     logStartOffset          firstDirtyOffset              firstUncleanableOffset (a segment begins there)
 *
 * A log is due when the dirty part is more than `min.cleanable.dirty.ratio` of clean and dirty together, or holds a record
 * that has waited longer than `max.compaction.lag.ms`.
 */
import type { Offset } from '../base/flavor.ts';
import type { LogConfig } from './log-config.ts';
import type { LogSegments } from './log-segments.ts';

export interface CleanablePart {
  readonly firstDirtyOffset: Offset;
  readonly firstUncleanableOffset: Offset;
  /** The checkpoint cannot be of this log as it is now. */
  readonly checkpointIsWrong: boolean;
  /** 0 to 1. */
  readonly dirtyRatio: number;
  readonly isDue: boolean;
}

export function cleanablePart(input: {
  readonly segments: LogSegments;
  readonly config: LogConfig;
  readonly logStartOffset: Offset;
  readonly logEndOffset: Offset;
  readonly lastStableOffset: Offset;
  readonly checkpointOffset: Offset | null;
  readonly nowMs: number;
}): CleanablePart {
  const { segments, config, logStartOffset, logEndOffset, lastStableOffset, nowMs } = input;
  const checkpointOffset = input.checkpointOffset ?? logStartOffset;
  const checkpointIsWrong = checkpointOffset < logStartOffset || checkpointOffset > logEndOffset;
  const firstDirtyOffset = checkpointIsWrong ? logStartOffset : checkpointOffset;

  let uncleanable = Math.min(lastStableOffset, segments.active.baseOffset);
  if (config.minCompactionLagMs > 0) {
    const youngestMs = nowMs - config.minCompactionLagMs;
    const young = segments
      .closedFrom(firstDirtyOffset)
      .find(({ largestTimestampMs }) => largestTimestampMs > youngestMs);
    if (young !== undefined) uncleanable = Math.min(uncleanable, young.baseOffset);
  }
  uncleanable = Math.max(firstDirtyOffset, uncleanable);
  const firstUncleanableOffset = segments.closedFrom(uncleanable)[0]?.baseOffset ?? segments.active.baseOffset;

  let cleanBytes = 0;
  let cleanableBytes = 0;
  for (const segment of segments.all()) if (segment.baseOffset < firstDirtyOffset) cleanBytes += segment.size;
  for (const segment of segments.closedFrom(Math.min(firstDirtyOffset, firstUncleanableOffset))) {
    if (segment.baseOffset < firstUncleanableOffset) cleanableBytes += segment.size;
  }
  const totalBytes = cleanBytes + cleanableBytes;
  const dirtyRatio = totalBytes === 0 ? 0 : cleanableBytes / totalBytes;
  const isOverdue = () => {
    const untilMs = nowMs - config.maxCompactionLagMs;
    return segments
      .closedFrom(firstDirtyOffset)
      .some((segment) => segment.size > 0 && segment.firstTimestampMs < untilMs);
  };
  const isDue =
    totalBytes > 0 &&
    (dirtyRatio > config.minCleanableDirtyRatio || (cleanableBytes > 0 && untilIsPast(input) && isOverdue()));
  return { firstDirtyOffset, firstUncleanableOffset, checkpointIsWrong, dirtyRatio, isDue };
}

/** Most topics have no such limit: their files need not be asked. */
function untilIsPast({ config, nowMs }: { readonly config: LogConfig; readonly nowMs: number }): boolean {
  return config.maxCompactionLagMs < nowMs;
}
