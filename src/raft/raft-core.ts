/**
 * The quorum's rules as a state machine: a request, an answer, a tick or a finished write goes in, effects come out as data. It
 * holds no clock, no chance, no disk and no socket; `driver.ts` carries the effects out.
 *
 *     start --> Unattached | Follower | Resigned                 (as quorum-state says; a lone voter elects itself at once)
 *     Unattached, Follower --election or fetch timeout--> Prospective       (a voter; observers look for a leader)
 *     Prospective --majority of pre-votes--> Candidate --majority of votes--> Leader
 *     Prospective, Candidate --timeout--> Prospective, after a pause
 *     Leader --resign, or a majority is silent--> Resigned --timeout--> Unattached in the next epoch
 *     any --higher epoch--> Unattached;  any but Leader of this epoch --a leader shows--> Follower
 *
 * An observer is a replica outside the voter set: it is Unattached or Follower and never asks for votes.
 *
 * Invariants: the epoch never falls; one vote per epoch, persisted before it is sent; the high watermark never falls, and a
 * leader moves it only past a record of its own epoch (Raft 5.4.2); a fetch tells only what is synced, because the leader
 * counts it; at most one fetch is under way, and an answer to an earlier one changes nothing.
 */
import { assert, unreachable } from '../base/assert.ts';
import type { LeaderEpoch, Offset } from '../base/flavor.ts';
import { ZERO_UUID } from '../base/uuid.ts';
import type { ErrorName } from '../wire/errors.ts';
import { fetchPosition } from './fetch-position.ts';
import { LeaderProgress, type ReplicaProgress } from './leader-progress.ts';
import type { QuorumLogView, QuorumState, SnapshotId } from './quorum-log.ts';
import {
  type BeginQuorumEpochRequest,
  type EndQuorumEpochRequest,
  type FetchRequest,
  type FetchResponse,
  type FetchSnapshotRequest,
  type FetchSnapshotResponse,
  type RaftRequest,
  type RaftResponse,
  type ReplicaKey,
  sameReplica,
  type VoteRequest,
  type VoteResponse,
} from './raft-message.ts';
import type { Election, Moment, RaftEffect, RaftStateKind, RaftTimeouts, State } from './raft-state.ts';
import type { VoterSet } from './voter-set.ts';

const NONE = -1;

export interface RaftCoreOptions {
  readonly self: ReplicaKey;
  readonly log: QuorumLogView;
  readonly voters: VoterSet;
  /** What is known to be committed: the end of the newest snapshot. */
  readonly highWatermark: Offset;
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
  #highWatermark: Offset;
  /** The one fetch that counts. */
  #fetching: FetchRequest | FetchSnapshotRequest | null = null;
  /** The log is being cut, or a snapshot put in its place: until that is done nobody may build on what it holds. */
  #logChanging = false;
  /** When what failed is tried again. */
  #retryMs = Number.POSITIVE_INFINITY;
  #effects: RaftEffect[] = [];

  constructor({ self, log, voters, highWatermark, timeouts }: RaftCoreOptions) {
    this.#highWatermark = highWatermark;
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

  /** What the leader says is committed; null while none was heard. */
  get leaderHighWatermark(): Offset | null {
    const state = this.#state;
    if (state.kind === 'follower') return state.hasFetched ? state.leaderHighWatermark : null;
    return this.hasCommittedInEpoch ? this.#highWatermark : null;
  }

  /** A leader that may change the voters: something of its own epoch is committed. */
  get hasCommittedInEpoch(): boolean {
    const state = this.#state;
    return state.kind === 'leader' && state.epochStartOffset !== null && this.#highWatermark > state.epochStartOffset;
  }

  /** When the next tick is due; infinite when nothing is awaited. */
  get deadlineMs(): number {
    return Math.min(this.#state.deadlineMs, this.#retryMs);
  }

  /** Null where this replica does not lead. */
  progressOf(replica: ReplicaKey): ReplicaProgress | null {
    return this.#state.kind === 'leader' ? this.#state.progress.of(replica) : null;
  }

  observers(nowMs: number): ReplicaProgress[] {
    return this.#state.kind === 'leader' ? this.#state.progress.observers(this.#voters, nowMs) : [];
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
    if (moment.nowMs >= this.#retryMs) this.#retry();
    if (moment.nowMs >= this.#state.deadlineMs) this.#timeout(moment);
    return this.#takeEffects();
  }

  #timeout(moment: Moment): void {
    if (this.#logChanging) {
      this.#state.deadlineMs = moment.nowMs + this.#timeouts.retryBackoffMs;
      return;
    }
    switch (this.#state.kind) {
      case 'unattached':
      case 'follower':
        if (this.isVoter) this.#becomeProspective(moment);
        else this.#becomeUnattached(this.#epoch, moment);
        return;
      case 'prospective':
      case 'candidate':
        this.#becomeProspective(moment);
        return;
      case 'leader':
        this.#checkMajority(moment);
        return;
      case 'resigned':
        // Not in the epoch that this replica led: it must not help anyone else to lead that one.
        this.#becomeUnattached(this.#epoch + 1, moment);
        return;
      default:
        unreachable(this.#state);
    }
  }

  /** A request of another replica; the effects hold its response, or say how to make it. */
  receive(request: RaftRequest, moment: Moment): readonly RaftEffect[] {
    switch (request.kind) {
      case 'vote':
        this.#voteRequest(request, moment);
        break;
      case 'beginQuorumEpoch':
        this.#beginQuorumEpoch(request, moment);
        break;
      case 'endQuorumEpoch':
        this.#endQuorumEpoch(request, moment);
        break;
      case 'fetch':
        this.#fetchRequest(request, moment);
        break;
      case 'fetchSnapshot':
        this.#fetchSnapshotRequest(request, moment);
        break;
      default:
        unreachable(request);
    }
    return this.#takeEffects();
  }

  /** A fetch that waited for news: what can be said of it now. */
  resumeFetch(request: FetchRequest): readonly RaftEffect[] {
    this.#serveFetch(request);
    return this.#takeEffects();
  }

  /** The response to a request of `ask`. */
  answered(request: RaftRequest, response: RaftResponse, moment: Moment): readonly RaftEffect[] {
    const isFetch = request === this.#fetching;
    if (isFetch) this.#fetching = null;
    if (response.epoch > this.#epoch) {
      this.#becomeUnattached(response.epoch, moment);
    } else if (response.epoch < this.#epoch) {
      if (isFetch) this.#retryLater(moment);
      return this.#takeEffects();
    }
    if (response.leaderId !== NONE && !this.#isLost(response.leaderId)) this.#leaderShows(response.leaderId, moment);
    if (request.kind === 'vote' && response.kind === 'vote') this.#voteResponse(request, response, moment);
    // Who learns of the leader by it has asked again, as its follower: what else it says is too much.
    else if (isFetch && this.#fetching === null) {
      if (request.epoch === this.#epoch) this.#fetchAnswered(request, response, moment);
      else this.#retryLater(moment);
    }
    return this.#takeEffects();
  }

  /** A request of `ask` that has no response. */
  failed(request: RaftRequest, to: ReplicaKey | null, moment: Moment): readonly RaftEffect[] {
    const state = this.#state;
    if (request === this.#fetching) {
      this.#fetching = null;
      this.#retryLater(moment);
    } else if (
      request.kind === 'vote' &&
      request.epoch === this.#epoch &&
      (state.kind === 'prospective' || state.kind === 'candidate') &&
      request.preVote === (state.kind === 'prospective') &&
      to !== null
    ) {
      state.unreached.add(to.replicaId);
      this.#retryLater(moment);
    }
    return this.#takeEffects();
  }

  /** The new leader's LeaderChange record was appended at this offset. */
  epochStarted(epochStartOffset: Offset): void {
    assert(this.#state.kind === 'leader', 'only a leader starts an epoch');
    this.#state.epochStartOffset = epochStartOffset;
  }

  /** More of the own log is synced. */
  flushed(): readonly RaftEffect[] {
    const state = this.#state;
    if (state.kind === 'leader') this.#advanceHighWatermark();
    else {
      // Not beyond what is here: the rest of it is committed when it has come.
      if (state.kind === 'follower') {
        this.#setHighWatermark(Math.min(state.leaderHighWatermark, this.#log.syncedEndOffset));
      }
      this.#maybeFetch();
    }
    return this.#takeEffects();
  }

  /** What `truncate` asked for is done, and synced. */
  truncated(): readonly RaftEffect[] {
    this.#logChanging = false;
    this.#maybeFetch();
    return this.#takeEffects();
  }

  /** What came with `snapshotPiece` is not a whole snapshot. */
  snapshotRefused(moment: Moment): readonly RaftEffect[] {
    this.#logChanging = false;
    this.#retryLater(moment);
    return this.#takeEffects();
  }

  /** The snapshot of the last `snapshotPiece` has taken the log's place. */
  snapshotInstalled(snapshotId: SnapshotId): readonly RaftEffect[] {
    this.#logChanging = false;
    this.#setHighWatermark(snapshotId.endOffset);
    this.#maybeFetch();
    return this.#takeEffects();
  }

  /** Gives leadership up, as a stopping node does, and one that is no voter any more. */
  resign(moment: Moment): readonly RaftEffect[] {
    if (this.#state.kind === 'leader') {
      const preferredSuccessors = this.#state.progress.successors(this.#voters);
      for (const to of preferredSuccessors) {
        this.#ask(to, { kind: 'endQuorumEpoch', ...this.#signature(), preferredSuccessors });
      }
      this.#becomeResigned(moment);
    }
    return this.#takeEffects();
  }

  // ---- elections

  #voteRequest(request: VoteRequest, moment: Moment): void {
    if (!this.#isAddressee(request.voter)) {
      this.#respond(request, { ...this.#answer('INVALID_VOTER_KEY'), kind: 'vote', granted: false });
      return;
    }
    if (request.epoch < this.#epoch) {
      this.#respond(request, { ...this.#answer('FENCED_LEADER_EPOCH'), kind: 'vote', granted: false });
      return;
    }
    if (request.epoch > this.#epoch) this.#becomeUnattached(request.epoch, moment);
    const granted = this.#wouldVoteFor(request);
    if (granted && !request.preVote) {
      this.#voted = request.from;
      // A vote given is a promise to wait for its outcome.
      this.#enter({ kind: 'unattached', deadlineMs: this.#electionDeadline(moment) });
      this.#persist();
    }
    this.#respond(request, { ...this.#answer('NONE'), kind: 'vote', granted });
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
        return this.#voted === null || isVotedFor(this.#voted, from);
      default:
        return unreachable(this.#state);
    }
  }

  #voteResponse(request: VoteRequest, response: VoteResponse, moment: Moment): void {
    const state = this.#state;
    if (state.kind !== 'prospective' && state.kind !== 'candidate') return;
    // An answer to the pre-vote says nothing about the vote, and one of an earlier epoch nothing about this one.
    if (request.epoch !== this.#epoch || request.preVote !== (state.kind === 'prospective')) return;
    const voterId = request.voter?.replicaId ?? NONE;
    if (this.#voters.voter(voterId) === undefined) return;
    if (response.granted) state.granted.add(voterId);
    else state.rejected.add(voterId);
    if (state.granted.size >= this.#voters.majority) {
      if (state.kind === 'prospective') this.#becomeCandidate(moment);
      else this.#becomeLeader(moment);
    } else if (state.rejected.size > this.#voters.voters.length - this.#voters.majority) {
      if (state.kind === 'prospective' && state.lostLeaderId !== null) {
        // A majority hears the leader that this replica did not hear.
        this.#becomeFollower(state.lostLeaderId, moment, true);
        return;
      }
      // Lost: a pause of chance, so that losers do not meet again.
      const pauseMs = moment.chance * this.#timeouts.electionBackoffMaxMs;
      state.deadlineMs = Math.min(state.deadlineMs, moment.nowMs + pauseMs);
    }
  }

  #beginQuorumEpoch(request: BeginQuorumEpochRequest, moment: Moment): void {
    let error: ErrorName = 'NONE';
    if (!this.#isAddressee(request.voter)) error = 'INVALID_VOTER_KEY';
    else if (request.epoch < this.#epoch) error = 'FENCED_LEADER_EPOCH';
    else {
      if (request.epoch > this.#epoch) this.#becomeUnattached(request.epoch, moment);
      this.#leaderShows(request.from.replicaId, moment);
    }
    this.#respond(request, { ...this.#answer(error), kind: 'epoch' });
  }

  #endQuorumEpoch(request: EndQuorumEpochRequest, moment: Moment): void {
    if (request.epoch < this.#epoch) {
      this.#respond(request, { ...this.#answer('FENCED_LEADER_EPOCH'), kind: 'epoch' });
      return;
    }
    if (request.epoch > this.#epoch) this.#becomeUnattached(request.epoch, moment);
    this.#leaderShows(request.from.replicaId, moment);
    if (this.#state.kind === 'follower' && this.isVoter) this.#succeed(request.preferredSuccessors, moment);
    this.#respond(request, { ...this.#answer('NONE'), kind: 'epoch' });
  }

  /** The first in line goes at once, the others later and later. */
  #succeed(successors: readonly ReplicaKey[], moment: Moment): void {
    const place = successors.findIndex((successor) => isVotedFor(successor, this.#self));
    if (place === 0 && !this.#logChanging) {
      this.#becomeProspective(moment);
      return;
    }
    // The leader itself says that it is over: nobody is to be protected from the one in front.
    if (this.#state.kind === 'follower') this.#state.hasFetched = false;
    const pauseMs = (Math.max(place, 1) * this.#timeouts.electionBackoffMaxMs) / Math.max(successors.length, 1);
    this.#state.deadlineMs = Math.min(this.#state.deadlineMs, moment.nowMs + pauseMs);
  }

  /** What others say of a leader is no news to who has just lost it. */
  #isLost(leaderId: number): boolean {
    return this.#state.kind === 'prospective' && this.#state.lostLeaderId === leaderId;
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
        // It was this replica, in an earlier life, and it leads no more.
        if (leaderId === this.#self.replicaId) return;
        this.#becomeFollower(leaderId, moment, true);
        return;
      default:
        unreachable(this.#state);
    }
  }

  #becomeUnattached(epoch: LeaderEpoch, moment: Moment): void {
    const newEpoch = epoch > this.#epoch;
    const knewLeader = this.leaderId !== null;
    if (newEpoch) {
      this.#epoch = epoch;
      this.#voted = null;
    }
    this.#enter({ kind: 'unattached', deadlineMs: this.#electionDeadline(moment) });
    if (newEpoch) this.#persist();
    if (knewLeader || newEpoch) this.#effect({ kind: 'leaderChanged', leaderId: null, leaderEpoch: this.#epoch });
    this.#maybeFetch();
  }

  #becomeProspective(moment: Moment): void {
    if (this.#isOnlyVoter()) {
      this.#becomeCandidate(moment);
      return;
    }
    const { leaderId } = this;
    const lostLeaderId = leaderId ?? (this.#state.kind === 'prospective' ? this.#state.lostLeaderId : null);
    const deadlineMs = this.#electionDeadline(moment);
    this.#enter({ kind: 'prospective', lostLeaderId, ...this.#newElection(), deadlineMs });
    if (leaderId !== null) {
      this.#persist();
      this.#effect({ kind: 'leaderChanged', leaderId: null, leaderEpoch: this.#epoch });
    }
    this.#askForVotes(this.#others());
  }

  #becomeCandidate(moment: Moment): void {
    this.#epoch++;
    this.#voted = this.#self;
    const election = this.#newElection();
    this.#enter({ kind: 'candidate', ...election, deadlineMs: this.#electionDeadline(moment) });
    this.#persist();
    if (election.granted.size >= this.#voters.majority) this.#becomeLeader(moment);
    else this.#askForVotes(this.#others());
  }

  #becomeLeader(moment: Moment): void {
    const grantingVoterIds = this.#state.kind === 'candidate' ? [...this.#state.granted] : [];
    const progress = new LeaderProgress(this.#self, moment.nowMs);
    this.#enter({ kind: 'leader', epochStartOffset: null, progress, deadlineMs: this.#nextCheckMs(moment) });
    // The vote has done its work; the file of a leader names no vote, as Kafka's does.
    this.#voted = null;
    this.#persist();
    this.#effect({ kind: 'becomeLeader', leaderEpoch: this.#epoch, grantingVoterIds });
    this.#effect({ kind: 'leaderChanged', leaderId: this.#self.replicaId, leaderEpoch: this.#epoch });
    for (const to of this.#others()) this.#beginEpochAt(to);
  }

  #beginEpochAt(to: ReplicaKey): void {
    this.#ask(to, { kind: 'beginQuorumEpoch', ...this.#signature(), voter: to });
  }

  #becomeFollower(leaderId: number, moment: Moment, persist: boolean): void {
    const deadlineMs = moment.nowMs + this.#timeouts.fetchTimeoutMs;
    this.#enter({ kind: 'follower', leaderId, deadlineMs, hasFetched: false, leaderHighWatermark: 0, snapshot: null });
    if (persist) this.#persist();
    this.#effect({ kind: 'leaderChanged', leaderId, leaderEpoch: this.#epoch });
    this.#maybeFetch();
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
    if (!progress.heardMajority(this.#voters, moment.nowMs - this.#checkQuorumMs())) {
      this.#becomeResigned(moment);
      return;
    }
    this.#state.deadlineMs = this.#nextCheckMs(moment);
    // Who does not come may not know of this epoch.
    const sinceMs = moment.nowMs - this.#timeouts.fetchTimeoutMs / 2;
    for (const voter of progress.silentVoters(this.#voters, sinceMs)) this.#beginEpochAt(voter);
  }

  // ---- replication: the leader's side

  #fetchRequest(request: FetchRequest, moment: Moment): void {
    const state = this.#state;
    if (
      state.kind === 'leader' &&
      request.epoch === this.#epoch &&
      fetchPosition(this.#log, request).kind === 'valid'
    ) {
      const at = { nowMs: moment.nowMs, leaderEndOffset: this.#log.endOffset };
      state.progress.fetched(request.from, request.fetchOffset, at);
      this.#advanceHighWatermark();
    }
    this.#serveFetch(request);
  }

  #serveFetch(request: FetchRequest): void {
    const error = this.#leaderProblem(request.epoch);
    const response: FetchResponse = {
      ...this.#answer(error),
      kind: 'fetch',
      highWatermark: this.#highWatermark,
      logStartOffset: this.#log.startOffset,
      diverging: null,
      snapshotId: null,
      records: EMPTY,
    };
    if (error !== 'NONE') {
      this.#respond(request, response);
      return;
    }
    const position = fetchPosition(this.#log, request);
    switch (position.kind) {
      case 'valid':
        this.#effect({ kind: 'serveFetch', request, response });
        return;
      case 'diverging':
        this.#respond(request, { ...response, diverging: position.end });
        return;
      case 'snapshot':
        this.#respond(request, { ...response, snapshotId: position.snapshotId });
        return;
      default:
        unreachable(position);
    }
  }

  #fetchSnapshotRequest(request: FetchSnapshotRequest, moment: Moment): void {
    const { snapshotId, position } = request;
    const respond = (error: ErrorName): FetchSnapshotResponse => ({
      ...this.#answer(error),
      kind: 'fetchSnapshot',
      snapshotId,
      size: 0,
      position,
      data: EMPTY,
    });
    const error = this.#leaderProblem(request.epoch);
    if (error !== 'NONE') {
      this.#respond(request, respond(error));
      return;
    }
    const { endOffset, epoch } = snapshotId;
    if (!this.#log.snapshotIds().some((known) => known.endOffset === endOffset && known.epoch === epoch)) {
      this.#respond(request, respond('SNAPSHOT_NOT_FOUND'));
      return;
    }
    // It is alive, however long the snapshot takes.
    if (this.#state.kind === 'leader') {
      const { progress } = this.#state;
      const known = progress.of(request.from).endOffset;
      progress.fetched(request.from, known, { nowMs: moment.nowMs, leaderEndOffset: this.#log.endOffset });
    }
    this.#effect({ kind: 'serveSnapshot', request, response: respond('NONE') });
  }

  #leaderProblem(requestEpoch: LeaderEpoch): ErrorName {
    if (requestEpoch < this.#epoch) return 'FENCED_LEADER_EPOCH';
    if (requestEpoch > this.#epoch) return 'UNKNOWN_LEADER_EPOCH';
    return this.#state.kind === 'leader' ? 'NONE' : 'NOT_LEADER_OR_FOLLOWER';
  }

  #advanceHighWatermark(): void {
    const state = this.#state;
    if (state.kind !== 'leader' || state.epochStartOffset === null) return;
    const reached = state.progress.majorityEndOffset(this.#voters, this.#log.syncedEndOffset);
    if (reached > state.epochStartOffset) this.#setHighWatermark(reached);
  }

  #setHighWatermark(highWatermark: Offset): void {
    if (highWatermark <= this.#highWatermark) return;
    this.#highWatermark = highWatermark;
    this.#effect({ kind: 'committed', highWatermark });
  }

  // ---- replication: the follower's side, and whoever looks for a leader

  /** A fetch at the leader; where none is known, at any node that may know it. */
  #maybeFetch(): void {
    const state = this.#state;
    const isFollower = state.kind === 'follower';
    if (this.#fetching !== null || this.#logChanging || !(isFollower || state.kind === 'unattached')) return;
    if (this.#retryMs !== Number.POSITIVE_INFINITY) return;
    const { endOffset, syncedEndOffset, lastEpoch } = this.#log;
    // The leader counts what a fetch tells: not before it is synced, when `flushed` comes here again.
    if (syncedEndOffset < endOffset) return;
    const to = isFollower ? this.#voterKey(state.leaderId) : null;
    const snapshot = isFollower ? state.snapshot : null;
    const request: FetchRequest | FetchSnapshotRequest =
      snapshot === null
        ? {
            kind: 'fetch',
            ...this.#signature(),
            fetchOffset: endOffset,
            lastFetchedEpoch: lastEpoch,
            highWatermark: this.#highWatermark,
          }
        : { kind: 'fetchSnapshot', ...this.#signature(), snapshotId: snapshot.id, position: snapshot.position };
    this.#fetching = request;
    this.#ask(to, request);
  }

  #fetchAnswered(request: RaftRequest, response: RaftResponse, moment: Moment): void {
    const state = this.#state;
    if (state.kind !== 'follower' || response.error !== 'NONE' || response.leaderId !== state.leaderId) {
      if (state.kind === 'follower') state.snapshot = null;
      this.#retryLater(moment);
      return;
    }
    state.deadlineMs = moment.nowMs + this.#timeouts.fetchTimeoutMs;
    state.hasFetched = true;
    if (response.kind === 'fetchSnapshot') this.#snapshotAnswered(state, response, moment);
    else if (response.kind === 'fetch' && request.kind === 'fetch') this.#recordsAnswered(request, response);
  }

  #recordsAnswered({ fetchOffset }: FetchRequest, response: FetchResponse): void {
    const state = this.#state;
    assert(state.kind === 'follower' && fetchOffset === this.#log.endOffset, 'an answer to another position');
    state.leaderHighWatermark = response.highWatermark;
    if (response.diverging !== null) {
      const own = this.#log.endOffsetForEpoch(response.diverging.leaderEpoch);
      const endOffset = Math.min(response.diverging.endOffset, own?.endOffset ?? 0);
      assert(endOffset >= this.#highWatermark, `truncation to ${endOffset} below ${this.#highWatermark}`);
      this.#logChanging = true;
      this.#effect({ kind: 'truncate', endOffset });
      return;
    }
    if (response.snapshotId !== null) {
      state.snapshot = { id: response.snapshotId, position: 0 };
    } else if (response.records.length > 0) {
      this.#effect({ kind: 'appendFetched', records: response.records, leaderEpoch: this.#epoch });
      return;
    } else {
      this.#setHighWatermark(Math.min(response.highWatermark, this.#log.endOffset));
    }
    this.#maybeFetch();
  }

  #snapshotAnswered(state: State & { kind: 'follower' }, response: FetchSnapshotResponse, moment: Moment): void {
    const { snapshot } = state;
    if (
      snapshot === null ||
      response.position !== snapshot.position ||
      response.snapshotId.endOffset !== snapshot.id.endOffset
    ) {
      state.snapshot = null;
      this.#retryLater(moment);
      return;
    }
    const position = snapshot.position + response.data.length;
    const last = position >= response.size;
    if (!last && response.data.length === 0) {
      this.#retryLater(moment);
      return;
    }
    state.snapshot = last ? null : { id: snapshot.id, position };
    this.#logChanging = last;
    const { id: snapshotId, position: from } = snapshot;
    this.#effect({ kind: 'snapshotPiece', snapshotId, position: from, data: response.data, last });
    this.#maybeFetch();
  }

  #retryLater({ nowMs }: Moment): void {
    this.#retryMs = Math.min(this.#retryMs, nowMs + this.#timeouts.retryBackoffMs);
  }

  #retry(): void {
    this.#retryMs = Number.POSITIVE_INFINITY;
    const state = this.#state;
    if (state.kind === 'prospective' || state.kind === 'candidate') {
      const again = this.#others().filter(({ replicaId }) => state.unreached.delete(replicaId));
      this.#askForVotes(again);
    }
    this.#maybeFetch();
  }

  // ---- bits

  #isOnlyVoter(): boolean {
    return this.#voters.voters.length === 1 && this.isVoter;
  }

  #isAddressee(voter: ReplicaKey | null): boolean {
    return voter === null || isVotedFor(voter, this.#self);
  }

  #others(): ReplicaKey[] {
    return this.#voters.keys.filter(({ replicaId }) => replicaId !== this.#self.replicaId);
  }

  #voterKey(replicaId: number): ReplicaKey {
    return { replicaId, directoryId: this.#voters.voter(replicaId)?.directoryId ?? ZERO_UUID };
  }

  /** A voter votes for itself. */
  #newElection(): Election {
    return { granted: new Set([this.#self.replicaId]), rejected: new Set(), unreached: new Set() };
  }

  #askForVotes(voters: readonly ReplicaKey[]): void {
    const { lastEpoch, endOffset: lastEpochEndOffset } = this.#log;
    const preVote = this.#state.kind === 'prospective';
    for (const to of voters) {
      this.#ask(to, { kind: 'vote', ...this.#signature(), voter: to, preVote, lastEpoch, lastEpochEndOffset });
    }
  }

  #electionDeadline({ nowMs, chance }: Moment): number {
    return nowMs + this.#timeouts.electionTimeoutMs * (1 + chance);
  }

  #nextCheckMs({ nowMs }: Moment): number {
    return this.#isOnlyVoter() ? Number.POSITIVE_INFINITY : nowMs + this.#timeouts.fetchTimeoutMs / 2;
  }

  /** Kafka's factor: a follower that is just late must not end an epoch. */
  #checkQuorumMs(): number {
    return this.#timeouts.fetchTimeoutMs * 1.5;
  }

  #signature(): { from: ReplicaKey; epoch: LeaderEpoch } {
    return { from: this.#self, epoch: this.#epoch };
  }

  #answer(error: ErrorName): { error: ErrorName; epoch: LeaderEpoch; leaderId: number } {
    return { error, epoch: this.#epoch, leaderId: this.leaderId ?? NONE };
  }

  #enter(state: State): void {
    this.#state = state;
    this.#retryMs = Number.POSITIVE_INFINITY;
    // An answer that is still to come belongs to what was before.
    this.#fetching = null;
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

  #ask(to: ReplicaKey | null, request: RaftRequest): void {
    this.#effect({ kind: 'ask', to, request });
  }

  #respond(request: RaftRequest, response: RaftResponse): void {
    this.#effect({ kind: 'respond', request, response });
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

/** `named` may lack the directory. */
function isVotedFor(named: ReplicaKey, replica: ReplicaKey): boolean {
  return sameReplica(named, replica) || (named.replicaId === replica.replicaId && named.directoryId === ZERO_UUID);
}

const EMPTY = Buffer.alloc(0);
