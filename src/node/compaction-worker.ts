/** The thread of one compaction: `compaction-thread.ts` starts it. Open files are closed by Node when it is terminated. */
import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '../base/system.ts';
import { NodeFileSystem } from '../io/node-file-system.ts';
import { compact } from '../log/compaction.ts';
import type { CompactionNews, CompactionOrder } from './compaction-thread.ts';

const SLEEP_MS_MAX = 100;
const sleeper = new Int32Array(new SharedArrayBuffer(4));

function tell(news: CompactionNews): void {
  parentPort?.postMessage(news);
}

function run({ job, bytesPerSecond }: CompactionOrder): void {
  const startMs = systemClock.monotonicMs();
  let bytes = 0;
  const walk = compact(new NodeFileSystem(), job);
  for (let step = walk.next(); ; step = walk.next()) {
    if (step.done === true) {
      tell({ kind: 'done', result: step.value });
      return;
    }
    if (step.value.kind === 'cleaned') {
      tell(step.value);
      continue;
    }
    bytes += step.value.bytes;
    const dueMs = startMs + (bytes / bytesPerSecond) * 1000;
    for (let nowMs = systemClock.monotonicMs(); nowMs < dueMs; nowMs = systemClock.monotonicMs()) {
      Atomics.wait(sleeper, 0, 0, Math.min(dueMs - nowMs, SLEEP_MS_MAX));
    }
  }
}

try {
  run(workerData as CompactionOrder); // compaction-thread.ts sends nothing else
} catch (error) {
  // An error loses its properties on the way; this one says that the disk failed.
  const syscall = error instanceof Error && 'syscall' in error ? String(error.syscall) : null;
  tell({ kind: 'failed', message: error instanceof Error ? error.message : String(error), syscall });
}
