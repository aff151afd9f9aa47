/**
 * A simulated disk (test/support/simulated-disk.ts) whose asynchronous calls take virtual time. A crash finds writes half done.
 * What is called synchronously takes none.
 */
import type { FileHandle, FileStat, FileSystem, OpenMode } from '../../../src/io/file-system.ts';
import type { SeededRandom } from '../../fuzz/seeded-random.ts';
import type { PowerLoss, SimulatedDisk } from '../../support/simulated-disk.ts';
import type { Life, VirtualTime } from './virtual-time.ts';

const STALLS_ONE_IN = 50;
const STALL_FACTOR = 500;

interface Write {
  readonly file: FileHandle;
  readonly bytes: Buffer;
  readonly position: number;
}

export class TimedFileSystem implements FileSystem {
  readonly disk: SimulatedDisk;
  /** Of every delay; a disk that is slow. */
  slowness = 1;
  readonly #time: VirtualTime;
  readonly #life: Life;
  readonly #name: string;
  readonly #random: SeededRandom;
  readonly #writing = new Set<Write>();

  constructor(options: {
    readonly disk: SimulatedDisk;
    readonly time: VirtualTime;
    readonly life: Life;
    readonly name: string;
    readonly random: SeededRandom;
  }) {
    this.disk = options.disk;
    this.#time = options.time;
    this.#life = options.life;
    this.#name = options.name;
    this.#random = options.random;
  }

  /** A file below this path is being written. */
  isWriting(path: string): boolean {
    for (const { file } of this.#writing) if (file.path.startsWith(path)) return true;
    return false;
  }

  /** What the next start finds. */
  crash(kind: 'kill' | 'power-loss', loss: PowerLoss): SimulatedDisk {
    for (const { file, bytes, position } of this.#writing) {
      const done = this.#random.nextInt(bytes.length + 1);
      try {
        if (done > 0) file.writevSync([bytes.subarray(0, done)], position);
      } catch {
        // The file was closed under the write.
      }
    }
    return this.disk.crashClone(kind, loss);
  }

  open(path: string, mode: OpenMode): FileHandle {
    const file = this.disk.open(path, mode);
    return {
      path,
      size: () => file.size(),
      writev: async (buffers, position) => {
        const write = { file, bytes: Buffer.concat(buffers), position };
        this.#writing.add(write);
        await this.#delay('write', 0.02);
        this.#writing.delete(write);
        file.writevSync([write.bytes], position);
      },
      writevSync: (buffers, position) => file.writevSync(buffers, position),
      read: async (target, targetStart, length, position) => {
        await this.#delay('read', 0.05);
        return file.readSync(target, targetStart, length, position);
      },
      readSync: (target, targetStart, length, position) => file.readSync(target, targetStart, length, position),
      truncate: (size) => file.truncate(size),
      sync: async () => {
        // Either end of the call is when a disk may do it, and the caller may rely on neither.
        const early = this.#random.nextInt(2) === 0;
        if (early) file.syncSync();
        await this.#delay('sync', 1);
        if (!early) file.syncSync();
      },
      syncSync: () => file.syncSync(),
      close: () => file.close(),
    };
  }

  exists(path: string): boolean {
    return this.disk.exists(path);
  }

  list(path: string): string[] {
    return this.disk.list(path);
  }

  stat(path: string): FileStat {
    return this.disk.stat(path);
  }

  readFile(path: string): Buffer {
    return this.disk.readFile(path);
  }

  writeFile(path: string, data: Uint8Array | string): void {
    this.disk.writeFile(path, data);
  }

  makeDirectory(path: string): void {
    this.disk.makeDirectory(path);
  }

  rename(from: string, to: string): void {
    this.disk.rename(from, to);
  }

  remove(path: string): void {
    this.disk.remove(path);
  }

  async removeAsync(path: string): Promise<void> {
    await this.#delay('remove', 1);
    this.disk.remove(path);
  }

  removeDirectory(path: string): void {
    this.disk.removeDirectory(path);
  }

  syncDirectory(path: string): void {
    this.disk.syncDirectory(path);
  }

  volumeSize(): { totalBytes: number; usableBytes: number } {
    return this.disk.volumeSize();
  }

  lock(path: string) {
    return this.disk.lock(path);
  }

  #delay(call: string, meanMs: number): Promise<void> {
    // Now and then the system has other things to write first.
    const luck = this.#random.oneIn(STALLS_ONE_IN) ? STALL_FACTOR : 0.25 + (this.#random.nextInt(1000) / 1000) ** 3 * 4;
    return this.#time.wait(this.#life, meanMs * luck * this.slowness, `${this.#name} ${call}`);
  }
}
