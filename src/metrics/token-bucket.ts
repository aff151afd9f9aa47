/**
 * Tokens that come back at a steady rate, up to a burst (KIP-599). What is taken may leave a debt, which is then waited off: a
 * request is let through or not, never in parts.
 */
import type { RateWindow } from './sampled-rate.ts';

export class TokenBucket {
  /** A full bucket holds what comes back in this time. */
  readonly #burstSeconds: number;
  /** Infinite until it is first looked at: a new bucket is full. */
  #tokens = Number.POSITIVE_INFINITY;
  #updatedMs = Number.NEGATIVE_INFINITY;

  constructor({ sampleCount, sampleMs }: RateWindow) {
    this.#burstSeconds = (sampleCount * sampleMs) / 1000;
  }

  /** Negative: a debt. `limit` is tokens per second. */
  tokens(limit: number, nowMs: number): number {
    const burst = this.#burstSeconds * limit;
    const returned = (limit * (nowMs - this.#updatedMs)) / 1000;
    this.#tokens = this.#tokens === Number.POSITIVE_INFINITY ? burst : Math.min(burst, this.#tokens + returned);
    this.#updatedMs = nowMs;
    return this.#tokens;
  }

  take(count: number, limit: number, nowMs: number): void {
    this.#tokens = this.tokens(limit, nowMs) - count;
  }

  /** How long until a debt is paid; 0 when there is none. */
  delayMs(limit: number, nowMs: number): number {
    const tokens = this.tokens(limit, nowMs);
    return tokens < 0 ? Math.round((-tokens / limit) * 1000) : 0;
  }

  get lastEventMs(): number {
    return this.#updatedMs;
  }
}
