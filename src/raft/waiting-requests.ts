/** Requests of other replicas that are not answered yet, and fetches that wait for news among them. */
import type { Timer, TimerHandle } from '../base/clock.ts';
import type { FetchRequest, RaftRequest, RaftResponse } from './raft-message.ts';

export interface RequestLimits {
  /** How long a fetch may wait for news. */
  readonly maxWaitMs: number;
  /** Most bytes of records or of a piece of a snapshot. */
  readonly maxBytes: number;
}

interface Waiting {
  readonly limits: RequestLimits;
  readonly resolve: (response: RaftResponse) => void;
  /** Null: not parked, or its time is over. */
  timeout: TimerHandle | null;
  parked: boolean;
  over: boolean;
}

export class WaitingRequests {
  readonly #timer: Timer;
  readonly #waiting = new Map<RaftRequest, Waiting>();

  constructor(timer: Timer) {
    this.#timer = timer;
  }

  enter(request: RaftRequest, limits: RequestLimits): Promise<RaftResponse> {
    return new Promise((resolve) => {
      this.#waiting.set(request, { limits, resolve, timeout: null, parked: false, over: limits.maxWaitMs <= 0 });
    });
  }

  maxBytes(request: RaftRequest): number {
    return this.#waiting.get(request)?.limits.maxBytes ?? 0;
  }

  respond(request: RaftRequest, response: RaftResponse): void {
    const waiting = this.#waiting.get(request);
    this.#waiting.delete(request);
    waiting?.timeout?.cancel();
    waiting?.resolve(response);
  }

  /** False where the fetch must be answered now; else `resume` is called when its time is over. */
  park(request: FetchRequest, resume: () => void): boolean {
    const waiting = this.#waiting.get(request);
    if (waiting === undefined || waiting.over) return false;
    waiting.parked = true;
    waiting.timeout ??= this.#timer.schedule(waiting.limits.maxWaitMs, () => {
      waiting.over = true;
      waiting.parked = false;
      resume();
    });
    return true;
  }

  /** The parked fetches, which may be parked again. */
  unpark(): FetchRequest[] {
    const fetches: FetchRequest[] = [];
    for (const [request, waiting] of this.#waiting) {
      if (!waiting.parked || request.kind !== 'fetch') continue;
      waiting.parked = false;
      fetches.push(request);
    }
    return fetches;
  }
}
