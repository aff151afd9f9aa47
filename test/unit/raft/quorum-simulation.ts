/**
 * Whole quorums with their real drivers in virtual time: requests that are late or lost, links that fail in one direction, crashes
 * that take what was not synced, disks that are replaced, voters that come and go, snapshots. A seed repeats a run.
 *
 * After each event: one leader per epoch; the high watermark of a running replica never falls; what one replica was told is
 * committed, every other is told, at the same offset.
 */
import type { Clock, Timer, TimerHandle } from '../../../src/base/clock.ts';
import { silentLogger } from '../../../src/base/logger.ts';
import type { Random } from '../../../src/base/random.ts';
import { RaftDriver } from '../../../src/raft/driver.ts';
import type { RaftBatch } from '../../../src/raft/raft-listener.ts';
import type { RaftRequest } from '../../../src/raft/raft-message.ts';
import type { Address, RaftAnswer, RaftTransport } from '../../../src/raft/raft-transport.ts';
import { buildSnapshotFile } from '../../../src/raft/snapshot-file.ts';
import { VoterSet } from '../../../src/raft/voter-set.ts';
import { MemoryDisk, MemoryQuorumLog } from './memory-quorum-log.ts';

const timeouts = { electionTimeoutMs: 100, fetchTimeoutMs: 150, electionBackoffMaxMs: 80, retryBackoffMs: 10 };
const REQUEST_TIMEOUT_MS = 80;
const kraftVersions = { min: 0, max: 1 };

export interface SimulationOptions {
  readonly seed: number;
  /** Ids count from 1. */
  readonly voters: number;
  readonly observers: number;
  /** Rules broken on purpose, to see that it is noticed. */
  readonly sabotage?: {
    readonly lyingDisk?: boolean;
    readonly boastfulCandidates?: boolean;
  };
}

/** mulberry32: the low bits, too, are as good as chance. */
export class Chance implements Random {
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

  bytes(count: number): Buffer {
    return Buffer.from(Array.from({ length: count }, () => this.nextInt(256)));
  }

  oneIn(count: number): boolean {
    return this.nextInt(count) === 0;
  }

  pick<T>(list: readonly T[]): T | undefined {
    return list[this.nextInt(Math.max(1, list.length))];
  }
}

interface TimedEvent {
  readonly at: number;
  readonly order: number;
  readonly action: () => void;
}

class VirtualTime implements Clock, Timer {
  now = 1_000_000;
  #sequence = 0;
  #events: TimedEvent[] = [];

  nowMs(): number {
    return this.now;
  }

  monotonicMs(): number {
    return this.now;
  }

  schedule(delayMs: number, action: () => void): TimerHandle {
    const event = { at: this.now + Math.max(0, Math.ceil(delayMs)), order: this.#sequence++, action };
    this.#events.push(event);
    return {
      cancel: () => {
        this.#events = this.#events.filter((other) => other !== event);
      },
    };
  }

  /** Runs the next event at or before `untilMs`; false when there is none. */
  next(untilMs: number): boolean {
    let first: TimedEvent | undefined;
    for (const event of this.#events) {
      if (first === undefined || event.at < first.at || (event.at === first.at && event.order < first.order))
        first = event;
    }
    if (first === undefined || first.at > untilMs) {
      this.now = untilMs;
      return false;
    }
    this.#events = this.#events.filter((event) => event !== first);
    this.now = Math.max(this.now, first.at);
    first.action();
    return true;
  }
}

/** Promises that are ready, and what follows from them. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

export class Replica {
  readonly id: number;
  directoryId: string;
  disk = new MemoryDisk();
  driver: RaftDriver | null = null;
  log: MemoryQuorumLog | null = null;
  /** Counts restarts, so that answers to an earlier life are lost. */
  life = 0;
  /** Leads, and has been told so. */
  leading: number | null = null;
  highestHighWatermark = 0;
  /** Of what the listener was given; and its epoch. */
  delivered = { endOffset: 0, epoch: 0 };

  constructor(id: number, directoryId: string) {
    this.id = id;
    this.directoryId = directoryId;
  }
}

export class Simulation {
  readonly chance: Chance;
  readonly time = new VirtualTime();
  readonly replicas: Replica[] = [];
  /** By epoch. */
  readonly leaders = new Map<number, number>();
  /** Text of each committed record by its offset; null: a control record. */
  readonly committed: (string | null)[] = [];
  lossPercent = 0;
  maxDelayMs = 5;
  maxSyncMs = 3;
  /** Leaders die where it hurts: with their first record on their own disk alone, or with the first word of what is committed. */
  mischief = false;
  installedSnapshots = 0;
  voterChanges = 0;
  readonly #options: SimulationOptions;
  readonly #downLinks = new Set<string>();
  /** One batch a fetch: a leader's old records come without its new ones. */
  smallFetches = false;
  readonly #toStart: Replica[] = [];
  #failure: Error | null = null;
  #nextValue = 0;

  private constructor(options: SimulationOptions) {
    this.#options = options;
    this.chance = new Chance(options.seed);
  }

  static async start(options: SimulationOptions): Promise<Simulation> {
    const simulation = new Simulation(options);
    const count = options.voters + options.observers;
    for (let id = 1; id <= count; id++) simulation.replicas.push(new Replica(id, simulation.#newDirectoryId()));
    const voters = new VoterSet(
      simulation.replicas.slice(0, options.voters).map(({ id, directoryId }) => ({
        voterId: id,
        directoryId,
        endpoints: [endpointOf(id)],
        kraftVersions,
      })),
    );
    for (const replica of simulation.replicas) {
      simulation.#format(replica, replica.id <= options.voters ? voters : null);
      await simulation.start(replica);
    }
    return simulation;
  }

  #newDirectoryId(): string {
    return this.chance.bytes(16).toString('base64url');
  }

  #format(replica: Replica, voters: VoterSet | null): void {
    replica.disk = new MemoryDisk();
    if (voters === null) return;
    const id = { endOffset: 0, epoch: 0 };
    const data = buildSnapshotFile({
      epoch: 0,
      nowMs: 1,
      lastContainedLogTimestampMs: 0,
      quorum: { kraftVersion: 1, voters },
      records: [],
    });
    replica.disk.snapshots.set('0-0', { id, data });
  }

  // ---- what can happen

  async start(replica: Replica): Promise<void> {
    replica.life++;
    replica.highestHighWatermark = 0;
    replica.leading = null;
    const { life } = replica;
    const log = new MemoryQuorumLog({
      disk: replica.disk,
      timer: this.time,
      syncDelayMs: () => this.chance.nextInt(this.maxSyncMs + 1),
      lies: this.#options.sabotage?.lyingDisk === true,
    });
    replica.log = log;
    const isCurrent = () => replica.life === life;
    replica.driver = await RaftDriver.open({
      self: { replicaId: replica.id, directoryId: replica.directoryId },
      staticVoters: null,
      endpoints: [endpointOf(replica.id)],
      listenerName: 'CONTROLLER',
      bootstrapServers: this.replicas.map(({ id }) => addressOf(id)),
      autoJoin: false,
      requestTimeoutMs: REQUEST_TIMEOUT_MS,
      log,
      stateStore: replica.disk,
      timeouts,
      transport: this.#transportOf(replica, life),
      listener: {
        handleSnapshot: async (snapshot) => {
          if (!isCurrent()) return;
          const texts = snapshot.records.map(String);
          const expected = this.committed.slice(0, snapshot.id.endOffset).filter((text) => text !== null);
          this.#require(
            JSON.stringify(texts) === JSON.stringify(expected),
            `snapshot ${snapshot.id.endOffset} differs`,
          );
          if (replica.delivered.endOffset > 0) this.installedSnapshots++;
          replica.delivered = { endOffset: snapshot.id.endOffset, epoch: snapshot.id.epoch };
        },
        handleCommit: async (committed) => {
          if (isCurrent()) for (const batch of committed) this.#committed(replica, batch);
        },
        handleLeadership: async (leaderEpoch) => {
          if (isCurrent()) replica.leading = leaderEpoch;
        },
        handleLeadershipLost: () => {
          if (isCurrent()) replica.leading = null;
        },
        handleLeaderChange: () => {},
      },
      clock: this.time,
      timer: { schedule: (delayMs, action) => this.time.schedule(delayMs, () => isCurrent() && action()) },
      random: this.chance,
      logger: silentLogger,
      onFatal: (error) => {
        if (isCurrent()) this.#failure ??= error;
      },
    });
    replica.driver.start();
    await settled();
  }

  crash(replica: Replica): void {
    if (replica.driver === null) return;
    replica.life++;
    replica.log?.close();
    replica.driver = null;
    replica.leading = null;
    replica.delivered = { endOffset: 0, epoch: 0 };
    replica.disk.crash(this.chance.nextInt(3));
  }

  /** A new disk: another replica with the same id. Not where the voters are already one short. */
  replaceDisk(replica: Replica): void {
    const { leader } = this;
    const voters = leader?.driver?.voters.voters ?? [];
    const areWhole = voters.every(
      ({ voterId, directoryId }) => this.replicas[voterId - 1]!.directoryId === directoryId,
    );
    if (voters.length < 3 || !areWhole) return;
    this.crash(replica);
    replica.directoryId = this.#newDirectoryId();
    this.#format(replica, null);
  }

  /** In one direction. */
  cut(from: Replica, to: Replica): void {
    this.#downLinks.add(`${from.id}>${to.id}`);
  }

  heal(): void {
    this.#downLinks.clear();
    this.lossPercent = 0;
  }

  append(): void {
    for (const { driver, leading } of this.replicas) {
      if (driver === null || leading === null) continue;
      const appended = driver.append([Buffer.from(`value ${this.#nextValue++}`)], leading);
      appended.committed.catch(() => {});
    }
  }

  snapshot(replica: Replica): void {
    const { driver, delivered } = replica;
    if (driver === null || delivered.endOffset === 0 || delivered.endOffset > driver.highWatermark) return;
    const records = this.committed
      .slice(0, delivered.endOffset)
      .flatMap((text) => (text === null ? [] : [Buffer.from(text)]));
    driver.writeSnapshot({ id: delivered, lastContainedLogTimestampMs: this.time.now, records });
    driver.clean({ maxBytes: 0, maxMs: -1 });
  }

  async changeVoters(): Promise<void> {
    const { leader } = this;
    if (leader?.driver == null) return;
    const { driver } = leader;
    const { voters } = driver.voters;
    const gone = voters.find(({ voterId, directoryId }) => this.replicas[voterId - 1]!.directoryId !== directoryId);
    const newcomer = this.chance.pick(this.replicas.filter(({ id }) => driver.voters.voter(id) === undefined));
    const removed = gone ?? (voters.length > 3 ? this.chance.pick(voters) : undefined);
    const result =
      newcomer !== undefined && (voters.length < this.#options.voters || removed === undefined)
        ? await driver.voterChanges.add(
            {
              voterId: newcomer.id,
              directoryId: newcomer.directoryId,
              endpoints: [endpointOf(newcomer.id)],
              kraftVersions,
            },
            { timeoutMs: 500, ackWhenCommitted: true },
          )
        : removed === undefined
          ? null
          : await driver.voterChanges.remove({ replicaId: removed.voterId, directoryId: removed.directoryId });
    if (result?.error === 'NONE') this.voterChanges++;
  }

  /** Until `found` gives something, which it is asked after each event. */
  async until<T>(found: () => T | undefined, ms = 5000): Promise<T> {
    let result = found();
    await this.run(ms, () => {
      result ??= found();
      return result !== undefined;
    });
    if (result === undefined) throw new Error('it did not come to pass');
    return result;
  }

  get leader(): Replica | undefined {
    return this.replicas.find(({ leading }) => leading !== null);
  }

  /** Throws at the first broken invariant. `enough` ends it early. */
  async run(ms: number, enough: () => boolean = () => false): Promise<void> {
    const untilMs = this.time.now + ms;
    while (!enough() && this.time.next(untilMs)) {
      await settled();
      this.#check();
      for (const replica of this.#toStart.splice(0)) if (replica.driver === null) await this.start(replica);
    }
  }

  #crashAndStart(replica: Replica): void {
    this.crash(replica);
    this.time.schedule(this.chance.nextInt(150), () => this.#toStart.push(replica));
  }

  // ---- the network

  #transportOf(from: Replica, life: number): RaftTransport {
    return {
      ask: (address, request) => this.#ask(from, life, address, request),
      kraftVersions: (address) =>
        this.#over(from, life, address, async (to) => {
          if (to.driver === null) throw new Error('down');
          return kraftVersions;
        }),
      updateVoter: () => Promise.resolve(),
      addVoter: () => Promise.resolve(),
      removeVoter: () => Promise.resolve(),
      close: () => {},
    };
  }

  #ask(from: Replica, life: number, address: Address, request: RaftRequest): Promise<RaftAnswer> {
    const limits = { maxWaitMs: 30, maxBytes: this.smallFetches || this.chance.oneIn(2) ? 1 : 1000 };
    const sent =
      request.kind === 'vote' && this.#options.sabotage?.boastfulCandidates === true
        ? { ...request, lastEpoch: 1_000_000 }
        : request;
    return this.#over(from, life, address, (to) => to.driver!.handle(sent, limits));
  }

  #over<T>(from: Replica, life: number, address: Address, act: (to: Replica) => Promise<T>): Promise<T> {
    const to = this.replicas[address.port - 1]!;
    return new Promise((resolve, reject) => {
      const timeout = this.time.schedule(REQUEST_TIMEOUT_MS, () => reject(new Error('no answer')));
      this.#carry(from, to, () => {
        const { life: theirLife } = to;
        if (to.driver === null) return;
        act(to).then(
          (answer) => {
            if (to.life !== theirLife) return;
            this.#carry(to, from, () => {
              timeout.cancel();
              if (from.life === life) resolve(answer);
            });
          },
          () => {},
        );
      });
    });
  }

  #carry(from: Replica, to: Replica, arrive: () => void): void {
    if (this.chance.nextInt(100) < this.lossPercent) return;
    this.time.schedule(1 + this.chance.nextInt(this.maxDelayMs), () => {
      if (!this.#downLinks.has(`${from.id}>${to.id}`)) arrive();
    });
  }

  // ---- invariants

  #committed(replica: Replica, batch: RaftBatch): void {
    let offset = batch.baseOffset;
    for (let index = 0; offset <= batch.lastOffset; index++, offset++) {
      const text = batch.records[index]?.toString() ?? null;
      if (offset === this.committed.length) this.committed.push(text);
      else if (this.committed[offset] !== text) {
        this.#require(false, `record ${offset} is ${text} at ${replica.id}, was ${this.committed[offset]}`);
      }
    }
    replica.delivered = { endOffset: batch.lastOffset + 1, epoch: batch.leaderEpoch };
  }

  #check(): void {
    for (const replica of this.replicas) {
      const { driver } = replica;
      if (driver === null) continue;
      if (driver.state === 'leader') {
        const known = this.leaders.get(driver.leaderEpoch);
        this.#require(known === undefined || known === replica.id, `two leaders in epoch ${driver.leaderEpoch}`);
        this.leaders.set(driver.leaderEpoch, replica.id);
        const isNew = known === undefined;
        const { life } = replica;
        if (this.mischief && isNew && this.chance.oneIn(2)) {
          this.time.schedule(this.maxSyncMs + 1, () => replica.life === life && this.#crashAndStart(replica));
        }
      }
      this.#require(driver.highWatermark >= replica.highestHighWatermark, `the high watermark of ${replica.id} fell`);
      const isNews = driver.state === 'leader' && driver.highWatermark > replica.highestHighWatermark;
      replica.highestHighWatermark = driver.highWatermark;
      if (this.mischief && isNews && this.chance.oneIn(3)) this.#crashAndStart(replica);
    }
    if (this.#failure !== null) throw this.#failure;
  }

  #require(condition: boolean, message: string): void {
    if (!condition) this.#failure ??= new Error(message);
  }
}

function addressOf(id: number): Address {
  return { host: 'replica', port: id };
}

function endpointOf(id: number) {
  return { name: 'CONTROLLER', ...addressOf(id) };
}
