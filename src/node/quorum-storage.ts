/**
 * The quorum's log, snapshots and state in the directory `__cluster_metadata-0`, as Kafka keeps them:
 *
 *     00000000000000000000.log …                    a partition log, synced with every append
 *     <endOffset, 20 digits>-<epoch, 10 digits>.checkpoint      snapshots (KIP-630); `.checkpoint.part` while they are written
 *     quorum-state                                  JSON, `data_version` 0 with kraft.version 0, else 1
 */
import type { LeaderEpoch, Offset } from '../base/flavor.ts';
import { type Uuid, ZERO_UUID } from '../base/uuid.ts';
import { atomicWriteFile } from '../io/atomic-write.ts';
import type { FileSystem } from '../io/file-system.ts';
import type { LogConfig } from '../log/log-config.ts';
import type { PartitionLog } from '../log/partition-log.ts';
import type { EpochEnd, QuorumLog, QuorumState, QuorumStateStore, SnapshotId } from '../raft/quorum-log.ts';

export const METADATA_DIRECTORY = '__cluster_metadata-0';
const QUORUM_STATE = 'quorum-state';
const CHECKPOINT = '.checkpoint';

export class QuorumStorageError extends Error {
  override name = 'QuorumStorageError';
}

export function snapshotFileName({ endOffset, epoch }: SnapshotId): string {
  return `${String(endOffset).padStart(20, '0')}-${String(epoch).padStart(10, '0')}${CHECKPOINT}`;
}

function parseSnapshotFileName(name: string): SnapshotId | null {
  const match = /^(\d{20})-(\d{10})\.checkpoint$/.exec(name);
  return match === null ? null : { endOffset: Number(match[1]), epoch: Number(match[2]) };
}

/** The quorum's log is synced with each append and never deleted by retention: snapshots decide what may go. */
export function metadataLogConfig(options: { readonly segmentBytes: number; readonly segmentMs: number }): LogConfig {
  return {
    segmentBytes: options.segmentBytes,
    segmentMs: options.segmentMs,
    segmentJitterMs: 0,
    segmentIndexBytes: 10 * 1024 * 1024,
    indexIntervalBytes: 4096,
    maxMessageBytes: 8 * 1024 * 1024,
    compressionType: 'producer',
    compressionLevels: { gzip: -1, lz4: 9, zstd: 3 },
    messageTimestampType: 'CreateTime',
    messageTimestampBeforeMaxMs: Number.MAX_SAFE_INTEGER,
    messageTimestampAfterMaxMs: Number.MAX_SAFE_INTEGER,
    cleanupPolicy: { compact: false, delete: false },
    flushMessages: 1,
    flushMs: 0,
    retentionMs: -1,
    retentionBytes: -1,
    fileDeleteDelayMs: 60_000,
    deleteRetentionMs: 86_400_000,
    minCompactionLagMs: 0,
    maxCompactionLagMs: Number.MAX_SAFE_INTEGER,
    minCleanableDirtyRatio: 0.5,
  };
}

export class PartitionQuorumLog implements QuorumLog {
  readonly #log: PartitionLog;
  readonly #fileSystem: FileSystem;
  readonly #directory: string;
  #snapshotIds: SnapshotId[];

  private constructor(log: PartitionLog, fileSystem: FileSystem, directory: string, snapshotIds: SnapshotId[]) {
    this.#log = log;
    this.#fileSystem = fileSystem;
    this.#directory = directory;
    this.#snapshotIds = snapshotIds;
  }

  /** `directory` is that of the metadata log. */
  static async open(log: PartitionLog, fileSystem: FileSystem, directory: string): Promise<PartitionQuorumLog> {
    const snapshotIds: SnapshotId[] = [];
    for (const name of fileSystem.list(directory)) {
      const id = parseSnapshotFileName(name);
      if (id !== null) snapshotIds.push(id);
      else if (/\.checkpoint\.(part|deleted)$/.test(name)) fileSystem.remove(`${directory}/${name}`);
    }
    snapshotIds.sort(newestFirst);
    const newest = snapshotIds[0];
    // A snapshot that came from the leader replaced the log, and a crash kept the log from knowing.
    if (newest !== undefined && newest.endOffset > log.logEndOffset)
      await log.truncateFullyAndStartAt(newest.endOffset);
    return new PartitionQuorumLog(log, fileSystem, directory, snapshotIds);
  }

  get startOffset(): Offset {
    return this.#log.logStartOffset;
  }

  get endOffset(): Offset {
    return this.#log.logEndOffset;
  }

  get syncedEndOffset(): Offset {
    // Each append is synced; a log that was cut may have been synced beyond its end.
    return Math.min(this.#log.flushedEndOffset, this.endOffset);
  }

  get sizeInBytes(): number {
    let size = this.#log.sizeInBytes;
    for (const id of this.#snapshotIds) size += this.snapshotFacts(id).sizeInBytes;
    return size;
  }

  get lastEpoch(): LeaderEpoch {
    const newest = this.#snapshotIds[0];
    const snapshotEpoch = newest !== undefined && newest.endOffset === this.endOffset ? newest.epoch : 0;
    return Math.max(this.#log.latestEpoch, snapshotEpoch);
  }

  endOffsetForEpoch(leaderEpoch: LeaderEpoch): EpochEnd | null {
    const end = this.#log.endOffsetForEpoch(leaderEpoch);
    if (end !== null) return end;
    // The log has been cut behind a snapshot: its epoch is the oldest that is known here.
    const covering = this.#snapshotIds.find(
      ({ endOffset, epoch }) => endOffset === this.startOffset && epoch <= leaderEpoch,
    );
    return covering === undefined ? null : { leaderEpoch: covering.epoch, endOffset: covering.endOffset };
  }

  append(batches: Buffer, leaderEpoch: LeaderEpoch): Promise<void> {
    const appended = this.#log.appendAsFollower(batches, leaderEpoch);
    if (appended.kind === 'failed') {
      return Promise.reject(new QuorumStorageError(`${appended.error}: ${appended.message ?? 'append failed'}`));
    }
    return appended.written;
  }

  async read(offset: Offset, maxBytes: number): Promise<Buffer> {
    const result = await this.#log.read(offset, maxBytes, { minOneBatch: true, endOffset: this.endOffset });
    if (result.kind === 'failed') throw new QuorumStorageError(`${result.error}: ${result.message}`);
    return result.records;
  }

  truncateTo(endOffset: Offset): Promise<void> {
    return this.#log.truncateTo(endOffset);
  }

  snapshotIds(): readonly SnapshotId[] {
    return this.#snapshotIds;
  }

  readSnapshot(id: SnapshotId): Buffer {
    return this.#fileSystem.readFile(`${this.#directory}/${snapshotFileName(id)}`);
  }

  writeSnapshot(id: SnapshotId, data: Buffer): void {
    const path = `${this.#directory}/${snapshotFileName(id)}`;
    const part = `${path}.part`;
    const handle = this.#fileSystem.open(part, 'write');
    try {
      handle.truncate(0);
      handle.writevSync([data], 0);
      handle.syncSync();
    } finally {
      handle.close();
    }
    this.#fileSystem.rename(part, path);
    this.#fileSystem.syncDirectory(this.#directory);
    const others = this.#snapshotIds.filter(({ endOffset, epoch }) => endOffset !== id.endOffset || epoch !== id.epoch);
    this.#snapshotIds = [id, ...others].sort(newestFirst);
  }

  async startAnewAtSnapshot(): Promise<void> {
    const newest = this.#snapshotIds[0]!;
    await this.#log.truncateFullyAndStartAt(newest.endOffset);
    // Older ones say nothing of a log that begins here.
    for (const id of this.#snapshotIds.slice(1)) this.#fileSystem.remove(`${this.#directory}/${snapshotFileName(id)}`);
    this.#snapshotIds = [newest];
  }

  snapshotFacts(id: SnapshotId): { readonly sizeInBytes: number; readonly modifiedMs: number } {
    const { size, modifiedMs } = this.#fileSystem.stat(`${this.#directory}/${snapshotFileName(id)}`);
    return { sizeInBytes: size, modifiedMs };
  }

  deleteOldestSnapshot(highWatermark: Offset): void {
    const oldest = this.#snapshotIds.at(-1)!;
    const next = this.#snapshotIds.at(-2)!;
    // The log first: a snapshot that is gone must not be the one that it begins behind.
    this.#log.advanceLogStartOffset(next.endOffset);
    this.#log.deleteOldSegments(highWatermark);
    this.#snapshotIds = this.#snapshotIds.slice(0, -1);
    this.#fileSystem.remove(`${this.#directory}/${snapshotFileName(oldest)}`);
  }
}

export class QuorumStateFile implements QuorumStateStore {
  readonly #fileSystem: FileSystem;
  readonly #path: string;

  /** `directory` is that of the metadata log. */
  constructor(fileSystem: FileSystem, directory: string) {
    this.#fileSystem = fileSystem;
    this.#path = `${directory}/${QUORUM_STATE}`;
  }

  read(): QuorumState | null {
    if (!this.#fileSystem.exists(this.#path)) return null;
    const text = this.#fileSystem.readFile(this.#path).toString('utf8');
    const state = parseObject(text);
    const leaderEpoch = state?.['leaderEpoch'];
    const leaderId = state?.['leaderId'];
    const votedId = state?.['votedId'];
    const votedDirectoryId = state?.['votedDirectoryId'] ?? ZERO_UUID;
    if (
      !isInteger(leaderEpoch) ||
      !isInteger(leaderId) ||
      !isInteger(votedId) ||
      typeof votedDirectoryId !== 'string'
    ) {
      throw new QuorumStorageError(`${this.#path} holds no quorum state: ${JSON.stringify(text.slice(0, 200))}`);
    }
    return { leaderEpoch, leaderId, votedId, votedDirectoryId };
  }

  write(
    { leaderEpoch, leaderId, votedId, votedDirectoryId }: QuorumState,
    { kraftVersion, voterIds }: { readonly kraftVersion: number; readonly voterIds: readonly number[] },
  ): void {
    const currentVoters = voterIds.map((voterId) => ({ voterId }));
    const content: Record<string, number | string | object> =
      kraftVersion === 0
        ? { clusterId: '', leaderId, leaderEpoch, votedId, appliedOffset: 0, currentVoters, data_version: 0 }
        : { leaderId, leaderEpoch, votedId, votedDirectoryId: votedDirectoryId satisfies Uuid, data_version: 1 };
    atomicWriteFile(this.#fileSystem, this.#path, JSON.stringify(content));
  }
}

function newestFirst(a: SnapshotId, b: SnapshotId): number {
  return b.endOffset - a.endOffset || b.epoch - a.epoch;
}

function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : null;
  } catch {
    return null;
  }
}

function isInteger(value: unknown): value is number {
  return Number.isInteger(value);
}
