/**
 * Where each leader epoch of a log begins (KIP-101, KIP-279). Entries ascend in epoch and in start offset.
 *
 * An assignment is in the file before the first batch of its epoch is: a follower that asks where an epoch ends must get
 * the same answer after a crash. The file's name is synced with the batches (the log sees to it): what a power loss takes
 * before that, recovery finds in the batches. So it does the content of a log's first entry, which is not even synced, for
 * creating a thousand partitions would wait for the disk a thousand times. Truncations reach the file with the next write,
 * since recovery repeats them.
 */
import type { LeaderEpoch, Offset } from '../base/flavor.ts';
import type { FileSystem } from '../io/file-system.ts';
import { type EpochEntry, readLeaderEpochCheckpoint, writeLeaderEpochCheckpoint } from './checkpoint-file.ts';

export class LeaderEpochCache {
  readonly #fileSystem: FileSystem;
  #path: string;
  #entries: EpochEntry[];
  #dirty = false;
  /** The last entry is in memory only, for it has no record yet. */
  #begun = false;

  /** `onDisk`: there may be a file to read. */
  constructor(fileSystem: FileSystem, path: string, onDisk = true) {
    this.#fileSystem = fileSystem;
    this.#path = path;
    this.#entries = [];
    if (!onDisk) return;
    for (const entry of readLeaderEpochCheckpoint(fileSystem, path)) this.#assign(entry.epoch, entry.startOffset);
  }

  /** The folder was renamed. */
  moveTo(path: string): void {
    this.#path = path;
  }

  /** -1 when there is none. */
  get latestEpoch(): LeaderEpoch {
    return this.#entries.length === 0 ? -1 : this.#entries[this.#entries.length - 1]!.epoch;
  }

  entries(): readonly EpochEntry[] {
    return this.#entries;
  }

  /**
   * An epoch without a record, which `assign` or `writeBegun` puts into the file before its first one. A start drops what
   * begins at the log end anyhow, and an idle log should not cost a write each time that it gets a leader.
   */
  begin(epoch: LeaderEpoch, startOffset: Offset): void {
    if (this.#assign(epoch, startOffset)) this.#begun = true;
  }

  /** False when the file has all there is to know of the epochs that have records. */
  writeBegun(): boolean {
    if (!this.#begun) return false;
    this.#write(this.#entries.length > 1);
    return true;
  }

  /** For the first record of an epoch. */
  assign(epoch: LeaderEpoch, startOffset: Offset): void {
    const before = [...this.#entries];
    if (!this.#assign(epoch, startOffset)) return;
    try {
      this.#write(this.#entries.length > 1);
    } catch (error) {
      // Of an epoch that is not in the file nobody may hear.
      this.#entries = before;
      throw error;
    }
  }

  #assign(epoch: LeaderEpoch, startOffset: Offset): boolean {
    if (epoch < 0 || startOffset < 0) return false;
    const entries = this.#entries;
    const last = entries[entries.length - 1];
    if (last !== undefined && last.epoch === epoch && startOffset >= last.startOffset) return false;
    while (entries.length > 0) {
      const entry = entries[entries.length - 1]!;
      if (entry.epoch < epoch && entry.startOffset < startOffset) break;
      entries.pop();
    }
    entries.push({ epoch, startOffset });
    return true;
  }

  /**
   * Recovery found a batch of `epoch` at `startOffset`. Entries that say otherwise are of records that were cut: their cut
   * had not reached the file.
   */
  learn(epoch: LeaderEpoch, startOffset: Offset): void {
    if (epoch < 0 || this.epochForOffset(startOffset) === epoch) return;
    const entries = this.#entries;
    for (let last = entries.at(-1); last !== undefined; last = entries.at(-1)) {
      if (last.startOffset < startOffset && last.epoch <= epoch) break;
      entries.pop();
    }
    if (entries.at(-1)?.epoch !== epoch) entries.push({ epoch, startOffset });
    this.#dirty = true;
  }

  /** As OffsetsForLeaderEpoch answers; null where Kafka says undefined. */
  endOffsetFor(epoch: LeaderEpoch, logEndOffset: Offset): { leaderEpoch: LeaderEpoch; endOffset: Offset } | null {
    if (epoch === -1) return null;
    // The epoch that is being written has no end yet but the log's.
    if (epoch === this.latestEpoch) return { leaderEpoch: epoch, endOffset: logEndOffset };
    let floor = -1;
    for (const entry of this.#entries) {
      if (entry.epoch > epoch) {
        return { leaderEpoch: floor === -1 ? epoch : floor, endOffset: entry.startOffset };
      }
      floor = entry.epoch;
    }
    return null;
  }

  /** -1 when not known. */
  epochForOffset(offset: Offset): LeaderEpoch {
    const last = this.#entries[this.#entries.length - 1];
    if (last === undefined || last.startOffset <= offset) return last?.epoch ?? -1;
    let found = -1;
    for (const entry of this.#entries) {
      if (entry.startOffset > offset) break;
      found = entry.epoch;
    }
    return found;
  }

  /** The log now ends at `endOffset`. */
  truncateFromEnd(endOffset: Offset): void {
    const before = this.#entries.length;
    while (this.#entries.length > 0 && this.#entries[this.#entries.length - 1]!.startOffset >= endOffset) {
      this.#entries.pop();
    }
    if (this.#entries.length !== before) this.#dirty = true;
  }

  /** The log now starts at `startOffset`: the epoch that covers it begins there. */
  truncateFromStart(startOffset: Offset): void {
    let covering = -1;
    while (covering + 1 < this.#entries.length && this.#entries[covering + 1]!.startOffset <= startOffset) covering++;
    if (covering === -1) return;
    const entry = this.#entries[covering]!;
    if (covering === 0 && entry.startOffset === startOffset) return;
    this.#entries.splice(0, covering + 1, { epoch: entry.epoch, startOffset });
    this.#dirty = true;
  }

  clear(): void {
    if (this.#entries.length === 0) return;
    this.#entries = [];
    this.#dirty = true;
  }

  /** Would `persist` write? */
  get isDirty(): boolean {
    return this.#dirty;
  }

  /** What is not in the file yet gets there: truncations at a clean stop, what recovery learned. */
  persist(): void {
    if (this.#dirty) this.#write(true);
  }

  #write(sync: boolean): void {
    writeLeaderEpochCheckpoint(this.#fileSystem, this.#path, this.#entries, sync);
    this.#dirty = false;
    this.#begun = false;
  }
}
