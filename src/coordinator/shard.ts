/**
 * A coordinator's state machine over one partition of an internal topic: groups over `__consumer_offsets` now,
 * transactions and share state over theirs later. `runtime.ts` runs it.
 *
 * `handle` decides: it reads, and returns records, an answer and effects as data. `replay` alone changes what is
 * recovered from the log. What a shard keeps beside that (members that wait, timers) is soft: it is lost with the shard,
 * as Kafka's is, and clients come again. No clock, randomness, I/O or `await` inside: times and ids come with the command.
 */
import type { Offset } from '../base/flavor.ts';
import type { ErrorName } from '../wire/errors.ts';

/** What should happen outside the shard; carried out in order, at once. */
export type Effect<Command, Reply> =
  /** Answers a request that waits, or the one just handled, without waiting for the high watermark. */
  | { readonly kind: 'reply'; readonly reply: Reply }
  /** Runs `command` after `delayMs` unless the key is scheduled again or cancelled before. */
  | { readonly kind: 'schedule'; readonly key: string; readonly delayMs: number; readonly command: Command }
  | { readonly kind: 'cancel'; readonly key: string };

export interface Decision<Command, Response, LogRecord, Reply> {
  readonly records: readonly LogRecord[];
  /** Released when `records`, and everything written before, are committed. */
  readonly response: Response;
  readonly effects: readonly Effect<Command, Reply>[];
  /** A command to run once the records are committed (`null`) or have failed with an error. */
  readonly settled?: (error: ErrorName | null) => Command;
  /** The records need not stand in one batch (clean-up of many offsets). */
  readonly divisible?: true;
  /** The records belong to this producer's transaction: they are written as its batch, and count when its marker says so. */
  readonly transaction?: ProducerIdentity;
}

export interface ProducerIdentity {
  readonly producerId: number;
  readonly producerEpoch: number;
}

/** What a transaction coordinator tells a partition that the transaction wrote to. */
export interface TransactionEnd extends ProducerIdentity {
  readonly coordinatorEpoch: number;
  readonly committed: boolean;
}

/** Where a replayed record stands. `producerId` is -1 outside transactions. */
export interface RecordOrigin {
  readonly offset: Offset;
  readonly producerId: number;
  readonly producerEpoch: number;
}

export interface CoordinatorShard<Command, Response, LogRecord, Reply> {
  handle(command: Command, nowMs: number): Decision<Command, Response, LogRecord, Reply>;
  /** Must take every record that a log may hold, also those of later releases. */
  replay(record: LogRecord, origin: RecordOrigin): void;
  /** The end marker of a transaction that wrote into this partition. */
  replayEndTransaction(end: {
    readonly producerId: number;
    readonly producerEpoch: number;
    readonly committed: boolean;
  }): void;
  /** The whole log has been replayed: arm timers. */
  loaded(nowMs: number): Decision<Command, Response | null, LogRecord, Reply>;
  /** Leadership is gone: answer everything that waits. */
  unloaded(): readonly Effect<Command, Reply>[];
  /** An append failed with `error` and the replayed state went back: drop the soft state that no longer fits. */
  rolledBack(error: ErrorName): readonly Effect<Command, Reply>[];
}

/** Between a shard's records and the bytes in the log. */
export interface RecordCodec<LogRecord> {
  encode(record: LogRecord): { readonly key: Buffer; readonly value: Buffer | null };
  /** Must not throw for a kind or version that it does not know. */
  decode(key: Buffer, value: Buffer | null): LogRecord;
}

export type Outcome<T> =
  | { readonly kind: 'done'; readonly value: T }
  | { readonly kind: 'failed'; readonly error: ErrorName };
