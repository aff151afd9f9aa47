/**
 * What all connections of a node together may hold in memory.
 *
 * Requests: the bytes of those that are being read or handled, `queued.max.request.bytes`. As in Kafka, a request is let in as a
 * whole as long as there is any room, so one may be above; the others wait unread, in the order in which they came.
 *
 * Responses: what clients have not taken yet. Above the limit those who have taken nothing for SLOW_READER_MS are closed; below
 * it, answers become smaller the less room is left (`roomForResponse`).
 */
import type { Clock } from '../base/clock.ts';

export interface ServerMemoryOptions {
  /** Not positive: no limit. */
  readonly requestBytesMax: number;
  readonly responseBytesMax: number;
  readonly clock: Clock;
}

/** A connection with bytes that its client has not taken. */
export interface SlowReader {
  /** Monotonic time at which the client last took everything. */
  readonly unsentSinceMs: number;
  giveUp(): void;
}

/** How long a client may take nothing while room is short. */
export const SLOW_READER_MS = 30_000;
/** An answer gets this part of what is left. */
const SHARE_OF_ROOM = 4;

export class ServerMemory {
  readonly #options: ServerMemoryOptions;
  #requestBytes = 0;
  readonly #waiting: (() => void)[] = [];
  #unsentBytes = 0;
  readonly #slowReaders = new Set<SlowReader>();
  #relievedMs = Number.NEGATIVE_INFINITY;

  constructor(options: ServerMemoryOptions) {
    this.#options = options;
  }

  get limitsRequests(): boolean {
    return this.#options.requestBytesMax > 0;
  }

  get unsentBytes(): number {
    return this.#unsentBytes;
  }

  /** False: no room; `wake` is called when there may be. */
  tryTakeRequest(bytes: number, wake: () => void): boolean {
    if (this.limitsRequests && this.#requestBytes >= this.#options.requestBytesMax) {
      this.#waiting.push(wake);
      return false;
    }
    this.#requestBytes += bytes;
    return true;
  }

  giveRequest(bytes: number): void {
    this.#requestBytes -= bytes;
    // Who finds no room after all waits again, behind the others.
    for (let count = this.#waiting.length; count > 0 && this.#hasRoom(); count--) this.#waiting.shift()?.();
  }

  #hasRoom(): boolean {
    return this.#requestBytes < this.#options.requestBytesMax;
  }

  /** How large an answer may become that can be made smaller. */
  roomForResponse(bytesMin: number, bytesMax: number): number {
    const share = Math.floor((this.#options.responseBytesMax - this.#unsentBytes) / SHARE_OF_ROOM);
    return Math.min(bytesMax, Math.max(bytesMin, share));
  }

  /** What a client has not taken changed by `delta` bytes; 0 is left or not. */
  unsentChanged(reader: SlowReader, delta: number, isLeft: boolean): void {
    this.#unsentBytes += delta;
    if (isLeft) this.#slowReaders.add(reader);
    else this.#slowReaders.delete(reader);
    if (this.#unsentBytes > this.#options.responseBytesMax) this.#relieve();
  }

  #relieve(): void {
    const nowMs = this.#options.clock.monotonicMs();
    // Not for each answer: there may be thousands of readers.
    if (nowMs - this.#relievedMs < SLOW_READER_MS / 30) return;
    this.#relievedMs = nowMs;
    for (const reader of [...this.#slowReaders]) {
      if (nowMs - reader.unsentSinceMs >= SLOW_READER_MS) reader.giveUp();
    }
  }
}
