/**
 * Carries the markers of transactions to the brokers that lead their partitions: all that come up for one broker in one turn
 * of the event loop go in one WriteTxnMarkers.
 */
import type { TransactionEnd } from '../coordinator/shard.ts';
import { type ErrorName, errorName } from '../wire/errors.ts';
import type { NodeClient } from '../wire/node-client.ts';
import {
  type WriteTxnMarkersResponse,
  writeTxnMarkersRequest,
  writeTxnMarkersResponse,
} from '../wire/schema/write-txn-markers.ts';
import type { BrokerPeers } from './broker-peers.ts';

interface Pending {
  readonly topic: string;
  readonly partition: number;
  readonly end: TransactionEnd;
  readonly answer: (error: ErrorName) => void;
}

export class RemoteMarkers {
  readonly #peers: Pick<BrokerPeers, 'clientOf'>;
  readonly #pending = new Map<number, Pending[]>();

  constructor(peers: Pick<BrokerPeers, 'clientOf'>) {
    this.#peers = peers;
  }

  /** NONE when the marker is committed there. */
  endTransaction(
    leaderId: number,
    { topic, partition }: { readonly topic: string; readonly partition: number },
    end: TransactionEnd,
  ): Promise<ErrorName> {
    return new Promise((answer) => {
      const pending = this.#pending.get(leaderId);
      const marker = { topic, partition, end, answer };
      if (pending !== undefined) {
        pending.push(marker);
        return;
      }
      this.#pending.set(leaderId, [marker]);
      queueMicrotask(() => this.#send(leaderId));
    });
  }

  #send(leaderId: number): void {
    const markers = this.#pending.get(leaderId) ?? [];
    this.#pending.delete(leaderId);
    const client = this.#peers.clientOf(leaderId);
    if (client === null) {
      for (const { answer } of markers) answer('NOT_LEADER_OR_FOLLOWER');
      return;
    }
    this.#ask(client, markers).then(
      (errorOf) => {
        for (const marker of markers) marker.answer(errorOf(marker));
      },
      () => {
        for (const { answer } of markers) answer('NETWORK_EXCEPTION');
      },
    );
  }

  async #ask(client: NodeClient, markers: readonly Pending[]): Promise<(marker: Pending) => ErrorName> {
    // One producer may end several transactions, but not in one turn: the first must be complete.
    const byProducer = new Map<number, Pending[]>();
    for (const marker of markers) {
      const others = byProducer.get(marker.end.producerId);
      if (others === undefined) byProducer.set(marker.end.producerId, [marker]);
      else others.push(marker);
    }
    const exchange = { request: writeTxnMarkersRequest, response: writeTxnMarkersResponse };
    const { body } = await client.send(exchange, {
      body: {
        markers: Array.from(byProducer.values(), (ends) => {
          const { producerId, producerEpoch, coordinatorEpoch, committed } = ends[0]!.end;
          return {
            producerId,
            producerEpoch,
            coordinatorEpoch,
            transactionResult: committed,
            topics: byTopic(ends),
          };
        }),
      },
    });
    return (marker) => errorFor(body, marker);
  }
}

function byTopic(markers: readonly Pending[]): { name: string; partitionIndexes: number[] }[] {
  const topics = new Map<string, number[]>();
  for (const { topic, partition } of markers) topics.set(topic, [...(topics.get(topic) ?? []), partition]);
  return Array.from(topics, ([name, partitionIndexes]) => ({ name, partitionIndexes }));
}

function errorFor({ markers }: WriteTxnMarkersResponse, { topic, partition, end }: Pending): ErrorName {
  const answered = markers
    .find(({ producerId }) => producerId === end.producerId)
    ?.topics.find(({ name }) => name === topic)
    ?.partitions.find(({ partitionIndex }) => partitionIndex === partition);
  return answered === undefined ? 'UNKNOWN_SERVER_ERROR' : errorName(answered.errorCode);
}
