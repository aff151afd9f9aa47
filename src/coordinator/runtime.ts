/**
 * Runs a coordinator over the partitions of its internal topic: one shard per partition that this broker leads.
 *
 *     (none) ──load──▶ loading ──▶ active ──unload──▶ (none)
 *                         └──▶ failed (logged; unload and load again)
 *
 * Invariants: a shard is loaded by replaying its partition's whole log through the same `replay` that serves live
 * commands; requests are answered COORDINATOR_LOAD_IN_PROGRESS meanwhile and NOT_COORDINATOR where there is no shard; an
 * election of an older leader epoch than the shard's is ignored.
 */
import type { Clock, Timer } from '../base/clock.ts';
import type { LeaderEpoch, Offset } from '../base/flavor.ts';
import type { Logger } from '../base/logger.ts';
import { SnapshotRegistry } from '../base/timeline-map.ts';
import { readEndTransactionMarker } from '../wire/records/control-batch.ts';
import {
  attributes,
  baseOffset,
  type CompressionType,
  isControl,
  isTransactional,
  lastOffset,
  producerEpoch,
  producerId,
} from '../wire/records/record-batch.ts';
import { batches, readRecords } from '../wire/records/records.ts';
import { CoordinatorCounters } from './counters.ts';
import type { PartitionWriter, TopicPartition } from './partition-writer.ts';
import type { CoordinatorShard, Outcome, RecordCodec, TransactionEnd } from './shard.ts';
import { ShardHost } from './shard-host.ts';

export interface RuntimeOptions<LogRecord, Reply, Shard> {
  readonly topic: string;
  readonly newShard: (partition: number, registry: SnapshotRegistry) => Shard;
  readonly codec: RecordCodec<LogRecord>;
  readonly writer: PartitionWriter;
  readonly clock: Clock;
  readonly timer: Timer;
  readonly logger: Logger;
  /** Of the batches written (`offsets.topic.compression.codec`). */
  readonly compression: CompressionType;
  /** Bytes of log read at a time while loading (`offsets.load.buffer.size`). */
  readonly loadBufferSize: number;
  readonly writeTimeoutMs: number;
  /** See `ShardHostOptions`; -1 when left out. */
  readonly appendLingerMs?: number;
  readonly queueCountMax: number;
  /** Carries answers to requests that wait in a shard. */
  readonly reply: (reply: Reply) => void;
  /** When to drain a shard's queue; a microtask when left out. */
  readonly defer?: (drain: () => void) => void;
}

interface Slot<Command extends { readonly kind: string }, Response, LogRecord, Reply, Shard> {
  readonly leaderEpoch: LeaderEpoch;
  state: 'loading' | 'active' | 'failed' | 'closed';
  shard: Shard | null;
  host: ShardHost<Command, Response, LogRecord, Reply> | null;
  unwatch: (() => void) | null;
  /** Settles when the load has ended in whatever way. */
  loaded: Promise<void>;
}

export class CoordinatorRuntime<
  Command extends { readonly kind: string },
  Response,
  LogRecord,
  Reply,
  Shard extends CoordinatorShard<Command, Response, LogRecord, Reply>,
> {
  readonly #options: RuntimeOptions<LogRecord, Reply, Shard>;
  readonly #slots = new Map<number, Slot<Command, Response, LogRecord, Reply, Shard>>();

  readonly counters = new CoordinatorCounters();

  constructor(options: RuntimeOptions<LogRecord, Reply, Shard>) {
    this.#options = options;
  }

  /** This broker leads the partition in `leaderEpoch`. Resolves when the shard serves, or has failed to load. */
  load(partition: number, leaderEpoch: LeaderEpoch): Promise<void> {
    const old = this.#slots.get(partition);
    if (old !== undefined) {
      if (old.leaderEpoch > leaderEpoch) return Promise.resolve();
      if (old.leaderEpoch === leaderEpoch && old.state !== 'failed') return old.loaded;
      this.#close(old);
    }
    const slot: Slot<Command, Response, LogRecord, Reply, Shard> = {
      leaderEpoch,
      state: 'loading',
      shard: null,
      host: null,
      unwatch: null,
      loaded: Promise.resolve(),
    };
    this.#slots.set(partition, slot);
    slot.loaded = this.#load(partition, slot).catch((error: unknown) => {
      if (slot.state === 'closed') return;
      this.#close(slot);
      slot.state = 'failed';
      this.counters.failedLoads++;
      this.#options.logger.error('coordinator partition could not be loaded', { partition, leaderEpoch, error });
    });
    return slot.loaded;
  }

  /** This broker leads the partition no more; `null` where the epoch is not known (the replica is gone). */
  unload(partition: number, leaderEpoch: LeaderEpoch | null): void {
    const slot = this.#slots.get(partition);
    if (slot === undefined || (leaderEpoch !== null && leaderEpoch < slot.leaderEpoch)) return;
    this.#slots.delete(partition);
    this.#close(slot);
  }

  /** Runs a command that may write. Never rejects. */
  submit(partition: number, command: Command): Promise<Outcome<Response>> {
    const slot = this.#slots.get(partition);
    if (slot?.state !== 'active' || slot.host === null) return Promise.resolve(notServing(slot?.state));
    const { host } = slot;
    return new Promise((resolve) => host.submit(command, resolve));
  }

  /** Ends a producer's transaction in this partition; the answer comes when the marker is committed. Never rejects. */
  endTransaction(partition: number, end: TransactionEnd): Promise<Outcome<unknown>> {
    const slot = this.#slots.get(partition);
    if (slot?.state !== 'active' || slot.host === null) return Promise.resolve(notServing(slot?.state));
    const { host } = slot;
    return new Promise((resolve) => host.endTransaction(end, resolve));
  }

  /** The same command on every shard that serves. */
  submitAll(command: Command): Promise<Outcome<Response>[]> {
    return Promise.all([...this.activePartitions()].map((partition) => this.submit(partition, command)));
  }

  /** Looks at the committed state, now. */
  read<T>(partition: number, query: (shard: Shard, committedOffset: Offset) => T): Outcome<T> {
    const slot = this.#slots.get(partition);
    if (slot?.state !== 'active' || slot.host === null || slot.shard === null) return notServing(slot?.state);
    return { kind: 'done', value: query(slot.shard, slot.host.committedOffset) };
  }

  /** Partitions of the topic for which this broker has a shard, also one that is loading. */
  partitions(): readonly number[] {
    return [...this.#slots.keys()];
  }

  *activePartitions(): Generator<number> {
    for (const [partition, slot] of this.#slots) if (slot.state === 'active') yield partition;
  }

  close(): void {
    for (const slot of this.#slots.values()) this.#close(slot);
    this.#slots.clear();
  }

  #close(slot: Slot<Command, Response, LogRecord, Reply, Shard>): void {
    slot.state = 'closed';
    slot.unwatch?.();
    slot.unwatch = null;
    slot.host?.close();
  }

  async #load(partition: number, slot: Slot<Command, Response, LogRecord, Reply, Shard>): Promise<void> {
    const { writer, topic, codec, logger, clock } = this.#options;
    const topicPartition: TopicPartition = { topic, partition };
    const registry = new SnapshotRegistry();
    const shard = this.#options.newShard(partition, registry);
    const startedMs = clock.monotonicMs();

    const offsets = writer.offsets(topicPartition);
    if (offsets === null) throw new Error(`${topic}-${partition} is not led by this broker`);
    let nextOffset = offsets.logStartOffset;
    // Reads see committed state alone, so what lies above the high watermark is replayed between snapshots.
    const writtenEnds: Offset[] = [];
    const passed = (endOffset: Offset, highWatermark: Offset): void => {
      if (endOffset < highWatermark) return;
      registry.take(endOffset);
      if (writtenEnds.at(-1) !== endOffset) writtenEnds.push(endOffset);
    };
    passed(nextOffset, offsets.highWatermark);
    for (;;) {
      const now = writer.offsets(topicPartition);
      if (now === null) throw new Error(`${topic}-${partition} is not led by this broker any more`);
      if (nextOffset >= now.logEndOffset) break;
      const { records } = await writer.read(topicPartition, nextOffset, this.#options.loadBufferSize);
      if (isClosed(slot)) return;
      const before = nextOffset;
      for (const { position, sizeInBytes } of batches(records)) {
        const batch = records.subarray(position, position + sizeInBytes);
        nextOffset = replayBatch(shard, codec, batch, nextOffset);
        passed(nextOffset, now.highWatermark);
      }
      if (nextOffset === before) nextOffset = now.logEndOffset; // Nothing is left behind the last kept batch.
    }
    registry.take(nextOffset);
    if (writtenEnds.at(-1) !== nextOffset) writtenEnds.push(nextOffset);

    const host = new ShardHost<Command, Response, LogRecord, Reply>({
      partition: topicPartition,
      leaderEpoch: slot.leaderEpoch,
      shard,
      registry,
      codec,
      writer,
      clock,
      timer: this.#options.timer,
      logger,
      compression: this.#options.compression,
      writeTimeoutMs: this.#options.writeTimeoutMs,
      appendLingerMs: this.#options.appendLingerMs ?? -1,
      queueCountMax: this.#options.queueCountMax,
      defer: this.#options.defer ?? queueMicrotask,
      reply: this.#options.reply,
      counters: this.counters,
    });
    slot.shard = shard;
    slot.host = host;
    const unwatch = writer.watch(topicPartition, {
      highWatermarkAdvanced: (highWatermark) => host.highWatermarkAdvanced(highWatermark),
      lostLeadership: () => this.unload(partition, slot.leaderEpoch),
    });
    slot.unwatch = unwatch;
    if (isClosed(slot)) return unwatch();
    host.start(writtenEnds, writer.offsets(topicPartition)?.highWatermark ?? 0);
    // Starting may append, and appending may tell that leadership is lost.
    if (isClosed(slot)) return;
    slot.state = 'active';
    const ms = Math.round(clock.monotonicMs() - startedMs);
    this.counters.loadedPartitions++;
    this.counters.loadMs += ms;
    this.counters.loadMsMax = Math.max(this.counters.loadMsMax, ms);
    logger.info('coordinator partition loaded', { topic, partition, leaderEpoch: slot.leaderEpoch, nextOffset, ms });
  }
}

/** Behind a call, so that the compiler does not hold on to what it knew before an `await` or a callback. */
function isClosed(slot: { readonly state: string }): boolean {
  return slot.state === 'closed';
}

function notServing<T>(state: 'loading' | 'active' | 'failed' | 'closed' | undefined): Outcome<T> {
  return { kind: 'failed', error: state === 'loading' ? 'COORDINATOR_LOAD_IN_PROGRESS' : 'NOT_COORDINATOR' };
}

/** Replays one batch as it stands in the log; gives the offset behind it. */
function replayBatch<Command, Response, LogRecord, Reply>(
  shard: CoordinatorShard<Command, Response, LogRecord, Reply>,
  codec: RecordCodec<LogRecord>,
  batch: Buffer,
  fromOffset: Offset,
): Offset {
  const bits = attributes(batch, 0);
  const id = producerId(batch, 0);
  const epoch = producerEpoch(batch, 0);
  for (const record of readRecords(batch)) {
    if (record.offset < fromOffset || record.key === null) continue;
    if (isControl(bits)) {
      const marker = readEndTransactionMarker(record);
      if (marker !== null) {
        shard.replayEndTransaction({ producerId: id, producerEpoch: epoch, committed: marker.type === 'commit' });
      }
      continue;
    }
    shard.replay(codec.decode(record.key, record.value), {
      offset: record.offset,
      producerId: isTransactional(bits) ? id : -1,
      producerEpoch: isTransactional(bits) ? epoch : -1,
    });
  }
  return Math.max(fromOffset, lastOffset(batch, 0) + 1, baseOffset(batch, 0) + 1);
}
