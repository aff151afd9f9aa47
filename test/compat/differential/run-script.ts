// Runs one script against one broker and gives the transcript: per step, the normalised answer.

import { setTimeout as sleep } from 'node:timers/promises';
import type { RunningBroker } from '../../support/brokers.ts';
import { type Body, type RawAnswer, RawConnection, type RawRequest, schemaOf } from '../../support/raw-client.ts';
import { Normaliser, valueAt } from './normalise.ts';
import { batch, isLateBatch, type NewBatch, type RequestStep, type Script } from './script.ts';

export interface TranscriptEntry {
  readonly step: string;
  readonly api: string;
  /** Normalised: plain JSON values. */
  readonly answer: unknown;
}

/** How long an answer is waited for. Only a handler that died needs it. */
const SILENCE_MS = 8_000;
/** Collections that Apache Kafka keeps in a hash table. */
const UNORDERED: Readonly<Record<string, readonly string[]>> = {
  ApiVersions: ['supportedFeatures', 'finalizedFeatures'],
  JoinGroup: ['members'],
  DescribeGroups: ['groups', 'groups.*.members'],
  ListOffsets: ['topics', 'topics.*.partitions'],
  Produce: ['responses', 'responses.*.partitionResponses'],
  DeleteRecords: ['topics', 'topics.*.partitions'],
  AlterClientQuotas: ['entries'],
  DescribeClientQuotas: ['entries', 'entries.*.values'],
};
const SETTLE_TRIES = 1_000;

export async function runScript(script: Script, broker: RunningBroker, clusterId: string): Promise<TranscriptEntry[]> {
  const run = new ScriptRun(script, broker, clusterId);
  try {
    await run.run();
    return run.transcript;
  } catch (error) {
    // What was compared until then still counts.
    return [...run.transcript, { step: 'end of the script', api: '', answer: `failed: ${textOf(error)}` }];
  } finally {
    run.close();
  }
}

const CONTROLLER_CONNECTION = 'to the controller';

function connectionOf({ connection, listener }: RequestStep): string {
  return listener === 'controller' ? CONTROLLER_CONNECTION : (connection ?? 'main');
}

class ScriptRun {
  readonly #script: Script;
  readonly #broker: RunningBroker;
  readonly #normaliser: Normaliser;
  readonly #connections = new Map<string, RawConnection>();
  readonly #saved = new Map<string, unknown>();
  readonly #later = new Map<string, { step: RequestStep; title: string; answer: Promise<RawAnswer> }>();
  readonly transcript: TranscriptEntry[] = [];

  constructor(script: Script, broker: RunningBroker, clusterId: string) {
    this.#script = script;
    this.#broker = broker;
    const { port, controllerPort, dataPath } = broker;
    this.#normaliser = new Normaliser({ clusterId, ports: [port, controllerPort], dataPath });
  }

  async run(): Promise<void> {
    for (const [index, step] of this.#script.steps.entries()) {
      if ('take' in step) {
        const later = this.#later.get(step.take);
        if (later === undefined) throw new Error(`${this.#script.name}: nothing was sent as ${step.take}`);
        this.#take(later.step, `${later.title} (answer)`, await later.answer);
      } else if ('ready' in step) {
        await this.#untilServed(this.#expand(step.ready) as string, null);
      } else {
        await this.#request(step, `${index} ${step.name ?? ''} ${step.api} v${step.version}`.replaceAll('  ', ' '));
      }
    }
  }

  close(): void {
    for (const connection of this.#connections.values()) connection.close();
  }

  async #request(step: RequestStep, title: string): Promise<void> {
    const connection = await this.#connection(connectionOf(step));
    const body = this.#expand(step.body ?? {}) as Body;
    let answered: Promise<RawAnswer>;
    try {
      answered = connection.send({ ...step, body }, SILENCE_MS);
    } catch (error) {
      throw new Error(`${this.#script.name}: ${title} cannot be sent`, { cause: error });
    }
    if (step.later !== undefined) {
      this.#later.set(step.later, { step, title, answer: answered });
      return;
    }
    if (step.probe) void connection.send({ api: 'ApiVersions', version: 0 }, SILENCE_MS);
    let answer = await answered;
    for (let tries = 0; tries < SETTLE_TRIES && !holds(step, answer); tries++) {
      await sleep(10);
      answer = await connection.send({ ...step, body }, SILENCE_MS);
    }
    this.#take(step, title, answer);
    if (answer.kind === 'answer') await this.#settle(step.api, body, answer.body);
  }

  #take(step: RequestStep, title: string, answer: RawAnswer): void {
    // What a handler that died holds up is of no interest.
    if (answer.kind === 'silence') this.#connections.get(connectionOf(step))?.close();
    if (answer.kind === 'answer') {
      for (const [name, path] of Object.entries(step.save ?? {})) this.#saved.set(name, valueAt(answer.body, path));
    }
    if (step.setup) {
      // A preparation that failed would make all that follows equal for the wrong reason.
      const problem = answer.kind === 'answer' ? firstError(answer.body) : answer.kind;
      if (problem !== null)
        throw new Error(`${this.#script.name}: ${title} failed on ${this.#broker.kind}: ${problem}`);
      return;
    }
    this.transcript.push({
      step: title,
      api: step.api,
      answer:
        answer.kind === 'answer'
          ? this.#normaliser.normalise(schemaOf(`${step.api}Response`), step.version, this.#kept(step, answer.body), [
              ...(UNORDERED[step.api] ?? []),
              ...(step.unordered ?? []),
            ])
          : answer.kind,
    });
  }

  #kept(step: RequestStep, body: Body): Body {
    if (step.keep === undefined) return body;
    const { of, by, values } = step.keep;
    const kept = (body[of] as Body[]).filter((element) =>
      values === undefined ? String(element[by]).startsWith(`${this.#script.name}-`) : values.includes(element[by]),
    );
    return { ...body, [of]: kept };
  }

  async #connection(name: string): Promise<RawConnection> {
    let connection = this.#connections.get(name);
    if (connection === undefined || connection.closed) {
      const port = name === CONTROLLER_CONNECTION ? this.#broker.controllerPort : this.#broker.port;
      connection = await RawConnection.open({ host: '127.0.0.1', port });
      this.#connections.set(name, connection);
    }
    return connection;
  }

  #expand(value: unknown): unknown {
    if (typeof value === 'string') {
      if (!value.startsWith('$')) return value.replaceAll('@', `${this.#script.name}-`);
      if (!this.#saved.has(value.slice(1))) throw new Error(`${this.#script.name}: ${value} was not saved`);
      return this.#saved.get(value.slice(1));
    }
    if (value === null || typeof value !== 'object' || Buffer.isBuffer(value)) return value;
    if (Array.isArray(value)) return value.map((element) => this.#expand(element));
    if (isLateBatch(value)) return batch(this.#expand(value.batchOf) as NewBatch);
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, this.#expand(inner)]));
  }

  // ---- Apache Kafka answers changes of metadata before its broker part has seen them; Ottla does not, and is not waited for. ----

  async #settle(api: string, request: Body, response: Body): Promise<void> {
    if (this.#broker.kind !== 'apache' || request['validateOnly'] === true) return;
    const succeeded = (field: string): Body[] =>
      (response[field] as Body[] | undefined)?.filter(({ errorCode }) => errorCode === 0) ?? [];
    switch (api) {
      case 'CreateTopics':
        for (const { name } of succeeded('topics')) await this.#untilServed(name as string, null);
        break;
      case 'CreatePartitions':
        for (const { name } of succeeded('results')) {
          const asked = (request['topics'] as Body[]).find((topic) => topic['name'] === name);
          await this.#untilServed(name as string, asked?.['count'] as number);
        }
        break;
      case 'DeleteTopics':
        for (const { name } of succeeded('responses')) await this.#untilGone(name as string);
        break;
      case 'AlterConfigs':
      case 'IncrementalAlterConfigs':
        if (succeeded('responses').length > 0) await this.#untilConfigsSeen();
        break;
      case 'AlterClientQuotas':
        if (succeeded('entries').length > 0) await this.#untilConfigsSeen();
    }
  }

  async #untilServed(topic: string, partitionCount: number | null): Promise<void> {
    await this.#until(`${topic} is served`, async () => {
      const metadata = await this.#ask({
        api: 'Metadata',
        version: 4,
        body: { topics: [{ name: topic }], allowAutoTopicCreation: false },
      });
      const partitions = valueAt(metadata, 'topics.0.partitions') as Body[];
      if (valueAt(metadata, 'topics.0.errorCode') !== 0) return false;
      if (partitionCount !== null && partitions.length !== partitionCount) return false;
      const asked = partitions.map(({ partitionIndex }) => ({ partitionIndex, timestamp: -1 }));
      const offsets = await this.#ask({
        api: 'ListOffsets',
        version: 5,
        body: { replicaId: -1, topics: [{ name: topic, partitions: asked }] },
      });
      return (valueAt(offsets, 'topics.0.partitions') as Body[]).every(({ errorCode }) => errorCode === 0);
    });
  }

  async #untilGone(topic: string): Promise<void> {
    await this.#until(`${topic} is gone`, async () => {
      const metadata = await this.#ask({
        api: 'Metadata',
        version: 4,
        body: { topics: [{ name: topic }], allowAutoTopicCreation: false },
      });
      return valueAt(metadata, 'topics.0.errorCode') === 3;
    });
  }

  /** The metadata log has an order: when a change of a group nobody uses is seen, all earlier ones have been. */
  async #untilConfigsSeen(): Promise<void> {
    const resource = { resourceType: 32, resourceName: `barrier-of-${this.#script.name}` };
    const value = String(45_000 + (this.transcript.length % 15_000));
    const configs = [{ name: 'consumer.session.timeout.ms', configOperation: 0, value }];
    await this.#ask({ api: 'IncrementalAlterConfigs', version: 1, body: { resources: [{ ...resource, configs }] } });
    await this.#until('a change of configs is seen', async () => {
      const described = await this.#ask({
        api: 'DescribeConfigs',
        version: 4,
        body: { resources: [{ ...resource, configurationKeys: ['consumer.session.timeout.ms'] }] },
      });
      return valueAt(described, 'results.0.configs.0.value') === value;
    });
  }

  async #ask(request: RawRequest): Promise<Body> {
    const answer = await (await this.#connection('settling')).send(request, SILENCE_MS);
    if (answer.kind !== 'answer') throw new Error(`${this.#script.name}: ${request.api}: ${answer.kind}`);
    return answer.body;
  }

  async #until(what: string, holds: () => Promise<boolean>): Promise<void> {
    for (let tries = 0; tries < SETTLE_TRIES; tries++) {
      if (await holds()) return;
      await sleep(10);
    }
    throw new Error(`${this.#script.name}: it did not come to pass that ${what}`);
  }
}

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message} (${textOf(error.cause)})`;
}

function holds({ until }: RequestStep, answer: RawAnswer): boolean {
  return until === undefined || answer.kind !== 'answer' || valueAt(answer.body, until.path) === until.is;
}

/** The first error code in an answer that is not 0. */
function firstError(value: unknown): string | null {
  if (value === null || typeof value !== 'object' || Buffer.isBuffer(value)) return null;
  for (const [key, inner] of Object.entries(value)) {
    if (key === 'errorCode' && inner !== 0) return JSON.stringify(value);
    const problem = firstError(inner);
    if (problem !== null) return problem;
  }
  return null;
}
