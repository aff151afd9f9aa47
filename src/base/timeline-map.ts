/**
 * A map that remembers what it was at past offsets, and can go back to one of them.
 *
 * `SnapshotRegistry` holds snapshots in ascending order of `epoch` (for us: an exclusive end offset). A snapshot costs
 * nothing when it is taken; each change made afterwards leaves the old value in the newest snapshot, once per key:
 *
 *     snapshot 10 { a: old value of a }   snapshot 20 { b: absent }   current { a, b }
 *
 * The value at epoch E is the first one found in the snapshots from E on, else the current one.
 *
 * Invariants: values are immutable, or timeline maps of the same registry themselves; reading at an epoch needs a
 * snapshot of exactly that epoch.
 */
import { assert } from './assert.ts';

const ABSENT = Symbol('absent');
type Absent = typeof ABSENT;

/** What the registry needs of a map: putting old values back. */
interface Restorable {
  restore(undo: Map<unknown, unknown>): void;
}

interface Snapshot {
  readonly epoch: number;
  readonly undo: Map<Restorable, Map<unknown, unknown>>;
}

export class SnapshotRegistry {
  readonly #snapshots: Snapshot[] = [];

  /** Does nothing when the newest snapshot has this epoch already. Epochs ascend. */
  take(epoch: number): void {
    const newest = this.#snapshots.at(-1);
    if (newest !== undefined) {
      assert(newest.epoch <= epoch, `snapshot ${epoch} behind ${newest.epoch}`);
      if (newest.epoch === epoch) return;
    }
    this.#snapshots.push({ epoch, undo: new Map() });
  }

  has(epoch: number): boolean {
    return this.#indexOf(epoch) !== -1;
  }

  /** The oldest snapshot of at least `epoch`; null when there is none. */
  oldestFrom(epoch: number): number | null {
    return this.#snapshots.find((snapshot) => snapshot.epoch >= epoch)?.epoch ?? null;
  }

  get epochs(): number[] {
    return this.#snapshots.map((snapshot) => snapshot.epoch);
  }

  /** Puts every map back to what it was at `epoch`; that snapshot stays, later ones go. */
  revertTo(epoch: number): void {
    const index = this.#indexOf(epoch);
    assert(index !== -1, `no snapshot ${epoch} to revert to`);
    for (let i = this.#snapshots.length - 1; i >= index; i--) {
      for (const [map, undo] of this.#snapshots[i]!.undo) map.restore(undo);
    }
    this.#snapshots.length = index + 1;
    this.#snapshots[index]!.undo.clear();
  }

  /** Forgets the snapshots below `epoch`; one of exactly `epoch` stays. */
  deleteBelow(epoch: number): void {
    let count = 0;
    while (count < this.#snapshots.length && this.#snapshots[count]!.epoch < epoch) count++;
    if (count > 0) this.#snapshots.splice(0, count);
  }

  /** Forgets all snapshots: the current state is all there is. */
  clear(): void {
    this.#snapshots.length = 0;
  }

  /** For the maps alone: keeps `oldValue` of `key` unless the newest snapshot has one already. */
  keep(map: Restorable, key: unknown, oldValue: unknown): void {
    const newest = this.#snapshots.at(-1);
    if (newest === undefined) return;
    let undo = newest.undo.get(map);
    if (undo === undefined) {
      undo = new Map();
      newest.undo.set(map, undo);
    }
    if (!undo.has(key)) undo.set(key, oldValue);
  }

  /** For the maps alone: the old values that `map` left in the snapshots from `epoch` on, oldest first. */
  undosFrom(map: Restorable, epoch: number): Map<unknown, unknown>[] {
    const index = this.#indexOf(epoch);
    assert(index !== -1, `no snapshot ${epoch} to read at`);
    const undos: Map<unknown, unknown>[] = [];
    for (let i = index; i < this.#snapshots.length; i++) {
      const undo = this.#snapshots[i]!.undo.get(map);
      if (undo !== undefined) undos.push(undo);
    }
    return undos;
  }

  #indexOf(epoch: number): number {
    let low = 0;
    let high = this.#snapshots.length - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const found = this.#snapshots[middle]!.epoch;
      if (found === epoch) return middle;
      if (found < epoch) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }
}

/** Reads take an optional `epoch`; left out, they see the current state. */
export class TimelineMap<K, V> {
  readonly #registry: SnapshotRegistry;
  readonly #current = new Map<K, V>();

  constructor(registry: SnapshotRegistry) {
    this.#registry = registry;
  }

  get size(): number {
    return this.#current.size;
  }

  get(key: K, epoch?: number): V | undefined {
    if (epoch !== undefined) {
      for (const undo of this.#registry.undosFrom(this, epoch)) {
        // Only `set` and `delete` below put values there: a V or ABSENT.
        const old = undo.get(key) as V | Absent | undefined;
        if (old === ABSENT) return undefined;
        if (old !== undefined) return old;
      }
    }
    return this.#current.get(key);
  }

  has(key: K, epoch?: number): boolean {
    return epoch === undefined ? this.#current.has(key) : this.get(key, epoch) !== undefined;
  }

  set(key: K, value: V): void {
    const old = this.#current.get(key);
    this.#registry.keep(this, key, old === undefined ? ABSENT : old);
    this.#current.set(key, value);
  }

  /** The removed value. */
  delete(key: K): V | undefined {
    const old = this.#current.get(key);
    if (old === undefined) return undefined;
    this.#registry.keep(this, key, old);
    this.#current.delete(key);
    return old;
  }

  clear(): void {
    for (const key of [...this.#current.keys()]) this.delete(key);
  }

  keys(epoch?: number): IterableIterator<K> {
    return this.#at(epoch).keys();
  }

  values(epoch?: number): IterableIterator<V> {
    return this.#at(epoch).values();
  }

  entries(epoch?: number): IterableIterator<[K, V]> {
    return this.#at(epoch).entries();
  }

  [Symbol.iterator](): IterableIterator<[K, V]> {
    return this.#current.entries();
  }

  /** For the registry alone. */
  restore(undo: Map<unknown, unknown>): void {
    // The registry hands back what `keep` was given: keys are K, values V or ABSENT.
    for (const [key, old] of undo as Map<K, V | Absent>) {
      if (old === ABSENT) this.#current.delete(key);
      else this.#current.set(key, old);
    }
  }

  /** The map as it was; a copy only where something changed since. */
  #at(epoch: number | undefined): Map<K, V> {
    if (epoch === undefined) return this.#current;
    const undos = this.#registry.undosFrom(this, epoch);
    if (undos.length === 0) return this.#current;
    const past = new Map(this.#current);
    for (let i = undos.length - 1; i >= 0; i--) {
      for (const [key, old] of undos[i] as Map<K, V | Absent>) {
        if (old === ABSENT) past.delete(key);
        else past.set(key, old);
      }
    }
    return past;
  }
}
