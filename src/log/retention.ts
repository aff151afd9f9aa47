/**
 * Which of a log's oldest segments may go: those wholly below the log start offset, and, where the topic's policy has
 * `delete`, those that make it larger than `retention.bytes` or are older than `retention.ms`.
 *
 * Segments go whole, oldest first, and only below the high watermark: what is not committed cannot be old. The active
 * segment counts, too, unless it is empty; the caller begins a new one before it goes.
 */
import type { Offset } from '../base/flavor.ts';
import type { LogConfig } from './log-config.ts';
import type { LogSegment } from './log-segment.ts';

export interface RetentionInput {
  /** All of the log; the last is active. */
  readonly segments: readonly LogSegment[];
  readonly config: Pick<LogConfig, 'cleanupPolicy' | 'retentionMs' | 'retentionBytes'>;
  readonly logStartOffset: Offset;
  readonly logEndOffset: Offset;
  readonly highWatermark: Offset;
  readonly nowMs: number;
}

/** How many segments, counted from the oldest. */
export function deletableSegmentCount(input: RetentionInput): number {
  const { segments, config, logStartOffset, logEndOffset, highWatermark, nowMs } = input;
  let committed = 0;
  while (committed < segments.length) {
    const next = segments[committed + 1];
    if (next === undefined && segments[committed]!.size === 0) break;
    if ((next?.baseOffset ?? logEndOffset) > highWatermark) break;
    committed++;
  }
  let count = 0;
  while (count < committed && count + 1 < segments.length && segments[count + 1]!.baseOffset <= logStartOffset) count++;
  if (!config.cleanupPolicy.delete) return count;
  if (config.retentionBytes >= 0) {
    let excess = -config.retentionBytes;
    for (let index = count; index < segments.length; index++) excess += segments[index]!.size;
    while (count < committed && excess >= segments[count]!.size) excess -= segments[count++]!.size;
  }
  if (config.retentionMs >= 0) {
    while (count < committed && nowMs - segments[count]!.largestTimestampMs > config.retentionMs) count++;
  }
  return count;
}
