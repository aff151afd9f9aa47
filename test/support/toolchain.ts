// Official clients and tools in other languages. They come from their own registries through their ordinary clients (mvn, pip, go),
// are kept in .cache/ under a name made of what was asked for, and are fetched once. A machine that lacks a language gets
// `missing` with a name that the skipped suite shows; with CI=true a skip counts as a failure (summary-reporter.ts).

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { cachePath, repositoryPath, run, runOrThrow } from './processes.ts';

export type Toolchain<Ready> = { readonly kind: 'ready'; readonly tools: Ready } | Missing;
export interface Missing {
  readonly kind: 'missing';
  /** What a developer would have to install, in a few words. */
  readonly what: string;
}

const ci = process.env['CI'] === 'true';

/** The title of a suite, with the reason when it will be skipped. */
export function suiteTitle(title: string, toolchain: Toolchain<unknown>): string {
  return toolchain.kind === 'ready' ? title : `${title} (skipped: ${toolchain.what} missing)`;
}

/** The tools; only to be called in a suite that is not skipped. */
export function toolsOf<Ready>(toolchain: Toolchain<Ready>): Ready {
  if (toolchain.kind === 'missing') throw new Error(`${toolchain.what} missing`);
  return toolchain.tools;
}

async function succeeds(command: string, args: readonly string[]): Promise<boolean> {
  return (await run(command, args)).exitCode === 0;
}

/** The first of the commands that does not run; with CI=true the missing ones are installed first. */
async function firstMissing(
  requirements: readonly { what: string; command: string; args: readonly string[] }[],
): Promise<string | null> {
  for (const { what, command, args } of requirements) {
    if (await succeeds(command, args)) continue;
    if (ci)
      await run(process.execPath, [join(repositoryPath, 'scripts', 'ci-install.js'), what], { timeoutMs: 300_000 });
    if (!(await succeeds(command, args))) return what;
  }
  return null;
}

/**
 * One folder of the cache, filled by `fill` when it is not there yet. Test files run side by side, so the first to come fills while
 * the others wait; a holder that died is recognised by its process id.
 */
async function cached(name: string, inputs: readonly string[], fill: (path: string) => Promise<void>): Promise<string> {
  const hash = createHash('sha256');
  for (const input of inputs) hash.update(input).update('\0');
  const path = join(cachePath, `${name}-${hash.digest('hex').slice(0, 12)}`);
  const lockPath = `${path}.lock`;
  mkdirSync(cachePath, { recursive: true });
  while (!existsSync(join(path, '.complete'))) {
    try {
      writeFileSync(lockPath, String(process.pid), { flag: 'wx' });
    } catch {
      if (!isHeld(lockPath)) rmSync(lockPath, { force: true });
      await sleep(100);
      continue;
    }
    try {
      rmSync(path, { recursive: true, force: true });
      mkdirSync(path, { recursive: true });
      await fill(path);
      writeFileSync(join(path, '.complete'), '');
    } finally {
      rmSync(lockPath, { force: true });
    }
  }
  return path;
}

function isHeld(lockPath: string): boolean {
  try {
    const holder = Number(readFileSync(lockPath, 'utf8'));
    // Empty: the holder has created the file and is about to write its process id.
    if (holder === 0) return true;
    process.kill(holder, 0);
    return true;
  } catch {
    return false;
  }
}

// ---- Java: Apache Kafka's server and tools -------------------------------------------------------------------------------------

const javaFolder = join(repositoryPath, 'test', 'compat', 'java');

export interface JavaToolchain {
  /** The jars in a fixed order, joined with ':'. */
  readonly classPath: string;
  /** The compiled tool host. */
  readonly hostClassPath: string;
  /** The compiled client programs of ours. */
  readonly programClassPath: string;
}

/** The `java` arguments for one of our own client programs. */
export function programArguments(
  java: JavaToolchain,
  heap: string | readonly string[],
  program: string,
  args: readonly string[],
): string[] {
  return javaArguments(java, heap, program, args, `${java.programClassPath}:`);
}

/** The `java` arguments for one of Kafka's main classes: with a heap size tuned for programs that live for a second, or with options of one's own. */
export function javaArguments(
  java: JavaToolchain,
  heap: string | readonly string[],
  mainClass: string,
  args: readonly string[],
  extraClassPath = '',
): string[] {
  return [
    ...(typeof heap === 'string'
      ? ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Xshare:auto', `-Xmx${heap}`]
      : heap),
    `-Dlog4j2.configurationFile=${join(javaFolder, 'host', 'tools-log4j2.xml')}`,
    ...['-cp', `${extraClassPath}${java.classPath}`, mainClass, ...args],
  ];
}

export async function prepareJava(): Promise<Toolchain<JavaToolchain>> {
  const what = await firstMissing([
    { what: 'java', command: 'javac', args: ['-version'] },
    { what: 'maven', command: 'mvn', args: ['-v'] },
  ]);
  if (what !== null) return { kind: 'missing', what };
  const pom = readFileSync(join(javaFolder, 'pom.xml'), 'utf8');
  const jars = await cached('kafka-jars', [pom], async (path) => {
    await runOrThrow(
      'mvn',
      ['-q', '-B', '-f', join(javaFolder, 'pom.xml'), 'dependency:copy-dependencies', `-DoutputDirectory=${path}`],
      { timeoutMs: 300_000 },
    );
  });
  const classPath = readdirSync(jars)
    .filter((name) => name.endsWith('.jar'))
    .sort()
    .map((name) => join(jars, name))
    .join(':');
  const source = join(javaFolder, 'host', 'ToolHost.java');
  const hostClassPath = await cached('kafka-tool-host', [pom, readFileSync(source, 'utf8')], async (path) => {
    await runOrThrow('javac', ['-d', path, '-cp', classPath, source]);
  });
  const sources = readdirSync(join(javaFolder, 'programs'))
    .sort()
    .map((name) => join(javaFolder, 'programs', name));
  const inputs = [pom, ...sources.map((path) => readFileSync(path, 'utf8'))];
  const programClassPath = await cached('kafka-programs', inputs, async (path) => {
    await runOrThrow('javac', ['-d', path, '-cp', classPath, ...sources]);
  });
  return { kind: 'ready', tools: { classPath, hostClassPath, programClassPath } };
}

// ---- Python: kafka-python and confluent-kafka ----------------------------------------------------------------------------------

export async function preparePython(): Promise<Toolchain<{ python: string }>> {
  const what = await firstMissing([
    { what: 'python3-venv', command: 'python3', args: ['-c', 'import venv, ensurepip'] },
  ]);
  if (what !== null) return { kind: 'missing', what };
  const requirementsPath = join(repositoryPath, 'test', 'compat', 'clients', 'python', 'requirements.txt');
  const path = await cached('python', [readFileSync(requirementsPath, 'utf8')], async (folder) => {
    await runOrThrow('python3', ['-m', 'venv', folder]);
    await runOrThrow(join(folder, 'bin', 'pip'), ['install', '-q', '-r', requirementsPath], { timeoutMs: 300_000 });
  });
  return { kind: 'ready', tools: { python: join(path, 'bin', 'python') } };
}

// ---- Go: franz-go --------------------------------------------------------------------------------------------------------------

export async function prepareGo(): Promise<Toolchain<{ program: string }>> {
  const what = await firstMissing([{ what: 'go', command: 'go', args: ['version'] }]);
  if (what !== null) return { kind: 'missing', what };
  const folder = join(repositoryPath, 'test', 'compat', 'clients', 'go');
  const inputs = readdirSync(folder)
    .sort()
    .map((name) => readFileSync(join(folder, name), 'utf8'));
  const path = await cached('go', inputs, async (target) => {
    const building = join(target, 'building');
    await runOrThrow('go', ['build', '-mod=readonly', '-o', building, '.'], { cwd: folder, timeoutMs: 400_000 });
    renameSync(building, join(target, 'client'));
  });
  return { kind: 'ready', tools: { program: join(path, 'client') } };
}

// ---- kcat ----------------------------------------------------------------------------------------------------------------------

export async function prepareKcat(): Promise<Toolchain<{ kcat: string }>> {
  const what = await firstMissing([{ what: 'kcat', command: 'kcat', args: ['-V'] }]);
  return what !== null ? { kind: 'missing', what } : { kind: 'ready', tools: { kcat: 'kcat' } };
}
