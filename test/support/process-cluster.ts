// `ottla --brokers N` as a user starts it: a supervisor and its brokers, all processes of their own.

import { setTimeout as sleep } from 'node:timers/promises';
import { silentLogger } from '../../src/base/logger.ts';
import { systemClock, systemRandom, systemTimer } from '../../src/base/system.ts';
import { openNodeSocket } from '../../src/net/node-socket.ts';
import { nodeClients } from '../../src/node/node-clients.ts';
import { describeQuorumRequest, describeQuorumResponse } from '../../src/wire/schema/describe-quorum.ts';
import { ottlaMainPath } from './brokers.ts';
import { freePort, type RunningProcess, startProcess } from './processes.ts';

export interface QuorumView {
  readonly leaderId: number;
  readonly highWatermark: number;
  readonly voters: readonly { readonly replicaId: number; readonly logEndOffset: number }[];
}

/** The quorum as the broker at `bootstrap` (the first of a list) hears of it; null while it cannot tell. */
export async function describeQuorum(bootstrap: string): Promise<QuorumView | null> {
  const [host = '', port] = bootstrap.split(',')[0]!.split(':');
  const client = nodeClients(
    { openSocket: openNodeSocket, clock: systemClock, timer: systemTimer, random: systemRandom, logger: silentLogger },
    {
      clientId: 'test',
      requestTimeoutMs: 5000,
      reconnectBackoffMs: 20,
      reconnectBackoffMaxMs: 100,
      requestsInFlightMax: 1,
    },
  )({ host, port: Number(port) });
  try {
    const exchange = { request: describeQuorumRequest, response: describeQuorumResponse };
    const topics = [{ topicName: '__cluster_metadata', partitions: [{ partitionIndex: 0 }] }];
    const { body } = await client.send(exchange, { body: { topics } });
    const partition = body.topics[0]?.partitions[0];
    if (partition === undefined || partition.errorCode !== 0) return null;
    return { ...partition, voters: partition.currentVoters };
  } catch {
    return null;
  } finally {
    client.close();
  }
}

export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await sleep(20);
}

/** The first of `count` ports in a row that nobody listens on. */
async function freePortRow(count: number): Promise<number> {
  for (;;) {
    // A row that is taken is noticed by the cluster, which then does not start.
    const port = await freePort();
    if (port + count < 32_000) return port;
  }
}

/** A cluster that could not be started, with all that was printed. */
export async function refusalOf(
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<{ exitCode: number | null; output: string }> {
  const refused = startProcess(process.execPath, [ottlaMainPath(), ...args], { env });
  const exitCode = await refused.exited;
  return { exitCode, output: refused.output() };
}

export class ProcessCluster {
  readonly dataDir: string;
  readonly port: number;
  readonly #args: readonly string[];
  readonly #brokers: number;
  /** What the supervisors before this one printed. */
  #printed = '';
  #supervisor: RunningProcess | null = null;

  private constructor(options: { dataDir: string; port: number; brokers: number; args: readonly string[] }) {
    this.dataDir = options.dataDir;
    this.port = options.port;
    this.#brokers = options.brokers;
    this.#args = options.args;
  }

  static async start(dataDir: string, brokers: number, ...args: string[]): Promise<ProcessCluster> {
    const cluster = new ProcessCluster({ dataDir, brokers, port: await freePortRow(brokers), args });
    await cluster.start();
    return cluster;
  }

  get bootstrap(): string {
    return Array.from({ length: this.#brokers }, (_, index) => `127.0.0.1:${this.port + index}`).join(',');
  }

  get commandLine(): string[] {
    const { port, dataDir } = this;
    return ['--brokers', String(this.#brokers), '--port', String(port), '--data-dir', dataDir, ...this.#args];
  }

  get supervisorProcessId(): number {
    return this.#supervisor?.pid ?? -1;
  }

  output(): string {
    return this.#printed + (this.#supervisor?.output() ?? '');
  }

  /** Resolves when all brokers serve. */
  async start(): Promise<void> {
    const supervisor = startProcess(process.execPath, [ottlaMainPath(), ...this.commandLine]);
    this.#supervisor = supervisor;
    let ended = false;
    void supervisor.exited.then(() => {
      ended = true;
    });
    await until(() => ended || supervisor.output().includes('"msg":"the cluster serves"'));
    if (ended) throw new Error(`the cluster did not start:\n${supervisor.output()}`);
  }

  /** Of the broker's newest process. */
  processId(nodeId: number): number {
    const lines = this.#supervisor?.output().matchAll(/"node":(\d+),"processId":(\d+)/g) ?? [];
    const found = [...lines].filter(([, node]) => Number(node) === nodeId).at(-1)?.[2];
    if (found === undefined) throw new Error(`broker ${nodeId} was never started`);
    return Number(found);
  }

  signal(nodeId: number, signal: NodeJS.Signals): void {
    process.kill(this.processId(nodeId), signal);
  }

  /** kill -9, and waits until the supervisor has started another process for it. */
  async kill(nodeId: number): Promise<void> {
    const before = this.processId(nodeId);
    process.kill(before, 'SIGKILL');
    await until(() => this.processId(nodeId) !== before);
  }

  async controllerId(): Promise<number> {
    for (;;) {
      for (const address of this.bootstrap.split(',')) {
        const quorum = await describeQuorum(address);
        if (quorum !== null && quorum.leaderId !== -1) return quorum.leaderId;
      }
      await sleep(50);
    }
  }

  /** Resolves with the exit code of the supervisor. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    const supervisor = this.#supervisor;
    if (supervisor === null) return null;
    this.#supervisor = null;
    await supervisor.stop(signal, 40_000);
    this.#printed += supervisor.output();
    return supervisor.exited;
  }
}
