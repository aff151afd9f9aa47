/**
 * The hint that comes with NOT_LEADER_OR_FOLLOWER and FENCED_LEADER_EPOCH (KIP-951): who leads now and where, so that
 * the client needs no Metadata request.
 */
import type { InputOf } from '../wire/codec.ts';
import type { produceResponse } from '../wire/schema/produce.ts';
import type { ConnectionContext } from './handler.ts';
import { endpointFor, type MetadataView } from './metadata-view.ts';

export type NodeEndpoint = NonNullable<InputOf<typeof produceResponse>['nodeEndpoints']>[number];

export class CurrentLeaders {
  readonly #metadata: MetadataView;
  readonly #connection: ConnectionContext;
  readonly #endpoints = new Map<number, NodeEndpoint>();

  constructor(metadata: MetadataView, connection: ConnectionContext) {
    this.#metadata = metadata;
    this.#connection = connection;
  }

  /** Both -1 where the metadata knows none. The leader's endpoint is noted for `endpoints`. */
  find(topic: string, partition: number): { leaderId: number; leaderEpoch: number } {
    const { image } = this.#metadata;
    const known = image.topicsByName.get(topic)?.partitions.get(partition);
    if (known === undefined) return { leaderId: -1, leaderEpoch: -1 };
    const broker = image.brokers.get(known.leader);
    const endpoint = broker === undefined ? null : endpointFor(broker, this.#metadata, this.#connection);
    if (broker !== undefined && endpoint !== null) {
      this.#endpoints.set(broker.brokerId, { nodeId: broker.brokerId, ...endpoint, rack: broker.rack });
    }
    return { leaderId: known.leader, leaderEpoch: known.leaderEpoch };
  }

  get endpoints(): NodeEndpoint[] {
    return [...this.#endpoints.values()];
  }
}
