/**
 * How much per second, over the last few samples of time; Kafka's formula, to the same numbers (KIP-13, KIP-124).
 *
 *     | sample | sample | ...  | current |        at most `sampleCount` full samples and the current one
 *     oldest still in the window         now
 *
 * A sample is done when `sampleMs` have passed since it began; one whose last event is `sampleCount * sampleMs` ago counts no
 * longer. A window that has just begun counts as if all samples but one were full, so that the first event is no burst.
 */
interface Sample {
  startMs: number;
  lastEventMs: number;
  sum: number;
}

export interface RateWindow {
  readonly sampleCount: number;
  readonly sampleMs: number;
}

export class SampledRate {
  readonly #window: RateWindow;
  readonly #samples: Sample[] = [];
  #current = 0;

  constructor(window: RateWindow) {
    this.#window = window;
  }

  /** `value` may be negative: taking back what was recorded. */
  record(value: number, nowMs: number): void {
    let sample = this.#currentSample(nowMs);
    if (nowMs - sample.startMs >= this.#window.sampleMs) sample = this.#advance(nowMs);
    sample.sum += value;
    sample.lastEventMs = nowMs;
  }

  /** Per second. */
  rate(nowMs: number): number {
    this.#forgetOld(nowMs);
    let sum = 0;
    for (const sample of this.#samples) sum += sample.sum;
    return (sum / this.windowMs(nowMs)) * 1000;
  }

  /** The time that `rate` divides by. */
  windowMs(nowMs: number): number {
    this.#forgetOld(nowMs);
    const { sampleCount, sampleMs } = this.#window;
    this.#currentSample(nowMs);
    let oldestMs = nowMs;
    for (const { startMs } of this.#samples) if (startMs < oldestMs) oldestMs = startMs;
    const elapsedMs = nowMs - oldestMs;
    const missing = sampleCount - 1 - Math.floor(elapsedMs / sampleMs);
    return Math.max(elapsedMs + Math.max(missing, 0) * sampleMs, 1);
  }

  /** How long what is above `limit` would have taken at that rate; 0 when nothing is. */
  delayMs(limit: number, nowMs: number): number {
    const rate = this.rate(nowMs);
    return rate > limit ? Math.round(((rate - limit) / limit) * this.windowMs(nowMs)) : 0;
  }

  /** Nothing was recorded since then. */
  get lastEventMs(): number {
    return this.#samples[this.#current]?.lastEventMs ?? 0;
  }

  #currentSample(nowMs: number): Sample {
    this.#samples[this.#current] ??= { startMs: nowMs, lastEventMs: nowMs, sum: 0 };
    return this.#samples[this.#current]!;
  }

  #advance(nowMs: number): Sample {
    this.#current = (this.#current + 1) % (this.#window.sampleCount + 1);
    const sample = this.#currentSample(nowMs);
    reset(sample, nowMs);
    return sample;
  }

  #forgetOld(nowMs: number): void {
    const ageMs = this.#window.sampleCount * this.#window.sampleMs;
    for (const sample of this.#samples) if (nowMs - sample.lastEventMs >= ageMs) reset(sample, nowMs);
  }
}

function reset(sample: Sample, nowMs: number): void {
  sample.startMs = nowMs;
  sample.lastEventMs = nowMs;
  sample.sum = 0;
}
