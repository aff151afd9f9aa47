/**
 * Asks the transaction coordinator before a transactional batch may open a transaction in a partition (KIP-890). Without
 * it a batch that comes late, after its transaction has ended, would open one that nobody ever ends.
 *
 *     Produce up to v10    the partition must have been added     otherwise INVALID_TXN_STATE
 *     Produce v11          the same                               otherwise TRANSACTION_ABORTABLE
 *     Produce v12 on       the partition is added by the way
 *
 * A transaction that is open in the partition was verified when it began: its batches are not asked about.
 */
import type { Clock, Timer } from '../base/clock.ts';
import type { TransactionCoordinator } from '../coordinator/transaction/transaction-coordinator.ts';
import type { TopicPartitions } from '../coordinator/transaction/transaction-metadata.ts';
import type { AppendEntry, TransactionVerification } from '../replication/append-records.ts';
import type { HostedPartitions } from '../replication/hosted-partitions.ts';
import type { TransactionStart } from '../replication/transactions.ts';
import { type ErrorName, KafkaError } from '../wire/errors.ts';

export interface ProduceVerificationServices {
  readonly transactions: Pick<TransactionCoordinator, 'addPartitions' | 'verifyPartitions'>;
  readonly partitions: Pick<HostedPartitions, 'startTransactionVerification'>;
  readonly clock: Clock;
  readonly timer: Timer;
  readonly transactionSettings: {
    /** `transaction.partition.verification.enable` */
    readonly verificationEnabled: () => boolean;
    /** `add.partitions.to.txn.retry.backoff.ms` and `.max.ms` */
    readonly retryBackoffMs: number;
    readonly retryBackoffMaxMs: number;
  };
}

type Unverified = Extract<TransactionStart, { kind: 'unverified' }>;

const firstVersionThatKnowsAbortable = 11;
const firstVersionThatAddsPartitions = 12;
const clientTransactionVersion = 2;

export class ProduceVerification {
  readonly #services: ProduceVerificationServices;

  constructor(services: ProduceVerificationServices) {
    this.#services = services;
  }

  /** The entries with what was found out about them; the same ones, at once, where there is nothing to ask. */
  verify(
    transactionalId: string | null,
    produceVersion: number,
    entries: readonly AppendEntry[],
  ): readonly AppendEntry[] | Promise<readonly AppendEntry[]> {
    const { transactionSettings, partitions } = this.#services;
    if (transactionalId === null) return entries;
    // Adding is not verifying: without it the partition would never hear of the transaction's end.
    const adds = produceVersion >= firstVersionThatAddsPartitions;
    if (!adds && !transactionSettings.verificationEnabled()) return entries;
    const starts = partitions.startTransactionVerification(entries);
    const unverified = starts.filter((start): start is Unverified => start.kind === 'unverified');
    ensureOneProducer(starts);
    if (unverified.length === 0) return entries.map((entry, index) => withVerification(entry, starts[index]!, null));
    const asked = entries.filter((_entry, index) => starts[index]!.kind === 'unverified');
    const { producerId, producerEpoch } = unverified[0]!;
    const producer = { transactionalId, producerId, producerEpoch, partitions: byTopic(asked) };
    const answers = adds ? this.#add(producer) : this.#verify(producer, produceVersion);
    return answers.then((errorOf) =>
      entries.map((entry, index) => withVerification(entry, starts[index]!, errorOf(entry), produceVersion)),
    );
  }

  async #verify(
    producer: Parameters<TransactionCoordinator['verifyPartitions']>[0],
    produceVersion: number,
  ): Promise<(entry: AppendEntry) => ErrorName> {
    const results = await this.#services.transactions.verifyPartitions(producer);
    const errors = new Map(results.map(({ topic, partition, error }) => [`${topic}-${partition}`, error]));
    return ({ topic, partition }) => {
      const error = errors.get(`${topic}-${partition}`) ?? 'UNKNOWN_SERVER_ERROR';
      const unknownToClient = error === 'TRANSACTION_ABORTABLE' && produceVersion < firstVersionThatKnowsAbortable;
      return unknownToClient ? 'INVALID_TXN_STATE' : error;
    };
  }

  /** The transaction before may still wait for its markers, which takes milliseconds: worth waiting for here. */
  async #add(
    producer: Parameters<TransactionCoordinator['verifyPartitions']>[0],
  ): Promise<(entry: AppendEntry) => ErrorName> {
    const { transactions, clock, timer, transactionSettings } = this.#services;
    const startedMs = clock.monotonicMs();
    for (;;) {
      const error = await transactions.addPartitions({ ...producer, clientTransactionVersion });
      const waitedMs = clock.monotonicMs() - startedMs;
      if (error !== 'CONCURRENT_TRANSACTIONS' || waitedMs >= transactionSettings.retryBackoffMaxMs) return () => error;
      await new Promise<void>((resolve) => {
        timer.schedule(transactionSettings.retryBackoffMs, resolve);
      });
    }
  }
}

function ensureOneProducer(starts: readonly TransactionStart[]): void {
  let first: Unverified | Extract<TransactionStart, { kind: 'ongoing' }> | null = null;
  for (const start of starts) {
    if (start.kind !== 'unverified' && start.kind !== 'ongoing') continue;
    first ??= start;
    if (first.producerId !== start.producerId || first.producerEpoch !== start.producerEpoch) {
      throw new KafkaError('INVALID_PRODUCER_ID_MAPPING', 'Transactional records contained more than one producer ID');
    }
  }
}

function byTopic(entries: readonly AppendEntry[]): readonly TopicPartitions[] {
  const found = new Map<string, Set<number>>();
  for (const { topic, partition } of entries) {
    const partitions = found.get(topic);
    if (partitions === undefined) found.set(topic, new Set([partition]));
    else partitions.add(partition);
  }
  return [...found].map(([topic, partitions]) => ({ topic, partitions: [...partitions] }));
}

function withVerification(
  entry: AppendEntry,
  start: TransactionStart,
  error: ErrorName | null,
  produceVersion = 0,
): AppendEntry {
  switch (start.kind) {
    case 'not-transactional':
      return entry;
    case 'failed':
      // The append finds the same, or the partition has come back.
      return entry;
    case 'ongoing':
      return { ...entry, verification: { kind: 'verified', guard: start.guard } };
    case 'unverified':
      if (error === 'NONE') return { ...entry, verification: { kind: 'verified', guard: start.guard } };
      return { ...entry, verification: refusal(error ?? 'UNKNOWN_SERVER_ERROR', produceVersion) };
  }
}

/** What a producer understands; NOT_ENOUGH_REPLICAS makes every producer try again without asking for metadata first. */
function refusal(error: ErrorName, produceVersion: number): TransactionVerification {
  switch (error) {
    case 'PRODUCER_FENCED':
      return { kind: 'refused', error: 'INVALID_PRODUCER_EPOCH', message: null };
    case 'INVALID_TXN_STATE':
      return { kind: 'refused', error, message: 'Partition was not added to the transaction' };
    case 'CONCURRENT_TRANSACTIONS':
      if (produceVersion >= firstVersionThatAddsPartitions) return { kind: 'refused', error, message: null };
      break;
    case 'NETWORK_EXCEPTION':
    case 'COORDINATOR_LOAD_IN_PROGRESS':
    case 'COORDINATOR_NOT_AVAILABLE':
    case 'NOT_COORDINATOR':
      break;
    default:
      return { kind: 'refused', error, message: null };
  }
  return {
    kind: 'refused',
    error: 'NOT_ENOUGH_REPLICAS',
    message: `Unable to verify the partition has been added to the transaction. Underlying error: ${error}`,
  };
}
