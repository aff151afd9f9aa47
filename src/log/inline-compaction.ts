/** Runs compactions in the event loop, a piece of I/O at a time: for disks in memory, and on virtual time. */
import type { Timer, TimerHandle } from '../base/clock.ts';
import type { FileSystem } from '../io/file-system.ts';
import { type CompactionJob, type CompactionResult, compact } from './compaction.ts';
import type { CompactionRunner, RunningCompaction, RunOptions } from './log-cleaner.ts';

export class InlineCompaction implements CompactionRunner {
  readonly #fileSystem: FileSystem;
  readonly #timer: Timer;

  constructor(fileSystem: FileSystem, timer: Timer) {
    this.#fileSystem = fileSystem;
    this.#timer = timer;
  }

  start(job: CompactionJob, { bytesPerSecond, onGroup }: RunOptions): RunningCompaction {
    const walk = compact(this.#fileSystem, job);
    let abort = () => {};
    let aborted = false;
    const done = new Promise<CompactionResult | null>((resolve, reject) => {
      const turn = () => {
        try {
          const step = walk.next();
          if (step.done === true) {
            resolve(step.value);
            return;
          }
          if (step.value.kind === 'cleaned') onGroup(step.value.group);
          wait(step.value.kind === 'io' ? (step.value.bytes / bytesPerSecond) * 1000 : 0);
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      };
      let timer: TimerHandle | null = null;
      const wait = (delayMs: number) => {
        if (!aborted) timer = this.#timer.schedule(delayMs, turn);
      };
      wait(0);
      abort = () => {
        aborted = true;
        timer?.cancel();
        try {
          // Its files are closed.
          walk.throw(new Error('aborted'));
        } catch {
          resolve(null);
        }
      };
    });
    return { done, abort: () => abort() };
  }
}
