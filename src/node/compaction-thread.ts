/** Runs each compaction in a worker thread of its own, which ends with it: the event loop is never held, and idle costs nothing. */
import { Worker } from 'node:worker_threads';
import type { CompactionJob, CompactionResult, CompactionStep } from '../log/compaction.ts';
import type { CompactionRunner, RunningCompaction, RunOptions } from '../log/log-cleaner.ts';

export interface CompactionOrder {
  readonly job: CompactionJob;
  readonly bytesPerSecond: number;
}

export type CompactionNews =
  | Extract<CompactionStep, { kind: 'cleaned' }>
  | { readonly kind: 'done'; readonly result: CompactionResult }
  | { readonly kind: 'failed'; readonly message: string; readonly syscall: string | null };

/** What a cleaning allocates dies at once; a larger nursery only keeps it longer. */
const YOUNG_GENERATION_SIZE_MB = 4;

export class CompactionThread implements CompactionRunner {
  /** Threads run compiled code only; from the sources (tests) there is none. */
  static readonly isAvailable = !import.meta.url.endsWith('.ts');

  start(job: CompactionJob, { bytesPerSecond, onGroup }: RunOptions): RunningCompaction {
    const workerData: CompactionOrder = { job, bytesPerSecond };
    const worker = new Worker(new URL('./compaction-worker.js', import.meta.url), {
      workerData,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_SIZE_MB },
    });
    let aborted = false;
    const done = new Promise<CompactionResult | null>((resolve, reject) => {
      let result: CompactionResult | null = null;
      let failure: Error | null = null;
      // The worker is ours: it says nothing else.
      worker.on('message', (news: CompactionNews) => {
        if (aborted) return;
        if (news.kind === 'cleaned') onGroup(news.group);
        else if (news.kind === 'done') result = news.result;
        else failure = Object.assign(new Error(news.message), news.syscall === null ? {} : { syscall: news.syscall });
      });
      worker.on('error', (error: unknown) => {
        // Of the thread, not of the disk: it must not take the directory offline.
        failure = new Error(error instanceof Error ? error.message : String(error));
      });
      // Only now nothing is written any more.
      worker.on('exit', () => {
        if (aborted) resolve(null);
        else if (failure !== null) reject(failure);
        else if (result !== null) resolve(result);
        else reject(new Error('the compaction thread ended early'));
      });
    });
    return {
      done,
      abort: () => {
        aborted = true;
        void worker.terminate();
      },
    };
  }
}
