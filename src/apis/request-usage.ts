/** What one request has cost so far, and how long its connection is held up for it. */
import type { Clock } from '../base/clock.ts';

export class RequestUsage {
  /** Of the whole request, header included. */
  readonly requestSize: number;
  /** Told to the client, and the time for which its connection is not read after the answer (KIP-219). */
  throttleTimeMs = 0;
  /** The time was charged, or is none of a client's. */
  timeCharged = false;
  /** Null: nobody has a quota of time, and it is not taken. */
  readonly #clock: Clock | null;
  #busyMs = 0;
  /** Null while the request waits for something. */
  #busySinceMs: number | null;

  constructor(requestSize: number, clock: Clock | null) {
    this.requestSize = requestSize;
    this.#clock = clock;
    this.#busySinceMs = clock === null ? null : clock.monotonicMs();
  }

  /** Time in which the event loop did nothing else. */
  busyMs(): number {
    if (this.#clock === null || this.#busySinceMs === null) return this.#busyMs;
    return this.#busyMs + this.#clock.monotonicMs() - this.#busySinceMs;
  }

  /** The handler waits. */
  pause(): void {
    this.#busyMs = this.busyMs();
    this.#busySinceMs = null;
  }

  /** It goes on. */
  resume(): void {
    if (this.#clock !== null) this.#busySinceMs = this.#clock.monotonicMs();
  }
}
