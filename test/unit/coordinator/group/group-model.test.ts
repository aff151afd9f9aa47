// Random consumers in one group, seeded: of the classic protocol, of KIP-848, or of both, so that the group changes its protocol under
// them in both directions; dynamic members and static ones that restart, also under the other protocol. They leave, vanish, are thrown
// out while they live; topics grow; the coordinator dies and another one loads what was written.
// After each step no partition has two owners in one epoch; when all are left in peace, everything is owned exactly once.
import { expect, test } from 'vitest';
import type { JoinGroupResult } from '../../../../src/coordinator/group/group-coordinator.ts';
import type { GroupRecord } from '../../../../src/coordinator/group/group-records.ts';
import { ConsumerGroupFixture, idOf, imageOf, type TestTopic } from './consumer-group-fixture.ts';
import { readAssignment, readSubscription, writeAssignment, writeSubscription } from './embedded-clients.ts';

const STEPS = 250;
const SEEDS = 12;
const CLIENTS_MAX = 6;

function randomOf(seed: number): (below: number) => number {
  let state = seed * 2_654_435_761 + 17;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** A coordinator that keeps what it wrote for the one after it. */
class Coordinator extends ConsumerGroupFixture {
  readonly log: GroupRecord[] = [];
  /** The youngest generation of the group while it is classic. */
  generationId = 0;

  override replay(record: GroupRecord, producerId = -1): void {
    this.log.push(record);
    if (record.kind === 'groupMetadata' && record.value !== null) this.generationId = record.value.generation;
    super.replay(record, producerId);
  }

  /** Timers that stand, by key. */
  timers(): string[] {
    const keys = new Set<string>();
    for (const effect of this.effects) {
      if (effect.kind === 'schedule') keys.add(effect.key);
      if (effect.kind === 'cancel') keys.delete(effect.key);
    }
    return [...keys];
  }

  get protocol(): 'classic' | 'consumer' {
    return this.describeConsumer().error === 'NONE' ? 'consumer' : 'classic';
  }

  /** Each member's epoch; of a classic group, its generation. A client with another one owns nothing, whatever it believes. */
  epochs(): Map<string, number> {
    if (this.protocol === 'consumer') {
      return new Map(this.describeConsumer().members.map(({ memberId, memberEpoch }) => [memberId, memberEpoch]));
    }
    return new Map(this.describe().members.map(({ memberId }) => [memberId, this.generationId]));
  }
}

type Phase = 'out' | 'joining' | 'syncing' | 'in';

abstract class Client {
  readonly model: Model;
  readonly instanceId: string | null;
  memberId = '';
  epoch = 0;
  topics: string[];
  phase: Phase = 'out';
  /** topic → partitions */
  owned = new Map<string, readonly number[]>();

  constructor(model: Model, instanceId: string | null) {
    this.model = model;
    this.instanceId = instanceId;
    this.topics = model.subscription();
  }

  /** One turn of its poll loop. */
  abstract poll(): void;
  abstract want(): void;
  abstract leave(): void;
  /** Goes away without a word, or with the one that a static member says. */
  abstract stop(): void;

  lose(): void {
    this.owned = new Map();
    this.phase = 'out';
  }
}

class ClassicClient extends Client {
  #requestId = 0;

  poll(): void {
    switch (this.phase) {
      case 'out':
        this.#join();
        return;
      case 'joining': {
        const result = this.model.f.joined(this.#requestId);
        if (result !== undefined) this.#joined(result);
        return;
      }
      case 'syncing': {
        const result = this.model.f.synced(this.#requestId);
        if (result === undefined) return;
        if (result.error !== 'NONE') {
          this.#failed(result.error);
          return;
        }
        this.owned = new Map(readAssignment(result.assignment).map(({ topic, partitions }) => [topic, partitions]));
        this.phase = 'in';
        return;
      }
      case 'in': {
        const error = this.model.f.heartbeat(this.memberId, this.epoch, this.instanceId);
        if (error !== 'NONE') this.#failed(error as string);
      }
    }
  }

  want(): void {
    this.topics = this.model.subscription();
    if (this.phase === 'in') this.#join();
  }

  leave(): void {
    this.model.f.leave({ memberId: this.memberId, groupInstanceId: this.instanceId });
  }

  stop(): void {}

  /** Gives up everything first, as an eager consumer does. */
  #join(): void {
    this.lose();
    this.#requestId = this.model.f.join({
      memberId: this.memberId,
      groupInstanceId: this.instanceId,
      protocols: writeSubscription(this.topics, []),
    });
    this.phase = 'joining';
  }

  #joined(result: JoinGroupResult): void {
    if (result.error !== 'NONE') {
      this.#failed(result.error);
      return;
    }
    this.memberId = result.memberId;
    this.epoch = result.generationId;
    this.model.f.generationId = result.generationId;
    const leads = result.leader === result.memberId && result.memberId !== '' && !result.skipAssignment;
    this.#requestId = this.model.f.sync({
      memberId: this.memberId,
      groupInstanceId: this.instanceId,
      generationId: this.epoch,
      assignments: leads ? this.model.assign(result.members) : [],
    });
    this.phase = 'syncing';
  }

  #failed(error: string): void {
    expect(['REBALANCE_IN_PROGRESS', 'ILLEGAL_GENERATION', 'UNKNOWN_MEMBER_ID', 'FENCED_INSTANCE_ID']).toContain(error);
    this.lose();
    if (error === 'UNKNOWN_MEMBER_ID' || error === 'FENCED_INSTANCE_ID') this.memberId = '';
  }
}

class NewClient extends Client {
  override memberId = this.model.newId();

  poll(): void {
    if (this.phase === 'out') {
      this.#beat({
        memberEpoch: 0,
        rebalanceTimeoutMs: 60_000,
        subscribedTopicNames: this.topics,
        topicPartitions: [],
      });
      return;
    }
    const says = this.model.random(3) > 0;
    const topicPartitions = [...this.owned].map(([topic, partitions]) => ({ topicId: idOf(topic), partitions }));
    this.#beat({ memberEpoch: this.epoch, topicPartitions: says ? topicPartitions : null });
  }

  want(): void {
    this.topics = this.model.subscription();
    if (this.phase === 'in') this.#beat({ memberEpoch: this.epoch, subscribedTopicNames: this.topics });
  }

  leave(): void {
    this.model.f.beat({ memberId: this.memberId, instanceId: this.instanceId, memberEpoch: -1 });
  }

  stop(): void {
    if (this.instanceId === null) return;
    this.model.f.beat({ memberId: this.memberId, instanceId: this.instanceId, memberEpoch: -2 });
  }

  #beat(input: Parameters<ConsumerGroupFixture['joins']>[2] & { readonly memberEpoch: number }): void {
    const answer = this.model.f.beat({ ...input, memberId: this.memberId, instanceId: this.instanceId });
    if (answer.error !== 'NONE') {
      expect(['UNKNOWN_MEMBER_ID', 'FENCED_MEMBER_EPOCH', 'UNRELEASED_INSTANCE_ID', 'GROUP_ID_NOT_FOUND']).toContain(
        answer.error,
      );
      this.lose();
      return;
    }
    this.epoch = answer.memberEpoch;
    this.phase = 'in';
    if (answer.assignment === null) return;
    const names = new Map(this.model.topics.map(({ name }) => [idOf(name), name]));
    this.owned = new Map(answer.assignment.map(({ topicId, partitions }) => [names.get(topicId)!, partitions]));
  }
}

type Kinds = 'classic' | 'consumer' | 'both';

class Model {
  readonly random: (below: number) => number;
  readonly kinds: Kinds;
  readonly topics: TestTopic[] = [
    { name: 'x', partitionCount: 4 },
    { name: 'y', partitionCount: 3 },
  ];
  f: Coordinator;
  readonly clients: Client[] = [];
  /** Instance ids of static members that went away. */
  readonly away: string[] = [];
  readonly protocolsSeen = new Set<string>();
  #nextId = 0;

  constructor(seed: number, kinds: Kinds) {
    this.random = randomOf(seed);
    this.kinds = kinds;
    this.f = new Coordinator(imageOf(...this.topics));
  }

  newId(): string {
    return `n${this.#nextId++}`;
  }

  subscription(): string[] {
    const wanted = this.topics.map(({ name }) => name).filter(() => this.random(3) > 0);
    return wanted.length === 0 ? ['x'] : wanted;
  }

  /** What a leader does: the partitions of each topic in turn to those who want it. */
  assign(members: JoinGroupResult['members']): { memberId: string; assignment: Buffer }[] {
    const owned = new Map(members.map(({ memberId }) => [memberId, [] as { topic: string; partitions: number[] }[]]));
    for (const { name, partitionCount } of this.topics) {
      const wanting = members.filter(({ metadata }) => readSubscription(metadata).includes(name));
      wanting.forEach(({ memberId }, index) => {
        const partitions = Array.from({ length: partitionCount }, (_, i) => i).filter(
          (i) => i % wanting.length === index,
        );
        owned.get(memberId)!.push({ topic: name, partitions });
      });
    }
    return [...owned].map(([memberId, partitions]) => ({ memberId, assignment: writeAssignment(partitions) }));
  }

  step(): void {
    const client = this.clients[this.random(this.clients.length)];
    const what = this.random(40);
    if (client === undefined || (what < 5 && this.clients.length < CLIENTS_MAX)) this.start();
    else if (what < 27) client.poll();
    else if (what < 29) client.want();
    else if (what < 31) this.end(client);
    else if (what < 32) this.throwOut(client);
    else if (what < 33) this.grow();
    else if (what < 34) this.failOver();
    else this.passTime();
    this.check();
  }

  start(): void {
    const back = this.random(2) === 0 ? this.away.pop() : undefined;
    const instanceId = back ?? (this.random(3) === 0 ? `i${this.#nextId++}` : null);
    const isNew = this.kinds === 'both' ? this.random(2) === 0 : this.kinds === 'consumer';
    const client = isNew ? new NewClient(this, instanceId) : new ClassicClient(this, instanceId);
    this.clients.push(client);
    client.poll();
  }

  end(client: Client): void {
    this.clients.splice(this.clients.indexOf(client), 1);
    if (client.phase === 'in' && this.random(2) === 0) client.leave();
    else {
      client.stop();
      if (client.instanceId !== null) this.away.push(client.instanceId);
    }
  }

  /** Its session ends though it lives: it learns so with its next request. */
  throwOut(client: Client): void {
    const key = this.f.timers().find((each) => each.includes('session') && each.endsWith(` ${client.memberId}`));
    if (client.memberId !== '' && key !== undefined) this.f.fire(key);
  }

  grow(): void {
    const index = this.random(this.topics.length);
    const topic = this.topics[index]!;
    if (topic.partitionCount < 8) this.topics[index] = { ...topic, partitionCount: topic.partitionCount + 1 };
    this.f.image = imageOf(...this.topics);
    this.f.handle({ kind: 'topicsChanged', names: [topic.name], createdAtVersion: null });
  }

  /** The log is all that is left; requests that waited have failed. */
  failOver(): void {
    const next = new Coordinator(imageOf(...this.topics));
    next.load(...this.f.log);
    next.nowMs = this.f.nowMs;
    // No member id is given out twice.
    next.lastRequestId = this.f.lastRequestId;
    this.f = next;
    for (const client of this.clients) if (client.phase === 'joining' || client.phase === 'syncing') client.lose();
  }

  /** Somebody that nobody waits for is given up on, or a phase of a rebalance ends. */
  passTime(): void {
    const alive = this.clients.map(({ memberId }) => memberId).filter((id) => id !== '');
    const keys = this.f
      .timers()
      .filter((key) => !alive.some((id) => key.endsWith(` ${id}`)) && !key.includes('expire'));
    const key = keys[this.random(keys.length)];
    if (key !== undefined) this.f.fire(key);
  }

  check(): void {
    this.protocolsSeen.add(this.f.protocol);
    const epochs = this.f.epochs();
    const owners = new Map<string, string>();
    for (const client of this.clients) {
      if (epochs.get(client.memberId) !== client.epoch) continue;
      for (const [topic, partitions] of client.owned) {
        for (const partition of partitions) {
          const key = `${topic}-${partition}`;
          const other = owners.get(key);
          if (other !== undefined) throw new Error(`${key} belongs to ${other} and to ${client.memberId}`);
          owners.set(key, client.memberId);
        }
      }
    }
  }

  settle(): void {
    for (let still = 0, before = '', round = 0; still < 10 && round < 500; round++) {
      for (const client of this.clients) client.poll();
      this.check();
      const now = this.clients
        .map(({ phase, epoch, owned }) => `${phase} ${epoch} ${JSON.stringify([...owned])}`)
        .join();
      still = now === before ? still + 1 : 0;
      before = now;
      // Whoever is away is given up on; then only what everybody waits for.
      if (round % 2 === 0 && (round < 100 || still > 3)) this.passTime();
    }
    for (const { name, partitionCount } of this.topics) {
      const wanted = this.clients.some(({ topics }) => topics.includes(name));
      const owned = this.clients.flatMap((client) => client.owned.get(name) ?? []);
      const all = Array.from({ length: partitionCount }, (_, i) => i);
      expect(owned.sort((a, b) => a - b)).toEqual(wanted ? all : []);
    }
    expect(this.clients.map(({ phase }) => phase)).toEqual(this.clients.map(() => 'in'));
  }
}

/** Which protocols the groups of each kind of members had. */
const changes = new Set<string>();
const seeds = Array.from({ length: SEEDS }, (_, seed) => seed);

for (const kinds of ['classic', 'consumer', 'both'] as const) {
  test.each(seeds)(`no partition has two owners, members: ${kinds}, seed %i`, (seed) => {
    const model = new Model(seed, kinds);
    for (let i = 0; i < STEPS; i++) model.step();
    model.settle();
    for (const protocol of model.protocolsSeen) changes.add(`${kinds}: ${protocol}`);
  });
}

test('groups of both kinds of members have changed their protocol', () => {
  expect(changes).toContain('both: classic');
  expect(changes).toContain('both: consumer');
});
