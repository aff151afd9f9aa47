// A disk that remembers what a crash would have left before each of its changes: every crash point of an act, from one run.
import type { FileHandle, FileSystem } from '../../src/io/file-system.ts';
import type { MemoryFileSystem } from '../../src/io/memory-file-system.ts';

export interface CrashPoint {
  /** The change that did not happen any more. */
  readonly before: string;
  readonly kind: 'kill' | 'power-loss';
  readonly disk: MemoryFileSystem;
}

export class CrashPointFileSystem implements FileSystem {
  readonly points: CrashPoint[] = [];
  readonly #disk: MemoryFileSystem;
  recording = false;

  constructor(disk: MemoryFileSystem) {
    this.#disk = disk;
  }

  #point(before: string): void {
    if (!this.recording) return;
    this.points.push({ before, kind: 'kill', disk: this.#disk.crashClone('kill') });
    this.points.push({ before, kind: 'power-loss', disk: this.#disk.crashClone('power-loss') });
  }

  /** The end of the act is a point, too. */
  finish(): readonly CrashPoint[] {
    this.#point('the end');
    this.recording = false;
    return this.points;
  }

  open(path: string, mode: 'read' | 'write'): FileHandle {
    if (mode === 'write' && !this.#disk.exists(path)) this.#point(`create ${path}`);
    return this.#wrap(this.#disk.open(path, mode), path);
  }

  #wrap(handle: FileHandle, path: string): FileHandle {
    const point = (what: string) => this.#point(`${what} ${path}`);
    return {
      path,
      size: () => handle.size(),
      writev: async (buffers, position) => {
        point('write');
        await handle.writev(buffers, position);
      },
      writevSync: (buffers, position) => {
        point('write');
        const first = buffers[0];
        if (this.recording && first !== undefined && first.length > 1) {
          handle.writevSync([first.subarray(0, first.length >> 1)], position);
          point('rest of a write to');
        }
        handle.writevSync(buffers, position);
      },
      read: (target, targetStart, length, position) => handle.read(target, targetStart, length, position),
      readSync: (target, targetStart, length, position) => handle.readSync(target, targetStart, length, position),
      truncate: (size) => {
        point('truncate');
        handle.truncate(size);
      },
      sync: () => {
        point('sync');
        return handle.sync();
      },
      syncSync: () => {
        point('sync');
        handle.syncSync();
      },
      close: () => handle.close(),
    };
  }

  writeFile(path: string, data: Uint8Array | string): void {
    this.#point(`write file ${path}`);
    this.#disk.writeFile(path, data);
  }

  makeDirectory(path: string): void {
    this.#point(`mkdir ${path}`);
    this.#disk.makeDirectory(path);
  }

  rename(from: string, to: string): void {
    this.#point(`rename ${from} to ${to}`);
    this.#disk.rename(from, to);
  }

  remove(path: string): void {
    if (this.#disk.exists(path)) this.#point(`remove ${path}`);
    this.#disk.remove(path);
  }

  async removeAsync(path: string): Promise<void> {
    this.remove(path);
  }

  removeDirectory(path: string): void {
    this.#point(`remove ${path}`);
    this.#disk.removeDirectory(path);
  }

  syncDirectory(path: string): void {
    this.#point(`sync directory ${path}`);
    this.#disk.syncDirectory(path);
  }

  exists(path: string): boolean {
    return this.#disk.exists(path);
  }

  list(path: string): string[] {
    return this.#disk.list(path);
  }

  stat(path: string): ReturnType<FileSystem['stat']> {
    return this.#disk.stat(path);
  }

  readFile(path: string): Buffer {
    return this.#disk.readFile(path);
  }

  volumeSize(): { totalBytes: number; usableBytes: number } {
    return this.#disk.volumeSize();
  }

  lock(path: string): ReturnType<FileSystem['lock']> {
    return this.#disk.lock(path);
  }
}
