/**
 * Apache Kafka 4.3.1 and Ottla in turn (A B A B …) on this machine, driven by the same official clients. Both run with the same
 * properties; Apache Kafka's virtual machine gets the options that its start script gives it.
 */
import { type RunningBroker, startApacheKafka, startOttla } from '../test/support/brokers.ts';
import { runOrThrow } from '../test/support/processes.ts';
import {
  type JavaToolchain,
  javaArguments,
  prepareJava,
  programArguments,
  toolsOf,
} from '../test/support/toolchain.ts';
import { type BenchRow, type BenchSize, median } from './bench.ts';
import { isProfiling, profileArguments } from './profile.ts';
import { newProbe, watched } from './watch.ts';

export { cpuSeconds, residentMegabytes } from './watch.ts';

export type ServerKind = RunningBroker['kind'];

const SERVER_KINDS: readonly ServerKind[] = ['apache', 'ottla'];
const CLIENT_TIMEOUT_MS = 600_000;
const shippedJvmOptions = [
  ...['-Xmx1G', '-Xms1G', '-server', '-XX:+UseG1GC', '-XX:MaxGCPauseMillis=20'],
  ...['-XX:InitiatingHeapOccupancyPercent=35', '-XX:+ExplicitGCInvokesConcurrent', '-XX:MaxInlineLevel=15'],
];
const clientJvmOptions = ['-Xmx512m', '-Xms512m', '-server', '-XX:+UseG1GC'];

let java: Promise<JavaToolchain> | undefined;

function toolchain(): Promise<JavaToolchain> {
  java ??= prepareJava().then(toolsOf);
  return java;
}

/** The arguments of `java` for a program of Apache Kafka's server, as its start script gives them. */
export async function javaOfServer(mainClass: string, args: readonly string[]): Promise<string[]> {
  return javaArguments(await toolchain(), shippedJvmOptions, mainClass, args);
}

/** A server that has just begun to serve. `properties` are the same for both. */
export async function startServer(
  kind: ServerKind,
  properties: Readonly<Record<string, string>> = {},
  { startTimeoutMs = 180_000, isProbed = true }: { startTimeoutMs?: number; isProbed?: boolean } = {},
): Promise<RunningBroker> {
  const options = { startTimeoutMs, properties };
  if (kind === 'apache') {
    return watched(await startApacheKafka(await toolchain(), { ...options, jvmOptions: shippedJvmOptions }), null);
  }
  const probe = isProbed ? newProbe() : null;
  const nodeArguments = [...profileArguments(), ...(probe?.nodeArguments ?? [])];
  const started = await startOttla({
    ...options,
    nodeArguments,
    ...(probe === null ? {} : { environment: probe.environment }),
  });
  return watched(started, probe);
}

/** Runs one of Kafka's own tools, by its main class, to its end; gives what it printed. */
export async function runTool(mainClass: string, args: readonly string[]): Promise<string> {
  const options = javaArguments(await toolchain(), clientJvmOptions, mainClass, args);
  return runOrThrow('java', options, { timeoutMs: CLIENT_TIMEOUT_MS });
}

/** The same for a client program of ours in test/compat/java/programs. */
export async function runProgram(program: string, args: readonly string[]): Promise<string> {
  const options = programArguments(await toolchain(), clientJvmOptions, program, args);
  return runOrThrow('java', options, { timeoutMs: CLIENT_TIMEOUT_MS });
}

/** How often each server is measured. */
export const ROUNDS: Readonly<Record<BenchSize, number>> = { smoke: 1, quick: 2, full: 3 };
/** The same where no line of goals.ts is judged: the quick run has twenty minutes for everything. */
export const ROUNDS_UNJUDGED: Readonly<Record<BenchSize, number>> = { smoke: 1, quick: 1, full: 3 };

/** What one run measured, by figure. */
export type Sample<Figure extends string> = Readonly<Record<Figure, number>>;

export type Samples<Figure extends string> = Readonly<Record<ServerKind, readonly Sample<Figure>[]>>;

/** Runs `measure` against each kind of server in turn, `rounds` times. */
export async function alternate<Figure extends string>(
  rounds: number,
  measure: (kind: ServerKind) => Promise<Sample<Figure>>,
): Promise<Samples<Figure>> {
  const samples: Record<ServerKind, Sample<Figure>[]> = { apache: [], ottla: [] };
  for (let round = 0; round < rounds; round++) {
    for (const kind of isProfiling() ? (['ottla'] as const) : SERVER_KINDS) samples[kind].push(await measure(kind));
  }
  return samples;
}

/** One row: the medians of a figure on both sides. Where Ottla ran alone, for a profile, there is nothing to judge. */
export function rowOf<Figure extends string>(
  samples: Samples<Figure>,
  figure: Figure,
  row: Pick<BenchRow, 'name' | 'unit' | 'target' | 'targetAtLeast'>,
): BenchRow {
  const of = (kind: ServerKind): number => median(samples[kind].map((sample) => sample[figure]));
  if (samples.apache.length === 0) return { name: row.name, unit: row.unit, value: of('ottla') };
  return { ...row, value: of('ottla'), apache: of('apache') };
}
