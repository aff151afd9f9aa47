/**
 * Runs the core of one replica: gives it messages, ticks and finished writes, and carries out its effects.
 *
 * Order that the quorum's safety rests on: the quorum state is synced before any message of the same step leaves; an append
 * counts only when it is synced. Of several states to persist in one step only the last is written, since nothing
 * left in between: a lone voter elects itself with a single write.
 *
 * Committed batches reach the listener in log order, one call at a time; a leader's own batches come from memory. The
 * listener hears that this replica leads only after all that was committed before.
 */
import { assert, unreachable } from '../base/assert.ts';
import type { Clock, Timer, TimerHandle } from '../base/clock.ts';
import type { LeaderEpoch, Offset } from '../base/flavor.ts';
import type { Logger } from '../base/logger.ts';
import type { Random } from '../base/random.ts';
import * as header from '../wire/records/record-batch.ts';
import { batches, buildBatch, ensureValidBatch, readRecords } from '../wire/records/records.ts';
import { newEpochBatch, newQuorumChangeBatch, type QuorumChange, readQuorumChange } from './control-records.ts';
import type { QuorumLog, QuorumStateStore, SnapshotId } from './quorum-log.ts';
import { type Moment, RaftCore, type RaftEffect, type RaftStateKind, type RaftTimeouts } from './raft-core.ts';
import type { FetchRequest, FetchResponse, RaftMessage, ReplicaKey } from './raft-message.ts';
import { readSnapshotFile, SnapshotError } from './snapshot-file.ts';
import { SUPPORTED_KRAFT_VERSIONS, sameVoter, type VoterEndpoint, VoterSet } from './voter-set.ts';

/** A committed batch; `records` is empty for control batches. */
export interface RaftBatch {
  readonly baseOffset: Offset;
  /** Inclusive. */
  readonly lastOffset: Offset;
  readonly leaderEpoch: LeaderEpoch;
  readonly appendTimestampMs: number;
  /** Encoded records. */
  readonly records: readonly Buffer[];
  readonly kraftVersion?: number;
}

export interface RaftSnapshot {
  readonly id: SnapshotId;
  readonly lastContainedLogTimestampMs: number;
  readonly records: readonly Buffer[];
  readonly kraftVersion: number;
}

export interface RaftListener {
  handleSnapshot(snapshot: RaftSnapshot): Promise<void>;
  handleCommit(batches: readonly RaftBatch[]): Promise<void>;
  /**
   * This replica leads `leaderEpoch`, and has handed over everything committed before. Must not wait for appends of its own:
   * they are handed over only after it.
   */
  handleLeadership(leaderEpoch: LeaderEpoch): Promise<void>;
  /** This replica no longer leads. Not awaited: nothing may be appended from now on. */
  handleLeadershipLost(committedEndOffset: Offset): void;
}

/** Delivers to other replicas; absent where there are none. */
export interface RaftTransport {
  send(to: number, message: RaftMessage): void;
}

export interface RaftDriverOptions {
  readonly self: ReplicaKey;
  /** `controller.quorum.voters`: with kraft.version 0. Null: the log or the bootstrap snapshot says it. */
  readonly staticVoters: VoterSet | null;
  /** Where this replica's controller listens; its voter record is brought up to date with it. */
  readonly endpoints: readonly VoterEndpoint[];
  readonly log: QuorumLog;
  readonly stateStore: QuorumStateStore;
  readonly timeouts: RaftTimeouts;
  readonly transport: RaftTransport | null;
  readonly listener: RaftListener;
  readonly clock: Clock;
  readonly timer: Timer;
  readonly random: Random;
  readonly logger: Logger;
  /** The replica cannot go on: its disk failed, or the log contradicts the rules. */
  readonly onFatal: (error: Error) => void;
}

export interface RaftAppended {
  readonly baseOffset: Offset;
  /** Inclusive. */
  readonly lastOffset: Offset;
  readonly committed: Promise<void>;
}

interface WaitingAppend {
  readonly endOffset: Offset;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** The quorum as some offset of the log left it. */
interface QuorumAt {
  /** Of the control batch; -1: the bootstrap snapshot or the configuration. */
  readonly offset: Offset;
  readonly voters: VoterSet;
  readonly kraftVersion: number;
}

export class NotLeaderError extends Error {
  override name = 'NotLeaderError';
}

const READ_BYTES_MAX = 1024 * 1024;
const CHANCES = 1 << 30;

export class RaftDriver {
  readonly #options: RaftDriverOptions;
  readonly #log: QuorumLog;
  /** Oldest first; never empty; the last counts. */
  readonly #quorumHistory: QuorumAt[];
  #core!: RaftCore;
  /** Appended but not handed over yet, in order. */
  #undelivered: RaftBatch[] = [];
  readonly #waiting: WaitingAppend[] = [];
  /** The listener's calls, one after the other. */
  #delivery: Promise<void> = Promise.resolve();
  #deliveryScheduled = false;
  /** Leads since; null: told already, or does not lead. */
  #leadershipToTell: { readonly leaderEpoch: LeaderEpoch; readonly epochStartOffset: Offset } | null = null;
  #leading: LeaderEpoch | null = null;
  #tick: TimerHandle | null = null;
  #stopped = false;

  private constructor(options: RaftDriverOptions, quorum: QuorumAt) {
    this.#options = options;
    this.#log = options.log;
    this.#quorumHistory = [quorum];
  }

  /** Loads snapshot and log. Nothing runs before `start`. */
  static async open(options: RaftDriverOptions): Promise<RaftDriver> {
    const { log } = options;
    let quorum: QuorumAt = { offset: -1, voters: options.staticVoters ?? new VoterSet([]), kraftVersion: 0 };
    let offset = log.startOffset;
    let loaded: RaftSnapshot | null = null;
    for (const id of log.snapshotIds()) {
      const snapshot = readUsableSnapshot(log, id, options.logger);
      if (snapshot === null) continue;
      const { quorum: change, records, lastContainedLogTimestampMs } = snapshot;
      const isBootstrap = id.endOffset === 0;
      quorum = changed(quorum, isBootstrap ? -1 : id.endOffset - 1, change);
      if (!isBootstrap) {
        loaded = { id, lastContainedLogTimestampMs, records, kraftVersion: quorum.kraftVersion };
        offset = id.endOffset;
      }
      break;
    }
    if (loaded === null && log.startOffset > 0) {
      throw new SnapshotError(`the log begins at ${log.startOffset}, but no complete snapshot covers what was before`);
    }
    const driver = new RaftDriver(options, quorum);
    if (loaded !== null) {
      const snapshot = loaded;
      driver.#deliver(() => options.listener.handleSnapshot(snapshot));
    }
    await driver.#load(offset);
    driver.#core = new RaftCore({
      self: options.self,
      log,
      voters: driver.#quorum.voters,
      timeouts: options.timeouts,
    });
    return driver;
  }

  get state(): RaftStateKind {
    return this.#core.state;
  }

  get leaderId(): number | null {
    return this.#core.leaderId;
  }

  get leaderEpoch(): LeaderEpoch {
    return this.#core.epoch;
  }

  get highWatermark(): Offset {
    return this.#core.highWatermark;
  }

  get voters(): VoterSet {
    return this.#quorum.voters;
  }

  get kraftVersion(): number {
    return this.#quorum.kraftVersion;
  }

  /** Exclusive; the offset of the next record. */
  get endOffset(): Offset {
    return this.#log.endOffset;
  }

  start(): void {
    this.#step((moment) => this.#core.start(this.#options.stateStore.read(), moment));
  }

  receive(message: RaftMessage): void {
    if (!this.#stopped) this.#step((moment) => this.#core.receive(message, moment));
  }

  /**
   * One batch at the end of the log. `committed` resolves when the high watermark has passed it, before the listener has
   * it. Throws NotLeaderError.
   */
  append(records: readonly Buffer[], leaderEpoch: LeaderEpoch): RaftAppended {
    if (this.#stopped || this.#leading !== leaderEpoch)
      throw new NotLeaderError(`not the leader of epoch ${leaderEpoch}`);
    assert(records.length > 0, 'an empty batch');
    const nowMs = this.#options.clock.nowMs();
    const baseOffset = this.#log.endOffset;
    const lastOffset = baseOffset + records.length - 1;
    const batch = buildBatch({
      baseOffset,
      partitionLeaderEpoch: leaderEpoch,
      nowMs,
      records: records.map((value) => ({ key: null, value })),
    });
    this.#undelivered.push({ baseOffset, lastOffset, leaderEpoch, appendTimestampMs: nowMs, records });
    const committed = new Promise<void>((resolve, reject) => {
      this.#waiting.push({ endOffset: lastOffset + 1, resolve, reject });
    });
    this.#write(batch, leaderEpoch);
    return { baseOffset, lastOffset, committed };
  }

  /** Resolves when the listener has had everything that is committed now. */
  async delivered(): Promise<void> {
    await this.#delivery;
  }

  /** Gives up leadership and stops; the log stays open. */
  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#step((moment) => this.#core.resign(moment));
    this.#stopped = true;
    this.#tick?.cancel();
    this.#failWaiting(new NotLeaderError('the quorum stops'));
    await this.#delivery;
  }

  // ---- steps

  #step(act: (moment: Moment) => readonly RaftEffect[]): void {
    const { clock, random } = this.#options;
    const moment = { nowMs: clock.monotonicMs(), chance: random.nextInt(CHANCES) / CHANCES };
    this.#carryOut(act(moment));
    this.#scheduleTick();
  }

  #scheduleTick(): void {
    this.#tick?.cancel();
    this.#tick = null;
    const { deadlineMs } = this.#core;
    if (this.#stopped || !Number.isFinite(deadlineMs)) return;
    const delayMs = Math.max(0, deadlineMs - this.#options.clock.monotonicMs());
    this.#tick = this.#options.timer.schedule(delayMs, () => this.#step((moment) => this.#core.tick(moment)));
  }

  #carryOut(effects: readonly RaftEffect[]): void {
    const states = effects.filter((effect) => effect.kind === 'persistQuorumState');
    const last = states.at(-1);
    if (last !== undefined) {
      const { kraftVersion, voters } = this.#quorum;
      this.#options.stateStore.write(last.state, { kraftVersion, voterIds: voters.voterIds });
    }
    for (const effect of effects) {
      switch (effect.kind) {
        case 'persistQuorumState':
          break;
        case 'send':
          this.#options.transport?.send(effect.to, effect.message);
          break;
        case 'serveFetch':
          this.#serveFetch(effect.request, effect.response);
          break;
        case 'becomeLeader':
          this.#startEpoch(effect.leaderEpoch, effect.grantingVoterIds);
          break;
        case 'leaderChanged':
          this.#leaderChanged(effect.leaderId, effect.leaderEpoch);
          break;
        case 'appendFetched':
          this.#appendFetched(effect.records, effect.leaderEpoch);
          break;
        case 'truncate':
          this.#truncate(effect.endOffset);
          break;
        case 'committed':
          this.#committed(effect.highWatermark);
          break;
        default:
          unreachable(effect);
      }
    }
  }

  #startEpoch(leaderEpoch: LeaderEpoch, grantingVoterIds: readonly number[]): void {
    const { self, clock } = this.#options;
    const quorum = this.#quorum;
    const baseOffset = this.#log.endOffset;
    // The first leader of a dynamic quorum moves the voters from the bootstrap snapshot into the log (KIP-853).
    const isFirst = quorum.kraftVersion > 0 && quorum.offset === -1;
    const change: QuorumChange = isFirst ? { kraftVersion: quorum.kraftVersion, voters: quorum.voters } : {};
    const { voterIds } = quorum.voters;
    const leader = { leaderId: self.replicaId, voterIds, grantingVoterIds };
    const nowMs = clock.nowMs();
    const batch = newEpochBatch({ baseOffset, leaderEpoch, nowMs }, leader, change);
    this.#leading = leaderEpoch;
    this.#leadershipToTell = { leaderEpoch, epochStartOffset: baseOffset };
    this.#core.epochStarted(baseOffset);
    this.#enterControlBatch(batch, leaderEpoch, nowMs, change);
    this.#updateOwnVoter(leaderEpoch);
  }

  /** A node that moved to another port says so (Kafka's UpdateVoter); with kraft.version 0 the configuration counts. */
  #updateOwnVoter(leaderEpoch: LeaderEpoch): void {
    const { self, endpoints, clock } = this.#options;
    const { voters, kraftVersion } = this.#quorum;
    const present = voters.voter(self.replicaId);
    if (kraftVersion === 0 || present === undefined || endpoints.length === 0) return;
    const own = { ...present, endpoints, kraftVersions: SUPPORTED_KRAFT_VERSIONS };
    if (sameVoter(present, own)) return;
    const change = { voters: voters.with(own) };
    const nowMs = clock.nowMs();
    const batch = newQuorumChangeBatch({ baseOffset: this.#log.endOffset, leaderEpoch, nowMs }, change);
    this.#enterControlBatch(batch, leaderEpoch, nowMs, change);
  }

  #enterControlBatch(batch: Buffer, leaderEpoch: LeaderEpoch, nowMs: number, change: QuorumChange): void {
    const baseOffset = header.baseOffset(batch, 0);
    const lastOffset = header.lastOffset(batch, 0);
    this.#changeQuorum(baseOffset, change);
    const { kraftVersion } = change;
    const facts = { baseOffset, lastOffset, leaderEpoch, appendTimestampMs: nowMs, records: [] };
    this.#undelivered.push(kraftVersion === undefined ? facts : { ...facts, kraftVersion });
    this.#write(batch, leaderEpoch);
  }

  #write(batch: Buffer, leaderEpoch: LeaderEpoch): void {
    const endOffset = header.nextOffset(batch, 0);
    this.#log.append(batch, leaderEpoch).then(
      () => this.#flushed(endOffset),
      (error: unknown) => this.#fatal(error),
    );
  }

  #flushed(endOffset: Offset): void {
    if (!this.#stopped) this.#step(() => this.#core.flushed(endOffset));
  }

  #leaderChanged(leaderId: number | null, leaderEpoch: LeaderEpoch): void {
    this.#options.logger.info('the quorum leader changed', { leaderId, leaderEpoch });
    if (leaderId === this.#options.self.replicaId || this.#leading === null) return;
    this.#leading = null;
    this.#leadershipToTell = null;
    this.#failWaiting(new NotLeaderError('another leader, or none'));
    this.#options.listener.handleLeadershipLost(this.#core.highWatermark);
  }

  #serveFetch(request: FetchRequest, response: FetchResponse): void {
    this.#log.read(request.fetchOffset, READ_BYTES_MAX).then(
      (records) => this.#options.transport?.send(request.from.replicaId, { ...response, records }),
      (error: unknown) => this.#fatal(error),
    );
  }

  #appendFetched(records: Buffer, leaderEpoch: LeaderEpoch): void {
    this.#log.append(records, leaderEpoch).then(
      () => this.#flushed(this.#log.endOffset),
      (error: unknown) => this.#fatal(error),
    );
    for (const { position, sizeInBytes } of batches(records)) {
      this.#enterRead(records.subarray(position, position + sizeInBytes));
    }
  }

  #truncate(endOffset: Offset): void {
    this.#undelivered = this.#undelivered.filter((batch) => batch.lastOffset < endOffset);
    while (this.#quorumHistory.length > 1 && this.#quorum.offset >= endOffset) this.#quorumHistory.pop();
    this.#core.setVoters(this.#quorum.voters);
    this.#log.truncateTo(endOffset).then(
      () => this.#flushed(endOffset),
      (error: unknown) => this.#fatal(error),
    );
  }

  #committed(highWatermark: Offset): void {
    let count = 0;
    while (count < this.#waiting.length && this.#waiting[count]!.endOffset <= highWatermark) count++;
    for (const { resolve } of this.#waiting.splice(0, count)) resolve();
    if (this.#deliveryScheduled) return;
    // What is committed until the listener is free comes in one call.
    this.#deliveryScheduled = true;
    this.#deliver(async () => {
      this.#deliveryScheduled = false;
      await this.#deliverCommitted();
    });
  }

  async #deliverCommitted(): Promise<void> {
    const { listener } = this.#options;
    const highWatermark = this.#core.highWatermark;
    let count = 0;
    while (count < this.#undelivered.length && this.#undelivered[count]!.lastOffset < highWatermark) count++;
    const committed = this.#undelivered.splice(0, count);
    if (committed.length > 0) await listener.handleCommit(committed);
    const leadership = this.#leadershipToTell;
    if (leadership !== null && highWatermark > leadership.epochStartOffset) {
      this.#leadershipToTell = null;
      await listener.handleLeadership(leadership.leaderEpoch);
    }
  }

  #deliver(act: () => Promise<void>): void {
    this.#delivery = this.#delivery.then(act).catch((error: unknown) => this.#fatal(error));
  }

  #failWaiting(error: Error): void {
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }

  #fatal(cause: unknown): void {
    if (this.#stopped) return;
    const error = cause instanceof Error ? cause : new Error(String(cause));
    this.#stopped = true;
    this.#tick?.cancel();
    this.#failWaiting(error);
    if (this.#leading !== null) this.#options.listener.handleLeadershipLost(this.#core.highWatermark);
    this.#leading = null;
    this.#options.onFatal(error);
  }

  // ---- the log

  async #load(from: Offset): Promise<void> {
    let offset = from;
    while (offset < this.#log.endOffset) {
      const records = await this.#log.read(offset, READ_BYTES_MAX);
      let next = offset;
      for (const { position, sizeInBytes } of batches(records)) {
        const batch = records.subarray(position, position + sizeInBytes);
        next = header.nextOffset(batch, 0);
        // The first batch may begin before a snapshot's end.
        if (next > offset) this.#enterRead(batch);
      }
      assert(next > offset, `nothing to read at ${offset} of a log that ends at ${this.#log.endOffset}`);
      offset = next;
    }
  }

  #enterRead(batch: Buffer): void {
    ensureValidBatch(batch, 0);
    const records = readRecords(batch);
    const isControl = header.isControl(header.attributes(batch, 0));
    const change = isControl ? readQuorumChange(records) : {};
    const baseOffset = header.baseOffset(batch, 0);
    this.#changeQuorum(baseOffset, change);
    const { kraftVersion } = change;
    const facts = {
      baseOffset,
      lastOffset: header.lastOffset(batch, 0),
      leaderEpoch: header.partitionLeaderEpoch(batch, 0),
      appendTimestampMs: header.maxTimestamp(batch, 0),
      records: isControl ? [] : records.flatMap(({ value }) => (value === null ? [] : [value])),
    };
    this.#undelivered.push(kraftVersion === undefined ? facts : { ...facts, kraftVersion });
  }

  get #quorum(): QuorumAt {
    return this.#quorumHistory.at(-1)!;
  }

  #changeQuorum(offset: Offset, change: QuorumChange): void {
    if (change.voters === undefined && change.kraftVersion === undefined) return;
    this.#quorumHistory.push(changed(this.#quorum, offset, change));
    // Before the core exists it will be given the last of them.
    this.#core?.setVoters(this.#quorum.voters);
  }
}

function changed(quorum: QuorumAt, offset: Offset, { voters, kraftVersion }: QuorumChange): QuorumAt {
  return { offset, voters: voters ?? quorum.voters, kraftVersion: kraftVersion ?? quorum.kraftVersion };
}

/** Null for one that cannot be read: an older one, or the whole log, serves as well. */
function readUsableSnapshot(log: QuorumLog, id: SnapshotId, logger: Logger) {
  try {
    return readSnapshotFile(log.readSnapshot(id));
  } catch (error) {
    logger.warn('a metadata snapshot cannot be read', { ...id, reason: String(error) });
    return null;
  }
}
