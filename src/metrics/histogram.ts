/** Counts of values by fixed upper bounds. Recording allocates nothing. */
export class Histogram {
  /** Ascending, inclusive; what is above the last one is counted too. */
  readonly bounds: readonly number[];
  readonly #counts: Float64Array;
  #sum = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.#counts = new Float64Array(bounds.length + 1);
  }

  get sum(): number {
    return this.#sum;
  }

  get count(): number {
    return this.#counts.reduce((total, count) => total + count, 0);
  }

  record(value: number): void {
    const { bounds } = this;
    let index = 0;
    while (index < bounds.length && value > bounds[index]!) index++;
    this.#counts[index]!++;
    this.#sum += value;
  }

  /** How many values were at most each of the bounds. */
  cumulativeCounts(): number[] {
    let total = 0;
    return this.bounds.map((_bound, index) => {
      total += this.#counts[index]!;
      return total;
    });
  }
}
