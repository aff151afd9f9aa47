// The real clock, timer and random. Only node.ts and main.ts import this file (test/unit/tidy.test.ts).
import { randomBytes, randomInt } from 'node:crypto';
import type { Clock, Timer } from './clock.ts';
import type { Random } from './random.ts';

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
};

export const systemTimer: Timer = {
  schedule(delayMs, action) {
    const handle = setTimeout(action, delayMs);
    return { cancel: () => clearTimeout(handle) };
  },
};

/** Once whatever else has come in meanwhile has had its turn. */
export function nextTurn(action: () => void): void {
  setImmediate(action);
}

export const systemRandom: Random = {
  nextInt: (bound) => randomInt(bound),
  bytes: (count) => randomBytes(count),
};
