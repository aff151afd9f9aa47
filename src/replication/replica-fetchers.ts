/**
 * The fetchers of a broker: per leader `num.replica.fetchers`, made when there is something to fetch and closed when there
 * is nothing left (Kafka's ReplicaFetcherManager).
 */
import type { Logger } from '../base/logger.ts';
import type { NodeClient } from '../wire/node-client.ts';
import type { FollowerRoles } from './hosted-partitions.ts';
import type { Partition } from './partition.ts';
import { ReplicaFetcher, type ReplicaFetcherOptions } from './replica-fetcher.ts';

export interface ReplicaFetchersOptions extends Omit<ReplicaFetcherOptions, 'leaderId' | 'client' | 'settings'> {
  readonly settings: () => ReplicaFetcherOptions['settings'];
  /** `num.replica.fetchers` */
  readonly fetchersPerLeader: () => number;
  /** Where the broker listens for other brokers; null where it is not known. */
  readonly addressOf: (brokerId: number) => { readonly host: string; readonly port: number } | null;
  readonly newClient: (address: { readonly host: string; readonly port: number }) => NodeClient;
  readonly logger: Logger;
}

export class ReplicaFetchers implements FollowerRoles {
  readonly #options: ReplicaFetchersOptions;
  /** By leader, address and number. */
  readonly #fetchers = new Map<string, ReplicaFetcher>();
  readonly #fetcherOf = new Map<Partition, string>();
  /** Their leader's address is not known. */
  readonly #waiting = new Set<Partition>();
  #closed = false;

  constructor(options: ReplicaFetchersOptions) {
    this.#options = options;
  }

  follow(partition: Partition): void {
    if (this.#closed) return;
    const { leader } = partition.state;
    const address = this.#options.addressOf(leader);
    if (address === null) {
      this.unfollow(partition);
      this.#waiting.add(partition);
      return;
    }
    this.#waiting.delete(partition);
    const number = hashOf(partition) % Math.max(1, this.#options.fetchersPerLeader());
    const key = `${leader}@${address.host}:${address.port}#${number}`;
    if (this.#fetcherOf.get(partition) !== key) this.unfollow(partition);
    let fetcher = this.#fetchers.get(key);
    if (fetcher === undefined) {
      const { newClient, settings } = this.#options;
      const client = newClient(address);
      fetcher = new ReplicaFetcher({ ...this.#options, leaderId: leader, client, settings: settings() });
      this.#fetchers.set(key, fetcher);
    }
    this.#fetcherOf.set(partition, key);
    fetcher.follow(partition);
  }

  unfollow(partition: Partition): void {
    this.#waiting.delete(partition);
    const key = this.#fetcherOf.get(partition);
    if (key === undefined) return;
    this.#fetcherOf.delete(partition);
    const fetcher = this.#fetchers.get(key);
    fetcher?.unfollow(partition);
    if (fetcher?.size !== 0) return;
    this.#fetchers.delete(key);
    fetcher.close();
  }

  /** Brokers came, went or moved. */
  brokersChanged(): void {
    for (const partition of [...this.#waiting, ...this.#fetcherOf.keys()]) this.follow(partition);
  }

  close(): void {
    this.#closed = true;
    for (const fetcher of this.#fetchers.values()) fetcher.close();
    this.#fetchers.clear();
    this.#fetcherOf.clear();
    this.#waiting.clear();
  }
}

function hashOf({ topic, partition }: Partition): number {
  let hash = partition;
  for (let i = 0; i < topic.length; i++) hash = (Math.imul(hash, 31) + topic.charCodeAt(i)) >>> 0;
  return hash;
}
