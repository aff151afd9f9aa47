// Three nodes, each broker and controller and a process of its own, from server.properties files and a formatted dynamic quorum: of Ottla, or of
// Apache Kafka 4.3.1. Both give the same handle, so a test does not know which one it talks to.

import { randomBytes } from 'node:crypto';
import { copyFileSync, existsSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { ottlaMainPath, type RunningBroker } from './brokers.ts';
import {
  freePort,
  type RunningProcess,
  runOrThrow,
  startProcess,
  temporaryFolder,
  waitUntilServing,
} from './processes.ts';
import { type JavaToolchain, javaArguments } from './toolchain.ts';

const NODE_IDS = [1, 2, 3];
const START_TIMEOUT_MS = 120_000;

interface ClusterNode {
  readonly id: number;
  readonly port: number;
  readonly controllerPort: number;
  readonly directoryId: string;
  readonly dataPath: string;
  readonly configPath: string;
}

/** How one of the two servers is formatted and started. */
interface Server {
  readonly kind: RunningBroker['kind'];
  readonly format: (args: readonly string[]) => Promise<unknown>;
  readonly launch: (configPath: string) => RunningProcess;
}

export class BrokerCluster {
  readonly #server: Server;
  readonly #folder = temporaryFolder('cluster');
  readonly #nodes: readonly ClusterNode[];
  readonly #running = new Map<number, RunningProcess>();

  private constructor(server: Server, nodes: readonly Pick<ClusterNode, 'id' | 'port' | 'controllerPort'>[]) {
    this.#server = server;
    this.#nodes = nodes.map((node) => ({
      ...node,
      directoryId: newId(),
      dataPath: join(this.#folder.path, `data-${node.id}`),
      configPath: join(this.#folder.path, `node-${node.id}.properties`),
    }));
  }

  /** `properties`: server.properties entries of every node, on top of those that make it a member. */
  static async start(server: Server, properties: Readonly<Record<string, string>>): Promise<BrokerCluster> {
    const nodes = [];
    for (const id of NODE_IDS) nodes.push({ id, port: await freePort(), controllerPort: await freePort() });
    const cluster = new BrokerCluster(server, nodes);
    try {
      await cluster.#format(properties);
      await Promise.all([cluster.startNode(1), cluster.startNode(2)]);
      // Later than the first election: the tests know that this one does not lead the quorum.
      await cluster.startNode(3);
    } catch (error) {
      await cluster.remove();
      throw error;
    }
    return cluster;
  }

  get kind(): RunningBroker['kind'] {
    return this.#server.kind;
  }

  get bootstrap(): string {
    return this.#nodes.map(({ port }) => address(port)).join(',');
  }

  get runningPorts(): readonly number[] {
    return this.#nodes.filter(({ id }) => this.#running.has(id)).map(({ port }) => port);
  }

  /** With a copy of the first node's newest `snapshot`, once there is one: its directory belongs to the node. */
  get places(): ReadonlyMap<string, string> {
    const places = new Map([
      ['brokers', this.bootstrap],
      ['controllers', this.#nodes.map(({ controllerPort }) => address(controllerPort)).join(',')],
    ]);
    for (const { id, port, controllerPort, directoryId, dataPath, configPath } of this.#nodes) {
      places.set(`broker ${id}`, address(port)).set(`controller ${id}`, address(controllerPort));
      places.set(`port ${id}`, String(port)).set(`controller port ${id}`, String(controllerPort));
      places.set(`directory ${id}`, directoryId).set(`data ${id}`, dataPath).set(`config ${id}`, configPath);
    }
    const newest = newestSnapshot(this.#nodes[0]!.dataPath);
    if (newest === null) return places;
    const copy = join(this.#folder.path, basename(newest));
    if (!existsSync(copy)) copyFileSync(newest, copy);
    return places.set('snapshot', copy);
  }

  async startNode(id: number): Promise<void> {
    const { configPath, port } = this.#node(id);
    const node = this.#server.launch(configPath);
    this.#running.set(id, node);
    await waitUntilServing(node, { host: '127.0.0.1', port }, START_TIMEOUT_MS);
  }

  /** Cleanly. */
  async stopNode(id: number): Promise<void> {
    await this.#running.get(id)?.stop('SIGTERM');
    this.#running.delete(id);
  }

  async remove(): Promise<void> {
    await Promise.all([...this.#running.values()].map((node) => node.stop('SIGKILL')));
    this.#folder.remove();
  }

  #node(id: number): ClusterNode {
    const node = this.#nodes.find((each) => each.id === id);
    if (node === undefined) throw new Error(`there is no node ${id}`);
    return node;
  }

  async #format(properties: Readonly<Record<string, string>>): Promise<void> {
    const controllers = this.#nodes.map(({ controllerPort }) => address(controllerPort)).join(',');
    const voters = this.#nodes
      .map((node) => `${node.id}@${address(node.controllerPort)}:${node.directoryId}`)
      .join(',');
    const clusterId = newId();
    for (const { id, port, controllerPort, dataPath, configPath } of this.#nodes) {
      const settings = {
        'process.roles': 'broker,controller',
        'node.id': String(id),
        'controller.quorum.bootstrap.servers': controllers,
        listeners: `PLAINTEXT://${address(port)},CONTROLLER://${address(controllerPort)}`,
        'controller.listener.names': 'CONTROLLER',
        'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
        'log.dirs': dataPath,
        ...properties,
      };
      const lines = Object.entries(settings).map(([key, value]) => `${key}=${value}\n`);
      writeFileSync(configPath, lines.join(''));
      const args = ['--config', configPath, '--cluster-id', clusterId, '--initial-controllers', voters];
      await this.#server.format(['format', ...args]);
    }
  }
}

export function startOttlaCluster(properties: Readonly<Record<string, string>>): Promise<BrokerCluster> {
  const mainPath = ottlaMainPath();
  const server: Server = {
    kind: 'ottla',
    format: (args) => runOrThrow(process.execPath, [mainPath, ...args]),
    launch: (configPath) => startProcess(process.execPath, [mainPath, 'start', configPath]),
  };
  return BrokerCluster.start(server, properties);
}

export function startApacheCluster(
  java: JavaToolchain,
  properties: Readonly<Record<string, string>>,
): Promise<BrokerCluster> {
  const server: Server = {
    kind: 'apache',
    format: (args) => runOrThrow('java', javaArguments(java, '256m', 'kafka.tools.StorageTool', args)),
    launch: (configPath) => startProcess('java', javaArguments(java, '320m', 'kafka.Kafka', [configPath])),
  };
  return BrokerCluster.start(server, properties);
}

function address(port: number): string {
  return `127.0.0.1:${port}`;
}

/** 16 bytes in Kafka's spelling; a dash in front would be taken for an option. */
function newId(): string {
  for (;;) {
    const id = randomBytes(16).toString('base64url');
    if (!id.startsWith('-')) return id;
  }
}

function newestSnapshot(dataPath: string): string | null {
  const folder = join(dataPath, '__cluster_metadata-0');
  const names = readdirSync(folder).filter(
    (name) => name.endsWith('.checkpoint') && !name.startsWith('00000000000000000000-'),
  );
  const newest = names.sort().at(-1);
  return newest === undefined ? null : join(folder, newest);
}
