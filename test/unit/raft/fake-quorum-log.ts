// A log of epochs alone.
import type { EpochEnd, QuorumLogView, SnapshotId } from '../../../src/raft/quorum-log.ts';

export class FakeQuorumLog implements QuorumLogView {
  /** The epoch of each record from `startOffset` on. */
  epochs: number[] = [];
  startOffset = 0;
  /** Null: all is synced. */
  synced: number | null = null;
  snapshots: SnapshotId[] = [];

  get endOffset(): number {
    return this.startOffset + this.epochs.length;
  }

  get syncedEndOffset(): number {
    return this.synced ?? this.endOffset;
  }

  get lastEpoch(): number {
    return this.epochs.at(-1) ?? 0;
  }

  snapshotIds(): readonly SnapshotId[] {
    return this.snapshots;
  }

  appendAt(epoch: number, count: number): void {
    for (let i = 0; i < count; i++) this.epochs.push(epoch);
  }

  endOffsetForEpoch(leaderEpoch: number): EpochEnd | null {
    for (let i = this.epochs.length - 1; i >= 0; i--) {
      if (this.epochs[i]! <= leaderEpoch) return { leaderEpoch: this.epochs[i]!, endOffset: this.startOffset + i + 1 };
    }
    return null;
  }
}
