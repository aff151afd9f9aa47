/**
 * What every bench tells of the brokers that it started, without doing anything for it: processor time, memory at its most, and how
 * late Ottla's event loop was once it served (bench/probe.ts in its process).
 */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { RunningBroker } from '../test/support/brokers.ts';
import { temporaryFolder } from '../test/support/processes.ts';
import type { BenchRow } from './bench.ts';
import { isProfiling } from './profile.ts';

/** Of the clock that /proc counts processor time in. */
const CLOCK_TICKS_PER_SECOND = 100;
const PROBE_TIMEOUT_MS = 5000;
const EVENT_LOOP_TARGET_MS = 50;

/** User and system time of the process so far. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name, the second field, may hold spaces; what follows its bracket does not.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS_PER_SECOND;
}

export function residentMegabytes(pid: number): number {
  return statusMegabytes(pid, 'VmRSS');
}

/** Of `VmRSS`, now, or `VmHWM`, the most that it ever was. */
function statusMegabytes(pid: number, field: 'VmRSS' | 'VmHWM'): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(status)?.[1]) / 1024;
}

interface Seen {
  readonly kind: RunningBroker['kind'];
  readonly cpuSeconds: number;
  readonly residentMegabytes: number;
  /** Null for Apache Kafka, and where nothing was measured. */
  readonly delayMs: number | null;
}

let seen: Seen[] = [];
let probes = 0;

/** Of one process of a broker. */
export interface Probe {
  readonly nodeArguments: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** The delay's p99.9 since the last call in milliseconds; null where the process does not answer. */
  take(pid: number): Promise<number | null>;
}

export function newProbe(): Probe {
  const folder = temporaryFolder('bench-probe');
  const path = join(folder.path, String(++probes));
  const module = pathToFileURL(fileURLToPath(new URL('./probe.js', import.meta.url))).href;
  return {
    nodeArguments: ['--import', module],
    environment: { OTTLA_BENCH_PROBE: path },
    async take(pid) {
      rmSync(path, { force: true });
      if (!isAlive(pid)) return null;
      process.kill(pid, 'SIGUSR2');
      const deadline = performance.now() + PROBE_TIMEOUT_MS;
      while (!existsSync(path)) {
        if (!isAlive(pid) || performance.now() > deadline) return null;
        await sleep(5);
      }
      return (JSON.parse(readFileSync(path, 'utf8')) as { p999Ms: number }).p999Ms; // written by the probe
    },
  };
}

function isAlive(pid: number): boolean {
  // A zombie still has a folder in /proc, but no memory.
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8').includes('VmRSS');
  } catch {
    return false;
  }
}

/** The same broker, whose processes are noted when they end. With a probe, what it measured so far is forgotten: that was the start. */
export async function watched(broker: RunningBroker, probe: Probe | null): Promise<RunningBroker> {
  const note = async (): Promise<void> => {
    const { pid, kind } = broker;
    if (!isAlive(pid)) return;
    seen.push({
      kind,
      cpuSeconds: cpuSeconds(pid),
      residentMegabytes: statusMegabytes(pid, 'VmHWM'),
      delayMs: (await probe?.take(pid)) ?? null,
    });
  };
  await probe?.take(broker.pid);
  return {
    kind: broker.kind,
    bootstrap: broker.bootstrap,
    port: broker.port,
    controllerPort: broker.controllerPort,
    dataPath: broker.dataPath,
    places: broker.places,
    get pid() {
      return broker.pid;
    },
    output: () => broker.output(),
    async stop() {
      await note();
      await broker.stop();
    },
    async kill() {
      await note();
      await broker.kill();
    },
    async restart() {
      await broker.restart();
      await probe?.take(broker.pid);
    },
    async remove() {
      await note();
      // A process that is killed leaves no profile.
      if (isProfiling()) await broker.stop();
      await broker.remove();
    },
  };
}

/** What was seen since the last call, as rows of the bench `name`. */
export function takeWatchRows(name: string): BenchRow[] {
  const taken = seen;
  seen = [];
  const of = (kind: RunningBroker['kind']): Seen[] => taken.filter((each) => each.kind === kind);
  const [ottla, apache] = [of('ottla'), of('apache')];
  if (ottla.length === 0) return [];
  const both = (figure: (all: Seen[]) => number): Pick<BenchRow, 'value' | 'apache'> => ({
    value: figure(ottla),
    ...(apache.length === 0 ? {} : { apache: figure(apache) }),
  });
  const rows: BenchRow[] = [
    {
      name: `${name}: processor time of all its brokers`,
      unit: 's',
      ...both((all) => sum(all.map((each) => each.cpuSeconds))),
    },
    {
      name: `${name}: resident memory of a broker, at most`,
      unit: 'MB',
      ...both((all) => Math.max(...all.map((each) => each.residentMegabytes))),
    },
  ];
  const delays = ottla.map(({ delayMs }) => delayMs).filter((delayMs) => delayMs !== null);
  if (delays.length > 0) {
    const delayName = `${name}: event-loop delay p99.9 while serving, of the worst broker`;
    rows.push({ name: delayName, unit: 'ms', value: Math.max(...delays), target: EVENT_LOOP_TARGET_MS });
  }
  return rows;
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
