// A log of epochs alone.
import type { EpochEnd, QuorumLogView } from '../../../src/raft/quorum-log.ts';

export class FakeQuorumLog implements QuorumLogView {
  /** The epoch of each record. */
  epochs: number[] = [];

  get endOffset(): number {
    return this.epochs.length;
  }

  get lastEpoch(): number {
    return this.epochs.at(-1) ?? 0;
  }

  appendAt(epoch: number, count: number): void {
    for (let i = 0; i < count; i++) this.epochs.push(epoch);
  }

  truncateTo(endOffset: number): void {
    this.epochs.length = Math.min(this.epochs.length, endOffset);
  }

  endOffsetForEpoch(leaderEpoch: number): EpochEnd | null {
    for (let i = this.epochs.length - 1; i >= 0; i--) {
      if (this.epochs[i]! <= leaderEpoch) return { leaderEpoch: this.epochs[i]!, endOffset: i + 1 };
    }
    return null;
  }
}
