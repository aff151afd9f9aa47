// Random members of a KIP-848 group, seeded: they join, beat, revoke or not, change what they want, leave, vanish; topics come and grow.
// After each step no partition has two owners; when all are left in peace, everything is owned exactly once.
import { expect, test } from 'vitest';
import { ConsumerGroupFixture, idOf, imageOf, type TestTopic } from './consumer-group-fixture.ts';
import { readAssignment, writeSubscription } from './embedded-clients.ts';

/** Keeps the group from going back to the classic protocol; group-migration.test.ts has that. */
const KEEPER = 'm0';
const STEPS = 200;
const SEEDS = 10;

function randomOf(seed: number): (below: number) => number {
  let state = seed * 2_654_435_761 + 1;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** What a client knows: its epoch and what it took up. */
interface Client {
  readonly classic: boolean;
  epoch: number;
  topics: string[];
  /** topic id → partitions */
  owned: Map<string, number[]>;
}

class Model {
  readonly random: (below: number) => number;
  readonly topics: TestTopic[] = [
    { name: 'x', partitionCount: 5 },
    { name: 'y', partitionCount: 3 },
  ];
  readonly f: ConsumerGroupFixture;
  readonly clients = new Map<string, Client>();
  #nextId = 0;
  readonly withClassicMembers: boolean;

  constructor(seed: number, withClassicMembers: boolean) {
    this.withClassicMembers = withClassicMembers;
    this.random = randomOf(seed);
    this.f = new ConsumerGroupFixture(imageOf(...this.topics), {
      assignors: seed % 2 === 0 ? ['uniform', 'range'] : ['range', 'uniform'],
    });
  }

  step(): void {
    const ids = [...this.clients.keys()];
    const id = ids[this.random(ids.length)];
    const what = this.random(20);
    if (id === undefined) this.join(`m${this.#nextId++}`);
    else if (what < 3 && ids.length < 6) {
      if (this.withClassicMembers && this.random(2) === 0) this.joinClassic();
      else this.join(`m${this.#nextId++}`);
    } else if (what < 12) this.beat(id, this.random(3) > 0);
    else if (what < 14) this.want(id);
    else if (what < 15) {
      if (!this.withClassicMembers || id !== KEEPER) this.leave(id);
    } else if (what < 16) {
      if (!this.withClassicMembers || id !== KEEPER) this.vanish(id);
    } else if (what < 17) this.grow();
    else this.f.nowMs += 100;
    this.check();
  }

  subscription(): string[] {
    return this.topics.map(({ name }) => name).filter(() => this.random(3) > 0);
  }

  join(id: string): void {
    const topics = this.subscription();
    const answer = this.f.joins(id, topics);
    expect(answer.error).toBe('NONE');
    const client = { classic: false, epoch: answer.memberEpoch, topics, owned: new Map<string, number[]>() };
    this.clients.set(id, client);
    this.take(client, answer);
  }

  joinClassic(): void {
    const topics = this.subscription();
    const { error, memberId, generationId } = this.f.joined(this.f.join({ protocols: writeSubscription(topics, []) }))!;
    expect(error).toBe('NONE');
    this.clients.set(memberId, { classic: true, epoch: generationId, topics, owned: new Map() });
    this.syncClassic(memberId);
  }

  joinClassicAgain(memberId: string): void {
    const client = this.clients.get(memberId)!;
    const owned = this.topics.map(({ name }) => ({ topic: name, partitions: client.owned.get(idOf(name)) ?? [] }));
    const request = this.f.join({ memberId, protocols: writeSubscription(client.topics, owned) });
    const { error, generationId } = this.f.joined(request)!;
    expect(error).toBe('NONE');
    client.epoch = generationId;
    this.syncClassic(memberId);
  }

  syncClassic(memberId: string): void {
    const client = this.clients.get(memberId)!;
    const { error, assignment } = this.f.synced(this.f.sync({ memberId, generationId: client.epoch }))!;
    expect(error).toBe('NONE');
    const topics = readAssignment(assignment);
    client.owned = new Map(topics.map(({ topic, partitions }) => [idOf(topic), [...partitions]]));
  }

  beat(id: string, says: boolean): void {
    const client = this.clients.get(id)!;
    if (client.classic) {
      const error = this.f.heartbeat(id, client.epoch);
      if (error === 'REBALANCE_IN_PROGRESS') this.joinClassicAgain(id);
      else expect(error).toBe('NONE');
      return;
    }
    const topicPartitions = [...client.owned].map(([topicId, partitions]) => ({ topicId, partitions }));
    const answer = this.f.beat({
      memberId: id,
      memberEpoch: client.epoch,
      topicPartitions: says ? topicPartitions : null,
    });
    expect(answer.error).toBe('NONE');
    this.take(client, answer);
  }

  want(id: string): void {
    const client = this.clients.get(id)!;
    client.topics = this.subscription();
    if (client.classic) {
      this.joinClassicAgain(id);
      return;
    }
    const answer = this.f.beat({ memberId: id, memberEpoch: client.epoch, subscribedTopicNames: client.topics });
    expect(answer.error).toBe('NONE');
    this.take(client, answer);
  }

  leave(id: string): void {
    if (this.clients.get(id)!.classic) this.f.leave({ memberId: id });
    else expect(this.f.beat({ memberId: id, memberEpoch: -1 }).error).toBe('NONE');
    this.clients.delete(id);
  }

  vanish(id: string): void {
    this.f.fire(`consumer session 1 g ${id}`);
    this.clients.delete(id);
  }

  grow(): void {
    const index = this.random(this.topics.length);
    const topic = this.topics[index]!;
    if (topic.partitionCount < 12) this.topics[index] = { ...topic, partitionCount: topic.partitionCount + 1 };
    this.f.image = imageOf(...this.topics);
    this.f.handle({ kind: 'topicsChanged', names: [topic.name], createdAtVersion: null });
  }

  /** The client drops at once what it is not assigned any more, and only then takes up what is new. */
  take(client: Client, answer: ReturnType<ConsumerGroupFixture['beat']>): void {
    client.epoch = answer.memberEpoch;
    if (answer.assignment === null) return;
    client.owned = new Map(answer.assignment.map(({ topicId, partitions }) => [topicId, [...partitions]]));
  }

  check(): void {
    const owners = new Map<string, string>();
    for (const [id, client] of this.clients) {
      for (const [topicId, partitions] of client.owned) {
        for (const partition of partitions) {
          const key = `${topicId}-${partition}`;
          const other = owners.get(key);
          // Not `expect`: this runs a hundred thousand times.
          if (other !== undefined) throw new Error(`${key} belongs to ${other} and to ${id}`);
          owners.set(key, id);
        }
      }
    }
  }

  settle(): void {
    for (let round = 0; round < 20; round++) for (const id of this.clients.keys()) this.beat(id, true);
    this.check();
    const wanted = this.topics.filter(({ name }) =>
      [...this.clients.values()].some(({ topics }) => topics.includes(name)),
    );
    for (const { name, partitionCount } of wanted) {
      const owned = [...this.clients.values()].flatMap((client) => client.owned.get(idOf(name)) ?? []);
      expect(owned.sort((a, b) => a - b)).toEqual(Array.from({ length: partitionCount }, (_, i) => i));
    }
    if (this.clients.size > 0) expect(this.f.describeConsumer().groupState).toBe('Stable');
  }
}

test.each(Array.from({ length: SEEDS }, (_, seed) => seed))('no partition has two owners, seed %i', (seed) => {
  const model = new Model(seed, false);
  for (let i = 0; i < STEPS; i++) model.step();
  model.settle();
});

test.each(Array.from({ length: SEEDS }, (_, seed) => seed))(
  'no partition has two owners, classic members among them, seed %i',
  (seed) => {
    const model = new Model(seed, true);
    for (let i = 0; i < STEPS; i++) model.step();
    model.settle();
  },
);
