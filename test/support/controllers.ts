// Quorums of controllers as processes of their own, Ottla's and Apache Kafka's mixed at will.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { silentLogger } from '../../src/base/logger.ts';
import { systemClock, systemRandom, systemTimer } from '../../src/base/system.ts';
import { randomUuid } from '../../src/base/uuid.ts';
import { openNodeSocket } from '../../src/net/node-socket.ts';
import { nodeClients } from '../../src/node/node-clients.ts';
import type { NodeClient } from '../../src/wire/node-client.ts';
import { describeQuorumRequest, describeQuorumResponse } from '../../src/wire/schema/describe-quorum.ts';
import { ottlaMainPath } from './brokers.ts';
import {
  freePort,
  type RunningProcess,
  runOrThrow,
  startProcess,
  temporaryFolder,
  waitUntilServing,
} from './processes.ts';
import { type JavaToolchain, javaArguments, programArguments } from './toolchain.ts';

export type ControllerKind = 'ottla' | 'apache';

export interface QuorumDescription {
  readonly leaderId: number;
  readonly leaderEpoch: number;
  readonly highWatermark: number;
  /** Of all replicas, by id. */
  readonly endOffsets: ReadonlyMap<number, number>;
  readonly voterIds: readonly number[];
  readonly observerIds: readonly number[];
  /** Of the voters, by id. */
  readonly ports: ReadonlyMap<number, number>;
}

const HEAP = '256m';

export class ControllerProcess {
  readonly nodeId: number;
  readonly kind: ControllerKind;
  port: number;
  readonly directoryId = randomUuid(systemRandom);
  readonly propertiesPath: string;
  readonly #java: JavaToolchain | null;
  readonly #folder = temporaryFolder('controller');
  #process: RunningProcess | null = null;
  #client: NodeClient | null = null;

  constructor(options: { nodeId: number; kind: ControllerKind; port: number; java: JavaToolchain | null }) {
    this.nodeId = options.nodeId;
    this.kind = options.kind;
    this.port = options.port;
    this.#java = options.java;
    this.propertiesPath = join(this.#folder.path, 'controller.properties');
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** As `--initial-controllers` has it. */
  get voter(): string {
    return `${this.nodeId}@${this.address}:${this.directoryId}`;
  }

  get dataPath(): string {
    return join(this.#folder.path, 'data');
  }

  get isRunning(): boolean {
    return this.#process !== null;
  }

  output(): string {
    return this.#process?.output() ?? '';
  }

  writeProperties(bootstrapServers: readonly string[], further: Readonly<Record<string, string>> = {}): void {
    const properties = {
      'process.roles': 'controller',
      'node.id': String(this.nodeId),
      'controller.quorum.bootstrap.servers': bootstrapServers.join(','),
      listeners: `CONTROLLER://${this.address}`,
      'controller.listener.names': 'CONTROLLER',
      'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT',
      'log.dirs': this.dataPath,
      ...further,
    };
    const lines = Object.entries(properties).map(([key, value]) => `${key}=${value}\n`);
    writeFileSync(this.propertiesPath, lines.join(''));
  }

  /** With its data, to another port; the properties name it. */
  async moveTo(port: number, all: readonly ControllerProcess[]): Promise<void> {
    this.port = port;
    this.writeProperties(all.map(({ address }) => address));
  }

  /** Waits until its output has `text`. */
  async says(text: string, timeoutMs = 60_000): Promise<void> {
    const deadlineMs = systemClock.monotonicMs() + timeoutMs;
    while (!this.output().includes(text)) {
      if (systemClock.monotonicMs() > deadlineMs)
        throw new Error(`it never said ${text}:\n${this.output().slice(-3000)}`);
      await sleep(20);
    }
  }

  /** With the format command of its own kind. */
  async format(clusterId: string, quorum: readonly string[]): Promise<string> {
    const args = ['format', '--cluster-id', clusterId, '--config', this.propertiesPath, ...quorum];
    if (this.kind === 'ottla') return runOrThrow(process.execPath, [ottlaMainPath(), ...args]);
    return runOrThrow('java', javaArguments(this.#java!, HEAP, 'kafka.tools.StorageTool', args));
  }

  async start(): Promise<void> {
    this.#process =
      this.kind === 'ottla'
        ? startProcess(process.execPath, [ottlaMainPath(), 'start', this.propertiesPath])
        : startProcess('java', programArguments(this.#java!, HEAP, 'kafka.Kafka', [this.propertiesPath]));
    await waitUntilServing(this.#process, { host: '127.0.0.1', port: this.port }, 60_000);
  }

  async stop(signal: NodeJS.Signals): Promise<void> {
    this.#client?.close();
    this.#client = null;
    await this.#process?.stop(signal);
    this.#process = null;
  }

  async remove(): Promise<void> {
    await this.stop('SIGKILL');
    this.#folder.remove();
  }

  /** What it says of the quorum; null where it does not lead, or does not answer. */
  async describe(): Promise<QuorumDescription | null> {
    if (this.#process === null) return null;
    this.#client ??= nodeClients(
      {
        openSocket: openNodeSocket,
        clock: systemClock,
        timer: systemTimer,
        random: systemRandom,
        logger: silentLogger,
      },
      {
        clientId: 'test',
        requestTimeoutMs: 5000,
        reconnectBackoffMs: 20,
        reconnectBackoffMaxMs: 100,
        requestsInFlightMax: 1,
      },
    )({ host: '127.0.0.1', port: this.port });
    const exchange = { request: describeQuorumRequest, response: describeQuorumResponse };
    const topics = [{ topicName: '__cluster_metadata', partitions: [{ partitionIndex: 0 }] }];
    try {
      const { body } = await this.#client.send(exchange, { body: { topics } });
      const partition = body.topics[0]?.partitions[0];
      if (partition === undefined || partition.errorCode !== 0) return null;
      const { leaderId, leaderEpoch, highWatermark, currentVoters, observers } = partition;
      return {
        leaderId,
        leaderEpoch,
        highWatermark,
        endOffsets: new Map(
          [...currentVoters, ...observers].map((replica) => [replica.replicaId, replica.logEndOffset]),
        ),
        voterIds: currentVoters.map(({ replicaId }) => replicaId),
        observerIds: observers.map(({ replicaId }) => replicaId),
        ports: new Map(body.nodes.map(({ nodeId, listeners }) => [nodeId, listeners[0]?.port ?? 0])),
      };
    } catch {
      return null;
    }
  }
}

export class ControllerQuorum {
  readonly clusterId = randomUuid(systemRandom);
  readonly controllers: ControllerProcess[] = [];

  private constructor() {}

  /** Ids count from 1, in the order of `kinds`; all are voters of a dynamic quorum. */
  static async start(
    kinds: readonly ControllerKind[],
    java: JavaToolchain | null = null,
    properties: Readonly<Record<string, string>> = {},
  ): Promise<ControllerQuorum> {
    const quorum = new ControllerQuorum();
    for (const [index, kind] of kinds.entries()) await quorum.#add(index + 1, kind, java);
    const { controllers } = quorum;
    for (const controller of controllers)
      controller.writeProperties(
        controllers.map(({ address }) => address),
        properties,
      );
    const voters = controllers.map(({ voter }) => voter).join(',');
    for (const controller of controllers) {
      await controller.format(quorum.clusterId, ['--initial-controllers', voters]);
    }
    await Promise.all(controllers.map((controller) => controller.start()));
    return quorum;
  }

  /** One more, which is no voter yet. `wrong`: what it has of another cluster or node. */
  async join(
    kind: ControllerKind,
    java: JavaToolchain | null = null,
    properties: Readonly<Record<string, string>> = {},
    wrong: { readonly clusterId?: string; readonly nodeId?: number } = {},
  ): Promise<ControllerProcess> {
    const controller = await this.#add(wrong.nodeId ?? this.controllers.length + 1, kind, java);
    controller.writeProperties(
      this.controllers.map(({ address }) => address),
      properties,
    );
    await controller.format(wrong.clusterId ?? this.clusterId, ['--no-initial-controllers']);
    await controller.start();
    return controller;
  }

  async #add(nodeId: number, kind: ControllerKind, java: JavaToolchain | null): Promise<ControllerProcess> {
    const controller = new ControllerProcess({ nodeId, kind, port: await freePort(), java });
    this.controllers.push(controller);
    return controller;
  }

  /** Waits until somebody leads and `holds` is true of the quorum. */
  async until(
    holds: (quorum: QuorumDescription) => boolean = () => true,
    timeoutMs = 60_000,
  ): Promise<{ readonly leader: ControllerProcess; readonly quorum: QuorumDescription }> {
    const deadlineMs = systemClock.monotonicMs() + timeoutMs;
    let last: QuorumDescription | null = null;
    while (systemClock.monotonicMs() < deadlineMs) {
      for (const leader of this.controllers) {
        const quorum = await leader.describe();
        if (quorum === null) continue;
        last = quorum;
        if (holds(quorum)) return { leader, quorum };
      }
      await sleep(20);
    }
    const outputs = this.controllers.map(
      (controller) => `--- ${controller.nodeId}\n${controller.output().slice(-1500)}`,
    );
    throw new Error(`the quorum did not get there: ${JSON.stringify(last)}\n${outputs.join('\n')}`);
  }

  /** All replicas that run have all of the log, and it is committed. */
  agrees({ endOffsets, highWatermark }: QuorumDescription): boolean {
    const running = this.controllers.filter(({ isRunning }) => isRunning);
    return running.every(({ nodeId }) => endOffsets.get(nodeId) === highWatermark);
  }

  async remove(): Promise<void> {
    for (const controller of this.controllers) await controller.remove();
  }
}
