/**
 * What the three indexes of a segment share: fixed-size entries, kept in memory and written out when the segment becomes
 * inactive, at a clean stop and after recovery.
 *
 * Between those moments the file on disk may lag behind: the active segment is always recovered after a crash, and that
 * rebuilds its indexes. Until somebody asks, the entries of an opened log stay on disk.
 */
import type { FileSystem } from '../io/file-system.ts';
import type { SegmentPlace } from './log-files.ts';
import { CorruptIndexError } from './storage-error.ts';

const FIRST_CAPACITY_ENTRIES = 8;
const NO_ENTRIES = Buffer.alloc(0);

export abstract class IndexFile {
  protected readonly place: SegmentPlace;
  readonly #fileSystem: FileSystem;
  readonly #suffix: string;
  readonly #entrySize: number;
  /** Null while only the file has them. */
  #entries: Buffer | null;
  #count = 0;
  /** Entries that the file has, too; fewer than `#count` after appends, -1 when the file must be rewritten. */
  #persistedCount = 0;

  /** `onDisk`: there may be a file to load; false for a new segment. */
  constructor(fileSystem: FileSystem, place: SegmentPlace, suffix: string, entrySize: number, onDisk: boolean) {
    this.place = place;
    this.#fileSystem = fileSystem;
    this.#suffix = suffix;
    this.#entrySize = entrySize;
    this.#entries = onDisk ? null : NO_ENTRIES;
    // Kafka's index files exist from the segment's first moment; ours at latest when persisted.
    if (!onDisk) this.#persistedCount = -1;
  }

  get path(): string {
    return this.place.path(this.#suffix);
  }

  get entryCount(): number {
    this.loaded();
    return this.#count;
  }

  get sizeInBytes(): number {
    return this.entryCount * this.#entrySize;
  }

  /** Bytes of the file, which may lag behind; nothing is loaded for it. */
  fileSize(): number {
    const { path } = this;
    return this.#fileSystem.exists(path) ? this.#fileSystem.stat(path).size : 0;
  }

  /** Throws CorruptIndexError when the bytes cannot be this index. */
  protected abstract check(entries: Buffer, count: number): void;

  /**
   * How many of the last entries are padding: a Kafka that was killed leaves the preallocated rest of a file as zeros.
   * Whether an entry of zeros can be real is the index's own affair.
   */
  protected isPadding(entries: Buffer, index: number): boolean {
    const start = index * this.#entrySize;
    for (let i = start; i < start + this.#entrySize; i++) if (entries[i] !== 0) return false;
    return true;
  }

  /** The entries, first read from the file when necessary; longer than the count says. */
  protected loaded(): Buffer {
    if (this.#entries !== null) return this.#entries;
    const { path } = this;
    const bytes = this.#fileSystem.exists(path) ? this.#fileSystem.readFile(path) : NO_ENTRIES;
    if (bytes.length % this.#entrySize !== 0) {
      throw new CorruptIndexError(`${path}: ${bytes.length} bytes are not a multiple of ${this.#entrySize}`);
    }
    let count = bytes.length / this.#entrySize;
    while (count > 0 && this.isPadding(bytes, count - 1)) count--;
    this.check(bytes, count);
    this.#entries = bytes;
    this.#count = count;
    this.#persistedCount = count * this.#entrySize === bytes.length ? count : -1;
    return bytes;
  }

  /** Room for one more entry; gives the position to write it at, which the caller does at once. */
  protected extend(): number {
    let entries = this.loaded();
    const position = this.#count * this.#entrySize;
    if (position === entries.length) {
      const grown = Buffer.alloc(Math.max(entries.length * 2, FIRST_CAPACITY_ENTRIES * this.#entrySize));
      grown.set(entries.subarray(0, position));
      this.#entries = entries = grown;
    }
    this.#count++;
    return position;
  }

  protected truncateToCount(count: number): void {
    this.loaded();
    if (count >= this.#count) return;
    this.#count = count;
    this.#persistedCount = -1;
  }

  /** Forgets everything; the file keeps its old entries until `persist`. */
  reset(): void {
    this.#entries = NO_ENTRIES;
    this.#count = 0;
    this.#persistedCount = -1;
  }

  /**
   * Makes the file equal to memory; not synced. False when it is so already. `evenWhenEmpty`: an empty index has a file,
   * too (all but the transaction index).
   */
  persist(evenWhenEmpty: boolean): boolean {
    if (this.#entries === null || this.#persistedCount === this.#count) return false;
    const { path } = this;
    if (this.#count === 0 && !evenWhenEmpty && !this.#fileSystem.exists(path)) return false;
    const handle = this.#fileSystem.open(path, 'write');
    try {
      const from = Math.max(0, this.#persistedCount) * this.#entrySize;
      const to = this.#count * this.#entrySize;
      if (to > from) handle.writevSync([this.#entries.subarray(from, to)], from);
      if (this.#persistedCount < 0) handle.truncate(to);
    } finally {
      handle.close();
    }
    this.#persistedCount = this.#count;
    return true;
  }

  /** The file has not all of it. */
  get isUnwritten(): boolean {
    return this.#entries !== null && this.#persistedCount !== this.#count;
  }

  /** Drops the entries from memory where the file has them all. */
  unload(): void {
    if (this.#entries !== null && this.#persistedCount === this.#count) this.#entries = null;
  }
}
