// Three nodes, each broker and controller, in the test's own process, on ports and directories of their own.

import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '../../src/base/logger.ts';
import { loadNodeConfig } from '../../src/config/node-config.ts';
import { Node } from '../../src/node.ts';

const CLUSTER_ID = '4L6g3nShT-eMCtK--X86sw';
const NODE_IDS = [1, 2, 3];

export class TestCluster {
  readonly #directory = mkdtempSync(join(tmpdir(), 'ottla-cluster-'));
  readonly #settings: string;
  readonly #controllerPorts: ReadonlyMap<number, number>;
  readonly #brokerPorts: ReadonlyMap<number, number>;
  readonly #nodes = new Map<number, Node>();

  private constructor(ports: readonly number[], settings: string) {
    this.#controllerPorts = new Map(NODE_IDS.map((id, index) => [id, ports[index]!]));
    this.#brokerPorts = new Map(NODE_IDS.map((id, index) => [id, ports[NODE_IDS.length + index]!]));
    this.#settings = settings;
  }

  static async start(settings = ''): Promise<TestCluster> {
    const cluster = new TestCluster(await freePorts(2 * NODE_IDS.length), settings);
    try {
      await Promise.all(NODE_IDS.map((id) => cluster.startNode(id)));
    } catch (error) {
      await cluster.remove();
      throw error;
    }
    return cluster;
  }

  get bootstrap(): string[] {
    return [...this.#brokerPorts.values()].map((port) => `127.0.0.1:${port}`);
  }

  node(nodeId: number): Node {
    const node = this.#nodes.get(nodeId);
    if (node === undefined) throw new Error(`node ${nodeId} does not run`);
    return node;
  }

  async startNode(nodeId: number): Promise<void> {
    const voters = [...this.#controllerPorts].map(([id, port]) => `${id}@127.0.0.1:${port}`).join(',');
    const node = await Node.start({
      config: loadNodeConfig({
        file: `
          process.roles=broker,controller
          node.id=${nodeId}
          listeners=PLAINTEXT://127.0.0.1:${this.#brokerPorts.get(nodeId)},CTRL://127.0.0.1:${this.#controllerPorts.get(nodeId)}
          controller.listener.names=CTRL
          controller.quorum.voters=${voters}
          log.dirs=${join(this.#directory, String(nodeId))}
          broker.session.timeout.ms=1500
          broker.heartbeat.interval.ms=200
          controller.quorum.election.timeout.ms=500
          controller.quorum.fetch.timeout.ms=1000
          controller.quorum.election.backoff.max.ms=300
          replica.lag.time.max.ms=2000
          replica.fetch.wait.max.ms=50
          replica.fetch.backoff.ms=100
          group.initial.rebalance.delay.ms=0
          offsets.topic.num.partitions=3
          transaction.state.log.num.partitions=3
          default.replication.factor=3
          min.insync.replicas=2
          ${this.#settings}
        `,
      }),
      ephemeral: false,
      format: true,
      clusterId: CLUSTER_ID,
      topics: [],
      logger: silentLogger,
    });
    this.#nodes.set(nodeId, node);
  }

  /** Cleanly. */
  async stopNode(nodeId: number): Promise<void> {
    const node = this.node(nodeId);
    this.#nodes.delete(nodeId);
    await node.stop();
  }

  /** As `kill -9` would. */
  async killNode(nodeId: number): Promise<void> {
    const node = this.node(nodeId);
    this.#nodes.delete(nodeId);
    await node.kill();
  }

  async remove(): Promise<void> {
    await Promise.all([...this.#nodes.values()].map((node) => node.stop()));
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<ReturnType<typeof createServer>>((resolve) => {
          const server = createServer().listen(0, '127.0.0.1', () => resolve(server));
        }),
    ),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
