/** Which brokers get the replicas of new partitions. */
import type { ControlFailure } from './control-record.ts';
import { failure } from './control-record.ts';

export interface UsableBroker {
  readonly brokerId: number;
  readonly rack: string | null;
  readonly fenced: boolean;
}

export interface PlacementSpec {
  readonly partitionCount: number;
  readonly replicationFactor: number;
  /** From a random source; all that is drawn here follows from it. */
  readonly start: number;
}

/**
 * Places partitions as stripes over the racks: each partition begins one rack further and, in a rack, one broker further, so
 * that leaders and replicas are spread evenly and a partition's replicas are in as many racks as there are. Where all stripes
 * have been used the order is drawn anew, lest the same brokers always follow the same leader. A leader is never fenced; a
 * fenced broker comes only after the others of its rack.
 */
export function placeReplicas(
  brokers: readonly UsableBroker[],
  spec: PlacementSpec,
): readonly (readonly number[])[] | ControlFailure {
  const { partitionCount, replicationFactor, start } = spec;
  const usableCount = brokers.filter((broker) => !broker.fenced).length;
  if (replicationFactor <= 0) {
    const message = `Invalid replication factor ${replicationFactor}: the replication factor must be positive.`;
    return failure('INVALID_REPLICATION_FACTOR', message);
  }
  if (usableCount === 0) {
    const message = 'All brokers are currently fenced, or have all their log directories cordoned.';
    return failure('INVALID_REPLICATION_FACTOR', message);
  }
  if (replicationFactor > brokers.length) {
    const message =
      `The target replication factor of ${replicationFactor} cannot be reached because only ` +
      `${brokers.length} broker(s) are registered or some brokers have all their log directories cordoned.`;
    return failure('INVALID_REPLICATION_FACTOR', message);
  }
  const chance = new Chance(start);
  const racks = racksOf(brokers, chance);
  let firstRack = chance.below(racks.length);
  const placements: number[][] = [];
  for (let partition = 0, stripe = 0; partition < partitionCount; partition++, stripe++, firstRack++) {
    if (stripe === usableCount && usableCount > 1) {
      stripe = 0;
      chance.shuffle(racks);
      for (const rack of racks) rack.shuffle(chance);
    }
    placements.push(placePartition(racks, firstRack % racks.length, replicationFactor));
  }
  return placements;
}

function placePartition(racks: readonly Rack[], firstRack: number, replicationFactor: number): number[] {
  for (const rack of racks) rack.nextStripe();
  const replicas: number[] = [];
  let leaderRack = firstRack;
  for (;;) {
    const leader = racks[leaderRack]!.nextUsable();
    if (leader !== null) {
      replicas.push(leader);
      break;
    }
    leaderRack = (leaderRack + 1) % racks.length;
  }
  // The leader's rack has had its turn in the first round.
  let passedOver = false;
  for (let at = firstRack; replicas.length < replicationFactor; at = (at + 1) % racks.length) {
    if (at === leaderRack && !passedOver) {
      passedOver = true;
      continue;
    }
    const replica = racks[at]!.next();
    if (replica !== null) replicas.push(replica);
  }
  return replicas;
}

/** Brokers in a circle, each given once in a stripe; every stripe that asks begins one broker further. */
class Circle {
  readonly #brokers: number[];
  #first: number;
  #given = 0;
  #stripes = 0;

  constructor(brokers: readonly number[], chance: Chance) {
    this.#brokers = [...brokers].sort((a, b) => a - b);
    this.#first = brokers.length === 0 ? 0 : chance.below(brokers.length);
  }

  nextStripe(): void {
    if (this.#stripes++ > 0 && this.#brokers.length > 0) this.#first = (this.#first + 1) % this.#brokers.length;
    this.#given = 0;
  }

  /** Null: all have been given. */
  next(): number | null {
    if (this.#given === this.#brokers.length) return null;
    return this.#brokers[(this.#first + this.#given++) % this.#brokers.length]!;
  }

  shuffle(chance: Chance): void {
    chance.shuffle(this.#brokers);
  }
}

class Rack {
  readonly #usable: Circle;
  readonly #fenced: Circle;

  constructor(brokers: readonly UsableBroker[], chance: Chance) {
    const ids = (fenced: boolean): number[] =>
      brokers.filter((broker) => broker.fenced === fenced).map(({ brokerId }) => brokerId);
    this.#usable = new Circle(ids(false), chance);
    this.#fenced = new Circle(ids(true), chance);
  }

  nextStripe(): void {
    this.#usable.nextStripe();
    this.#fenced.nextStripe();
  }

  nextUsable(): number | null {
    return this.#usable.next();
  }

  next(): number | null {
    return this.#usable.next() ?? this.#fenced.next();
  }

  shuffle(chance: Chance): void {
    this.#usable.shuffle(chance);
    this.#fenced.shuffle(chance);
  }
}

/** By name, brokers without a rack first. */
function racksOf(brokers: readonly UsableBroker[], chance: Chance): Rack[] {
  const byRack = new Map<string | null, UsableBroker[]>();
  for (const broker of brokers) {
    const members = byRack.get(broker.rack);
    if (members === undefined) byRack.set(broker.rack, [broker]);
    else members.push(broker);
  }
  const sorted = [...byRack].sort(([a], [b]) => {
    if (a === null || b === null) return a === b ? 0 : a === null ? -1 : 1;
    return a < b ? -1 : 1;
  });
  return sorted.map(([, members]) => new Rack(members, chance));
}

/** Draws that follow from one number (mulberry32), since the same command must give the same records. */
class Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
  }

  below(bound: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % bound;
  }

  shuffle(list: unknown[]): void {
    for (let i = list.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      [list[i], list[j]] = [list[j], list[i]];
    }
  }
}
