// How long a broker takes from `node main.cjs` to its first answer, and how much memory it then holds.
import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { systemClock, systemTimer } from '../src/base/system.ts';
import { waitUntilServing } from '../src/net/wait-until-serving.ts';
import { freePort } from '../test/support/processes.ts';
import { type BenchRow, median } from './bench.ts';
import { residentMegabytes } from './side-by-side.ts';

const ROUNDS = 7;
/** Pause before the broker is asked again, should its word come before its answer. */
const RETRY_MS = 2;
const SERVING = '"msg":"serving"';
const IDLE_MS = 3000;
const SERVING_TARGET_MS = 200;
const RESIDENT_TARGET_MB = 80;

async function stop(broker: ChildProcess): Promise<void> {
  broker.kill('SIGTERM');
  await once(broker, 'exit');
}

/** Asking all the time would take from the broker a processor that it shares; so it is asked when it has said that it serves. */
async function saysServing({ stdout }: ChildProcessByStdio<null, Readable, null>): Promise<void> {
  let printed = '';
  while (!printed.includes(SERVING)) printed += String((await once(stdout, 'data'))[0]);
  stdout.resume();
}

/** `directory`: empty or that of an earlier run. Gives milliseconds to serving, and the running process. */
async function startBroker(directory: string): Promise<{ broker: ChildProcess; servingMs: number }> {
  const port = await freePort();
  const main = fileURLToPath(new URL('../bundle/main.cjs', import.meta.url));
  const startMs = performance.now();
  const broker = spawn(process.execPath, [main, '--port', String(port), '--data-dir', directory], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  await saysServing(broker);
  await waitUntilServing({
    host: '127.0.0.1',
    port,
    timeoutMs: 20_000,
    retryMs: RETRY_MS,
    clock: systemClock,
    timer: systemTimer,
  });
  return { broker, servingMs: performance.now() - startMs };
}

export async function benchStart(): Promise<BenchRow[]> {
  const empty: number[] = [];
  const again: number[] = [];
  const resident: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const directory = mkdtempSync(join(tmpdir(), 'ottla-bench-'));
    try {
      const first = await startBroker(directory);
      empty.push(first.servingMs);
      if (round < 3) {
        await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
        resident.push(residentMegabytes(first.broker.pid!));
      }
      await stop(first.broker);
      const second = await startBroker(directory);
      again.push(second.servingMs);
      await stop(second.broker);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  }
  return [
    { name: 'start to serving, empty directory', value: median(empty), unit: 'ms', target: SERVING_TARGET_MS },
    { name: 'start to serving, directory of an earlier run', value: median(again), unit: 'ms' },
    { name: 'resident memory, idle', value: median(resident), unit: 'MB', target: RESIDENT_TARGET_MB },
  ];
}
