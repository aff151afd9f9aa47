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
import { OwnVoterUpkeep } from './own-voter.ts';
import { type QuorumAt, QuorumHistory } from './quorum-history.ts';
import type { QuorumLog, QuorumStateStore, SnapshotId } from './quorum-log.ts';
import { QuorumPeers } from './quorum-peers.ts';
import { type QuorumView, viewQuorum } from './quorum-view.ts';
import { RaftCore } from './raft-core.ts';
import type { RaftBatch, RaftListener, RaftSnapshot } from './raft-listener.ts';
import type {
  FetchRequest,
  FetchResponse,
  FetchSnapshotRequest,
  FetchSnapshotResponse,
  RaftRequest,
  ReplicaKey,
} from './raft-message.ts';
import type { Moment, RaftEffect, RaftStateKind, RaftTimeouts } from './raft-state.ts';
import type { Address, RaftAnswer, RaftTransport } from './raft-transport.ts';
import { buildSnapshotFile, readSnapshotFile, type SnapshotContent, SnapshotError } from './snapshot-file.ts';
import { VoterChanges } from './voter-changes.ts';
import { type VoterEndpoint, VoterSet } from './voter-set.ts';
import { type RequestLimits, WaitingRequests } from './waiting-requests.ts';

export interface RaftDriverOptions {
  readonly self: ReplicaKey;
  /** `controller.quorum.voters`: with kraft.version 0. Null: the log or the bootstrap snapshot says it. */
  readonly staticVoters: VoterSet | null;
  /** Where this replica's controller listens; its voter record is brought up to date with it. */
  readonly endpoints: readonly VoterEndpoint[];
  /** The controller listener by which replicas reach each other: the first of `controller.listener.names`. */
  readonly listenerName: string;
  /** `controller.quorum.bootstrap.servers`: where a leader may be learnt, beside the voters. */
  readonly bootstrapServers: readonly Address[];
  /** A controller that does not vote asks to be counted among the voters (`controller.quorum.auto.join.enable`). */
  readonly autoJoin: boolean;
  /** How long a voter change may take to be committed. */
  readonly requestTimeoutMs: number;
  readonly log: QuorumLog;
  readonly stateStore: QuorumStateStore;
  readonly timeouts: RaftTimeouts;
  /** Null: a lone voter that nobody can reach. */
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

export class NotLeaderError extends Error {
  override name = 'NotLeaderError';
}

const READ_BYTES_MAX = 1024 * 1024;
const CHANCES = 1 << 30;
/** How long a leader that stops waits for the others to hear of it. */
const RESIGN_GRACE_MS = 500;
/** A new voter must have had all of the log within this time; Kafka's constant. */
const CAUGHT_UP_WITHIN_MS = 3_600_000;

export class RaftDriver {
  readonly #options: RaftDriverOptions;
  readonly #log: QuorumLog;
  readonly #quorumHistory: QuorumHistory;
  readonly #peers: QuorumPeers;
  readonly #waitingRequests: WaitingRequests;
  readonly #ownVoter: OwnVoterUpkeep;
  /** For the leader. */
  readonly voterChanges: VoterChanges;
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
  #incoming: { readonly snapshotId: SnapshotId; readonly pieces: Buffer[] } | null = null;
  /** Requests that tell the others of a resignation. */
  #farewells: Promise<void>[] = [];
  #stopped = false;

  private constructor(options: RaftDriverOptions, quorum: QuorumAt) {
    this.#options = options;
    this.#log = options.log;
    this.#quorumHistory = new QuorumHistory(quorum);
    const { self, listenerName, endpoints, bootstrapServers, random, timer, requestTimeoutMs: timeoutMs } = options;
    this.#peers = new QuorumPeers({ self, listenerName, endpoints, bootstrapServers, random });
    this.#waitingRequests = new WaitingRequests(timer);
    this.#ownVoter = new OwnVoterUpkeep(options, {
      quorum: () => this.#quorum,
      core: () => this.#core,
      leaderAddress: () => this.leaderAddress,
    });
    this.voterChanges = new VoterChanges({
      timer,
      timeoutMs,
      listenerName,
      leadership: () =>
        this.#leading === null
          ? null
          : {
              hasCommittedInEpoch: this.#core.hasCommittedInEpoch,
              highWatermark: this.#core.highWatermark,
              quorum: this.#quorum,
            },
      isCaughtUp: (replica) => this.#isCaughtUp(replica),
      kraftVersions: (address) => options.transport?.kraftVersions(address) ?? Promise.reject(new Error('no network')),
      appendVoters: (voters) => this.#appendQuorumChange({ voters }),
    });
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
      quorum = quorumOf(id, snapshot, quorum);
      if (id.endOffset > 0) {
        loaded = newSnapshot(id, snapshot, quorum);
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
      highWatermark: loaded?.id.endOffset ?? 0,
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

  /** What the leader says is committed; null while none was heard. */
  get leaderHighWatermark(): Offset | null {
    return this.#core.leaderHighWatermark;
  }

  /** Why this replica has no business in the quorum, a sentence; null: nothing speaks against it. */
  get problem(): string | null {
    return this.#ownVoter.problem;
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

  /** Where the leader listens; null where no other one is known. */
  get leaderAddress(): Address | null {
    const { leaderId } = this;
    return leaderId === null ? null : this.#addressOf(leaderId);
  }

  /** A request of another replica. `senderAddress`: where a new leader says that it listens. */
  async handle(request: RaftRequest, limits: RequestLimits, senderAddress: Address | null = null): Promise<RaftAnswer> {
    if (this.#stopped) throw new NotLeaderError('the quorum stops');
    if (request.kind === 'beginQuorumEpoch' && request.epoch >= this.#core.epoch) {
      this.#peers.learn(request.from.replicaId, senderAddress);
    }
    const answered = this.#waitingRequests.enter(request, limits);
    this.#step((moment) => this.#core.receive(request, moment));
    const response = await answered;
    return { response, leaderAddress: response.leaderId < 0 ? null : this.#addressOf(response.leaderId) };
  }

  /** What the leader knows of all replicas; null where this one does not lead. */
  describe(): QuorumView | null {
    if (this.#leading === null) return null;
    const { self, clock } = this.#options;
    return viewQuorum({
      self,
      core: this.#core,
      voters: this.#quorum.voters,
      leaderEpoch: this.#leading,
      endOffset: this.#log.endOffset,
      clock,
    });
  }

  /**
   * Writes the state after everything below `endOffset`, which is committed, and deletes what `mayDelete` says may go, oldest
   * first. Returns false where there is such a snapshot already.
   */
  writeSnapshot(snapshot: {
    readonly id: SnapshotId;
    readonly lastContainedLogTimestampMs: number;
    readonly records: readonly Buffer[];
  }): boolean {
    const { id, lastContainedLogTimestampMs, records } = snapshot;
    assert(id.endOffset <= this.#core.highWatermark, `snapshot ${id.endOffset} of what is not committed`);
    if ((this.#log.snapshotIds()[0]?.endOffset ?? 0) >= id.endOffset) return false;
    const { voters, kraftVersion } = this.#quorumHistory.before(id.endOffset);
    const data = buildSnapshotFile({
      epoch: id.epoch,
      nowMs: this.#options.clock.nowMs(),
      lastContainedLogTimestampMs,
      quorum: kraftVersion > 0 ? { kraftVersion, voters } : {},
      records,
    });
    this.#log.writeSnapshot(id, data);
    return true;
  }

  /** Deletes old snapshots, and the log below those that stay, as far as retention allows. */
  clean(retention: { readonly maxBytes: number; readonly maxMs: number }): void {
    const log = this.#log;
    const nowMs = this.#options.clock.nowMs();
    for (let ids = log.snapshotIds(); ids.length >= 2; ids = log.snapshotIds()) {
      const tooLarge = retention.maxBytes >= 0 && log.sizeInBytes > retention.maxBytes;
      const tooOld = retention.maxMs >= 0 && nowMs - log.snapshotFacts(ids.at(-1)!).modifiedMs > retention.maxMs;
      if (!tooLarge && !tooOld) return;
      log.deleteOldestSnapshot(this.#core.highWatermark);
    }
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
    await this.#saidFarewell();
    this.#options.transport?.close();
  }

  /** Ends at once and tells nobody, as when the process is killed. */
  abandon(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#tick?.cancel();
    this.#failWaiting(new NotLeaderError('the quorum was abandoned'));
    this.#options.transport?.close();
  }

  async #saidFarewell(): Promise<void> {
    if (this.#farewells.length === 0) return;
    await new Promise<void>((resolve) => {
      const timeout = this.#options.timer.schedule(RESIGN_GRACE_MS, resolve);
      void Promise.all(this.#farewells).then(() => {
        timeout.cancel();
        resolve();
      });
    });
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
        case 'ask':
          this.#ask(effect.to, effect.request);
          break;
        case 'respond':
          this.#waitingRequests.respond(effect.request, effect.response);
          break;
        case 'serveFetch':
          this.#serveFetch(effect.request, effect.response);
          break;
        case 'serveSnapshot':
          this.#serveSnapshot(effect.request, effect.response);
          break;
        case 'snapshotPiece':
          this.#snapshotPiece(effect);
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

  // ---- the network

  #addressOf(replicaId: number): Address | null {
    const { self, endpoints } = this.#options;
    return replicaId === self.replicaId
      ? (endpoints[0] ?? null)
      : this.#peers.addressOf(replicaId, this.#quorum.voters);
  }

  #ask(to: ReplicaKey | null, request: RaftRequest): void {
    const { transport } = this.#options;
    const { voters } = this.#quorum;
    const address = to === null ? this.#peers.nextToAsk(voters) : this.#peers.addressOf(to.replicaId, voters);
    const asked =
      transport === null || address === null
        ? Promise.reject(new Error('nobody to ask'))
        : transport.ask(address, request);
    const heard = asked.then(
      ({ response, leaderAddress }) => {
        if (this.#stopped) return;
        if (response.epoch >= this.#core.epoch) this.#peers.learn(response.leaderId, leaderAddress);
        this.#ownVoter.sayIfDouble(response);
        this.#step((moment) => this.#core.answered(request, response, moment));
        if (request.kind === 'fetch') this.#ownVoter.seeTo();
      },
      (error: unknown) => {
        if (this.#stopped) return;
        this.#ownVoter.sayIfForeign(error, address);
        this.#step((moment) => this.#core.failed(request, to, moment));
      },
    );
    // What is wrong in a step is fatal to this replica, and to nobody who waits here.
    heard.catch((error: unknown) => this.#fatal(error));
    if (request.kind === 'endQuorumEpoch') this.#farewells.push(heard);
  }

  #isCaughtUp(replica: ReplicaKey): boolean {
    const progress = this.#core.progressOf(replica);
    const sinceMs = this.#options.clock.monotonicMs() - CAUGHT_UP_WITHIN_MS;
    return progress !== null && progress.lastCaughtUpMs !== null && (progress.lastFetchMs ?? sinceMs) > sinceMs;
  }

  // ---- leading

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
    this.#updateOwnVoter();
  }

  /** A leader that moved to another port writes it down itself. */
  #updateOwnVoter(): void {
    const own = this.#ownVoter.ifStale();
    if (own === null) return;
    this.#appendQuorumChange({ voters: this.#quorum.voters.with(own) }).catch(() => {});
  }

  /** Resolves when it is committed. */
  #appendQuorumChange(change: QuorumChange): Promise<void> {
    const leaderEpoch = this.#leading;
    if (leaderEpoch === null || this.#stopped) return Promise.reject(new NotLeaderError('does not lead'));
    const nowMs = this.#options.clock.nowMs();
    const baseOffset = this.#log.endOffset;
    const batch = newQuorumChangeBatch({ baseOffset, leaderEpoch, nowMs }, change);
    const committed = new Promise<void>((resolve, reject) => {
      this.#waiting.push({ endOffset: header.nextOffset(batch, 0), resolve, reject });
    });
    this.#enterControlBatch(batch, leaderEpoch, nowMs, change);
    return committed;
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

  #write(batches: Buffer, leaderEpoch: LeaderEpoch): void {
    this.#log.append(batches, leaderEpoch).then(
      () => this.#flushed(),
      (error: unknown) => this.#fatal(error),
    );
    this.#wakeFetches();
  }

  #flushed(): void {
    if (!this.#stopped) this.#step(() => this.#core.flushed());
  }

  #leaderChanged(leaderId: number | null, leaderEpoch: LeaderEpoch): void {
    const { logger, listener, self } = this.#options;
    logger.info('the quorum leader changed', { leaderId, leaderEpoch });
    this.#incoming = null;
    if (leaderId !== self.replicaId && this.#leading !== null) {
      this.#leading = null;
      this.#leadershipToTell = null;
      this.#failWaiting(new NotLeaderError('another leader, or none'));
      listener.handleLeadershipLost(this.#deliveredEndOffset);
    }
    listener.handleLeaderChange({ leaderId, leaderEpoch });
    this.#wakeFetches();
  }

  // ---- serving fetches

  #serveFetch(request: FetchRequest, response: FetchResponse): void {
    const waiting = this.#waitingRequests;
    const hasNews = this.#log.endOffset > request.fetchOffset || response.highWatermark > request.highWatermark;
    if (!hasNews && waiting.park(request, () => this.#resumeFetch(request))) return;
    this.#log.read(request.fetchOffset, Math.min(waiting.maxBytes(request), READ_BYTES_MAX)).then(
      (records) => waiting.respond(request, { ...response, records }),
      (error: unknown) => this.#fatal(error),
    );
  }

  #resumeFetch(request: FetchRequest): void {
    if (!this.#stopped) this.#step(() => this.#core.resumeFetch(request));
  }

  /** There may be news for those who wait for it. */
  #wakeFetches(): void {
    const fetches = this.#waitingRequests.unpark();
    if (fetches.length === 0) return;
    // Not within the step that made the news.
    void Promise.resolve().then(() => {
      for (const request of fetches) this.#resumeFetch(request);
    });
  }

  #serveSnapshot(request: FetchSnapshotRequest, response: FetchSnapshotResponse): void {
    const { snapshotId, position } = request;
    try {
      const data = this.#log.readSnapshot(snapshotId);
      const piece = data.subarray(position, position + this.#waitingRequests.maxBytes(request));
      const isBeyond = position < 0 || position >= data.length;
      this.#waitingRequests.respond(
        request,
        isBeyond ? { ...response, error: 'POSITION_OUT_OF_RANGE' } : { ...response, size: data.length, data: piece },
      );
    } catch (error) {
      this.#options.logger.warn('a snapshot cannot be read', { ...snapshotId, error: String(error) });
      this.#waitingRequests.respond(request, { ...response, error: 'SNAPSHOT_NOT_FOUND' });
    }
  }

  // ---- following

  #appendFetched(records: Buffer, leaderEpoch: LeaderEpoch): void {
    const whole: Buffer[] = [];
    for (const { position, sizeInBytes } of batches(records)) {
      whole.push(records.subarray(position, position + sizeInBytes));
    }
    for (const batch of whole) this.#enterRead(batch);
    this.#write(whole.length === 1 ? whole[0]! : Buffer.concat(whole), leaderEpoch);
  }

  #truncate(endOffset: Offset): void {
    this.#undelivered = this.#undelivered.filter((batch) => batch.lastOffset < endOffset);
    this.#quorumHistory.truncateTo(endOffset);
    this.#core.setVoters(this.#quorum.voters);
    this.#log.truncateTo(endOffset).then(
      () => {
        if (!this.#stopped) this.#step(() => this.#core.truncated());
      },
      (error: unknown) => this.#fatal(error),
    );
  }

  #snapshotPiece(piece: Extract<RaftEffect, { kind: 'snapshotPiece' }>): void {
    const { snapshotId, position, data, last } = piece;
    if (position === 0 || this.#incoming === null) this.#incoming = { snapshotId, pieces: [] };
    this.#incoming.pieces.push(data);
    if (!last) return;
    const { pieces } = this.#incoming;
    this.#incoming = null;
    this.#install(snapshotId, Buffer.concat(pieces)).catch((error: unknown) => this.#fatal(error));
  }

  async #install(id: SnapshotId, data: Buffer): Promise<void> {
    const { logger, listener, staticVoters } = this.#options;
    let content: SnapshotContent;
    try {
      content = readSnapshotFile(data);
    } catch (error) {
      logger.warn('a snapshot of the leader cannot be read', { ...id, error: String(error) });
      this.#step((moment) => this.#core.snapshotRefused(moment));
      return;
    }
    this.#log.writeSnapshot(id, data);
    await this.#log.startAnewAtSnapshot();
    if (this.#stopped) return;
    const before = { offset: -1, voters: staticVoters ?? new VoterSet([]), kraftVersion: 0 };
    const quorum = quorumOf(id, content, before);
    this.#undelivered = [];
    this.#quorumHistory.restart(quorum);
    this.#core.setVoters(quorum.voters);
    this.#deliver(() => listener.handleSnapshot(newSnapshot(id, content, quorum)));
    logger.info('a snapshot of the leader took the place of the log', { ...id });
    this.#step(() => this.#core.snapshotInstalled(id));
  }

  // ---- what is committed

  #committed(highWatermark: Offset): void {
    let count = 0;
    while (count < this.#waiting.length && this.#waiting[count]!.endOffset <= highWatermark) count++;
    for (const { resolve } of this.#waiting.splice(0, count)) resolve();
    this.#wakeFetches();
    this.#resignIfRemoved(highWatermark);
    if (this.#deliveryScheduled) return;
    // What is committed until the listener is free comes in one call.
    this.#deliveryScheduled = true;
    this.#deliver(async () => {
      this.#deliveryScheduled = false;
      await this.#deliverCommitted();
    });
  }

  /** A leader that is no voter any more leads until that is committed. */
  #resignIfRemoved(highWatermark: Offset): void {
    if (this.#leading === null || this.#core.isVoter || this.#quorum.offset >= highWatermark) return;
    void Promise.resolve().then(() => {
      if (!this.#stopped) this.#step((moment) => this.#core.resign(moment));
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

  /** Of what the listener was given. */
  get #deliveredEndOffset(): Offset {
    return this.#undelivered[0]?.baseOffset ?? this.#log.endOffset;
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
    if (this.#leading !== null) this.#options.listener.handleLeadershipLost(this.#deliveredEndOffset);
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
    return this.#quorumHistory.newest;
  }

  #changeQuorum(offset: Offset, change: QuorumChange): void {
    if (change.voters === undefined && change.kraftVersion === undefined) return;
    this.#quorumHistory.change(offset, change);
    // Before the core exists it will be given the last of them.
    this.#core?.setVoters(this.#quorum.voters);
  }
}

function quorumOf(id: SnapshotId, { quorum }: SnapshotContent, before: QuorumAt): QuorumAt {
  return {
    offset: id.endOffset - 1,
    voters: quorum.voters ?? before.voters,
    kraftVersion: quorum.kraftVersion ?? before.kraftVersion,
  };
}

function newSnapshot(id: SnapshotId, content: SnapshotContent, { kraftVersion }: QuorumAt): RaftSnapshot {
  const { lastContainedLogTimestampMs, records } = content;
  return { id, lastContainedLogTimestampMs, records, kraftVersion };
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
