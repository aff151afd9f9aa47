import { expect, test } from 'vitest';
import { ZERO_UUID } from '../../../src/base/uuid.ts';
import type { QuorumState } from '../../../src/raft/quorum-log.ts';
import { RaftCore, type RaftEffect } from '../../../src/raft/raft-core.ts';
import type { RaftMessage, ReplicaKey, VoteRequest } from '../../../src/raft/raft-message.ts';
import { VoterSet } from '../../../src/raft/voter-set.ts';
import { FakeQuorumLog } from './fake-quorum-log.ts';

const timeouts = { electionTimeoutMs: 1000, fetchTimeoutMs: 2000, electionBackoffMaxMs: 1000 };
const at = (nowMs: number) => ({ nowMs, chance: 0 });
const key = (replicaId: number): ReplicaKey => ({ replicaId, directoryId: ZERO_UUID });

function voters(...ids: number[]): VoterSet {
  return new VoterSet(
    ids.map((voterId) => ({ voterId, directoryId: ZERO_UUID, endpoints: [], kraftVersions: { min: 0, max: 1 } })),
  );
}

function replica(id: number, ids: number[], log = new FakeQuorumLog()): RaftCore {
  return new RaftCore({ self: key(id), log, voters: voters(...ids), timeouts });
}

/** Effects as short text. */
function told(effects: readonly RaftEffect[]): string[] {
  return effects.map((effect) => {
    switch (effect.kind) {
      case 'persistQuorumState': {
        const { leaderEpoch, leaderId, votedId } = effect.state;
        return `persist epoch ${leaderEpoch} leader ${leaderId} voted ${votedId}`;
      }
      case 'send':
        return `${effect.message.kind} to ${effect.to}`;
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
  kind: 'voteRequest',
  from: key(from),
  epoch,
  preVote: false,
  lastEpoch: 0,
  lastEpochEndOffset: 0,
  ...change,
});

function answer(effects: readonly RaftEffect[]): RaftMessage {
  const sent = effects.find((effect) => effect.kind === 'send');
  return sent!.message;
}

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
  expect(told(core.flushed(0))).toEqual([]);
  expect(told(core.flushed(3))).toEqual(['committed 3']);
  expect(told(core.flushed(2))).toEqual([]);
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

test('an observer never asks for votes', () => {
  const core = replica(9, [1, 2, 3]);
  core.start(null, at(0));
  expect(told(core.tick(at(10_000)))).toEqual([]);
  expect(core.state).toBe('unattached');
});

test('an election asks before it votes, and leads with a majority (KIP-996)', () => {
  const core = replica(1, [1, 2, 3]);
  core.start(null, at(0));
  expect(told(core.tick(at(1000)))).toEqual(['voteRequest to 2', 'voteRequest to 3']);
  expect(core.epoch).toBe(0);
  const granted = (epoch: number, preVote: boolean): RaftMessage => ({
    kind: 'voteResponse',
    from: key(2),
    epoch,
    preVote,
    granted: true,
    leaderId: -1,
  });
  expect(told(core.receive(granted(0, true), at(1001)))).toEqual([
    'persist epoch 1 leader -1 voted 1',
    'voteRequest to 2',
    'voteRequest to 3',
  ]);
  // A late answer to the pre-vote is no vote.
  expect(told(core.receive(granted(1, true), at(1002)))).toEqual([]);
  expect(told(core.receive(granted(1, false), at(1003)))).toEqual([
    'persist epoch 1 leader 1 voted -1',
    'lead 1 by 1,2',
    'leader 1 of 1',
    'beginQuorumEpochRequest to 2',
    'beginQuorumEpochRequest to 3',
  ]);
});

test('one vote an epoch, persisted before it is sent', () => {
  const core = replica(1, [1, 2, 3]);
  core.start(null, at(0));
  const first = core.receive(vote(2, 1), at(1));
  expect(told(first)).toEqual([
    'persist epoch 1 leader -1 voted -1',
    'leader null of 1',
    'persist epoch 1 leader -1 voted 2',
    'voteResponse to 2',
  ]);
  expect(answer(first)).toMatchObject({ granted: true });
  expect(answer(core.receive(vote(3, 1), at(2)))).toMatchObject({ granted: false });
  expect(answer(core.receive(vote(2, 1), at(3)))).toMatchObject({ granted: true });
  expect(answer(core.receive(vote(3, 2), at(4)))).toMatchObject({ granted: true, epoch: 2 });
});

test('a vote survives a restart', () => {
  const core = replica(1, [1, 2, 3]);
  core.start({ leaderEpoch: 1, leaderId: -1, votedId: 2, votedDirectoryId: ZERO_UUID }, at(0));
  expect(answer(core.receive(vote(3, 1), at(1)))).toMatchObject({ granted: false });
});

test('a candidate whose log is behind gets no vote', () => {
  const log = new FakeQuorumLog();
  log.appendAt(2, 5);
  const core = replica(1, [1, 2, 3], log);
  core.start(null, at(0));
  const granted = (change: Partial<VoteRequest>) => {
    const message = answer(core.receive(vote(2, 3, { preVote: true, ...change }), at(1)));
    return message.kind === 'voteResponse' && message.granted;
  };
  expect(granted({ lastEpoch: 1, lastEpochEndOffset: 99 })).toBe(false);
  expect(granted({ lastEpoch: 2, lastEpochEndOffset: 4 })).toBe(false);
  expect(granted({ lastEpoch: 2, lastEpochEndOffset: 5 })).toBe(true);
  expect(granted({ lastEpoch: 3, lastEpochEndOffset: 1 })).toBe(true);
});

test('a follower that hears from its leader refuses to disturb it', () => {
  const core = replica(1, [1, 2, 3]);
  core.start(null, at(0));
  core.receive({ kind: 'beginQuorumEpochRequest', from: key(2), epoch: 1 }, at(1));
  expect(core.leaderId).toBe(2);
  expect(answer(core.receive(vote(3, 1, { preVote: true }), at(2)))).toMatchObject({ granted: true });
  const response: RaftMessage = {
    kind: 'fetchResponse',
    from: key(2),
    epoch: 1,
    leaderId: 2,
    highWatermark: 0,
    diverging: null,
    records: Buffer.alloc(0),
  };
  core.receive(response, at(3));
  expect(answer(core.receive(vote(3, 1, { preVote: true }), at(4)))).toMatchObject({ granted: false });
});

test('a leader commits only past a record of its own epoch, and what a majority has', () => {
  const log = new FakeQuorumLog();
  log.appendAt(1, 10);
  const core = replica(1, [1, 2, 3], log);
  core.start({ leaderEpoch: 1, leaderId: -1, votedId: -1, votedDirectoryId: ZERO_UUID }, at(0));
  core.tick(at(1000));
  const response = { kind: 'voteResponse', from: key(2), granted: true, leaderId: -1 } as const;
  core.receive({ ...response, epoch: 1, preVote: true }, at(1001));
  core.receive({ ...response, epoch: 2, preVote: false }, at(1002));
  log.appendAt(2, 1);
  core.epochStarted(10);
  core.flushed(11);
  const fetch = (fetchOffset: number, lastFetchedEpoch: number): RaftMessage => ({
    kind: 'fetchRequest',
    from: key(2),
    epoch: 2,
    fetchOffset,
    lastFetchedEpoch,
  });
  expect(told(core.receive(fetch(10, 1), at(1003)))).toEqual(['serveFetch']);
  expect(told(core.receive(fetch(11, 2), at(1004)))).toEqual(['committed 11', 'serveFetch']);
  // Beyond what epoch 1 ever had here: the follower must cut its log.
  expect(answer(core.receive(fetch(15, 1), at(1005)))).toMatchObject({ diverging: { leaderEpoch: 1, endOffset: 10 } });
});

test('a leader that nobody hears resigns', () => {
  const core = replica(1, [1, 2, 3]);
  core.start(null, at(0));
  core.tick(at(1000));
  const response = { kind: 'voteResponse', from: key(2), granted: true, leaderId: -1 } as const;
  core.receive({ ...response, epoch: 0, preVote: true }, at(1001));
  core.receive({ ...response, epoch: 1, preVote: false }, at(1002));
  expect(core.state).toBe('leader');
  expect(told(core.tick(at(1002 + 3000)))).toEqual(['leader null of 1']);
  expect(core.state).toBe('resigned');
});
