/**
 * The transaction coordinator of a transactional id, wherever it is: in this process, or on the broker that leads its
 * partition of `__transaction_state` (KIP-890). For brokers that verify what producers send them.
 */
import type { TransactionCoordinator } from '../coordinator/transaction/transaction-coordinator.ts';
import { type ErrorName, errorName } from '../wire/errors.ts';
import { addPartitionsToTxnRequest, addPartitionsToTxnResponse } from '../wire/schema/add-partitions-to-txn.ts';
import type { BrokerPeers } from './broker-peers.ts';

export type TransactionVerifier = Pick<TransactionCoordinator, 'addPartitions' | 'verifyPartitions'>;

export interface RemoteTransactionsOptions {
  readonly brokerId: number;
  readonly local: TransactionVerifier;
  /** Who leads the id's partition; -1 where nobody does. */
  readonly coordinatorOf: (transactionalId: string) => number;
  readonly peers: Pick<BrokerPeers, 'clientOf'>;
}

type Producer = Parameters<TransactionVerifier['verifyPartitions']>[0];
type Verified = Awaited<ReturnType<TransactionVerifier['verifyPartitions']>>;

/** The versions in which brokers ask. */
const VERSIONS = { min: 4, max: 5 };

export class RemoteTransactions implements TransactionVerifier {
  readonly #options: RemoteTransactionsOptions;

  constructor(options: RemoteTransactionsOptions) {
    this.#options = options;
  }

  async addPartitions(request: Parameters<TransactionVerifier['addPartitions']>[0]): Promise<ErrorName> {
    if (this.#isLocal(request.transactionalId)) return this.#options.local.addPartitions(request);
    const results = await this.#ask(request, false);
    return results.find(({ error }) => error !== 'NONE')?.error ?? 'NONE';
  }

  async verifyPartitions(request: Producer): ReturnType<TransactionVerifier['verifyPartitions']> {
    if (this.#isLocal(request.transactionalId)) return this.#options.local.verifyPartitions(request);
    return this.#ask(request, true);
  }

  /** A coordinator that is nowhere is told by the local one in the right words. */
  #isLocal(transactionalId: string): boolean {
    const coordinator = this.#options.coordinatorOf(transactionalId);
    return coordinator === this.#options.brokerId || coordinator === -1;
  }

  async #ask(producer: Producer, verifyOnly: boolean): Promise<Verified> {
    const { transactionalId, producerId, producerEpoch, partitions } = producer;
    const all = (error: ErrorName): Verified =>
      partitions.flatMap(({ topic, partitions: indexes }) => indexes.map((partition) => ({ topic, partition, error })));
    const client = this.#options.peers.clientOf(this.#options.coordinatorOf(transactionalId));
    if (client === null) return all('COORDINATOR_NOT_AVAILABLE');
    const topics = partitions.map(({ topic, partitions: indexes }) => ({ name: topic, partitions: indexes }));
    const exchange = { request: addPartitionsToTxnRequest, response: addPartitionsToTxnResponse };
    try {
      const { body } = await client.send(exchange, {
        versions: VERSIONS,
        body: { transactions: [{ transactionalId, producerId, producerEpoch, verifyOnly, topics }] },
      });
      if (body.errorCode !== 0) return all(errorName(body.errorCode));
      const [answer] = body.resultsByTransaction;
      if (answer === undefined) return all('UNKNOWN_SERVER_ERROR');
      return answer.topicResults.flatMap(({ name, resultsByPartition }) =>
        resultsByPartition.map(({ partitionIndex, partitionErrorCode }) => ({
          topic: name,
          partition: partitionIndex,
          error: errorName(partitionErrorCode),
        })),
      );
    } catch {
      return all('NETWORK_EXCEPTION');
    }
  }
}
