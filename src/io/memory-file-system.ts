/**
 * A disk in memory: for `ephemeral` brokers and for tests. Files are lists of pages, so appending never copies what is
 * already there. Tests that crash use test/support/simulated-disk.ts.
 */
import type { FileHandle, FileLock, FileStat, FileSystem, OpenMode } from './file-system.ts';

const PAGE_SIZE = 65_536;
const FIRST_PAGE_SIZE_MIN = 512;

class MemoryFile {
  readonly kind = 'file';
  pages: Buffer[] = [];
  size = 0;
  modifiedMs = 0;

  write(data: Uint8Array, position: number): void {
    const end = position + data.length;
    this.#ensurePages(end);
    let done = 0;
    while (done < data.length) {
      const at = position + done;
      const offset = at % PAGE_SIZE;
      const count = Math.min(data.length - done, PAGE_SIZE - offset);
      this.pages[(at - offset) / PAGE_SIZE]!.set(data.subarray(done, done + count), offset);
      done += count;
    }
    if (end > this.size) this.size = end;
  }

  /** Only the last page may be short: it doubles, so that ten thousand tiny files stay tiny. */
  #ensurePages(end: number): void {
    const lastIndex = Math.ceil(end / PAGE_SIZE) - 1;
    while (this.pages.length - 1 < lastIndex) {
      if (this.pages.length > 0) this.#growLastPage(PAGE_SIZE);
      this.pages.push(Buffer.alloc(this.pages.length < lastIndex ? PAGE_SIZE : FIRST_PAGE_SIZE_MIN));
    }
    if (lastIndex >= 0 && lastIndex === this.pages.length - 1) this.#growLastPage(end - lastIndex * PAGE_SIZE);
  }

  #growLastPage(needed: number): void {
    const last = this.pages.length - 1;
    const page = this.pages[last]!;
    if (page.length >= needed) return;
    let capacity = page.length;
    while (capacity < needed) capacity *= 2;
    const grown = Buffer.alloc(Math.min(capacity, PAGE_SIZE));
    grown.set(page);
    this.pages[last] = grown;
  }

  read(target: Buffer, targetStart: number, length: number, position: number): number {
    const total = Math.max(0, Math.min(length, this.size - position));
    let done = 0;
    while (done < total) {
      const at = position + done;
      const offset = at % PAGE_SIZE;
      const count = Math.min(total - done, PAGE_SIZE - offset);
      const page = this.pages[(at - offset) / PAGE_SIZE]!;
      target.set(page.subarray(offset, offset + count), targetStart + done);
      done += count;
    }
    return total;
  }

  truncate(size: number): void {
    if (size < this.size) {
      this.pages.length = Math.ceil(size / PAGE_SIZE);
      // What a later write skips over must read as zeros.
      if (size % PAGE_SIZE !== 0) this.pages[this.pages.length - 1]!.fill(0, size % PAGE_SIZE);
    } else {
      this.#ensurePages(size);
    }
    this.size = size;
  }

  content(): Buffer {
    const buffer = Buffer.allocUnsafe(this.size);
    this.read(buffer, 0, this.size, 0);
    return buffer;
  }
}

class MemoryDirectory {
  readonly kind = 'directory';
  readonly entries = new Map<string, MemoryFile | MemoryDirectory>();
  modifiedMs = 0;
}

export interface MemoryFileSystemOptions {
  /** Stamps `modifiedMs`; 0 when absent. */
  readonly nowMs?: () => number;
}

export class MemoryFileSystem implements FileSystem {
  readonly #root = new MemoryDirectory();
  readonly #locks = new Set<string>();
  readonly #nowMs: () => number;

  constructor(options: MemoryFileSystemOptions = {}) {
    this.#nowMs = options.nowMs ?? (() => 0);
  }

  open(path: string, mode: OpenMode): FileHandle {
    const { parent, name } = this.#parent('open', path);
    let node = parent.entries.get(name);
    if (node === undefined) {
      if (mode === 'read') throw failure('ENOENT', 'open', path);
      node = new MemoryFile();
      node.modifiedMs = this.#nowMs();
      parent.entries.set(name, node);
    }
    if (node.kind === 'directory') throw failure('EISDIR', 'open', path);
    return new MemoryFileHandle(path, node, mode === 'write', this.#nowMs);
  }

  exists(path: string): boolean {
    return this.#find(path) !== undefined;
  }

  list(path: string): string[] {
    return [...this.#directory('scandir', path).entries.keys()].sort();
  }

  stat(path: string): FileStat {
    const node = this.#find(path);
    if (node === undefined) throw failure('ENOENT', 'stat', path);
    const isDirectory = node.kind === 'directory';
    return { size: isDirectory ? 0 : node.size, modifiedMs: node.modifiedMs, isDirectory };
  }

  readFile(path: string): Buffer {
    const node = this.#find(path);
    if (node === undefined) throw failure('ENOENT', 'open', path);
    if (node.kind === 'directory') throw failure('EISDIR', 'read', path);
    return node.content();
  }

  writeFile(path: string, data: Uint8Array | string): void {
    const handle = this.open(path, 'write');
    handle.truncate(0);
    handle.writevSync([typeof data === 'string' ? Buffer.from(data) : data], 0);
    handle.close();
  }

  makeDirectory(path: string): void {
    let directory = this.#root;
    for (const name of parts(path)) {
      let next = directory.entries.get(name);
      if (next === undefined) {
        next = new MemoryDirectory();
        next.modifiedMs = this.#nowMs();
        directory.entries.set(name, next);
      }
      if (next.kind === 'file') throw failure('ENOTDIR', 'mkdir', path);
      directory = next;
    }
  }

  rename(from: string, to: string): void {
    const source = this.#parent('rename', from);
    const node = source.parent.entries.get(source.name);
    if (node === undefined) throw failure('ENOENT', 'rename', from);
    const target = this.#parent('rename', to);
    const existing = target.parent.entries.get(target.name);
    if (existing?.kind === 'directory' && existing.entries.size > 0) throw failure('ENOTEMPTY', 'rename', to);
    source.parent.entries.delete(source.name);
    target.parent.entries.set(target.name, node);
  }

  async removeAsync(path: string): Promise<void> {
    this.remove(path);
  }

  remove(path: string): void {
    const node = this.#find(path);
    if (node === undefined) return;
    if (node.kind === 'directory') throw failure('EISDIR', 'rm', path);
    const { parent, name } = this.#parent('rm', path);
    parent.entries.delete(name);
  }

  removeDirectory(path: string): void {
    if (this.#find(path) === undefined) return;
    const { parent, name } = this.#parent('rm', path);
    parent.entries.delete(name);
  }

  syncDirectory(path: string): void {
    this.#directory('open', path);
  }

  volumeSize(): { totalBytes: number; usableBytes: number } {
    return { totalBytes: -1, usableBytes: -1 };
  }

  lock(path: string): FileLock | null {
    const name = parts(path).join('/');
    if (this.#locks.has(name)) return null;
    this.open(path, 'write').close();
    this.#locks.add(name);
    return { release: () => void this.#locks.delete(name) };
  }

  #find(path: string): MemoryFile | MemoryDirectory | undefined {
    let node: MemoryFile | MemoryDirectory | undefined = this.#root;
    for (const name of parts(path)) {
      if (node?.kind !== 'directory') return undefined;
      node = node.entries.get(name);
    }
    return node;
  }

  #directory(call: string, path: string): MemoryDirectory {
    const node = this.#find(path);
    if (node === undefined) throw failure('ENOENT', call, path);
    if (node.kind === 'file') throw failure('ENOTDIR', call, path);
    return node;
  }

  #parent(call: string, path: string): { parent: MemoryDirectory; name: string } {
    const names = parts(path);
    const name = names.pop();
    if (name === undefined) throw failure('EISDIR', call, path);
    const parent = this.#find(names.join('/'));
    if (parent === undefined) throw failure('ENOENT', call, path);
    if (parent.kind === 'file') throw failure('ENOTDIR', call, path);
    return { parent, name };
  }
}

class MemoryFileHandle implements FileHandle {
  readonly path: string;
  readonly #file: MemoryFile;
  readonly #writable: boolean;
  readonly #nowMs: () => number;
  #open = true;

  constructor(path: string, file: MemoryFile, writable: boolean, nowMs: () => number) {
    this.path = path;
    this.#file = file;
    this.#writable = writable;
    this.#nowMs = nowMs;
  }

  #check(call: string, writing: boolean): void {
    if (!this.#open || (writing && !this.#writable)) throw failure('EBADF', call, this.path);
  }

  size(): number {
    this.#check('fstat', false);
    return this.#file.size;
  }

  async writev(buffers: readonly Uint8Array[], position: number): Promise<void> {
    // The bytes arrive later than the call, as on a real disk.
    await null;
    this.writevSync(buffers, position);
  }

  writevSync(buffers: readonly Uint8Array[], position: number): void {
    this.#check('write', true);
    let at = position;
    for (let i = 0; i < buffers.length; i++) {
      this.#file.write(buffers[i]!, at);
      at += buffers[i]!.length;
    }
    this.#file.modifiedMs = this.#nowMs();
  }

  async read(target: Buffer, targetStart: number, length: number, position: number): Promise<number> {
    await null;
    return this.readSync(target, targetStart, length, position);
  }

  readSync(target: Buffer, targetStart: number, length: number, position: number): number {
    this.#check('read', false);
    return this.#file.read(target, targetStart, length, position);
  }

  truncate(size: number): void {
    this.#check('ftruncate', true);
    this.#file.truncate(size);
    this.#file.modifiedMs = this.#nowMs();
  }

  async sync(): Promise<void> {
    await null;
    this.syncSync();
  }

  syncSync(): void {
    this.#check('fsync', false);
  }

  close(): void {
    this.#check('close', false);
    this.#open = false;
  }
}

function parts(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.');
}

function failure(code: string, call: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${call} '${path}'`), { code, syscall: call, path });
}
