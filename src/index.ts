/**
 * Ottla as a library: a broker inside this process, for tests and tools.
 *
 * @example
 * const broker = await Broker.start({ port: 0, ephemeral: true });
 * try {
 *   // any Kafka client, at broker.bootstrapServers
 * } finally {
 *   await broker.stop();
 * }
 *
 * @example
 * const cluster = await Broker.start({ brokers: 3, port: 0, ephemeral: true });
 * await cluster.kill(cluster.leaderOf('orders') ?? 1);
 */
import { type Logger, silentLogger } from './base/logger.ts';
import { loadNodeConfig } from './config/node-config.ts';
import type { Policies } from './controller/policies.ts';
import { LocalCluster } from './node/local-cluster.ts';
import type { TopicSpec } from './node/topic-spec.ts';
import { Node } from './node.ts';

export type { Logger } from './base/logger.ts';
export type { ChangedConfigs, NewTopic, Policies } from './controller/policies.ts';

/** A topic to create at start unless it exists. */
export interface BrokerTopic {
  readonly name: string;
  /** `num.partitions` when left out. */
  readonly partitions?: number;
  /** `default.replication.factor` when left out. */
  readonly replicas?: number;
  /** Topic settings by Kafka's names, such as `{ 'cleanup.policy': 'compact' }`. */
  readonly configs?: Readonly<Record<string, string>>;
}

export interface BrokerOptions {
  /** Port to listen on; 0 takes a free one, which `bootstrapServers` then tells. 9092 when left out. */
  readonly port?: number;
  /** Address to listen on. 127.0.0.1 when left out. */
  readonly host?: string;
  /** Keeps everything in memory: no file is written, nothing is left behind. */
  readonly ephemeral?: boolean;
  /** Where the data is; formatted when empty. `./data` when left out. Not together with `ephemeral`. */
  readonly dataDir?: string;
  /** Any of Kafka's broker settings, as text: `{ 'num.partitions': '3' }`. */
  readonly config?: Readonly<Record<string, string>>;
  readonly topics?: readonly BrokerTopic[];
  /**
   * Say no to new topics and changed configs by throwing: the client gets POLICY_VIOLATION and the message. They take the place
   * of Kafka's `create.topic.policy.class.name` and `alter.config.policy.class.name`.
   */
  readonly policies?: Policies;
  /** Port of `/metrics`, `/healthz` and `/readyz` on 127.0.0.1; 0 takes a free one, which `metricsPort` tells. Off when left out. */
  readonly metricsPort?: number;
  /** Where log lines go; nowhere when left out. */
  readonly logger?: Logger;
}

/** As for one broker, but `port` is that of the first; the others count up from it. */
export interface ClusterOptions extends Omit<BrokerOptions, 'metricsPort'> {
  /** How many. Their ids are 1, 2, …; the first three are controllers, too (of one or two brokers only the first). */
  readonly brokers: number;
}

/** Set by `Cluster`, whose constructor is its own. */
let startCluster: (options: ClusterOptions) => Promise<Cluster>;

/** A running broker. Each is its own: many can run in one process. */
export class Broker implements AsyncDisposable {
  readonly #node: Node;

  private constructor(node: Node) {
    this.#node = node;
  }

  /**
   * Starts a broker; resolves when it serves.
   *
   * Rejects with an error whose message is a sentence for the user: the port is taken, the directory is in use by another
   * broker or belongs to another cluster, a setting is invalid.
   *
   * With `brokers`, starts that many, joined to a cluster, and gives what a test can do to them.
   */
  static start(options: ClusterOptions): Promise<Cluster>;
  static start(options?: BrokerOptions): Promise<Broker>;
  static async start(options: BrokerOptions | ClusterOptions = {}): Promise<Broker | Cluster> {
    if (options.ephemeral === true && options.dataDir !== undefined) {
      throw new Error('ephemeral and dataDir exclude each other: an ephemeral broker writes no files');
    }
    return 'brokers' in options && options.brokers !== undefined ? startCluster(options) : Broker.#start(options);
  }

  static async #start(options: BrokerOptions): Promise<Broker> {
    const host = options.host ?? '127.0.0.1';
    const flags = new Map([
      ['listeners', `PLAINTEXT://${host.includes(':') ? `[${host}]` : host}:${options.port ?? 9092}`],
    ]);
    if (options.dataDir !== undefined) flags.set('log.dirs', options.dataDir);
    if (options.metricsPort !== undefined) flags.set('ottla.metrics.port', String(options.metricsPort));
    const config = loadNodeConfig({ flags, overrides: new Map(Object.entries(options.config ?? {})) });
    const node = await Node.start({
      config,
      ephemeral: options.ephemeral ?? false,
      format: true,
      topics: (options.topics ?? []).map(topicSpec),
      logger: options.logger ?? silentLogger,
      ...(options.policies === undefined ? {} : { policies: options.policies }),
    });
    return new Broker(node);
  }

  /** What a client's `bootstrap.servers` (or `brokers`) takes: `host:port`. */
  get bootstrapServers(): string {
    return this.#node.bootstrapServers;
  }

  get nodeId(): number {
    return this.#node.nodeId;
  }

  /** Where metrics and health are served; null: nowhere. */
  get metricsPort(): number | null {
    return this.#node.metricsPort;
  }

  /** 22 characters, as Kafka writes it. */
  get clusterId(): string {
    return this.#node.clusterId;
  }

  /** Stops cleanly: requests in hand are finished, everything is written. Harmless when called again. */
  stop(): Promise<void> {
    return this.#node.stop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

/** Several running brokers in this process, joined to one cluster by real sockets. */
export class Cluster implements AsyncDisposable {
  readonly #cluster: LocalCluster;

  /** By `Broker.start({ brokers })`. */
  private constructor(cluster: LocalCluster) {
    this.#cluster = cluster;
  }

  static {
    startCluster = async (options) => {
      const { brokers, port = 9092, host = '127.0.0.1', ephemeral, dataDir = './data', policies } = options;
      const cluster = await LocalCluster.start({
        brokers,
        port,
        host,
        dataDir: ephemeral === true ? null : dataDir,
        settings: new Map(Object.entries(options.config ?? {})),
        topics: (options.topics ?? []).map(topicSpec),
        policies,
        logger: options.logger ?? silentLogger,
      });
      return new Cluster(cluster);
    };
  }

  /** Of all brokers, those that are down included: what a client's `bootstrap.servers` takes; split at the comma for `brokers`. */
  get bootstrapServers(): string {
    return this.#cluster.bootstrapServers;
  }

  /** 1, 2, … */
  get nodeIds(): readonly number[] {
    return this.#cluster.nodeIds;
  }

  /** 22 characters, as Kafka writes it. */
  get clusterId(): string {
    return this.#cluster.clusterId;
  }

  /** The broker whose controller is the active one; null while none is, or only one that is isolated. */
  get controllerId(): number | null {
    return this.#cluster.controllerId;
  }

  /** Null where the partition has no leader, or does not exist. Brokers that are isolated are not asked. */
  leaderOf(topic: string, partition = 0): number | null {
    return this.#cluster.leaderOf(topic, partition);
  }

  /**
   * Ends a broker as `kill -9` would: nobody is told, nothing is closed. The others notice when its session is over
   * (`broker.session.timeout.ms`, 3 s here). Harmless where it is down.
   */
  kill(nodeId: number): Promise<void> {
    return this.#cluster.kill(nodeId);
  }

  /** Starts a broker that is down, with the data that it had; one that runs is stopped cleanly before. Resolves when it serves. */
  restart(nodeId: number): Promise<void> {
    return this.#cluster.restart(nodeId);
  }

  /** Cuts a broker off: it reaches no other and nobody reaches it, clients included, until `heal`. It runs on meanwhile. */
  isolate(nodeId: number): Promise<void> {
    return this.#cluster.isolate(nodeId);
  }

  heal(nodeId: number): Promise<void> {
    return this.#cluster.heal(nodeId);
  }

  /** Stops all cleanly. Harmless when called again. */
  stop(): Promise<void> {
    return this.#cluster.stop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

function topicSpec({ name, partitions, replicas, configs }: BrokerTopic): TopicSpec {
  return {
    name,
    partitions: partitions ?? -1,
    replicationFactor: replicas ?? -1,
    configs: new Map(Object.entries(configs ?? {})),
  };
}
