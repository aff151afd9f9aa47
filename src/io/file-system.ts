/**
 * The operating system's files behind one interface: `node-file-system.ts` is the real one, `memory-file-system.ts`
 * backs `ephemeral` brokers and tests, and the simulated disk of tests and simulation (test/support/simulated-disk.ts)
 * forgets in a crash what was not synced.
 *
 * Opening, listing and small files are synchronous: they happen at start, at a roll or in a checkpoint, where the
 * thread pool's hops would cost more than the call. The hot path, appending to and reading a segment, is asynchronous too.
 * Errors are Node's (`code` ENOENT, ENOSPC, EIO, …) in every implementation.
 */
export interface FileSystem {
  open(path: string, mode: OpenMode): FileHandle;
  exists(path: string): boolean;
  /** Names in a directory, sorted. Throws ENOENT. */
  list(path: string): string[];
  stat(path: string): FileStat;
  readFile(path: string): Buffer;
  /** Writes a whole file in place, not atomic, not synced: for `atomicWriteFile` and tests. */
  writeFile(path: string, data: Uint8Array | string): void;
  /** Creates a directory and its missing parents. */
  makeDirectory(path: string): void;
  /** Renames over an existing file. */
  rename(from: string, to: string): void;
  /** Deletes a file; no error when it is absent. */
  remove(path: string): void;
  /** As `remove`, by another thread where that may take long: the blocks of a large file are given back one by one. */
  removeAsync(path: string): Promise<void>;
  /** Deletes a directory and everything below it; no error when it is absent. */
  removeDirectory(path: string): void;
  /** Makes creations, renames and deletions in a directory durable. */
  syncDirectory(path: string): void;
  /** Bytes on the volume that holds `path`. */
  volumeSize(path: string): { totalBytes: number; usableBytes: number };
  /** Takes an exclusive lock for this process; null when another process holds it. Dies with the process. */
  lock(path: string): FileLock | null;
}

/** `read`: must exist. `write`: created when absent, never truncated, readable too. */
export type OpenMode = 'read' | 'write';

export interface FileStat {
  size: number;
  modifiedMs: number;
  isDirectory: boolean;
}

export interface FileLock {
  release(): void;
}

export interface FileHandle {
  readonly path: string;
  size(): number;
  /** Writes all buffers one after the other from `position` on. */
  writev(buffers: readonly Uint8Array[], position: number): Promise<void>;
  writevSync(buffers: readonly Uint8Array[], position: number): void;
  /** Reads up to `length` bytes at `position` into `target` from `targetStart`; gives the count read (short at the end). */
  read(target: Buffer, targetStart: number, length: number, position: number): Promise<number>;
  readSync(target: Buffer, targetStart: number, length: number, position: number): number;
  truncate(size: number): void;
  /** fsync. */
  sync(): Promise<void>;
  syncSync(): void;
  close(): void;
}
