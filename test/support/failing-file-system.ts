// A file system whose calls fail where a test says so, with the error codes of the operating system.
import type { FileHandle, FileLock, FileStat, FileSystem, OpenMode } from '../../src/io/file-system.ts';

export type FileOperation =
  | 'open'
  | 'list'
  | 'readFile'
  | 'writeFile'
  | 'makeDirectory'
  | 'rename'
  | 'remove'
  | 'write'
  | 'read'
  | 'truncate'
  | 'sync'
  | 'syncDirectory';

/** Error code, or null where the call goes through. */
export type FailureRule = (operation: FileOperation, path: string, size: number) => string | null;

export class FailingFileSystem implements FileSystem {
  readonly #inner: FileSystem;
  rule: FailureRule = () => null;
  /** Calls that failed, as `operation path`. */
  readonly failed: string[] = [];
  readonly counts = new Map<FileOperation, number>();

  constructor(inner: FileSystem) {
    this.#inner = inner;
  }

  #check(operation: FileOperation, path: string, size = 0): void {
    this.counts.set(operation, (this.counts.get(operation) ?? 0) + 1);
    const code = this.rule(operation, path, size);
    if (code === null) return;
    this.failed.push(`${operation} ${path}`);
    throw Object.assign(new Error(`${code}: ${operation} '${path}'`), { code, syscall: operation, path });
  }

  open(path: string, mode: OpenMode): FileHandle {
    this.#check('open', path);
    return this.#wrap(this.#inner.open(path, mode));
  }

  #wrap(handle: FileHandle): FileHandle {
    const { path } = handle;
    const check = (operation: FileOperation, size = 0) => this.#check(operation, path, size);
    const total = (buffers: readonly Uint8Array[]) => buffers.reduce((sum, { length }) => sum + length, 0);
    /** What does not fit on a full disk is written half: the operating system writes what it can. */
    const torn = (buffers: readonly Uint8Array[], position: number): void => {
      try {
        check('write', total(buffers));
      } catch (error) {
        const first = buffers[0];
        if (first !== undefined && first.length > 1) {
          handle.writevSync([first.subarray(0, first.length >> 1)], position);
        }
        throw error;
      }
    };
    return {
      path,
      size: () => handle.size(),
      writev: async (buffers, position) => {
        torn(buffers, position);
        await handle.writev(buffers, position);
      },
      writevSync: (buffers, position) => {
        torn(buffers, position);
        handle.writevSync(buffers, position);
      },
      read: async (target, targetStart, length, position) => {
        check('read', length);
        return handle.read(target, targetStart, length, position);
      },
      readSync: (target, targetStart, length, position) => {
        check('read', length);
        return handle.readSync(target, targetStart, length, position);
      },
      truncate: (size) => {
        check('truncate');
        handle.truncate(size);
      },
      sync: async () => {
        check('sync');
        await handle.sync();
      },
      syncSync: () => {
        check('sync');
        handle.syncSync();
      },
      close: () => handle.close(),
    };
  }

  exists(path: string): boolean {
    return this.#inner.exists(path);
  }

  list(path: string): string[] {
    this.#check('list', path);
    return this.#inner.list(path);
  }

  stat(path: string): FileStat {
    return this.#inner.stat(path);
  }

  readFile(path: string): Buffer {
    this.#check('readFile', path);
    return this.#inner.readFile(path);
  }

  writeFile(path: string, data: Uint8Array | string): void {
    this.#check('writeFile', path, data.length);
    this.#inner.writeFile(path, data);
  }

  makeDirectory(path: string): void {
    this.#check('makeDirectory', path);
    this.#inner.makeDirectory(path);
  }

  rename(from: string, to: string): void {
    this.#check('rename', from);
    this.#inner.rename(from, to);
  }

  remove(path: string): void {
    this.#check('remove', path);
    this.#inner.remove(path);
  }

  async removeAsync(path: string): Promise<void> {
    this.#check('remove', path);
    await this.#inner.removeAsync(path);
  }

  removeDirectory(path: string): void {
    this.#check('remove', path);
    this.#inner.removeDirectory(path);
  }

  syncDirectory(path: string): void {
    this.#check('syncDirectory', path);
    this.#inner.syncDirectory(path);
  }

  volumeSize(path: string): { totalBytes: number; usableBytes: number } {
    return this.#inner.volumeSize(path);
  }

  lock(path: string): FileLock | null {
    return this.#inner.lock(path);
  }
}
