/**
 * A cluster in this process, for tests: each broker a node of its own, joined by real sockets, with what tests do to brokers.
 *
 *     running ──kill──> down ──restart──> running
 *        └──isolate──> isolated ──heal──> running
 */
import type { Logger } from '../base/logger.ts';
import { systemClock, systemRandom } from '../base/system.ts';
import { loadNodeConfig } from '../config/node-config.ts';
import type { Policies } from '../controller/policies.ts';
import type { FileSystem } from '../io/file-system.ts';
import { MemoryFileSystem } from '../io/memory-file-system.ts';
import { NodeFileSystem } from '../io/node-file-system.ts';
import { NO_LEADER } from '../metadata/metadata-image.ts';
import { freePorts } from '../net/free-ports.ts';
import { SeverableNetwork } from '../net/severable-network.ts';
import { Node } from '../node.ts';
import {
  brokerPorts,
  ClusterDirectory,
  ClusterError,
  memberQuorum,
  memberSettings,
  nodeIdsOf,
  refuseMemberSettings,
} from './cluster-layout.ts';
import { createTopicsAt } from './cluster-topics.ts';
import type { MetadataQuorum } from './metadata-quorum.ts';
import { systemPlatform } from './platform.ts';
import type { TopicSpec } from './topic-spec.ts';

export interface LocalClusterOptions {
  readonly brokers: number;
  /** Of the first broker, the others count up from it; 0: free ones. */
  readonly port: number;
  readonly host: string;
  /** Null: all is in memory. */
  readonly dataDir: string | null;
  readonly settings: ReadonlyMap<string, string>;
  readonly topics: readonly TopicSpec[];
  readonly policies?: Policies | undefined;
  /** Each line carries the node's id as `node`. */
  readonly logger: Logger;
}

interface Member {
  readonly nodeId: number;
  readonly port: number;
  readonly fileSystem: FileSystem;
  readonly network: SeverableNetwork;
  node: Node | null;
  /** Of the node that runs. */
  quorum: MetadataQuorum | null;
  isIsolated: boolean;
  /** What is done to it now: one thing after the other. */
  change: Promise<void>;
}

export class LocalCluster {
  readonly #options: LocalClusterOptions;
  readonly #directory: ClusterDirectory;
  readonly #members: ReadonlyMap<number, Member>;
  #stopping: Promise<void> | null = null;

  private constructor(options: LocalClusterOptions, directory: ClusterDirectory, ports: readonly number[]) {
    this.#options = options;
    this.#directory = directory;
    this.#members = new Map(
      nodeIdsOf(options).map((nodeId, index) => [
        nodeId,
        {
          nodeId,
          port: ports[index]!,
          // In memory each has a disk of its own, which outlives its runs.
          fileSystem: options.dataDir === null ? newMemory() : new NodeFileSystem(),
          network: new SeverableNetwork(systemPlatform),
          node: null,
          quorum: null,
          isIsolated: false,
          change: Promise.resolve(),
        },
      ]),
    );
  }

  /** Resolves when all brokers serve. Rejects with ClusterError, StartError or ConfigError. */
  static async start(options: LocalClusterOptions): Promise<LocalCluster> {
    const { brokers, port, dataDir, settings, topics } = options;
    refuseMemberSettings(settings.keys());
    const wanted = brokerPorts(port, brokers);
    const ports = port === 0 ? await freePorts(brokers, systemRandom) : wanted;
    const directory = await ClusterDirectory.open({
      fileSystem: dataDir === null ? newMemory() : new NodeFileSystem(),
      path: dataDir ?? 'cluster',
      brokers,
      freePorts: (count) => freePorts(count, systemRandom, ports),
      random: systemRandom,
    });
    const cluster = new LocalCluster(options, directory, ports);
    try {
      const started = await Promise.allSettled([...cluster.#members.values()].map((member) => cluster.#start(member)));
      for (const result of started) if (result.status === 'rejected') throw result.reason;
      directory.formed();
      await createTopicsAt({ host: options.host, port: ports[0]! }, topics);
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    return cluster;
  }

  get clusterId(): string {
    return this.#directory.layout.clusterId;
  }

  get nodeIds(): readonly number[] {
    return [...this.#members.keys()];
  }

  /** Of all brokers, also those that are down. */
  get bootstrapServers(): string {
    const { host } = this.#options;
    const address = host.includes(':') ? `[${host}]` : host;
    return [...this.#members.values()].map(({ port }) => `${address}:${port}`).join(',');
  }

  /** Null while none is active. */
  get controllerId(): number | null {
    return this.#reachable().find(({ quorum }) => quorum.controller.active)?.nodeId ?? null;
  }

  /** As the controller knows it, or else any broker; null where the partition has no leader, or does not exist. */
  leaderOf(topic: string, partition: number): number | null {
    const members = this.#reachable();
    const asked = members.find(({ quorum }) => quorum.controller.active) ?? members[0];
    const leader = asked?.quorum.image.topicsByName.get(topic)?.partitions.get(partition)?.leader ?? NO_LEADER;
    return leader === NO_LEADER ? null : leader;
  }

  /** Resolves when it is down. Nothing happens where it is. */
  kill(nodeId: number): Promise<void> {
    return this.#change(nodeId, async (member) => {
      const { node } = member;
      member.node = null;
      await node?.kill();
    });
  }

  /** Stops it cleanly where it runs, and starts it. Resolves when it serves. */
  restart(nodeId: number): Promise<void> {
    return this.#change(nodeId, async (member) => {
      const { node } = member;
      member.node = null;
      // Who is cut off cannot take leave of anyone.
      await (member.isIsolated ? node?.kill() : node?.stop());
      await this.#start(member);
    });
  }

  /** Resolves at once. */
  isolate(nodeId: number): Promise<void> {
    return this.#change(nodeId, async (member) => {
      if (member.node === null) throw new ClusterError(`Broker ${nodeId} is down, it cannot be isolated.`);
      member.isIsolated = true;
      member.network.cut();
    });
  }

  heal(nodeId: number): Promise<void> {
    return this.#change(nodeId, async (member) => {
      member.isIsolated = false;
      member.network.mend();
    });
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    const members = [...this.#members.values()];
    await Promise.allSettled(members.map(({ change }) => change));
    for (const member of members) member.network.mend();
    const nodes = members.flatMap(({ node }) => (node === null ? [] : [node]));
    // While there is a quorum to say it to, all say that they leave.
    await Promise.all(nodes.map((node) => node.leaveCluster()));
    await Promise.all(nodes.map((node) => node.stop()));
    this.#directory.close();
  }

  #change(nodeId: number, action: (member: Member) => Promise<void>): Promise<void> {
    const member = this.#members.get(nodeId);
    if (member === undefined) {
      return Promise.reject(new ClusterError(`There is no broker ${nodeId}: they are ${this.nodeIds.join(', ')}.`));
    }
    if (this.#stopping !== null) return Promise.reject(new ClusterError('The cluster has been stopped.'));
    const changed = member.change.then(() => action(member));
    member.change = changed.catch(() => undefined);
    return changed;
  }

  async #start(member: Member): Promise<void> {
    const { brokers, host, dataDir, settings, policies, logger } = this.#options;
    const { nodeId, port, fileSystem } = member;
    const { layout } = this.#directory;
    const flags = memberSettings(layout, { nodeId, host, port, dataDir: this.#directory.memberPath(nodeId) });
    member.isIsolated = false;
    member.network.mend();
    member.node = await Node.start({
      config: loadNodeConfig({ flags, overrides: settings, clusterSize: brokers }),
      ephemeral: dataDir === null,
      format: true,
      clusterId: layout.clusterId,
      quorum: memberQuorum(layout, nodeId, this.#directory.isFormed),
      topics: [],
      policies: policies ?? {},
      logger: logger.child('node', { node: nodeId }),
      fileSystem,
      platform: { ...systemPlatform, listen: member.network.listen, openSocket: member.network.openSocket },
      observer: {
        quorumOpened: (quorum) => {
          member.quorum = quorum;
        },
        brokerMade: () => undefined,
      },
      onFatal: () => {
        member.node = null;
      },
    });
  }

  #reachable(): { readonly nodeId: number; readonly quorum: MetadataQuorum }[] {
    return [...this.#members.values()].flatMap(({ nodeId, node, quorum, isIsolated }) =>
      node === null || quorum === null || isIsolated ? [] : [{ nodeId, quorum }],
    );
  }
}

function newMemory(): MemoryFileSystem {
  return new MemoryFileSystem({ nowMs: () => systemClock.nowMs() });
}
