/** Runs compactions in the event loop, a piece of I/O at a time: for disks in memory, and on virtual time. */
import type { Timer } from '../base/clock.ts';
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
    let aborted = false;
    const done = new Promise<CompactionResult | null>((resolve, reject) => {
      const walk = compact(this.#fileSystem, job);
      const turn = () => {
        try {
          if (aborted) {
            walk.throw(new Error('aborted'));
          }
          const step = walk.next();
          if (step.done === true) {
            resolve(step.value);
            return;
          }
          if (step.value.kind === 'cleaned') onGroup(step.value.group);
          this.#timer.schedule(step.value.kind === 'io' ? (step.value.bytes / bytesPerSecond) * 1000 : 0, turn);
        } catch (error) {
          if (aborted) resolve(null);
          else reject(error instanceof Error ? error : new Error(String(error)));
        }
      };
      this.#timer.schedule(0, turn);
    });
    return {
      done,
      abort: () => {
        aborted = true;
      },
    };
  }
}
