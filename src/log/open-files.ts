/**
 * Files that are open, at most `openMax` of them while not in use: ten thousand idle partitions hold none. A file is
 * named by a LogFile, opened when first used, and closed again when others need the place.
 */
import type { FileHandle, FileSystem } from '../io/file-system.ts';
import { LOG_SUFFIX, type SegmentPlace } from './log-files.ts';
import { isShortage } from './storage-error.ts';

export class LogFile {
  handle: FileHandle | null = null;
  /** Reads, writes and syncs under way: while there is one, the file stays open. */
  users = 0;
  /** Used since the last look for a file to close. */
  recentlyUsed = false;
  /** Close as soon as the last user is gone. */
  closing = false;
  /** Deleted: it must not be opened again, which would make it anew. */
  removed = false;
  readonly #place: SegmentPlace;

  constructor(place: SegmentPlace) {
    this.#place = place;
  }

  get path(): string {
    return this.#place.path(LOG_SUFFIX);
  }
}

export class OpenFiles {
  readonly #fileSystem: FileSystem;
  readonly #openMax: number;
  readonly #open = new Set<LogFile>();

  constructor(fileSystem: FileSystem, openMax: number) {
    this.#fileSystem = fileSystem;
    this.#openMax = openMax;
  }

  get openCount(): number {
    return this.#open.size;
  }

  /** Every `acquire` has one `release`. */
  acquire(file: LogFile): FileHandle {
    let handle = file.handle;
    if (handle === null) {
      if (file.removed) throw new Error(`${file.path} was deleted`);
      handle = this.open(file.path);
      file.handle = handle;
      this.#open.add(file);
      if (this.#open.size > this.#openMax) this.#closeOne(file);
    }
    file.users++;
    file.recentlyUsed = true;
    return handle;
  }

  /** A file that is not kept open. Where handles run out, an idle one is given up for it. */
  open(path: string): FileHandle {
    try {
      return this.#fileSystem.open(path, 'write');
    } catch (error) {
      if (!isShortage(error) || !this.#closeOne(null)) throw error;
      return this.#fileSystem.open(path, 'write');
    }
  }

  release(file: LogFile): void {
    file.users--;
    if (file.closing && file.users === 0) this.close(file);
  }

  /** Now, or when its last user is gone. */
  close(file: LogFile): void {
    if (file.users > 0) {
      file.closing = true;
      return;
    }
    file.closing = false;
    if (file.handle === null) return;
    file.handle.close();
    file.handle = null;
    this.#open.delete(file);
  }

  /** The oldest one that was not used lately; a used one gets a second chance and goes to the end. */
  #closeOne(except: LogFile | null): boolean {
    for (let looks = 2 * this.#open.size; looks > 0; looks--) {
      const candidate = this.#open.values().next().value;
      if (candidate === undefined) return false;
      if (candidate !== except && candidate.users === 0 && !candidate.recentlyUsed) {
        this.close(candidate);
        return true;
      }
      candidate.recentlyUsed = false;
      this.#open.delete(candidate);
      this.#open.add(candidate);
    }
    return false;
  }
}
