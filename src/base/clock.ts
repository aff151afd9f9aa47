/** The only way domain code learns the time. `system.ts` has the real one, simulations have a virtual one. */
export interface Clock {
  /** Wall clock, milliseconds since 1970; may jump. */
  nowMs(): number;
  /** Monotonic milliseconds from an arbitrary origin, with fractions; for durations. */
  monotonicMs(): number;
}

/** Cancels a scheduled action; harmless when the action has already run. */
export interface TimerHandle {
  cancel(): void;
}

/** The only way domain code waits. */
export interface Timer {
  /** Runs `action` once, `delayMs` (>= 0) from now. */
  schedule(delayMs: number, action: () => void): TimerHandle;
}
