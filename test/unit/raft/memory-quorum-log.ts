// A quorum's log and state in memory whose writes are durable only after a while: a crash takes what is not.
import type { Timer } from '../../../src/base/clock.ts';
import type { EpochEnd, QuorumLog, QuorumState, QuorumStateStore, SnapshotId } from '../../../src/raft/quorum-log.ts';
import * as header from '../../../src/wire/records/record-batch.ts';
import { batches } from '../../../src/wire/records/records.ts';

interface Batch {
  readonly baseOffset: number;
  /** Exclusive. */
  readonly nextOffset: number;
  readonly leaderEpoch: number;
  readonly bytes: Buffer;
}

/** What is on the disk of one replica, over its restarts. */
export class MemoryDisk implements QuorumStateStore {
  batches: Batch[] = [];
  startOffset = 0;
  syncedEndOffset = 0;
  readonly snapshots = new Map<string, { readonly id: SnapshotId; readonly data: Buffer }>();
  state: QuorumState | null = null;

  read(): QuorumState | null {
    return this.state;
  }

  write(state: QuorumState): void {
    this.state = state;
  }

  get endOffset(): number {
    return this.batches.at(-1)?.nextOffset ?? this.startOffset;
  }

  /** What is synced stays, and of the rest as many batches as chance has it. */
  crash(keptUnsynced: number): void {
    const kept = this.batches.filter(({ nextOffset }) => nextOffset <= this.syncedEndOffset);
    this.batches = this.batches.slice(0, kept.length + keptUnsynced);
    this.syncedEndOffset = this.endOffset;
  }
}

export interface MemoryQuorumLogOptions {
  readonly disk: MemoryDisk;
  readonly timer: Timer;
  readonly syncDelayMs: () => number;
  /** Says that all is synced at once: what must not happen. */
  readonly lies: boolean;
}

/** Of one run of the replica; closed by a crash. */
export class MemoryQuorumLog implements QuorumLog {
  readonly #options: MemoryQuorumLogOptions;
  readonly #disk: MemoryDisk;
  /** Syncs end in the order of the appends. */
  #lastSync: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(options: MemoryQuorumLogOptions) {
    this.#options = options;
    this.#disk = options.disk;
  }

  close(): void {
    this.#closed = true;
  }

  get startOffset(): number {
    return this.#disk.startOffset;
  }

  get endOffset(): number {
    return this.#disk.endOffset;
  }

  get syncedEndOffset(): number {
    return this.#options.lies ? this.endOffset : Math.min(this.#disk.syncedEndOffset, this.endOffset);
  }

  get lastEpoch(): number {
    const last = this.#disk.batches.at(-1);
    const [newest] = this.snapshotIds();
    return last?.leaderEpoch ?? (newest?.endOffset === this.endOffset ? newest.epoch : 0);
  }

  endOffsetForEpoch(leaderEpoch: number): EpochEnd | null {
    const found = this.#disk.batches.findLast((batch) => batch.leaderEpoch <= leaderEpoch);
    if (found !== undefined) return { leaderEpoch: found.leaderEpoch, endOffset: found.nextOffset };
    const covering = this.snapshotIds().find((id) => id.endOffset === this.startOffset && id.epoch <= leaderEpoch);
    return covering === undefined ? null : { leaderEpoch: covering.epoch, endOffset: covering.endOffset };
  }

  append(records: Buffer): Promise<void> {
    for (const { position, sizeInBytes } of batches(records)) {
      const bytes = Buffer.from(records.subarray(position, position + sizeInBytes));
      const baseOffset = header.baseOffset(bytes, 0);
      if (baseOffset !== this.endOffset)
        throw new Error(`append at ${baseOffset} to a log that ends at ${this.endOffset}`);
      const leaderEpoch = header.partitionLeaderEpoch(bytes, 0);
      this.#disk.batches.push({ baseOffset, nextOffset: header.nextOffset(bytes, 0), leaderEpoch, bytes });
    }
    const { endOffset } = this;
    const synced = new Promise<void>((resolve) => {
      this.#options.timer.schedule(this.#options.syncDelayMs(), resolve);
    });
    this.#lastSync = Promise.all([this.#lastSync, synced]).then(() => {
      const reached = Math.min(endOffset, this.endOffset);
      if (!this.#closed) this.#disk.syncedEndOffset = Math.max(this.#disk.syncedEndOffset, reached);
    });
    if (this.#options.lies) return Promise.resolve();
    return this.#lastSync;
  }

  async read(offset: number, maxBytes: number): Promise<Buffer> {
    const found: Buffer[] = [];
    let size = 0;
    for (const { nextOffset, bytes } of this.#disk.batches) {
      if (nextOffset <= offset) continue;
      if (found.length > 0 && size + bytes.length > maxBytes) break;
      found.push(bytes);
      size += bytes.length;
    }
    return Buffer.concat(found);
  }

  async truncateTo(endOffset: number): Promise<void> {
    await this.#lastSync;
    this.#disk.batches = this.#disk.batches.filter((batch) => batch.nextOffset <= endOffset);
    this.#disk.syncedEndOffset = Math.min(this.#disk.syncedEndOffset, this.endOffset);
  }

  snapshotIds(): readonly SnapshotId[] {
    return [...this.#disk.snapshots.values()]
      .map(({ id }) => id)
      .sort((a, b) => b.endOffset - a.endOffset || b.epoch - a.epoch);
  }

  readSnapshot(id: SnapshotId): Buffer {
    return this.#disk.snapshots.get(keyOf(id))!.data;
  }

  writeSnapshot(id: SnapshotId, data: Buffer): void {
    this.#disk.snapshots.set(keyOf(id), { id, data });
  }

  async startAnewAtSnapshot(): Promise<void> {
    await this.#lastSync;
    const [newest, ...older] = this.snapshotIds();
    const { endOffset } = newest!;
    for (const id of older) this.#disk.snapshots.delete(keyOf(id));
    this.#disk.batches = [];
    this.#disk.startOffset = endOffset;
    this.#disk.syncedEndOffset = endOffset;
  }

  get sizeInBytes(): number {
    return this.#disk.batches.reduce((size, { bytes }) => size + bytes.length, 0);
  }

  snapshotFacts(id: SnapshotId): { sizeInBytes: number; modifiedMs: number } {
    return { sizeInBytes: this.readSnapshot(id).length, modifiedMs: 0 };
  }

  deleteOldestSnapshot(): void {
    const ids = this.snapshotIds();
    const start = ids.at(-2)!.endOffset;
    this.#disk.snapshots.delete(keyOf(ids.at(-1)!));
    this.#disk.batches = this.#disk.batches.filter(({ nextOffset }) => nextOffset > start);
    this.#disk.startOffset = start;
  }
}

function keyOf({ endOffset, epoch }: SnapshotId): string {
  return `${endOffset}-${epoch}`;
}
