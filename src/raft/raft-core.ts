/**
 * The quorum's rules as a state machine: a message, a tick or a finished write goes in, effects come out as data. It holds
 * no clock, no chance, no disk and no socket; `driver.ts` carries the effects out.
 *
 *     start --> Unattached | Follower | Resigned                 (as quorum-state says; a lone voter elects itself at once)
 *     Unattached, Follower --election or fetch timeout--> Prospective       (a voter; observers stay)
 *     Prospective --majority of pre-votes--> Candidate --majority of votes--> Leader
 *     Prospective, Candidate --timeout--> Prospective, after a pause
 *     Leader --resign, or a majority is silent--> Resigned --timeout--> Unattached
 *     any --higher epoch--> Unattached;  any but Leader of this epoch --a leader shows--> Follower
 *
 * An observer is a replica outside the voter set: it is Unattached or Follower and never asks for votes.
 *
 * Invariants: the epoch never falls; one vote per epoch, persisted before it is sent; the high watermark never falls, and a
 * leader moves it only past a record of its own epoch (Raft 5.4.2).
 */
import { assert, unreachable } from '../base/assert.ts';
import type { LeaderEpoch, Offset } from '../base/flavor.ts';
import { ZERO_UUID } from '../base/uuid.ts';
import type { QuorumLogView, QuorumState } from './quorum-log.ts';
import type {
  FetchRequest,
  FetchResponse,
  RaftMessage,
  ReplicaKey,
  VoteRequest,
  VoteResponse,
} from './raft-message.ts';
import type { VoterSet } from './voter-set.ts';

const NONE = -1;

/** The time, and the chance that spreads timeouts: a fraction in [0, 1). */
export interface Moment {
  readonly nowMs: number;
  readonly chance: number;
}

export interface RaftTimeouts {
  /** `controller.quorum.election.timeout.ms` */
  readonly electionTimeoutMs: number;
  /** `controller.quorum.fetch.timeout.ms` */
  readonly fetchTimeoutMs: number;
  /** `controller.quorum.election.backoff.max.ms` */
  readonly electionBackoffMaxMs: number;
}

export type RaftEffect =
  /** Before any message of the same list leaves. */
  | { readonly kind: 'persistQuorumState'; readonly state: QuorumState }
  | { readonly kind: 'send'; readonly to: number; readonly message: RaftMessage }
  /** Answer this fetch with records from `fetchOffset` on. */
  | { readonly kind: 'serveFetch'; readonly request: FetchRequest; readonly response: FetchResponse }
  /** The first act is to append the LeaderChange record; then `epochStarted`. */
  | { readonly kind: 'becomeLeader'; readonly leaderEpoch: LeaderEpoch; readonly grantingVoterIds: readonly number[] }
  | { readonly kind: 'leaderChanged'; readonly leaderId: number | null; readonly leaderEpoch: LeaderEpoch }
  | { readonly kind: 'appendFetched'; readonly records: Buffer; readonly leaderEpoch: LeaderEpoch }
  | { readonly kind: 'truncate'; readonly endOffset: Offset }
  /** Everything below is committed. */
  | { readonly kind: 'committed'; readonly highWatermark: Offset };

interface FollowerProgress {
  endOffset: Offset;
  lastFetchMs: number;
}

type State =
  | { readonly kind: 'unattached'; deadlineMs: number }
  | { readonly kind: 'prospective'; readonly granted: Set<number>; readonly rejected: Set<number>; deadlineMs: number }
  | { readonly kind: 'candidate'; readonly granted: Set<number>; readonly rejected: Set<number>; deadlineMs: number }
  | {
      readonly kind: 'leader';
      /** Null until the LeaderChange record has its offset. */
      epochStartOffset: Offset | null;
      /** What of the own log is synced; exclusive. */
      flushedEndOffset: Offset;
      readonly progress: Map<number, FollowerProgress>;
      /** Until then a majority must have fetched. */
      deadlineMs: number;
    }
  | { readonly kind: 'follower'; readonly leaderId: number; deadlineMs: number; hasFetched: boolean }
  | { readonly kind: 'resigned'; deadlineMs: number };

export type RaftStateKind = State['kind'];

export interface RaftCoreOptions {
  readonly self: ReplicaKey;
  readonly log: QuorumLogView;
  readonly voters: VoterSet;
  readonly timeouts: RaftTimeouts;
}

export class RaftCore {
  readonly #self: ReplicaKey;
  readonly #log: QuorumLogView;
  readonly #timeouts: RaftTimeouts;
  #voters: VoterSet;
  #epoch: LeaderEpoch = 0;
  #voted: ReplicaKey | null = null;
  #state: State = { kind: 'unattached', deadlineMs: Number.POSITIVE_INFINITY };
  #highWatermark: Offset = 0;
  #effects: RaftEffect[] = [];

  constructor({ self, log, voters, timeouts }: RaftCoreOptions) {
    this.#self = self;
    this.#log = log;
    this.#voters = voters;
    this.#timeouts = timeouts;
  }

  get state(): RaftStateKind {
    return this.#state.kind;
  }

  get epoch(): LeaderEpoch {
    return this.#epoch;
  }

  get isVoter(): boolean {
    return this.#voters.has(this.#self.replicaId, this.#self.directoryId);
  }

  get leaderId(): number | null {
    if (this.#state.kind === 'leader') return this.#self.replicaId;
    return this.#state.kind === 'follower' ? this.#state.leaderId : null;
  }

  get highWatermark(): Offset {
    return this.#highWatermark;
  }

  /** When the next tick is due; infinite when nothing is awaited. */
  get deadlineMs(): number {
    return this.#state.deadlineMs;
  }

  /** The voter set changed: a VotersRecord was appended, which counts from then on, or was truncated away. */
  setVoters(voters: VoterSet): void {
    this.#voters = voters;
  }

  start(persisted: QuorumState | null, moment: Moment): readonly RaftEffect[] {
    // A quorum-state that was lost or copied back must not make this replica older than its own log.
    this.#epoch = Math.max(persisted?.leaderEpoch ?? 0, this.#log.lastEpoch);
    const current = persisted !== null && persisted.leaderEpoch === this.#epoch ? persisted : null;
    if (current !== null && current.votedId !== NONE) {
      this.#voted = { replicaId: current.votedId, directoryId: current.votedDirectoryId };
    }
    if (this.#isOnlyVoter()) this.#becomeCandidate(moment);
    else if (current !== null && current.leaderId === this.#self.replicaId) this.#becomeResigned(moment);
    else if (current !== null && current.leaderId !== NONE) this.#becomeFollower(current.leaderId, moment, false);
    else this.#becomeUnattached(this.#epoch, moment);
    return this.#takeEffects();
  }

  tick(moment: Moment): readonly RaftEffect[] {
    if (moment.nowMs < this.#state.deadlineMs) return [];
    switch (this.#state.kind) {
      case 'unattached':
      case 'follower':
        if (this.isVoter) this.#becomeProspective(moment);
        else this.#becomeUnattached(this.#epoch, moment);
        break;
      case 'prospective':
      case 'candidate':
        this.#becomeProspective(moment);
        break;
      case 'leader':
        this.#checkMajority(moment);
        break;
      case 'resigned':
        this.#becomeUnattached(this.#epoch, moment);
        break;
      default:
        unreachable(this.#state);
    }
    return this.#takeEffects();
  }

  receive(message: RaftMessage, moment: Moment): readonly RaftEffect[] {
    if (message.epoch > this.#epoch) this.#becomeUnattached(message.epoch, moment);
    switch (message.kind) {
      case 'voteRequest':
        this.#voteRequest(message, moment);
        break;
      case 'voteResponse':
        this.#voteResponse(message, moment);
        break;
      case 'beginQuorumEpochRequest':
        if (message.epoch === this.#epoch) this.#leaderShows(message.from.replicaId, moment);
        break;
      case 'endQuorumEpochRequest':
        this.#endQuorumEpoch(message.epoch, message.preferredSuccessors, moment);
        break;
      case 'fetchRequest':
        this.#fetchRequest(message, moment);
        break;
      case 'fetchResponse':
        this.#fetchResponse(message, moment);
        break;
      default:
        unreachable(message);
    }
    return this.#takeEffects();
  }

  /** The new leader's LeaderChange record was appended at this offset. */
  epochStarted(epochStartOffset: Offset): void {
    assert(this.#state.kind === 'leader', 'only a leader starts an epoch');
    this.#state.epochStartOffset = epochStartOffset;
  }

  /** The own log is synced up to `endOffset` (exclusive). */
  flushed(endOffset: Offset): readonly RaftEffect[] {
    if (this.#state.kind === 'leader') {
      this.#state.flushedEndOffset = Math.max(this.#state.flushedEndOffset, endOffset);
      this.#advanceHighWatermark();
    } else if (this.#state.kind === 'follower') {
      this.#sendFetch(this.#state.leaderId);
    }
    return this.#takeEffects();
  }

  /** Gives leadership up, as a stopping node does. */
  resign(moment: Moment): readonly RaftEffect[] {
    if (this.#state.kind === 'leader') {
      const { progress } = this.#state;
      const preferredSuccessors = this.#others().sort(
        (a, b) => (progress.get(b)?.endOffset ?? NONE) - (progress.get(a)?.endOffset ?? NONE),
      );
      for (const to of this.#others()) {
        this.#send(to, { kind: 'endQuorumEpochRequest', ...this.#signature(), preferredSuccessors });
      }
      this.#becomeResigned(moment);
    }
    return this.#takeEffects();
  }

  // ---- elections

  #voteRequest(request: VoteRequest, moment: Moment): void {
    const granted = request.epoch === this.#epoch && this.#wouldVoteFor(request);
    if (granted && !request.preVote) {
      this.#voted = request.from;
      this.#persist();
      // A vote given is a promise to wait for its outcome.
      if (this.#state.kind !== 'unattached') this.#enter({ kind: 'unattached', deadlineMs: 0 });
      this.#state.deadlineMs = this.#electionDeadline(moment);
    }
    const leaderId = this.leaderId ?? NONE;
    const { preVote } = request;
    this.#send(request.from.replicaId, { kind: 'voteResponse', ...this.#signature(), preVote, granted, leaderId });
  }

  #wouldVoteFor({ from, preVote, lastEpoch, lastEpochEndOffset }: VoteRequest): boolean {
    const own = this.#log;
    const upToDate = lastEpoch > own.lastEpoch || (lastEpoch === own.lastEpoch && lastEpochEndOffset >= own.endOffset);
    if (!upToDate) return false;
    switch (this.#state.kind) {
      case 'leader':
      case 'resigned':
        return false;
      case 'follower':
        // KIP-996: who hears from a leader keeps others from disturbing it.
        return preVote && !this.#state.hasFetched;
      case 'candidate':
        return preVote;
      case 'unattached':
      case 'prospective':
        if (preVote) return true;
        return this.#voted === null || this.#voted.replicaId === from.replicaId;
      default:
        return unreachable(this.#state);
    }
  }

  #voteResponse(response: VoteResponse, moment: Moment): void {
    if (response.epoch !== this.#epoch) return;
    if (response.leaderId !== NONE && response.leaderId !== this.#self.replicaId) {
      this.#leaderShows(response.leaderId, moment);
      return;
    }
    const state = this.#state;
    if (state.kind !== 'prospective' && state.kind !== 'candidate') return;
    // An answer to the pre-vote says nothing about the vote.
    if (response.preVote !== (state.kind === 'prospective')) return;
    const { replicaId, directoryId } = response.from;
    if (!this.#voters.has(replicaId, directoryId)) return;
    if (response.granted) state.granted.add(replicaId);
    else state.rejected.add(replicaId);
    if (state.granted.size >= this.#voters.majority) {
      if (state.kind === 'prospective') this.#becomeCandidate(moment);
      else this.#becomeLeader(moment);
    } else if (state.rejected.size > this.#voters.voters.length - this.#voters.majority) {
      // Lost: a pause of chance, so that losers do not meet again.
      const pauseMs = moment.chance * this.#timeouts.electionBackoffMaxMs;
      state.deadlineMs = Math.min(state.deadlineMs, moment.nowMs + pauseMs);
    }
  }

  #endQuorumEpoch(epoch: LeaderEpoch, preferredSuccessors: readonly number[], moment: Moment): void {
    if (epoch !== this.#epoch || this.#state.kind !== 'follower' || !this.isVoter) return;
    const place = preferredSuccessors.indexOf(this.#self.replicaId);
    if (place === 0) {
      this.#becomeProspective(moment);
      return;
    }
    // The first in line goes at once, the others later and later.
    const pauseMs =
      (Math.max(place, 1) * this.#timeouts.electionBackoffMaxMs) / Math.max(preferredSuccessors.length, 1);
    this.#state.deadlineMs = Math.min(this.#state.deadlineMs, moment.nowMs + pauseMs);
  }

  #leaderShows(leaderId: number, moment: Moment): void {
    switch (this.#state.kind) {
      case 'leader':
        assert(leaderId === this.#self.replicaId, `two leaders in epoch ${this.#epoch}`);
        return;
      case 'follower':
        assert(leaderId === this.#state.leaderId, `two leaders in epoch ${this.#epoch}`);
        return;
      case 'resigned':
        return;
      case 'unattached':
      case 'prospective':
      case 'candidate':
        this.#becomeFollower(leaderId, moment, true);
        return;
      default:
        unreachable(this.#state);
    }
  }

  #becomeUnattached(epoch: LeaderEpoch, moment: Moment): void {
    const newEpoch = epoch > this.#epoch;
    if (newEpoch) {
      this.#epoch = epoch;
      this.#voted = null;
    }
    const knewLeader = this.leaderId !== null;
    this.#enter({ kind: 'unattached', deadlineMs: this.#electionDeadline(moment) });
    if (newEpoch) this.#persist();
    if (knewLeader || newEpoch) this.#effect({ kind: 'leaderChanged', leaderId: null, leaderEpoch: this.#epoch });
  }

  #becomeProspective(moment: Moment): void {
    if (this.#isOnlyVoter()) {
      this.#becomeCandidate(moment);
      return;
    }
    const knewLeader = this.leaderId !== null;
    const granted = new Set([this.#self.replicaId]);
    this.#enter({ kind: 'prospective', granted, rejected: new Set(), deadlineMs: this.#electionDeadline(moment) });
    if (knewLeader) {
      this.#persist();
      this.#effect({ kind: 'leaderChanged', leaderId: null, leaderEpoch: this.#epoch });
    }
    this.#askForVotes(true);
  }

  #becomeCandidate(moment: Moment): void {
    this.#epoch++;
    this.#voted = this.#self;
    const granted = new Set([this.#self.replicaId]);
    this.#enter({ kind: 'candidate', granted, rejected: new Set(), deadlineMs: this.#electionDeadline(moment) });
    this.#persist();
    if (granted.size >= this.#voters.majority) this.#becomeLeader(moment);
    else this.#askForVotes(false);
  }

  #becomeLeader(moment: Moment): void {
    const grantingVoterIds = this.#state.kind === 'candidate' ? [...this.#state.granted] : [];
    const progress = new Map<number, FollowerProgress>();
    for (const voterId of this.#others()) progress.set(voterId, { endOffset: NONE, lastFetchMs: moment.nowMs });
    const deadlineMs = progress.size === 0 ? Number.POSITIVE_INFINITY : moment.nowMs + this.#checkQuorumMs();
    this.#enter({ kind: 'leader', epochStartOffset: null, flushedEndOffset: 0, progress, deadlineMs });
    // The vote has done its work; the file of a leader names no vote, as Kafka's does.
    this.#voted = null;
    this.#persist();
    this.#effect({ kind: 'becomeLeader', leaderEpoch: this.#epoch, grantingVoterIds });
    this.#effect({ kind: 'leaderChanged', leaderId: this.#self.replicaId, leaderEpoch: this.#epoch });
    for (const to of this.#others()) this.#send(to, { kind: 'beginQuorumEpochRequest', ...this.#signature() });
  }

  #becomeFollower(leaderId: number, moment: Moment, persist: boolean): void {
    const deadlineMs = moment.nowMs + this.#timeouts.fetchTimeoutMs;
    this.#enter({ kind: 'follower', leaderId, deadlineMs, hasFetched: false });
    if (persist) this.#persist();
    this.#effect({ kind: 'leaderChanged', leaderId, leaderEpoch: this.#epoch });
    this.#sendFetch(leaderId);
  }

  #becomeResigned(moment: Moment): void {
    const ledHere = this.#state.kind === 'leader';
    this.#enter({ kind: 'resigned', deadlineMs: this.#electionDeadline(moment) });
    if (ledHere) this.#effect({ kind: 'leaderChanged', leaderId: null, leaderEpoch: this.#epoch });
  }

  /** A leader that a majority no longer hears steps down, so that clients do not wait for it. */
  #checkMajority(moment: Moment): void {
    if (this.#state.kind !== 'leader') return;
    const { progress } = this.#state;
    const oldest = moment.nowMs - this.#checkQuorumMs();
    let heard = 1;
    for (const follower of progress.values()) if (follower.lastFetchMs > oldest) heard++;
    if (heard < this.#voters.majority) this.#becomeResigned(moment);
    else {
      this.#state.deadlineMs = moment.nowMs + this.#timeouts.fetchTimeoutMs / 2;
      // Who has not come yet may not know of this epoch.
      for (const [to, follower] of progress) {
        if (follower.endOffset === NONE) this.#send(to, { kind: 'beginQuorumEpochRequest', ...this.#signature() });
      }
    }
  }

  // ---- replication

  #fetchRequest(request: FetchRequest, moment: Moment): void {
    const state = this.#state;
    const respond = (response: Partial<FetchResponse>): FetchResponse => ({
      kind: 'fetchResponse',
      ...this.#signature(),
      leaderId: this.leaderId ?? NONE,
      highWatermark: this.#highWatermark,
      diverging: null,
      records: EMPTY,
      ...response,
    });
    if (request.epoch !== this.#epoch || state.kind !== 'leader') {
      this.#send(request.from.replicaId, respond({}));
      return;
    }
    const end = this.#log.endOffsetForEpoch(request.lastFetchedEpoch);
    const diverges =
      request.fetchOffset > this.#log.endOffset ||
      (request.fetchOffset > 0 &&
        (end === null || end.leaderEpoch !== request.lastFetchedEpoch || end.endOffset < request.fetchOffset));
    if (diverges) {
      this.#send(request.from.replicaId, respond({ diverging: end ?? { leaderEpoch: 0, endOffset: 0 } }));
      return;
    }
    const follower = state.progress.get(request.from.replicaId);
    if (follower !== undefined && this.#voters.has(request.from.replicaId, request.from.directoryId)) {
      // A follower's offset may fall: it lost its disk. The high watermark does not follow it down.
      follower.endOffset = request.fetchOffset;
      follower.lastFetchMs = moment.nowMs;
      this.#advanceHighWatermark();
    }
    this.#effect({ kind: 'serveFetch', request, response: respond({ highWatermark: this.#highWatermark }) });
  }

  #fetchResponse(response: FetchResponse, moment: Moment): void {
    if (response.epoch !== this.#epoch) return;
    if (this.#state.kind !== 'follower') {
      if (response.leaderId !== NONE) this.#leaderShows(response.leaderId, moment);
      return;
    }
    if (response.leaderId !== this.#state.leaderId) return;
    this.#state.deadlineMs = moment.nowMs + this.#timeouts.fetchTimeoutMs;
    this.#state.hasFetched = true;
    if (response.diverging !== null) {
      const own = this.#log.endOffsetForEpoch(response.diverging.leaderEpoch);
      const endOffset = Math.min(response.diverging.endOffset, own?.endOffset ?? 0);
      assert(endOffset >= this.#highWatermark, `truncation to ${endOffset} below ${this.#highWatermark}`);
      this.#effect({ kind: 'truncate', endOffset });
      return;
    }
    if (response.records.length > 0) {
      this.#effect({ kind: 'appendFetched', records: response.records, leaderEpoch: this.#epoch });
    } else {
      // Nothing new: the leader holds the next fetch until there is, so this is no busy loop.
      this.#sendFetch(response.leaderId);
    }
    // Not beyond what is here: the rest of it is committed when it has come.
    this.#setHighWatermark(Math.min(response.highWatermark, this.#log.endOffset));
  }

  #sendFetch(leaderId: number): void {
    const { endOffset, lastEpoch } = this.#log;
    const position = { fetchOffset: endOffset, lastFetchedEpoch: lastEpoch };
    this.#send(leaderId, { kind: 'fetchRequest', ...this.#signature(), ...position });
  }

  #advanceHighWatermark(): void {
    const state = this.#state;
    if (state.kind !== 'leader' || state.epochStartOffset === null) return;
    const endOffsets = this.#voters.voterIds.map((voterId) =>
      voterId === this.#self.replicaId ? state.flushedEndOffset : (state.progress.get(voterId)?.endOffset ?? NONE),
    );
    endOffsets.sort((a, b) => b - a);
    const reached = endOffsets[this.#voters.majority - 1] ?? NONE;
    if (reached > state.epochStartOffset) this.#setHighWatermark(reached);
  }

  #setHighWatermark(highWatermark: Offset): void {
    if (highWatermark <= this.#highWatermark) return;
    this.#highWatermark = highWatermark;
    this.#effect({ kind: 'committed', highWatermark });
  }

  // ---- bits

  #isOnlyVoter(): boolean {
    return this.#voters.voters.length === 1 && this.isVoter;
  }

  #others(): number[] {
    return this.#voters.voterIds.filter((voterId) => voterId !== this.#self.replicaId);
  }

  #askForVotes(preVote: boolean): void {
    const { lastEpoch, endOffset } = this.#log;
    for (const to of this.#others()) {
      const position = { lastEpoch, lastEpochEndOffset: endOffset };
      this.#send(to, { kind: 'voteRequest', ...this.#signature(), preVote, ...position });
    }
  }

  #electionDeadline({ nowMs, chance }: Moment): number {
    return nowMs + this.#timeouts.electionTimeoutMs * (1 + chance);
  }

  /** Kafka's factor: a follower that is just late must not end an epoch. */
  #checkQuorumMs(): number {
    return this.#timeouts.fetchTimeoutMs * 1.5;
  }

  #signature(): { from: ReplicaKey; epoch: LeaderEpoch } {
    return { from: this.#self, epoch: this.#epoch };
  }

  #enter(state: State): void {
    this.#state = state;
  }

  #persist(): void {
    const state: QuorumState = {
      leaderEpoch: this.#epoch,
      leaderId: this.leaderId ?? NONE,
      votedId: this.#voted?.replicaId ?? NONE,
      votedDirectoryId: this.#voted?.directoryId ?? ZERO_UUID,
    };
    this.#effect({ kind: 'persistQuorumState', state });
  }

  #send(to: number, message: RaftMessage): void {
    this.#effect({ kind: 'send', to, message });
  }

  #effect(effect: RaftEffect): void {
    this.#effects.push(effect);
  }

  #takeEffects(): readonly RaftEffect[] {
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }
}

const EMPTY = Buffer.alloc(0);
