/**
 * An immutable map whose copies share almost everything (a hash array mapped trie, 32-way): setting one key of ten
 * thousand copies a few small arrays, never ten thousand entries. Reads like any `ReadonlyMap`; the order of iteration
 * is that of the hashes.
 *
 *     node { bitmap, slots }      bit i of bitmap <=> a slot for the 5-bit digit i
 *     slot = entry { key, value, hash } | collision { hash, entries } | node one digit deeper
 */

interface Entry<K, V> {
  readonly kind: 'entry';
  readonly hash: number;
  readonly key: K;
  readonly value: V;
}

interface Collision<K, V> {
  readonly kind: 'collision';
  readonly hash: number;
  readonly entries: readonly Entry<K, V>[];
}

interface Node<K, V> {
  readonly kind: 'node';
  readonly bitmap: number;
  readonly slots: readonly Slot<K, V>[];
}

type Slot<K, V> = Entry<K, V> | Collision<K, V> | Node<K, V>;

const EMPTY_NODE: Node<never, never> = { kind: 'node', bitmap: 0, slots: [] };

export class PersistentMap<K extends string | number, V> implements ReadonlyMap<K, V> {
  readonly size: number;
  readonly #root: Node<K, V>;

  private constructor(root: Node<K, V>, size: number) {
    this.#root = root;
    this.size = size;
  }

  static empty<K extends string | number, V>(): PersistentMap<K, V> {
    return new PersistentMap<K, V>(EMPTY_NODE, 0);
  }

  static from<K extends string | number, V>(entries: Iterable<readonly [K, V]>): PersistentMap<K, V> {
    let map = PersistentMap.empty<K, V>();
    for (const [key, value] of entries) map = map.set(key, value);
    return map;
  }

  /** The map itself when it is one of these already. */
  static of<K extends string | number, V>(map: ReadonlyMap<K, V>): PersistentMap<K, V> {
    return map instanceof PersistentMap ? map : PersistentMap.from(map);
  }

  get(key: K): V | undefined {
    const hash = hashOf(key);
    let slot: Slot<K, V> = this.#root;
    for (let shift = 0; ; shift += 5) {
      if (slot.kind === 'entry') return slot.key === key ? slot.value : undefined;
      if (slot.kind === 'collision') return slot.entries.find((entry) => entry.key === key)?.value;
      const bit = 1 << ((hash >>> shift) & 31);
      if ((slot.bitmap & bit) === 0) return undefined;
      slot = slot.slots[bitCount(slot.bitmap & (bit - 1))]!;
    }
  }

  has(key: K): boolean {
    return this.get(key) !== undefined;
  }

  /** `value` must not be undefined. */
  set(key: K, value: V): PersistentMap<K, V> {
    const entry: Entry<K, V> = { kind: 'entry', hash: hashOf(key), key, value };
    const root = insert(this.#root, 0, entry) as Node<K, V>; // a node stays a node
    return new PersistentMap(root, this.has(key) ? this.size : this.size + 1);
  }

  delete(key: K): PersistentMap<K, V> {
    if (!this.has(key)) return this;
    const root = remove(this.#root, 0, hashOf(key), key);
    return new PersistentMap(root?.kind === 'node' ? root : rootOf(root), this.size - 1);
  }

  *entries(): MapIterator<[K, V]> {
    for (const { key, value } of entriesBelow(this.#root)) yield [key, value];
  }

  *keys(): MapIterator<K> {
    for (const { key } of entriesBelow(this.#root)) yield key;
  }

  *values(): MapIterator<V> {
    for (const { value } of entriesBelow(this.#root)) yield value;
  }

  [Symbol.iterator](): MapIterator<[K, V]> {
    return this.entries();
  }

  forEach(callback: (value: V, key: K, map: ReadonlyMap<K, V>) => void): void {
    for (const { key, value } of entriesBelow(this.#root)) callback(value, key, this);
  }
}

function* entriesBelow<K, V>(slot: Slot<K, V>): Generator<Entry<K, V>, undefined> {
  if (slot.kind === 'entry') yield slot;
  else if (slot.kind === 'collision') yield* slot.entries;
  else for (const child of slot.slots) yield* entriesBelow(child);
}

/** FNV-1a over the UTF-16 units, mixed once more so that short names spread over the low digits. */
function hashOf(key: string | number): number {
  let hash = 0x811c9dc5;
  if (typeof key === 'number') hash = Math.imul(hash ^ key, 0x01000193);
  else for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  hash ^= hash >>> 15;
  hash = Math.imul(hash, 0x2c1b3c6d);
  return (hash ^ (hash >>> 13)) >>> 0;
}

function bitCount(bits: number): number {
  let count = bits - ((bits >>> 1) & 0x55555555);
  count = (count & 0x33333333) + ((count >>> 2) & 0x33333333);
  return Math.imul((count + (count >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

function insert<K, V>(slot: Slot<K, V>, shift: number, entry: Entry<K, V>): Slot<K, V> {
  if (slot.kind === 'node') {
    const bit = 1 << ((entry.hash >>> shift) & 31);
    const index = bitCount(slot.bitmap & (bit - 1));
    const slots = slot.slots.slice();
    if ((slot.bitmap & bit) === 0) slots.splice(index, 0, entry);
    else slots[index] = insert(slots[index]!, shift + 5, entry);
    return { kind: 'node', bitmap: slot.bitmap | bit, slots };
  }
  if (slot.hash === entry.hash) {
    if (slot.kind === 'entry') {
      return slot.key === entry.key ? entry : { kind: 'collision', hash: entry.hash, entries: [slot, entry] };
    }
    const others = slot.entries.filter((other) => other.key !== entry.key);
    return { kind: 'collision', hash: entry.hash, entries: [...others, entry] };
  }
  // Two different hashes meet: one level deeper they may part.
  const bit = 1 << ((slot.hash >>> shift) & 31);
  return insert({ kind: 'node', bitmap: bit, slots: [slot] }, shift, entry);
}

/** Null when nothing is left. */
function remove<K, V>(slot: Slot<K, V>, shift: number, hash: number, key: K): Slot<K, V> | null {
  if (slot.kind === 'entry') return null;
  if (slot.kind === 'collision') {
    const entries = slot.entries.filter((entry) => entry.key !== key);
    return entries.length === 1 ? entries[0]! : { kind: 'collision', hash, entries };
  }
  const bit = 1 << ((hash >>> shift) & 31);
  const index = bitCount(slot.bitmap & (bit - 1));
  const child = remove(slot.slots[index]!, shift + 5, hash, key);
  const slots = slot.slots.slice();
  if (child !== null) {
    slots[index] = child;
    return { kind: 'node', bitmap: slot.bitmap, slots };
  }
  slots.splice(index, 1);
  if (slots.length === 0) return null;
  // A lone entry moves up, so that equal contents have equal depth; a lone node must stay below its digit.
  if (slots.length === 1 && shift > 0 && slots[0]!.kind !== 'node') return slots[0]!;
  return { kind: 'node', bitmap: slot.bitmap & ~bit, slots };
}

function rootOf<K, V>(slot: Slot<K, V> | null): Node<K, V> {
  if (slot === null) return EMPTY_NODE;
  return slot.kind === 'node' ? slot : { kind: 'node', bitmap: 1 << (slot.hash & 31), slots: [slot] };
}
