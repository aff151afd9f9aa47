/**
 * The transaction coordinator of a broker: finds the shard of each transactional id, gives it producer ids, and takes care
 * that the partitions of every decided transaction are told.
 *
 * Telling them goes on until each has its marker, is gone, or this broker no longer coordinates the id: the next
 * coordinator finds the decision in its log and goes on. A marker told twice does no harm.
 */
import type { Clock, Timer, TimerHandle } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import type { ErrorName } from '../../wire/errors.ts';
import type { CoordinatorCounters } from '../counters.ts';
import { partitionForKey } from '../partition-for-key.ts';
import type { PartitionWriter } from '../partition-writer.ts';
import { CoordinatorRuntime } from '../runtime.ts';
import type { Outcome } from '../shard.ts';
import type {
  NeedsProducerId,
  TransactionCommand,
  TransactionReply,
  TransactionResponse,
  TransactionResponses,
} from './commands.ts';
import {
  type AddPartitionsInput,
  type DecidedTransaction,
  type DescribedTransaction,
  type EndTransactionInput,
  type InitProducerIdInput,
  type ListedTransaction,
  type ListTransactionsResult,
  type MarkerWriter,
  type PartitionVerification,
  type ProducerIdResult,
  type ProducerOfTransaction,
  TRANSACTION_STATE_TOPIC,
  type TransactionCoordinator,
  type TransactionFilters,
  type VerifyPartitionsInput,
} from './transaction-coordinator.ts';
import { transactionStates } from './transaction-metadata.ts';
import { type TransactionLogRecord, transactionRecordCodec } from './transaction-records.ts';
import { producerFailure, type TransactionConfig, TransactionShard } from './transaction-shard.ts';

export interface TransactionCoordinatorOptions {
  readonly config: TransactionConfig;
  /** `transaction.max.timeout.ms` */
  readonly maxTimeoutMs: number;
  /** Of `__transaction_state`: of the topic where it exists, else `transaction.state.log.num.partitions`. */
  readonly partitionCount: () => number;
  readonly producerIds: { next(): Promise<number | 'COORDINATOR_LOAD_IN_PROGRESS'> };
  readonly markers: MarkerWriter;
  readonly writer: PartitionWriter;
  readonly clock: Clock;
  readonly timer: Timer;
  readonly logger: Logger;
  /** `transaction.state.log.load.buffer.size` */
  readonly loadBufferSize: number;
  /** `request.timeout.ms`: Kafka waits for the transaction's own timeout; requests do not wait that long. */
  readonly writeTimeoutMs: number;
  readonly queueCountMax: number;
  /** When to drain a shard's queue; a microtask when left out. */
  readonly defer?: (drain: () => void) => void;
}

const MARKER_RETRY_BACKOFF_MS = 100;

export class TransactionCoordinatorService implements TransactionCoordinator {
  readonly #options: TransactionCoordinatorOptions;
  readonly #runtime: CoordinatorRuntime<
    TransactionCommand,
    TransactionResponse,
    TransactionLogRecord,
    TransactionReply,
    TransactionShard
  >;
  /** Leader epoch of each partition of the state topic that is led here: the coordinator epoch of its markers. */
  readonly #coordinatorEpochs = new Map<number, number>();
  readonly #pauses = new Map<TimerHandle, () => void>();
  #active = true;

  constructor(options: TransactionCoordinatorOptions) {
    this.#options = options;
    this.#runtime = new CoordinatorRuntime({
      topic: TRANSACTION_STATE_TOPIC,
      newShard: (partition, registry) => new TransactionShard(options.config, partition, registry),
      codec: transactionRecordCodec,
      writer: options.writer,
      clock: options.clock,
      timer: options.timer,
      logger: options.logger,
      // Kafka never compresses this topic.
      compression: 'none',
      loadBufferSize: options.loadBufferSize,
      writeTimeoutMs: options.writeTimeoutMs,
      queueCountMax: options.queueCountMax,
      reply: (reply) => this.#reply(reply),
      ...(options.defer === undefined ? {} : { defer: options.defer }),
    });
  }

  /** What has been done since the start, all partitions together. */
  get counters(): CoordinatorCounters {
    return this.#runtime.counters;
  }

  elected(partition: number, leaderEpoch: number): void {
    if (this.#active) void this.load(partition, leaderEpoch);
  }

  /** As `elected`, for callers that want to know when the shard serves. */
  load(partition: number, leaderEpoch: number): Promise<void> {
    if (leaderEpoch > (this.#coordinatorEpochs.get(partition) ?? -1)) {
      this.#coordinatorEpochs.set(partition, leaderEpoch);
    }
    return this.#runtime.load(partition, leaderEpoch);
  }

  resigned(partition: number, leaderEpoch: number | null): void {
    const known = this.#coordinatorEpochs.get(partition);
    if (known !== undefined && (leaderEpoch === null || leaderEpoch >= known)) {
      this.#coordinatorEpochs.delete(partition);
    }
    this.#runtime.unload(partition, leaderEpoch);
  }

  /** Answers everything that waits; requests fail with COORDINATOR_NOT_AVAILABLE from now on. */
  close(): void {
    this.#active = false;
    this.#coordinatorEpochs.clear();
    this.#runtime.close();
    for (const [timer, go] of this.#pauses) {
      timer.cancel();
      go();
    }
    this.#pauses.clear();
  }

  partitionFor(transactionalId: string): number {
    return partitionForKey(transactionalId, this.#options.partitionCount());
  }

  async initProducerId(input: InitProducerIdInput): Promise<ProducerIdResult> {
    const { transactionalId, timeoutMs } = input;
    if (transactionalId === null) {
      const producerId = await this.#options.producerIds.next();
      return typeof producerId === 'string'
        ? producerFailure(producerId)
        : { error: 'NONE', producerId, producerEpoch: 0 };
    }
    if (!this.#active) return producerFailure('COORDINATOR_NOT_AVAILABLE');
    if (transactionalId === '') return producerFailure('INVALID_REQUEST');
    if (timeoutMs <= 0 || timeoutMs > this.#options.maxTimeoutMs) return producerFailure('INVALID_TRANSACTION_TIMEOUT');
    const withId = { ...input, transactionalId };
    return this.#withProducerId((newProducerId) =>
      this.#submit(transactionalId, { kind: 'initProducerId', input: withId, newProducerId }),
    );
  }

  async addPartitions(input: AddPartitionsInput): Promise<ErrorName> {
    if (!this.#active) return 'COORDINATOR_NOT_AVAILABLE';
    if (input.transactionalId === '') return 'INVALID_REQUEST';
    const outcome = await this.#submit(input.transactionalId, { kind: 'addPartitions', input });
    return outcome.kind === 'done' ? outcome.value : toTransactionError(outcome.error);
  }

  async verifyPartitions(input: VerifyPartitionsInput): Promise<readonly PartitionVerification[]> {
    const failed = (error: ErrorName): readonly PartitionVerification[] =>
      input.partitions.flatMap(({ topic, partitions }) =>
        partitions.map((partition) => ({ topic, partition, error: toTransactionError(error) })),
      );
    if (!this.#active) return failed('COORDINATOR_NOT_AVAILABLE');
    if (input.transactionalId === '') return failed('INVALID_REQUEST');
    const outcome = await this.#submit(input.transactionalId, { kind: 'verifyPartitions', input });
    return outcome.kind === 'done' ? outcome.value : failed(outcome.error);
  }

  async endTransaction(input: EndTransactionInput): Promise<ProducerIdResult> {
    if (!this.#active) return producerFailure('COORDINATOR_NOT_AVAILABLE');
    if (input.transactionalId === '') return producerFailure('INVALID_REQUEST');
    return this.#withProducerId((newProducerId) =>
      this.#submit(input.transactionalId, { kind: 'endTransaction', input, newProducerId }),
    );
  }

  listTransactions(filters: TransactionFilters): ListTransactionsResult {
    if (!this.#active) return { error: 'COORDINATOR_NOT_AVAILABLE', unknownStates: [], transactions: [] };
    const known: readonly string[] = transactionStates;
    const unknownStates = filters.states.filter((state) => !known.includes(state));
    const transactions: ListedTransaction[] = [];
    const nowMs = this.#options.clock.nowMs();
    for (const partition of this.#runtime.partitions()) {
      const outcome = this.#runtime.read(partition, (shard, committed) => shard.list(filters, committed, nowMs));
      if (outcome.kind === 'done') transactions.push(...outcome.value);
      else if (outcome.error !== 'NOT_COORDINATOR') {
        return { error: outcome.error, unknownStates: [], transactions: [] };
      }
    }
    return { error: 'NONE', unknownStates, transactions };
  }

  describeTransaction(transactionalId: string): DescribedTransaction {
    if (!this.#active) return undescribed(transactionalId, 'COORDINATOR_NOT_AVAILABLE');
    if (transactionalId === '') return undescribed(transactionalId, 'INVALID_REQUEST');
    const outcome = this.#runtime.read(this.partitionFor(transactionalId), (shard, committed) =>
      shard.describe(transactionalId, committed),
    );
    if (outcome.kind === 'failed') return undescribed(transactionalId, outcome.error);
    return outcome.value ?? undescribed(transactionalId, 'TRANSACTIONAL_ID_NOT_FOUND');
  }

  /** Most commands need no new producer id, so one is taken only for those that say so. */
  async #withProducerId(
    submit: (newProducerId: number | null) => Promise<Outcome<ProducerIdResult | NeedsProducerId>>,
  ): Promise<ProducerIdResult> {
    let outcome = await submit(null);
    if (outcome.kind === 'done' && outcome.value === 'needsProducerId') {
      const producerId = await this.#options.producerIds.next();
      if (typeof producerId === 'string') return producerFailure(producerId);
      outcome = await submit(producerId);
    }
    if (outcome.kind === 'failed') return producerFailure(toTransactionError(outcome.error));
    // With an id at hand no command asks for one.
    return outcome.value === 'needsProducerId' ? producerFailure('UNKNOWN_SERVER_ERROR') : outcome.value;
  }

  #submit<K extends TransactionCommand['kind']>(
    transactionalId: string,
    command: Extract<TransactionCommand, { kind: K }>,
  ): Promise<Outcome<TransactionResponses[K]>> {
    return this.#submitTo(this.partitionFor(transactionalId), command);
  }

  #submitTo<K extends TransactionCommand['kind']>(
    partition: number,
    command: Extract<TransactionCommand, { kind: K }>,
  ): Promise<Outcome<TransactionResponses[K]>> {
    // The shard answers each kind of command with its own kind of response (see TransactionResponses).
    return this.#runtime.submit(partition, command as TransactionCommand) as Promise<Outcome<TransactionResponses[K]>>;
  }

  #reply(reply: TransactionReply): void {
    const { statePartition } = reply;
    const coordinatorEpoch = this.#coordinatorEpochs.get(statePartition);
    if (coordinatorEpoch === undefined) return;
    if (reply.kind === 'abortWithNewProducerId') {
      void this.#abortTimedOut(statePartition, reply.producer);
      return;
    }
    // None of these rejects: `write` and `submit` answer with values.
    for (const transaction of reply.transactions) {
      void this.#writeMarkers({ ...transaction, statePartition, coordinatorEpoch });
    }
  }

  async #abortTimedOut(statePartition: number, producer: ProducerOfTransaction): Promise<void> {
    const newProducerId = await this.#options.producerIds.next();
    // Without one, the next search for timed out transactions finds it again.
    if (typeof newProducerId === 'string') return;
    await this.#submitTo(statePartition, { kind: 'abortTimedOut', producer, newProducerId });
  }

  async #writeMarkers(
    decided: DecidedTransaction & { readonly statePartition: number; readonly coordinatorEpoch: number },
  ): Promise<void> {
    const { transactionalId, producerId, producerEpoch, committed, decidedAtMs, statePartition, coordinatorEpoch } =
      decided;
    const end = { producerId, producerEpoch, committed, coordinatorEpoch };
    let pending = decided.partitions.flatMap(({ topic, partitions }) =>
      partitions.map((partition) => ({ topic, partition })),
    );
    while (pending.length > 0) {
      const told = await Promise.all(
        pending.map(async (partition) => ({ partition, result: await this.#options.markers.write(partition, end) })),
      );
      if (this.#coordinatorEpochs.get(statePartition) !== coordinatorEpoch) return;
      for (const { partition, result } of told) {
        // A newer epoch has written there since, which only another coordinator can have allowed; nothing is left to end.
        if (result === 'fenced') {
          this.#options.logger.warn('a transaction marker was refused', { transactionalId, ...partition, ...end });
        }
      }
      pending = told.filter(({ result }) => result === 'retry').map(({ partition }) => partition);
      if (pending.length > 0) await this.#pause();
      if (this.#coordinatorEpochs.get(statePartition) !== coordinatorEpoch) return;
    }
    const producer = { transactionalId, producerId, producerEpoch };
    for (;;) {
      const outcome = await this.#submitTo(statePartition, { kind: 'markersWritten', producer, decidedAtMs });
      if (outcome.kind === 'done' || this.#coordinatorEpochs.get(statePartition) !== coordinatorEpoch) return;
      await this.#pause();
    }
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      if (!this.#active) return resolve();
      const timer = this.#options.timer.schedule(MARKER_RETRY_BACKOFF_MS, () => {
        this.#pauses.delete(timer);
        resolve();
      });
      this.#pauses.set(timer, resolve);
    });
  }
}

function undescribed(transactionalId: string, error: ErrorName): DescribedTransaction {
  return {
    error,
    transactionalId,
    state: '',
    timeoutMs: 0,
    startTimestampMs: 0,
    producerId: 0,
    producerEpoch: 0,
    partitions: [],
  };
}

/** What a failed write is to a producer; other errors are its own already. */
export function toTransactionError(error: ErrorName): ErrorName {
  switch (error) {
    case 'UNKNOWN_TOPIC_OR_PARTITION':
    case 'NOT_ENOUGH_REPLICAS':
    case 'NOT_ENOUGH_REPLICAS_AFTER_APPEND':
    case 'REQUEST_TIMED_OUT':
      return 'COORDINATOR_NOT_AVAILABLE';
    case 'NOT_LEADER_OR_FOLLOWER':
    case 'KAFKA_STORAGE_ERROR':
      return 'NOT_COORDINATOR';
    case 'MESSAGE_TOO_LARGE':
    case 'RECORD_LIST_TOO_LARGE':
      return 'UNKNOWN_SERVER_ERROR';
    default:
      return error;
  }
}
