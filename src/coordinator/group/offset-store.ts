/**
 * Committed offsets of all groups of a shard, as the log says; readable at past offsets.
 *
 * Offsets that a transaction commits are pending until its marker is replayed, and then count only if no younger
 * ordinary commit has passed them (compaction may have brought them out of order otherwise).
 */
import type { Offset } from '../../base/flavor.ts';
import { type SnapshotRegistry, TimelineMap } from '../../base/timeline-map.ts';
import { type Uuid, ZERO_UUID } from '../../base/uuid.ts';
import type { RecordOrigin } from '../shard.ts';
import type { OffsetCommitRecord } from './group-records.ts';

export interface CommittedOffset {
  /** Where the record stands in the log. */
  readonly recordOffset: Offset;
  readonly committedOffset: Offset;
  /** -1 when unknown. */
  readonly leaderEpoch: number;
  readonly metadata: string;
  readonly commitTimestampMs: number;
  /** Only of commits whose client set a retention of its own (OffsetCommit v2-4). */
  readonly expireTimestampMs: number | null;
  /** ZERO_UUID in records of older releases. */
  readonly topicId: Uuid;
}

type ByPartition = TimelineMap<number, CommittedOffset>;
type ByTopic = TimelineMap<string, ByPartition>;

/** group → topic → partition; no empty map is left inside. */
class Offsets {
  readonly #registry: SnapshotRegistry;
  readonly byGroup: TimelineMap<string, ByTopic>;

  constructor(registry: SnapshotRegistry) {
    this.#registry = registry;
    this.byGroup = new TimelineMap(registry);
  }

  get(groupId: string, topic: string, partition: number): CommittedOffset | undefined {
    return this.byGroup.get(groupId)?.get(topic)?.get(partition);
  }

  set(groupId: string, topic: string, partition: number, committed: CommittedOffset): void {
    let topics = this.byGroup.get(groupId);
    if (topics === undefined) {
      topics = new TimelineMap(this.#registry);
      this.byGroup.set(groupId, topics);
    }
    let partitions = topics.get(topic);
    if (partitions === undefined) {
      partitions = new TimelineMap(this.#registry);
      topics.set(topic, partitions);
    }
    partitions.set(partition, committed);
  }

  delete(groupId: string, topic: string, partition: number): void {
    const topics = this.byGroup.get(groupId);
    const partitions = topics?.get(topic);
    if (topics === undefined || partitions === undefined) return;
    partitions.delete(partition);
    if (partitions.size === 0) topics.delete(topic);
    if (topics.size === 0) this.byGroup.delete(groupId);
  }

  *ofGroup(
    groupId: string,
  ): Generator<{ readonly topic: string; readonly partition: number; readonly committed: CommittedOffset }> {
    for (const [topic, partitions] of this.byGroup.get(groupId) ?? []) {
      for (const [partition, committed] of partitions) yield { topic, partition, committed };
    }
  }
}

export class OffsetStore {
  readonly #registry: SnapshotRegistry;
  readonly #offsets: Offsets;
  readonly #pending: TimelineMap<number, Offsets>;
  /** group → producer ids with pending offsets in it. */
  readonly #openTransactions: TimelineMap<string, TimelineMap<number, true>>;

  constructor(registry: SnapshotRegistry) {
    this.#registry = registry;
    this.#offsets = new Offsets(registry);
    this.#pending = new TimelineMap(registry);
    this.#openTransactions = new TimelineMap(registry);
  }

  get(groupId: string, topic: string, partition: number, atOffset?: Offset): CommittedOffset | undefined {
    return this.#offsets.byGroup.get(groupId, atOffset)?.get(topic, atOffset)?.get(partition, atOffset);
  }

  /** By topic and partition. */
  *topicsOf(groupId: string, atOffset?: Offset): Generator<[string, IterableIterator<[number, CommittedOffset]>]> {
    const topics = this.#offsets.byGroup.get(groupId, atOffset);
    if (topics === undefined) return;
    for (const [topic, partitions] of topics.entries(atOffset)) yield [topic, partitions.entries(atOffset)];
  }

  all(
    groupId: string,
  ): Generator<{ readonly topic: string; readonly partition: number; readonly committed: CommittedOffset }> {
    return this.#offsets.ofGroup(groupId);
  }

  hasOffsets(groupId: string): boolean {
    return this.#offsets.byGroup.has(groupId);
  }

  hasOpenTransaction(groupId: string): boolean {
    return this.#openTransactions.has(groupId);
  }

  hasPending(groupId: string, topic: string, partition: number): boolean {
    for (const [producerId] of this.#openTransactions.get(groupId) ?? []) {
      if (this.#pending.get(producerId)?.get(groupId, topic, partition) !== undefined) return true;
    }
    return false;
  }

  *pendingOf(groupId: string): Generator<{ readonly topic: string; readonly partition: number }> {
    for (const [producerId] of this.#openTransactions.get(groupId) ?? []) {
      const pending = this.#pending.get(producerId);
      if (pending !== undefined) yield* pending.ofGroup(groupId);
    }
  }

  /** Every offset of these topics, committed or pending. */
  *ofTopics(partitionsByTopic: ReadonlyMap<string, ReadonlySet<number>>): Generator<{
    readonly groupId: string;
    readonly topic: string;
    readonly partition: number;
    readonly committed: CommittedOffset;
  }> {
    for (const offsets of [this.#offsets, ...this.#pending.values()]) {
      for (const [groupId, topics] of offsets.byGroup) {
        for (const [topic, wanted] of partitionsByTopic) {
          for (const [partition, committed] of topics.get(topic) ?? []) {
            if (wanted.has(partition)) yield { groupId, topic, partition, committed };
          }
        }
      }
    }
  }

  replay(record: OffsetCommitRecord, origin: RecordOrigin): void {
    const { groupId, topic, partition, value } = record;
    if (value === null) {
      this.#offsets.delete(groupId, topic, partition);
      for (const [producerId] of this.#openTransactions.get(groupId) ?? []) {
        this.#pending.get(producerId)?.delete(groupId, topic, partition);
      }
      return;
    }
    const committed: CommittedOffset = {
      recordOffset: origin.offset,
      committedOffset: value.offset,
      leaderEpoch: value.leaderEpoch,
      metadata: value.metadata,
      commitTimestampMs: value.commitTimestamp,
      expireTimestampMs: value.expireTimestamp === -1 ? null : value.expireTimestamp,
      topicId: value.topicId,
    };
    if (origin.producerId === -1) {
      this.#offsets.set(groupId, topic, partition, committed);
      return;
    }
    let pending = this.#pending.get(origin.producerId);
    if (pending === undefined) {
      pending = new Offsets(this.#registry);
      this.#pending.set(origin.producerId, pending);
    }
    pending.set(groupId, topic, partition, committed);
    let producerIds = this.#openTransactions.get(groupId);
    if (producerIds === undefined) {
      producerIds = new TimelineMap(this.#registry);
      this.#openTransactions.set(groupId, producerIds);
    }
    producerIds.set(origin.producerId, true);
  }

  replayEndTransaction(end: { readonly producerId: number; readonly committed: boolean }): void {
    const pending = this.#pending.delete(end.producerId);
    if (pending === undefined) return;
    for (const groupId of [...this.#openTransactions.keys()]) {
      const producerIds = this.#openTransactions.get(groupId)!;
      producerIds.delete(end.producerId);
      if (producerIds.size === 0) this.#openTransactions.delete(groupId);
    }
    if (!end.committed) return;
    for (const groupId of pending.byGroup.keys()) {
      for (const { topic, partition, committed } of pending.ofGroup(groupId)) {
        const current = this.#offsets.get(groupId, topic, partition);
        if (current === undefined || committed.recordOffset > current.recordOffset) {
          this.#offsets.set(groupId, topic, partition, committed);
        }
      }
    }
  }
}

/** Whether an offset was committed for another topic of the same name (KIP-848's follow-up: topic ids in v10). */
export function isOfOtherTopic(committed: CommittedOffset, topicId: Uuid): boolean {
  return committed.topicId !== ZERO_UUID && topicId !== ZERO_UUID && committed.topicId !== topicId;
}
