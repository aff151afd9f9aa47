/**
 * The partitions that this broker holds, and what clients and coordinators do with them (Kafka's ReplicaManager).
 *
 *   absent --metadata: this broker is a replica--> online --metadata: no longer, or deleted--> absent
 *   online --its log directory failed--> offline (KAFKA_STORAGE_ERROR until the broker starts again)
 *
 * Invariant: the metadata log decides what is held; `apply` is the only way in and out, and is called in its order.
 * High watermarks are written to `replication-offset-checkpoint` now and then and at the stop, for a follower that
 * becomes leader must not tell less than it told before; a lone leader would find them again by itself.
 */
import { AssertionError, assert } from '../base/assert.ts';
import type { BufferPool } from '../base/buffer-pool.ts';
import type { Clock, Timer, TimerHandle } from '../base/clock.ts';
import type { Offset } from '../base/flavor.ts';
import type { Logger } from '../base/logger.ts';
import { type Uuid, ZERO_UUID } from '../base/uuid.ts';
import type { LogConfig } from '../log/log-config.ts';
import { isShortage, StorageError } from '../log/storage-error.ts';
import { TopicMetricsTable } from '../metrics/topic-metrics.ts';
import type { ErrorName } from '../wire/errors.ts';
import {
  type AppendEntry,
  type AppendRequest,
  type AppendServices,
  appendRecords,
  type EntryResult,
} from './append-records.ts';
import { type DeletedRecords, deleteRecords, type RecordDeletion } from './delete-records.ts';
import { type FetchRequest, type FetchResult, type FetchServices, fetchRecords } from './fetch-records.ts';
import { Partition, type PartitionEvents, type PartitionState } from './partition.ts';
import type { PartitionLookup } from './partition-lookup.ts';
import {
  endOfLeaderEpoch,
  type LeaderEpochEnd,
  type LeaderEpochQuery,
  type ListedOffset,
  type ListOffsetQuery,
  listOffset,
} from './partition-offsets.ts';
import type { ActiveProducer, ReplicaLogs } from './replica-log.ts';
import {
  endTransaction,
  startTransactionVerification,
  type TransactionEnd,
  type TransactionStart,
} from './transactions.ts';

/** What has become of the topics since the last call of `apply`; a part of metadata's `MetadataChanges`. */
export interface TopicChanges {
  readonly deletedTopics: Iterable<TopicIdentity>;
  /** New and changed partitions as they are now. */
  readonly changedPartitions: Iterable<{
    readonly topic: TopicIdentity;
    readonly partition: number;
    readonly current: PartitionState;
  }>;
}

interface TopicIdentity {
  readonly name: string;
  readonly topicId: Uuid;
}

export interface HostedPartitionsOptions {
  readonly brokerId: number;
  readonly clock: Clock;
  readonly timer: Timer;
  readonly logs: ReplicaLogs;
  readonly logger: Logger;
  /** The storage options of a topic as its configs are now. */
  readonly logConfig: (topic: string) => LogConfig;
  /** `min.insync.replicas` of a topic as it is now. */
  readonly minInsyncReplicas: (topic: string) => number;
  /** `replica.high.watermark.checkpoint.interval.ms` */
  readonly highWatermarkCheckpointIntervalMs: number;
  /** Most fetches that wait at a time; beyond it they are answered with what is there. */
  readonly waitingFetchesMax: number;
  /** `replica.lag.time.max.ms` */
  readonly lagTimeMaxMs: number;
  /** Registered, unfenced, not stopping. */
  readonly isIsrEligible: (brokerId: number) => boolean;
  /** Asks the controller for other in-sync replicas. */
  readonly isrShouldChange: (partition: Partition, isr: readonly number[]) => void;
  /** Fetches for the partitions that follow; told whenever what is to be followed may be another. */
  readonly followers: FollowerRoles;
  /** What followers that are not in sync are served. */
  readonly throttle: FetchServices['throttle'];
  /** Absent where sockets keep what they are given. */
  readonly readBuffers?: BufferPool | undefined;
  /** This broker began (with a new leader epoch) or ceased to lead a partition; coordinators load and unload by it. */
  readonly onLeadershipChange: (partition: Partition, leads: boolean) => void;
  /** The log lies in another directory than the metadata says, or the metadata does not say. */
  readonly onMisplaced: (replica: {
    readonly topicId: Uuid;
    readonly partition: number;
    readonly directoryId: Uuid;
  }) => void;
}

export interface FollowerRoles {
  /** The partition follows its leader, from the leader epoch that it is in. */
  follow(partition: Partition): void;
  /** It leads, or is gone. Harmless for one that did not follow. */
  unfollow(partition: Partition): void;
}

const OPEN_RETRY_MS = 1000;
/** A change of thousands of partitions gives way to everything else this often. */
const APPLY_TURN_MS = 20;

interface HostedTopic {
  readonly topicId: Uuid;
  readonly minInsyncReplicas: () => number;
  /** Every partition of the topic that the metadata names. */
  readonly partitions: Map<number, Partition | 'elsewhere' | 'offline'>;
}

export class HostedPartitions implements PartitionLookup {
  readonly topicMetrics = new TopicMetricsTable();
  readonly #options: HostedPartitionsOptions;
  readonly #logger: Logger;
  readonly #topics = new Map<string, HostedTopic>();
  readonly #events: PartitionEvents;
  readonly #nowMs = () => this.#options.clock.monotonicMs();
  readonly #appendServices: AppendServices;
  readonly #fetchServices: FetchServices;
  readonly #checkpointed: ReadonlyMap<string, Offset>;
  readonly #unopened = new Map<string, { topic: TopicIdentity; index: number; state: PartitionState }>();
  #openTimer: TimerHandle | null = null;
  #waitingFetches = 0;
  #isrShrinks = 0;
  #isrExpands = 0;
  #stopped = false;
  #checkpointTimer: TimerHandle | null = null;
  #isrTimer: TimerHandle | null = null;
  /** What the checkpoint file says, so that an idle broker does not write it again. */
  #lastCheckpoint: ReadonlyMap<string, Offset>;

  constructor(options: HostedPartitionsOptions) {
    this.#options = options;
    this.#logger = options.logger;
    this.#checkpointed = options.logs.checkpointedHighWatermarks;
    this.#lastCheckpoint = this.#checkpointed;
    this.#events = {
      storageFailed: (error) => this.failStorage(error),
      isrShouldChange: options.isrShouldChange,
      isIsrEligible: options.isIsrEligible,
    };
    this.#appendServices = {
      partitions: this,
      timer: options.timer,
      storageFailed: (error) => this.failStorage(error),
    };
    this.#fetchServices = {
      partitions: this,
      timer: options.timer,
      throttle: options.throttle,
      readBuffers: options.readBuffers,
      mayWait: () => this.#waitingFetches < options.waitingFetchesMax,
      waitBegan: () => {
        this.#waitingFetches++;
      },
      waitEnded: () => {
        this.#waitingFetches--;
      },
    };
  }

  /** Begins to write high watermark checkpoints, and to look for followers that lag. */
  start(): void {
    assert(this.#checkpointTimer === null, 'hosted partitions start once');
    this.#scheduleCheckpoint();
    this.#scheduleIsrCheck();
  }

  /** Ends all waits, as a lost leadership would, and writes the last checkpoint. The logs are closed by their owner. */
  stop(): void {
    this.#stopped = true;
    this.#checkpointTimer?.cancel();
    this.#checkpointTimer = null;
    this.#isrTimer?.cancel();
    this.#isrTimer = null;
    this.#openTimer?.cancel();
    this.#openTimer = null;
    this.checkpointHighWatermarks();
    for (const partition of this.online()) partition.close('NOT_LEADER_OR_FOLLOWER');
  }

  /**
   * Takes over a change of the metadata: at once, or where that is much, in turns. The next change must wait for the promise.
   * Fails for nothing but a broken invariant: a log that cannot be made takes the storage offline.
   */
  apply(changes: TopicChanges): void | Promise<void> {
    const steps = this.#steps(changes);
    return this.#applyTurn(steps) ? undefined : this.#applyInTurns(steps);
  }

  /** True when nothing is left to do. */
  #applyTurn(steps: Generator<void, void, undefined>): boolean {
    const { clock } = this.#options;
    const startMs = clock.monotonicMs();
    while (!this.#stopped) {
      if (steps.next().done === true) return true;
      if (clock.monotonicMs() - startMs >= APPLY_TURN_MS) return false;
    }
    return true;
  }

  async #applyInTurns(steps: Generator<void, void, undefined>): Promise<void> {
    do await new Promise<void>((resolve) => this.#options.timer.schedule(0, resolve));
    while (!this.#applyTurn(steps));
  }

  /** One partition a step. */
  *#steps(changes: TopicChanges): Generator<void, void, undefined> {
    for (const { name, topicId } of changes.deletedTopics) {
      if (this.#topics.get(name)?.topicId === topicId) yield* this.#deleteTopic(name);
    }
    for (const { topic, partition, current } of changes.changedPartitions) {
      // The name may stand for a topic that was deleted and created again between two calls.
      const known = this.#topics.get(topic.name);
      if (known !== undefined && known.topicId !== topic.topicId) yield* this.#deleteTopic(topic.name);
      this.#applyPartition(this.#hostedTopic(topic), topic, partition, current);
      yield;
    }
  }

  /** The topic's configs are others. */
  configsChanged(topic: string): void {
    const config = this.#options.logConfig(topic);
    for (const partition of this.#topics.get(topic)?.partitions.values() ?? []) {
      if (partition instanceof Partition) partition.log.updateConfig(config);
    }
  }

  find(topic: string, partition: number): Partition | ErrorName {
    const hosted = this.#topics.get(topic)?.partitions.get(partition);
    switch (hosted) {
      case undefined:
        return 'UNKNOWN_TOPIC_OR_PARTITION';
      case 'elsewhere':
        return 'NOT_LEADER_OR_FOLLOWER';
      case 'offline':
        return 'KAFKA_STORAGE_ERROR';
      default:
        return hosted;
    }
  }

  /** Fetch requests that wait for data. */
  get waitingFetchCount(): number {
    return this.#waitingFetches;
  }

  /** How often the in-sync set of a partition led here became smaller, and how often larger. */
  get isrChanges(): { readonly shrinks: number; readonly expands: number } {
    return { shrinks: this.#isrShrinks, expands: this.#isrExpands };
  }

  /** Replicas of this broker whose disk failed. */
  get offlineCount(): number {
    let count = 0;
    for (const topic of this.#topics.values()) {
      for (const partition of topic.partitions.values()) if (partition === 'offline') count++;
    }
    return count;
  }

  /** Every partition with a usable log. */
  *online(): IterableIterator<Partition> {
    for (const topic of this.#topics.values()) {
      for (const partition of topic.partitions.values()) {
        if (partition instanceof Partition) yield partition;
      }
    }
  }

  /** Clients' Produce; the appends have happened when it returns. */
  append(request: AppendRequest): EntryResult[] | Promise<EntryResult[]> {
    return appendRecords(this.#appendServices, request);
  }

  /** Which of the batches the transaction coordinator has to be asked about before they are appended (KIP-890). */
  startTransactionVerification(entries: readonly AppendEntry[]): readonly TransactionStart[] {
    return startTransactionVerification(this, entries);
  }

  /** Appends the marker that ends a transaction in a partition that has no coordinator; NONE when it is committed. */
  endTransaction(partition: { readonly topic: string; readonly partition: number }, end: TransactionEnd) {
    const { clock, timer } = this.#options;
    return endTransaction({ partitions: this, clock, timer }, partition, end);
  }

  fetch(request: FetchRequest): FetchResult[] | Promise<FetchResult[]> {
    return fetchRecords(this.#fetchServices, request);
  }

  listOffset(query: ListOffsetQuery): ListedOffset | Promise<ListedOffset> {
    return listOffset(this, query);
  }

  endOfLeaderEpoch(query: LeaderEpochQuery): LeaderEpochEnd {
    return endOfLeaderEpoch(this, query);
  }

  /** What the leader's log remembers of its producers, for DescribeProducers. */
  activeProducers(topic: string, partition: number): readonly ActiveProducer[] | ErrorName {
    const found = this.find(topic, partition);
    if (typeof found === 'string') return found;
    const leadership = found.checkLeadership(-1, true);
    return leadership === 'NONE' ? found.log.activeProducers() : leadership;
  }

  /** One result per deletion, in order. */
  deleteRecords(deletions: readonly RecordDeletion[], timeoutMs: number): DeletedRecords[] | Promise<DeletedRecords[]> {
    return deleteRecords({ partitions: this, timer: this.#options.timer }, deletions, timeoutMs);
  }

  /** `compression.type` of a topic that is held here, for clients that cannot read zstd; null where it is not held. */
  compressionType(topic: string, partition: number): LogConfig['compressionType'] | null {
    const found = this.find(topic, partition);
    return typeof found === 'string' ? null : found.log.config.compressionType;
  }

  /** A log directory failed: what lies in it is served no more. Harmless when called again. */
  failStorage(error: unknown): void {
    for (const topic of this.#topics.values()) {
      for (const [index, partition] of topic.partitions) {
        if (!(partition instanceof Partition) || !partition.log.offline) continue;
        const led = partition.isLeader;
        this.#logger.error('a partition is offline', { topic: partition.topic, partition: index, error });
        topic.partitions.set(index, 'offline');
        this.#options.followers.unfollow(partition);
        partition.close('KAFKA_STORAGE_ERROR');
        if (led) this.#options.onLeadershipChange(partition, false);
      }
    }
  }

  /** The disk under this log is full: appends that wait for it are answered. */
  writesHeld({ topic, partition }: { readonly topic: string; readonly partition: number }): void {
    const found = this.find(topic, partition);
    if (found instanceof Partition) found.writesHeld();
  }

  checkpointHighWatermarks(): void {
    const highWatermarks = new Map<string, Offset>();
    for (const partition of this.online()) {
      highWatermarks.set(checkpointKey(partition.topic, partition.partition), partition.highWatermark);
    }
    if (sameOffsets(highWatermarks, this.#lastCheckpoint)) return;
    try {
      this.#options.logs.checkpointHighWatermarks(highWatermarks);
      this.#lastCheckpoint = highWatermarks;
    } catch (error) {
      this.#storageFailedIn(error);
    }
  }

  #scheduleCheckpoint(): void {
    this.#checkpointTimer = this.#options.timer.schedule(this.#options.highWatermarkCheckpointIntervalMs, () => {
      this.checkpointHighWatermarks();
      this.#scheduleCheckpoint();
    });
  }

  /** Twice within the time that a follower may lag, as in Kafka. */
  #scheduleIsrCheck(): void {
    const intervalMs = Math.max(1, Math.floor(this.#options.lagTimeMaxMs / 2));
    this.#isrTimer = this.#options.timer.schedule(intervalMs, () => {
      for (const partition of this.online()) partition.maybeShrinkIsr();
      this.#scheduleIsrCheck();
    });
  }

  #hostedTopic({ name, topicId }: TopicIdentity): HostedTopic {
    const known = this.#topics.get(name);
    if (known !== undefined) return known;
    const minInsyncReplicas = () => this.#options.minInsyncReplicas(name);
    const hosted: HostedTopic = { topicId, minInsyncReplicas, partitions: new Map() };
    this.#topics.set(name, hosted);
    return hosted;
  }

  #applyPartition(hosted: HostedTopic, topic: TopicIdentity, index: number, state: PartitionState): void {
    const known = hosted.partitions.get(index);
    if (!state.replicas.includes(this.#options.brokerId)) {
      if (known instanceof Partition) this.#deletePartition(known, 'NOT_LEADER_OR_FOLLOWER');
      hosted.partitions.set(index, 'elsewhere');
    } else if (known instanceof Partition) {
      this.#applyState(known, state);
    } else if (known === 'offline') {
      // What is opened later is opened as it is then.
      const key = `${topic.topicId}:${index}`;
      if (this.#unopened.has(key)) this.#unopened.set(key, { topic, index, state });
    } else {
      const partition = this.#openPartition(hosted, topic, index, state);
      hosted.partitions.set(index, partition ?? 'offline');
      if (partition !== null) this.#applyState(partition, state);
    }
  }

  #applyState(partition: Partition, state: PartitionState): void {
    if (partition.busy !== null) {
      // What it is cutting off must be gone before it may lead. Later states come behind this one.
      const applyLater = (): void => this.#applyLater(partition, state);
      partition.busy.then(applyLater, applyLater);
      return;
    }
    const led = partition.isLeader;
    const { leaderEpoch } = partition;
    const inSyncBefore = partition.state.isr.length;
    try {
      partition.applyState(state);
    } catch (error) {
      this.#storageFailedIn(error);
      return;
    }
    this.#checkDirectory(partition, state);
    const leads = partition.isLeader;
    if (led && leads) {
      const inSync = partition.state.isr.length;
      if (inSync < inSyncBefore) this.#isrShrinks++;
      else if (inSync > inSyncBefore) this.#isrExpands++;
    }
    if (led !== leads || (leads && leaderEpoch !== partition.leaderEpoch)) {
      this.#options.onLeadershipChange(partition, leads);
    }
    const { followers } = this.#options;
    if (leads || partition.state.leader === -1) followers.unfollow(partition);
    else followers.follow(partition);
  }

  #applyLater(partition: Partition, state: PartitionState): void {
    if (this.find(partition.topic, partition.partition) === partition) this.#applyState(partition, state);
  }

  /** For what the file system threw at us; a broken invariant is none of it and stops the node. */
  #storageFailedIn(error: unknown): void {
    if (error instanceof AssertionError) throw error;
    this.failStorage(error);
  }

  #checkDirectory({ topic, topicId, partition }: Partition, state: PartitionState): void {
    const assigned = assignedDirectory(state, this.#options.brokerId);
    if (assigned === null) return;
    const directoryId = this.#options.logs.misplacedIn(topic, partition, assigned);
    if (directoryId !== null) this.#options.onMisplaced({ topicId, partition, directoryId });
  }

  #openPartition(hosted: HostedTopic, topic: TopicIdentity, index: number, state: PartitionState): Partition | null {
    const { logs, logConfig, brokerId, lagTimeMaxMs } = this.#options;
    try {
      let log = logs.log(topic.name, index);
      if (log !== undefined && log.topicId !== topic.topicId) {
        logs.deleteLog(topic.name, index);
        log = undefined;
      }
      const known = log !== undefined;
      log ??= logs.createLog({
        topic: topic.name,
        partition: index,
        topicId: topic.topicId,
        config: logConfig(topic.name),
        directoryId: assignedDirectory(state, brokerId) ?? ZERO_UUID,
      });
      return new Partition({
        topic: topic.name,
        partition: index,
        topicId: topic.topicId,
        brokerId,
        log,
        checkpointedHighWatermark: known ? (this.#checkpointed.get(checkpointKey(topic.name, index)) ?? 0) : 0,
        minInsyncReplicas: hosted.minInsyncReplicas,
        metrics: this.topicMetrics.of(topic.name),
        lagTimeMaxMs,
        nowMs: this.#nowMs,
        events: this.#events,
      });
    } catch (error) {
      this.#logger.error('a log cannot be opened', { topic: topic.name, partition: index, error });
      this.#storageFailedIn(error);
      if (isShortage(error instanceof StorageError ? error.cause : error)) this.#openLater(topic, index, state);
      return null;
    }
  }

  /** The disk is full, or handles ran out: tried again until there is room, or the partition is gone. */
  #openLater(topic: TopicIdentity, index: number, state: PartitionState): void {
    this.#unopened.set(`${topic.topicId}:${index}`, { topic, index, state });
    this.#openTimer ??= this.#options.timer.schedule(OPEN_RETRY_MS, () => {
      this.#openTimer = null;
      const unopened = [...this.#unopened.values()];
      this.#unopened.clear();
      for (const each of unopened) {
        const hosted = this.#topics.get(each.topic.name);
        if (hosted?.topicId !== each.topic.topicId || hosted.partitions.get(each.index) !== 'offline') continue;
        hosted.partitions.delete(each.index);
        this.#applyPartition(hosted, each.topic, each.index, each.state);
      }
    });
  }

  *#deleteTopic(name: string): Generator<void, void, undefined> {
    const hosted = this.#topics.get(name);
    if (hosted === undefined) return;
    // Out of the table first: whoever is told of the end and looks again must not find it.
    this.#topics.delete(name);
    this.topicMetrics.forget(name);
    for (const partition of hosted.partitions.values()) {
      if (!(partition instanceof Partition)) continue;
      this.#deletePartition(partition, 'UNKNOWN_TOPIC_OR_PARTITION');
      yield;
    }
  }

  #deletePartition(partition: Partition, error: ErrorName): void {
    const hosted = this.#topics.get(partition.topic);
    if (hosted?.partitions.get(partition.partition) === partition) hosted.partitions.delete(partition.partition);
    const led = partition.isLeader;
    this.#options.followers.unfollow(partition);
    partition.close(error);
    if (led) this.#options.onLeadershipChange(partition, false);
    try {
      this.#options.logs.deleteLog(partition.topic, partition.partition);
    } catch (failure) {
      this.#storageFailedIn(failure);
    }
  }
}

/** Where the metadata has this broker's replica; null where it does not say. */
function assignedDirectory({ directories, replicas }: PartitionState, brokerId: number): Uuid | null {
  return directories?.[replicas.indexOf(brokerId)] ?? null;
}

function checkpointKey(topic: string, partition: number): string {
  return `${topic}-${partition}`;
}

function sameOffsets(one: ReadonlyMap<string, Offset>, other: ReadonlyMap<string, Offset>): boolean {
  if (one.size !== other.size) return false;
  for (const [key, offset] of one) {
    if (other.get(key) !== offset) return false;
  }
  return true;
}
