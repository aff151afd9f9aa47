// Child processes, ports and folders for the tests that run real programs. Everything started here is remembered and is gone when
// the test process ends: processes are killed by their own pid, folders are removed.

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** The root of the repository. */
export const repositoryPath = repositoryOf(dirname(fileURLToPath(import.meta.url)));

/** Where fetched jars, wheels and built programs are kept between runs. Not in git. */
export const cachePath = join(repositoryPath, '.cache');

const children = new Set<ChildProcess>();
const folders = new Set<string>();

function cleanUp(): void {
  for (const child of children) child.kill('SIGKILL');
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
}

// vitest ends its workers with a signal, and a worker whose parent was killed only sees the channel to it close.
process.on('exit', cleanUp);
process.once('disconnect', cleanUp);
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
  process.once(signal, () => {
    cleanUp();
    process.kill(process.pid, signal);
  });
}

/** A new empty folder, removed at the latest when the test process ends. */
export function temporaryFolder(purpose: string): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), `ottla-${purpose}-`));
  folders.add(path);
  return {
    path,
    remove() {
      rmSync(path, { recursive: true, force: true });
      folders.delete(path);
    },
  };
}

/**
 * A loopback port that nobody listens on. Taken below the range the system gives to outgoing connections, so that no client takes it
 * between this check and the server's start; random, so that test files running side by side do not meet.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    const free = await new Promise<boolean>((resolve) => {
      const server = createServer();
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
    });
    if (free) return port;
  }
}

/** The benches are compiled, and lie deeper than the sources. The compiler puts a package.json into dist/, too, but no lock. */
function repositoryOf(folder: string): string {
  return existsSync(join(folder, 'package-lock.json')) ? folder : repositoryOf(dirname(folder));
}

/** A running program whose output is collected. */
export interface RunningProcess {
  readonly child: ChildProcess;
  readonly pid: number;
  /** Everything written to standard output and standard error so far, in arrival order. */
  output(): string;
  /** Resolves with the exit code; null when a signal ended it. */
  readonly exited: Promise<number | null>;
  /** Sends the signal, and SIGKILL when the process is still there `graceMs` later. */
  stop(signal?: NodeJS.Signals, graceMs?: number): Promise<void>;
}

export function startProcess(
  command: string,
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv; stdin?: boolean; onStdoutLine?: (line: string) => void } = {},
): RunningProcess {
  const child = spawn(command, args, {
    cwd: options.cwd ?? repositoryPath,
    env: options.env ?? process.env,
    stdio: [options.stdin === true ? 'pipe' : 'ignore', 'pipe', 'pipe'],
  });
  children.add(child);
  // Whoever writes to a program that is gone learns it from `exited`.
  child.stdin?.on('error', () => undefined);
  let output = '';
  let unfinishedLine = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    if (options.onStdoutLine === undefined) return;
    const lines = (unfinishedLine + text).split('\n');
    unfinishedLine = lines.pop() ?? '';
    for (const line of lines) options.onStdoutLine(line);
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const exited = new Promise<number | null>((resolve) => {
    child.once('error', (error) => {
      output += `${error}\n`;
      children.delete(child);
      resolve(-1);
    });
    child.once('close', (code) => {
      children.delete(child);
      resolve(code);
    });
  });
  return {
    child,
    pid: child.pid ?? -1,
    output: () => output,
    exited,
    async stop(signal = 'SIGTERM', graceMs = 15_000) {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill(signal);
      const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
      await exited;
      clearTimeout(timer);
    },
  };
}

export interface RunResult {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end. `timeoutMs` is a safety net: the program gets SIGTERM then, and its output says so. */
export async function run(
  command: string,
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv; input?: string | Buffer; timeoutMs?: number } = {},
): Promise<RunResult> {
  const child = spawn(command, args, {
    cwd: options.cwd ?? repositoryPath,
    env: options.env ?? process.env,
    stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  });
  children.add(child);
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  // The program may end without reading all of its input.
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(options.input);
  const timer = setTimeout(() => {
    stderr += `\n(stopped after ${options.timeoutMs} ms)\n`;
    child.kill('SIGTERM');
    setTimeout(() => child.kill('SIGKILL'), 3000).unref();
  }, options.timeoutMs ?? 60_000);
  const exitCode = await new Promise<number | null>((resolve) => {
    child.once('error', (error) => {
      stderr += `${error}\n`;
      resolve(-1);
    });
    child.once('close', resolve);
  });
  clearTimeout(timer);
  children.delete(child);
  return { exitCode, stdout, stderr };
}

/** Runs a program that has to succeed. */
export async function runOrThrow(
  command: string,
  args: readonly string[],
  options: Parameters<typeof run>[2] = {},
): Promise<string> {
  const result = await run(command, args, options);
  if (result.exitCode !== 0) {
    throw new Error(`${command} ${args.join(' ')} ended with ${result.exitCode}\n${result.stdout}\n${result.stderr}`);
  }
  return result.stdout;
}

// ApiVersions version 0, correlation id 1, no client id: the smallest request every broker answers.
const apiVersionsFrame = Buffer.from([0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 1, 0xff, 0xff]);

async function answersApiVersions(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    let received = Buffer.alloc(0);
    const finish = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(2000, () => finish(false));
    socket.on('error', () => finish(false));
    socket.on('close', () => finish(false));
    socket.on('connect', () => socket.write(apiVersionsFrame));
    socket.on('data', (data) => {
      received = Buffer.concat([received, data]);
      if (received.length >= 10) finish(received.readInt32BE(4) === 1 && received.readInt16BE(8) === 0);
    });
  });
}

/** Waits until the broker answers; throws with the process's output when it ends first or `timeoutMs` pass. */
export async function waitUntilServing(
  broker: RunningProcess,
  address: { host: string; port: number },
  timeoutMs: number,
): Promise<void> {
  let ended = false;
  void broker.exited.then(() => {
    ended = true;
  });
  const deadline = performance.now() + timeoutMs;
  while (!(await answersApiVersions(address.host, address.port))) {
    if (ended) throw new Error(`The broker ended before it served:\n${broker.output()}`);
    if (performance.now() > deadline) {
      await broker.stop('SIGKILL');
      throw new Error(`The broker did not serve within ${timeoutMs} ms:\n${broker.output()}`);
    }
    await sleep(20);
  }
}
