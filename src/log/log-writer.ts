/**
 * Carries a log's appended bytes to its files, in order, one write at a time: what is appended while a write is under way
 * goes out together with the next one, in one `writev`. Syncs run beside the writes, and all that wait for one share it.
 *
 *     appended --(write)--> written: survives kill -9 --(fsync)--> flushed: survives power loss
 *
 * A full disk, or no file handle left, only holds the writes: they stay queued, what takes more is refused, and every half a
 * second the first one is tried again, at the same place. Nothing is taken back: offsets that were given stay given, and a
 * half-written batch is written over. Any other failure is final: everything that waits is rejected, and the owner takes the log directory offline. What a failed
 * write left behind is a torn tail, which the next start cuts.
 */
import type { TimerHandle } from '../base/clock.ts';
import type { Offset } from '../base/flavor.ts';
import type { FileHandle } from '../io/file-system.ts';
import type { LogEnvironment } from './log-environment.ts';
import type { LogSegment } from './log-segment.ts';
import type { LogTail, TailBlock } from './log-tail.ts';
import type { TopicPartition } from './log-types.ts';
import { isShortage, StorageError } from './storage-error.ts';

/** setTimeout takes no more; a flush that seldom comes too early harms nobody. */
const TIMER_DELAY_MAX = 0x7fff_ffff;

export interface FlushPolicy {
  readonly flushMessages: number;
  readonly flushMs: number;
}

/** Of the log that is written; none of it outlives the constructor. */
export interface LogWriterOptions {
  readonly topicPartition: TopicPartition;
  readonly environment: LogEnvironment;
  /** Is told what has reached the file. */
  readonly tail: LogTail;
  readonly flushPolicy: FlushPolicy;
  readonly writtenEndOffset: Offset;
  readonly flushedEndOffset: Offset;
}

/** What goes to one segment in one write. */
interface WriteGroup {
  readonly segment: LogSegment;
  readonly position: number;
  readonly blocks: TailBlock[];
  /** Per block, the bytes of it: [start, end). */
  readonly starts: number[];
  readonly ends: number[];
  size: number;
  endOffset: Offset;
  readonly written: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** No file handle was left before anything was synced. */
class PostponedSync extends Error {}

interface SyncWaiter {
  readonly endOffset: Offset;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

const DONE: Promise<void> = Promise.resolve();
/** Of writers that never had one: ten thousand idle logs share them. Nothing is ever put in. */
const NO_SEGMENTS: Set<LogSegment> = new Set();
const NO_PATHS: Set<string> = new Set();
const HELD_RETRY_MS = 500;

export class LogWriter {
  readonly #topicPartition: TopicPartition;
  readonly #environment: LogEnvironment;
  readonly #tail: LogTail;
  #flushPolicy: FlushPolicy;
  #writtenEndOffset: Offset;
  #flushedEndOffset: Offset;
  #queue: WriteGroup[] = [];
  /** The last group of the queue, which still takes appends. */
  #open: WriteGroup | null = null;
  #current: WriteGroup | null = null;
  #startScheduled = false;
  #lastWritten: Promise<void> = DONE;
  /** Segments with bytes that are not synced. */
  #unsyncedSegments = NO_SEGMENTS;
  #syncingSegments = NO_SEGMENTS;
  /** Indexes, snapshots and directories that are not synced. */
  #unsyncedPaths = NO_PATHS;
  /** The log's folder itself is new, and its name not known to be synced. */
  #folderUnsynced = false;
  #syncWaiters: SyncWaiter[] = [];
  /** Called after the next write. */
  #writeWaiters: (() => void)[] = [];
  #syncing = false;
  #truncations = 0;
  #flushTimer: TimerHandle | null = null;
  #failure: StorageError | null = null;
  /** Why writes are held. */
  #held: StorageError | null = null;
  #retryTimer: TimerHandle | null = null;

  constructor(options: LogWriterOptions) {
    this.#topicPartition = options.topicPartition;
    this.#environment = options.environment;
    this.#tail = options.tail;
    this.#flushPolicy = options.flushPolicy;
    this.#writtenEndOffset = options.writtenEndOffset;
    this.#flushedEndOffset = options.flushedEndOffset;
  }

  get writtenEndOffset(): Offset {
    return this.#writtenEndOffset;
  }

  get flushedEndOffset(): Offset {
    return this.#flushedEndOffset;
  }

  get failure(): StorageError | null {
    return this.#failure;
  }

  /** Why writes wait for room on the disk; null while they do not. */
  get held(): StorageError | null {
    return this.#held;
  }

  set flushPolicy(policy: FlushPolicy) {
    this.#flushPolicy = policy;
  }

  /** Queues the last `size` bytes of `block`, which belong at `position` of `segment`. */
  append(segment: LogSegment, position: number, block: TailBlock, size: number, endOffset: Offset): Promise<void> {
    let group = this.#open;
    if (group === null || group.segment !== segment) {
      group = newGroup(segment, position);
      this.#open = group;
      this.#queue.push(group);
      this.#lastWritten = group.written;
      if (this.#current === null && !this.#startScheduled && this.#retryTimer === null) {
        this.#startScheduled = true;
        queueMicrotask(() => this.#start());
      }
    }
    const last = group.blocks.length - 1;
    const start = block.length - size;
    if (last >= 0 && group.blocks[last] === block && group.ends[last] === start) {
      group.ends[last] = block.length;
    } else {
      group.blocks.push(block);
      group.starts.push(start);
      group.ends.push(block.length);
    }
    group.size += size;
    group.endOffset = endOffset;
    return group.written;
  }

  /** Resolves when all that is appended so far counts as written. */
  drained(): Promise<void> {
    return this.#lastWritten;
  }

  #start(): void {
    this.#startScheduled = false;
    this.#writeQueued();
  }

  #writeQueued(): void {
    while (this.#current === null && this.#retryTimer === null) {
      const group = this.#queue.shift();
      if (group === undefined || this.#failure !== null) return;
      if (group === this.#open) this.#open = null;
      this.#current = group;
      let acquired = false;
      try {
        const handle = this.#environment.files.acquire(group.segment.file);
        acquired = true;
        const buffers: Buffer[] = [];
        for (let i = 0; i < group.blocks.length; i++) {
          const { buffer } = group.blocks[i]!;
          const isWhole = group.starts[i] === 0 && group.ends[i] === buffer.length;
          buffers.push(isWhole ? buffer : buffer.subarray(group.starts[i], group.ends[i]));
        }
        if (group.size <= this.#environment.synchronousWriteBytesMax) {
          handle.writevSync(buffers, group.position);
          this.#writeDone(group);
        } else {
          handle.writev(buffers, group.position).then(
            () => {
              this.#writeDone(group);
              this.#writeQueued();
            },
            (error: unknown) => {
              this.#environment.files.release(group.segment.file);
              this.#writeFailed(group, error);
            },
          );
        }
      } catch (error) {
        if (acquired) this.#environment.files.release(group.segment.file);
        this.#writeFailed(group, error);
      }
    }
  }

  #writeFailed(group: WriteGroup, error: unknown): void {
    if (this.#current !== group) return; // Discarded meanwhile.
    if (!isShortage(error)) {
      this.fail(error);
      return;
    }
    this.#current = null;
    this.#queue.unshift(group);
    this.#retryTimer = this.#environment.timer.schedule(HELD_RETRY_MS, () => this.retryHeld());
    if (this.#held !== null) return;
    this.#held = new StorageError(error instanceof Error ? error.message : String(error), { cause: error });
    this.#environment.writesHeld(this.#topicPartition, this.#held);
  }

  /** Tries what is held again, now. */
  retryHeld(): void {
    this.#retryTimer?.cancel();
    this.#retryTimer = null;
    this.#writeQueued();
  }

  #writeDone(group: WriteGroup): void {
    this.#environment.files.release(group.segment.file);
    if (this.#current !== group) return; // Discarded meanwhile.
    this.#current = null;
    if (this.#held !== null) {
      this.#held = null;
      this.#environment.writesHeld(this.#topicPartition, null);
    }
    group.segment.writtenSize = group.position + group.size;
    this.addUnsyncedSegment(group.segment);
    this.#writtenEndOffset = group.endOffset;
    this.#tail.written(group.endOffset);
    this.#wakeWriteWaiters();
    const { flushMessages, flushMs } = this.#flushPolicy;
    if (group.endOffset - this.#flushedEndOffset >= flushMessages || flushMs <= 0) {
      this.#syncTo(group.endOffset, group.resolve, group.reject);
      return;
    }
    if (this.#flushTimer === null && flushMs <= TIMER_DELAY_MAX) {
      this.#flushTimer = this.#environment.timer.schedule(flushMs, () => {
        this.#flushTimer = null;
        this.sync().catch(() => {}); // `fail` has told the owner.
      });
    }
    group.resolve();
  }

  /** To be synced before the log counts as flushed. */
  addUnsyncedPath(path: string): void {
    if (this.#unsyncedPaths === NO_PATHS) this.#unsyncedPaths = new Set();
    this.#unsyncedPaths.add(path);
  }

  /** The folder of the log was made just now. */
  folderMade(): void {
    this.#folderUnsynced = true;
  }

  addUnsyncedSegment(segment: LogSegment): void {
    if (this.#unsyncedSegments === NO_SEGMENTS) this.#unsyncedSegments = new Set();
    this.#unsyncedSegments.add(segment);
  }

  get isSynced(): boolean {
    return (
      this.#unsyncedSegments.size === 0 && this.#unsyncedPaths.size === 0 && !this.#folderUnsynced && !this.#syncing
    );
  }

  /** Resolves when everything written so far is synced. */
  sync(): Promise<void> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    if (this.isSynced) {
      this.#flushedEndOffset = this.#writtenEndOffset;
      return DONE;
    }
    return new Promise((resolve, reject) => this.#syncTo(this.#writtenEndOffset, resolve, reject));
  }

  #syncTo(endOffset: Offset, resolve: () => void, reject: (error: Error) => void): void {
    this.#syncWaiters.push({ endOffset, resolve, reject });
    if (this.#syncing) return;
    this.#syncing = true;
    this.#runSyncs().catch((error: unknown) => this.fail(error));
  }

  async #runSyncs(): Promise<void> {
    while (this.#syncWaiters.length > 0) {
      const waiters = this.#syncWaiters;
      this.#syncWaiters = [];
      const endOffset = this.#writtenEndOffset;
      const truncations = this.#truncations;
      const segments = this.#unsyncedSegments;
      const paths = this.#unsyncedPaths;
      this.#unsyncedSegments = NO_SEGMENTS;
      this.#unsyncedPaths = NO_PATHS;
      try {
        await this.#syncFiles(segments, paths);
      } catch (error) {
        this.#syncWaiters.push(...waiters);
        if (!(error instanceof PostponedSync)) throw error;
        for (const segment of segments) this.addUnsyncedSegment(segment);
        for (const path of paths) this.addUnsyncedPath(path);
        await new Promise<void>((resolve) => this.#environment.timer.schedule(HELD_RETRY_MS, resolve));
        if (this.#failure !== null) return;
        continue;
      }
      if (this.#failure !== null) {
        for (const waiter of waiters) waiter.reject(this.#failure);
        return;
      }
      // What was cut meanwhile, and what took its place, was not synced.
      if (endOffset > this.#flushedEndOffset && truncations === this.#truncations) this.#flushedEndOffset = endOffset;
      for (const waiter of waiters) waiter.resolve();
      this.#environment.checkpointOutdated();
    }
    // In the same turn as the look at the queue: a waiter that comes later starts a new run.
    this.#syncing = false;
  }

  async #syncFiles(segments: ReadonlySet<LogSegment>, paths: ReadonlySet<string>): Promise<void> {
    const { fileSystem, files } = this.#environment;
    const syncs: Promise<void>[] = [];
    const directories: string[] = [];
    const opened: FileHandle[] = [];
    const acquired: LogSegment[] = [];
    // All files are opened before one is synced: without handles nothing has happened yet, and it can be done again.
    try {
      for (const segment of segments) {
        files.acquire(segment.file);
        acquired.push(segment);
      }
      for (const path of paths) {
        // Deleted meanwhile: nothing to keep.
        if (!fileSystem.exists(path)) continue;
        if (fileSystem.stat(path).isDirectory) directories.push(path);
        else opened.push(files.open(path));
      }
      for (const segment of segments) syncs.push(this.#syncSegment(segment));
    } catch (error) {
      for (const handle of opened) handle.close();
      throw isShortage(error) ? new PostponedSync() : error;
    } finally {
      for (const segment of acquired) files.release(segment.file);
    }
    for (const handle of opened) syncs.push(handle.sync().finally(() => handle.close()));
    await Promise.all(syncs);
    // Last: a new segment that is found after a power loss while the one before it is not complete leaves a hole.
    if (directories.length > 0) await this.#syncClosedSegments();
    for (const path of directories) if (fileSystem.exists(path)) fileSystem.syncDirectory(path);
    if (this.#folderUnsynced) this.#environment.syncFolders();
    this.#folderUnsynced = false;
  }

  /** The log may have been rolled while the files were synced, and the directory has the new segment's name already. */
  async #syncClosedSegments(): Promise<void> {
    while (this.#failure === null) {
      const { written, unwritten } = this.#closedSegments();
      if (unwritten) {
        await new Promise<void>((resolve) => this.#writeWaiters.push(resolve));
        continue;
      }
      if (written.length === 0) return;
      for (const segment of written) this.#unsyncedSegments.delete(segment);
      await Promise.all(written.map((segment) => this.#syncSegment(segment)));
    }
  }

  /** Closed segments that are not synced; `unwritten`: one of them has bytes that are not even in the file. */
  #closedSegments(): { written: LogSegment[]; unwritten: boolean } {
    const writing = this.#queue.map(({ segment }) => segment);
    if (this.#current !== null) writing.push(this.#current.segment);
    let active = -1;
    for (const { baseOffset } of [...writing, ...this.#unsyncedSegments]) active = Math.max(active, baseOffset);
    return {
      written: [...this.#unsyncedSegments].filter(({ baseOffset }) => baseOffset < active),
      unwritten: writing.some(({ baseOffset }) => baseOffset < active),
    };
  }

  /**
   * Makes the names in the log's directory durable at once, and before them what the names of later segments need. While
   * bytes of a closed segment are still on their way it does nothing: then only file systems that keep names in their
   * order, as all with a journal do, keep the caller's promise.
   */
  syncDirectoryNow(directory: string): void {
    for (const segment of this.#syncingSegments) this.addUnsyncedSegment(segment);
    const { written, unwritten } = this.#closedSegments();
    if (unwritten) return;
    for (const segment of written) {
      this.#environment.files.acquire(segment.file).syncSync();
      this.#environment.files.release(segment.file);
      this.#unsyncedSegments.delete(segment);
    }
    this.#environment.fileSystem.syncDirectory(directory);
  }

  #syncSegment(segment: LogSegment): Promise<void> {
    const handle = this.#environment.files.acquire(segment.file);
    if (this.#syncingSegments === NO_SEGMENTS) this.#syncingSegments = new Set();
    this.#syncingSegments.add(segment);
    return handle.sync().finally(() => {
      this.#syncingSegments.delete(segment);
      this.#environment.files.release(segment.file);
    });
  }

  #wakeWriteWaiters(): void {
    const waiters = this.#writeWaiters;
    this.#writeWaiters = [];
    for (const wake of waiters) wake();
  }

  /** The log's folder has another name: what waits for a sync in it does, too. */
  moved(from: string, to: string): void {
    for (const path of [...this.#unsyncedPaths]) {
      if (path !== from && !path.startsWith(`${from}/`)) continue;
      this.#unsyncedPaths.delete(path);
      this.addUnsyncedPath(to + path.slice(from.length));
    }
  }

  /** The log was cut at `endOffset`; nothing is queued. */
  truncated(endOffset: Offset): void {
    this.#truncations++;
    this.#writtenEndOffset = endOffset;
    this.#flushedEndOffset = Math.min(this.#flushedEndOffset, endOffset);
  }

  /** The log begins anew at `startOffset`. */
  restarted(startOffset: Offset): void {
    this.#truncations++;
    this.#writtenEndOffset = startOffset;
    this.#flushedEndOffset = startOffset;
  }

  lowerFlushedEndOffset(endOffset: Offset): void {
    this.#flushedEndOffset = Math.min(this.#flushedEndOffset, endOffset);
  }

  forgetSegment(segment: LogSegment): void {
    this.#unsyncedSegments.delete(segment);
    this.#syncingSegments.delete(segment);
  }

  /** Ends the log's life as a writer: what waits is rejected with `error`, nothing is written any more. */
  stop(error: StorageError): void {
    if (this.#failure !== null) return;
    this.#failure = error;
    this.#flushTimer?.cancel();
    this.#flushTimer = null;
    this.#retryTimer?.cancel();
    this.#retryTimer = null;
    const groups = this.#current === null ? this.#queue : [this.#current, ...this.#queue];
    this.#queue = [];
    this.#open = null;
    this.#current = null;
    for (const group of groups) group.reject(error);
    for (const waiter of this.#syncWaiters) waiter.reject(error);
    this.#syncWaiters = [];
    this.#unsyncedSegments = NO_SEGMENTS;
    this.#unsyncedPaths = NO_PATHS;
    this.#wakeWriteWaiters();
  }

  fail(cause: unknown): void {
    if (this.#failure !== null) return;
    const error =
      cause instanceof StorageError
        ? cause
        : new StorageError(cause instanceof Error ? cause.message : String(cause), { cause });
    this.stop(error);
    this.#environment.storageFailed(error);
  }

  cancelFlushTimer(): void {
    this.#flushTimer?.cancel();
    this.#flushTimer = null;
  }
}

function newGroup(segment: LogSegment, position: number): WriteGroup {
  let resolve: () => void = () => {};
  let reject: (error: Error) => void = () => {};
  const written = new Promise<void>((onDone, onFailed) => {
    resolve = onDone;
    reject = onFailed;
  });
  // With acks=0 nobody waits; the owner hears of failures anyhow.
  written.catch(() => {});
  return { segment, position, blocks: [], starts: [], ends: [], size: 0, endOffset: 0, written, resolve, reject };
}
