import { describe, expect, test } from 'vitest';
import { ZERO_UUID } from '../../../src/base/uuid.ts';
import type { QuorumState } from '../../../src/raft/quorum-log.ts';
import { RaftCore } from '../../../src/raft/raft-core.ts';
import type {
  FetchRequest,
  FetchResponse,
  RaftRequest,
  RaftResponse,
  ReplicaKey,
  VoteRequest,
} from '../../../src/raft/raft-message.ts';
import type { RaftEffect } from '../../../src/raft/raft-state.ts';
import { VoterSet } from '../../../src/raft/voter-set.ts';
import { FakeQuorumLog } from './fake-quorum-log.ts';

const timeouts = { electionTimeoutMs: 1000, fetchTimeoutMs: 2000, electionBackoffMaxMs: 1000, retryBackoffMs: 20 };
const at = (nowMs: number) => ({ nowMs, chance: 0 });
const key = (replicaId: number): ReplicaKey => ({ replicaId, directoryId: ZERO_UUID });

function voters(...ids: number[]): VoterSet {
  return new VoterSet(
    ids.map((voterId) => ({ voterId, directoryId: ZERO_UUID, endpoints: [], kraftVersions: { min: 0, max: 1 } })),
  );
}

function replica(id: number, ids: number[], log = new FakeQuorumLog()): RaftCore {
  return new RaftCore({ self: key(id), log, voters: voters(...ids), highWatermark: 0, timeouts });
}

/** Effects as short text. */
function told(effects: readonly RaftEffect[]): string[] {
  return effects.map((effect) => {
    switch (effect.kind) {
      case 'persistQuorumState': {
        const { leaderEpoch, leaderId, votedId } = effect.state;
        return `persist epoch ${leaderEpoch} leader ${leaderId} voted ${votedId}`;
      }
      case 'ask':
        return `${effect.request.kind} to ${effect.to?.replicaId ?? 'anyone'}`;
      case 'respond':
        return `${effect.response.kind}: ${effect.response.error}`;
      case 'becomeLeader':
        return `lead ${effect.leaderEpoch} by ${effect.grantingVoterIds.join()}`;
      case 'leaderChanged':
        return `leader ${effect.leaderId} of ${effect.leaderEpoch}`;
      case 'committed':
        return `committed ${effect.highWatermark}`;
      default:
        return effect.kind;
    }
  });
}

const vote = (from: number, epoch: number, change: Partial<VoteRequest> = {}): VoteRequest => ({
  kind: 'vote',
  from: key(from),
  voter: null,
  epoch,
  preVote: false,
  lastEpoch: 0,
  lastEpochEndOffset: 0,
  ...change,
});

function response(effects: readonly RaftEffect[]): RaftResponse {
  const found = effects.find((effect) => effect.kind === 'respond');
  return found!.response;
}

function asked(effects: readonly RaftEffect[], kind: RaftRequest['kind'], to?: number): RaftRequest {
  const found = effects.find(
    (effect) =>
      effect.kind === 'ask' && effect.request.kind === kind && (to ?? effect.to?.replicaId) === effect.to?.replicaId,
  );
  if (found?.kind !== 'ask') throw new Error(`no ${kind}`);
  return found.request;
}

const granted = (epoch: number) => ({ kind: 'vote', error: 'NONE', epoch, leaderId: -1, granted: true }) as const;
const rejected = (epoch: number, leaderId = -1) =>
  ({ kind: 'vote', error: 'NONE', epoch, leaderId, granted: false }) as const;

const fetched = (change: Partial<FetchResponse> = {}): FetchResponse => ({
  kind: 'fetch',
  error: 'NONE',
  epoch: 1,
  leaderId: 2,
  highWatermark: 0,
  logStartOffset: 0,
  diverging: null,
  snapshotId: null,
  records: Buffer.alloc(0),
  ...change,
});

const beginEpoch = (from: number, epoch: number): RaftRequest => ({
  kind: 'beginQuorumEpoch',
  from: key(from),
  epoch,
  voter: null,
});

/** Elected by 2, in the epoch after that of its log or file; epoch 1 of an empty one. */
function leader(log = new FakeQuorumLog(), epoch = 0): RaftCore {
  const core = replica(1, [1, 2, 3], log);
  core.start(
    epoch === 0 ? null : { leaderEpoch: epoch, leaderId: -1, votedId: -1, votedDirectoryId: ZERO_UUID },
    at(0),
  );
  const preVote = asked(core.tick(at(1000)), 'vote', 2);
  const real = asked(core.answered(preVote, granted(epoch), at(1001)), 'vote', 2);
  core.answered(real, granted(epoch + 1), at(1002));
  expect(core.state).toBe('leader');
  const startOffset = log.endOffset;
  log.appendAt(epoch + 1, 1);
  core.epochStarted(startOffset);
  core.flushed();
  return core;
}

/** Of leader 2 in epoch 1, with the fetch that it sent. */
function follower(log = new FakeQuorumLog()): { core: RaftCore; fetch: RaftRequest } {
  const core = replica(1, [1, 2, 3], log);
  core.start(null, at(0));
  return { core, fetch: asked(core.receive(beginEpoch(2, 1), at(1)), 'fetch', 2) };
}

describe('elections', () => {
  test('a lone voter elects itself at once, and commits what it has synced', () => {
    const log = new FakeQuorumLog();
    const core = replica(1, [1], log);
    expect(told(core.start(null, at(0)))).toEqual([
      'persist epoch 1 leader -1 voted 1',
      'persist epoch 1 leader 1 voted -1',
      'lead 1 by 1',
      'leader 1 of 1',
    ]);
    core.epochStarted(0);
    log.synced = 0;
    log.appendAt(1, 3);
    expect(told(core.flushed())).toEqual([]);
    log.synced = 3;
    expect(told(core.flushed())).toEqual(['committed 3']);
    expect(core.deadlineMs).toBe(Number.POSITIVE_INFINITY);
  });

  test('a restart begins a later epoch than the file and the log know', () => {
    const persisted: QuorumState = { leaderEpoch: 4, leaderId: 1, votedId: -1, votedDirectoryId: ZERO_UUID };
    const core = replica(1, [1]);
    core.start(persisted, at(0));
    expect(core.epoch).toBe(5);
    const log = new FakeQuorumLog();
    log.appendAt(9, 1);
    const behind = replica(1, [1], log);
    behind.start(persisted, at(0));
    expect(behind.epoch).toBe(10);
  });

  test('an observer never asks for votes; it looks for a leader', () => {
    const core = replica(9, [1, 2, 3]);
    const fetch = asked(core.start(null, at(0)), 'fetch');
    expect(told(core.failed(fetch, null, at(5)))).toEqual([]);
    expect(told(core.tick(at(25)))).toEqual(['fetch to anyone']);
    expect(told(core.tick(at(10_000)))).toEqual(['fetch to anyone']);
    expect(core.state).toBe('unattached');
  });

  test('an election asks before it votes, and leads with a majority (KIP-996)', () => {
    const core = replica(1, [1, 2, 3]);
    core.start(null, at(0));
    const first = core.tick(at(1000));
    expect(told(first)).toEqual(['vote to 2', 'vote to 3']);
    expect(core.epoch).toBe(0);
    const [preVote, other] = [asked(first, 'vote', 2), asked(first, 'vote', 3)];
    const second = core.answered(preVote, granted(0), at(1001));
    expect(told(second)).toEqual(['persist epoch 1 leader -1 voted 1', 'vote to 2', 'vote to 3']);
    // A late answer to the pre-vote is no vote.
    expect(told(core.answered(other, granted(1), at(1002)))).toEqual([]);
    expect(told(core.answered(asked(second, 'vote', 2), granted(1), at(1003)))).toEqual([
      'persist epoch 1 leader 1 voted -1',
      'lead 1 by 1,2',
      'leader 1 of 1',
      'beginQuorumEpoch to 2',
      'beginQuorumEpoch to 3',
    ]);
  });

  test('a voter that cannot be reached is asked again', () => {
    const core = replica(1, [1, 2, 3]);
    core.start(null, at(0));
    const asking = core.tick(at(1000));
    core.failed(asked(asking, 'vote', 3), key(3), at(1001));
    expect(told(core.tick(at(1021)))).toEqual(['vote to 3']);
    expect(told(core.tick(at(1041)))).toEqual([]);
  });

  test('one vote an epoch, persisted before it is sent', () => {
    const core = replica(1, [1, 2, 3]);
    core.start(null, at(0));
    const first = core.receive(vote(2, 1), at(1));
    expect(told(first).filter((text) => !text.startsWith('fetch'))).toEqual([
      'persist epoch 1 leader -1 voted -1',
      'leader null of 1',
      'persist epoch 1 leader -1 voted 2',
      'vote: NONE',
    ]);
    expect(response(first)).toMatchObject({ granted: true });
    expect(response(core.receive(vote(3, 1), at(2)))).toMatchObject({ granted: false });
    expect(response(core.receive(vote(2, 1), at(3)))).toMatchObject({ granted: true });
    expect(response(core.receive(vote(3, 2), at(4)))).toMatchObject({ granted: true, epoch: 2 });
    expect(response(core.receive(vote(3, 1), at(5)))).toMatchObject({ granted: false, error: 'FENCED_LEADER_EPOCH' });
  });

  test('a vote survives a restart', () => {
    const core = replica(1, [1, 2, 3]);
    core.start({ leaderEpoch: 1, leaderId: -1, votedId: 2, votedDirectoryId: ZERO_UUID }, at(0));
    expect(response(core.receive(vote(3, 1), at(1)))).toMatchObject({ granted: false });
  });

  test('a vote that is meant for another disk is refused (KIP-853)', () => {
    const core = replica(1, [1, 2, 3]);
    core.start(null, at(0));
    const other = { replicaId: 1, directoryId: 'hloYyovRSj-Y0Z7LtQuJ3A' };
    expect(response(core.receive(vote(2, 1, { voter: other }), at(1)))).toMatchObject({
      error: 'INVALID_VOTER_KEY',
      granted: false,
      epoch: 0,
    });
  });

  test('who led an epoch helps nobody else to lead it', () => {
    const core = leader();
    core.resign(at(2000));
    core.tick(at(4000));
    expect(core.state).toBe('unattached');
    expect(core.epoch).toBe(2);
    expect(response(core.receive(vote(3, 1, { lastEpoch: 9 }), at(4001)))).toMatchObject({ granted: false });
  });

  test('a candidate whose log is behind gets no vote', () => {
    const log = new FakeQuorumLog();
    log.appendAt(2, 5);
    const core = replica(1, [1, 2, 3], log);
    core.start(null, at(0));
    const isGranted = (change: Partial<VoteRequest>) => {
      const answer = response(core.receive(vote(2, 3, { preVote: true, ...change }), at(1)));
      return answer.kind === 'vote' && answer.granted;
    };
    expect(isGranted({ lastEpoch: 1, lastEpochEndOffset: 99 })).toBe(false);
    expect(isGranted({ lastEpoch: 2, lastEpochEndOffset: 4 })).toBe(false);
    expect(isGranted({ lastEpoch: 2, lastEpochEndOffset: 5 })).toBe(true);
    expect(isGranted({ lastEpoch: 3, lastEpochEndOffset: 1 })).toBe(true);
  });

  test('a follower that hears from its leader refuses to disturb it', () => {
    const { core, fetch } = follower();
    expect(core.leaderId).toBe(2);
    expect(response(core.receive(vote(3, 1, { preVote: true }), at(2)))).toMatchObject({ granted: true });
    core.answered(fetch, fetched(), at(3));
    expect(response(core.receive(vote(3, 1, { preVote: true }), at(4)))).toMatchObject({ granted: false });
  });

  test('who lost its leader is not sent back to it by those who have not noticed', () => {
    const { core } = follower();
    const asking = core.tick(at(2001));
    expect(core.state).toBe('prospective');
    core.answered(asked(asking, 'vote', 3), rejected(1, 2), at(2002));
    expect(core.state).toBe('prospective');
    // But by a majority that hears it.
    core.answered(asked(asking, 'vote', 2), rejected(1, 2), at(2003));
    expect(core.state).toBe('follower');
  });

  test('the first of its successors takes over from a leader that resigns, and the others let it', () => {
    const end = (successors: number[]): RaftRequest => ({
      kind: 'endQuorumEpoch',
      from: key(2),
      epoch: 1,
      preferredSuccessors: successors.map(key),
    });
    const first = follower();
    first.core.answered(first.fetch, fetched(), at(3));
    expect(told(first.core.receive(end([1, 3]), at(4)))).toContain('vote to 3');
    const second = follower();
    second.core.answered(second.fetch, fetched(), at(3));
    second.core.receive(end([3, 1]), at(4));
    expect(second.core.deadlineMs).toBe(504);
    expect(response(second.core.receive(vote(3, 1, { preVote: true }), at(5)))).toMatchObject({ granted: true });
  });
});

describe('a leader', () => {
  const fetch = (fetchOffset: number, lastFetchedEpoch: number, change: Partial<FetchRequest> = {}): FetchRequest => ({
    kind: 'fetch',
    from: key(2),
    epoch: 2,
    fetchOffset,
    lastFetchedEpoch,
    highWatermark: 0,
    ...change,
  });

  test('commits only past a record of its own epoch, and what a majority has', () => {
    const log = new FakeQuorumLog();
    log.appendAt(1, 10);
    const core = leader(log, 1);
    expect(told(core.receive(fetch(10, 1), at(1003)))).toEqual(['serveFetch']);
    expect(told(core.receive(fetch(11, 2), at(1004)))).toEqual(['committed 11', 'serveFetch']);
    // Beyond what epoch 1 ever had here: the follower must cut its log.
    expect(response(core.receive(fetch(15, 1), at(1005)))).toMatchObject({
      diverging: { leaderEpoch: 1, endOffset: 10 },
    });
  });

  test('sends who lacks what it has deleted to a snapshot (KIP-630)', () => {
    const log = new FakeQuorumLog();
    log.startOffset = 8;
    log.snapshots = [
      { endOffset: 9, epoch: 1 },
      { endOffset: 8, epoch: 1 },
    ];
    log.appendAt(1, 2);
    const core = leader(log, 1);
    expect(response(core.receive(fetch(0, 0), at(1003)))).toMatchObject({ snapshotId: { endOffset: 9, epoch: 1 } });
    expect(response(core.receive(fetch(8, 0), at(1004)))).toMatchObject({ snapshotId: { endOffset: 9, epoch: 1 } });
    expect(told(core.receive(fetch(8, 1), at(1005)))).toEqual(['serveFetch']);
  });

  test('does not mind a snapshot that is older than its log', () => {
    const log = new FakeQuorumLog();
    log.startOffset = 8;
    log.snapshots = [
      { endOffset: 8, epoch: 5 },
      { endOffset: 3, epoch: 1 },
    ];
    log.appendAt(5, 2);
    const core = leader(log, 5);
    expect(told(core.receive(fetch(8, 5, { epoch: 6 }), at(1003)))).toEqual(['serveFetch']);
    expect(response(core.receive(fetch(9, 4, { epoch: 6 }), at(1004)))).toMatchObject({
      diverging: null,
      snapshotId: { endOffset: 8, epoch: 5 },
    });
  });

  test('says what is wrong with the epoch of a fetch, and is not moved by it', () => {
    const core = leader(new FakeQuorumLog(), 1);
    expect(response(core.receive(fetch(0, 0, { epoch: 1 }), at(1003)))).toMatchObject({ error: 'FENCED_LEADER_EPOCH' });
    expect(response(core.receive(fetch(0, 0, { epoch: 9 }), at(1003)))).toMatchObject({
      error: 'UNKNOWN_LEADER_EPOCH',
    });
    expect(core.epoch).toBe(2);
  });

  test('that nobody hears resigns', () => {
    const core = leader();
    expect(told(core.tick(at(2002)))).toEqual(['beginQuorumEpoch to 2', 'beginQuorumEpoch to 3']);
    expect(told(core.tick(at(1002 + 3000)))).toEqual(['leader null of 1']);
    expect(core.state).toBe('resigned');
  });

  test('counts neither observers nor another disk of a voter', () => {
    const log = new FakeQuorumLog();
    const core = leader(log);
    core.receive(fetch(1, 1, { from: key(9), epoch: 1 }), at(1003));
    expect(core.highWatermark).toBe(0);
    expect(core.observers(1004).map(({ replica: { replicaId } }) => replicaId)).toEqual([9]);
    core.receive(fetch(1, 1, { from: key(3), epoch: 1 }), at(1005));
    expect(core.highWatermark).toBe(1);
  });
});

describe('a follower', () => {
  test('tells nothing that is not synced', () => {
    const log = new FakeQuorumLog();
    const { core, fetch } = follower(log);
    expect(told(core.answered(fetch, fetched({ records: Buffer.from('x'), highWatermark: 2 }), at(2)))).toEqual([
      'appendFetched',
    ]);
    log.synced = 0;
    log.appendAt(1, 3);
    expect(told(core.flushed())).toEqual([]);
    log.synced = 3;
    expect(told(core.flushed())).toEqual(['committed 2', 'fetch to 2']);
  });

  test('asks nothing and is no candidate while its log is cut', () => {
    const log = new FakeQuorumLog();
    log.appendAt(0, 5);
    const { core, fetch } = follower(log);
    const diverging = { leaderEpoch: 0, endOffset: 3 };
    expect(told(core.answered(fetch, fetched({ diverging }), at(2)))).toEqual(['truncate']);
    expect(told(core.tick(at(9000)))).toEqual([]);
    expect(core.state).toBe('follower');
    log.epochs.length = 3;
    expect(told(core.truncated())).toEqual(['fetch to 2']);
  });

  test('that may be candidate asks for votes when its leader is silent', () => {
    const { core } = follower();
    expect(told(core.tick(at(2001)))).toContain('vote to 2');
  });

  test('takes a snapshot piece by piece, and goes on behind it', () => {
    const { core, fetch } = follower();
    const snapshotId = { endOffset: 40, epoch: 1 };
    const first = core.answered(fetch, fetched({ snapshotId }), at(2));
    const ask = asked(first, 'fetchSnapshot', 2);
    expect(ask).toMatchObject({ snapshotId, position: 0 });
    const piece = (position: number, data: string): RaftResponse => ({
      kind: 'fetchSnapshot',
      error: 'NONE',
      epoch: 1,
      leaderId: 2,
      snapshotId,
      size: 6,
      position,
      data: Buffer.from(data),
    });
    const second = core.answered(ask, piece(0, 'abcd'), at(3));
    expect(told(second)).toEqual(['snapshotPiece', 'fetchSnapshot to 2']);
    const third = core.answered(asked(second, 'fetchSnapshot', 2), piece(4, 'ef'), at(4));
    expect(third).toMatchObject([{ kind: 'snapshotPiece', last: true, position: 4 }]);
    expect(told(core.snapshotInstalled(snapshotId))).toEqual(['committed 40', 'fetch to 2']);
  });

  test('an answer to an earlier fetch changes nothing', () => {
    const { core, fetch } = follower();
    core.receive(beginEpoch(3, 2), at(2));
    expect(told(core.answered(fetch, fetched({ records: Buffer.from('x') }), at(3)))).toEqual([]);
    expect(core.leaderId).toBe(3);
  });
});
