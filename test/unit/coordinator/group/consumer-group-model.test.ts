// Random members of a KIP-848 group, seeded: they join, beat, revoke or not, change what they want, leave, vanish; topics come and grow.
// After each step no partition has two owners; when all are left in peace, everything is owned exactly once.
import { expect, test } from 'vitest';
import { ConsumerGroupFixture, idOf, imageOf, type TestTopic } from './consumer-group-fixture.ts';

const STEPS = 300;
const SEEDS = 25;

function randomOf(seed: number): (below: number) => number {
  let state = seed * 2_654_435_761 + 1;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** What a client knows: its epoch and what it took up. */
interface Client {
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

  constructor(seed: number) {
    this.random = randomOf(seed);
    this.f = new ConsumerGroupFixture(imageOf(...this.topics), {
      assignors: seed % 2 === 0 ? ['uniform', 'range'] : ['range', 'uniform'],
    });
  }

  step(): void {
    const ids = [...this.clients.keys()];
    const id = ids[this.random(ids.length)];
    const what = this.random(20);
    if (id === undefined || (what < 3 && ids.length < 6)) this.join(`m${this.#nextId++}`);
    else if (what < 12) this.beat(id, this.random(3) > 0);
    else if (what < 14) this.want(id);
    else if (what < 15) this.leave(id);
    else if (what < 16) this.vanish(id);
    else if (what < 17) this.grow();
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
    const client = { epoch: answer.memberEpoch, topics, owned: new Map<string, number[]>() };
    this.clients.set(id, client);
    this.take(client, answer);
  }

  beat(id: string, says: boolean): void {
    const client = this.clients.get(id)!;
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
    const answer = this.f.beat({ memberId: id, memberEpoch: client.epoch, subscribedTopicNames: client.topics });
    expect(answer.error).toBe('NONE');
    this.take(client, answer);
  }

  leave(id: string): void {
    expect(this.f.beat({ memberId: id, memberEpoch: -1 }).error).toBe('NONE');
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
          expect(owners.get(key), `${key} of ${id}`).toBeUndefined();
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
  const model = new Model(seed);
  for (let i = 0; i < STEPS; i++) model.step();
  model.settle();
});
