// Numbers that follow from a seed.

import type { Random } from '../../src/base/random.ts';

export class SeededRandom implements Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  nextInt(bound: number): number {
    return Math.floor(this.#next() * bound);
  }

  bytes(count: number): Buffer {
    return Buffer.from(Array.from({ length: count }, () => this.nextInt(256)));
  }

  /** True once in `n` times. */
  oneIn(n: number): boolean {
    return this.nextInt(n) === 0;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.nextInt(list.length)]!;
  }

  /** mulberry32 */
  #next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }
}
