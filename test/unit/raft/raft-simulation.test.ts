// Replicas over a network that loses and delays, with crashes; a seed repeats a run. After each step: one leader per epoch,
// committed records never change, the high watermark of a running replica never falls.
import { expect, test } from 'vitest';
import { ZERO_UUID } from '../../../src/base/uuid.ts';
import type { QuorumState } from '../../../src/raft/quorum-log.ts';
import { RaftCore, type RaftEffect } from '../../../src/raft/raft-core.ts';
import type { RaftMessage } from '../../../src/raft/raft-message.ts';
import { VoterSet } from '../../../src/raft/voter-set.ts';
import { FakeQuorumLog } from './fake-quorum-log.ts';

const timeouts = { electionTimeoutMs: 100, fetchTimeoutMs: 200, electionBackoffMaxMs: 100 };

interface Replica {
  readonly id: number;
  core: RaftCore;
  log: FakeQuorumLog;
  persisted: QuorumState | null;
  running: boolean;
}

/** mulberry32: the low bits, too, are as good as chance. */
class Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  nextInt(bound: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % bound;
  }
}

class Cluster {
  readonly random: Chance;
  readonly replicas: Replica[] = [];
  readonly leaders = new Map<number, number>();
  /** The epoch of each committed record. */
  readonly committed: number[] = [];
  nowMs = 0;
  lossPercent = 0;
  #mail: { at: number; to: number; message: RaftMessage }[] = [];
  readonly #voters: VoterSet;

  constructor(seed: number, count: number) {
    this.random = new Chance(seed);
    const ids = Array.from({ length: count }, (_, index) => index + 1);
    this.#voters = new VoterSet(
      ids.map((voterId) => ({ voterId, directoryId: ZERO_UUID, endpoints: [], kraftVersions: { min: 0, max: 1 } })),
    );
    for (const id of ids) {
      const log = new FakeQuorumLog();
      this.replicas.push({ id, core: this.#newCore(id, log), log, persisted: null, running: false });
    }
    for (const replica of this.replicas) this.start(replica);
  }

  #newCore(replicaId: number, log: FakeQuorumLog): RaftCore {
    return new RaftCore({ self: { replicaId, directoryId: ZERO_UUID }, log, voters: this.#voters, timeouts });
  }

  #moment() {
    return { nowMs: this.nowMs, chance: this.random.nextInt(1000) / 1000 };
  }

  start(replica: Replica): void {
    replica.running = true;
    replica.core = this.#newCore(replica.id, replica.log);
    this.#carryOut(replica, replica.core.start(replica.persisted, this.#moment()));
  }

  get leader(): Replica | undefined {
    return this.replicas.find(({ running, core }) => running && core.state === 'leader');
  }

  /** One millisecond. */
  step(): void {
    this.nowMs++;
    const due = this.#mail.filter(({ at }) => at <= this.nowMs);
    this.#mail = this.#mail.filter(({ at }) => at > this.nowMs);
    for (const { to, message } of due) {
      const replica = this.replicas[to - 1]!;
      if (replica.running) this.#carryOut(replica, replica.core.receive(message, this.#moment()));
    }
    for (const replica of this.replicas) {
      if (replica.running) this.#carryOut(replica, replica.core.tick(this.#moment()));
    }
  }

  append(): void {
    const { leader } = this;
    if (leader === undefined) return;
    leader.log.appendAt(leader.core.epoch, 1);
    this.#carryOut(leader, leader.core.flushed(leader.log.endOffset));
  }

  #post(to: number, message: RaftMessage, delayMs = 1 + this.random.nextInt(5)): void {
    if (this.random.nextInt(100) >= this.lossPercent) this.#mail.push({ at: this.nowMs + delayMs, to, message });
  }

  #carryOut(replica: Replica, effects: readonly RaftEffect[]): void {
    const before = replica.core.highWatermark;
    for (const effect of effects) {
      switch (effect.kind) {
        case 'persistQuorumState':
          replica.persisted = effect.state;
          break;
        case 'send':
          this.#post(effect.to, effect.message);
          break;
        case 'serveFetch': {
          const { request, response } = effect;
          const epochs = replica.log.epochs.slice(request.fetchOffset);
          // The leader holds a fetch that has nothing to get, for a while.
          const delayMs = epochs.length > 0 ? 1 + this.random.nextInt(5) : 20;
          this.#post(request.from.replicaId, { ...response, records: Buffer.from(epochs) }, delayMs);
          break;
        }
        case 'becomeLeader': {
          const known = this.leaders.get(effect.leaderEpoch);
          expect(known === undefined || known === replica.id, `epoch ${effect.leaderEpoch}`).toBe(true);
          this.leaders.set(effect.leaderEpoch, replica.id);
          const epochStartOffset = replica.log.endOffset;
          replica.log.appendAt(effect.leaderEpoch, 1);
          replica.core.epochStarted(epochStartOffset);
          this.#carryOut(replica, replica.core.flushed(replica.log.endOffset));
          break;
        }
        case 'appendFetched':
          replica.log.epochs.push(...effect.records);
          this.#carryOut(replica, replica.core.flushed(replica.log.endOffset));
          break;
        case 'truncate':
          replica.log.truncateTo(effect.endOffset);
          this.#carryOut(replica, replica.core.flushed(replica.log.endOffset));
          break;
        case 'committed': {
          const { epochs } = replica.log;
          for (let offset = 0; offset < effect.highWatermark; offset++) {
            if (offset === this.committed.length) this.committed.push(epochs[offset]!);
            else if (epochs[offset] !== this.committed[offset]) throw new Error(`committed record ${offset} changed`);
          }
          break;
        }
        case 'leaderChanged':
          break;
        default:
          effect satisfies never;
      }
    }
    if (replica.core.highWatermark < before) throw new Error(`the high watermark of ${replica.id} fell`);
  }
}

test.each(Array.from({ length: 12 }, (_, index) => index + 1))(
  'seed %i: one leader, nothing committed is lost',
  (seed) => {
    const cluster = new Cluster(seed, seed % 2 === 0 ? 3 : 5);
    const { random } = cluster;
    for (let round = 0; round < 30; round++) {
      cluster.lossPercent = random.nextInt(4) === 0 ? 40 : random.nextInt(10);
      const victim = cluster.replicas[random.nextInt(cluster.replicas.length)]!;
      const kills = random.nextInt(3) === 0 && victim.running;
      if (kills) victim.running = false;
      for (let i = 0; i < 500; i++) {
        cluster.step();
        if (random.nextInt(10) === 0) cluster.append();
      }
      if (kills) cluster.start(victim);
    }
    // Left in peace, the cluster has a leader and everyone agrees with it.
    cluster.lossPercent = 0;
    for (let i = 0; i < 2000; i++) cluster.step();
    cluster.append();
    for (let i = 0; i < 500; i++) cluster.step();
    const { leader } = cluster;
    expect(leader, `seed ${seed}`).toBeDefined();
    // The run was no walk in the park.
    expect(cluster.leaders.size).toBeGreaterThan(3);
    expect(cluster.committed.length).toBeGreaterThan(50);
    expect(leader!.core.highWatermark).toBe(leader!.log.endOffset);
    expect(cluster.committed).toEqual(leader!.log.epochs);
    for (const { log } of cluster.replicas) expect(log.epochs).toEqual(leader!.log.epochs);
  },
);
