import { afterEach, describe, expect, test, vi } from 'vitest';
import { RaftCore } from '../../../src/raft/raft-core.ts';
import { VoterSet } from '../../../src/raft/voter-set.ts';
import { type Replica, Simulation, type SimulationOptions } from './quorum-simulation.ts';

/** Some crash at once, in the middle of whatever they do, and are back soon. */
async function storm(simulation: Simulation): Promise<void> {
  const { chance, replicas } = simulation;
  simulation.maxSyncMs = 40;
  await simulation.run(chance.nextInt(120));
  simulation.append();
  await simulation.run(chance.nextInt(25));
  const victims = replicas.filter(() => chance.oneIn(2));
  for (const victim of victims) simulation.crash(victim);
  await simulation.run(chance.nextInt(10));
  for (const victim of victims) await simulation.start(victim);
}

/** A time full of trouble, then peace. */
async function run(options: SimulationOptions, rounds = 25): Promise<Simulation> {
  const simulation = await Simulation.start(options);
  const { chance, replicas } = simulation;
  for (let round = 0; round < rounds; round++) {
    simulation.heal();
    simulation.lossPercent = chance.oneIn(3) ? 20 : chance.nextInt(4);
    simulation.maxDelayMs = chance.oneIn(4) ? 40 : 5;
    simulation.maxSyncMs = chance.oneIn(4) ? 30 : 2;
    if (chance.oneIn(2)) {
      // A part of the replicas hears the others, or is heard, or neither.
      const [hears, isHeard] = [chance.oneIn(2), chance.oneIn(3)];
      const part = replicas.filter(() => chance.oneIn(2));
      for (const inside of part) {
        for (const outside of replicas.filter((replica) => !part.includes(replica))) {
          if (!hears) simulation.cut(outside, inside);
          if (!isHeard) simulation.cut(inside, outside);
        }
      }
    }
    // Power comes and goes.
    const isStorm = chance.oneIn(4);
    simulation.mischief = chance.oneIn(3);
    for (let i = 0; i < 20; i++) {
      if (isStorm) await storm(simulation);
      await simulation.run(5 + chance.nextInt(30));
      for (let count = chance.nextInt(4); count > 0; count--) simulation.append();
      const victim = chance.pick(replicas)!;
      if (victim.driver === null) await simulation.start(victim);
      else if (chance.oneIn(6)) simulation.crash(victim);
      else if (chance.oneIn(8)) simulation.snapshot(victim);
      if (chance.oneIn(15)) void simulation.changeVoters();
    }
    if (options.observers > 0 && chance.oneIn(4)) simulation.replaceDisk(chance.pick(replicas)!);
  }
  simulation.heal();
  simulation.mischief = false;
  simulation.maxDelayMs = 3;
  simulation.maxSyncMs = 2;
  for (const replica of replicas) if (replica.driver === null) await simulation.start(replica);
  await simulation.run(3000);
  simulation.append();
  await simulation.run(500);
  return simulation;
}

/**
 * Figure 8 of the Raft paper: records of an old epoch reach a majority under a newer leader, who dies before its own do. A
 * replica with a later epoch of its own may still take over, so they are not committed.
 */
async function oldRecordsUnderNewLeader(seed: number): Promise<void> {
  const simulation = await Simulation.start({ seed, voters: 5, observers: 0 });
  const { replicas } = simulation;
  simulation.smallFetches = true;
  const first = await simulation.until(() => simulation.leader);
  await simulation.until(() => (first.driver!.highWatermark === first.driver!.endOffset ? true : undefined));
  await simulation.run(40);
  const friend = replicas.find((replica) => replica !== first)!;
  const others = replicas.filter((replica) => replica !== first && replica !== friend);
  const isolate = (inside: readonly Replica[]) => {
    for (const replica of inside) {
      for (const outside of replicas.filter((other) => !inside.includes(other))) {
        simulation.cut(replica, outside);
        simulation.cut(outside, replica);
      }
    }
  };
  isolate([first, friend]);
  simulation.append();
  const oldEndOffset = first.disk.endOffset;
  await simulation.until(() => (friend.disk.syncedEndOffset === oldEndOffset ? true : undefined));
  simulation.crash(first);
  simulation.crash(friend);
  simulation.heal();
  const second = await simulation.until(() => others.find(({ driver }) => driver?.state === 'leader'));
  isolate([second]);
  await simulation.run(simulation.maxSyncMs + 1);
  simulation.crash(second);
  simulation.heal();
  await simulation.start(first);
  await simulation.start(friend);
  const third = await simulation.until(() => [first, friend].find(({ driver }) => driver?.state === 'leader'));
  await simulation.until(() => (third.driver!.highWatermark >= oldEndOffset ? true : undefined));
  // Whoever has something of the third leader's epoch dies with it. With the rule kept that is a majority.
  const { leaderEpoch } = third.driver!;
  const knowing = replicas.filter(({ disk }) => disk.batches.some((batch) => batch.leaderEpoch === leaderEpoch));
  isolate(knowing);
  for (const replica of knowing) simulation.crash(replica);
  for (const replica of replicas)
    if (replica.driver === null && !knowing.includes(replica)) await simulation.start(replica);
  await simulation.run(1000);
  simulation.heal();
  for (const replica of replicas) if (replica.driver === null) await simulation.start(replica);
  await simulation.run(1000);
  simulation.append();
  await simulation.run(200);
}

test.each([1, 2, 3, 4, 5])('records of an old epoch under a newer leader, seed %i', oldRecordsUnderNewLeader);

afterEach(() => vi.restoreAllMocks());

// 140 and 148: followers were sent to a snapshot that they had, or cut their log below what is committed, where an older snapshot was left.
test.each([...Array.from({ length: 10 }, (_, index) => index + 1), 140, 148])(
  'seed %i: one leader an epoch, what is committed stays, and peace brings agreement',
  async (seed) => {
    const simulation = await run({ seed, voters: seed % 2 === 0 ? 3 : 5, observers: seed % 3 });
    const running = simulation.replicas.map(({ driver }) => driver!);
    const leaders = running.filter(({ state }) => state === 'leader');
    expect(leaders).toHaveLength(1);
    const [leader] = leaders;
    expect(leader!.highWatermark).toBe(leader!.endOffset);
    expect(running.map(({ leaderId, highWatermark }) => [leaderId, highWatermark])).toEqual(
      running.map(() => [leader!.leaderId, leader!.highWatermark]),
    );
    // The run was no walk in the park.
    expect(simulation.leaders.size).toBeGreaterThan(3);
    expect(simulation.committed.length).toBeGreaterThan(50);
  },
);

describe('a broken rule is noticed:', () => {
  async function firstFailure(options: Omit<SimulationOptions, 'seed'>, seeds = 40): Promise<string | null> {
    for (let seed = 1; seed <= seeds; seed++) {
      try {
        await run({ ...options, seed });
      } catch (error) {
        return String(error);
      }
    }
    return null;
  }

  test('a leader that commits records of earlier epochs by counting (Raft 5.4.2)', async () => {
    const { epochStarted } = RaftCore.prototype;
    vi.spyOn(RaftCore.prototype, 'epochStarted').mockImplementation(function (this: RaftCore) {
      epochStarted.call(this, -1);
    });
    const outcomes = await Promise.allSettled([1, 2, 3, 4, 5].map(oldRecordsUnderNewLeader));
    const noticed = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [String(outcome.reason)] : []));
    expect(noticed.join('\n')).toMatch(/record 3 is null at \d, was value 0/);
  });

  test('a majority that is none', async () => {
    vi.spyOn(VoterSet.prototype, 'majority', 'get').mockImplementation(function (this: VoterSet) {
      return Math.floor(this.voters.length / 2);
    });
    expect(await firstFailure({ voters: 5, observers: 0 })).not.toBeNull();
  });

  // Not here: a vote that is forgotten. A pre-vote tells a candidate the epoch that the voter remembers, so that two candidates who ask
  // one voter in one epoch are too rare for a few hundred seeds; raft-core.test.ts has the rule itself.
  test.each([
    ['a disk that says it has synced before it has', { lyingDisk: true }],
    ['votes for who lacks committed records', { boastfulCandidates: true }],
  ])('%s', async (_name, sabotage) => {
    expect(await firstFailure({ voters: 5, observers: 0, sabotage })).not.toBeNull();
  });
});
