/**
 * A disk for crashes: for tests of the log and for the simulation of a cluster. It behaves as POSIX promises and not a bit better:
 *
 *     what happened                          `kill -9` later            power loss later
 *     write, truncate                        is there                   maybe: all, none, a part of it, or zeros in its place
 *     fsync of the file                                                 is there
 *     create, rename, remove (of a name)     is there                   maybe
 *     fsync of the directory                                            is there
 *
 * A file that was synced under a name that was not is lost. Writes of one file survive a power loss independently of each other
 * (the disk reorders them), names either in their order, as journaling file systems have them, or independently, too.
 *
 *     const disk = new SimulatedDisk({ seed: 7, fault: (operation) => (operation.kind === 'write' ? 'ENOSPC' : null) });
 *     const later = disk.crashClone('power-loss', { unsynced: 'some' });     // the disk as the next start finds it
 *     disk.beforeChange = (change) => { … }                                  // every crash point of what runs now
 *
 * All that is left to chance comes from `seed`: same seed, same calls, same disk.
 */
import type { FileHandle, FileLock, FileStat, FileSystem, OpenMode } from '../../src/io/file-system.ts';

export type DiskFault = 'ENOSPC' | 'EIO' | 'EMFILE' | 'EROFS' | 'EACCES';

export interface DiskOperation {
  readonly kind:
    | 'open'
    | 'create'
    | 'read'
    | 'write'
    | 'truncate'
    | 'sync'
    | 'rename'
    | 'remove'
    | 'make-directory'
    | 'sync-directory'
    | 'list'
    | 'stat';
  readonly path: string;
  /** Of a write or read. */
  readonly bytes: number;
}

export interface SimulatedDiskOptions {
  readonly seed?: number;
  /** Stamps `modifiedMs`; 0 when absent. */
  readonly nowMs?: () => number;
  /** Asked before each operation; an error code makes it fail. A write fails after a part of its bytes, as on a full disk. */
  readonly fault?: (operation: DiskOperation) => DiskFault | null;
}

export interface PowerLoss {
  /** Of what was not synced: nothing survives (the default), or some, as the seed has it. */
  readonly unsynced?: 'none' | 'some';
  /** With 'some': names survive in the order of their changes (the default), or each by itself. */
  readonly names?: 'ordered' | 'any';
  /** A draw of its own for each crash of one disk. */
  readonly seed?: number;
}

type DataChange =
  | { readonly kind: 'write'; readonly position: number; readonly bytes: Buffer }
  | { readonly kind: 'truncate'; readonly size: number };

/** Bytes that grow by doubling, so that a thousand appends are not a thousand copies. */
class Bytes {
  #buffer: Buffer;
  size: number;

  constructor(content: Buffer = Buffer.alloc(0)) {
    this.#buffer = Buffer.from(content);
    this.size = content.length;
  }

  apply(change: DataChange): void {
    if (change.kind === 'truncate') {
      this.#ensure(change.size);
      if (change.size < this.size) this.#buffer.fill(0, change.size, this.size);
      this.size = change.size;
      return;
    }
    const end = change.position + change.bytes.length;
    this.#ensure(end);
    this.#buffer.set(change.bytes, change.position);
    this.size = Math.max(this.size, end);
  }

  #ensure(size: number): void {
    if (size <= this.#buffer.length) return;
    const grown = Buffer.alloc(Math.max(size, 2 * this.#buffer.length));
    grown.set(this.#buffer);
    this.#buffer = grown;
  }

  view(): Buffer {
    return this.#buffer.subarray(0, this.size);
  }
}

class SimulatedFile {
  readonly kind = 'file';
  readonly live: Bytes;
  readonly durable: Bytes;
  /** Since the last sync, in their order. */
  pending: DataChange[] = [];
  modifiedMs = 0;

  constructor(content?: Buffer) {
    this.live = new Bytes(content);
    this.durable = new Bytes(content);
  }

  change(change: DataChange): void {
    this.live.apply(change);
    this.pending.push(change);
  }

  sync(count: number): void {
    for (const change of this.pending.splice(0, count)) this.durable.apply(change);
  }
}

class SimulatedDirectory {
  readonly kind = 'directory';
  readonly live = new Map<string, Node>();
  readonly durable = new Map<string, Node>();
  modifiedMs = 0;
}

type Node = SimulatedFile | SimulatedDirectory;

interface Place {
  readonly directory: SimulatedDirectory;
  readonly name: string;
}

/** `node` leaves `from` and comes to `to`; one of them is null when it is created or removed. */
interface NameChange {
  readonly node: Node;
  readonly from: Place | null;
  readonly to: Place | null;
}

function applyNameChange(names: (directory: SimulatedDirectory) => Map<string, Node>, change: NameChange): void {
  const { from, to, node } = change;
  if (from !== null && names(from.directory).get(from.name) === node) names(from.directory).delete(from.name);
  if (to !== null) names(to.directory).set(to.name, node);
}

/** Small and even enough; from Marsaglia's xorshift family. */
function generator(seed: number): (bound: number) => number {
  let state = (seed ^ 0x9e37_79b9) | 0 || 1;
  return (bound) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % bound;
  };
}

export class SimulatedDisk implements FileSystem {
  /** Called with a description before each change: what `crashClone` gives there is a crash point. Half-done writes are points, too. */
  beforeChange: ((change: string) => void) | null = null;
  /** Replaces the predicate of the options. */
  fault: ((operation: DiskOperation) => DiskFault | null) | null;
  readonly #options: SimulatedDiskOptions;
  readonly #nextInt: (bound: number) => number;
  readonly #locks = new Set<string>();
  #root = new SimulatedDirectory();
  #pendingNames: NameChange[] = [];

  constructor(options: SimulatedDiskOptions = {}) {
    this.#options = options;
    this.#nextInt = generator(options.seed ?? 1);
    this.fault = options.fault ?? null;
  }

  /** The disk as the next start finds it: no locks, no open files, no faults. This one goes on as if nothing had been. */
  crashClone(kind: 'kill' | 'power-loss', loss: PowerLoss = {}): SimulatedDisk {
    const { nowMs } = this.#options;
    const clone = new SimulatedDisk({ seed: this.#options.seed ?? 1, ...(nowMs === undefined ? {} : { nowMs }) });
    if (kind === 'kill') this.#copyKilled(clone);
    else this.#copyPowerLoss(clone, loss);
    return clone;
  }

  /** What was not synced is still not: the power may go after the kill. */
  #copyKilled(clone: SimulatedDisk): void {
    const copies = new Map<Node, Node>();
    const copy = (node: Node): Node => {
      const known = copies.get(node);
      if (known !== undefined) return known;
      const made = node.kind === 'file' ? new SimulatedFile(node.durable.view()) : new SimulatedDirectory();
      copies.set(node, made);
      made.modifiedMs = node.modifiedMs;
      if (node.kind === 'file' && made.kind === 'file') {
        for (const change of node.pending) made.change(change);
      } else if (node.kind === 'directory' && made.kind === 'directory') {
        for (const [name, child] of node.live) made.live.set(name, copy(child));
        for (const [name, child] of node.durable) made.durable.set(name, copy(child));
      }
      return made;
    };
    const place = (from: Place | null): Place | null =>
      // A copy of a directory is a directory.
      from === null ? null : { directory: copy(from.directory) as SimulatedDirectory, name: from.name };
    clone.#root = copy(this.#root) as SimulatedDirectory;
    clone.#pendingNames = this.#pendingNames.map(({ node, from, to }) => ({
      node: copy(node),
      from: place(from),
      to: place(to),
    }));
  }

  #copyPowerLoss(clone: SimulatedDisk, { unsynced = 'none', names = 'ordered', seed = 0 }: PowerLoss): void {
    const nextInt = generator((this.#options.seed ?? 1) * 7919 + seed);
    const overlay = new Map<SimulatedDirectory, Map<string, Node>>();
    const namesOf = (directory: SimulatedDirectory): Map<string, Node> => {
      const known = overlay.get(directory);
      if (known !== undefined) return known;
      const names = new Map(directory.durable);
      overlay.set(directory, names);
      return names;
    };
    if (unsynced === 'some') {
      const survivors =
        names === 'ordered'
          ? this.#pendingNames.slice(0, nextInt(this.#pendingNames.length + 1))
          : this.#pendingNames.filter(() => nextInt(2) === 0);
      for (const change of survivors) applyNameChange(namesOf, change);
    }
    const copies = new Map<Node, Node>();
    const copy = (node: Node): Node => {
      const known = copies.get(node);
      if (known !== undefined) return known;
      let made: Node;
      if (node.kind === 'file') {
        const content = new Bytes(node.durable.view());
        if (unsynced === 'some') for (const change of node.pending) applySome(content, change, nextInt);
        made = new SimulatedFile(content.view());
      } else {
        made = new SimulatedDirectory();
        for (const [name, child] of namesOf(node)) {
          const childCopy = copy(child);
          made.live.set(name, childCopy);
          made.durable.set(name, childCopy);
        }
      }
      made.modifiedMs = node.modifiedMs;
      copies.set(node, made);
      return made;
    };
    clone.#root = copy(this.#root) as SimulatedDirectory;
  }

  // ---- FileSystem

  open(path: string, mode: OpenMode): FileHandle {
    const { directory, name } = this.#parent('open', path);
    let node = directory.live.get(name);
    if (node === undefined) {
      if (mode === 'read') throw failure('ENOENT', 'open', path);
      this.#maybeFail('create', path);
      this.beforeChange?.(`create ${path}`);
      node = new SimulatedFile();
      node.modifiedMs = this.#nowMs();
      this.#rename({ node, from: null, to: { directory, name } });
    } else {
      this.#maybeFail('open', path);
    }
    if (node.kind === 'directory') throw failure('EISDIR', 'open', path);
    return this.#handle(path, node, mode === 'write');
  }

  #handle(path: string, file: SimulatedFile, writable: boolean): FileHandle {
    let open = true;
    const check = (call: string, writing: boolean) => {
      if (!open || (writing && !writable)) throw failure('EBADF', call, path);
    };
    const write = (buffers: readonly Uint8Array[], position: number) => {
      check('write', true);
      this.#write(path, file, Buffer.concat(buffers), position);
    };
    const syncPending = (count: number) => {
      check('fsync', false);
      this.#maybeFail('sync', path);
      this.beforeChange?.(`sync ${path}`);
      file.sync(count);
    };
    const read = (target: Buffer, targetStart: number, length: number, position: number): number => {
      check('read', false);
      this.#maybeFail('read', path, length);
      const bytes = file.live.view().subarray(position, position + length);
      target.set(bytes, targetStart);
      return bytes.length;
    };
    return {
      path,
      size: () => {
        check('fstat', false);
        return file.live.size;
      },
      writev: async (buffers, position) => {
        // The bytes arrive later than the call, as on a real disk.
        await null;
        write(buffers, position);
      },
      writevSync: write,
      read: async (target, targetStart, length, position) => {
        await null;
        return read(target, targetStart, length, position);
      },
      readSync: read,
      truncate: (size) => {
        check('ftruncate', true);
        this.#maybeFail('truncate', path);
        this.beforeChange?.(`truncate ${path}`);
        file.change({ kind: 'truncate', size });
        file.modifiedMs = this.#nowMs();
      },
      sync: async () => {
        // What is written while it runs is not promised.
        const count = file.pending.length;
        await null;
        syncPending(count);
      },
      syncSync: () => syncPending(file.pending.length),
      close: () => {
        check('close', false);
        open = false;
      },
    };
  }

  #write(path: string, file: SimulatedFile, bytes: Buffer, position: number): void {
    file.modifiedMs = this.#nowMs();
    const code = this.fault?.({ kind: 'write', path, bytes: bytes.length }) ?? null;
    const torn = bytes.length < 2 ? 0 : 1 + this.#nextInt(bytes.length - 1);
    if (code !== null) {
      if (torn > 0) file.change({ kind: 'write', position, bytes: bytes.subarray(0, torn) });
      throw failure(code, 'write', path);
    }
    if (this.beforeChange === null || torn === 0) {
      this.beforeChange?.(`write ${path}`);
      file.change({ kind: 'write', position, bytes });
      return;
    }
    this.beforeChange(`write ${path}`);
    file.change({ kind: 'write', position, bytes: bytes.subarray(0, torn) });
    this.beforeChange(`write ${path} from its byte ${torn} on`);
    file.change({ kind: 'write', position: position + torn, bytes: bytes.subarray(torn) });
  }

  exists(path: string): boolean {
    return this.#find(path) !== undefined;
  }

  list(path: string): string[] {
    this.#maybeFail('list', path);
    return [...this.#directory('scandir', path).live.keys()].sort();
  }

  stat(path: string): FileStat {
    this.#maybeFail('stat', path);
    const node = this.#find(path);
    if (node === undefined) throw failure('ENOENT', 'stat', path);
    const isDirectory = node.kind === 'directory';
    return { size: isDirectory ? 0 : node.live.size, modifiedMs: node.modifiedMs, isDirectory };
  }

  readFile(path: string): Buffer {
    const node = this.#find(path);
    if (node === undefined) throw failure('ENOENT', 'open', path);
    if (node.kind === 'directory') throw failure('EISDIR', 'read', path);
    this.#maybeFail('read', path, node.live.size);
    return Buffer.from(node.live.view());
  }

  writeFile(path: string, data: Uint8Array | string): void {
    const handle = this.open(path, 'write');
    if (handle.size() > 0) handle.truncate(0);
    if (data.length > 0) handle.writevSync([typeof data === 'string' ? Buffer.from(data) : data], 0);
    handle.close();
  }

  makeDirectory(path: string): void {
    let directory = this.#root;
    for (const name of parts(path)) {
      let next = directory.live.get(name);
      if (next === undefined) {
        this.#maybeFail('make-directory', path);
        this.beforeChange?.(`make directory ${path}`);
        next = new SimulatedDirectory();
        next.modifiedMs = this.#nowMs();
        this.#rename({ node: next, from: null, to: { directory, name } });
      }
      if (next.kind === 'file') throw failure('ENOTDIR', 'mkdir', path);
      directory = next;
    }
  }

  rename(from: string, to: string): void {
    const source = this.#parent('rename', from);
    const node = source.directory.live.get(source.name);
    if (node === undefined) throw failure('ENOENT', 'rename', from);
    const target = this.#parent('rename', to);
    const existing = target.directory.live.get(target.name);
    if (existing?.kind === 'directory' && existing.live.size > 0) throw failure('ENOTEMPTY', 'rename', to);
    this.#maybeFail('rename', from);
    this.beforeChange?.(`rename ${from} to ${to}`);
    this.#rename({ node, from: source, to: target });
  }

  remove(path: string): void {
    const node = this.#find(path);
    if (node === undefined) return;
    if (node.kind === 'directory') throw failure('EISDIR', 'rm', path);
    this.#removeNode(path, node);
  }

  async removeAsync(path: string): Promise<void> {
    this.remove(path);
  }

  /** File by file, as the system does it. */
  removeDirectory(path: string): void {
    const node = this.#find(path);
    if (node === undefined) return;
    if (node.kind === 'directory') for (const name of [...node.live.keys()]) this.removeDirectory(`${path}/${name}`);
    this.#removeNode(path, node);
  }

  #removeNode(path: string, node: Node): void {
    this.#maybeFail('remove', path);
    this.beforeChange?.(`remove ${path}`);
    this.#rename({ node, from: this.#parent('rm', path), to: null });
  }

  syncDirectory(path: string): void {
    const directory = this.#directory('open', path);
    this.#maybeFail('sync-directory', path);
    this.beforeChange?.(`sync directory ${path}`);
    const others: NameChange[] = [];
    for (const change of this.#pendingNames) {
      if (change.from?.directory === directory || change.to?.directory === directory) {
        applyNameChange(({ durable }) => durable, change);
      } else {
        others.push(change);
      }
    }
    this.#pendingNames = others;
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

  // ---- names

  #rename(change: NameChange): void {
    applyNameChange(({ live }) => live, change);
    this.#pendingNames.push(change);
  }

  #find(path: string): Node | undefined {
    let node: Node | undefined = this.#root;
    for (const name of parts(path)) {
      if (node?.kind !== 'directory') return undefined;
      node = node.live.get(name);
    }
    return node;
  }

  #directory(call: string, path: string): SimulatedDirectory {
    const node = this.#find(path);
    if (node === undefined) throw failure('ENOENT', call, path);
    if (node.kind === 'file') throw failure('ENOTDIR', call, path);
    return node;
  }

  #parent(call: string, path: string): Place {
    const names = parts(path);
    const name = names.pop();
    if (name === undefined) throw failure('EISDIR', call, path);
    return { directory: this.#directory(call, names.join('/')), name };
  }

  #maybeFail(kind: DiskOperation['kind'], path: string, bytes = 0): void {
    const code = this.fault?.({ kind, path, bytes }) ?? null;
    if (code !== null) throw failure(code, kind, path);
  }

  #nowMs(): number {
    return this.#options.nowMs?.() ?? 0;
  }
}

/** All of the change, none, the front of it, or zeros in its place: the size was on disk, the bytes were not. */
function applySome(content: Bytes, change: DataChange, nextInt: (bound: number) => number): void {
  const fate = nextInt(4);
  if (fate === 0) return;
  if (change.kind === 'truncate' || fate === 1) {
    content.apply(change);
    return;
  }
  const { position, bytes } = change;
  if (fate === 2) content.apply({ kind: 'write', position, bytes: bytes.subarray(0, nextInt(bytes.length + 1)) });
  else if (content.size < position + bytes.length) {
    content.apply({ kind: 'truncate', size: position + bytes.length });
  }
}

function parts(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.');
}

function failure(code: string, call: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${call} '${path}'`), { code, syscall: call, path });
}

export interface CrashPoint {
  /** The change that did not happen any more. */
  readonly before: string;
  readonly crash: string;
  readonly disk: SimulatedDisk;
}

export interface Crash {
  readonly name: string;
  readonly kind: 'kill' | 'power-loss';
  readonly loss: PowerLoss;
}

/** How each point of an act is crashed: by a kill, and by power losses from the worst one that is honest to two that are odd. */
export const CRASHES: readonly Crash[] = [
  { name: 'kill', kind: 'kill', loss: {} },
  { name: 'power loss', kind: 'power-loss', loss: {} },
  { name: 'power loss, some survives', kind: 'power-loss', loss: { unsynced: 'some' } },
  {
    name: 'power loss, some survives, names in any order',
    kind: 'power-loss',
    loss: { unsynced: 'some', names: 'any' },
  },
];

/** Where several files go at once, their names must go in order. So they do on every file system with a journal. */
export const CRASHES_IN_ORDER = CRASHES.filter(({ loss }) => loss.names !== 'any');

/** The disk at every crash point of `act`, and at its end, in every way to crash. `act` may stop with an error. */
export async function crashPoints<State>(
  disk: SimulatedDisk,
  act: () => Promise<void>,
  stateOf: () => State,
  crashes: readonly Crash[] = CRASHES,
): Promise<(CrashPoint & { readonly state: State })[]> {
  const points: (CrashPoint & { readonly state: State })[] = [];
  const take = (before: string) => {
    const state = stateOf();
    for (const { name, kind, loss } of crashes) {
      points.push({ before, crash: name, state, disk: disk.crashClone(kind, { ...loss, seed: points.length }) });
    }
  };
  disk.beforeChange = take;
  try {
    await act();
  } finally {
    disk.beforeChange = null;
  }
  take('the end');
  return points;
}
