// `ottla --brokers N` as a user starts it: a supervisor and its brokers, all processes of their own.

import { setTimeout as sleep } from 'node:timers/promises';
import { silentLogger } from '../../src/base/logger.ts';
import { systemClock, systemRandom, systemTimer } from '../../src/base/system.ts';
import { openNodeSocket } from '../../src/net/node-socket.ts';
import { nodeClients } from '../../src/node/node-clients.ts';
import type { Exchange } from '../../src/wire/node-client.ts';
import { describeQuorumRequest, describeQuorumResponse } from '../../src/wire/schema/describe-quorum.ts';
import { metadataRequest, metadataResponse } from '../../src/wire/schema/metadata.ts';
import type { InputOf, MessageSchema, ValueOf } from '../../src/wire/schema.ts';
import { ottlaMainPath } from './brokers.ts';
import { freePort, type RunningProcess, startProcess } from './processes.ts';

export interface QuorumView {
  readonly leaderId: number;
  readonly highWatermark: number;
  readonly voters: readonly { readonly replicaId: number; readonly logEndOffset: number }[];
}

/** One question to the broker at `address` (`host:port`), by the client that brokers have for each other; null: no answer in time. */
async function ask<Req extends MessageSchema, Res extends MessageSchema>(
  address: string,
  exchange: Exchange<Req, Res>,
  body: InputOf<Req>,
): Promise<ValueOf<Res> | null> {
  const [host = '', port] = address.split(':');
  const client = nodeClients(
    { openSocket: openNodeSocket, clock: systemClock, timer: systemTimer, random: systemRandom, logger: silentLogger },
    {
      clientId: 'test',
      requestTimeoutMs: 2000,
      reconnectBackoffMs: 20,
      reconnectBackoffMaxMs: 100,
      requestsInFlightMax: 1,
    },
  )({ host, port: Number(port) });
  try {
    return (await client.send(exchange, { body })).body;
  } catch {
    return null;
  } finally {
    client.close();
  }
}

/** The quorum as the broker at `bootstrap` (the first of a list) hears of it; null while it cannot tell. */
export async function describeQuorum(bootstrap: string): Promise<QuorumView | null> {
  const topics = [{ topicName: '__cluster_metadata', partitions: [{ partitionIndex: 0 }] }];
  const exchange = { request: describeQuorumRequest, response: describeQuorumResponse };
  const answer = await ask(bootstrap.split(',')[0]!, exchange, { topics });
  const partition = answer?.topics[0]?.partitions[0];
  if (partition === undefined || partition.errorCode !== 0) return null;
  return { ...partition, voters: partition.currentVoters };
}

export interface PartitionView {
  readonly partitionIndex: number;
  readonly leaderId: number;
  readonly isrNodes: readonly number[];
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

/** A broker's newest process. */
interface Member {
  readonly processId: number;
  readonly serves: boolean;
}

export class ProcessCluster {
  readonly dataDir: string;
  readonly port: number;
  readonly #args: readonly string[];
  readonly #brokers: number;
  /** What the supervisors before this one printed. */
  #printed = '';
  #supervisor: RunningProcess | null = null;
  /** By node id, from what is printed. */
  readonly #members = new Map<number, Member>();

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
    this.#members.clear();
    const supervisor = startProcess(process.execPath, [ottlaMainPath(), ...this.commandLine], {
      onStdoutLine: (line) => this.#read(line),
    });
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
    const member = this.#members.get(nodeId);
    if (member === undefined) throw new Error(`broker ${nodeId} was never started`);
    return member.processId;
  }

  /** The newest process of each broker has said that it serves. */
  get allServe(): boolean {
    return [...this.#members.values()].every(({ serves }) => serves);
  }

  #read(line: string): void {
    if (line.includes('"msg":"a broker is started"')) {
      const { node, processId } = JSON.parse(line) as { node: number; processId: number };
      this.#members.set(node, { processId, serves: false });
    } else if (line.includes('"msg":"serving"')) {
      const { node } = JSON.parse(line) as { node: number };
      this.#members.set(node, { processId: this.processId(node), serves: true });
    }
  }

  signal(nodeId: number, signal: NodeJS.Signals): void {
    process.kill(this.processId(nodeId), signal);
  }

  /** SIGCONT to whoever may be stopped. */
  goOn(): void {
    for (const { processId } of this.#members.values()) {
      try {
        process.kill(processId, 'SIGCONT');
      } catch {
        // It has ended.
      }
    }
  }

  /** kill -9 of all of them at once; waits until the supervisor has started other processes for them. */
  async kill(...nodeIds: readonly number[]): Promise<void> {
    const before = nodeIds.map((nodeId) => this.processId(nodeId));
    for (const processId of before) process.kill(processId, 'SIGKILL');
    await until(() => nodeIds.every((nodeId, index) => this.processId(nodeId) !== before[index]));
  }

  async controllerId(): Promise<number> {
    return this.#firstAnswer(async (address) => {
      const quorum = await describeQuorum(address);
      return quorum === null || quorum.leaderId === -1 ? null : quorum.leaderId;
    });
  }

  /** As one of the brokers knows them. */
  partitionsOf(topics: readonly string[]): Promise<readonly PartitionView[]> {
    const exchange = { request: metadataRequest, response: metadataResponse };
    return this.#firstAnswer(async (address) => {
      const answer = await ask(address, exchange, { topics: topics.map((name) => ({ name })) });
      return answer?.topics.flatMap(({ partitions }) => partitions) ?? null;
    });
  }

  /** Of whichever broker can tell. */
  async #firstAnswer<Answer>(from: (address: string) => Promise<Answer | null>): Promise<Answer> {
    for (;;) {
      for (const address of this.bootstrap.split(',')) {
        const answer = await from(address);
        if (answer !== null) return answer;
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
