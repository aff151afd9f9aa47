/** What one request has cost so far, and how long its connection is held up for it. */
import type { Clock } from '../base/clock.ts';

export class RequestUsage {
  /** Of the whole request, header included. */
  readonly requestSize: number;
  /** Told to the client, and the time for which its connection is not read after the answer (KIP-219). */
  throttleTimeMs = 0;
  /** The time was charged, or is none of a client's. */
  timeCharged = false;
  readonly #clock: Clock;
  #busyMs = 0;
  /** Null while the request waits for something. */
  #busySinceMs: number | null;

  constructor(requestSize: number, clock: Clock) {
    this.requestSize = requestSize;
    this.#clock = clock;
    this.#busySinceMs = clock.monotonicMs();
  }

  /** Time in which the event loop did nothing else. */
  busyMs(): number {
    return this.#busyMs + (this.#busySinceMs === null ? 0 : this.#clock.monotonicMs() - this.#busySinceMs);
  }

  /** The handler waits. */
  pause(): void {
    this.#busyMs = this.busyMs();
    this.#busySinceMs = null;
  }

  /** It goes on. */
  resume(): void {
    this.#busySinceMs = this.#clock.monotonicMs();
  }
}
