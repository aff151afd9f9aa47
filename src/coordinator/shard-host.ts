/**
 * Runs one shard: a bounded queue of commands, the batch that is being filled, the writes that wait for the high watermark.
 *
 *     queue → handle → replay → batch ──append──▶ log        state of the replayed maps:
 *                                  │                          committed ≤ lastWritten ≤ nextOffset
 *                                  └─ waiting ◀─ high watermark  (snapshots at each written batch end ≥ committed)
 *
 * Invariants: commands run one at a time, in order; a batch holds whole commands (unless divisible) and is appended before
 * the queue's owner yields, or when its linger time has passed; a failed append puts the maps back to `lastWritten` and fails every command of that batch;
 * an answer leaves only when everything written before it is committed, effects leave at once.
 */
import { assert } from '../base/assert.ts';
import type { Clock, Timer, TimerHandle } from '../base/clock.ts';
import type { LeaderEpoch, Offset } from '../base/flavor.ts';
import type { Logger } from '../base/logger.ts';
import type { SnapshotRegistry } from '../base/timeline-map.ts';
import { type ErrorName, KafkaError } from '../wire/errors.ts';
import { buildEndTransactionBatch } from '../wire/records/control-batch.ts';
import type { CompressionType } from '../wire/records/record-batch.ts';
import { buildBatch } from '../wire/records/records.ts';
import type { CoordinatorCounters } from './counters.ts';
import type { PartitionWriter, TopicPartition } from './partition-writer.ts';
import type {
  CoordinatorShard,
  Decision,
  Effect,
  Outcome,
  ProducerIdentity,
  RecordCodec,
  TransactionEnd,
} from './shard.ts';

export interface ShardHostOptions<Command, Response, LogRecord, Reply> {
  readonly partition: TopicPartition;
  readonly leaderEpoch: LeaderEpoch;
  readonly shard: CoordinatorShard<Command, Response, LogRecord, Reply>;
  readonly registry: SnapshotRegistry;
  readonly codec: RecordCodec<LogRecord>;
  readonly writer: PartitionWriter;
  readonly clock: Clock;
  readonly timer: Timer;
  readonly logger: Logger;
  readonly compression: CompressionType;
  /** `offsets.commit.timeout.ms`: a write that is not committed by then fails with REQUEST_TIMED_OUT. */
  readonly writeTimeoutMs: number;
  /**
   * How long records are collected before they are written: -1, while there is something to do; 0, not at all
   * (`group.coordinator.append.linger.ms`).
   */
  readonly appendLingerMs: number;
  /** Requests that may wait in the queue; more are refused with COORDINATOR_NOT_AVAILABLE. */
  readonly queueCountMax: number;
  /** Lets the drain run soon, outside the caller's stack. */
  readonly defer: (drain: () => void) => void;
  readonly reply: (reply: Reply) => void;
  readonly counters: CoordinatorCounters;
}

type Answer<Response> = (outcome: Outcome<Response>) => void;

type Event<Command, Response> =
  | { readonly kind: 'command'; readonly command: Command; readonly answer: Answer<Response> }
  | { readonly kind: 'end-transaction'; readonly end: TransactionEnd; readonly answer: Answer<Response> }
  | { readonly kind: 'timer'; readonly key: string; readonly handle: object }
  | { readonly kind: 'high-watermark'; readonly highWatermark: Offset }
  | { readonly kind: 'write-timeout' }
  | { readonly kind: 'linger-passed' };

/** A handled command whose records are in the batch being filled, or that waits for the high watermark. */
interface Waiting<Command, Response> {
  readonly endOffset: Offset;
  readonly deadlineMs: number;
  readonly response: Response;
  readonly answer: Answer<Response> | null;
  readonly settled: ((error: ErrorName | null) => Command) | undefined;
}

interface ScheduledTimer<Command> {
  readonly command: Command;
  handle: TimerHandle | null;
}

interface KeyValue {
  readonly key: Buffer;
  readonly value: Buffer | null;
}

/** Length, attributes and deltas of a record are at most this, beside key and value. */
const RECORD_OVERHEAD_BYTES_MAX = 30;
const BATCH_OVERHEAD_BYTES = 61;
const NO_PRODUCER: ProducerIdentity = { producerId: -1, producerEpoch: -1 };
/** A longer delay would overflow a timer; nothing here minds being run early. */
const DELAY_MS_MAX = 2 ** 31 - 1;

export class ShardHost<Command extends { readonly kind: string }, Response, LogRecord, Reply> {
  readonly leaderEpoch: LeaderEpoch;
  readonly shard: CoordinatorShard<Command, Response, LogRecord, Reply>;
  readonly #options: ShardHostOptions<Command, Response, LogRecord, Reply>;

  #queue: Event<Command, Response>[] = [];
  #drainDeferred = false;
  #closed = false;

  /** Ends of the written batches that are not committed yet, ascending. */
  readonly #writtenEnds: Offset[] = [];
  #waiting: Waiting<Command, Response>[] = [];
  #committed: Offset = 0;
  #lastWritten: Offset = 0;

  #batch: KeyValue[] = [];
  #batchSize = BATCH_OVERHEAD_BYTES;
  /** Whose transaction the batch belongs to; a batch has one producer at most. */
  #batchProducer: ProducerIdentity | null = null;
  #batchWaiting: Waiting<Command, Response>[] = [];

  readonly #timers = new Map<string, ScheduledTimer<Command>>();
  #writeTimer: TimerHandle | null = null;
  /** Runs while a batch waits for more. */
  #lingerTimer: TimerHandle | null = null;

  constructor(options: ShardHostOptions<Command, Response, LogRecord, Reply>) {
    this.#options = options;
    this.leaderEpoch = options.leaderEpoch;
    this.shard = options.shard;
  }

  /** Everything below is committed; the offset at which reads look at the maps. */
  get committedOffset(): Offset {
    return this.#committed;
  }

  get lastWrittenOffset(): Offset {
    return this.#lastWritten;
  }

  /**
   * Begins to serve. `writtenEnds`: the batch ends at which the loader took snapshots, ascending, the first being what is
   * committed at least, the last the log's end.
   */
  start(writtenEnds: readonly Offset[], highWatermark: Offset): void {
    const first = writtenEnds[0];
    const last = writtenEnds.at(-1);
    assert(first !== undefined && last !== undefined, 'a loaded shard has a snapshot at the end of its log');
    this.#committed = first;
    this.#lastWritten = last;
    this.#writtenEnds.push(...writtenEnds.slice(1));
    this.#advance(highWatermark);
    this.#carryOut(this.shard.loaded(this.#options.clock.nowMs()), null);
    this.#flush();
  }

  submit(command: Command, answer: Answer<Response>): void {
    if (this.#closed) answer({ kind: 'failed', error: 'NOT_COORDINATOR' });
    else if (this.#queue.length >= this.#options.queueCountMax) {
      this.#options.counters.refusedCommands++;
      answer({ kind: 'failed', error: 'COORDINATOR_NOT_AVAILABLE' });
    } else this.#enqueue({ kind: 'command', command, answer });
  }

  /** Writes the marker that ends a producer's transaction here. `answer` hears when it is committed; its value says nothing. */
  endTransaction(end: TransactionEnd, answer: Answer<Response>): void {
    if (this.#closed) answer({ kind: 'failed', error: 'NOT_COORDINATOR' });
    else this.#enqueue({ kind: 'end-transaction', end, answer });
  }

  highWatermarkAdvanced(highWatermark: Offset): void {
    const next = this.#writtenEnds[0];
    // While an append is under way its end is not known yet, so the event is kept whatever it says.
    if (next === undefined && this.#batch.length === 0) return;
    this.#enqueue({ kind: 'high-watermark', highWatermark });
  }

  /** Fails everything that waits with NOT_COORDINATOR. The replayed state is of no use afterwards. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const timer of this.#timers.values()) timer.handle?.cancel();
    this.#timers.clear();
    this.#writeTimer?.cancel();
    this.#lingerTimer?.cancel();
    const failed: Outcome<Response> = { kind: 'failed', error: 'NOT_COORDINATOR' };
    const waiting = [...this.#waiting, ...this.#batchWaiting];
    const queue = this.#queue;
    this.#waiting = [];
    this.#batchWaiting = [];
    this.#queue = [];
    for (const each of waiting) each.answer?.(failed);
    for (const event of queue) if ('answer' in event) event.answer(failed);
    for (const effect of this.shard.unloaded()) if (effect.kind === 'reply') this.#options.reply(effect.reply);
  }

  #enqueue(event: Event<Command, Response>): void {
    if (this.#closed) return;
    this.#queue.push(event);
    if (this.#drainDeferred) return;
    this.#drainDeferred = true;
    this.#options.defer(() => this.#drain());
  }

  #drain(): void {
    try {
      while (this.#queue.length > 0 && !this.#closed) {
        const events = this.#queue;
        this.#queue = [];
        for (const event of events) {
          this.#process(event);
          if (this.#options.appendLingerMs === 0) this.#flush();
        }
        if (this.#queue.length === 0) this.#flushOrLinger();
      }
    } finally {
      this.#drainDeferred = false;
    }
  }

  #flushOrLinger(): void {
    const { appendLingerMs, timer } = this.#options;
    if (appendLingerMs <= 0) this.#flush();
    else if (this.#batch.length > 0) {
      this.#lingerTimer ??= timer.schedule(appendLingerMs, () => this.#enqueue({ kind: 'linger-passed' }));
    }
  }

  #process(event: Event<Command, Response>): void {
    if (this.#closed) {
      if ('answer' in event) event.answer({ kind: 'failed', error: 'NOT_COORDINATOR' });
      return;
    }
    switch (event.kind) {
      case 'command':
        this.#run(event.command, event.answer);
        return;
      case 'end-transaction':
        this.#endTransaction(event.end, event.answer);
        return;
      case 'timer': {
        const timer = this.#timers.get(event.key);
        // Rescheduled or cancelled after it fired: the younger decision counts.
        if (timer !== event.handle) return;
        this.#timers.delete(event.key);
        this.#run(timer.command, null);
        return;
      }
      case 'high-watermark':
        this.#advance(event.highWatermark);
        return;
      case 'write-timeout':
        this.#failTimedOut();
        return;
      case 'linger-passed':
        this.#flush();
        return;
    }
  }

  #run(command: Command, answer: Answer<Response> | null): void {
    this.#options.counters.commands++;
    let decision: Decision<Command, Response, LogRecord, Reply>;
    try {
      decision = this.shard.handle(command, this.#options.clock.nowMs());
    } catch (error) {
      const name = error instanceof KafkaError ? error.error : 'UNKNOWN_SERVER_ERROR';
      if (name === 'UNKNOWN_SERVER_ERROR') {
        this.#options.logger.error('coordinator command failed', { command: command.kind, error });
      }
      answer?.({ kind: 'failed', error: name });
      return;
    }
    this.#carryOut(decision, answer);
  }

  #carryOut<R extends Response | null>(
    decision: Decision<Command, R, LogRecord, Reply>,
    answer: Answer<R & Response> | null,
  ): void {
    const error = decision.records.length === 0 ? null : this.#addToBatch(decision);
    if (error !== null) {
      this.#perform(decision.effects);
      this.#fail(this.#waitingOf(decision, answer), error);
      return;
    }
    this.#perform(decision.effects);
    const waiting = this.#waitingOf(decision, answer);
    if (this.#batch.length > 0) this.#batchWaiting.push(waiting);
    else if (this.#writtenEnds.length > 0) this.#wait(waiting);
    else this.#release(waiting);
  }

  #waitingOf<R extends Response | null>(
    decision: Decision<Command, R, LogRecord, Reply>,
    answer: Answer<R & Response> | null,
  ): Waiting<Command, Response> {
    return {
      endOffset: this.#nextOffset,
      deadlineMs: this.#options.clock.monotonicMs() + this.#options.writeTimeoutMs,
      // `null` comes from `loaded` alone, which nobody awaits: its answer is null as well.
      response: decision.response as Response,
      answer: answer as Answer<Response> | null,
      settled: decision.settled,
    };
  }

  get #nextOffset(): Offset {
    return this.#lastWritten + this.#batch.length;
  }

  #endTransaction(end: TransactionEnd, answer: Answer<Response>): void {
    this.#flush();
    const { writer, partition, clock } = this.#options;
    const { producerId, producerEpoch, coordinatorEpoch, committed } = end;
    const marker = buildEndTransactionBatch({
      baseOffset: this.#lastWritten,
      partitionLeaderEpoch: this.leaderEpoch,
      producerId,
      producerEpoch,
      type: committed ? 'commit' : 'abort',
      coordinatorEpoch,
      nowMs: clock.nowMs(),
    });
    const result = this.#closed ? null : writer.append(partition, marker, this.leaderEpoch);
    // The append itself may have told that leadership is lost.
    if (this.#closed || result === null || result.kind === 'failed') {
      const error = result?.kind === 'failed' ? result.error : 'NOT_COORDINATOR';
      answer({ kind: 'failed', error });
      return;
    }
    assert(result.firstOffset === this.#lastWritten, `marker at ${result.firstOffset}, ${this.#lastWritten} expected`);
    this.shard.replayEndTransaction(end);
    const deadlineMs = clock.monotonicMs() + this.#options.writeTimeoutMs;
    this.#written(result.lastOffset + 1, [
      // Nobody looks at the value of an answer to a marker.
      { endOffset: result.lastOffset + 1, deadlineMs, response: null as Response, answer, settled: undefined },
    ]);
  }

  /** Replays the records and puts them into the batch; an error when they can never fit into one. */
  #addToBatch(decision: {
    readonly records: readonly LogRecord[];
    readonly divisible?: true;
    readonly transaction?: ProducerIdentity;
  }): ErrorName | null {
    const producer = decision.transaction ?? null;
    // A decision that was made on top of records that cannot be written is void with them.
    if (!isSameProducer(producer, this.#batchProducer)) {
      const lost = this.#flush();
      if (lost !== null) return lost;
    }
    this.#batchProducer = producer;
    const sizeMax = this.#options.writer.batchSizeMax(this.#options.partition);
    if (sizeMax === 0) return 'NOT_LEADER_OR_FOLLOWER';
    const encoded = decision.records.map((record) => this.#options.codec.encode(record));
    const sizes = encoded.map((each) => each.key.length + (each.value?.length ?? 0) + RECORD_OVERHEAD_BYTES_MAX);
    const size = sizes.reduce((sum, each) => sum + each, 0);
    const fits = size + BATCH_OVERHEAD_BYTES <= sizeMax;
    if (!fits && decision.divisible === undefined) return 'RECORD_LIST_TOO_LARGE';
    if (this.#batchSize + size > sizeMax) {
      const lost = this.#flush();
      if (lost !== null) return lost;
    }
    for (let i = 0; i < encoded.length; i++) {
      if (!fits && this.#batch.length > 0 && this.#batchSize + sizes[i]! > sizeMax) this.#flush();
      const origin = { offset: this.#nextOffset, ...(producer ?? NO_PRODUCER) };
      this.#batch.push(encoded[i]!);
      this.#batchSize += sizes[i]!;
      try {
        this.shard.replay(decision.records[i]!, origin);
      } catch (error) {
        // A decision that its own shard cannot replay must not reach the log, where it would stop every later load.
        this.#options.logger.error('coordinator record cannot be replayed', { error });
        this.#dropBatch('UNKNOWN_SERVER_ERROR');
        return 'UNKNOWN_SERVER_ERROR';
      }
    }
    return null;
  }

  #dropBatch(error: ErrorName): void {
    const waiting = this.#batchWaiting;
    this.#batch = [];
    this.#batchSize = BATCH_OVERHEAD_BYTES;
    this.#batchWaiting = [];
    this.#options.registry.revertTo(this.#lastWritten);
    this.#perform(this.shard.rolledBack(error));
    for (const each of waiting) this.#fail(each, error);
  }

  /** The error when the batch could not be written, and the state went back to what it was before it. */
  #flush(): ErrorName | null {
    this.#lingerTimer?.cancel();
    this.#lingerTimer = null;
    if (this.#batch.length === 0) return null;
    const { writer, partition, clock, counters } = this.#options;
    const records = this.#batch;
    const nowMs = clock.nowMs();
    const result = writer.append(
      partition,
      buildBatch({
        baseOffset: this.#lastWritten,
        partitionLeaderEpoch: this.leaderEpoch,
        compressionType: this.#options.compression,
        // The sequence is not checked; Kafka's coordinators write 0 into each of these.
        ...(this.#batchProducer === null ? {} : { ...this.#batchProducer, baseSequence: 0, transactional: true }),
        records: records.map((record) => ({ ...record, timestamp: nowMs })),
        nowMs,
      }),
      this.leaderEpoch,
    );
    if (this.#closed) return 'NOT_COORDINATOR'; // The append itself may have told that leadership is lost.
    if (result.kind === 'failed') {
      counters.failedWrites++;
      this.#options.logger.warn('coordinator append failed', { ...partition, error: result.error });
      this.#dropBatch(result.error);
      return result.error;
    }
    counters.writtenBatches++;
    counters.writtenRecords += records.length;
    const waiting = this.#batchWaiting;
    this.#batch = [];
    this.#batchSize = BATCH_OVERHEAD_BYTES;
    this.#batchWaiting = [];
    // Records were replayed with the offsets they were about to get; another writer would make them wrong.
    assert(result.firstOffset === this.#lastWritten, `batch at ${result.firstOffset}, ${this.#lastWritten} expected`);
    assert(
      result.lastOffset === this.#lastWritten + records.length - 1,
      'the log counted other records than were written',
    );
    this.#written(result.lastOffset + 1, waiting);
    return null;
  }

  /** A batch is in the log and replayed: what waits for it waits for the high watermark. */
  #written(endOffset: Offset, waiting: readonly Waiting<Command, Response>[]): void {
    const { writer, partition, registry } = this.#options;
    this.#lastWritten = endOffset;
    registry.take(endOffset);
    this.#writtenEnds.push(endOffset);
    for (const each of waiting) this.#wait(each);
    const offsets = writer.offsets(partition);
    if (offsets !== null) this.highWatermarkAdvanced(offsets.highWatermark);
  }

  #wait(waiting: Waiting<Command, Response>): void {
    this.#waiting.push(waiting);
    this.#writeTimer ??= this.#armWriteTimer(waiting.deadlineMs);
  }

  #armWriteTimer(deadlineMs: number): TimerHandle {
    const delayMs = Math.max(0, deadlineMs - this.#options.clock.monotonicMs());
    return this.#options.timer.schedule(Math.ceil(delayMs), () => this.#enqueue({ kind: 'write-timeout' }));
  }

  #advance(highWatermark: Offset): void {
    let count = 0;
    while (count < this.#writtenEnds.length && this.#writtenEnds[count]! <= highWatermark) count++;
    if (count === 0) return;
    this.#committed = this.#writtenEnds[count - 1]!;
    this.#writtenEnds.splice(0, count);
    this.#options.registry.deleteBelow(this.#committed);
    let released = 0;
    while (released < this.#waiting.length && this.#waiting[released]!.endOffset <= this.#committed) released++;
    for (const waiting of this.#waiting.splice(0, released)) this.#release(waiting);
  }

  #release(waiting: Waiting<Command, Response>): void {
    if (waiting.settled !== undefined) this.#run(waiting.settled(null), null);
    waiting.answer?.({ kind: 'done', value: waiting.response });
  }

  #fail(waiting: Waiting<Command, Response>, error: ErrorName): void {
    if (waiting.settled !== undefined) this.#run(waiting.settled(error), null);
    waiting.answer?.({ kind: 'failed', error });
  }

  #failTimedOut(): void {
    this.#writeTimer = null;
    const nowMs = this.#options.clock.monotonicMs();
    let count = 0;
    while (count < this.#waiting.length && this.#waiting[count]!.deadlineMs <= nowMs) count++;
    this.#options.counters.timedOutWrites += count;
    for (const waiting of this.#waiting.splice(0, count)) this.#fail(waiting, 'REQUEST_TIMED_OUT');
    const oldest = this.#waiting[0];
    if (oldest !== undefined) this.#writeTimer ??= this.#armWriteTimer(oldest.deadlineMs);
  }

  #perform(effects: readonly Effect<Command, Reply>[]): void {
    for (const effect of effects) {
      switch (effect.kind) {
        case 'reply':
          this.#options.reply(effect.reply);
          break;
        case 'cancel':
          this.#timers.get(effect.key)?.handle?.cancel();
          this.#timers.delete(effect.key);
          break;
        case 'schedule': {
          const { key } = effect;
          this.#timers.get(key)?.handle?.cancel();
          const timer: ScheduledTimer<Command> = { command: effect.command, handle: null };
          this.#timers.set(key, timer);
          timer.handle = this.#options.timer.schedule(Math.min(effect.delayMs, DELAY_MS_MAX), () =>
            this.#enqueue({ kind: 'timer', key, handle: timer }),
          );
          break;
        }
      }
    }
  }
}

function isSameProducer(one: ProducerIdentity | null, other: ProducerIdentity | null): boolean {
  return one?.producerId === other?.producerId && one?.producerEpoch === other?.producerEpoch;
}
