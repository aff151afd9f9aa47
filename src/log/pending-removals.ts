/**
 * Files and folders that are deleted already (renamed to `….deleted`, `…-delete`) and leave the disk after
 * `file.delete.delay.ms`. What is still pending at a stop, or at a crash, goes with the next start: the names say so.
 */
import type { Timer, TimerHandle } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { FileSystem } from '../io/file-system.ts';

/** setTimeout takes no more; what goes too early after 24 days harms nobody. */
const TIMER_DELAY_MAX = 0x7fff_ffff;

export class PendingRemovals {
  readonly #fileSystem: FileSystem;
  readonly #timer: Timer;
  readonly #logger: Logger;
  readonly #timers = new Set<TimerHandle>();

  constructor(options: { readonly fileSystem: FileSystem; readonly timer: Timer; readonly logger: Logger }) {
    this.#fileSystem = options.fileSystem;
    this.#timer = options.timer;
    this.#logger = options.logger;
  }

  removeFilesLater(paths: readonly string[], delayMs: number): void {
    if (paths.length === 0) return;
    this.#later(delayMs, () => {
      for (const path of paths) {
        this.#fileSystem.removeAsync(path).catch((error: unknown) => this.#failed(path, error));
      }
    });
  }

  removeDirectoryLater(path: string, delayMs: number): void {
    this.#later(delayMs, () => {
      try {
        this.#fileSystem.removeDirectory(path);
      } catch (error) {
        this.#failed(path, error);
      }
    });
  }

  /** Nothing is removed any more by this run. */
  cancel(): void {
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
  }

  #later(delayMs: number, remove: () => void): void {
    const handle = this.#timer.schedule(Math.min(delayMs, TIMER_DELAY_MAX), () => {
      this.#timers.delete(handle);
      remove();
    });
    this.#timers.add(handle);
  }

  #failed(path: string, error: unknown): void {
    // It is out of the way already; the next start tries again.
    this.#logger.warn('a deleted file could not be removed', { path, reason: String(error) });
  }
}
