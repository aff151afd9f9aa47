/**
 * Three transactional producers at random, seeded, two of transaction.version 2 and one older: they write records and offsets, commit,
 * abort, fall silent, are fenced by another instance; time passes; the broker dies behind a random write and another one opens what is
 * on the disk. Nothing committed is lost, nothing aborted is seen, records and offsets go together, and no transaction hangs.
 */
import { expect, test } from 'vitest';
import { SimulatedDisk } from '../../support/simulated-disk.ts';
import { FakeTime } from '../replication/fakes.ts';
import { type Producer, settle, World, watched } from './transaction-world.ts';

const STEPS = 120;
const SEEDS = 8;

function randomOf(seed: number): (below: number) => number {
  let state = seed * 2_654_435_761 + 29;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** 'unknown': the broker died before it answered; the log tells which of the two it became. */
type Fate = 'open' | 'committed' | 'aborted' | 'unknown';

interface Transaction {
  readonly number: number;
  readonly values: string[];
  /** Whether it commits its number as an offset. */
  hasOffset: boolean;
  fate: Fate;
}

interface Client {
  readonly transactionalId: string;
  readonly groupId: string;
  readonly version: 1 | 2;
  producer: Producer | null;
  sequence: number;
  open: Transaction | null;
  readonly transactions: Transaction[];
}

class Model {
  readonly random: (below: number) => number;
  readonly clients: Client[];
  #files = new SimulatedDisk();
  #world!: World;
  #time = new FakeTime();
  #leaderEpoch = 0;
  /** Writes until the disk is copied as it is, for the broker to die there. */
  #writesLeft = Number.POSITIVE_INFINITY;
  #copy: SimulatedDisk | null = null;
  #lastNumber = 0;
  #previous: readonly string[] = [];
  crashes = 0;

  constructor(seed: number) {
    this.random = randomOf(seed);
    this.clients = ([2, 2, 1] as const).map((version, index) => ({
      transactionalId: `x${index}`,
      groupId: `g${index}`,
      version,
      producer: null,
      sequence: 0,
      open: null,
      transactions: [],
    }));
  }

  async open(): Promise<void> {
    const files = this.#files;
    const onWrite = () => {
      if (--this.#writesLeft === 0) this.#copy = files.crashClone('kill');
    };
    this.#world = await World.open(watched(files, onWrite), this.#time, ++this.#leaderEpoch);
  }

  async step(): Promise<void> {
    const client = this.clients[this.random(this.clients.length)]!;
    const dies = this.random(12) === 0;
    if (dies) this.#writesLeft = 1 + this.random(6);
    await this.#act(client, this.random(20));
    if (dies) await this.#die();
    else if (this.random(15) === 0) await this.#wait(10 + this.random(60));
    await this.#checkNothingWrongSeen();
  }

  async #act(client: Client, what: number): Promise<void> {
    if (client.producer === null) await this.#init(client);
    else if (what < 9) await this.#produce(client);
    else if (what < 12) await this.#commitOffset(client);
    else if (what < 17) await this.#end(client, true);
    else if (what < 19) await this.#end(client, false);
    else await this.#init(client);
  }

  /** Another instance of the producer: whatever the one before had open is aborted. */
  async #init(client: Client): Promise<void> {
    for (let attempt = 0; attempt < 50; attempt++) {
      const { error, producerId, producerEpoch } = await this.#answer(this.#world.init(client.transactionalId));
      if (error === 'CONCURRENT_TRANSACTIONS') {
        await this.#wait(0.1);
        continue;
      }
      expect(error).toBe('NONE');
      if (client.open !== null) this.#close(client, 'aborted');
      client.producer = { transactionalId: client.transactionalId, producerId, producerEpoch, version: client.version };
      client.sequence = 0;
      return;
    }
    throw new Error(`${client.transactionalId} hangs`);
  }

  async #produce(client: Client): Promise<void> {
    const transaction = this.#begin(client);
    const value = `${transaction.number}.${transaction.values.length}`;
    const error = await this.#retried(() => this.#world.produce(client.producer!, client.sequence, value));
    if (error !== 'NONE') return this.#fenced(client, error);
    transaction.values.push(value);
    client.sequence++;
  }

  async #commitOffset(client: Client): Promise<void> {
    const transaction = this.#begin(client);
    const error = await this.#retried(() =>
      this.#world.commitOffset(client.producer!, client.groupId, transaction.number),
    );
    if (error !== 'NONE') return this.#fenced(client, error);
    transaction.hasOffset = true;
  }

  async #end(client: Client, committed: boolean): Promise<void> {
    const { open, producer } = client;
    if (open === null || producer === null || (open.values.length === 0 && !open.hasOffset)) return;
    let next = producer;
    const error = await this.#retried(async () => {
      const result = await this.#world.end(producer, committed);
      if (client.version === 2)
        next = { ...producer, producerId: result.producerId, producerEpoch: result.producerEpoch };
      return result.error;
    });
    // What it came to is not known if the broker dies before the answer.
    if (this.#copy !== null) {
      this.#close(client, committed ? 'unknown' : 'aborted');
      return;
    }
    if (error !== 'NONE') return this.#fenced(client, error);
    this.#close(client, committed ? 'committed' : 'aborted');
    client.producer = next;
    if (client.version === 2) client.sequence = 0;
  }

  #begin(client: Client): Transaction {
    if (client.open === null) {
      client.open = { number: ++this.#lastNumber, values: [], hasOffset: false, fate: 'open' };
      client.transactions.push(client.open);
    }
    return client.open;
  }

  #close(client: Client, fate: Fate): void {
    client.open!.fate = fate;
    client.open = null;
  }

  /** Its transaction took too long, and the coordinator has aborted it. */
  async #fenced(client: Client, error: string): Promise<void> {
    if (this.#copy === null)
      expect(['INVALID_PRODUCER_EPOCH', 'PRODUCER_FENCED', 'INVALID_TXN_STATE', 'TRANSACTION_ABORTABLE']).toContain(
        error,
      );
    client.producer = null;
  }

  /** The broker dies where the disk was copied, or now; whoever had no answer by then does not know. */
  async #die(): Promise<void> {
    this.crashes++;
    this.#files = this.#copy ?? this.#files.crashClone('kill');
    this.#copy = null;
    this.#writesLeft = Number.POSITIVE_INFINITY;
    this.#time = new FakeTime();
    await this.open();
    for (const client of this.clients) client.producer = null;
    await this.settle();
  }

  /** Everybody starts again, so nothing is open; then the log says exactly what the model does. */
  async settle(): Promise<void> {
    for (const client of this.clients) await this.#init(client);
    await settle();
    const seen = new Set(await this.#checkNothingWrongSeen());
    for (const { groupId, transactionalId, transactions } of this.clients) {
      let offset = -1;
      for (const transaction of transactions) {
        const there = transaction.values.filter((value) => seen.has(value)).length;
        if (transaction.fate === 'unknown') {
          const committedOffset = await this.#world.committedOffset(groupId);
          const isCommitted = transaction.values.length > 0 ? there > 0 : committedOffset === transaction.number;
          transaction.fate = isCommitted ? 'committed' : 'aborted';
        }
        expect(there, `of ${transaction.number}, ${transaction.fate}`).toBe(
          transaction.fate === 'committed' ? transaction.values.length : 0,
        );
        if (transaction.fate === 'committed' && transaction.hasOffset) offset = transaction.number;
      }
      expect(await this.#world.committedOffset(groupId)).toBe(offset);
      expect(['Empty', 'CompleteCommit', 'CompleteAbort']).toContain(this.#world.state(transactionalId));
    }
    expect(this.#world.unstable()).toBe(0);
  }

  /** What a read_committed consumer sees: no value twice, none of a transaction that was not committed, and none goes again. */
  async #checkNothingWrongSeen(): Promise<readonly string[]> {
    await settle();
    const values = await this.#world.readCommitted();
    expect(new Set(values).size).toBe(values.length);
    const fates = new Map(
      this.clients.flatMap(({ transactions }) => transactions.map((each) => [each.number, each.fate])),
    );
    for (const value of values) expect(['committed', 'unknown'], value).toContain(fates.get(Math.trunc(Number(value))));
    expect(values.slice(0, this.#previous.length)).toEqual(this.#previous);
    this.#previous = values;
    return values;
  }

  /** Lets time pass while it is waited for: what backs off has to come again. */
  async #answer<T>(promise: Promise<T>): Promise<T> {
    let done = false;
    void promise.finally(() => {
      done = true;
    });
    for (let turn = 0; !done; turn++) {
      await settle();
      if (!done) this.#time.advance(20);
      if (turn > 2000) throw new Error('no answer');
    }
    return promise;
  }

  async #retried(act: () => Promise<string>): Promise<string> {
    for (let attempt = 0; attempt < 50; attempt++) {
      const error = await this.#answer(act());
      if (error !== 'CONCURRENT_TRANSACTIONS') return error;
      await this.#wait(0.1);
    }
    return 'CONCURRENT_TRANSACTIONS';
  }

  async #wait(seconds: number): Promise<void> {
    for (let left = seconds * 1000; left > 0; left -= 5000) {
      this.#time.advance(Math.min(left, 5000));
      await settle();
    }
  }
}

test.each(Array.from({ length: SEEDS }, (_, seed) => seed))(
  'transactions at random, seed %i',
  async (seed) => {
    const model = new Model(seed);
    await model.open();
    for (let step = 0; step < STEPS; step++) await model.step();
    await model.settle();
    expect(model.crashes).toBeGreaterThan(0);
    const fates = model.clients.flatMap(({ transactions }) => transactions.map(({ fate }) => fate));
    expect(new Set(fates)).toEqual(new Set(['committed', 'aborted']));
  },
  60_000,
);
