/**
 * What time brings to the active controller: brokers that have been silent for too long are fenced, leadership returns to
 * preferred replicas, leaderless partitions get a leader where the topic allows an unclean one.
 */
import type { Clock, Timer, TimerHandle } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { Controller } from '../controller/controller.ts';

export interface ControllerDutiesOptions {
  readonly controller: Pick<
    Controller,
    'active' | 'fenceStaleBrokers' | 'restartSessions' | 'balanceLeaders' | 'electUncleanLeaders'
  >;
  /** `broker.session.timeout.ms` */
  readonly sessionTimeoutMs: number;
  /** `leader.imbalance.check.interval.seconds`; null: `auto.leader.rebalance.enable` is off. */
  readonly balanceIntervalMs: number | null;
  /** `unclean.leader.election.interval.ms` */
  readonly uncleanIntervalMs: number;
  readonly clock: Clock;
  readonly timer: Timer;
  readonly logger: Logger;
}

/** Within a session this often: a broker is fenced at most an eighth of its session late. */
const CHECKS_PER_SESSION = 8;

export class ControllerDuties {
  readonly #options: ControllerDutiesOptions;
  readonly #timers = new Set<TimerHandle>();
  #stopped = false;

  constructor(options: ControllerDutiesOptions) {
    this.#options = options;
  }

  start(): void {
    const { controller, sessionTimeoutMs, balanceIntervalMs, uncleanIntervalMs, clock } = this.#options;
    const checkIntervalMs = Math.max(1, Math.floor(sessionTimeoutMs / CHECKS_PER_SESSION));
    let checkedMs = clock.monotonicMs();
    this.#every(checkIntervalMs, async () => {
      const nowMs = clock.monotonicMs();
      // A controller that was itself stopped or asleep cannot tell who was silent meanwhile.
      if (nowMs - checkedMs > checkIntervalMs + sessionTimeoutMs / 2) controller.restartSessions();
      checkedMs = nowMs;
      await controller.fenceStaleBrokers();
      return false;
    });
    if (balanceIntervalMs !== null) this.#every(balanceIntervalMs, () => controller.balanceLeaders());
    this.#every(uncleanIntervalMs, () => controller.electUncleanLeaders());
  }

  stop(): void {
    this.#stopped = true;
    for (const timer of this.#timers) timer.cancel();
  }

  /** `duty` says whether there is more to do at once. */
  #every(intervalMs: number, duty: () => Promise<boolean>): void {
    if (this.#stopped) return;
    const timer = this.#options.timer.schedule(intervalMs, () => {
      this.#timers.delete(timer);
      this.#perform(duty).finally(() => this.#every(intervalMs, duty));
    });
    this.#timers.add(timer);
  }

  async #perform(duty: () => Promise<boolean>): Promise<void> {
    try {
      while (this.#options.controller.active && !this.#stopped && (await duty())) {
        // As long as there is more to do.
      }
    } catch (error) {
      // Another controller is active by now, and does it.
      this.#options.logger.debug('a duty of the controller was left', { error: String(error) });
    }
  }
}
