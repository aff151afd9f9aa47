/** Connections to other brokers, by id: made when first needed, anew when a broker has moved. */
import type { MetadataImage } from '../metadata/metadata-image.ts';
import type { NodeClient, NodeClients } from '../wire/node-client.ts';
import type { NodeAddress } from './controller-channel.ts';

export interface BrokerPeersOptions {
  /** Of the listener by which brokers reach each other. */
  readonly listenerName: string;
  readonly image: () => MetadataImage;
  readonly clients: NodeClients;
}

export class BrokerPeers {
  readonly #options: BrokerPeersOptions;
  readonly #peers = new Map<number, { readonly address: NodeAddress; readonly client: NodeClient }>();
  #closed = false;

  constructor(options: BrokerPeersOptions) {
    this.#options = options;
  }

  /** Null where the broker has no such listener, or is not registered. */
  addressOf(brokerId: number): NodeAddress | null {
    const { image, listenerName } = this.#options;
    const { listeners = [] } = image().brokers.get(brokerId) ?? {};
    return listeners.find(({ name }) => name === listenerName) ?? null;
  }

  /** Null where it is not known how to reach the broker. */
  clientOf(brokerId: number): NodeClient | null {
    const address = this.addressOf(brokerId);
    if (address === null || this.#closed) return null;
    const known = this.#peers.get(brokerId);
    if (known !== undefined && known.address.host === address.host && known.address.port === address.port) {
      return known.client;
    }
    known?.client.close();
    const client = this.#options.clients({ host: address.host, port: address.port });
    this.#peers.set(brokerId, { address, client });
    return client;
  }

  close(): void {
    this.#closed = true;
    for (const { client } of this.#peers.values()) client.close();
    this.#peers.clear();
  }
}
