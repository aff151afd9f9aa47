/**
 * `ottla --brokers N`: starts each broker of a cluster as a process of its own, sees to it that all run, and stops them.
 *
 *     start: directory locked → all processes started → all serve → topics created
 *     while it runs: a process that ends is started again, the later the more often it did
 *     stop: all brokers give their partitions away → all stop; a second signal kills them
 */
import { type ChildProcess, fork } from 'node:child_process';
import type { Timer, TimerHandle } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import { type ClusterDirectory, ClusterError, memberQuorum, memberSettings, nodeIdsOf } from './cluster-layout.ts';
import type { MemberCommand, MemberReport } from './cluster-member.ts';
import { MEMBER_COMMAND } from './command-line.ts';

export interface SupervisorOptions {
  readonly directory: ClusterDirectory;
  /** Of the broker listeners; by index. */
  readonly ports: readonly number[];
  readonly host: string;
  /** By index; null: none. */
  readonly metricsPorts: readonly number[] | null;
  readonly overrides: ReadonlyMap<string, string>;
  readonly ephemeral: boolean;
  readonly pretty: boolean;
  /** The script that this process runs. */
  readonly script: string;
  readonly timer: Timer;
  readonly logger: Logger;
}

interface Member {
  readonly nodeId: number;
  /** 0 until it is known which free one it is. */
  port: number;
  child: ChildProcess | null;
  bootstrapServers: string | null;
  /** Ends in a row that were not asked for. */
  failures: number;
  restart: TimerHandle | null;
}

const BACKOFF_MS = 200;
const BACKOFF_MAX_MS = 10_000;
/** A broker that served for so long has not failed in a row. */
const STEADY_MS = 30_000;
/** How long brokers may take to give their partitions away, and then to stop. */
const STOP_TIMEOUT_MS = 30_000;

export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #members: readonly Member[];
  #isRunning = false;
  #isStopping = false;
  #wake: () => void = () => {};
  #startFailure: Error | null = null;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#members = nodeIdsOf(options.directory.layout).map((nodeId, index) => ({
      nodeId,
      port: options.ports[index] ?? 0,
      child: null,
      bootstrapServers: null,
      failures: 0,
      restart: null,
    }));
  }

  /** Resolves when all brokers serve. Rejects with ClusterError where one cannot; then none runs. */
  async start(): Promise<void> {
    for (const member of this.#members) this.#spawn(member);
    await this.#until(
      () => this.#startFailure !== null || this.#members.every((member) => member.bootstrapServers !== null),
    );
    if (this.#startFailure !== null) {
      await this.kill();
      throw this.#startFailure;
    }
    this.#isRunning = true;
    this.#options.directory.formed();
  }

  /** Of all brokers. */
  get bootstrapServers(): string {
    return this.#members.map(({ bootstrapServers }) => bootstrapServers).join(',');
  }

  get processIds(): ReadonlyMap<number, number> {
    return new Map(
      this.#members.flatMap(({ nodeId, child }) => (child?.pid === undefined ? [] : [[nodeId, child.pid]])),
    );
  }

  /** Resolves when no broker runs. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    for (const { restart } of this.#members) restart?.cancel();
    const { timer, logger } = this.#options;
    const timeout = timer.schedule(STOP_TIMEOUT_MS, () => {
      logger.warn('brokers that did not stop in time are killed');
      void this.kill();
    });
    const left = new Set<ChildProcess>();
    for (const { child, bootstrapServers } of this.#members) {
      if (child === null || bootstrapServers === null) continue;
      child.on('message', (report: MemberReport) => {
        if (report.kind === 'left') left.add(child);
        this.#wake();
      });
      tell(child, { kind: 'leave' });
    }
    await this.#until(() =>
      this.#members.every(
        ({ child, bootstrapServers }) => child === null || bootstrapServers === null || left.has(child),
      ),
    );
    for (const { child } of this.#members) if (child !== null) tell(child, { kind: 'stop' });
    await this.#untilNoneRuns();
    timeout.cancel();
  }

  /** Resolves when no broker runs; nothing is closed. */
  async kill(): Promise<void> {
    this.#isStopping = true;
    for (const { child, restart } of this.#members) {
      restart?.cancel();
      child?.kill('SIGKILL');
    }
    await this.#untilNoneRuns();
  }

  #untilNoneRuns(): Promise<void> {
    return this.#until(() => this.#members.every(({ child }) => child === null));
  }

  /** `holds` is asked whenever something has happened. */
  async #until(holds: () => boolean): Promise<void> {
    while (!holds()) {
      const wake = this.#wake;
      await new Promise<void>((resolve) => {
        this.#wake = () => {
          wake();
          resolve();
        };
      });
    }
  }

  #spawn(member: Member): void {
    const { script, directory, host, metricsPorts, overrides, ephemeral, pretty } = this.#options;
    const { layout, isFormed } = directory;
    const { nodeId } = member;
    const child = fork(script, [MEMBER_COMMAND], { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
    member.child = child;
    this.#options.logger.info('a broker is started', { node: nodeId, processId: child.pid });
    this.#passOn(nodeId, child);
    const flags = memberSettings(layout, { nodeId, host, port: member.port, dataDir: directory.memberPath(nodeId) });
    const metricsPort = metricsPorts?.[nodeId - 1];
    if (metricsPort !== undefined) flags.set('ottla.metrics.port', String(metricsPort));
    tell(child, {
      kind: 'start',
      nodeId,
      clusterSize: layout.brokers,
      clusterId: layout.clusterId,
      quorum: memberQuorum(layout, nodeId, isFormed),
      flags: [...flags],
      overrides: [...overrides],
      ephemeral,
      pretty,
    });
    let reason: string | null = null;
    let steady: TimerHandle | null = null;
    child.on('message', (report: MemberReport) => {
      if (report.kind === 'serving') {
        member.bootstrapServers = report.bootstrapServers;
        // A broker that was given a free port comes back on the same.
        member.port = Number(report.bootstrapServers.slice(report.bootstrapServers.lastIndexOf(':') + 1));
        steady = this.#options.timer.schedule(STEADY_MS, () => {
          member.failures = 0;
        });
      } else if (report.kind === 'failed') reason = report.message;
      this.#wake();
    });
    child.on('error', (error) => {
      reason = error.message;
    });
    child.on('close', (code, signal) => {
      steady?.cancel();
      member.child = null;
      this.#ended(member, reason ?? (signal === null ? `exit code ${code}` : `signal ${signal}`));
      this.#wake();
    });
  }

  #ended(member: Member, reason: string): void {
    const { timer, logger } = this.#options;
    if (this.#isStopping) return;
    if (!this.#isRunning) {
      this.#startFailure ??= new ClusterError(`Broker ${member.nodeId} did not start: ${reason}`);
      return;
    }
    const delayMs = Math.min(BACKOFF_MAX_MS, BACKOFF_MS * 2 ** member.failures);
    member.failures++;
    logger.warn('a broker has ended, it is started again', { node: member.nodeId, reason, delayMs });
    member.restart = timer.schedule(delayMs, () => {
      member.restart = null;
      this.#spawn(member);
    });
  }

  /** Its JSON lines carry the node's id already; anything else gets it in front. */
  #passOn(nodeId: number, child: ChildProcess): void {
    // A broker by itself starts without it.
    const { createInterface } = process.getBuiltinModule('node:readline');
    for (const [from, to] of [
      [child.stdout, process.stdout],
      [child.stderr, process.stderr],
    ] as const) {
      if (from === null) continue;
      createInterface({ input: from }).on('line', (line) => {
        to.write(line.startsWith('{"level"') ? `${line}\n` : `broker-${nodeId} | ${line}\n`);
      });
    }
  }
}

function tell(child: ChildProcess, command: MemberCommand): void {
  // One that has just ended is heard of by `close`.
  child.send(command, () => undefined);
}
