/** The real disk: `FileSystem` over node:fs. Only node.ts and main.ts make one. */
import * as fs from 'node:fs';
import { acquireFileLock } from './file-lock.ts';
import type { FileHandle, FileLock, FileStat, FileSystem, OpenMode } from './file-system.ts';

/** POSIX's IOV_MAX; libuv passes longer lists on and the kernel refuses them. */
const WRITEV_BUFFERS_MAX = 1024;

export class NodeFileSystem implements FileSystem {
  open(path: string, mode: OpenMode): FileHandle {
    const flags = mode === 'read' ? fs.constants.O_RDONLY : fs.constants.O_RDWR | fs.constants.O_CREAT;
    return new NodeFileHandle(path, fs.openSync(path, flags, 0o644));
  }

  exists(path: string): boolean {
    return fs.existsSync(path);
  }

  list(path: string): string[] {
    return fs.readdirSync(path).sort();
  }

  stat(path: string): FileStat {
    const stat = fs.statSync(path);
    return { size: stat.size, modifiedMs: stat.mtimeMs, isDirectory: stat.isDirectory() };
  }

  readFile(path: string): Buffer {
    return fs.readFileSync(path);
  }

  writeFile(path: string, data: Uint8Array | string): void {
    fs.writeFileSync(path, data);
  }

  makeDirectory(path: string): void {
    fs.mkdirSync(path, { recursive: true });
  }

  rename(from: string, to: string): void {
    fs.renameSync(from, to);
  }

  removeAsync(path: string): Promise<void> {
    return fs.promises.rm(path, { force: true });
  }

  remove(path: string): void {
    // Most files that are removed to be sure are not there: asking is ten times cheaper than a failed call.
    if (fs.existsSync(path)) fs.rmSync(path, { force: true });
  }

  removeDirectory(path: string): void {
    fs.rmSync(path, { recursive: true, force: true });
  }

  syncDirectory(path: string): void {
    // Windows cannot open a directory; there, NTFS journals its changes by itself.
    if (process.platform === 'win32') return;
    const descriptor = fs.openSync(path, fs.constants.O_RDONLY);
    try {
      fs.fsyncSync(descriptor);
    } finally {
      fs.closeSync(descriptor);
    }
  }

  volumeSize(path: string): { totalBytes: number; usableBytes: number } {
    const volume = fs.statfsSync(path);
    return { totalBytes: volume.blocks * volume.bsize, usableBytes: volume.bavail * volume.bsize };
  }

  lock(path: string): FileLock | null {
    return acquireFileLock(path);
  }
}

class NodeFileHandle implements FileHandle {
  readonly path: string;
  readonly #descriptor: number;

  constructor(path: string, descriptor: number) {
    this.path = path;
    this.#descriptor = descriptor;
  }

  size(): number {
    return fs.fstatSync(this.#descriptor).size;
  }

  writev(buffers: readonly Uint8Array[], position: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#writevFrom(buffers, position, resolve, reject);
    });
  }

  #writevFrom(
    buffers: readonly Uint8Array[],
    position: number,
    resolve: () => void,
    reject: (error: Error) => void,
  ): void {
    if (buffers.length === 0) {
      resolve();
      return;
    }
    const wanted = totalSize(buffers, WRITEV_BUFFERS_MAX);
    const done = (error: Error | null, count: number) => {
      if (error) reject(error);
      else if (count === wanted && buffers.length <= WRITEV_BUFFERS_MAX) resolve();
      else if (count === 0 && wanted > 0) reject(shortWrite(this.path));
      else this.#writevFrom(remaining(buffers, count), position + count, resolve, reject);
    };
    if (buffers.length === 1) {
      fs.write(this.#descriptor, buffers[0]!, 0, wanted, position, done);
    } else {
      // One call writes at most WRITEV_BUFFERS_MAX buffers; `done` comes back for the rest.
      const list = buffers.length <= WRITEV_BUFFERS_MAX ? buffers : buffers.slice(0, WRITEV_BUFFERS_MAX);
      fs.writev(this.#descriptor, list as Uint8Array[], position, done);
    }
  }

  writevSync(buffers: readonly Uint8Array[], position: number): void {
    let rest = buffers;
    let at = position;
    while (rest.length > 0) {
      const list = rest.length <= WRITEV_BUFFERS_MAX ? rest : rest.slice(0, WRITEV_BUFFERS_MAX);
      const wanted = totalSize(list, list.length);
      const count =
        list.length === 1
          ? fs.writeSync(this.#descriptor, list[0]!, 0, wanted, at)
          : fs.writevSync(this.#descriptor, list as Uint8Array[], at);
      if (count === 0 && wanted > 0) throw shortWrite(this.path);
      at += count;
      rest = count === wanted ? rest.slice(list.length) : remaining(rest, count);
    }
  }

  read(target: Buffer, targetStart: number, length: number, position: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#readFrom(target, targetStart, length, position, 0, resolve, reject);
    });
  }

  #readFrom(
    target: Buffer,
    targetStart: number,
    length: number,
    position: number,
    already: number,
    resolve: (count: number) => void,
    reject: (error: Error) => void,
  ): void {
    fs.read(this.#descriptor, target, targetStart, length, position, (error, count) => {
      if (error) reject(error);
      else if (count === length || count === 0) resolve(already + count);
      else
        this.#readFrom(target, targetStart + count, length - count, position + count, already + count, resolve, reject);
    });
  }

  readSync(target: Buffer, targetStart: number, length: number, position: number): number {
    let total = 0;
    while (total < length) {
      const count = fs.readSync(this.#descriptor, target, targetStart + total, length - total, position + total);
      if (count === 0) break;
      total += count;
    }
    return total;
  }

  truncate(size: number): void {
    fs.ftruncateSync(this.#descriptor, size);
  }

  sync(): Promise<void> {
    return new Promise((resolve, reject) => {
      fs.fsync(this.#descriptor, (error) => (error ? reject(error) : resolve()));
    });
  }

  syncSync(): void {
    fs.fsyncSync(this.#descriptor);
  }

  close(): void {
    fs.closeSync(this.#descriptor);
  }
}

function totalSize(buffers: readonly Uint8Array[], countMax: number): number {
  let total = 0;
  for (let i = 0; i < buffers.length && i < countMax; i++) total += buffers[i]!.length;
  return total;
}

/** What is left of `buffers` after its first `count` bytes. */
function remaining(buffers: readonly Uint8Array[], count: number): Uint8Array[] {
  let skip = count;
  let index = 0;
  while (index < buffers.length && skip >= buffers[index]!.length) skip -= buffers[index++]!.length;
  const rest = buffers.slice(index);
  if (skip > 0) rest[0] = rest[0]!.subarray(skip);
  return rest;
}

/** A write of nothing without an error: what a full disk does on some systems. */
function shortWrite(path: string): Error {
  return Object.assign(new Error(`ENOSPC: nothing could be written to ${path}`), { code: 'ENOSPC', path });
}
