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
 */
import { type Logger, silentLogger } from './base/logger.ts';
import { loadNodeConfig } from './config/node-config.ts';
import type { Policies } from './controller/policies.ts';
import { Node } from './node.ts';

export type { Logger } from './base/logger.ts';
export type { ChangedConfigs, NewTopic, Policies } from './controller/policies.ts';

/** A topic to create at start unless it exists. */
export interface BrokerTopic {
  readonly name: string;
  /** `num.partitions` when left out. */
  readonly partitions?: number;
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
  /** Clusters of several brokers do not exist yet. */
  readonly brokers?: 1;
}

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
   */
  static async start(options: BrokerOptions = {}): Promise<Broker> {
    if (options.ephemeral === true && options.dataDir !== undefined) {
      throw new Error('ephemeral and dataDir exclude each other: an ephemeral broker writes no files');
    }
    if (options.brokers !== undefined && options.brokers !== 1) {
      throw new Error('a cluster of several brokers cannot be started yet: leave `brokers` out');
    }
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
      topics: (options.topics ?? []).map(({ name, partitions, configs }) => ({
        name,
        partitions: partitions ?? -1,
        replicationFactor: -1,
        configs: new Map(Object.entries(configs ?? {})),
      })),
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
