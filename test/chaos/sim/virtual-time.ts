/**
 * The clock of a simulated world: events in the order of their virtual time, one after the other, each with all that promises make of it.
 * Everything that happens goes into `hash`: two runs that have the same one did the same.
 */
import { createHash, type Hash } from 'node:crypto';
import type { Clock, Timer, TimerHandle } from '../../../src/base/clock.ts';

/** One run of a process. Nothing that it set up happens any more when it is over. */
export class Life {
  isOver = false;
}

interface TimedEvent {
  readonly atMs: number;
  readonly order: number;
  readonly label: string;
  readonly life: Life;
  action: (() => void) | null;
}

/** 2026-01-01 */
const EPOCH_MS = 1_767_225_600_000;

export class VirtualTime {
  /** Since the beginning of the world. */
  nowMs = 0;
  eventCount = 0;
  /** A heap: no event is earlier than the one at half its index. */
  readonly #events: TimedEvent[] = [];
  readonly #hash: Hash = createHash('sha256');
  #order = 0;

  schedule(life: Life, delayMs: number, label: string, action: () => void): TimerHandle {
    const event: TimedEvent = {
      atMs: this.nowMs + Math.max(0, delayMs),
      order: this.#order++,
      label,
      life,
      action,
    };
    this.#push(event);
    return {
      cancel: () => {
        event.action = null;
      },
    };
  }

  /** Resolves after that long; never, when the life is over by then. */
  wait(life: Life, delayMs: number, label: string): Promise<void> {
    return new Promise((resolve) => {
      this.schedule(life, delayMs, label, resolve);
    });
  }

  note(text: string): void {
    this.#hash.update(`${this.nowMs.toFixed(6)} ${text}\n`);
  }

  get hash(): string {
    return this.#hash.copy().digest('hex');
  }

  /** Runs the next event and what follows from it at once; false when there is none. */
  async next(): Promise<boolean> {
    for (;;) {
      const event = this.#pop();
      if (event === undefined) return false;
      const { action } = event;
      if (action === null || event.life.isOver) continue;
      this.nowMs = Math.max(this.nowMs, event.atMs);
      this.eventCount++;
      this.note(event.label);
      action();
      // Everything that promises and streams have to do comes before it.
      await new Promise<void>((resolve) => setImmediate(resolve));
      return true;
    }
  }

  /** `skewMs`: how far a wall clock is off. */
  clock(skewMs: () => number): Clock {
    return { nowMs: () => Math.floor(EPOCH_MS + this.nowMs + skewMs()), monotonicMs: () => this.nowMs };
  }

  timer(life: Life, label: string): Timer {
    return { schedule: (delayMs, action) => this.schedule(life, delayMs, label, action) };
  }

  #push(event: TimedEvent): void {
    const events = this.#events;
    let index = events.push(event) - 1;
    while (index > 0) {
      const parent = (index - 1) >>> 1;
      if (!isBefore(event, events[parent]!)) break;
      events[index] = events[parent]!;
      index = parent;
    }
    events[index] = event;
  }

  #pop(): TimedEvent | undefined {
    const events = this.#events;
    const first = events[0];
    const last = events.pop();
    if (last === undefined || first === last) return first;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= events.length) break;
      if (child + 1 < events.length && isBefore(events[child + 1]!, events[child]!)) child++;
      if (!isBefore(events[child]!, last)) break;
      events[index] = events[child]!;
      index = child;
    }
    events[index] = last;
    return first;
  }
}

function isBefore(one: TimedEvent, other: TimedEvent): boolean {
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order);
}
