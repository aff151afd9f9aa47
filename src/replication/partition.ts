/**
 * One partition on this broker: who leads it, how far each replica is, and what waits for that (Kafka's Partition).
 *
 * Offsets:  logStartOffset <= highWatermark <= writtenEndOffset <= logEndOffset
 *           (after a leader change the high watermark may lag behind until the in-sync replicas have been heard of)
 *
 * The high watermark is the smallest written end among the in-sync replicas; it never falls while this broker leads.
 * Consumers see what is below it, so nobody reads a record that a kill of the process could still take away. A replica whose
 * way into the in-sync replicas is under way, or about to be, counts as one; the controller decides when it is.
 *
 *   follower --applyState(leader = me)--> leader --applyState(leader = other)--> follower
 *   A follower that is cutting its log ends that first: `busy`.
 *   either --close(error)--> closed: everything that waits is told, and the registry forgets the object
 */
import { assert } from '../base/assert.ts';
import type { LeaderEpoch, Offset, PartitionEpoch } from '../base/flavor.ts';
import type { Uuid } from '../base/uuid.ts';
import type { TopicMetrics } from '../metrics/topic-metrics.ts';
import type { ErrorName } from '../wire/errors.ts';
import { AdvancedBytes } from './advanced-bytes.ts';
import { type FollowerFetch, FollowerProgress } from './follower-progress.ts';
import type { AppendOrigin, AppendResult, ReplicaLog, TransactionGuard } from './replica-log.ts';

/** What the metadata log says about a partition. */
export interface PartitionState {
  /** -1: none. */
  readonly leader: number;
  readonly leaderEpoch: LeaderEpoch;
  readonly partitionEpoch: PartitionEpoch;
  readonly isr: readonly number[];
  readonly replicas: readonly number[];
  /** Of each replica, in their order (KIP-858); absent where the metadata does not say. */
  readonly directories?: readonly Uuid[];
}

/** Waits until an offset is written (acks=1), committed (acks=all) or, with all below it, deleted on every replica. */
export interface AppendWaiter {
  /** Exclusive end of what is waited for. */
  readonly requiredOffset: Offset;
  /** Called once; the waiter is forgotten before. */
  reached(error: ErrorName): void;
}

/** Waits for something to read. */
export interface FetchWaiter {
  readonly fromFollower: boolean;
  /** `bytes` more have become readable. The waiter may forget itself in the call. */
  moreReadable(partition: Partition, bytes: number): void;
  /** The leader, its epoch or the partition is another: read again to find out. */
  leadershipChanged(): void;
}

/** Follows a partition for as long as it likes; for coordinators. */
export interface PartitionListener {
  /** Everything below `highWatermark` is committed. */
  highWatermarkAdvanced(highWatermark: Offset): void;
  /** This replica takes no more appends: another leader or leader epoch, a failed disk, or the partition is gone. */
  lostLeadership(): void;
}

export interface PartitionEvents {
  /** The in-sync replicas should be these; `pendingIsr` until the controller has answered. */
  isrShouldChange(partition: Partition, isr: readonly number[]): void;
  /** Whether the controller would take the broker into the in-sync replicas: registered, unfenced, not stopping. */
  isIsrEligible(brokerId: number): boolean;
  /** A write or read failed in the file system: the log directory can no longer be trusted. */
  storageFailed(error: unknown): void;
}

export interface PartitionOptions {
  readonly topic: string;
  readonly partition: number;
  readonly topicId: Uuid;
  readonly brokerId: number;
  readonly log: ReplicaLog;
  /** From `replication-offset-checkpoint`; 0 where there is none. */
  readonly checkpointedHighWatermark: Offset;
  /** The topic's `min.insync.replicas` of now. */
  readonly minInsyncReplicas: () => number;
  /** Of the topic. */
  readonly metrics: TopicMetrics;
  /** `replica.lag.time.max.ms` */
  readonly lagTimeMaxMs: number;
  readonly nowMs: () => number;
  readonly events: PartitionEvents;
}

const NO_STATE: PartitionState = { leader: -1, leaderEpoch: -1, partitionEpoch: -1, isr: [], replicas: [] };
/** Of partitions that never had one: ten thousand idle ones share them. Nothing is ever put in. */
const NO_FOLLOWERS: Map<number, FollowerProgress> = new Map();
const NO_FETCH_WAITERS: Set<FetchWaiter> = new Set();
const NO_LISTENERS: Set<PartitionListener> = new Set();
const NO_DELETION_WAITERS: readonly AppendWaiter[] = [];

export class Partition {
  readonly topic: string;
  readonly partition: number;
  readonly topicId: Uuid;
  #log: ReplicaLog;
  readonly metrics: TopicMetrics;
  readonly #brokerId: number;
  readonly #minInsyncReplicas: () => number;
  readonly #lagTimeMaxMs: number;
  readonly #nowMs: () => number;
  readonly #events: PartitionEvents;
  #state = NO_STATE;
  #highWatermark: Offset;
  /** Where the log ended when this broker became leader; null while it is not. */
  #leaderEpochStartOffset: Offset | null = null;
  /** Of every other replica, in this leader epoch; empty while another leads. */
  #followers = NO_FOLLOWERS;
  /** What the controller has been asked for; null when nothing is under way. */
  #pendingIsr: readonly number[] | null = null;
  #cutting: Promise<void> | null = null;

  #writtenWaiters: AppendWaiter[] = [];
  #committedWaiters: AppendWaiter[] = [];
  #deletionWaiters = NO_DELETION_WAITERS;
  #fetchWaiters = NO_FETCH_WAITERS;
  #listeners = NO_LISTENERS;
  readonly #advancedBytes = new AdvancedBytes();
  #watchedWrite: Promise<void> | null = null;
  /** Of a follower: what the leader said last, which its own writes may not have reached. */
  #leaderHighWatermark: Offset = 0;
  #closed: ErrorName | null = null;

  constructor(options: PartitionOptions) {
    this.topic = options.topic;
    this.partition = options.partition;
    this.topicId = options.topicId;
    this.#log = options.log;
    this.metrics = options.metrics;
    this.#brokerId = options.brokerId;
    this.#minInsyncReplicas = options.minInsyncReplicas;
    this.#lagTimeMaxMs = options.lagTimeMaxMs;
    this.#nowMs = options.nowMs;
    this.#events = options.events;
    // After an unclean stop the checkpoint may be ahead of the log that recovery left.
    const { logStartOffset, writtenEndOffset } = options.log;
    this.#highWatermark = Math.max(logStartOffset, Math.min(options.checkpointedHighWatermark, writtenEndOffset));
  }

  get log(): ReplicaLog {
    return this.#log;
  }

  get isLeader(): boolean {
    return this.#state.leader === this.#brokerId && this.#closed === null;
  }

  get state(): PartitionState {
    return this.#state;
  }

  get leaderEpoch(): LeaderEpoch {
    return this.#state.leaderEpoch;
  }

  get highWatermark(): Offset {
    return this.#highWatermark;
  }

  /** Everything below is decided: no open transaction has a record there. */
  get lastStableOffset(): Offset {
    return this.log.lastStableOffset(this.#highWatermark);
  }

  get leaderEpochStartOffset(): Offset | null {
    return this.#leaderEpochStartOffset;
  }

  /** Takes over what the metadata log says; older states than the known one are ignored. */
  applyState(state: PartitionState): void {
    if (state.partitionEpoch < this.#state.partitionEpoch) return;
    assert(this.#cutting === null, 'the state changes while the log is being cut');
    const newLeaderEpoch = state.leaderEpoch > this.#state.leaderEpoch;
    const wasLeader = this.isLeader;
    if (state.partitionEpoch > this.#state.partitionEpoch) this.#pendingIsr = null;
    this.#state = state;
    if (this.isLeader) {
      if (newLeaderEpoch || !wasLeader) {
        this.#leaderEpochStartOffset = this.log.logEndOffset;
        this.#followers.clear();
        this.log.assignEpochStartOffset(state.leaderEpoch, this.log.logEndOffset);
      }
      this.#followReplicas();
      this.#maybeAdvanceHighWatermark();
      this.#maybeFinishDeletions();
    } else {
      this.#leaderEpochStartOffset = null;
      this.#followers.clear();
      this.#failAppendWaiters('NOT_LEADER_OR_FOLLOWER');
      this.#failDeletionWaiters('NOT_LEADER_OR_FOLLOWER');
    }
    if (newLeaderEpoch || wasLeader !== this.isLeader) this.#announceLeadershipChange();
  }

  /** The partition is deleted, moved away or its disk failed. */
  close(error: ErrorName): void {
    if (this.#closed !== null) return;
    this.#closed = error;
    this.#failAppendWaiters(error);
    this.#failDeletionWaiters(error);
    this.#announceLeadershipChange();
  }

  /** NONE, or why a request with this view of the leadership is refused (KIP-320). -1: the client has no view. */
  checkLeadership(currentLeaderEpoch: LeaderEpoch, requireLeader: boolean): ErrorName {
    if (this.#closed !== null) return this.#closed;
    if (currentLeaderEpoch !== -1) {
      if (currentLeaderEpoch < this.#state.leaderEpoch) return 'FENCED_LEADER_EPOCH';
      if (currentLeaderEpoch > this.#state.leaderEpoch) return 'UNKNOWN_LEADER_EPOCH';
    }
    return requireLeader && !this.isLeader ? 'NOT_LEADER_OR_FOLLOWER' : 'NONE';
  }

  /** Kafka's effective minimum: a topic with fewer replicas than `min.insync.replicas` can still be written. */
  get hasEnoughInSyncReplicas(): boolean {
    return this.#state.isr.length >= this.effectiveMinInsyncReplicas;
  }

  get effectiveMinInsyncReplicas(): number {
    return Math.min(this.#minInsyncReplicas(), this.#state.replicas.length);
  }

  /** Produce requests that wait for this partition. */
  get waitingAppendCount(): number {
    return this.#writtenWaiters.length + this.#committedWaiters.length;
  }

  /** Appends at once. The caller has checked the leadership. */
  append(records: Buffer, origin: AppendOrigin, nowMs: number, transactionGuard?: TransactionGuard): AppendResult {
    assert(this.isLeader, 'only the leader appends');
    const result = this.log.appendAsLeader(records, {
      leaderEpoch: this.#state.leaderEpoch,
      origin,
      nowMs,
      ...(transactionGuard === undefined ? {} : { transactionGuard }),
    });
    if (result.kind === 'appended') {
      this.#advancedBytes.appended(result.lastOffset + 1, result.sizeInBytes);
      this.metrics.appended(result.lastOffset - result.firstOffset + 1, result.sizeInBytes);
      this.#watchWrite(result.written);
    }
    return result;
  }

  // ---- in-sync replicas, as the leader keeps them

  /** A follower asked for `fetchOffset`, so it has everything below; only the leader is told. */
  recordFollowerFetch(fetch: FollowerFetch): void {
    const follower = this.#followers.get(fetch.replicaId);
    if (follower === undefined) return;
    // After an unclean election a follower may have less than it had; it never takes the high watermark back.
    follower.fetched(fetch, this.log.writtenEndOffset, this.#nowMs());
    this.#maybeExpandIsr(fetch.replicaId, follower);
    this.#maybeAdvanceHighWatermark();
    this.#maybeFinishDeletions();
  }

  follower(replicaId: number): FollowerProgress | undefined {
    return this.#followers.get(replicaId);
  }

  /** Asks for those to leave who have not caught up within `replica.lag.time.max.ms`. */
  maybeShrinkIsr(): void {
    if (!this.isLeader || this.#pendingIsr !== null) return;
    const nowMs = this.#nowMs();
    const { writtenEndOffset } = this.log;
    const isr = this.#state.isr.filter((replica) => {
      const follower = this.#followers.get(replica);
      return follower === undefined || follower.isCaughtUp(writtenEndOffset, nowMs, this.#lagTimeMaxMs);
    });
    if (isr.length < this.#state.isr.length) this.#askForIsr(isr);
  }

  /** What `isrShouldChange` asked for and the controller has not answered; null when nothing is under way. */
  get pendingIsr(): readonly number[] | null {
    return this.#pendingIsr;
  }

  /** The controller made the change. */
  isrChanged(state: Pick<PartitionState, 'leader' | 'leaderEpoch' | 'partitionEpoch' | 'isr'>): void {
    // A change of leader comes with the metadata alone, and what the metadata said meanwhile counts.
    if (!this.isLeader || state.leader !== this.#brokerId || state.leaderEpoch !== this.#state.leaderEpoch) return;
    if (state.partitionEpoch < this.#state.partitionEpoch) return;
    this.#pendingIsr = null;
    this.#state = { ...this.#state, isr: state.isr, partitionEpoch: state.partitionEpoch };
    this.#maybeAdvanceHighWatermark();
  }

  /** The controller is known not to have made the change. Where that is not known, it stays pending until the metadata says. */
  isrChangeRefused(): void {
    this.#pendingIsr = null;
    this.#maybeAdvanceHighWatermark();
  }

  /** The smallest log start offset among the replicas: what DeleteRecords has reached. */
  get lowWatermark(): Offset {
    let lowWatermark = this.log.logStartOffset;
    for (const [replica, { logStartOffset }] of this.#followers) {
      if (this.#events.isIsrEligible(replica)) lowWatermark = Math.min(lowWatermark, logStartOffset);
    }
    return lowWatermark;
  }

  #followReplicas(): void {
    const nowMs = this.#nowMs();
    const { replicas, isr } = this.#state;
    for (const replica of this.#followers.keys()) if (!replicas.includes(replica)) this.#followers.delete(replica);
    for (const replica of replicas) {
      if (replica === this.#brokerId || this.#followers.has(replica)) continue;
      if (this.#followers === NO_FOLLOWERS) this.#followers = new Map();
      this.#followers.set(replica, new FollowerProgress({ inSync: isr.includes(replica), nowMs }));
    }
  }

  #maybeExpandIsr(replicaId: number, follower: FollowerProgress): void {
    if (this.#pendingIsr !== null || this.#state.isr.includes(replicaId)) return;
    const epochStart = this.#leaderEpochStartOffset ?? 0;
    if (follower.logEndOffset < this.#highWatermark || follower.logEndOffset < epochStart) return;
    if (this.#events.isIsrEligible(replicaId)) this.#askForIsr([...this.#state.isr, replicaId]);
  }

  #askForIsr(isr: readonly number[]): void {
    this.#pendingIsr = isr;
    this.#events.isrShouldChange(this, isr);
  }

  // ---- as a follower

  /** The log is being cut; the state may change when it is done. */
  get busy(): Promise<void> | null {
    return this.#cutting;
  }

  /** Appends what the leader sent. The caller has checked that this leader epoch is still the one. */
  appendAsFollower(records: Buffer): AppendResult {
    assert(!this.isLeader && this.#cutting === null, 'only a follower appends what another leader sent');
    const result = this.log.appendAsFollower(records, this.#state.leaderEpoch);
    if (result.kind === 'appended' && result.sizeInBytes > 0) {
      this.#advancedBytes.appended(result.lastOffset + 1, result.sizeInBytes);
      this.metrics.replicated(result.sizeInBytes);
      this.#watchWrite(result.written);
    }
    return result;
  }

  /** The leader's offsets, as its answer to a fetch has them. */
  leaderOffsets(offsets: { readonly highWatermark: Offset; readonly logStartOffset: Offset }): void {
    assert(!this.isLeader, 'the leader has its own high watermark');
    const highWatermark = Math.min(offsets.highWatermark, this.log.writtenEndOffset);
    this.#leaderHighWatermark = offsets.highWatermark;
    if (highWatermark > this.#highWatermark) this.#advanceHighWatermark(highWatermark);
    const logStartOffset = Math.min(offsets.logStartOffset, this.#highWatermark);
    if (logStartOffset > this.log.logStartOffset) this.log.advanceLogStartOffset(logStartOffset);
  }

  /** Cuts off what the leader does not have. Rejects with StorageError. */
  truncateTo(offset: Offset): Promise<void> {
    return this.#cut(() => this.log.truncateTo(Math.max(offset, this.log.logStartOffset)));
  }

  /** The leader has nothing below `offset` any more, and this log nothing from there on. Rejects with StorageError. */
  startAnewAt(offset: Offset): Promise<void> {
    return this.#cut(() => this.log.truncateFullyAndStartAt(offset));
  }

  #cut(cut: () => Promise<void>): Promise<void> {
    assert(!this.isLeader && this.#cutting === null, 'only a follower cuts its log, once at a time');
    const cutting = cut().then(
      () => {
        this.#cutting = null;
        const { logStartOffset, writtenEndOffset } = this.log;
        this.#highWatermark = Math.max(logStartOffset, Math.min(this.#highWatermark, writtenEndOffset));
      },
      (error: unknown) => {
        this.#cutting = null;
        throw error;
      },
    );
    this.#cutting = cutting;
    return cutting;
  }

  /** At once when the batch is in the file already. */
  awaitWritten(waiter: AppendWaiter): void {
    if (this.#closed !== null) waiter.reached(this.#closed);
    else if (waiter.requiredOffset <= this.log.writtenEndOffset) waiter.reached('NONE');
    else this.#writtenWaiters.push(waiter);
  }

  /** At once when the batch is below the high watermark already. */
  awaitCommitted(waiter: AppendWaiter): void {
    if (this.#closed !== null) waiter.reached(this.#closed);
    else if (waiter.requiredOffset <= this.#highWatermark) waiter.reached('NONE');
    else this.#committedWaiters.push(waiter);
  }

  forgetAppendWaiter(waiter: AppendWaiter): void {
    this.#writtenWaiters = this.#writtenWaiters.filter((other) => other !== waiter);
    this.#committedWaiters = this.#committedWaiters.filter((other) => other !== waiter);
  }

  /** What was appended waits for room on the disk: it may be written yet, but whoever waits is told to try again. */
  writesHeld(): void {
    this.#failAppendWaiters('KAFKA_STORAGE_ERROR');
  }

  /** Gives the function that ends it. */
  listen(listener: PartitionListener): () => void {
    if (this.#listeners === NO_LISTENERS) this.#listeners = new Set();
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  addFetchWaiter(waiter: FetchWaiter): void {
    if (this.#fetchWaiters === NO_FETCH_WAITERS) this.#fetchWaiters = new Set();
    this.#fetchWaiters.add(waiter);
  }

  forgetFetchWaiter(waiter: FetchWaiter): void {
    this.#fetchWaiters.delete(waiter);
  }

  /** Moves the log start offset up; the caller has checked that it is not beyond the high watermark. */
  deleteRecordsBefore(offset: Offset): void {
    assert(offset <= this.#highWatermark, 'records above the high watermark cannot be deleted');
    if (offset <= this.log.logStartOffset) return;
    this.log.advanceLogStartOffset(offset);
    this.#wakeFollowers();
  }

  /** At once when every replica that is there has deleted what is below the offset. */
  awaitDeleted(waiter: AppendWaiter): void {
    this.#deletionWaiters = [...this.#deletionWaiters, waiter];
    this.#maybeFinishDeletions();
  }

  forgetDeletionWaiter(waiter: AppendWaiter): void {
    this.#deletionWaiters = this.#deletionWaiters.filter((other) => other !== waiter);
  }

  #maybeFinishDeletions(): void {
    if (this.#deletionWaiters.length === 0) return;
    const { lowWatermark } = this;
    const finished = this.#deletionWaiters.filter(({ requiredOffset }) => requiredOffset <= lowWatermark);
    if (finished.length === 0) return;
    this.#deletionWaiters = this.#deletionWaiters.filter(({ requiredOffset }) => requiredOffset > lowWatermark);
    for (const waiter of finished) waiter.reached('NONE');
  }

  /** A follower's fetch that waits is answered: it brings news. */
  #wakeFollowers(): void {
    for (const waiter of this.#fetchWaiters) {
      if (waiter.fromFollower) waiter.moreReadable(this, Number.MAX_SAFE_INTEGER);
    }
  }

  /**
   * Batches that one turn of the event loop appends share one write, and mostly one promise, so that a promise seen
   * before needs no second look.
   */
  #watchWrite(written: Promise<void>): void {
    if (written === this.#watchedWrite) return;
    this.#watchedWrite = written;
    const log = this.#log;
    written.then(
      () => this.#onWritten(),
      (error: unknown) => {
        // A log that was moved away has no say any more.
        if (log === this.#log) this.#writeFailed(error);
      },
    );
  }

  /**
   * The copy in another directory takes the place of the log: it has all of it, and from now on gets the appends. `written`:
   * all that it was given so far is in its file.
   */
  replaceLog(log: ReplicaLog, written: Promise<void>): void {
    assert(log.logEndOffset === this.#log.logEndOffset, 'a copy that lacks something cannot be the log');
    this.#log = log;
    this.#watchWrite(written);
  }

  #onWritten(): void {
    if (this.#closed !== null) return;
    const written = reachedCount(this.#writtenWaiters, this.log.writtenEndOffset);
    if (written > 0) {
      // Taken out before they are told, because a told waiter may append and wait again.
      const waiters = this.#writtenWaiters;
      this.#writtenWaiters = waiters.slice(written);
      for (let index = 0; index < written; index++) waiters[index]!.reached('NONE');
    }
    this.#wakeFollowers();
    this.#maybeAdvanceHighWatermark();
  }

  #writeFailed(error: unknown): void {
    this.#events.storageFailed(error);
    this.close('KAFKA_STORAGE_ERROR');
  }

  #maybeAdvanceHighWatermark(): void {
    if (!this.isLeader) {
      const reached = Math.min(this.#leaderHighWatermark, this.log.writtenEndOffset);
      if (reached > this.#highWatermark) this.#advanceHighWatermark(reached);
      return;
    }
    // Below the minimum of in-sync replicas nothing more is committed: a replica in the ELR may lack it (KIP-966).
    if (!this.hasEnoughInSyncReplicas) return;
    const { writtenEndOffset } = this.log;
    let highWatermark = writtenEndOffset;
    for (const [replica, follower] of this.#followers) {
      if (follower.logEndOffset < highWatermark && this.#countsAsInSync(replica, follower, writtenEndOffset)) {
        highWatermark = follower.logEndOffset;
      }
    }
    if (highWatermark > this.#highWatermark) this.#advanceHighWatermark(highWatermark);
  }

  /** One that is about to come in sync counts already: else it would never reach the high watermark of a busy partition. */
  #countsAsInSync(replica: number, follower: FollowerProgress, writtenEndOffset: Offset): boolean {
    if (this.#state.isr.includes(replica) || this.#pendingIsr?.includes(replica) === true) return true;
    return (
      follower.isCaughtUp(writtenEndOffset, this.#nowMs(), this.#lagTimeMaxMs) && this.#events.isIsrEligible(replica)
    );
  }

  #advanceHighWatermark(highWatermark: Offset): void {
    this.#highWatermark = highWatermark;
    const bytes = this.#advancedBytes.advanceTo(highWatermark);
    const committed = reachedCount(this.#committedWaiters, highWatermark);
    if (committed > 0) {
      const waiters = this.#committedWaiters;
      this.#committedWaiters = waiters.slice(committed);
      for (let index = 0; index < committed; index++) waiters[index]!.reached('NONE');
    }
    for (const listener of this.#listeners) listener.highWatermarkAdvanced(highWatermark);
    for (const waiter of this.#fetchWaiters) {
      if (!waiter.fromFollower) waiter.moreReadable(this, bytes);
    }
  }

  #failAppendWaiters(error: ErrorName): void {
    if (this.waitingAppendCount === 0) return;
    const waiters = [...this.#writtenWaiters, ...this.#committedWaiters];
    this.#writtenWaiters = [];
    this.#committedWaiters = [];
    for (const waiter of waiters) waiter.reached(error);
  }

  #failDeletionWaiters(error: ErrorName): void {
    const waiters = this.#deletionWaiters;
    this.#deletionWaiters = NO_DELETION_WAITERS;
    for (const waiter of waiters) waiter.reached(error);
  }

  #announceLeadershipChange(): void {
    for (const waiter of [...this.#fetchWaiters]) waiter.leadershipChanged();
    for (const listener of [...this.#listeners]) listener.lostLeadership();
  }
}

/**
 * How many waiters at the front have reached their offset. They queue in the order of their appends, so their offsets
 * rise; only a repeated batch of an idempotent producer may wait behind younger ones.
 */
function reachedCount(waiters: readonly AppendWaiter[], reachedOffset: Offset): number {
  let count = 0;
  while (count < waiters.length && waiters[count]!.requiredOffset <= reachedOffset) count++;
  return count;
}
