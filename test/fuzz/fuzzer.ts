// Sends mutated requests to a broker in this process, over sockets, and watches: every request is answered, in the form its schema
// says, or its connection closes; nothing is thrown that nobody expected; a client that minds its own business stays served.

import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../../src/base/logger.ts';
import { Broker } from '../../src/index.ts';
import { decode } from '../../src/wire/codec.ts';
import { batch } from '../compat/differential/script.ts';
import {
  type Body,
  decodeResponse,
  encodeBody,
  encodeRequest,
  RawConnection,
  schemaOf,
} from '../support/raw-client.ts';
import type { Seed } from './corpus.ts';
import { Dictionary, mutate, mutateBytes } from './mutation.ts';
import { SeededRandom } from './seeded-random.ts';

export interface Finding {
  readonly problem: string;
  /** The last requests of the lane, the one in hand last. */
  readonly requests: readonly string[];
}

export interface FuzzResult {
  readonly sent: number;
  readonly answered: number;
  readonly findings: readonly Finding[];
}

export interface FuzzOptions {
  readonly seed: number;
  readonly count: number;
  readonly corpus: readonly (readonly Seed[])[];
}

const LANES = 4;
/** Far more than any wait that a request can still ask for. */
const PATIENCE_MS = 30_000;
const LONGEST_WAIT_MS = 200;
const CANARY_EVERY = 50;
const REQUESTS_SHOWN = 4;
const CANARY_TOPIC = 'canary-only';
const MAX_FINDINGS = 20;
const BROKER_ID = 1;

/** The broker that is fuzzed: its waits are short, and it gives disk and memory back at once. */
export class FuzzedBroker {
  readonly broker: Broker;
  readonly port: number;
  readonly problems: string[];

  private constructor(broker: Broker, problems: string[]) {
    this.broker = broker;
    this.port = Number(broker.bootstrapServers.split(':').at(-1));
    this.problems = problems;
  }

  static async start(): Promise<FuzzedBroker> {
    const problems: string[] = [];
    const broker = await Broker.start({
      port: 0,
      ephemeral: true,
      config: {
        'group.min.session.timeout.ms': '10',
        'group.initial.rebalance.delay.ms': '0',
        'log.segment.delete.delay.ms': '0',
        'offsets.topic.num.partitions': '2',
        'transaction.state.log.num.partitions': '2',
        'request.timeout.ms': '2000',
        // The canary's records are from 2023.
        'log.retention.ms': '-1',
      },
      topics: [{ name: 'fuzz-t', partitions: 2 }, { name: CANARY_TOPIC }],
      logger: errorsInto(problems),
    });
    return new FuzzedBroker(broker, problems);
  }

  /** Deletes what requests have made. */
  async clear(): Promise<void> {
    const connection = await RawConnection.open({ host: '127.0.0.1', port: this.port });
    const ask = async (api: string, version: number, body: Body): Promise<Body> => {
      const answer = await connection.send({ api, version, body }, PATIENCE_MS);
      if (answer.kind !== 'answer') throw new Error(`${api}: ${answer.kind}`);
      return answer.body;
    };
    const { topics } = await ask('Metadata', 12, { topics: null });
    const names = (topics as Body[]).map(({ name }) => name).filter((name) => name !== CANARY_TOPIC);
    await ask('DeleteTopics', 5, { topicNames: names, timeoutMs: PATIENCE_MS });
    await ask('CreateTopics', 7, {
      topics: [{ name: 'fuzz-t', numPartitions: 2, replicationFactor: 1, assignments: [], configs: [] }],
      timeoutMs: PATIENCE_MS,
    });
    connection.close();
  }
}

export async function fuzz(target: FuzzedBroker, options: FuzzOptions): Promise<FuzzResult> {
  const run = new FuzzRun(target, options);
  await run.run();
  return run;
}

class FuzzRun implements FuzzResult {
  readonly #target: FuzzedBroker;
  readonly #options: FuzzOptions;
  readonly #dictionary = new Dictionary(['fuzz-t', 'fuzz-one', 'fuzz-u', 'fuzz-topic'], CANARY_TOPIC);
  readonly findings: Finding[] = [];
  sent = 0;
  answered = 0;

  constructor(target: FuzzedBroker, options: FuzzOptions) {
    this.#target = target;
    this.#options = options;
  }

  async run(): Promise<void> {
    const unexpected = (error: unknown): void => this.#find(`nobody caught ${textOf(error)}`, []);
    process.on('uncaughtException', unexpected);
    process.on('unhandledRejection', unexpected);
    const canary = new Canary(this.#target.port);
    try {
      await Promise.all([
        ...Array.from({ length: LANES }, (_, lane) => this.#lane(new SeededRandom(this.#options.seed * LANES + lane))),
        this.#watch(canary),
      ]);
    } finally {
      canary.close();
      process.off('uncaughtException', unexpected);
      process.off('unhandledRejection', unexpected);
    }
  }

  get #over(): boolean {
    return this.sent >= this.#options.count || this.findings.length >= MAX_FINDINGS;
  }

  async #watch(canary: Canary): Promise<void> {
    for (let due = 0; ; due += CANARY_EVERY) {
      while (this.sent < due && !this.#over) await sleep(5);
      const problem = await canary.sing();
      if (problem !== null) this.#find(`the canary: ${problem}`, []);
      if (this.#over) return;
    }
  }

  async #lane(random: SeededRandom): Promise<void> {
    const { corpus } = this.#options;
    const recent: string[] = [];
    let connection: FuzzConnection | null = null;
    while (!this.#over) {
      const seeds = random.pick(corpus);
      const seed = random.pick(seeds);
      // Now and then a request as it is, so that the broker has something that the next one can hit.
      const body = random.oneIn(6) ? seed.body : mutate(seed, seeds, this.#dictionary, random);
      const request = { api: seed.api, version: seed.version, rawBody: tamed(seed, body).toString('hex') };
      this.sent++;
      recent.push(`${request.api} v${request.version} ${request.rawBody}`);
      if (recent.length > REQUESTS_SHOWN) recent.shift();
      const problemsBefore = this.#target.problems.length;
      if (random.oneIn(40)) {
        await this.#sendBroken(encodeRequest(request, 1), random, recent);
      } else {
        connection ??= await FuzzConnection.open(this.#target.port);
        const outcome = await connection.ask(request);
        if (outcome.kind === 'closed') connection = null;
        else if (outcome.kind === 'answer') this.#check(seed, outcome.frame, recent);
        else if (outcome.kind === 'silence') {
          this.#find('neither answered nor closed', recent);
          connection.close();
          connection = null;
        }
      }
      for (const problem of this.#target.problems.slice(problemsBefore)) this.#find(problem, recent);
    }
    connection?.close();
  }

  /** A header or a length that is not right: the broker waits for more, answers, or closes, but it lets go of a client that left. */
  async #sendBroken(frame: Buffer, random: SeededRandom, recent: readonly string[]): Promise<void> {
    const broken = random.oneIn(2)
      ? mutateBytes(frame.subarray(0, 14), frame, random)
      : mutateBytes(frame, frame, random);
    const connection = await FuzzConnection.open(this.#target.port);
    if (!(await connection.sendAndLeave(broken))) this.#find(`does not let go after ${broken.toString('hex')}`, recent);
  }

  #check({ api, version }: Seed, frame: Buffer, recent: readonly string[]): void {
    const schema = schemaOf(`${api}Response`);
    this.answered++;
    try {
      this.#dictionary.learn(
        { kind: 'struct', name: api, fields: schema.fields },
        decodeResponse({ api, version }, frame),
      );
    } catch (error) {
      this.#find(`an answer that is not what its schema says: ${textOf(error)}`, recent);
    }
  }

  #find(problem: string, requests: readonly string[]): void {
    if (this.findings.length < MAX_FINDINGS) this.findings.push({ problem, requests: [...requests] });
  }
}

type Outcome =
  | { readonly kind: 'answer'; readonly frame: Buffer }
  | { readonly kind: 'closed' | 'unanswered' | 'silence' };

/** One request at a time, with a small one behind it, which shows when none is going to be answered. */
class FuzzConnection {
  readonly #socket: Socket;
  #received: Buffer = Buffer.alloc(0);
  #correlationId = 0;
  #changed: () => void = () => undefined;
  #closed = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (data) => {
      this.#received = Buffer.concat([this.#received, data]);
      this.#changed();
    });
    socket.on('error', () => undefined);
    // What was sent before the end has been taken by then.
    socket.on('end', () => socket.end());
    socket.on('close', () => {
      this.#closed = true;
      this.#changed();
    });
  }

  static open(port: number): Promise<FuzzConnection> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port, noDelay: true, allowHalfOpen: true });
      socket.once('error', reject);
      socket.once('connect', () => resolve(new FuzzConnection(socket)));
    });
  }

  async ask(request: { api: string; version: number; rawBody: string }): Promise<Outcome> {
    const asked = ++this.#correlationId;
    const probe = ++this.#correlationId;
    this.#socket.write(encodeRequest(request, asked));
    this.#socket.write(encodeRequest({ api: 'ApiVersions', version: 0 }, probe));
    let answer: Outcome = { kind: 'unanswered' };
    const deadline = performance.now() + PATIENCE_MS;
    for (;;) {
      const frame = this.#take();
      if (frame === null) {
        if (this.#closed) return { kind: 'closed' };
        if (!(await this.#wait(deadline))) return { kind: 'silence' };
      } else if (frame.readInt32BE(0) === asked) {
        answer = { kind: 'answer', frame };
      } else {
        return frame.readInt32BE(0) === probe ? answer : { kind: 'silence' };
      }
    }
  }

  async sendAndLeave(bytes: Buffer): Promise<boolean> {
    this.#socket.end(bytes);
    const deadline = performance.now() + PATIENCE_MS;
    while (!this.#closed) {
      if (!(await this.#wait(deadline))) {
        this.close();
        return false;
      }
    }
    return true;
  }

  close(): void {
    this.#socket.destroy();
  }

  /** False when the time is over. */
  #wait(deadline: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), Math.max(0, deadline - performance.now()));
      this.#changed = () => {
        clearTimeout(timer);
        resolve(true);
      };
    });
  }

  #take(): Buffer | null {
    if (this.#received.length < 4) return null;
    const end = 4 + this.#received.readInt32BE(0);
    if (this.#received.length < end) return null;
    const frame = this.#received.subarray(4, end);
    this.#received = this.#received.subarray(end);
    return frame;
  }
}

/** A client with a topic of its own, which writes one record and reads it back. */
class Canary {
  readonly #port: number;
  #connection: RawConnection | null = null;

  constructor(port: number) {
    this.#port = port;
  }

  async sing(): Promise<string | null> {
    this.#connection ??= await RawConnection.open({ host: '127.0.0.1', port: this.#port });
    const topicData = [{ name: CANARY_TOPIC, partitionData: [{ index: 0, records: batch() }] }];
    const produced = await this.#connection.send(
      { api: 'Produce', version: 9, body: { acks: -1, timeoutMs: PATIENCE_MS, topicData } },
      PATIENCE_MS,
    );
    if (produced.kind !== 'answer') return `Produce: ${produced.kind}`;
    const [{ errorCode, baseOffset }] = (produced.body['responses'] as Body[])[0]!['partitionResponses'] as [Body];
    if (errorCode !== 0) return `Produce: error ${errorCode}`;
    const partitions = [{ partition: 0, fetchOffset: baseOffset, partitionMaxBytes: 100_000 }];
    const fetched = await this.#connection.send(
      {
        api: 'Fetch',
        version: 11,
        body: { maxWaitMs: 0, minBytes: 0, sessionEpoch: -1, topics: [{ topic: CANARY_TOPIC, partitions }] },
      },
      PATIENCE_MS,
    );
    if (fetched.kind !== 'answer') return `Fetch: ${fetched.kind}`;
    const [{ errorCode: fetchError, records }] = (fetched.body['responses'] as Body[])[0]!['partitions'] as [Body];
    return fetchError === 0 && (records as Buffer).length > 0 ? null : `Fetch: error ${fetchError}`;
  }

  close(): void {
    this.#connection?.close();
  }
}

/** Takes out of a request what would rightly make the broker slow, large or another one. What does not decode is left as it is. */
function tamed({ api, version }: Seed, body: Buffer): Buffer {
  const schema = schemaOf(`${api}Request`);
  try {
    const value = decode(schema, version, body) as Body;
    const tame = tameValue(api, value) as Body;
    return tame === value ? body : encodeBody(api, version, tame);
  } catch {
    return body;
  }
}

const waits = new Set(['maxWaitMs', 'timeoutMs', 'sessionTimeoutMs', 'rebalanceTimeoutMs']);
const counts = new Set(['numPartitions', 'count']);
const ownResourceTypes: readonly unknown[] = [4, 8];
/** They change the broker itself; they are only checked. */
const onlyChecked = new Set(['AlterClientQuotas', 'UpdateFeatures']);

/** The same object where nothing had to change. */
function tameValue(api: string, value: unknown): unknown {
  if (value === null || typeof value !== 'object' || Buffer.isBuffer(value)) return value;
  if (Array.isArray(value)) {
    const tame = value.map((element) => tameValue(api, element));
    return tame.every((element, i) => element === value[i]) ? value : tame;
  }
  const body = value as Body;
  const changed: Record<string, unknown> = {};
  for (const [name, inner] of Object.entries(body)) {
    let tame = tameValue(api, inner);
    if (waits.has(name) && (inner as number) > LONGEST_WAIT_MS) tame = (inner as number) % LONGEST_WAIT_MS;
    if (counts.has(name) && (inner as number) > 20) tame = (inner as number) % 20;
    if (tame !== inner) changed[name] = tame;
  }
  const touchesBroker =
    onlyChecked.has(api) ||
    (body['resources'] as Body[] | undefined)?.some(({ resourceType }) => ownResourceTypes.includes(resourceType));
  if (touchesBroker && body['validateOnly'] === false) changed['validateOnly'] = true;
  // An administrator may unregister the only broker there is; then nobody is served, until it starts again.
  if (api === 'UnregisterBroker' && body['brokerId'] === BROKER_ID) changed['brokerId'] = BROKER_ID + 1;
  return Object.keys(changed).length === 0 ? value : { ...body, ...changed };
}

function errorsInto(problems: string[]): Logger {
  const logger: Logger = {
    trace() {},
    debug() {},
    info() {},
    warn() {},
    error: (message, fields) => problems.push(`logged: ${message} ${JSON.stringify(fields ?? {})}`),
    child: () => logger,
  };
  return logger;
}

function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
